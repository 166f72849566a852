//! Pins through the kernel's character device: any board, and the kernel knows who has a line.
//!
//! Each lamp is a request of its own, so that one that is taken costs no other. Polarity is the
//! kernel's business here: a line is active or not. Bias is asked for and done without where the
//! driver has none. The kernel's debouncing is not asked for: where it does that in software, it
//! answers with a level that only an edge can change, and sampling a line whose edges never come
//! would see the first level for ever.

use super::lines::{self, Place, errno, explain};
use super::pins::{Edge, Pins, button_trouble, lamp_trouble};
use super::settings::{ButtonActive, Lamp, LedActive, Pin, Settings};
use super::trouble::{PinError, Trouble};
use crate::bridge::time::Mono;
use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, Value};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

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
        lamps: &[(Lamp, Pin)],
        troubles: &mut Vec<Trouble>,
    ) -> Result<Self, PinError> {
        // Who cannot have any chip would only hear that again for each pin.
        let first = lamps.iter().map(|(_, pin)| pin).chain(&settings.button).next();
        if let Some(Pin::Number(_)) = first {
            let chip = lines::chip(&settings.gpio)?;
            gpiocdev::Chip::from_path(&chip).map_err(|error| explain(&error, &chip))?;
        }
        let mut chip = Chip { lamps: [None, None, None], button: None };
        for (lamp, pin) in lamps {
            let place = lines::place(&settings.gpio, pin);
            match place.and_then(|place| open_lamp(&place, settings.led_active)) {
                Ok(line) => chip.lamps[*lamp as usize] = Some(line),
                Err(why) => troubles.push(lamp_trouble(*lamp, pin, why)),
            }
        }
        if let Some(pin) = &settings.button {
            let place = lines::place(&settings.gpio, pin);
            match place.and_then(|place| open_button(&place, settings.button_active)) {
                Ok(line) => chip.button = Some(line),
                Err(why) => troubles.push(button_trouble(pin, why)),
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

    fn serve(&mut self, _now: Mono) -> Option<Edge> {
        let line = self.button.as_ref()?;
        let mut edge = None;
        for _ in 0..EDGES {
            match line.has_edge_event().and_then(|more| {
                if more { line.read_edge_event().map(|_| true) } else { Ok(false) }
            }) {
                Ok(true) => edge = Some(Edge::Seen),
                Ok(false) => break,
                Err(error) => {
                    // A chip that was unplugged would report itself for ever.
                    log::error!("the button is gone: {error}");
                    self.button = None;
                    return None;
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

fn open_lamp(place: &Place, active: LedActive) -> Result<Request, PinError> {
    let mut builder = Request::builder();
    builder.on_chip(&place.chip).with_consumer(CONSUMER);
    if active == LedActive::Low {
        builder.as_active_low();
    }
    let line = builder.as_output(Value::Inactive).with_line(place.offset).request();
    line.map_err(|error| refused(&error, place))
}

fn open_button(place: &Place, active: ButtonActive) -> Result<Request, PinError> {
    let bias = match active {
        ButtonActive::Low => Bias::PullUp,
        ButtonActive::High => Bias::PullDown,
    };
    let request = |bias: Option<Bias>| {
        let mut builder = Request::builder();
        builder.on_chip(&place.chip).with_consumer(CONSUMER).as_input();
        if active == ButtonActive::Low {
            builder.as_active_low();
        }
        builder.with_bias(bias).with_edge_detection(EdgeDetection::BothEdges);
        builder.with_line(place.offset).request()
    };
    let line = request(Some(bias)).or_else(|error| {
        if matches!(errno(&error), Some(Errno::BUSY | Errno::ACCESS | Errno::PERM)) {
            return Err(error);
        }
        log::warn!("the button's line has no pull resistor of its own: it needs one outside");
        request(None)
    });
    line.map_err(|error| refused(&error, place))
}

/// Why a line cannot be had.
fn refused(error: &gpiocdev::Error, place: &Place) -> PinError {
    if errno(error) != Some(Errno::BUSY) {
        return explain(error, &place.chip);
    }
    let by = lines::holder(place).ok().flatten();
    PinError::Taken { by: by.unwrap_or_else(|| "another program".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::settings::Gpio;

    #[test]
    fn a_missing_chip_is_told_once_with_a_remedy() {
        let gpio = Gpio::Gpiochip(Some("/dev/gpiochip-none".into()));
        let pin = Pin::Number(4);
        let button = Some(Pin::Number(3));
        let settings = Settings { gpio, button, ..Settings::default() };
        let mut troubles = Vec::new();
        let error = Chip::open(&settings, &[(Lamp::Busy, pin)], &mut troubles).err().unwrap();
        assert!(error.to_string().contains("PIGENT_GPIO"), "{error}");
        assert_eq!(troubles, []);
    }
}
