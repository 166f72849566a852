//! What comes first: of everything that could be done, the most important that may be done now.

use super::lane::Lane;
use crate::bridge::effect::Class;
use crate::bridge::ids::{ChatId, PostId, ViewId};
use crate::bridge::time::Mono;

/// Something to do in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// The next piece of the first post.
    Post(PostId),
    /// A view's newest state.
    View(Class, ViewId),
    /// "typing…" for this view.
    Typing(ViewId),
}

impl Work {
    /// The order of DESIGN.md ("Flood budget"); lower comes first.
    fn rank(self) -> u8 {
        match self {
            Work::Post(_) => 0,
            Work::View(Class::Reply, _) => 1,
            Work::View(Class::Question, _) => 2,
            Work::View(Class::Note | Class::Live, _) => 3,
            Work::Typing(_) => 4,
        }
    }
}

/// Compares what the lanes offer.
#[derive(Debug)]
pub(super) struct Choice {
    now: Mono,
    /// Nothing may be done before this.
    not_before: Mono,
    best: Option<(Order, ChatId, Work)>,
    later: Option<Mono>,
}

/// By importance; among equals the lane that was served longest ago, in it what came first.
type Order = (u8, u64);

impl Choice {
    pub(super) fn new(now: Mono, not_before: Mono) -> Choice {
        Choice { now, not_before, best: None, later: None }
    }

    pub(super) fn now(&self) -> Mono {
        self.now
    }

    /// This could be done from `ready` on.
    pub(super) fn offer(&mut self, lane: &Lane, work: Work, ready: Mono) {
        let ready = ready.max(self.not_before);
        if ready > self.now {
            self.later = Some(self.later.map_or(ready, |later| later.min(ready)));
            return;
        }
        let order = (work.rank(), lane.served);
        if self.best.is_none_or(|(best, ..)| order < best) {
            self.best = Some((order, lane.chat, work));
        }
    }

    /// What to do now.
    pub(super) fn best(&self) -> Option<(ChatId, Work)> {
        self.best.map(|(_, chat, work)| (chat, work))
    }

    /// When something more will be due; `None` for never.
    pub(super) fn later(&self) -> Option<Mono> {
        self.later
    }
}
