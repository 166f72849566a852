//! What no single variable of the panel's can tell: values that do not go together.

use super::{Gpio, HEADER, Pin, Settings, Wire};
use std::fmt;

impl Settings {
    /// Checks what no single variable can tell.
    ///
    /// # Errors
    /// The first pin or LED that is named twice or that the backend cannot have.
    pub fn check(&self) -> Result<(), BadWiring> {
        let wires = self.wires();
        for (index, (wire, second)) in wires.iter().enumerate() {
            if let Some((_, first)) = wires[..index].iter().find(|(other, _)| other == wire) {
                return Err(BadWiring::Twice { wire: wire.clone(), first, second });
            }
            let far = matches!(wire, Wire::Pin(Pin::Number(pin)) if *pin > HEADER);
            if far && !matches!(self.gpio, Gpio::Gpiochip(_)) {
                return Err(BadWiring::NotOnHeader { wire: wire.clone(), variable: second });
            }
            if matches!(wire, Wire::Pin(Pin::Line(_))) && self.gpio == Gpio::Rppal {
                return Err(BadWiring::NoNames { variable: second });
            }
        }
        Ok(())
    }
}

/// Values that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadWiring {
    /// Two variables name one pin or LED.
    Twice {
        /// The pin or LED.
        wire: Wire,
        /// One variable.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Not a pin of the 40-pin header.
    NotOnHeader {
        /// The pin.
        wire: Wire,
        /// Its variable.
        variable: &'static str,
    },
    /// A line's name, with a backend that knows numbers only.
    NoNames {
        /// The variable.
        variable: &'static str,
    },
}

impl fmt::Display for BadWiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadWiring::Twice { wire: Wire::Led(name), first, second } => {
                write!(f, "{first} and {second} both name led:{name}: each needs one of its own")
            }
            BadWiring::Twice { wire, first, second } => {
                write!(f, "{first} and {second} both name pin {wire}: each needs a pin of its own")
            }
            BadWiring::NotOnHeader { wire, variable } => write!(
                f,
                "{variable}={wire} is not on a Raspberry Pi's header: allowed are the BCM numbers \
                 0 to {HEADER}; on other boards set PIGENT_GPIO=gpiochip for higher ones, or name \
                 the line (line:NAME)"
            ),
            BadWiring::NoNames { variable } => write!(
                f,
                "{variable}: rppal knows no names of lines: set PIGENT_GPIO=gpiochip (or auto), or \
                 name a BCM number"
            ),
        }
    }
}

impl std::error::Error for BadWiring {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiring_that_cannot_be_names_its_variables() {
        let settings = Settings {
            busy: Some(Wire::Pin(Pin::Number(17))),
            error: Some(Wire::Led("ACT".into())),
            button: Some(Pin::Number(17)),
            ..Settings::default()
        };
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains("PIGENT_LED_BUSY and PIGENT_BUTTON both name pin 17"), "{error}");
        let led = Some(Wire::Led("ACT".into()));
        let twice = Settings { busy: led.clone(), error: led, ..Settings::default() };
        assert!(twice.check().unwrap_err().to_string().contains("both name led:ACT"));
        let line = Some(Pin::Line("PIN_11".into()));
        let rppal = Settings { gpio: Gpio::Rppal, button: line, ..Settings::default() };
        assert!(rppal.check().unwrap_err().to_string().contains("PIGENT_GPIO=gpiochip"));
        let settings = Settings { button: Some(Pin::Number(120)), ..Settings::default() };
        assert!(settings.check().unwrap_err().to_string().contains("PIGENT_BUTTON=120"));
        let settings = Settings { gpio: Gpio::Gpiochip(None), ..settings };
        assert_eq!(settings.check(), Ok(()));
    }
}
