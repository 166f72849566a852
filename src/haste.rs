//! How much faster than the world pigent's own time passes: for tests that live through a month.
//!
//! Only with the feature `emulator`, and only where `STAND_IN_HASTE` is a number above 1: then the
//! clocks of the loop, the poller and the outbox run so many times as fast, and every back-off,
//! flood budget and deadline takes so much less of the world's time. What others measure (a long
//! poll at the server, the client's own time-outs, the engine's draining) is not touched. In
//! binaries for boards both functions give back what they were given.

use core::time::Duration;

/// How much of pigent's time has passed in so much of the world's.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn passed(time: Duration) -> Duration {
    time
}

/// How long to wait in the world for so much of pigent's time.
#[cfg(not(feature = "emulator"))]
#[inline(always)]
pub(crate) fn takes(wait: Duration) -> Duration {
    wait
}

#[cfg(feature = "emulator")]
pub(crate) fn passed(time: Duration) -> Duration {
    time.saturating_mul(factor())
}

#[cfg(feature = "emulator")]
pub(crate) fn takes(wait: Duration) -> Duration {
    // Rounded up: who wakes too early has to sleep once more.
    let rest = if factor() > 1 { Duration::from_nanos(1) } else { Duration::ZERO };
    (wait / factor()).saturating_add(rest)
}

#[cfg(feature = "emulator")]
fn factor() -> u32 {
    use std::sync::OnceLock;
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let asked = std::env::var("STAND_IN_HASTE").ok().and_then(|text| text.parse().ok());
        asked.unwrap_or(1).max(1)
    })
}

#[cfg(all(test, feature = "emulator"))]
mod tests {
    use super::*;

    #[test]
    fn time_is_as_ever_unless_somebody_asks() {
        let second = Duration::from_secs(1);
        assert_eq!((passed(second), takes(second)), (second, second));
        assert_eq!(takes(Duration::MAX), Duration::MAX);
    }
}
