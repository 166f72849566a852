//! How often Telegram may be called, so that it never has to say 429.
//!
//! Numbers from DESIGN.md ("Flood budget"), a little below what BOTAPI.md section 6 reports as
//! tolerated: 5 at once and 1 a second in a private chat, 20 a minute in a group, 30 a second
//! over all. Time is an argument.

use crate::bridge::ids::ChatId;
use crate::bridge::time::Mono;
use core::time::Duration;
use std::collections::VecDeque;

/// Sends and edits of a chat: one a second, this many at once.
const BURST: u32 = 4;
/// Drafts and chat actions of a chat: one a second, this many at once.
const ACTIONS_BURST: u32 = 1;
/// Sends and edits of a group in a minute.
const MINUTE: usize = 15;
/// Of these, kept for posts.
const FOR_POSTS: usize = 5;
/// Of the rest, kept for replies and questions: they come unforeseen and go out at once.
const FOR_WORDS: usize = 2;
/// Waited beyond `retry_after`: coming back early makes the ban longer.
const MARGIN: Duration = Duration::from_millis(300);
/// How long live views stay slower after a 429: the real limit was tighter than ours.
const CAUTION: Duration = Duration::from_secs(600);

/// What a call is for; later ones leave more of the budget to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A piece of a post.
    Post,
    /// A reply to a command, or a question.
    Word,
    /// A live view.
    Live,
}

/// What one chat may still get.
#[derive(Debug)]
pub(super) struct Budget {
    bucket: Bucket,
    /// When the last [`MINUTE`] calls were; only groups have one.
    minute: Option<VecDeque<Mono>>,
    blocked: Mono,
    cautious: Mono,
}

impl Budget {
    /// Sends and edits of a chat; groups and channels have negative ids.
    pub(super) fn sends(chat: ChatId) -> Budget {
        let minute = (chat.0 < 0).then(VecDeque::new);
        Budget { minute, ..Budget::new(BURST) }
    }

    /// Chat actions of a chat.
    pub(super) fn actions() -> Budget {
        Budget::new(ACTIONS_BURST)
    }

    fn new(burst: u32) -> Budget {
        let bucket = Bucket::new(Duration::from_secs(1), burst);
        Budget { bucket, minute: None, blocked: Mono::default(), cautious: Mono::default() }
    }

    /// From when on a call for this purpose is allowed.
    pub(super) fn free_at(&self, purpose: Purpose) -> Mono {
        let (reserve, kept) = match purpose {
            Purpose::Post => (0, 0),
            Purpose::Word => (0, FOR_POSTS),
            Purpose::Live => (1, FOR_POSTS + FOR_WORDS),
        };
        let bucket = self.bucket.free_at(reserve).max(self.blocked);
        let allowed = MINUTE - kept;
        let oldest = self
            .minute
            .as_ref()
            .and_then(|calls| calls.len().checked_sub(allowed).and_then(|index| calls.get(index)));
        oldest.map_or(bucket, |call| bucket.max(call.after(Duration::from_secs(60))))
    }

    /// A call is made now.
    pub(super) fn spend(&mut self, now: Mono) {
        self.bucket.spend(now);
        if let Some(calls) = &mut self.minute {
            if calls.len() >= MINUTE {
                calls.pop_front();
            }
            calls.push_back(now);
        }
    }

    /// Telegram said 429.
    pub(super) fn block(&mut self, now: Mono, retry_after: Duration) {
        self.blocked = self.blocked.max(now.after(retry_after.saturating_add(MARGIN)));
        self.cautious = self.blocked.after(CAUTION);
    }

    /// Until when Telegram wants to hear nothing.
    pub(super) fn blocked_until(&self) -> Mono {
        self.blocked
    }

    /// Whether there was a 429 not long ago.
    pub(super) fn is_cautious(&self, now: Mono) -> bool {
        now < self.cautious
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_fresh(&self, now: Mono) -> bool {
        let newest = self.minute.as_ref().and_then(VecDeque::back);
        self.bucket.full_at <= now
            && !self.is_cautious(now)
            && newest.is_none_or(|call| now.since(*call) > Duration::from_secs(60))
    }
}

/// A token bucket, kept as the moment at which it will be full again.
#[derive(Debug)]
pub(super) struct Bucket {
    full_at: Mono,
    interval: Duration,
    burst: u32,
}

impl Bucket {
    /// One token an interval, at most `burst` of them.
    pub(super) fn new(interval: Duration, burst: u32) -> Bucket {
        Bucket { full_at: Mono::default(), interval, burst }
    }

    /// When there is a token beyond `reserve`.
    pub(super) fn free_at(&self, reserve: u32) -> Mono {
        let ahead = self.interval * self.burst.saturating_sub(1 + reserve);
        Mono(self.full_at.0.saturating_sub(ahead))
    }

    /// Takes a token.
    pub(super) fn spend(&mut self, now: Mono) {
        self.full_at = self.full_at.max(now).after(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_private_chat_gets_four_at_once_and_one_a_second() {
        let mut budget = Budget::sends(ChatId(1));
        for _ in 0..4 {
            assert!(budget.free_at(Purpose::Post) <= at(100));
            budget.spend(at(100));
        }
        assert_eq!(budget.free_at(Purpose::Post), at(101));
        assert_eq!(budget.free_at(Purpose::Live), at(102));
    }

    #[test]
    fn a_group_keeps_five_a_minute_for_posts() {
        let mut budget = Budget::sends(ChatId(-1));
        let mut now = 100;
        for purpose in [Purpose::Live, Purpose::Word, Purpose::Post] {
            let limit = [8, 10, 15];
            while budget.free_at(purpose) <= at(now) {
                budget.spend(at(now));
                now += 1;
            }
            let spent = usize::try_from(now - 100).unwrap();
            assert!(limit.contains(&spent), "{spent} for {purpose:?}");
        }
        assert_eq!((now, budget.free_at(Purpose::Post)), (115, at(160)));
    }

    #[test]
    fn after_a_429_nothing_goes_out_early() {
        let mut budget = Budget::sends(ChatId(1));
        budget.block(at(10), Duration::from_secs(30));
        assert!(budget.free_at(Purpose::Post) > at(40));
        assert!(budget.is_cautious(at(100)) && !budget.is_fresh(at(100)));
        assert!(budget.is_fresh(at(2000)));
    }
}
