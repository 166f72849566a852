//! What a command says: on stdout what it was asked for, on stderr what is wrong, and the log.
//!
//! None of these may end the process: a disk that is full of logs, a terminal that hung up, a pipe
//! whose reader died is no reason to stop working, nor to leave a lamp lit. (`println!`,
//! `eprintln!` and so the loggers made of them panic there.) What could not be said on stdout makes
//! the command fail at its end, see [`end`]; of stderr there is nobody left to tell.

use core::fmt::Arguments;
use log::{LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something was not taken by stdout.
static LOST: AtomicBool = AtomicBool::new(false);

/// Says a line on stdout.
macro_rules! say {
    ($($word:tt)*) => { $crate::cli::output::put(format_args!("{}\n", format_args!($($word)*))) };
}

/// Says on stderr what is wrong, after the program's name.
macro_rules! complain {
    ($($word:tt)*) => { $crate::cli::output::to_stderr(format_args!($($word)*)) };
}

pub(crate) use {complain, say};

/// Says a text on stdout at once, without ending the line.
pub(crate) fn put(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            LOST.store(true, Ordering::Relaxed);
        }
        // Nobody has to listen to all of it (`| head`).
        _ => {}
    }
}

/// Says it on stderr, where nobody has to listen.
pub(crate) fn to_stderr(text: Arguments<'_>) {
    let _ = io::stderr().write_all(format!("pigent: {text}\n").as_bytes());
}

/// What the command ends with: not with "ok" if some of what it had to say is lost.
pub(super) fn end(code: ExitCode) -> ExitCode {
    if code == ExitCode::SUCCESS && LOST.load(Ordering::Relaxed) {
        complain!("stdout takes no more: is the disk full?");
        return ExitCode::FAILURE;
    }
    code
}

/// The log on stderr: our own lines at this level, other crates' at warn at most.
pub(super) fn start_log(level: LevelFilter) {
    let others = level.min(LevelFilter::Warn);
    let rules = SimpleLogger::new().with_level(others).with_module_level("pigent", level);
    log::set_max_level(level.max(others));
    // A second logger is refused; the first one is as good.
    let _ = log::set_boxed_logger(Box::new(Lines(rules)));
}

/// What is said is simple_logger's to decide; each line is written here, as one.
struct Lines(SimpleLogger);

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let (level, target, text) = (record.level(), record.target(), record.args());
            let line = format!("{level:<5} [{target}] {text}\n");
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}
