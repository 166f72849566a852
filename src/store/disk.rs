//! What the store asks of a disk, and the real one.
//!
//! Not a file system: a handful of operations on one folder, each of which a power cut may
//! follow. `fake.rs` has a disk that forgets what was not synced, so that every crash point can
//! be tested. Names are relative to the folder, with at most one `/` (`state.json`, `blobs/12`).

use crate::failpoint;
use rustix::fs::OFlags;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The operations, in the words of their failures: each error is what the system said.
pub trait Disk: Send + 'static {
    /// Makes the state folder itself, if it is missing, and closes it to everybody else.
    fn make_root(&mut self) -> io::Result<()>;
    /// Makes a folder in it, if it is missing, and closes it to everybody else.
    fn make_folder(&mut self, name: &str) -> io::Result<()>;
    /// The whole file. More than `limit` bytes are [`ErrorKind::FileTooLarge`].
    fn read(&mut self, name: &str, limit: u64) -> io::Result<Vec<u8>>;
    /// The names in a folder (`""` is the state folder).
    fn list(&mut self, folder: &str) -> io::Result<Vec<String>>;
    /// Makes or replaces a file, readable by its owner only, and syncs it. Its name is durable
    /// only after [`Disk::sync_folder`].
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file or folder another name, replacing a file of that name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Makes the names in a folder (`""` is the state folder) durable.
    fn sync_folder(&mut self, folder: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
}

/// A folder of the real disk.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Folder { root: root.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        // `join("")` would add a slash, and with it change what a symbolic link means.
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }
}

impl Disk for Folder {
    fn make_root(&mut self) -> io::Result<()> {
        if !self.root.exists() {
            failpoint::step("make", "the state folder");
            DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
            if let Some(parent) = self.root.parent().filter(|path| !path.as_os_str().is_empty()) {
                // Best effort: the parent may be closed to us, and is not ours.
                let _ = File::open(parent).and_then(|parent| parent.sync_all());
            }
        }
        close(&self.root, holds_others)
    }

    fn make_folder(&mut self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        failpoint::step("make", name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => other?,
        }
        close(&path, |_| false)
    }

    fn read(&mut self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        read_bounded(&self.path(name), limit)
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let names = fs::read_dir(self.path(folder))?;
        // A name that is not UTF-8 is not one of ours.
        names
            .filter_map(|entry| entry.map(|e| e.file_name().into_string().ok()).transpose())
            .collect()
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        failpoint::step("open", name);
        let mut file = match create(&path) {
            // What a power cut left, or the agent put there: a link or a pipe leads elsewhere.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&path)?;
                create(&path)?
            }
            other => other?,
        };
        failpoint::size(bytes.len());
        failpoint::step("write", name);
        failpoint::step_after("the rest of", name, || {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            let _ = file.write_all(half);
        });
        file.write_all(bytes)?;
        failpoint::step("sync", name);
        slow_on_purpose();
        file.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        failpoint::step("rename to", to);
        fs::rename(self.path(from), self.path(to))
    }

    fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        failpoint::step("sync folder", folder);
        File::open(self.path(folder))?.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        failpoint::step("remove", name);
        fs::remove_file(self.path(name))
    }
}

/// `STAND_IN_SLOW_SYNC` is how many milliseconds tests want a write to take.
fn slow_on_purpose() {
    #[cfg(feature = "emulator")]
    if let Some(slow) = std::env::var("STAND_IN_SLOW_SYNC").ok().and_then(|ms| ms.parse().ok()) {
        std::thread::sleep(std::time::Duration::from_millis(slow));
    }
}

/// Reads a whole file of at most `limit` bytes. A pipe that lies in its place holds nothing up.
pub(super) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    options.open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Closes a folder that an earlier version or a copy may have left open to others.
///
/// One that belongs to somebody else, or that others use (`/tmp`, say), may still be a good one:
/// that is said, and no reason to remember nothing.
///
/// # Errors
/// It is no folder, and stays as it is: it can be a device that all the system uses.
fn close(folder: &Path, is_shared: impl Fn(&Path) -> bool) -> io::Result<()> {
    let found = fs::metadata(folder)?;
    if !found.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    if found.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    let closed = match is_shared(folder) {
        true => Err(ErrorKind::DirectoryNotEmpty.into()),
        false => fs::set_permissions(folder, Permissions::from_mode(0o700)),
    };
    if let Err(error) = closed {
        log::warn!("{} stays open to other users: {error}", folder.display());
    }
    Ok(())
}

/// Whether there is anything in the state folder that is none of pigent's.
fn holds_others(folder: &Path) -> bool {
    const OURS: [&str; 6] = ["state.json", "blobs", "lock", "ctl.sock", "panic", "leds"];
    let is_ours = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        OURS.iter().any(|ours| name.starts_with(ours.as_bytes()))
    };
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| !is_ours(&entry.file_name()))
}
