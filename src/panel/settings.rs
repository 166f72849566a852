//! The panel's settings, and the words they are written in.
//!
//! Not the variables: `config.rs` reads those, and puts name and value before the errors from
//! here, which say what is allowed.

use super::led::is_name;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The highest number on a Raspberry Pi's header.
const HEADER: u8 = 27;

/// Everything the panel is told. Without a wire no pin is touched, whatever the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `PIGENT_GPIO`.
    pub gpio: Gpio,
    /// `PIGENT_LED_BUSY`.
    pub busy: Option<Wire>,
    /// `PIGENT_LED_IDLE`.
    pub idle: Option<Wire>,
    /// `PIGENT_LED_ERROR`.
    pub error: Option<Wire>,
    /// `PIGENT_BUTTON`: a BCM number.
    pub button: Option<u8>,
    /// `PIGENT_LED_ACTIVE`: the level that lights a lamp.
    pub led_active: LedActive,
    /// `PIGENT_BUTTON_ACTIVE`: the level of a pressed button.
    pub button_active: ButtonActive,
    /// Where kernel LEDs are, and what is remembered of them.
    pub folders: Folders,
}

/// The two folders that kernel LEDs need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// `/sys/class/leds`; tests have one of their own.
    pub leds: PathBuf,
    /// The state folder; without one nothing is noted, and what a killed pigent had changed stays.
    pub state: Option<PathBuf>,
}

impl Default for Folders {
    fn default() -> Self {
        Folders { leds: "/sys/class/leds".into(), state: None }
    }
}

/// Which way to the pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Gpio {
    /// [`Gpio::Rppal`] on a Raspberry Pi, else [`Gpio::Gpiochip`], else none.
    #[default]
    Auto,
    /// Registers of a Raspberry Pi, through `/dev/gpiomem`.
    Rppal,
    /// The kernel's character device; `None` is the header's chip, or `/dev/gpiochip0`.
    Gpiochip(Option<PathBuf>),
    /// A socket instead of pins: all three lamps and the button, without any wire.
    Sim(PathBuf),
    /// No lamps, no button.
    Off,
}

/// What a lamp hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A pin by its BCM number (with `gpiochip`: the line's offset).
    Bcm(u8),
    /// One of the kernel's own LEDs, by its name in `/sys/class/leds`.
    Kernel(String),
}

/// The level that lights a lamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LedActive {
    /// Between pin and ground.
    #[default]
    High,
    /// Between supply and pin.
    Low,
}

/// The level of a pressed button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonActive {
    /// Between pin and ground; the pin is pulled up.
    #[default]
    Low,
    /// Between pin and supply; the pin is pulled down.
    High,
}

/// One of the three lamps, in the order of their variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lamp {
    /// `busy`.
    Busy,
    /// `idle`.
    Idle,
    /// `error`.
    Error,
}

impl Lamp {
    /// All of them, in order.
    pub const ALL: [Lamp; 3] = [Lamp::Busy, Lamp::Idle, Lamp::Error];

    /// The word for it in variables, logs and the sim socket.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Lamp::Busy => "busy",
            Lamp::Idle => "idle",
            Lamp::Error => "error",
        }
    }

    pub(super) fn variable(self) -> &'static str {
        match self {
            Lamp::Busy => "PIGENT_LED_BUSY",
            Lamp::Idle => "PIGENT_LED_IDLE",
            Lamp::Error => "PIGENT_LED_ERROR",
        }
    }
}

impl fmt::Display for Lamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Settings {
    /// What this lamp hangs on.
    #[must_use]
    pub fn wire(&self, lamp: Lamp) -> Option<&Wire> {
        match lamp {
            Lamp::Busy => self.busy.as_ref(),
            Lamp::Idle => self.idle.as_ref(),
            Lamp::Error => self.error.as_ref(),
        }
    }

    /// Every named pin with its variable.
    fn pins(&self) -> Vec<(u8, &'static str)> {
        let lamps = Lamp::ALL.into_iter().filter_map(|lamp| match self.wire(lamp) {
            Some(Wire::Bcm(pin)) => Some((*pin, lamp.variable())),
            _ => None,
        });
        lamps.chain(self.button.map(|pin| (pin, "PIGENT_BUTTON"))).collect()
    }

    /// Whether any variable names a pin.
    #[must_use]
    pub fn any_pin(&self) -> bool {
        !self.pins().is_empty()
    }

    /// Whether any variable names a kernel LED.
    #[must_use]
    pub fn any_led(&self) -> bool {
        Lamp::ALL.into_iter().any(|lamp| matches!(self.wire(lamp), Some(Wire::Kernel(_))))
    }

    /// Checks what no single variable can tell.
    ///
    /// # Errors
    /// The first pin that is named twice or that the backend cannot have.
    pub fn check(&self) -> Result<(), BadWiring> {
        let pins = self.pins();
        for (index, (pin, second)) in pins.iter().enumerate() {
            if let Some((_, first)) = pins[..index].iter().find(|(other, _)| other == pin) {
                return Err(BadWiring::Twice { pin: *pin, first, second });
            }
            if *pin > HEADER && !matches!(self.gpio, Gpio::Gpiochip(_)) {
                return Err(BadWiring::NotOnHeader { pin: *pin, variable: second });
            }
        }
        Ok(())
    }
}

/// A value that cannot be: the text says what can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadValue(&'static str);

impl BadValue {
    /// What is allowed.
    #[must_use]
    pub fn allowed(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "allowed: {}", self.0)
    }
}

impl std::error::Error for BadValue {}

/// Values that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadWiring {
    /// Two variables name one pin.
    Twice {
        /// The pin.
        pin: u8,
        /// One variable.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Not a pin of the 40-pin header.
    NotOnHeader {
        /// The pin.
        pin: u8,
        /// Its variable.
        variable: &'static str,
    },
}

impl fmt::Display for BadWiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadWiring::Twice { pin, first, second } => {
                write!(f, "{first} and {second} both name pin {pin}: each needs a pin of its own")
            }
            BadWiring::NotOnHeader { pin, variable } => write!(
                f,
                "{variable}={pin} is not on a Raspberry Pi's header: allowed are the BCM numbers 0 \
                 to {HEADER}; on other boards set PIGENT_GPIO=gpiochip for line numbers up to 255"
            ),
        }
    }
}

impl std::error::Error for BadWiring {}

const GPIO_WORDS: BadValue =
    BadValue("auto, rppal, gpiochip, gpiochip:/dev/gpiochipN, sim:/path/of/a/socket, off");
const PIN_WORDS: BadValue = BadValue("a BCM number (0 to 27)");
const WIRE_WORDS: BadValue = BadValue("a BCM number (0 to 27), or led:NAME for a kernel LED");
const LEVEL_WORDS: BadValue = BadValue("high, low");

impl FromStr for Gpio {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text.split_once(':') {
            None => match text {
                "auto" => Ok(Gpio::Auto),
                "rppal" => Ok(Gpio::Rppal),
                "gpiochip" => Ok(Gpio::Gpiochip(None)),
                "off" => Ok(Gpio::Off),
                _ => Err(GPIO_WORDS),
            },
            Some(("gpiochip", path)) if path.starts_with("/dev/") => {
                Ok(Gpio::Gpiochip(Some(path.into())))
            }
            Some(("sim", path)) if !path.is_empty() => Ok(Gpio::Sim(path.into())),
            Some(_) => Err(GPIO_WORDS),
        }
    }
}

impl FromStr for Wire {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let Some(name) = text.strip_prefix("led:") else {
            return parse_pin(text).map(Wire::Bcm).map_err(|_| WIRE_WORDS);
        };
        if is_name(name) { Ok(Wire::Kernel(name.to_owned())) } else { Err(WIRE_WORDS) }
    }
}

/// A pin's number, as in `PIGENT_BUTTON`. [`Settings::check`] says whether the board has it.
///
/// # Errors
/// If it is not a number from 0 to 255 in plain digits.
pub fn parse_pin(text: &str) -> Result<u8, BadValue> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(PIN_WORDS)
}

impl FromStr for LedActive {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "high" => Ok(LedActive::High),
            "low" => Ok(LedActive::Low),
            _ => Err(LEVEL_WORDS),
        }
    }
}

impl FromStr for ButtonActive {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "high" => Ok(ButtonActive::High),
            "low" => Ok(ButtonActive::Low),
            _ => Err(LEVEL_WORDS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_understood() {
        let gpio = |text: &str| text.parse::<Gpio>();
        assert_eq!(gpio("auto"), Ok(Gpio::Auto));
        assert_eq!(gpio("rppal"), Ok(Gpio::Rppal));
        assert_eq!(gpio("gpiochip"), Ok(Gpio::Gpiochip(None)));
        let second = Some(PathBuf::from("/dev/gpiochip1"));
        assert_eq!(gpio("gpiochip:/dev/gpiochip1"), Ok(Gpio::Gpiochip(second)));
        assert_eq!(gpio("sim:a:b"), Ok(Gpio::Sim("a:b".into())));
        assert_eq!(gpio("off"), Ok(Gpio::Off));
        assert_eq!("17".parse(), Ok(Wire::Bcm(17)));
        assert_eq!("led:ACT".parse(), Ok(Wire::Kernel("ACT".into())));
        assert_eq!("low".parse(), Ok(LedActive::Low));
        assert_eq!("high".parse(), Ok(ButtonActive::High));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in ["", "AUTO", "sim:", "sim", "gpiochip:", "gpiochip:chip0", "off:"] {
            assert_eq!(text.parse::<Gpio>(), Err(GPIO_WORDS), "{text:?}");
        }
        for text in ["", "led:", "led:../x", "led:..", "-1", "+4", "256", "GPIO17", " 17"] {
            assert_eq!(text.parse::<Wire>(), Err(WIRE_WORDS), "{text:?}");
        }
        assert!("1".parse::<LedActive>().unwrap_err().to_string().contains("high, low"));
    }

    #[test]
    fn wiring_that_cannot_be_names_its_variables() {
        let settings = Settings {
            busy: Some(Wire::Bcm(17)),
            error: Some(Wire::Kernel("ACT".into())),
            button: Some(17),
            ..Settings::default()
        };
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains("PIGENT_LED_BUSY and PIGENT_BUTTON both name pin 17"), "{error}");
        let settings = Settings { button: Some(120), ..Settings::default() };
        assert!(settings.check().unwrap_err().to_string().contains("PIGENT_BUTTON=120"));
        let settings = Settings { gpio: Gpio::Gpiochip(None), ..settings };
        assert_eq!(settings.check(), Ok(()));
    }
}
