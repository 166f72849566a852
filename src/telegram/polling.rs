//! What to ask `getUpdates` for next, and how long to wait before: rules without a clock, a
//! thread or HTTP. `poller.rs` carries them out.
//!
//! An update is asked for again until the bridge has confirmed it, which it does when what it
//! caused is on the disk. While the disk is slow, polls go on once a second with the old offset,
//! so that a `/cancel` behind an unsaved prompt still gets through; the bridge recognises what
//! it has seen.

use super::backoff::Backoff;
use super::error::Error;
use crate::bridge::ids::UpdateId;
use core::time::Duration;

/// How long a poll waits at the server; the most it allows.
const LONG: Duration = Duration::from_secs(50);

/// A poll that may take as long as it likes: `client.rs` adds its own limit.
const PATIENT: Duration = Duration::from_secs(70);

/// What was waiting at Telegram at start is read for so long before work begins without it.
const DRAIN: Duration = Duration::from_secs(10);

/// Polls that are not answered by waiting at the server are so far apart.
const APART: Duration = Duration::from_secs(1);

/// Updates a poll: few, because all of them and what they caused are one save.
const BATCH: u32 = 20;

/// Tries until an update is given up that makes its answer unreadable.
const TRIES: u32 = 3;

/// The most there is, to see past what is not saved yet.
const WIDE: u32 = 100;

/// How much is asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Batches, as ever.
    Batches,
    /// Each update alone: one of them may have ended an earlier pigent, and which one is to be
    /// known should it happen again.
    OneByOne,
}

/// The state of polling. `now` is any monotonic time.
#[derive(Debug)]
pub(super) struct Polling {
    started: Duration,
    pace: Pace,
    /// When the current poll was sent.
    asked: Duration,
    /// The current poll is a long one.
    long: bool,
    /// The last poll failed. Until one is answered none is long: that the network is back is to
    /// be known at once, not when the next message comes.
    failing: bool,
    /// The end of the backlog was announced.
    drained: bool,
    /// No answer was empty yet: what comes was waiting before the start, or may have been.
    backlog: bool,
    /// Confirmed last. `None` at start, also after a restart: a stored offset can be wrong by
    /// now (ids are chosen anew after a quiet week) and would delete what it does not mean.
    offset: Option<UpdateId>,
    /// `next` of the batch given to the bridge last, until it is confirmed.
    open: Option<UpdateId>,
    backoff: Backoff,
    /// The update whose answer, with nothing else in it, was no JSON, and how often in a row.
    garbled: Option<(UpdateId, u32)>,
}

/// The parameters of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub offset: Option<UpdateId>,
    pub limit: u32,
    /// How long the server waits.
    pub timeout: Duration,
    /// How long the whole call may take.
    pub patience: Duration,
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Give the batch to the bridge.
    pub hand_over: bool,
    /// It is from before the start, or may be.
    pub backlog: bool,
    /// What to do before the next poll.
    pub then: Then,
}

/// What to do before the next poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Ask,
    /// Wait so long.
    Wait(Duration),
    /// Wait until this is confirmed, but no longer than this.
    Confirm(UpdateId, Duration),
}

impl Polling {
    pub fn new(now: Duration, pace: Pace) -> Polling {
        Polling {
            started: now,
            pace,
            asked: now,
            long: false,
            failing: false,
            drained: false,
            backlog: true,
            offset: None,
            open: None,
            backoff: Backoff::default(),
            garbled: None,
        }
    }

    /// The next poll.
    pub fn ask(&mut self, now: Duration) -> Ask {
        self.asked = now;
        let catching_up = self.open.is_some();
        self.long = !catching_up && !self.backlog && !self.failing;
        Ask {
            offset: self.offset,
            limit: match self.pace {
                // What was wrong may be one update, or how much they are together.
                _ if self.failing => 1,
                _ if catching_up => WIDE,
                Pace::Batches => BATCH,
                Pace::OneByOne => 1,
            },
            timeout: if self.long { LONG } else { Duration::ZERO },
            // Whoever does not answer must not hold up the announcement either.
            patience: self.until_drained(now).map_or(PATIENT, |left| left.max(APART)),
        }
    }

    /// A poll was answered; `next` is what confirms its updates, if there were any.
    pub fn answered(&mut self, now: Duration, next: Option<UpdateId>) -> Step {
        self.backoff.reset();
        self.failing = false;
        let backlog = self.backlog;
        let Some(next) = next else {
            self.backlog = false;
            let hasty = self.long && now.saturating_sub(self.asked) < APART;
            let then = match self.open {
                Some(open) => Then::Confirm(open, APART),
                // A server that does not wait when told to.
                None if hasty => Then::Wait(APART),
                None => Then::Ask,
            };
            return Step { hand_over: false, backlog, then };
        };
        if self.offset == Some(next) {
            // Confirmed and here again: a server that ignores offsets.
            return Step { hand_over: true, backlog, then: Then::Wait(APART) };
        }
        let repeated = self.open.replace(next) == Some(next);
        Step { hand_over: !repeated, backlog, then: Then::Confirm(next, APART) }
    }

    /// A poll failed: how long to wait.
    pub fn failed(&mut self, error: &Error) -> Duration {
        let alone = core::mem::replace(&mut self.failing, true);
        self.garbled = match (error, self.garbled) {
            (Error::Garbled { update }, Some((known, tries))) if known == *update => {
                Some((known, tries + 1))
            }
            (Error::Garbled { update }, _) if alone => Some((*update, 1)),
            _ => None,
        };
        self.backoff.failed(error)
    }

    /// The update that is given up now, since its answer cannot be read.
    pub fn give_up(&mut self) -> Option<UpdateId> {
        self.garbled.take_if(|(_, tries)| *tries >= TRIES).map(|(update, _)| update)
    }

    /// The bridge has confirmed everything below `next`. Never compared with "more" or "less":
    /// ids may start anew.
    pub fn confirmed(&mut self, next: UpdateId) {
        self.offset = Some(next);
        if self.open == Some(next) {
            self.open = None;
        }
    }

    /// Whether the end of the backlog is to be announced now: once, after the first empty answer
    /// or when its time is over.
    pub fn take_drained(&mut self, now: Duration) -> bool {
        let over = !self.backlog || self.until_drained(now) == Some(Duration::ZERO);
        let news = over && !self.drained;
        self.drained |= over;
        news
    }

    /// How long until the end of the backlog is announced at the latest.
    pub fn until_drained(&self, now: Duration) -> Option<Duration> {
        let left = DRAIN.saturating_sub(now.saturating_sub(self.started));
        (!self.drained).then_some(left)
    }
}

#[cfg(test)]
#[path = "polling_tests.rs"]
mod tests;
