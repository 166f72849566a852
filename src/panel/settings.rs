//! The panel's settings, and the words they are written in.
//!
//! Not the variables: `config.rs` reads those, and puts name and value before the errors from
//! here, which say what is allowed.

mod wiring;
mod words;

pub use wiring::BadWiring;
pub use words::BadValue;

use std::fmt;
use std::path::PathBuf;

/// The highest number on a Raspberry Pi's header.
const HEADER: u16 = 27;
/// The note about LEDs in the state folder.
pub(super) const NOTE: &str = "leds";
/// The button's variable.
pub(super) const BUTTON: &str = "PIGENT_BUTTON";

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
    /// `PIGENT_BUTTON`.
    pub button: Option<Pin>,
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

impl Folders {
    /// Whether an earlier pigent has left a note about LEDs.
    pub(super) fn noted(&self) -> bool {
        let note = self.state.as_deref().map(|state| state.join(NOTE));
        note.is_some_and(|note| note.symlink_metadata().is_ok())
    }
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
    /// The kernel's character device: a chip by its path (`/dev/gpiochip0`), name (`gpiochip0`) or
    /// label (`pinctrl-bcm2835`). Without one, numbers are those of a Raspberry Pi's header, or
    /// of `/dev/gpiochip0`, and names of lines may be of any chip.
    Gpiochip(Option<String>),
    /// A socket instead of pins: all three lamps and the button, without any wire.
    Sim(PathBuf),
    /// No lamps, no button.
    Off,
}

/// What a lamp hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A pin.
    Pin(Pin),
    /// One of the kernel's own LEDs, by its name in `/sys/class/leds`.
    Led(String),
}

/// A pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// By its BCM number (with `gpiochip`: the line's offset on the chip).
    Number(u16),
    /// By what the kernel calls the line, or by its chip and offset (`gpiochip4/25`). On all
    /// boards, but not with `rppal`.
    Line(String),
}

/// As in a variable.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pin::Number(number) => write!(f, "{number}"),
            Pin::Line(name) => write!(f, "line:{name}"),
        }
    }
}

/// As in a variable.
impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wire::Pin(pin) => pin.fmt(f),
            Wire::Led(name) => write!(f, "led:{name}"),
        }
    }
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

    /// Every lamp and the button, as far as they are set, with its variable.
    fn wires(&self) -> Vec<(Wire, &'static str)> {
        let lamp = |lamp| Some((self.wire(lamp)?.clone(), lamp.variable()));
        let button = self.button.clone().map(|pin| (Wire::Pin(pin), BUTTON));
        Lamp::ALL.into_iter().filter_map(lamp).chain(button).collect()
    }

    /// Every named pin with its variable, in the order of the variables.
    #[must_use]
    pub fn pins(&self) -> Vec<(Pin, &'static str)> {
        let pin = |(wire, variable)| match wire {
            Wire::Pin(pin) => Some((pin, variable)),
            Wire::Led(_) => None,
        };
        self.wires().into_iter().filter_map(pin).collect()
    }

    /// Whether any variable names a pin.
    #[must_use]
    pub fn any_pin(&self) -> bool {
        !self.pins().is_empty()
    }

    /// Whether any variable names a pin by its line's name.
    pub(super) fn any_line(&self) -> bool {
        self.pins().iter().any(|(pin, _)| matches!(pin, Pin::Line(_)))
    }

    /// Whether any variable names a kernel LED.
    #[must_use]
    pub fn any_led(&self) -> bool {
        Lamp::ALL.into_iter().any(|lamp| matches!(self.wire(lamp), Some(Wire::Led(_))))
    }
}
