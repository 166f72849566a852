//! Writes and removes single files so that a power cut leaves the old or the new one.

use crate::cli::Failure;
use crate::cli::output::say;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// For everybody, and for root only.
pub(super) const PUBLIC: u32 = 0o644;
pub(super) const SECRET: u32 = 0o600;

/// What is done, said on the terminal.
pub(super) fn say(what: &str, path: &Path) {
    say!("{what:<9} {}", path.display());
}

/// Writes a file of root's, and says so; nothing is written if it is so already.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let known = fs::read_to_string(path).is_ok_and(|known| known == text);
    let right = |found: fs::Metadata| found.permissions().mode() & 0o777 == mode;
    if known && fs::symlink_metadata(path).is_ok_and(right) {
        say("unchanged", path);
        return Ok(());
    }
    replace(path, text, mode).map_err(|error| failed("write", path, &error))?;
    say("wrote", path);
    Ok(())
}

/// Removes a file, if it is there, and says so.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Ok(()) => {
            say("removed", path);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("remove", path, &error)),
    }
}

/// Makes a folder that only root may look into.
pub(super) fn secret_folder(path: &Path) -> Result<(), Failure> {
    let made = make(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)));
    made.map_err(|error| failed("make", path, &error))
}

/// Makes a folder and those it is in, which nobody but root writes to, whatever the umask.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if !folder.exists() {
        make(folder)?;
        // The umask may be anything, and whoever may not look into the folder cannot see the file.
        let mode = if mode == PUBLIC { 0o755 } else { 0o700 };
        fs::set_permissions(folder, Permissions::from_mode(mode))?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = folder.join(name);
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    // The umask may be anything.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_with_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        for (text, mode) in [("one", PUBLIC), ("two", SECRET), ("two", SECRET)] {
            write(&path, text, mode).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        let folder = path.parent().unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o755);
        remove(&path).unwrap();
        remove(&path).unwrap();
    }
}
