//! What can be wrong with lamps, button and pins, each with what to do about it.

use std::fmt;
use std::path::PathBuf;

/// Why a lamp, the button or all of them cannot be used; the text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// This device may not be opened.
    Denied {
        /// The device.
        device: PathBuf,
    },
    /// Another program or driver has the line.
    Taken {
        /// Its name, if the kernel knows one.
        by: String,
    },
    /// The chip has no such line, or the board lets nobody have it.
    NoSuchLine {
        /// The chip.
        chip: PathBuf,
    },
    /// There is no such chip.
    NoChip {
        /// The device, name or label that was looked for.
        wanted: String,
        /// Those there are, in a row; may be empty.
        there: String,
    },
    /// No line has that name.
    NoLine {
        /// Names there are, in a row; may be empty.
        there: String,
    },
    /// More than one line has that name.
    ManyLines {
        /// Where they are, as `CHIP/OFFSET`, in a row.
        there: String,
    },
    /// rppal works on a Raspberry Pi only.
    NotRaspberry,
    /// The kernel has no `/dev/gpiomem`, and only root may do without.
    NoGpiomem,
    /// The kernel has no LED of that name.
    NoLed {
        /// Those it has, in a row; may be empty.
        there: String,
    },
    /// The files of a kernel LED belong to root.
    LedDenied {
        /// The file that may not be written.
        file: PathBuf,
    },
    /// Anything else the system said.
    Other(String),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PinError::Denied { device } => write!(
                f,
                "{} may not be opened: add pigent's user to the group gpio (sudo usermod -aG gpio \
                 $USER) and start it again",
                device.display()
            ),
            PinError::Taken { by } => write!(
                f,
                "the line is in use by {by}: free it there (/boot/firmware/config.txt, another \
                 program), or take another pin"
            ),
            PinError::NoSuchLine { chip } => write!(
                f,
                "{} has no such line for programs: take another number (`pigent doctor \
                 --board` lists them)",
                chip.display()
            ),
            PinError::NoChip { wanted, there } if there.is_empty() => {
                write!(f, "there is no {wanted}, nor any other GPIO chip: set PIGENT_GPIO=off")
            }
            PinError::NoChip { wanted, there } => write!(
                f,
                "there is no {wanted}: name a chip that is there, PIGENT_GPIO=gpiochip:NAME; there \
                 are {there}"
            ),
            PinError::NoLine { there } if there.is_empty() => f.write_str(
                "no line has a name on this board: write line:CHIP/OFFSET (`pigent doctor --board` \
                 lists the chips)",
            ),
            PinError::NoLine { there } => write!(
                f,
                "no line has that name: there are {there} (`pigent doctor --board` lists all)"
            ),
            PinError::ManyLines { there } => {
                write!(f, "several lines have that name: write line:CHIP/OFFSET for one of {there}")
            }
            PinError::NotRaspberry => f.write_str(
                "this is no Raspberry Pi that rppal knows: set PIGENT_GPIO=gpiochip (or auto)",
            ),
            PinError::NoGpiomem => f.write_str(
                "this kernel has no /dev/gpiomem, and /dev/mem is root's: set PIGENT_GPIO=gpiochip",
            ),
            PinError::NoLed { there } if there.is_empty() => f.write_str(
                "the kernel has no LEDs on this board: name a pin, or leave the variable empty",
            ),
            PinError::NoLed { there } => {
                write!(f, "the kernel has no LED of that name: there are {there}")
            }
            PinError::LedDenied { file } => write!(
                f,
                "{} may not be written: put 60-pigent-leds.rules into /etc/udev/rules.d (`pigent \
                 service install` and the .deb do), run `sudo udevadm trigger -s leds`, and add \
                 pigent's user to the group gpio (sudo usermod -aG gpio $USER)",
                file.display()
            ),
            PinError::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PinError {}

/// Something that could not be opened, by its variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// `PIGENT_LED_BUSY=17`, say.
    pub what: String,
    /// Why, and what to do.
    pub why: PinError,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}
