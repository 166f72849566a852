//! Durations as people write them: `90`, `90s`, `15m`, `1h30m`, `2d`; `0` switches off.

use core::time::Duration;

/// A duration, or "off".
pub type Duration0 = Option<Duration>;

/// Longest duration taken: a year. Longer ones are slips.
const LONGEST: u64 = 366 * 86400;

/// Reads a duration. `Ok(None)` is "off", `Err` what is allowed.
///
/// # Errors
/// A sentence that says which forms are allowed.
pub fn parse_duration(text: &str) -> Result<Duration0, &'static str> {
    const ALLOWED: &str =
        "a number with units like 90, 90s, 15m, 1h30m or 2d, at most a year (0 switches off)";
    let seconds = seconds(text.trim()).filter(|seconds| *seconds <= LONGEST).ok_or(ALLOWED)?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit = match (tail.chars().next(), last_unit) {
            (None, u64::MAX) => 1,
            (Some('s'), _) => 1,
            (Some('m'), _) => 60,
            (Some('h'), _) => 3600,
            (Some('d'), _) => 86400,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = tail.get(1..).unwrap_or_default();
    }
    (last_unit != u64::MAX).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        let good = [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("1h30m", 5400),
            ("2d", 172_800),
            (" 1h ", 3600),
        ];
        for (text, seconds) in good {
            assert_eq!(parse_duration(text), Ok(Some(Duration::from_secs(seconds))), "{text}");
        }
    }

    #[test]
    fn zero_switches_off() {
        assert_eq!(parse_duration("0"), Ok(None));
        assert_eq!(parse_duration("0s"), Ok(None));
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in [
            "",
            "m",
            "-1",
            "1.5h",
            "1h30",
            "30m1h",
            "1m1m",
            "1 h",
            "1w",
            "99999999999999999999",
            "400d",
            "1ü",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
