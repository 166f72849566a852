//! A panic ends the process, in any thread, and the next start tells about it once.

use super::poison::{self, Suspect};
use crate::bridge::ids::BlobId;
use crate::bridge::memory::Memory;
use crate::failpoint;
use crate::panel;
use rustix::fs::OFlags;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

/// What is shown of a crash report, bytes.
const SHOWN: usize = 600;
/// What is read of it: the suspects stand before what is shown.
const READ: u64 = 2048;
/// The agent can put a pipe or a link there: neither is waited for nor followed.
const NO_WAIT: i32 = OFlags::NONBLOCK.union(OFlags::NOFOLLOW).bits() as i32;

/// The lamps, for the hook; empty until the panel is there.
pub(super) type Lamps = Arc<OnceLock<panel::Handle>>;

/// Installs the hook: note for the next start, lamps off, log, exit 1. A service manager starts
/// pigent again; a half-dead daemon in a closet would help nobody. `earlier` are the suspects of
/// the last crash. To be called before there is any thread: one that panicked before would end
/// alone, and nobody would notice.
pub(super) fn install(note: PathBuf, earlier: Vec<Suspect>) -> Lamps {
    let lamps = Lamps::default();
    let panel = Arc::clone(&lamps);
    panic::set_hook(Box::new(move |info| {
        let text = format!("{}: {info}", thread::current().name().unwrap_or("a thread"));
        leave(&note, &[&poison::lines(&earlier), &text]);
        panel.get().map(panel::Handle::release);
        // Last: who reads the log may hold it up for ever, or not be there any more.
        log::error!("{text}");
        std::process::exit(1);
    }));
    lamps
}

/// Whether the note is of this process's own crash.
static OWN: Mutex<bool> = Mutex::new(false);

/// Leaves the note. From now on it stays.
fn leave(note: &Path, lines: &[&str]) {
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    *own = true;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    if let Ok(mut file) = options.custom_flags(NO_WAIT).open(note) {
        for line in lines {
            let _ = file.write_all(line.as_bytes());
        }
        let _ = file.sync_all();
    }
}

/// What an earlier pigent noted.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) text: Option<String>,
    /// What may have been the reason.
    pub(super) suspects: Vec<Suspect>,
    /// To be removed once the report is remembered.
    pub(super) file: Option<PathBuf>,
}

impl Report {
    /// Nothing to report if its text is the body of a post that waits already: the last pigent was
    /// killed after it had remembered the report and before it removed the note. `memory` is what
    /// the store found, `read` gives its bodies.
    pub(super) fn unless_remembered(
        self,
        memory: &Memory,
        read: impl Fn(BlobId) -> io::Result<Vec<u8>>,
    ) -> Report {
        let (Some(text), Some(file)) = (&self.text, &self.file) else { return self };
        let is_it = |body: Vec<u8>| body == text.as_bytes();
        if !memory.posts.iter().any(|post| read(post.body).is_ok_and(is_it)) {
            return self;
        }
        Report::forget(file);
        // Who is suspected is another matter: their tries are counted from crash to crash.
        Report { suspects: self.suspects, ..Report::default() }
    }

    /// Removes the note, unless another thread has just put its own there. Should it stay, the next
    /// start says it once more: no harm.
    pub(super) fn forget(file: &Path) {
        let own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
        if !*own {
            failpoint::step("remove", "the crash report");
            let _ = fs::remove_file(file);
        }
    }
}

/// Reads the note of a crash, if there is one.
pub(super) fn note(state_dir: &Path) -> Report {
    let path = state_dir.join("panic");
    let file = OpenOptions::new().read(true).custom_flags(NO_WAIT).open(&path).ok();
    let is_file = |file: &fs::File| file.metadata().is_ok_and(|about| about.is_file());
    let Some(file) = file.filter(is_file) else { return Report::default() };
    let mut note = Vec::new();
    let read = file.take(READ).read_to_end(&mut note);
    let note = String::from_utf8_lossy(&note);
    let (suspects, text) = poison::read(&note);
    let shown = text.get(..text.floor_char_boundary(SHOWN)).unwrap_or_default();
    let why = read.map_or_else(|error| error.to_string(), |_| shown.trim().to_owned());
    let text =
        format!("pigent crashed and was started again. This is a bug worth reporting:\n{why}");
    Report { text: Some(text), suspects, file: Some(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ids::{ChatId, Place, PostId};
    use crate::bridge::memory::{PostKind, PostRecord};

    #[test]
    fn a_report_that_was_remembered_keeps_its_suspects() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("panic"), "updates 5 5 2\nmain: oh no").unwrap();
        let report = note(dir.path());
        let (suspects, text) = (report.suspects.clone(), report.text.clone().unwrap());
        let mut memory = Memory::default();
        memory.posts.push_back(PostRecord {
            id: PostId(1),
            place: Place { chat: ChatId(1), thread: None },
            reply_to: None,
            kind: PostKind::Plain,
            body: BlobId(2),
            pieces_taken: 0,
            again: None,
            session: None,
        });
        let report = report.unless_remembered(&memory, |_| Ok(text.clone().into_bytes()));
        assert!(report.text.is_none() && !suspects.is_empty());
        assert_eq!(report.suspects, suspects, "or a crashing update would never be set aside");
    }

    #[test]
    fn the_note_of_a_crash_is_not_removed_as_the_one_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("panic");
        fs::write(&path, "updates 5 5 1\nmain: the first").unwrap();
        let first = note(dir.path());
        // The first is remembered, and its file to be removed, when the second comes.
        leave(&path, &["updates 5 5 2\n", "main: the second"]);
        Report::forget(&first.file.unwrap());
        assert!(note(dir.path()).text.unwrap().contains("the second"));
        *OWN.lock().unwrap() = false;
        Report::forget(&path);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_file_is_no_report_and_holds_nothing_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("panic");
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        assert!(note(dir.path()).text.is_none());
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/proc/self/status", &path).unwrap();
        assert!(note(dir.path()).text.is_none());
    }
}
