//! The note about kernel LEDs in the state folder: what each was before pigent took it.
//!
//! It is made before an LED is changed and removed once all are as they were, so whoever finds
//! one (after a SIGKILL, say) knows what to put back. It holds for the boot in which it was made
//! and no longer: with the power every LED goes back to its board's own default, and what an
//! older note says would override that. So it need not survive a power cut, and is not synced.
//!
//! The agent can write to the state folder: what is read is checked like any foreign bytes.

use super::led::{is_name, is_trigger};
use super::settings::NOTE;
use crate::failpoint;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The next one, on its way.
const NEXT: &str = "leds.new";
/// The first word of a note, with its version.
const MARK: &str = "pigent-leds-1";
/// LEDs in a note: three lamps, and what could not be put back of three more.
const ENTRIES: usize = 6;
/// A longer file is no note.
const LIMIT: usize = 2048;

/// What an LED was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) name: String,
    pub(super) trigger: String,
    pub(super) brightness: u32,
}

/// The place of the note, and the boot it has to be of.
#[derive(Debug)]
pub(super) struct Note {
    folder: PathBuf,
    boot: String,
}

impl Note {
    /// The note of this boot in a state folder. Touches nothing.
    pub(super) fn new(folder: &Path) -> Note {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let boot = boot.map_or_else(|_| "-".to_owned(), |id| id.trim().to_owned());
        Note { folder: folder.to_owned(), boot }
    }

    /// What it says; nothing if there is none, or none of this boot, or if it is not one of ours.
    pub(super) fn read(&self) -> Vec<Before> {
        match read(&self.folder.join(NOTE)) {
            Ok(text) => parse(&text, &self.boot),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                log::warn!("the note about LEDs cannot be read: {error}");
                Vec::new()
            }
        }
    }

    /// Makes it say this, or removes it if there is nothing to say.
    ///
    /// # Errors
    /// What the system said; the old note is still there then.
    pub(super) fn write(&self, entries: &[Before]) -> io::Result<()> {
        if entries.is_empty() {
            failpoint::step("remove", NOTE);
            return match fs::remove_file(self.folder.join(NOTE)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let mut text = format!("{MARK} {}\n", self.boot);
        // The newest are last.
        for before in entries.iter().skip(entries.len().saturating_sub(ENTRIES)) {
            let Before { name, trigger, brightness } = before;
            text.push_str(&format!("{brightness} {trigger} {name}\n"));
        }
        let next = self.folder.join(NEXT);
        // Never through a link, and never into what somebody else has open.
        let _ = fs::remove_file(&next);
        failpoint::step("write", NEXT);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next);
        file?.write_all(text.as_bytes())?;
        failpoint::step("rename to", NOTE);
        fs::rename(&next, self.folder.join(NOTE))
    }
}

/// Never waits: what is there may be a pipe, or a link to one.
fn read(path: &Path) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    file.take(LIMIT as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// All of it or nothing: half a note was not written by us.
fn parse(text: &str, boot: &str) -> Vec<Before> {
    let mut lines = text.lines();
    let first = lines.next().and_then(|line| line.split_once(' '));
    if text.len() > LIMIT || first != Some((MARK, boot)) {
        return Vec::new();
    }
    let entries: Option<Vec<Before>> = lines.take(ENTRIES + 1).map(entry).collect();
    entries.filter(|entries| entries.len() <= ENTRIES).unwrap_or_default()
}

fn entry(line: &str) -> Option<Before> {
    let (brightness, rest) = line.split_once(' ')?;
    let (trigger, name) = rest.split_once(' ')?;
    let known = is_trigger(trigger) && is_name(name);
    let brightness = brightness.parse().ok().filter(|_| known)?;
    Some(Before { name: name.to_owned(), trigger: trigger.to_owned(), brightness })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn before(name: &str) -> Before {
        Before { name: name.into(), trigger: "mmc0".into(), brightness: 7 }
    }

    #[test]
    fn a_note_is_read_back_and_closed_to_others() {
        let home = tempfile::tempdir().unwrap();
        let note = Note::new(home.path());
        assert_eq!(note.read(), []);
        let entries = [before("ACT"), before("a name: with spaces")];
        note.write(&entries).unwrap();
        assert_eq!(note.read(), entries);
        let mode = fs::metadata(home.path().join(NOTE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        note.write(&[]).unwrap();
        note.write(&[]).unwrap();
        assert!(!home.path().join(NOTE).exists());
    }

    #[test]
    fn a_note_of_another_boot_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let note = Note { folder: home.path().to_owned(), boot: "one".into() };
        note.write(&[before("ACT")]).unwrap();
        assert_eq!(note.read().len(), 1);
        assert_eq!(Note { boot: "two".into(), ..note }.read(), []);
    }

    #[test]
    fn what_is_no_note_of_ours_says_nothing() {
        let line = "1 mmc0 ACT\n";
        assert_eq!(parse(&format!("{MARK} b\n{line}"), "b").len(), 1);
        for text in [
            String::new(),
            line.to_owned(),
            format!("{MARK} c\n{line}"),
            format!("{MARK} b\n{line}1 mmc0 ../ACT\n"),
            format!("{MARK} b\n1 mmc0;x\u{7}y ACT\n"),
            format!("{MARK} b\n-1 mmc0 ACT\n"),
            format!("{MARK} b\n{}", line.repeat(7)),
            format!("{MARK} b\n1 mmc0 {}\n", "x".repeat(65)),
        ] {
            assert_eq!(parse(&text, "b"), [], "{text:?}");
        }
    }

    #[test]
    fn a_pipe_or_a_link_in_its_place_holds_nothing_up() {
        let home = tempfile::tempdir().unwrap();
        let (note, path) = (Note::new(home.path()), home.path().join(NOTE));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        assert_eq!(note.read(), []);
        fs::remove_file(&path).unwrap();
        symlink("/proc/self/environ", &path).unwrap();
        symlink(home.path().join("elsewhere"), home.path().join(NEXT)).unwrap();
        assert_eq!(note.read(), []);
        note.write(&[before("ACT")]).unwrap();
        assert_eq!(note.read(), [before("ACT")]);
        assert!(!home.path().join("elsewhere").exists());
    }
}
