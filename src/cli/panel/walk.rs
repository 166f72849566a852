//! The walk through the wiring with somebody in front of the board: each lamp blinks until they
//! say whether they see it, then the button is pressed and held. What does not work is told with
//! what to check; at the end all of it is summed up.
//!
//! Only words and waiting: lamps and button are a [`Board`], answers come from stdin.

use super::advice;
use crate::bridge::input::Press;
use crate::cli::output::say;
use crate::panel::{Board, Inventory, Lamp, Settings, Trouble};
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::read;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How long a lamp is lit and dark.
const BLINK: Duration = Duration::from_millis(400);
/// How often the button is looked at; `Board` asks for at most 50 ms.
const SAMPLE: Duration = Duration::from_millis(20);
/// After so long without a press it is told what to check.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is read of a line of stdin, bytes.
const LINE: usize = 256;

/// How something came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Works,
    Fails,
    NotTried,
}

/// The rest is not wanted: Ctrl-C, or the end of stdin.
struct Ended;

/// What came first.
enum Next<T> {
    Came(T),
    /// A line of stdin.
    Line,
    /// Nothing, for so long.
    Late,
}

pub(super) struct Walk<'a> {
    settings: &'a Settings,
    inventory: &'a Inventory,
    board: Board,
    ended: &'a AtomicBool,
    results: Vec<(String, Outcome)>,
}

impl<'a> Walk<'a> {
    /// `troubles` are what could not be opened.
    pub(super) fn new(
        settings: &'a Settings,
        inventory: &'a Inventory,
        (board, troubles): (Board, Vec<Trouble>),
        ended: &'a AtomicBool,
    ) -> Walk<'a> {
        let mut results = Vec::new();
        for trouble in troubles {
            say!("{trouble}");
            results.push((trouble.what, Outcome::Fails));
        }
        Walk { settings, inventory, board, ended, results }
    }

    /// From the first lamp to the summary. Whether everything works.
    pub(super) fn run(mut self) -> bool {
        let all = self.lamps().and_then(|()| self.button());
        if all.is_err() {
            say!("");
        }
        say!("In short:");
        for (what, outcome) in &self.results {
            let outcome = match outcome {
                Outcome::Works => "works",
                Outcome::Fails => "DOES NOT WORK",
                Outcome::NotTried => "not tried",
            };
            say!("  {what}: {outcome}");
        }
        self.results.iter().all(|(_, outcome)| *outcome != Outcome::Fails)
    }

    fn lamps(&mut self) -> Result<(), Ended> {
        let lamps: Vec<Lamp> = self.board.lamps().collect();
        for lamp in lamps {
            let what = format!("{lamp} lamp ({})", self.inventory.lamp(lamp, self.settings));
            let seen = self.lamp(lamp, &what);
            self.board.set(lamp, false);
            let outcome = *seen.as_ref().unwrap_or(&Outcome::NotTried);
            self.results.push((what, outcome));
            seen?;
        }
        Ok(())
    }

    fn lamp(&mut self, lamp: Lamp, what: &str) -> Result<Outcome, Ended> {
        loop {
            say!("The {what} blinks now. Do you see it? [y/n/r: again]");
            match self.blink_until_answer(lamp)?.trim() {
                "y" | "Y" | "yes" => return Ok(Outcome::Works),
                "n" | "N" | "no" => {
                    advice::lamp(self.settings, lamp);
                    return Ok(Outcome::Fails);
                }
                "r" | "R" => {}
                _ => say!("Please answer y, n or r."),
            }
        }
    }

    fn blink_until_answer(&mut self, lamp: Lamp) -> Result<String, Ended> {
        let mut on = false;
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return Err(Ended);
            }
            on = !on;
            self.board.set(lamp, on);
            // A simulated board is only seen if it is served.
            let _ = self.board.down();
            if let Some(line) = line(BLINK)? {
                return Ok(line);
            }
        }
    }

    fn button(&mut self) -> Result<(), Ended> {
        let Some(down) = self.board.down() else { return Ok(()) };
        let what = format!("button ({})", self.inventory.button(self.settings));
        if down {
            say!("The {what} reads as pressed before anybody has pressed it.");
            advice::stuck(self.settings);
        }
        let pressed = self.press(&what);
        let outcome = *pressed.as_ref().unwrap_or(&Outcome::NotTried);
        self.results.push((what.clone(), outcome));
        if pressed? == Outcome::Works {
            let held = self.hold();
            let outcome = *held.as_ref().unwrap_or(&Outcome::NotTried);
            self.results.push((format!("{what}, held for 3 s"), outcome));
            held?;
        }
        Ok(())
    }

    fn press(&mut self, what: &str) -> Result<Outcome, Ended> {
        say!("Press the {what} now. [Enter: nothing happens]");
        let mut patience = Some(PATIENCE);
        loop {
            match self.wait(patience, |board| board.press())? {
                Next::Came(_) => break,
                Next::Late => {
                    say!("Nothing has come so far. Go on trying, or give up with Enter.");
                    advice::button(self.settings);
                    patience = None;
                }
                Next::Line => {
                    if patience.is_some() {
                        advice::button(self.settings);
                    }
                    return Ok(Outcome::Fails);
                }
            }
        }
        say!("Pressed. Now let it go.");
        match self.wait(None, Walk::released)? {
            Next::Came(()) => {
                say!("Released.");
                Ok(Outcome::Works)
            }
            _ => {
                advice::stuck(self.settings);
                Ok(Outcome::Fails)
            }
        }
    }

    fn hold(&mut self) -> Result<Outcome, Ended> {
        say!("Now hold it for 3 seconds. [Enter: skip]");
        let held = |board: &mut Board| board.press().filter(|press| *press == Press::Held);
        match self.wait(None, held)? {
            Next::Came(_) => {
                say!("Held: while pigent runs, this empties the queue, too. Let it go.");
                Ok(Outcome::Works)
            }
            _ => Ok(Outcome::NotTried),
        }
    }

    fn released(board: &mut Board) -> Option<()> {
        let _ = board.press();
        (board.down() == Some(false)).then_some(())
    }

    /// Looks at the button until something comes, or a line, or for as long as `patience`.
    fn wait<T>(
        &mut self,
        patience: Option<Duration>,
        mut look: impl FnMut(&mut Board) -> Option<T>,
    ) -> Result<Next<T>, Ended> {
        let began = Instant::now();
        while !self.ended.load(Ordering::Relaxed) {
            if let Some(found) = look(&mut self.board) {
                return Ok(Next::Came(found));
            }
            if line(SAMPLE)?.is_some() {
                return Ok(Next::Line);
            }
            if patience.is_some_and(|patience| began.elapsed() >= patience) {
                return Ok(Next::Late);
            }
        }
        Err(Ended)
    }
}

/// A line of stdin, if one comes within this time. A terminal gives one line a read.
fn line(within: Duration) -> Result<Option<String>, Ended> {
    let stdin = io::stdin();
    let within = Timespec::try_from(within).ok();
    // A signal ends the waiting, too.
    if !poll(&mut [PollFd::new(&stdin, PollFlags::IN)], within.as_ref())
        .is_ok_and(|ready| ready > 0)
    {
        return Ok(None);
    }
    let mut text = [0; LINE];
    match read(&stdin, &mut text) {
        Ok(0) | Err(_) => Err(Ended),
        Ok(count) => {
            Ok(Some(String::from_utf8_lossy(text.get(..count).unwrap_or_default()).into_owned()))
        }
    }
}
