//! Finds the agent program, and puts what went wrong with starting it into the bridge's words.
//!
//! It starts nothing (that is `spawn.rs`). Everything is resolved to an absolute path first, so
//! that the search does not depend on which of two working folders the system looks from.

use super::command::Pair;
use super::settings::Settings;
use crate::bridge::agent::StartError;
use rustix::fs::{Access, access};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Searched if the environment has no PATH: what login shells begin with.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Where the program is. A bare name is looked up on the agent's own PATH (entries that are not
/// absolute are skipped), `~/…` in HOME, and any other relative path in the project folder.
///
/// # Errors
/// [`StartError::NotFound`], or [`StartError::NotExecutable`] if the only files of that name are
/// not executable, or a folder.
pub fn find(settings: &Settings, env: &[Pair]) -> Result<PathBuf, StartError> {
    let program = settings.program.clone();
    let mut refused = false;
    let candidates = candidates(settings, env);
    // A folder of the PATH that may not be entered does not say that the program is in it.
    let is_certain = candidates.len() == 1;
    for path in candidates {
        match path.metadata() {
            Ok(about) if about.is_file() && access(&path, Access::EXEC_OK).is_ok() => {
                return Ok(path);
            }
            Ok(_) => refused = true,
            Err(error) => {
                refused |= is_certain && error.kind() == io::ErrorKind::PermissionDenied;
            }
        }
    }
    match refused {
        true => Err(StartError::NotExecutable { program }),
        false => Err(StartError::NotFound { program }),
    }
}

fn candidates(settings: &Settings, env: &[Pair]) -> Vec<PathBuf> {
    let program = settings.program.as_str();
    let value = |name: &str| {
        env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    };
    if let (Some(rest), Some(home)) = (program.strip_prefix("~/"), value("HOME")) {
        return vec![Path::new(home).join(rest)];
    }
    if program.is_empty() || program.contains('/') {
        return vec![settings.project_dir.join(program)];
    }
    let path = value("PATH").unwrap_or(OsStr::new(PATH));
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .collect()
}

/// Checks that the agent can work in `folder`.
///
/// # Errors
/// [`StartError::Folder`] with the folder and what the system said.
pub fn check_folder(folder: &Path) -> Result<(), StartError> {
    let why = match folder.metadata() {
        Ok(about) if !about.is_dir() => "is not a folder".to_owned(),
        Ok(_) => match access(folder, Access::EXEC_OK) {
            Ok(()) => return Ok(()),
            Err(error) => io::Error::from(error).to_string(),
        },
        Err(error) => error.to_string(),
    };
    Err(StartError::Folder { why: format!("{}: {why}", folder.display()) })
}

/// What a failed start of `path` means. The file was there a moment ago, so "no such file" is
/// about what has to load it: an ELF interpreter of another architecture, or a missing `#!` one.
#[must_use]
pub fn explain(settings: &Settings, path: &Path, error: &io::Error) -> StartError {
    let program = settings.program.clone();
    match error.kind() {
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            StartError::WrongFormat { program }
        }
        io::ErrorKind::PermissionDenied => StartError::NotExecutable { program },
        io::ErrorKind::NotFound => match head(path).as_slice() {
            [] => StartError::NotFound { program },
            [b'#', b'!', line @ ..] => StartError::Other { why: no_interpreter(settings, line) },
            _ => StartError::WrongFormat { program },
        },
        _ => StartError::Other { why: format!("{program}: {error}") },
    }
}

fn no_interpreter(settings: &Settings, line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let name = line.split_whitespace().next().unwrap_or_default();
    format!("{}: its interpreter {name} is not installed", settings.program)
}

/// The beginning of a file; empty if it cannot be read.
fn head(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(128).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn look(
        program: &str,
        project_dir: &Path,
        env: &[(&str, &Path)],
    ) -> Result<PathBuf, StartError> {
        let settings = Settings {
            program: program.into(),
            project_dir: project_dir.into(),
            ..Settings::default()
        };
        let env: Vec<Pair> = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        find(&settings, &env)
    }

    #[test]
    fn a_bare_name_is_looked_up_on_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), "agent", 0o755);
        assert_eq!(look("agent", Path::new("/"), &[("PATH", dir.path())]), Ok(path));
        let missing = StartError::NotFound { program: "agent".into() };
        assert_eq!(look("agent", dir.path(), &[("PATH", Path::new("/nowhere"))]), Err(missing));
    }

    #[test]
    fn relative_and_home_paths() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), "agent", 0o755);
        assert_eq!(look("./agent", dir.path(), &[]), Ok(dir.path().join("./agent")));
        assert_eq!(look("~/agent", Path::new("/"), &[("HOME", dir.path())]), Ok(path));
    }

    #[test]
    fn a_file_without_the_bit_and_a_folder_are_not_executable() {
        let dir = tempfile::tempdir().unwrap();
        file(dir.path(), "agent", 0o644);
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        for program in ["agent", "folder"] {
            let refused = StartError::NotExecutable { program: program.into() };
            assert_eq!(look(program, Path::new("/"), &[("PATH", dir.path())]), Err(refused));
        }
    }

    #[test]
    fn an_empty_program_is_not_the_project_folder() {
        let refused = StartError::NotExecutable { program: String::new() };
        assert_eq!(look("", Path::new("/"), &[]), Err(refused));
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("gone");
        let Err(StartError::Folder { why }) = check_folder(&gone) else { panic!("found") };
        assert!(why.contains("gone: "), "{why}");
        assert_eq!(check_folder(dir.path()), Ok(()));
    }

    #[test]
    fn a_missing_interpreter_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent");
        std::fs::write(&path, "#! /no/node --flag\n").unwrap();
        let settings = Settings { program: "agent".into(), ..Settings::default() };
        let error = io::Error::from(io::ErrorKind::NotFound);
        let why = "agent: its interpreter /no/node is not installed".to_owned();
        assert_eq!(explain(&settings, &path, &error), StartError::Other { why });
    }
}
