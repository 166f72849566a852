//! JSON numbers: the grammar of any, the value of short ones.

/// Longest number whose value is kept, in bytes. Longer ones are valid and read as absent.
pub const NUMBER: usize = 64;

/// State between two bytes of a number.
#[derive(Debug)]
pub(super) struct Number {
    part: Part,
    text: heapless::Vec<u8, NUMBER, u8>,
    long: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Start,
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    pub(super) const fn new() -> Self {
        Number { part: Part::Start, text: heapless::Vec::new(), long: false }
    }

    pub(super) fn begin(&mut self) {
        self.part = Part::Start;
        self.text.clear();
        self.long = false;
    }

    /// Takes a byte, or says that it does not belong to the number.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let next = match (self.part, byte) {
            (Part::Start, b'-') => Part::Minus,
            (Part::Start | Part::Minus, b'0') => Part::Zero,
            (Part::Start | Part::Minus | Part::Whole, b'0'..=b'9') => Part::Whole,
            (Part::Zero | Part::Whole, b'.') => Part::Point,
            (Part::Point | Part::Fraction, b'0'..=b'9') => Part::Fraction,
            (Part::Zero | Part::Whole | Part::Fraction, b'e' | b'E') => Part::Exponent,
            (Part::Exponent, b'+' | b'-') => Part::Sign,
            (Part::Exponent | Part::Sign | Part::Power, b'0'..=b'9') => Part::Power,
            _ => return false,
        };
        self.part = next;
        self.long |= self.text.push(byte).is_err();
        true
    }

    /// Whether the number may end here.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.part, Part::Zero | Part::Whole | Part::Fraction | Part::Power)
    }

    /// Its value, if it was short enough and is finite.
    pub(super) fn value(&self) -> Option<f64> {
        // By serde_json, which is in the binary anyway: the standard library's own way has tables of
        // 10 KiB.
        self.text().and_then(|text| serde_json::from_str(text).ok())
    }

    /// Its value rounded towards zero, if that is a whole number from 0 on. (Claude's delays are
    /// not always whole.)
    pub(super) fn count(&self) -> Option<u64> {
        let text = self.text()?;
        text.parse().ok().or_else(|| {
            let value = self.value().filter(|value| (0.0..u64::MAX as f64).contains(value))?;
            Some(value as u64)
        })
    }

    fn text(&self) -> Option<&str> {
        if self.long { None } else { core::str::from_utf8(&self.text).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Number> {
        let mut number = Number::new();
        number.begin();
        (text.bytes().all(|byte| number.take(byte)) && number.is_complete()).then_some(number)
    }

    #[test]
    fn grammar_is_that_of_json() {
        for good in ["0", "-0", "10", "0.5", "1.25e3", "1E+2", "2e-2", "-1"] {
            assert!(read(good).is_some(), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1.2.3", "--1", "1e2e3"] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn values() {
        let count = |text| read(text).and_then(|number| number.count());
        assert_eq!(count("18446744073709551615"), Some(u64::MAX));
        assert_eq!(count("18446744073709551616"), None);
        assert_eq!(count("504.73"), Some(504));
        assert_eq!(count("1e3"), Some(1000));
        assert_eq!(count("-1"), None);
        assert_eq!(count(&"1".repeat(NUMBER + 1)), None);
        let value = |text| read(text).and_then(|number| number.value());
        assert_eq!(value("0.002068"), Some(0.002068));
        assert_eq!(value("1e999"), None);
    }
}
