//! When the daemon is killed.
//!
//! A moment is a situation that is waited for, and then a little more time. What is missed (the
//! machine is slow, another run is in the way) is a kill all the same, at whatever moment that is.

use crate::dice::Dice;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing to do, nothing waits.
    Idle,
    /// At any time since its start.
    Starting,
    /// Updates have just been handed over.
    Delivered,
    /// A run is under way.
    Streaming,
    /// A run has just given its result, or is about to.
    Result,
    /// A message is on its way to Telegram.
    Sending,
    /// Telegram has just taken a message, and its OK is lost.
    Taken,
    /// Several prompts wait.
    Queued,
    /// Right before this step of the disk.
    Step(Step),
}

pub const ALL: [Moment; 8] = [
    Moment::Idle,
    Moment::Starting,
    Moment::Delivered,
    Moment::Streaming,
    Moment::Result,
    Moment::Sending,
    Moment::Taken,
    Moment::Queued,
];

/// Steps of the disk in the life of a daemon that get a kill each, in turn.
const STEPS: u64 = 60;

/// Kinds of steps, each of which gets as many kills as all numbers together get for one.
pub const KINDS: [&str; 13] = [
    "open state.json.new",
    "write state.json.new",
    "the rest of state.json.new",
    "sync state.json.new",
    "rename to state.json",
    "sync folder ",
    "open blobs/",
    "write blobs/",
    "the rest of blobs/",
    "sync blobs/",
    "sync folder blobs",
    "remove blobs/",
    "the answer to the loop",
];

/// Which step is next, for all closets together.
#[derive(Default)]
pub struct Steps(AtomicU64);

impl Steps {
    /// By its number and by its kind in turn.
    pub fn next(&self) -> Step {
        let nth = self.0.fetch_add(1, Ordering::SeqCst);
        let (half, kinds) = (nth / 2, KINDS.len() as u64);
        if nth.is_multiple_of(2) {
            return Step { number: half % STEPS + 1, kind: "" };
        }
        // What a start makes of its own (a file to try the disk with) comes first.
        Step { number: half / kinds % 3 + 1, kind: KINDS[(half % kinds) as usize] }
    }
}

/// A step of the disk: so many of this kind have to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub number: u64,
    pub kind: &'static str,
}

impl Moment {
    /// Two in five kills are at a step of the disk.
    pub fn pick(dice: &mut Dice, steps: &Steps) -> Moment {
        if dice.below(5) < 2 { Moment::Step(steps.next()) } else { dice.pick(&ALL) }
    }

    /// For the figures: all steps are one.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Idle => "idle",
            Moment::Starting => "starting",
            Moment::Delivered => "batch just delivered",
            Moment::Streaming => "run under way",
            Moment::Result => "result line",
            Moment::Sending => "message being sent",
            Moment::Taken => "message taken, OK lost",
            Moment::Queued => "several queued",
            Moment::Step(_) => "step of the disk",
        }
    }
}
