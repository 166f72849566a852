//! One pigent a state folder, and the number that tells this folder's runs from others'.
//!
//! Not a promise about other machines: the lock is the kernel's (`flock`), and goes away with the
//! process however that ends, so a stale file locks nobody out.

use crate::failpoint;
use core::time::Duration;
use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// The lock's file in the state folder. It holds the instance in 16 hexadecimal digits.
const NAME: &str = "lock";
/// How long a lock that somebody has is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is tried.
const AGAIN: Duration = Duration::from_millis(20);

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    /// Random, made once for a state folder: tags the runs that belong to it.
    pub instance: u64,
    /// Set if nothing could be locked or kept: what the system said. pigent goes on all the same,
    /// with an instance for this start only.
    pub trouble: Option<String>,
    folder: PathBuf,
    /// The lock goes when this is closed. None if nothing could be locked.
    file: Option<File>,
}

impl Lock {
    /// Tries again what [`take`] could not lock. To be called when the folder can be used again, and
    /// free of charge if the lock is held.
    ///
    /// # Errors
    /// Another pigent was quicker: this one has to leave.
    pub fn take_again(&mut self) -> Result<(), Taken> {
        if self.file.is_none() {
            *self = try_take(&self.folder, Some(self.instance))?;
        }
        Ok(())
    }
}

/// Another pigent runs on this state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "another pigent runs on the state folder {}: stop it, or give this one another \
             PIGENT_STATE_DIR",
            self.folder.display()
        )
    }
}

impl std::error::Error for Taken {}

/// Locks the state folder, making it if it is missing. To be called before [`super::open`]. Waits
/// for it, at most 3 s: an agent that was being started when the last pigent was killed has the
/// lock, too, from the fork until it notices.
///
/// # Errors
/// Only if another process holds it; see [`Lock::trouble`] for everything else.
pub fn take(folder: &Path) -> Result<Lock, Taken> {
    take_within(PATIENCE, folder, false)
}

/// The same for root (a `guest`) in a folder of somebody else's: makes and writes nothing there,
/// since that user could not even read it.
///
/// # Errors
/// As [`take`].
pub fn take_as(guest: bool, folder: &Path) -> Result<Lock, Taken> {
    take_within(PATIENCE, folder, guest)
}

fn take_within(patience: Duration, folder: &Path, guest: bool) -> Result<Lock, Taken> {
    let end = Instant::now() + patience;
    loop {
        match try_take(folder, (!guest).then(random)) {
            Err(_) if Instant::now() < end => thread::sleep(AGAIN),
            other => return other,
        }
    }
}

/// `fresh` is the instance where the folder has none yet; a guest has none to give.
fn try_take(folder: &Path, fresh: Option<u64>) -> Result<Lock, Taken> {
    let (file, instance) = match lock(folder, fresh) {
        Ok(Some((file, instance))) => (Some(file), instance),
        Ok(None) => return Err(Taken { folder: folder.to_owned() }),
        Err(error) => (None, Err(error)),
    };
    let (instance, trouble) = match instance {
        Ok(instance) => (instance, None),
        Err(error) => (fresh.unwrap_or_else(random), Some(format!("{NAME}: {error}"))),
    };
    Ok(Lock { instance, trouble, folder: folder.to_owned(), file })
}

/// `Ok(None)` if somebody else has it.
fn lock(folder: &Path, fresh: Option<u64>) -> io::Result<Option<(File, io::Result<u64>)>> {
    let guest = fresh.is_none();
    if !guest && !folder.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let path = folder.join(NAME);
    let mut options = OpenOptions::new();
    // The agent can put a link or a pipe there.
    options
        .read(true)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    let file = options.write(!guest).create(!guest).open(&path);
    // On a disk that has become read-only the file that is there still locks.
    let file =
        file.or_else(|error| options.write(false).create(false).open(&path).map_err(|_| error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let instance = instance(&file, fresh);
    Ok(Some((file, instance)))
}

/// What the file says, or `fresh` if it says nothing.
fn instance(mut file: &File, fresh: Option<u64>) -> io::Result<u64> {
    let mut text = [0; 64];
    let read = file.read_at(&mut text, 0)?;
    let text = text.get(..read).unwrap_or_default();
    let digits = text.trim_ascii_end();
    if digits.len() == 16 && digits.iter().all(u8::is_ascii_hexdigit) {
        let known = std::str::from_utf8(digits).ok();
        if let Some(instance) = known.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            return Ok(instance);
        }
    }
    let fresh = fresh.ok_or(ErrorKind::NotFound)?;
    file.set_len(0)?;
    failpoint::step("write", NAME);
    writeln!(file, "{fresh:016x}")?;
    failpoint::step("sync", NAME);
    file.sync_all()?;
    Ok(fresh)
}

fn random() -> u64 {
    // Without a random source the process and the time still tell two starts apart.
    getrandom::u64().unwrap_or_else(|_| {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        u64::from(std::process::id()) << 32 ^ now.tv_nsec as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_one_has_it_and_the_instance_stays() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("deep/state");
        let first = take(&folder).unwrap();
        assert_eq!(first.trouble, None);
        let taken = take_within(Duration::ZERO, &folder, false).unwrap_err();
        assert!(taken.to_string().contains(folder.to_str().unwrap()));
        let instance = first.instance;
        drop(first);
        assert_eq!(take(&folder).unwrap().instance, instance);
        let mode = fs::metadata(folder.join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_child_that_was_being_started_holds_up_the_next_start_and_does_not_end_it() {
        let home = tempfile::tempdir().unwrap();
        let first = take(home.path()).unwrap();
        // A copy of the descriptor is what a child has between fork and exec.
        let child = first.file.as_ref().map(|file| file.try_clone().unwrap());
        drop(first);
        let path = home.path().to_owned();
        assert!(take_within(Duration::ZERO, &path, false).is_err());
        let waiting =
            thread::spawn(move || take_within(Duration::from_secs(600), &path, false).is_ok());
        drop(child);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn a_torn_or_strange_file_gets_a_new_number() {
        let home = tempfile::tempdir().unwrap();
        for text in ["", "12", "+123456789abcdef", "0123456789abcdefff\n", "ä"] {
            fs::write(home.path().join(NAME), text).unwrap();
            let lock = take(home.path()).unwrap();
            assert_eq!(lock.trouble, None);
            let written = fs::read_to_string(home.path().join(NAME)).unwrap();
            assert_eq!(written, format!("{:016x}\n", lock.instance));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_is_said_and_no_obstacle() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        let lock = take(&home.path().join("file/state")).unwrap();
        assert!(lock.trouble.is_some_and(|why| why.contains("Not a directory")));
    }

    #[test]
    fn a_folder_that_could_not_be_locked_is_locked_when_it_can_be_and_keeps_the_number() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        fs::write(&folder, "a file in the way").unwrap();
        let mut lock = take(&folder).unwrap();
        let mut late = take(&folder).unwrap();
        lock.take_again().unwrap();
        assert!(lock.trouble.is_some());
        fs::remove_file(&folder).unwrap();
        let instance = lock.instance;
        lock.take_again().unwrap();
        assert_eq!((lock.instance, &lock.trouble), (instance, &None));
        // Held, and not let go by trying again.
        lock.take_again().unwrap();
        assert_eq!(late.take_again(), Err(Taken { folder: folder.clone() }));
        drop(lock);
        assert_eq!(take(&folder).unwrap().instance, instance);
    }

    #[test]
    fn a_guest_makes_nothing_and_sees_who_runs() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        assert!(take_as(true, &folder).unwrap().trouble.is_some());
        assert!(!folder.exists());
        fs::create_dir(&folder).unwrap();
        assert!(take_as(true, &folder).unwrap().trouble.is_some());
        assert!(!folder.join(NAME).exists());
        let first = take(&folder).unwrap();
        assert!(take_within(Duration::ZERO, &folder, true).is_err());
        let instance = first.instance;
        drop(first);
        assert_eq!(take_as(true, &folder).unwrap().instance, instance);
    }

    #[test]
    fn a_link_or_a_pipe_in_its_place_is_no_lock_and_holds_nothing_up() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(NAME);
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &path).unwrap();
        for guest in [false, true] {
            assert!(take_as(guest, home.path()).unwrap().trouble.is_some());
        }
        assert!(!home.path().join("elsewhere").exists());
        fs::remove_file(&path).unwrap();
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        for guest in [false, true] {
            assert!(take_as(guest, home.path()).unwrap().trouble.is_some());
        }
    }
}
