//! Lamps and the button, on a thread of their own.
//!
//! Not what they mean: [`Signs`] come in and are shown in patterns (`pattern.rs`), presses go
//! out as [`Input::Press`] once they are debounced (`button.rs`). The way to the pins is a
//! backend (`pins.rs`): `raspberry.rs`, `gpiochip.rs`, `sim.rs` or none. No pin is touched unless
//! a variable names it. The thread sleeps until a lamp changes, the button moves or signs come;
//! with all three lamps, no button and nothing to do it wakes once in two seconds.
//!
//! What cannot be opened is an error in the log and left out, never the end of the process.

mod button;
mod clock;
mod gpiochip;
pub mod header;
mod inventory;
mod led;
mod leds;
mod lines;
mod note;
mod pattern;
mod pins;
mod probe;
mod raspberry;
pub mod settings;
mod sim;
mod thread;
mod trouble;

pub use inventory::{Inventory, Mark};
pub use lines::{ChipInfo, LineInfo};
pub use probe::{Finding, Verdict, probe};
pub use settings::{Folders, Gpio, Lamp, Pin, Settings, Wire};
pub use trouble::{PinError, Trouble};

use crate::bridge::effect::Signs;
use crate::bridge::input::{Input, Press};
use core::time::Duration;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// How long a release may take: it is part of leaving, which has 5 s in all.
const PATIENCE: Duration = Duration::from_millis(500);

/// The loop's end of the panel. A clone is the same panel, for the panic hook.
#[derive(Clone)]
pub struct Handle(Option<Arc<thread::Shared>>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Handle").field(&self.0.is_some()).finish()
    }
}

/// Opens the panel on a thread of its own. Lamps stay dark until the first [`Handle::show`].
///
/// # Errors
/// When the system has no thread or descriptor left.
pub fn spawn(settings: Settings, inputs: Sender<Input>) -> io::Result<Handle> {
    let anything = match settings.gpio {
        Gpio::Off => settings.any_led(),
        Gpio::Sim(_) => true,
        _ => settings.any_led() || settings.any_pin(),
    };
    // An LED that a killed pigent had is put back by the thread, even if it is no lamp any more.
    if !anything && !settings.folders.noted() {
        return Ok(Handle(None));
    }
    let shared = Arc::new(thread::Shared::new()?);
    let theirs = Arc::clone(&shared);
    let run = move || thread::run(&settings, &theirs, &inputs);
    std::thread::Builder::new().name("panel".into()).spawn(run)?;
    Ok(Handle(Some(shared)))
}

/// Gives back what a pigent that is gone may have left: kernel LEDs as noted, lamps off, pins as
/// inputs. No other pigent may run on the same state folder. Gives what could not be opened, and
/// whether every LED that was noted is back.
#[must_use]
pub fn release(settings: &Settings) -> (Vec<Trouble>, bool) {
    if settings.folders.noted() {
        leds::restore(&settings.folders);
    }
    let left = settings.folders.noted();
    let mut troubles = Vec::new();
    if !matches!(settings.gpio, Gpio::Sim(_)) {
        // The button drives nothing: there is nothing to take back from it.
        let lamps = Settings { button: None, ..settings.clone() };
        pins::open_pins(&lamps, &mut troubles).release();
    }
    (troubles, !left)
}

impl Handle {
    /// From now on the lamps tell this. Never waits.
    pub fn show(&self, signs: Signs) {
        if let Some(shared) = &self.0 {
            shared.show(signs);
        }
    }

    /// Lamps off, pins given back, the sim socket removed: for the way out, and for the panic
    /// hook of any thread, the panel's own included. Waits for it, at most 500 ms; says whether it
    /// was done.
    pub fn release(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.release(PATIENCE))
    }
}

/// Open lamps and button without the thread: for `pigent panel`, which tests the wiring. Dropping
/// it turns the lamps off and gives the pins back.
pub struct Board {
    pins: Box<dyn pins::Pins>,
    button: Option<button::Button>,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Board").field(&self.pins.lamps()).finish()
    }
}

impl Board {
    /// Opens what the settings name; what cannot be opened is told.
    #[must_use]
    pub fn open(settings: &Settings) -> (Board, Vec<Trouble>) {
        let (mut pins, troubles) = pins::open(settings);
        let certain = pins.edges_are_certain();
        let button = pins.down().map(|down| button::Button::new(down, certain, clock::now()));
        (Board { pins, button }, troubles)
    }

    /// The lamps that could be opened.
    pub fn lamps(&self) -> impl Iterator<Item = Lamp> + use<> {
        let there = self.pins.lamps();
        Lamp::ALL.into_iter().filter(move |lamp| there[*lamp as usize])
    }

    /// Lights a lamp or darkens it.
    pub fn set(&mut self, lamp: Lamp, on: bool) {
        self.pins.set(lamp, on);
    }

    /// Whether the button is down, not debounced; `None` if there is none. To be called at least
    /// every 50 ms.
    pub fn down(&mut self) -> Option<bool> {
        self.pins.serve(clock::now());
        self.pins.down()
    }

    /// A press that the daemon would accept, as soon as it would. To be called at least every
    /// 20 ms: each call is a sample.
    pub fn press(&mut self) -> Option<Press> {
        let now = clock::now();
        self.pins.serve(now);
        let down = self.pins.down()?;
        self.button.as_mut()?.sample(down, now)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.pins.release();
    }
}
