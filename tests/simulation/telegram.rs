//! Telegram's side of updates: ids, offsets, redelivery; and the poller, as
//! `src/telegram/polling.rs` describes it.

use super::events::Who;
use core::time::Duration;
use pigent::bridge::ids::UpdateId;
use pigent::bridge::input::{Told, Update};
use std::collections::VecDeque;

/// Updates of one answer, and of one that looks past what is not confirmed yet.
const BATCH: usize = 20;
const WIDE: usize = 100;
/// An offset so far past the newest id is ignored.
const FUTURE: i64 = 10;
/// The end of the backlog is announced by then at the latest.
const DRAIN: Duration = Duration::from_secs(10);
const APART: Duration = Duration::from_secs(1);

/// An update, and what the simulator knows of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Unlike update ids, never given twice.
    pub number: u64,
    pub at: Duration,
    pub who: Who,
    pub means: Means,
    pub update: Update,
}

/// What an update would have pigent do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// The prompt of this number.
    Prompt(u64),
    Cancel,
    CancelAll,
    Tap(String),
    Other,
}

#[derive(Debug, Default)]
pub struct Telegram {
    pub pending: VecDeque<Sent>,
    next_id: i64,
    numbers: u64,
}

impl Telegram {
    pub fn take(&mut self, at: Duration, who: Who, means: Means, what: Told) {
        self.next_id += 1;
        self.numbers += 1;
        let update = Update { id: UpdateId(self.next_id), what };
        self.pending.push_back(Sent { number: self.numbers, at, who, means, update });
    }

    pub fn renumber(&mut self) {
        if self.pending.is_empty() {
            // Up and down, never near.
            let leap = 1000 + (self.numbers as i64 * 7919) % 5000;
            self.next_id =
                if self.next_id > 6000 { self.next_id - leap } else { self.next_id + leap };
        }
    }

    /// Forgets what is confirmed by `offset`. Answers what was forgotten.
    pub fn forget(&mut self, offset: Option<UpdateId>) -> Vec<Sent> {
        let Some(UpdateId(offset)) = offset else { return Vec::new() };
        let mut gone = Vec::new();
        if offset <= self.next_id + FUTURE {
            while self.pending.front().is_some_and(|sent| sent.update.id.0 < offset) {
                gone.extend(self.pending.pop_front());
            }
        }
        gone
    }
}

/// The poller of one start.
#[derive(Debug)]
pub struct Poller {
    started: Duration,
    pub drained: bool,
    pub backlog: bool,
    offset: Option<UpdateId>,
    /// `next` of the batch handed over last, until it is confirmed.
    open: Option<UpdateId>,
    /// Left by the bridge for the next poll.
    pub confirms: Option<UpdateId>,
    asked: Duration,
    /// Waiting at the last poll: asking again while nothing changes makes no difference.
    saw: usize,
}

impl Poller {
    pub fn new(now: Duration) -> Poller {
        Poller {
            started: now,
            drained: false,
            backlog: true,
            offset: None,
            open: None,
            confirms: None,
            asked: now,
            saw: 0,
        }
    }

    /// Offset and limit of the next poll.
    pub fn ask(&mut self, now: Duration, waiting: usize) -> (Option<UpdateId>, usize) {
        (self.asked, self.saw) = (now, waiting);
        if let Some(next) = self.confirms.take() {
            self.offset = Some(next);
            self.open = self.open.filter(|open| *open != next);
        }
        (self.offset, if self.open.is_some() { WIDE } else { BATCH })
    }

    /// A poll was answered. Whether the batch goes to the bridge.
    pub fn answered(&mut self, next: Option<UpdateId>) -> bool {
        let Some(next) = next else {
            self.backlog = false;
            return false;
        };
        self.offset == Some(next) || self.open.replace(next) != Some(next)
    }

    /// Whether the end of the backlog is to be announced, once.
    pub fn take_drained(&mut self, now: Duration) -> bool {
        let over = !self.backlog || now >= self.started + DRAIN;
        let news = over && !self.drained;
        self.drained |= over;
        news
    }

    /// When it asks again by itself: once a second while something is not confirmed.
    pub fn next(&self, waiting: usize) -> Option<Duration> {
        let news = self.open.is_some() && (waiting != self.saw || self.confirms.is_some());
        let again = news.then_some(self.asked + APART);
        let drain = (!self.drained).then_some(self.started + DRAIN);
        again.into_iter().chain(drain).min()
    }

    pub fn wants_to_ask(&self, now: Duration, waiting: usize) -> bool {
        let news = self.open.is_some() && (waiting != self.saw || self.confirms.is_some());
        news && now >= self.asked + APART
    }
}
