//! What the panel asks of a way to the pins, and which way is taken.
//!
//! Not patterns or presses: a backend sets lamps on or off and tells the button's raw level.

use super::gpiochip::Chip;
use super::leds::{self, Leds};
use super::raspberry::{self, Raspberry};
use super::settings::{Gpio, Lamp, Pin, Settings, Wire};
use super::sim::Sim;
use super::trouble::{PinError, Trouble};
use crate::bridge::time::Mono;
use rustix::event::PollFd;
use std::path::Path;

/// News of the button's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its level has changed.
    Seen,
    /// Changes are not reported, or not any more.
    Lost,
}

/// A backend with its open pins.
pub(super) trait Pins: Send {
    /// Which lamps could be opened, in the order of [`Lamp::ALL`].
    fn lamps(&self) -> [bool; 3];
    /// Lights a lamp or darkens it.
    fn set(&mut self, lamp: Lamp, on: bool);
    /// The button's level now; `None` if there is no button.
    fn down(&mut self) -> Option<bool>;
    /// Whether every change of the button is certain to be reported by [`Pins::serve`].
    fn edges_are_certain(&self) -> bool {
        false
    }
    /// What to wait for.
    fn sources<'a>(&'a self, sources: &mut Vec<PollFd<'a>>);
    /// To be called after each wait. Says what is new about the button's line.
    fn serve(&mut self, now: Mono) -> Option<Edge>;
    /// When to call [`Pins::serve`] even if no source says so.
    fn deadline(&self) -> Option<Mono> {
        None
    }
    /// Lamps off, pins given back. Nothing is called after this but `drop`.
    fn release(&mut self);
}

/// No lamps, no button.
struct Nothing;

impl Pins for Nothing {
    fn lamps(&self) -> [bool; 3] {
        [false; 3]
    }
    fn set(&mut self, _lamp: Lamp, _on: bool) {}
    fn down(&mut self) -> Option<bool> {
        None
    }
    fn sources<'a>(&'a self, _sources: &mut Vec<PollFd<'a>>) {}
    fn serve(&mut self, _now: Mono) -> Option<Edge> {
        None
    }
    fn release(&mut self) {}
}

/// Some lamps are LEDs of the kernel's, the others and the button hang on pins.
struct Mixed {
    leds: Leds,
    pins: Box<dyn Pins>,
}

impl Pins for Mixed {
    fn lamps(&self) -> [bool; 3] {
        let wired = self.pins.lamps();
        Lamp::ALL.map(|lamp| wired[lamp as usize] || self.leds.has(lamp))
    }
    fn set(&mut self, lamp: Lamp, on: bool) {
        match self.leds.has(lamp) {
            true => self.leds.set(lamp, on),
            false => self.pins.set(lamp, on),
        }
    }
    fn down(&mut self) -> Option<bool> {
        self.pins.down()
    }
    fn edges_are_certain(&self) -> bool {
        self.pins.edges_are_certain()
    }
    fn sources<'a>(&'a self, sources: &mut Vec<PollFd<'a>>) {
        self.pins.sources(sources);
    }
    fn serve(&mut self, now: Mono) -> Option<Edge> {
        self.pins.serve(now)
    }
    fn deadline(&self) -> Option<Mono> {
        self.pins.deadline()
    }
    fn release(&mut self) {
        self.leds.release();
        self.pins.release();
    }
}

/// Opens what the settings name. What cannot be opened is told, and left out. First of all, kernel
/// LEDs that an earlier pigent could not give back are put back.
pub(super) fn open(settings: &Settings) -> (Box<dyn Pins>, Vec<Trouble>) {
    let mut troubles = Vec::new();
    let noted = settings.folders.noted();
    let leds = match settings.gpio {
        // The socket is in place of all lamps there are.
        Gpio::Sim(_) if noted => {
            leds::restore(&settings.folders);
            None
        }
        Gpio::Sim(_) => None,
        // Without LEDs their code is not even looked at: it would stay in memory.
        _ if noted || settings.any_led() => leds::take(settings, &mut troubles),
        _ => None,
    };
    let pins = open_pins(settings, &mut troubles);
    match leds {
        Some(leds) => (Box::new(Mixed { leds, pins }), troubles),
        None => (pins, troubles),
    }
}

/// The same without kernel LEDs.
pub(super) fn open_pins(settings: &Settings, troubles: &mut Vec<Trouble>) -> Box<dyn Pins> {
    let pins = match &settings.gpio {
        Gpio::Off => Ok(Box::new(Nothing) as Box<dyn Pins>),
        Gpio::Sim(path) => open_sim(path),
        _ => open_board(settings, troubles),
    };
    pins.unwrap_or_else(|trouble| {
        troubles.push(trouble);
        Box::new(Nothing)
    })
}

fn open_sim(path: &Path) -> Result<Box<dyn Pins>, Trouble> {
    match Sim::open(path) {
        Ok(sim) => Ok(Box::new(sim)),
        Err(error) => Err(trouble_with("sim", PinError::Other(error.to_string()))),
    }
}

fn open_board(settings: &Settings, troubles: &mut Vec<Trouble>) -> Result<Box<dyn Pins>, Trouble> {
    let lamps = lamp_pins(settings);
    if !settings.any_pin() {
        return Ok(Box::new(Nothing));
    }
    match settings.gpio {
        // Registers know numbers only.
        Gpio::Auto if settings.any_line() => {}
        Gpio::Rppal => return open_rppal(settings, &lamps, troubles),
        // Registers that cannot be had (a kernel without /dev/gpiomem, say) are no reason to do
        // without lamps: the kernel's device may still be open to us.
        Gpio::Auto if raspberry::is_one() => match open_rppal(settings, &lamps, troubles) {
            Ok(pins) => return Ok(pins),
            Err(trouble) => log::warn!("{trouble}; trying gpiochip"),
        },
        _ => {}
    }
    match Chip::open(settings, &lamps, troubles) {
        Ok(chip) => Ok(Box::new(chip)),
        Err(why) => Err(trouble_with("gpiochip", why)),
    }
}

fn open_rppal(
    settings: &Settings,
    lamps: &[(Lamp, Pin)],
    troubles: &mut Vec<Trouble>,
) -> Result<Box<dyn Pins>, Trouble> {
    match Raspberry::open(settings, lamps, troubles) {
        Ok(board) => Ok(Box::new(board)),
        Err(why) => Err(trouble_with("rppal", why)),
    }
}

fn trouble_with(backend: &str, why: PinError) -> Trouble {
    Trouble { what: format!("PIGENT_GPIO ({backend})"), why }
}

/// The lamps that hang on pins.
pub(super) fn lamp_pins(settings: &Settings) -> Vec<(Lamp, Pin)> {
    let pin = |lamp| match settings.wire(lamp) {
        Some(Wire::Pin(pin)) => Some((lamp, pin.clone())),
        _ => None,
    };
    Lamp::ALL.into_iter().filter_map(pin).collect()
}

/// What to call a lamp's trouble.
pub(super) fn lamp_trouble(lamp: Lamp, pin: &Pin, why: PinError) -> Trouble {
    Trouble { what: format!("{}={pin}", lamp.variable()), why }
}

/// What to call the button's trouble.
pub(super) fn button_trouble(pin: &Pin, why: PinError) -> Trouble {
    Trouble { what: format!("PIGENT_BUTTON={pin}"), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::settings::Folders;

    /// A board with one lamp and a button that is down.
    #[derive(Default)]
    struct Fake(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl Pins for Fake {
        fn lamps(&self) -> [bool; 3] {
            [true, false, false]
        }
        fn set(&mut self, lamp: Lamp, on: bool) {
            self.0.lock().unwrap().push(format!("{lamp} {on}"));
        }
        fn down(&mut self) -> Option<bool> {
            Some(true)
        }
        fn sources<'a>(&'a self, _sources: &mut Vec<PollFd<'a>>) {}
        fn serve(&mut self, _now: Mono) -> Option<Edge> {
            Some(Edge::Seen)
        }
        fn release(&mut self) {
            self.0.lock().unwrap().push("release".into());
        }
    }

    #[test]
    fn a_kernel_led_is_a_lamp_beside_those_on_pins_and_without_any() {
        let class = tempfile::tempdir().unwrap();
        let led = class.path().join("ACT");
        std::fs::create_dir(&led).unwrap();
        for (file, text) in [("max_brightness", "1"), ("brightness", "0"), ("trigger", "none")] {
            std::fs::write(led.join(file), text).unwrap();
        }
        let shines = || std::fs::read_to_string(led.join("brightness")).unwrap();
        let folders = Folders { leds: class.path().to_owned(), state: None };
        let idle = Some(Wire::Led("ACT".into()));
        let settings = Settings { gpio: Gpio::Off, idle, folders, ..Settings::default() };
        let (mut alone, troubles) = open(&settings);
        assert_eq!((alone.lamps(), alone.down(), troubles), ([false, true, false], None, vec![]));
        alone.set(Lamp::Idle, true);
        assert_eq!(shines(), "1\n");
        alone.release();
        assert_eq!(shines(), "0\n");

        let board = Fake::default();
        let told = std::sync::Arc::clone(&board.0);
        let leds = leds::take(&settings, &mut Vec::new()).unwrap();
        let mut mixed = Mixed { leds, pins: Box::new(board) };
        assert_eq!((mixed.lamps(), mixed.down()), ([true, true, false], Some(true)));
        assert_eq!(mixed.serve(Mono::default()), Some(Edge::Seen));
        mixed.set(Lamp::Busy, true);
        mixed.set(Lamp::Idle, true);
        assert_eq!(shines(), "1\n");
        mixed.release();
        assert_eq!(shines(), "0\n");
        assert_eq!(*told.lock().unwrap(), ["busy true", "release"]);
    }

    #[test]
    fn without_any_variable_nothing_is_opened_or_told() {
        for gpio in [Gpio::Auto, Gpio::Rppal, Gpio::Gpiochip(None), Gpio::Off] {
            let (mut pins, troubles) = open(&Settings { gpio, ..Settings::default() });
            assert_eq!((pins.lamps(), pins.down(), troubles.len()), ([false; 3], None, 0));
        }
    }
}
