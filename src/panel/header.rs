//! A Raspberry Pi's header: which number is on which pin, and what else a pin is for.
//!
//! Not what is wired to it: that is in the settings. The numbering is the same on all boards but
//! the very first ones (2012), whose header ends at pin 26.

/// What is on a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// 3.3 V, at most some 50 mA for everything together.
    V3,
    /// 5 V: never onto another pin.
    V5,
    /// Ground.
    Ground,
    /// A line by its BCM number.
    Bcm(u16),
}

use Contact::{Bcm, Ground, V3, V5};

/// Row by row as on the board: pins 1 and 2 first, 39 and 40 last.
pub const HEADER: [(Contact, Contact); 20] = [
    (V3, V5),
    (Bcm(2), V5),
    (Bcm(3), Ground),
    (Bcm(4), Bcm(14)),
    (Ground, Bcm(15)),
    (Bcm(17), Bcm(18)),
    (Bcm(27), Ground),
    (Bcm(22), Bcm(23)),
    (V3, Bcm(24)),
    (Bcm(10), Ground),
    (Bcm(9), Bcm(25)),
    (Bcm(11), Bcm(8)),
    (Ground, Bcm(7)),
    (Bcm(0), Bcm(1)),
    (Bcm(5), Ground),
    (Bcm(6), Bcm(12)),
    (Bcm(13), Ground),
    (Bcm(19), Bcm(16)),
    (Bcm(26), Bcm(20)),
    (Ground, Bcm(21)),
];

/// How many pins the header of this model has; `None` if it is no Raspberry Pi.
#[must_use]
pub fn pins_of(model: &str) -> Option<usize> {
    let rest = model.strip_prefix("Raspberry Pi ")?;
    let first = rest.starts_with("Model A Rev") || rest.starts_with("Model B Rev");
    Some(if first { 26 } else { 2 * HEADER.len() })
}

/// The header's pin of a BCM number, from 1.
#[must_use]
pub fn header_pin(bcm: u16) -> Option<usize> {
    contacts().position(|contact| contact == Bcm(bcm)).map(|index| index + 1)
}

/// Pin by pin, from 1.
fn contacts() -> impl Iterator<Item = Contact> {
    HEADER.into_iter().flat_map(|(left, right)| [left, right])
}

/// What has been switched on that uses pins of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Functions {
    /// I2C on GPIO 2 and 3.
    pub i2c: bool,
    /// SPI on GPIO 7 to 11.
    pub spi: bool,
    /// A console on GPIO 14 and 15.
    pub console: bool,
}

/// What speaks against this number, and what to do. `lamp`: or else the button.
#[must_use]
pub fn objection(bcm: u16, lamp: bool, functions: Functions) -> Option<&'static str> {
    match bcm {
        0 | 1 => Some("it is read at boot to find out about HATs (ID_SD, ID_SC): take another pin"),
        2 | 3 if functions.i2c => {
            Some("I2C uses it: dtparam=i2c_arm=off in config.txt, or take another pin")
        }
        2 | 3 if lamp => Some(
            "the board pulls it up to 3.3 V by 1.8 kΩ (I2C), so a lamp glows while pigent does not \
             run: take another pin",
        ),
        7..=11 if functions.spi => {
            Some("SPI uses it: dtparam=spi=off in config.txt, or take another pin")
        }
        14 | 15 if functions.console => Some(
            "a serial console talks on it, at boot at least: remove console=serial0,115200 from \
             cmdline.txt, or take another pin",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_on_one_pin_and_those_of_the_readme_where_it_says() {
        for bcm in 0..28 {
            assert!(header_pin(bcm).is_some(), "{bcm}");
        }
        assert_eq!(contacts().filter(|contact| matches!(contact, Bcm(_))).count(), 28);
        assert_eq!(contacts().filter(|contact| *contact == Ground).count(), 8);
        assert_eq!([17, 27, 22, 23].map(header_pin), [Some(11), Some(13), Some(15), Some(16)]);
        assert_eq!([2, 3, 21, 28].map(header_pin), [Some(3), Some(5), Some(40), None]);
        assert!([9, 14, 20].into_iter().all(|pin| contacts().nth(pin - 1) == Some(Ground)));
    }

    #[test]
    fn the_first_boards_have_a_shorter_header() {
        for (model, pins) in [
            ("Raspberry Pi Model B Rev 2", Some(26)),
            ("Raspberry Pi Model B Plus Rev 1.2", Some(40)),
            ("Raspberry Pi 3 Model B Rev 1.2", Some(40)),
            ("Raspberry Pi Zero 2 W Rev 1.0", Some(40)),
            ("Radxa ROCK Pi S", None),
        ] {
            assert_eq!(pins_of(model), pins, "{model}");
        }
    }

    #[test]
    fn pins_with_another_use_are_objected_to_only_while_it_is_on() {
        let none = Functions::default();
        assert!(objection(2, true, none).is_some_and(|why| why.contains("1.8 kΩ")));
        assert_eq!(objection(3, false, none), None);
        assert_eq!(objection(10, true, none), None);
        assert_eq!(objection(14, false, none), None);
        let all = Functions { i2c: true, spi: true, console: true };
        for bcm in [0, 1, 2, 3, 7, 11, 14, 15] {
            assert!(objection(bcm, false, all).is_some(), "{bcm}");
        }
        assert_eq!(objection(17, true, all), None);
    }
}
