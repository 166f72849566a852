//! How long everything waits after Telegram could not be reached.

use crate::bridge::time::Mono;
use crate::telegram::error::Error;
use core::time::Duration;

const FIRST: Duration = Duration::from_millis(500);

/// Waiting that doubles with every failure and ends with the first answer.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    until: Mono,
    failures: u32,
}

impl Backoff {
    /// When the next attempt may be made.
    pub(super) fn until(&self) -> Mono {
        self.until
    }

    /// Takes note of how an attempt ended.
    pub(super) fn note<T>(&mut self, now: Mono, outcome: &Result<T, Error>) {
        let most = match outcome {
            Err(Error::Network { .. }) => 8,
            Err(Error::Server { .. } | Error::Conflict { .. }) => 15,
            Err(Error::BadToken) => 60,
            _ => {
                *self = Backoff::default();
                return;
            }
        };
        let wait = FIRST.saturating_mul(1 << self.failures.min(10));
        self.until = now.after(wait.min(Duration::from_secs(most)));
        self.failures = self.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_limit_and_forgets_at_the_first_answer() {
        let mut backoff = Backoff::default();
        let now = Mono(Duration::from_secs(9));
        let down: Result<(), Error> = Err(Error::Network { why: String::new() });
        let mut waits = Vec::new();
        for _ in 0..6 {
            backoff.note(now, &down);
            waits.push(backoff.until().since(now).as_millis());
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000]);
        backoff.note(now, &Err::<(), _>(Error::BadToken));
        assert_eq!(backoff.until().since(now).as_secs(), 32);
        backoff.note(now, &Ok(()));
        assert!(backoff.until() <= now);
    }
}
