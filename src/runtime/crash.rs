//! A panic ends the process, in any thread, and the next start tells about it once.

use crate::panel;
use std::backtrace::Backtrace;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::path::{Path, PathBuf};

/// What is read of a crash report, bytes.
const SHOWN: u64 = 600;

/// Installs the hook: log, note for the next start, lamps off, exit 1. A service manager starts
/// pigent again; a half-dead daemon in a closet would help nobody.
pub(super) fn install(note: PathBuf, panel: panel::Handle) {
    panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        log::error!("{text}\n{}", Backtrace::capture());
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&note);
        if let Ok(mut file) = file {
            let _ = file.write_all(text.as_bytes());
            let _ = file.sync_all();
        }
        panel.release();
        std::process::exit(1);
    }));
}

/// What an earlier pigent noted.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) text: Option<String>,
    /// To be removed once the report is remembered.
    pub(super) file: Option<PathBuf>,
}

/// Reads the note of a crash, if there is one.
pub(super) fn report(state_dir: &Path) -> Report {
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
