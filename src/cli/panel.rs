//! `pigent panel`: try the wiring, each lamp in turn, then the button; with a person at the
//! terminal as a walk with questions (`walk.rs`), otherwise as a plain show. `pigent panel --release`
//! puts lamps out and gives everything back that a killed pigent has left: for `ExecStopPost=`.

mod advice;
mod walk;

use super::output::{complain, say, start_log};
use super::{Failure, is_guest, no_words, service};
use crate::config::{Config, Sources};
use crate::panel::{self, Board, Inventory, Verdict};
use crate::store;
use core::time::Duration;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;
use walk::Walk;

/// How long each lamp is lit.
const LOOK: Duration = Duration::from_secs(2);
/// How often the button is looked at; `Board` asks for at most 50 ms.
const SAMPLE: Duration = Duration::from_millis(20);
const NOTHING: &str = "no lamp and no button to try: name their pins with PIGENT_LED_BUSY, \
                       PIGENT_LED_IDLE, PIGENT_LED_ERROR and PIGENT_BUTTON";

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    let mut sources = Sources::read();
    let keeper = service::lend(&mut sources);
    start_log(log::LevelFilter::Warn);
    if args == ["--release"] {
        return release(&sources);
    }
    no_words(args)?;
    let settings = Config::panel(&sources).map_err(Failure::Config)?;
    // Two programs on the same pins would show nothing that can be believed.
    let guest = is_guest(&sources.project_dir);
    let _lock = store::lock::take_as(guest, &Config::state_dir(&sources))
        .map_err(|_| Failure::Other("the daemon runs and has the pins: stop it first".into()))?;
    let inventory = Inventory::read(&settings.folders);
    let somebody = io::stdin().is_terminal();
    for found in panel::probe(&settings, &inventory) {
        // What cannot be opened is told by the walk itself.
        if !somebody || found.verdict == Verdict::Mind {
            say!("{}{}{}", found.what, found.gap("\n  "), found.remedy);
        }
    }
    let ended = ended_by_signal().map_err(Failure::other)?;
    let (mut board, troubles) = Board::open(&settings);
    if troubles.is_empty() && board.lamps().next().is_none() && board.down().is_none() {
        return Err(Failure::Other(match keeper {
            Some(unit) => format!("{unit} may have the settings: sudo pigent panel"),
            None => NOTHING.into(),
        }));
    }
    if somebody {
        let walk = Walk::new(&settings, &inventory, (board, troubles), &ended);
        return match walk.run() {
            true => Ok(()),
            false => Err(Failure::Other("not everything works".into())),
        };
    }
    light_each(&mut board, &ended);
    watch_button(&mut board, &ended);
    match troubles.first() {
        None => Ok(()),
        Some(_) => Err(Failure::Other("not everything could be opened".into())),
    }
}

/// Does nothing while a daemon has the state folder. A lamp that cannot be opened was never lit;
/// an LED that cannot be put back is an error.
fn release(sources: &Sources) -> Result<(), Failure> {
    let state = Config::state_dir(sources);
    // Without the folder nobody can run on it, and it is not made for this.
    let guest = is_guest(&sources.project_dir);
    let lock = state.exists().then(|| store::lock::take_as(guest, &state)).transpose();
    if lock.is_err() {
        say!("a pigent runs on {}: nothing was released", state.display());
        return Ok(());
    }
    // With settings that cannot be, no pin was taken; an LED may have been with earlier ones.
    let (settings, problems) = match Config::panel(sources) {
        Ok(settings) => (settings, Vec::new()),
        Err(problems) => (Config::panel_folders(sources), problems),
    };
    let (troubles, all_back) = panel::release(&settings);
    for trouble in &troubles {
        complain!("not released: {trouble}");
    }
    match (problems.is_empty(), all_back) {
        (false, _) => Err(Failure::Config(problems)),
        (true, false) => Err(Failure::Other("not every LED is as it was before".into())),
        (true, true) => Ok(()),
    }
}

/// Ctrl-C, or a connection that is lost, is how most people end this: the board must be dropped, so
/// that no lamp stays lit.
fn ended_by_signal() -> io::Result<Arc<AtomicBool>> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, ended.clone())?;
    }
    Ok(ended)
}

fn light_each(board: &mut Board, ended: &AtomicBool) {
    let lamps: Vec<panel::Lamp> = board.lamps().collect();
    for lamp in lamps {
        say!("the {lamp} lamp is on");
        board.set(lamp, true);
        let since = Instant::now();
        while since.elapsed() < LOOK && !ended.load(Ordering::Relaxed) {
            thread::sleep(SAMPLE);
        }
        board.set(lamp, false);
    }
}

/// Prints presses until Enter.
fn watch_button(board: &mut Board, ended: &Arc<AtomicBool>) {
    let Some(mut was) = board.down() else { return };
    if ended.load(Ordering::Relaxed) {
        return;
    }
    say!("Now press the button; Enter ends.");
    let enter = ended.clone();
    thread::spawn(move || {
        let _ = io::stdin().read_line(&mut String::new());
        enter.store(true, Ordering::Relaxed);
    });
    while !ended.load(Ordering::Relaxed) {
        let is = board.down().unwrap_or(was);
        if is != was {
            say!("{}", if is { "pressed" } else { "released" });
            was = is;
        }
        thread::sleep(SAMPLE);
    }
}
