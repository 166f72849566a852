//! What the board has: model, chips and lines, kernel LEDs, what else is switched on. Looks only.

use super::gpiochip;
use super::header::{self, Functions};
use super::led;
use super::lines::{self, ChipInfo};
use super::probe::registers;
use super::raspberry;
use super::settings::{BUTTON, Folders, Gpio, Lamp, Pin, Settings, Wire};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What is read of a small file, bytes.
const SMALL: u64 = 4096;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The device tree's word for it; empty on a PC.
    pub model: String,
    /// The chips that may be opened.
    pub chips: Vec<ChipInfo>,
    /// Kernel LEDs: name and trigger.
    pub leds: Vec<(String, String)>,
    /// What else uses the header.
    pub functions: Functions,
}

impl Inventory {
    /// Looks at everything. `folders` tell where the LEDs are.
    #[must_use]
    pub fn read(folders: &Folders) -> Inventory {
        let trigger = |name: String| {
            let trigger = led::trigger_of(&folders.leds.join(&name));
            (name, trigger.unwrap_or_else(|error| error.to_string()))
        };
        Inventory {
            model: model(),
            chips: lines::chips(),
            leds: led::names(&folders.leds).into_iter().map(trigger).collect(),
            functions: functions(),
        }
    }

    /// The chip with the lines of a Raspberry Pi's header, if it may be opened.
    #[must_use]
    pub fn header_chip(&self) -> Option<&ChipInfo> {
        self.chips.iter().find(|chip| lines::is_header(&chip.label))
    }

    /// How many pins the header has that BCM numbers are about, if there is one.
    #[must_use]
    pub fn header(&self, settings: &Settings) -> Option<usize> {
        let pins = header::pins_of(&self.model)?;
        let ours = match &settings.gpio {
            // Numbers of another chip are not those of the header.
            Gpio::Gpiochip(Some(_)) => lines::chip(&settings.gpio).is_ok_and(|path| {
                let chip = self.chips.iter().find(|chip| chip.path == path);
                chip.is_none_or(|chip| lines::is_header(&chip.label))
            }),
            Gpio::Sim(_) => false,
            _ => true,
        };
        ours.then_some(pins)
    }

    /// A wire in words for who has it in hand: `GPIO 17, header pin 11`.
    #[must_use]
    pub fn name(&self, wire: &Wire, settings: &Settings) -> String {
        match wire {
            Wire::Led(name) => format!("the kernel's LED {name}"),
            Wire::Pin(Pin::Line(name)) => format!("line {name}"),
            Wire::Pin(Pin::Number(number)) => {
                let pin = self
                    .header(settings)
                    .and_then(|pins| header::header_pin(*number).filter(|pin| *pin <= pins));
                match pin {
                    Some(pin) => format!("GPIO {number}, header pin {pin}"),
                    None => format!("line {number}"),
                }
            }
        }
    }

    /// Where a lamp is, in words.
    #[must_use]
    pub fn lamp(&self, lamp: Lamp, settings: &Settings) -> String {
        self.place(settings.wire(lamp), settings)
    }

    /// Where the button is, in words.
    #[must_use]
    pub fn button(&self, settings: &Settings) -> String {
        self.place(settings.button.clone().map(Wire::Pin).as_ref(), settings)
    }

    fn place(&self, wire: Option<&Wire>, settings: &Settings) -> String {
        match (&settings.gpio, wire) {
            (Gpio::Sim(_), _) => "simulated".to_owned(),
            (_, Some(wire)) => self.name(wire, settings),
            (_, None) => "no pin".to_owned(),
        }
    }

    /// Which lines pigent's lamps and button are on, as far as they can be found.
    #[must_use]
    pub fn marks(&self, settings: &Settings) -> Vec<Mark> {
        let mark = |(pin, variable)| {
            let what = Lamp::ALL.into_iter().find(|lamp| lamp.variable() == variable);
            let what = what.map_or_else(|| "button".to_owned(), |lamp| format!("{lamp} lamp"));
            let place = lines::place(&settings.gpio, &pin).ok()?;
            let rppal = is_button(variable) && registers(settings);
            Some(Mark { what, chip: place.chip, offset: place.offset, rppal })
        };
        settings.pins().into_iter().filter_map(mark).collect()
    }
}

/// A line that pigent uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// `busy lamp`, `button`.
    pub what: String,
    /// The chip.
    pub chip: PathBuf,
    /// The line on it.
    pub offset: u32,
    /// It is rppal that asks the kernel for this line.
    pub rppal: bool,
}

impl Mark {
    /// Whether this user of the line is pigent, as far as a name tells.
    #[must_use]
    pub fn is_pigent(&self, user: &str) -> bool {
        user == gpiochip::CONSUMER || self.rppal && user == raspberry::CONSUMER
    }
}

/// Whether this variable is the button's.
pub(super) fn is_button(variable: &str) -> bool {
    variable == BUTTON
}

/// The board's name, printable; empty if it tells none.
fn model() -> String {
    let text = small("/proc/device-tree/model");
    text.trim_end_matches('\0').replace(char::is_control, "?")
}

fn functions() -> Functions {
    let there = |device: &str| Path::new(device).exists();
    let consoles = small("/proc/consoles");
    let serial = |line: &str| line.starts_with("ttyS0 ") || line.starts_with("ttyAMA0 ");
    Functions {
        i2c: there("/dev/i2c-1"),
        spi: there("/dev/spidev0.0") || there("/dev/spidev0.1"),
        console: consoles.lines().any(serial),
    }
}

/// The beginning of a file; empty if there is none.
pub(super) fn small(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(SMALL).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
