//! Flood limits: how many messages a chat, a group and the whole bot may get.
//!
//! Pure arithmetic over a time that is handed in. The real numbers are not public and grow with
//! abuse; these are a choice near what the FAQ says (BOTAPI.md sections 6 and 12): a burst of 5,
//! then 1 a second in a chat; 20 a minute in a group; 30 a second over all; each offence within
//! a minute doubles the time-out.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

/// Messages a chat may get at once before the rate counts.
const BURST: f64 = 5.0;
/// Messages a second after that.
const RATE: f64 = 1.0;
/// Messages a group may get in [`WINDOW`].
const GROUP: usize = 20;
/// The group's minute.
const WINDOW: Duration = Duration::from_secs(60);
/// Messages a second over all chats.
const ALL: usize = 30;
/// First time-out, in seconds.
const PENALTY: u64 = 3;
/// Longest time-out, in seconds.
const PENALTY_MAX: u64 = 240;

/// Which allowance a call uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Messages and edits, which share one allowance.
    Send,
    /// "Typing…".
    Action,
}

/// The state of all allowances.
#[derive(Debug, Default)]
pub struct Flood {
    chats: BTreeMap<(i64, Bucket), Allowance>,
    all: VecDeque<Duration>,
}

#[derive(Debug, Default)]
struct Allowance {
    /// What is left of the burst, and when that was true.
    tokens: Option<(f64, Duration)>,
    /// Calls of the last minute.
    window: VecDeque<Duration>,
    /// Nothing before this.
    until: Duration,
    /// The last time-out in seconds, and when it was given.
    last: Option<(u64, Duration)>,
}

impl Flood {
    /// Counts one call.
    ///
    /// # Errors
    /// The seconds to wait (`retry_after`).
    pub fn admit(
        &mut self,
        now: Duration,
        chat: i64,
        group: bool,
        bucket: Bucket,
    ) -> Result<(), u64> {
        while self.all.front().is_some_and(|t| now.saturating_sub(*t) >= Duration::from_secs(1)) {
            self.all.pop_front();
        }
        let crowded = self.all.len() >= ALL;
        let allowance = self.chats.entry((chat, bucket)).or_default();
        allowance.admit(now, group && bucket == Bucket::Send, crowded)?;
        self.all.push_back(now);
        Ok(())
    }

    /// How long this chat's time-out goes on: calls before its end are an offence.
    #[must_use]
    pub fn banned(&self, now: Duration, chat: i64, bucket: Bucket) -> Option<Duration> {
        let allowance = self.chats.get(&(chat, bucket))?;
        allowance.until.checked_sub(now).filter(|left| !left.is_zero())
    }
}

impl Allowance {
    fn admit(&mut self, now: Duration, group: bool, crowded: bool) -> Result<(), u64> {
        if now < self.until {
            return Err(whole_seconds(self.until - now));
        }
        while self.window.front().is_some_and(|t| now.saturating_sub(*t) >= WINDOW) {
            self.window.pop_front();
        }
        let (tokens, at) = self.tokens.unwrap_or((BURST, now));
        let tokens = (tokens + now.saturating_sub(at).as_secs_f64() * RATE).min(BURST);
        self.tokens = Some((tokens, now));
        let full = group && self.window.len() >= GROUP;
        if full {
            let oldest = self.window.front().copied().unwrap_or(now);
            return Err(self.punish(now, whole_seconds(oldest + WINDOW - now)));
        }
        if tokens < 1.0 || crowded {
            return Err(self.punish(now, 1));
        }
        self.tokens = Some((tokens - 1.0, now));
        self.window.push_back(now);
        Ok(())
    }

    fn punish(&mut self, now: Duration, at_least: u64) -> u64 {
        let penalty = match self.last {
            Some((last, at)) if now.saturating_sub(at) < WINDOW => (last * 2).min(PENALTY_MAX),
            _ => PENALTY,
        };
        self.last = Some((penalty, now));
        let wait = penalty.max(at_least);
        self.until = now + Duration::from_secs(wait);
        wait
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: i64 = 7;

    fn seconds(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let mut flood = Flood::default();
        for _ in 0..5 {
            assert_eq!(flood.admit(seconds(0.0), CHAT, false, Bucket::Send), Ok(()));
        }
        for second in 1..20 {
            assert_eq!(flood.admit(seconds(f64::from(second)), CHAT, false, Bucket::Send), Ok(()));
        }
        assert_eq!(flood.admit(seconds(19.5), CHAT, false, Bucket::Send), Err(3));
        assert_eq!(flood.banned(seconds(20.5), CHAT, Bucket::Send), Some(seconds(2.0)));
        assert_eq!(flood.admit(seconds(20.6), CHAT, false, Bucket::Send), Err(2));
        assert_eq!(flood.admit(seconds(20.6), CHAT, false, Bucket::Action), Ok(()));
    }

    #[test]
    fn a_second_offence_costs_double() {
        let mut flood = Flood::default();
        let spend = |flood: &mut Flood, at: f64| {
            (0..20).find_map(|_| flood.admit(seconds(at), CHAT, false, Bucket::Send).err())
        };
        assert_eq!(spend(&mut flood, 0.0), Some(3));
        assert_eq!(spend(&mut flood, 4.0), Some(6));
        assert_eq!(spend(&mut flood, 200.0), Some(3));
    }

    #[test]
    fn a_group_gets_twenty_a_minute() {
        let mut flood = Flood::default();
        for nth in 0..20 {
            let now = seconds(f64::from(nth));
            assert_eq!(flood.admit(now, CHAT, true, Bucket::Send), Ok(()));
        }
        assert_eq!(flood.admit(seconds(20.0), CHAT, true, Bucket::Send), Err(40));
        assert_eq!(flood.admit(seconds(60.0), CHAT, true, Bucket::Send), Ok(()));
    }
}
