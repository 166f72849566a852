//! Pins through the kernel's character device: any board, and the kernel knows who has a line.
//!
//! Each lamp is a request of its own, so that one that is taken costs no other. Polarity is the
//! kernel's business here: a line is active or not. Bias is asked for and done without where the
//! driver has none. The kernel's debouncing is not asked for: where it does that in software, it
//! answers with a level that only an edge can change, and sampling a line whose edges never come
//! would see the first level for ever.

use super::pins::{PinError, Pins, Trouble, button_trouble, lamp_trouble};
use super::settings::{ButtonActive, Gpio, Lamp, LedActive, Settings};
use crate::bridge::time::Mono;
use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, Value};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Who has the line, for `gpioinfo` and for other programs' errors.
pub(super) const CONSUMER: &str = "pigent";

/// More edges than this in one go are read in the next one.
const EDGES: usize = 64;

/// Open lines.
pub(super) struct Chip {
    lamps: [Option<Request>; 3],
    button: Option<Request>,
}

impl Chip {
    /// Opens what it can. `Err` if there is no chip to open.
    pub(super) fn open(
        settings: &Settings,
        lamps: &[(Lamp, u8)],
        troubles: &mut Vec<Trouble>,
    ) -> Result<Self, PinError> {
        let path = chip_path(&settings.gpio);
        gpiocdev::Chip::from_path(&path).map_err(|error| explain(&error, &path, 0))?;
        let mut chip = Chip { lamps: [None, None, None], button: None };
        for &(lamp, pin) in lamps {
            match open_lamp(&path, pin, settings.led_active) {
                Ok(line) => chip.lamps[lamp as usize] = Some(line),
                Err(error) => {
                    troubles.push(lamp_trouble(lamp, pin, explain(&error, &path, pin)));
                }
            }
        }
        if let Some(pin) = settings.button {
            match open_button(&path, pin, settings.button_active) {
                Ok(line) => chip.button = Some(line),
                Err(error) => troubles.push(button_trouble(pin, explain(&error, &path, pin))),
            }
        }
        Ok(chip)
    }
}

impl Pins for Chip {
    fn lamps(&self) -> [bool; 3] {
        self.lamps.each_ref().map(Option::is_some)
    }

    fn set(&mut self, lamp: Lamp, on: bool) {
        let Some(line) = &self.lamps[lamp as usize] else { return };
        if let Err(error) = line.set_lone_value(Value::from(on)) {
            log::error!("the {lamp} lamp is gone: {error}");
            self.lamps[lamp as usize] = None;
        }
    }

    fn down(&mut self) -> Option<bool> {
        match self.button.as_ref()?.lone_value() {
            Ok(value) => Some(value == Value::Active),
            Err(error) => {
                log::error!("the button is gone: {error}");
                self.button = None;
                None
            }
        }
    }

    fn sources<'a>(&'a self, sources: &mut Vec<PollFd<'a>>) {
        sources.extend(self.button.iter().map(|line| PollFd::new(line, PollFlags::IN)));
    }

    fn serve(&mut self, _now: Mono) -> bool {
        let Some(line) = &self.button else { return false };
        let mut edge = false;
        for _ in 0..EDGES {
            match line.has_edge_event().and_then(|more| {
                if more { line.read_edge_event().map(|_| true) } else { Ok(false) }
            }) {
                Ok(true) => edge = true,
                Ok(false) => break,
                Err(error) => {
                    // A chip that was unplugged would report itself for ever.
                    log::error!("the button is gone: {error}");
                    self.button = None;
                    return false;
                }
            }
        }
        edge
    }

    fn release(&mut self) {
        for lamp in Lamp::ALL {
            self.set(lamp, false);
        }
        for line in self.lamps.iter_mut().filter_map(Option::take) {
            // The kernel leaves a line as it was when its last user goes.
            let mut config = line.config();
            let config = config.as_input();
            if let Err(error) = line.reconfigure(config) {
                log::warn!("a lamp's line stays an output: {error}");
            }
        }
        self.button = None;
    }
}

fn open_lamp(chip: &Path, pin: u8, active: LedActive) -> gpiocdev::Result<Request> {
    let mut builder = Request::builder();
    builder.on_chip(chip).with_consumer(CONSUMER);
    if active == LedActive::Low {
        builder.as_active_low();
    }
    builder.as_output(Value::Inactive).with_line(pin.into()).request()
}

fn open_button(chip: &Path, pin: u8, active: ButtonActive) -> gpiocdev::Result<Request> {
    let bias = match active {
        ButtonActive::Low => Bias::PullUp,
        ButtonActive::High => Bias::PullDown,
    };
    let request = |bias: Option<Bias>| {
        let mut builder = Request::builder();
        builder.on_chip(chip).with_consumer(CONSUMER).as_input();
        if active == ButtonActive::Low {
            builder.as_active_low();
        }
        builder.with_bias(bias).with_edge_detection(EdgeDetection::BothEdges);
        builder.with_line(pin.into()).request()
    };
    request(Some(bias)).or_else(|error| {
        if matches!(errno(&error), Some(Errno::BUSY | Errno::ACCESS | Errno::PERM)) {
            return Err(error);
        }
        log::warn!("line {pin} has no pull resistor of its own: the button needs one outside");
        request(None)
    })
}

/// The chip the settings name, the one of a Raspberry Pi's header, or the first.
pub(super) fn chip_path(gpio: &Gpio) -> PathBuf {
    if let Gpio::Gpiochip(Some(path)) = gpio {
        return path.clone();
    }
    let header = |path: &PathBuf| {
        let info = gpiocdev::Chip::from_path(path).and_then(|chip| chip.info());
        info.is_ok_and(|info| {
            info.label.starts_with("pinctrl-bcm2") || info.label.starts_with("pinctrl-rp1")
        })
    };
    let chips = gpiocdev::chip::chips().unwrap_or_default();
    chips.into_iter().find(header).unwrap_or_else(|| PathBuf::from("/dev/gpiochip0"))
}

/// Who has this line, if anybody has. Touches nothing.
pub(super) fn holder(chip: &Path, pin: u8) -> Result<Option<String>, PinError> {
    let info = gpiocdev::Chip::from_path(chip).and_then(|chip| chip.line_info(pin.into()));
    let info = info.map_err(|error| explain(&error, chip, pin))?;
    let name = if info.consumer.is_empty() { "the kernel".to_owned() } else { info.consumer };
    Ok(info.used.then_some(name))
}

/// The kernel's words in ours.
fn explain(error: &gpiocdev::Error, chip: &Path, pin: u8) -> PinError {
    match errno(error) {
        Some(Errno::ACCESS | Errno::PERM) => PinError::Denied { device: chip.to_owned() },
        Some(Errno::NOENT) => PinError::NoChip { device: chip.to_owned() },
        Some(Errno::INVAL) => PinError::NoSuchLine { chip: chip.to_owned() },
        Some(Errno::BUSY) => {
            let by = holder(chip, pin).ok().flatten();
            PinError::Taken { by: by.unwrap_or_else(|| "another program".into()) }
        }
        _ => PinError::Other(error.to_string()),
    }
}

/// The errno behind an error. Most come inside a type of a crate that gpiocdev does not pass on,
/// so the number is taken from the text that the standard library writes for it.
fn errno(error: &gpiocdev::Error) -> Option<Errno> {
    let text = error.to_string();
    let (_, rest) = text.rsplit_once("(os error ")?;
    let digits = rest.split_once(')')?.0;
    digits.parse().ok().map(Errno::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errno_is_found_in_the_text() {
        let busy = std::io::Error::from_raw_os_error(Errno::BUSY.raw_os_error());
        assert_eq!(errno(&gpiocdev::Error::from(busy)), Some(Errno::BUSY));
        assert_eq!(errno(&gpiocdev::Error::NoGpioChips()), None);
    }

    #[test]
    fn a_missing_chip_is_named_with_a_remedy() {
        let path = PathBuf::from("/dev/gpiochip-none");
        let settings = Settings {
            gpio: Gpio::Gpiochip(Some(path.clone())),
            button: Some(3),
            ..Settings::default()
        };
        let error = Chip::open(&settings, &[], &mut Vec::new()).err();
        assert_eq!(error, Some(PinError::NoChip { device: path }));
    }
}
