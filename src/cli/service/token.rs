//! Takes the token out of a file that others can read, and leaves everything else in it alone.
//!
//! Root does this in a folder that belongs to somebody else, so nothing here follows a link: the
//! folder is opened once, and all else is named relative to it.

use crate::config::TOKEN;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, fsync, open, openat,
    renameat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// A longer file holds no settings.
const LONGEST: u64 = 256 << 10;

/// The new file, until it takes the old one's place.
const NEW: &str = ".pigent-new";

/// The text of the file `name` in `folder`; `None` if there is none.
///
/// # Errors
/// What the system said; also for links, folders and files that are too long.
pub(super) fn read(folder: &Path, name: &str) -> io::Result<Option<String>> {
    let folder = open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(content(&folder, name)?.map(|(text, _)| text))
}

/// Empties the token's value there, on the disk when it returns. `false` if there was none.
///
/// # Errors
/// As [`read`]; the old file is still there then.
pub(super) fn blank(folder: &Path, name: &str) -> io::Result<bool> {
    let folder = open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let Some((text, old)) = content(&folder, name)? else { return Ok(false) };
    let Some(text) = without_token(&text) else { return Ok(false) };
    let old = fstat(&old)?;
    match unlinkat(&folder, NEW, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut new = File::from(openat(&folder, NEW, flags, Mode::RUSR | Mode::WUSR)?);
    new.write_all(text.as_bytes())?;
    // The card's boot partition knows neither owners nor modes.
    let _ = fchown(&new, Some(Uid::from_raw(old.st_uid)), Some(Gid::from_raw(old.st_gid)));
    let _ = fchmod(&new, Mode::from_raw_mode(old.st_mode));
    new.sync_all()?;
    renameat(&folder, NEW, &folder, name)?;
    fsync(&folder)?;
    Ok(true)
}

fn content(folder: &impl std::os::fd::AsFd, name: &str) -> io::Result<Option<(String, File)>> {
    // Opening a pipe must not wait for its other end.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => {
            return Err(io::Error::other("it is a link: put the file itself there"));
        }
        Err(error) => return Err(error.into()),
    };
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    Read::by_ref(&mut { &file }).take(LONGEST + 1).read_to_string(&mut text)?;
    match text.len() as u64 > LONGEST {
        true => Err(io::Error::other("it is too long for settings")),
        false => Ok(Some((text, file))),
    }
}

/// The text with every value of the token emptied, also in lines that are commented out; `None` if
/// there is none. What is before a value, and how lines end, stays.
fn without_token(text: &str) -> Option<String> {
    let mut changed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let end = line.trim_end_matches(['\n', '\r']).len();
        let (content, ending) = line.split_at(end);
        match value_of_token(content) {
            Some(before) => changed.extend([before, ending]),
            None => changed.push_str(line),
        }
    }
    (changed != text).then_some(changed)
}

/// What is before the token's value in a line that sets it.
fn value_of_token(line: &str) -> Option<&str> {
    let (before, value) = line.split_once('=')?;
    let name = before.trim_start_matches(['#', ' ', '\t', '\u{feff}']);
    let exported = name.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
    let name = exported.unwrap_or(name);
    let is_it = name.trim() == TOKEN && !value.trim().is_empty();
    is_it.then(|| line.get(..=before.len())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(without_token(text).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn only_the_tokens_value_goes() {
        check("TELEGRAM_BOT_TOKEN=1:abc\n", Some("TELEGRAM_BOT_TOKEN=\n"));
        check("A=1\r\nTELEGRAM_BOT_TOKEN=1:abc\r\nB=2", Some("A=1\r\nTELEGRAM_BOT_TOKEN=\r\nB=2"));
        check("export TELEGRAM_BOT_TOKEN = '1:a'", Some("export TELEGRAM_BOT_TOKEN ="));
        check("export\tTELEGRAM_BOT_TOKEN=1:a", Some("export\tTELEGRAM_BOT_TOKEN="));
        check("exportTELEGRAM_BOT_TOKEN=1:a", None);
        check("# TELEGRAM_BOT_TOKEN=1:old\nA=\n", Some("# TELEGRAM_BOT_TOKEN=\nA=\n"));
        check("\u{feff}TELEGRAM_BOT_TOKEN=1:a\n", Some("\u{feff}TELEGRAM_BOT_TOKEN=\n"));
        check("TELEGRAM_BOT_TOKEN=\nTELEGRAM_BOT_TOKEN_2=x\n# about TELEGRAM_BOT_TOKEN\n", None);
        check("", None);
    }

    #[test]
    fn the_file_keeps_its_mode_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, "A=1\nTELEGRAM_BOT_TOKEN=1:abc\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(dir.path().join(NEW), "of a power cut").unwrap();
        assert!(blank(dir.path(), ".env").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "A=1\nTELEGRAM_BOT_TOKEN=\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(!blank(dir.path(), ".env").unwrap());
    }

    #[test]
    fn links_and_pipes_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let aim = dir.path().join("aim");
        fs::write(&aim, "TELEGRAM_BOT_TOKEN=1:abc\n").unwrap();
        symlink(&aim, dir.path().join(".env")).unwrap();
        assert!(blank(dir.path(), ".env").unwrap_err().to_string().contains("link"));
        assert!(fs::read_to_string(&aim).unwrap().contains("1:abc"));
        assert!(read(dir.path(), ".").is_err());
        assert_eq!(read(dir.path(), "none").unwrap(), None);
    }
}
