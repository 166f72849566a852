//! Pins of a Raspberry Pi through its registers (`rppal`): works without a driver, in
//! microseconds, and asks nobody: the kernel does not know that these lines are in use, but for the
//! button's once it reports edges.
//!
//! rppal restores nothing after a crash, so release is explicit: off, then input. The first thing
//! at start is the same, for lamps that an earlier pigent left on.

use super::pins::{Edge, Pins, button_trouble, lamp_trouble};
use super::settings::{ButtonActive, Lamp, LedActive, Pin, Settings};
use super::trouble::{PinError, Trouble};
use crate::bridge::time::Mono;
use rppal::gpio::{Error, Gpio, InputPin, Level, OutputPin, Trigger};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who has the button's line, in the kernel's words: its edges are asked for under this name. Of
/// lamps the kernel knows nothing.
pub(super) const CONSUMER: &str = "RPPAL";

/// Whether this is a Raspberry Pi that rppal knows.
pub(super) fn is_one() -> bool {
    rppal::system::DeviceInfo::new().is_ok()
}

/// Open pins.
pub(super) struct Raspberry {
    gpio: Gpio,
    lamps: [Option<OutputPin>; 3],
    led_active: LedActive,
    button: Option<InputPin>,
    button_active: ButtonActive,
    edges: Arc<Edges>,
}

/// rppal reports edges on a thread of its own; this carries them over.
struct Edges {
    wake: OwnedFd,
    /// That thread is gone: none will come any more.
    lost: AtomicBool,
}

impl Edges {
    fn new() -> rustix::io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Edges { wake, lost: AtomicBool::new(false) })
    }

    fn tell(&self) {
        // It can only be full, and then the thread knows already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn heard(&self) -> Option<Edge> {
        rustix::io::read(&self.wake, &mut [0; 8]).ok()?;
        // Lost once, lost for good: an edge that was told just before must not undo it.
        if !self.lost.load(Ordering::Acquire) {
            return Some(Edge::Seen);
        }
        log::warn!("the button reports no edges: it is sampled 20 times a second");
        Some(Edge::Lost)
    }
}

/// The thread's end. rppal tells nobody when it ends it: the kernel may refuse the line, and any
/// interrupted wait (SIGSTOP and SIGCONT are enough) counts as an error there.
struct Teller(Arc<Edges>);

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.lost.store(true, Ordering::Release);
        self.0.tell();
    }
}

impl Raspberry {
    /// Opens what it can. `Err` if it can open nothing at all.
    pub(super) fn open(
        settings: &Settings,
        lamps: &[(Lamp, Pin)],
        troubles: &mut Vec<Trouble>,
    ) -> Result<Self, PinError> {
        let gpio = Gpio::new().map_err(|error| explain(&error))?;
        let edges = Edges::new().map_err(|error| PinError::Other(error.to_string()))?;
        let edges = Arc::new(edges);
        let (led_active, button_active) = (settings.led_active, settings.button_active);
        let opened = [None, None, None];
        let button = None;
        let mut board = Raspberry { gpio, lamps: opened, led_active, button, button_active, edges };
        for (lamp, pin) in lamps {
            match number(pin).and_then(|pin| board.open_lamp(pin).map_err(|e| explain(&e))) {
                Ok(opened) => board.lamps[*lamp as usize] = Some(opened),
                Err(why) => troubles.push(lamp_trouble(*lamp, pin, why)),
            }
        }
        if let Some(pin) = &settings.button {
            match number(pin).and_then(|pin| board.open_button(pin).map_err(|e| explain(&e))) {
                Ok(button) => board.button = Some(button),
                Err(why) => troubles.push(button_trouble(pin, why)),
            }
        }
        Ok(board)
    }

    fn open_lamp(&self, pin: u8) -> Result<OutputPin, Error> {
        self.give_back(pin)?;
        self.dark(pin)
    }

    /// An output that is off from its first moment.
    fn dark(&self, pin: u8) -> Result<OutputPin, Error> {
        let pin = self.gpio.get(pin)?;
        let mut output = match level(self.led_active, false) {
            Level::Low => pin.into_output_low(),
            Level::High => pin.into_output_high(),
        };
        output.set_reset_on_drop(false);
        Ok(output)
    }

    /// Off, then input.
    fn give_back(&self, pin: u8) -> Result<(), Error> {
        drop(self.dark(pin)?);
        self.gpio.get(pin)?.into_input().set_reset_on_drop(false);
        Ok(())
    }

    fn open_button(&self, pin: u8) -> Result<InputPin, Error> {
        let pin = self.gpio.get(pin)?;
        let mut button = match self.button_active {
            ButtonActive::Low => pin.into_input_pullup(),
            ButtonActive::High => pin.into_input_pulldown(),
        };
        button.set_reset_on_drop(false);
        let teller = Teller(Arc::clone(&self.edges));
        // Whatever goes wrong, now or later: the teller is dropped, which tells.
        let _ = button.set_async_interrupt(Trigger::Both, None, move |_| teller.0.tell());
        Ok(button)
    }
}

impl Pins for Raspberry {
    fn lamps(&self) -> [bool; 3] {
        self.lamps.each_ref().map(Option::is_some)
    }

    fn set(&mut self, lamp: Lamp, on: bool) {
        if let Some(output) = &mut self.lamps[lamp as usize] {
            output.write(level(self.led_active, on));
        }
    }

    fn down(&mut self) -> Option<bool> {
        let down = match self.button_active {
            ButtonActive::Low => Level::Low,
            ButtonActive::High => Level::High,
        };
        self.button.as_ref().map(|button| button.read() == down)
    }

    fn sources<'a>(&'a self, sources: &mut Vec<PollFd<'a>>) {
        sources.push(PollFd::new(&self.edges.wake, PollFlags::IN));
    }

    fn serve(&mut self, _now: Mono) -> Option<Edge> {
        self.edges.heard()
    }

    fn release(&mut self) {
        for lamp in 0..self.lamps.len() {
            if let Some(output) = self.lamps[lamp].take() {
                let pin = output.pin();
                drop(output);
                if let Err(error) = self.give_back(pin) {
                    log::warn!("pin {pin} is not released: {error}");
                }
            }
        }
        if let Some(button) = self.button.take() {
            let pin = button.pin();
            drop(button);
            if let Ok(pin) = self.gpio.get(pin) {
                pin.into_input().set_reset_on_drop(false);
            }
        }
    }
}

fn level(active: LedActive, on: bool) -> Level {
    Level::from((active == LedActive::High) == on)
}

/// Registers know numbers only; settings that say otherwise were refused before.
fn number(pin: &Pin) -> Result<u8, PinError> {
    let number = if let Pin::Number(number) = pin { u8::try_from(*number).ok() } else { None };
    number.ok_or_else(|| PinError::NoSuchLine { chip: "this Raspberry Pi".into() })
}

/// rppal's words in ours.
fn explain(error: &Error) -> PinError {
    match error {
        Error::UnknownModel => PinError::NotRaspberry,
        Error::PermissionDenied(device) if device == "/dev/mem" => PinError::NoGpiomem,
        Error::PermissionDenied(device) => PinError::Denied { device: PathBuf::from(device) },
        Error::PinUsed(_) => PinError::Taken { by: "pigent itself".into() },
        Error::PinNotAvailable(_) => PinError::NoSuchLine { chip: "this Raspberry Pi".into() },
        other => PinError::Other(other.to_string()),
    }
}

/// Opens and closes the way to the registers, and touches no pin.
pub(super) fn probe() -> Result<(), PinError> {
    Gpio::new().map(drop).map_err(|error| explain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_that_stop_coming_are_told_for_good() {
        let edges = Arc::new(Edges::new().unwrap());
        let teller = Teller(Arc::clone(&edges));
        assert_eq!(edges.heard(), None);
        teller.0.tell();
        assert_eq!((edges.heard(), edges.heard()), (Some(Edge::Seen), None));
        // As rppal does it: an error ends the thread, and with it the callback.
        let thread = std::thread::spawn(move || teller.0.tell());
        thread.join().unwrap();
        assert_eq!((edges.heard(), edges.heard()), (Some(Edge::Lost), None));
        edges.tell();
        assert_eq!(edges.heard(), Some(Edge::Lost));
    }
}
