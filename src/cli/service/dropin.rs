//! The drop-in that tells one project from another, as text. Pure: what is true about the system
//! comes in as fields.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where the package puts the binary, and the units expect it.
const PROGRAM: &str = "/usr/bin/pigent";

/// What the service looks for programs in, after the user's own folder: systemd's default.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Folders that `ProtectSystem=full` makes read-only, and those that `PrivateTmp=yes` hides.
const READ_ONLY: [&str; 4] = ["/usr", "/boot", "/efi", "/etc"];
const HIDDEN: [&str; 2] = ["/tmp", "/var/tmp"];

/// The first systemd that can wait longer and longer between restarts.
const STEPS_SINCE: u32 = 254;

/// Everything the text depends on.
#[derive(Debug)]
pub(super) struct DropIn<'a> {
    pub(super) user: &'a str,
    pub(super) group: &'a str,
    /// Whether there is a group `gpio`: naming one that is not there would end the service.
    pub(super) gpio: bool,
    /// The user's home; may be empty.
    pub(super) home: &'a str,
    pub(super) project: &'a Path,
    pub(super) state: &'a Path,
    pub(super) program: &'a Path,
    /// systemd's version.
    pub(super) systemd: u32,
}

impl DropIn<'_> {
    /// The whole file.
    ///
    /// # Errors
    /// A path that systemd's files cannot hold.
    pub(super) fn text(&self) -> Result<String, String> {
        let mut text = String::from(
            "# Written by \"pigent service install\", which writes it anew. Changes of your own go into\n\
             # another file beside it: systemctl edit\n\n[Unit]\n",
        );
        for path in self.written() {
            let _ = writeln!(text, "RequiresMountsFor=\"{}\"", escaped(path)?);
        }
        let _ = write!(text, "\n[Service]\nUser={}\nGroup={}\n", self.user, self.group);
        if self.gpio {
            text.push_str("SupplementaryGroups=gpio\n");
        }
        let _ = writeln!(text, "WorkingDirectory={}", escaped(self.project)?);
        let _ = writeln!(text, "Environment=\"PATH={}\"", self.path()?);
        text.push_str(&self.program()?);
        text.push_str(&self.room()?);
        if self.systemd >= STEPS_SINCE {
            text.push_str("RestartSec=1\nRestartSteps=8\nRestartMaxDelaySec=60\n");
        }
        Ok(text)
    }

    /// Claude Code's own installer puts it into `~/.local/bin`.
    pub(super) fn path(&self) -> Result<String, String> {
        match self.home.starts_with('/') && self.home.len() > 1 {
            true => Ok(format!("{}/.local/bin:{SYSTEM_PATH}", escaped(Path::new(self.home))?)),
            false => Ok(SYSTEM_PATH.to_owned()),
        }
    }

    /// Another binary than the package's.
    fn program(&self) -> Result<String, String> {
        if self.program == Path::new(PROGRAM) {
            return Ok(String::new());
        }
        // In a quoted path, too: systemd wants a program's name to be a simple one.
        let odd = self.program.as_os_str().as_encoded_bytes().contains(&b'\'');
        let program = escaped(self.program).ok().filter(|_| !odd).ok_or_else(|| {
            let shown = self.program.display();
            format!("{shown} has a character that systemd takes in no program's path: move it")
        })?;
        Ok(format!(
            "ExecStart=\nExecStart=\"{program}\" run\n\
             ExecStopPost=\nExecStopPost=-\"{program}\" panel --release\n"
        ))
    }

    /// Whether the state folder has to be there before the start: systemd makes it writable then.
    /// Anywhere else pigent itself makes it.
    pub(super) fn needs_state(&self) -> bool {
        self.written().skip(1).any(|path| below(path, &READ_ONLY))
    }

    /// The folders that are written to. What is inside the project comes with it.
    fn written(&self) -> impl Iterator<Item = &Path> {
        [self.project, self.state]
            .into_iter()
            .take(2 - usize::from(self.state.starts_with(self.project)))
    }

    /// Exceptions for a project, a state folder or a binary at an unusual place.
    fn room(&self) -> Result<String, String> {
        let mut text = String::new();
        for path in self.written().filter(|path| below(path, &READ_ONLY)) {
            let _ = writeln!(text, "ReadWritePaths=\"{}\"", escaped(path)?);
        }
        if [self.project, self.state, self.program].iter().any(|path| below(path, &HIDDEN)) {
            text.push_str("PrivateTmp=no\n");
        }
        Ok(text)
    }
}

fn below(path: &Path, tops: &[&str]) -> bool {
    tops.iter().any(|top| path.starts_with(top))
}

/// A path as systemd's files take it, inside quotes or not.
fn escaped(path: &Path) -> Result<String, String> {
    let text = path.to_str().filter(|text| {
        let odd = |c: char| c.is_control() || matches!(c, '"' | '\\' | '$');
        !text.contains(odd) && text.trim() == *text
    });
    let text = text.ok_or_else(|| {
        format!("{} has a character that systemd's files cannot hold: rename it", path.display())
    })?;
    Ok(text.replace('%', "%%"))
}

/// The project folder that a drop-in names.
pub(super) fn project_in(text: &str) -> Option<PathBuf> {
    let line = text.lines().find_map(|line| line.strip_prefix("WorkingDirectory="))?;
    Some(PathBuf::from(line.replace("%%", "%")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> DropIn<'static> {
        DropIn {
            user: "pi",
            group: "pi",
            gpio: true,
            home: "/home/pi",
            project: Path::new("/home/pi/work"),
            state: Path::new("/home/pi/work/.pigent"),
            program: Path::new("/usr/bin/pigent"),
            systemd: 252,
        }
    }

    fn lines(drop_in: &DropIn<'_>) -> String {
        drop_in.text().unwrap().split("[Unit]\n").nth(1).unwrap().to_owned()
    }

    #[test]
    fn an_ordinary_project_needs_little() {
        assert_eq!(
            lines(&plain()),
            "RequiresMountsFor=\"/home/pi/work\"\n\n[Service]\nUser=pi\nGroup=pi\n\
             SupplementaryGroups=gpio\nWorkingDirectory=/home/pi/work\n\
             Environment=\"PATH=/home/pi/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n"
        );
    }

    #[test]
    fn each_exception_has_its_lines() {
        let other = DropIn { program: Path::new("/opt/my pigent"), gpio: false, ..plain() };
        let text = lines(&other);
        assert!(!text.contains("gpio"), "{text}");
        assert!(text.contains("ExecStart=\nExecStart=\"/opt/my pigent\" run\n"), "{text}");
        assert!(text.contains("ExecStopPost=-\"/opt/my pigent\" panel --release\n"), "{text}");
        let state = Path::new("/usr/state");
        let text = lines(&DropIn { project: Path::new("/tmp/100%"), state, ..plain() });
        assert!(text.contains("PrivateTmp=no\n"), "{text}");
        assert!(text.contains("WorkingDirectory=/tmp/100%%\n"), "{text}");
        assert!(text.contains("ReadWritePaths=\"/usr/state\"\n"), "{text}");
        let mounts = "RequiresMountsFor=\"/tmp/100%%\"\nRequiresMountsFor=\"/usr/state\"\n";
        assert!(text.starts_with(mounts), "{text}");
        assert_eq!(project_in(&text).unwrap(), Path::new("/tmp/100%"));
        assert!(lines(&DropIn { systemd: 254, ..plain() }).contains("RestartMaxDelaySec=60\n"));
    }

    #[test]
    fn a_state_folder_that_pigent_makes_in_the_project_needs_no_line() {
        let (project, state) = (Path::new("/usr"), Path::new("/usr/.pigent"));
        let inside = DropIn { project, state, ..plain() };
        assert_eq!(lines(&inside).matches("ReadWritePaths").count(), 1);
        assert!(!inside.needs_state());
        assert!(DropIn { state, ..plain() }.needs_state());
        assert!(!DropIn { state: Path::new("/data/none"), ..plain() }.needs_state());
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for bad in ["/a\nExecStart=/bin/sh", "/a\"b", "/a\\", "/a ", "/$HOME"] {
            assert!(DropIn { project: Path::new(bad), ..plain() }.text().is_err(), "{bad:?}");
        }
        let (program, project) = (Path::new("/it's/pigent"), Path::new("/it's"));
        assert!(DropIn { project, ..plain() }.text().is_ok());
        assert!(DropIn { program, ..plain() }.text().unwrap_err().contains("move it"));
    }
}
