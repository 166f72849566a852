//! The words that the panel's settings are written in.
//!
//! Each value by itself; what does not go together is found by `wiring.rs`.

use super::{ButtonActive, Gpio, LedActive, Pin, Wire};
use crate::panel::led::is_name;
use std::fmt;
use std::str::FromStr;

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

const GPIO_WORDS: BadValue = BadValue(
    "auto, rppal, gpiochip, gpiochip:/dev/gpiochipN, gpiochip:NAME (a chip's name or label), \
     sim:/path/of/a/socket, off",
);
const PIN_WORDS: BadValue =
    BadValue("a BCM number (0 to 27), line:NAME or line:CHIP/OFFSET for a line of the kernel's");
const WIRE_WORDS: BadValue = BadValue(
    "a BCM number (0 to 27), line:NAME or line:CHIP/OFFSET for a line of the kernel's, or led:NAME \
     for a kernel LED",
);
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
            Some(("gpiochip", name)) if is_chip(name) => Ok(Gpio::Gpiochip(Some(name.into()))),
            Some(("sim", path)) if !path.is_empty() => Ok(Gpio::Sim(path.into())),
            Some(_) => Err(GPIO_WORDS),
        }
    }
}

/// A device's path, or the name or label of a chip: both end at 31 bytes in the kernel.
fn is_chip(text: &str) -> bool {
    let name = |text: &str| (1..=32).contains(&text.len()) && !text.contains('/');
    let printable = !text.contains(char::is_control);
    printable && (text.strip_prefix("/dev/").is_some_and(|rest| !rest.is_empty()) || name(text))
}

impl FromStr for Wire {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let Some(name) = text.strip_prefix("led:") else {
            return text.parse().map(Wire::Pin).map_err(|_: BadValue| WIRE_WORDS);
        };
        // It is a folder's name in /sys/class/leds, and must stay one.
        if is_name(name) { Ok(Wire::Led(name.to_owned())) } else { Err(WIRE_WORDS) }
    }
}

/// [`Settings::check`] says whether the board can have it.
impl FromStr for Pin {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if let Some(name) = text.strip_prefix("line:") {
            // A chip's name, a slash and a number; a line's own name ends at 31 bytes.
            let plain = (1..=64).contains(&name.len()) && !name.contains(char::is_control);
            return if plain { Ok(Pin::Line(name.to_owned())) } else { Err(PIN_WORDS) };
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Pin::Number).ok_or(PIN_WORDS)
    }
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
        for chip in ["/dev/gpiochip1", "gpiochip1", "300b000.pinctrl", "gpio-96-127"] {
            let named = Ok(Gpio::Gpiochip(Some(chip.to_owned())));
            assert_eq!(gpio(&format!("gpiochip:{chip}")), named);
        }
        assert_eq!(gpio("sim:a:b"), Ok(Gpio::Sim("a:b".into())));
        assert_eq!(gpio("off"), Ok(Gpio::Off));
        assert_eq!("17".parse(), Ok(Wire::Pin(Pin::Number(17))));
        assert_eq!("led:ACT".parse(), Ok(Wire::Led("ACT".into())));
        for name in ["PIN_11", "pin-11 [GPIO3_A1]", "gpiochip4/25", "[emmc rst]"] {
            let pin = Pin::Line(name.to_owned());
            assert_eq!(format!("line:{name}").parse(), Ok(pin.clone()));
            assert_eq!(pin.to_string().parse(), Ok(Wire::Pin(pin)));
        }
        assert_eq!("low".parse(), Ok(LedActive::Low));
        assert_eq!("high".parse(), Ok(ButtonActive::High));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in
            ["", "AUTO", "sim:", "sim", "gpiochip:", "gpiochip:../x", "gpiochip:/dev/", "off:"]
        {
            assert_eq!(text.parse::<Gpio>(), Err(GPIO_WORDS), "{text:?}");
        }
        for text in
            ["", "led:", "led:../x", "led:..", "-1", "+4", "65536", "GPIO17", " 17", "line:"]
        {
            assert_eq!(text.parse::<Wire>(), Err(WIRE_WORDS), "{text:?}");
        }
        assert!("1".parse::<LedActive>().unwrap_err().to_string().contains("high, low"));
    }
}
