//! `pigent panel`: try the wiring, each lamp in turn, then the button.

use super::{Failure, no_words, start_log};
use crate::config::{Config, Sources};
use crate::panel::{self, Board};
use crate::store;
use core::time::Duration;
use std::ffi::OsString;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

/// How long each lamp is lit.
const LOOK: Duration = Duration::from_secs(2);
/// How often the button is looked at; `Board` asks for at most 50 ms.
const SAMPLE: Duration = Duration::from_millis(20);

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    no_words(args)?;
    let config = Config::load(&Sources::read()).map_err(Failure::Config)?;
    start_log(config.log);
    // Two programs on the same pins would show nothing that can be believed.
    let _lock = store::lock::take(&config.state_dir)
        .map_err(|_| Failure::Other("the daemon runs and has the pins: stop it first".into()))?;
    for found in panel::probe(&config.panel) {
        let remedy = if found.ok { String::new() } else { format!(": {}", found.remedy) };
        println!("{}{remedy}", found.what);
    }
    let (mut board, troubles) = Board::open(&config.panel);
    for trouble in &troubles {
        println!("{trouble}");
    }
    light_each(&mut board);
    watch_button(&mut board);
    match troubles.is_empty() {
        true => Ok(()),
        false => Err(Failure::Other("not everything could be opened".into())),
    }
}

fn light_each(board: &mut Board) {
    let lamps: Vec<panel::Lamp> = board.lamps().collect();
    if lamps.is_empty() {
        println!("no lamp: set PIGENT_LED_BUSY, PIGENT_LED_IDLE or PIGENT_LED_ERROR");
    }
    for lamp in lamps {
        println!("the {lamp} lamp is on");
        board.set(lamp, true);
        thread::sleep(LOOK);
        board.set(lamp, false);
    }
}

/// Prints presses until Enter.
fn watch_button(board: &mut Board) {
    let Some(mut was) = board.down() else {
        println!("no button: set PIGENT_BUTTON");
        return;
    };
    println!("Now press the button; Enter ends.");
    let (enter, ended) = mpsc::channel();
    thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        drop(enter);
    });
    let ended = || ended.recv_timeout(SAMPLE) != Err::<(), _>(RecvTimeoutError::Timeout);
    while !ended() {
        let is = board.down().unwrap_or(was);
        if is != was {
            println!("{}", if is { "pressed" } else { "released" });
            was = is;
        }
    }
}
