//! How long to wait after a failed call: DESIGN.md "Network", without a clock.

use super::error::Error;
use core::time::Duration;

/// The first wait. Only this one is shorter than a second.
const FIRST: Duration = Duration::from_millis(500);

/// The first wait after a conflict: the server holds the other poll's place for a while.
const FIRST_CONFLICT: Duration = Duration::from_secs(3);

/// Counts failures in a row.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A call worked: the next failure is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// A call failed: how long to wait before the next. Doubles from 0.5 s up to 8 s, for server
    /// errors 15 s, for a bad token 60 s; 3 to 10 s for a conflict; as told for a flood.
    pub fn failed(&mut self, error: &Error) -> Duration {
        let (first, most) = match error {
            Error::Flood { retry_after } => return *retry_after,
            Error::Network { .. } => (FIRST, 8),
            Error::Conflict { .. } => (FIRST_CONFLICT, 10),
            Error::BadToken => (FIRST, 60),
            _ => (FIRST, 15),
        };
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        first.saturating_mul(factor).min(Duration::from_secs(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds of the first `n` waits.
    fn waits(error: &Error, n: usize) -> Vec<u128> {
        let mut backoff = Backoff::default();
        (0..n).map(|_| backoff.failed(error).as_millis()).collect()
    }

    #[test]
    fn doubles_up_to_a_limit_of_its_kind() {
        let network = Error::Network { why: String::new() };
        assert_eq!(waits(&network, 7), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        let server = Error::Server { status: 502 };
        assert_eq!(waits(&server, 7), [500, 1000, 2000, 4000, 8000, 15000, 15000]);
        let conflict = Error::Conflict { why: String::new() };
        assert_eq!(waits(&conflict, 4), [3000, 6000, 10000, 10000]);
        let last = *waits(&Error::BadToken, 100).last().unwrap();
        assert_eq!(last, 60000);
        let refused = Error::Refused { code: 400, why: String::new() };
        assert_eq!(*waits(&refused, 100).last().unwrap(), 15000);
    }

    #[test]
    fn a_flood_is_waited_for_exactly() {
        let flood = Error::Flood { retry_after: Duration::from_secs(37) };
        assert_eq!(waits(&flood, 3), [37000; 3]);
    }

    #[test]
    fn starts_again_after_a_success() {
        let network = Error::Network { why: String::new() };
        let mut backoff = Backoff::default();
        backoff.failed(&network);
        backoff.failed(&network);
        backoff.reset();
        assert_eq!(backoff.failed(&network), FIRST);
    }
}
