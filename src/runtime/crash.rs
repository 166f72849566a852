//! A panic ends the process, in any thread, and the next start tells about it once.

use crate::bridge::ids::BlobId;
use crate::bridge::memory::Memory;
use crate::failpoint;
use crate::panel;
use std::backtrace::Backtrace;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;

/// What is read of a crash report, bytes.
const SHOWN: u64 = 600;

/// The lamps, for the hook; empty until the panel is there.
pub(super) type Lamps = Arc<OnceLock<panel::Handle>>;

/// Installs the hook: log, note for the next start, lamps off, exit 1. A service manager starts
/// pigent again; a half-dead daemon in a closet would help nobody. To be called before there is
/// any thread: one that panicked before would end alone, and nobody would notice.
pub(super) fn install(note: PathBuf) -> Lamps {
    let lamps = Lamps::default();
    let panel = Arc::clone(&lamps);
    panic::set_hook(Box::new(move |info| {
        let text = format!("{}: {info}", thread::current().name().unwrap_or("a thread"));
        log::error!("{text}\n{}", Backtrace::capture());
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&note);
        if let Ok(mut file) = file {
            let _ = file.write_all(text.as_bytes());
            let _ = file.sync_all();
        }
        panel.get().map(panel::Handle::release);
        std::process::exit(1);
    }));
    lamps
}

/// What an earlier pigent noted.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) text: Option<String>,
    /// To be removed once the report is remembered.
    pub(super) file: Option<PathBuf>,
}

impl Report {
    /// Whether its text is the body of a post that waits already: the last pigent was killed after
    /// it had remembered the report and before it removed the note.
    fn is_remembered(&self, memory: &Memory, read: impl Fn(BlobId) -> io::Result<Vec<u8>>) -> bool {
        let Some(text) = &self.text else { return false };
        memory.posts.iter().any(|post| read(post.body).is_ok_and(|body| body == text.as_bytes()))
    }

    /// Removes the note. Should it stay, the next start says it once more: no harm.
    pub(super) fn forget(file: &Path) {
        failpoint::step("remove", "the crash report");
        let _ = fs::remove_file(file);
    }
}

/// What there is to report of a crash, and has not been yet. `memory` is what the store found,
/// `read` gives its bodies.
pub(super) fn report(
    state_dir: &Path,
    memory: &Memory,
    read: impl Fn(BlobId) -> io::Result<Vec<u8>>,
) -> Report {
    let report = note(state_dir);
    match &report.file {
        Some(file) if report.is_remembered(memory, read) => {
            Report::forget(file);
            Report::default()
        }
        _ => report,
    }
}

/// Reads the note of a crash, if there is one.
fn note(state_dir: &Path) -> Report {
    let path = state_dir.join("panic");
    let Ok(file) = fs::File::open(&path) else { return Report::default() };
    let mut note = Vec::new();
    let read = file.take(SHOWN).read_to_end(&mut note);
    let note = String::from_utf8_lossy(&note);
    let why = read.map_or_else(|error| error.to_string(), |_| note.trim().to_owned());
    let text =
        format!("pigent crashed and was started again. This is a bug worth reporting:\n{why}");
    Report { text: Some(text), file: Some(path) }
}
