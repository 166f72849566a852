//! A panic ends the process, in any thread, and the next start tells about it once.

use super::poison::{self, Suspect};
use crate::panel;
use std::backtrace::Backtrace;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::path::{Path, PathBuf};

/// What is shown of a crash report, bytes.
const SHOWN: usize = 600;
/// What is read of it: the suspects stand before what is shown.
const READ: u64 = 2048;

/// Installs the hook: log, note for the next start, lamps off, exit 1. A service manager starts
/// pigent again; a half-dead daemon in a closet would help nobody. `earlier` are the suspects of
/// the last crash.
pub(super) fn install(note: PathBuf, panel: panel::Handle, earlier: Vec<Suspect>) {
    panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        log::error!("{text}\n{}", Backtrace::capture());
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&note);
        if let Ok(mut file) = file {
            let _ = file.write_all(poison::lines(&earlier).as_bytes());
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
    /// Updates that may have been the reason.
    pub(super) suspects: Vec<Suspect>,
    /// To be removed once the report is remembered.
    pub(super) file: Option<PathBuf>,
}

/// Reads the note of a crash, if there is one.
pub(super) fn report(state_dir: &Path) -> Report {
    let path = state_dir.join("panic");
    let Ok(file) = fs::File::open(&path) else { return Report::default() };
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
