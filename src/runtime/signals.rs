//! SIGTERM and SIGINT mean leave, SIGHUP means read the list of who may talk again.

use super::reloaded;
use crate::bridge::Input;
use rustix::process::{Signal, getpid, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;
use tokio::sync::mpsc::Sender;

/// Starts the thread that waits for signals.
///
/// # Errors
/// When the system has no thread or no handler to give.
pub(super) fn spawn(inputs: Sender<Input>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let wait = move || {
        for signal in signals.forever() {
            let sent = match signal {
                SIGHUP => reloaded(&inputs),
                _ => inputs.blocking_send(Input::Shutdown).is_ok(),
            };
            if !sent {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(())
}

/// Asks this process to leave in order, so that whoever started it starts it again.
pub(super) fn end_this_process() {
    log::warn!("the state folder can be used again: leaving, to start anew with what it holds");
    if let Err(error) = kill_process(getpid(), Signal::TERM) {
        log::error!("cannot leave: {error}");
    }
}
