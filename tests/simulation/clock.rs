//! The virtual clock: time passes from one deadline to the next.

use super::events::Poll;
use super::promises::Promise;
use super::record::broken;
use super::world::{Step, World};
use core::time::Duration;
use pigent::bridge::input::Input;
use pigent::bridge::time::Mono;

/// Turns in one moment: the bridge and the poller may both be due, and one thing lead to another.
const TURNS: u32 = 20;

impl World {
    /// Time passes, deadline by deadline.
    pub fn waits(&mut self, wait: Duration) -> Step {
        let end = self.now + wait;
        self.deliver_news()?;
        let mut idle_turns = 0;
        loop {
            let bridge = self.bridge.deadline().map(|Mono(at)| at);
            let poller = self.poller.next(self.telegram.pending.len());
            let Some(next) = bridge.into_iter().chain(poller).min().filter(|at| *at <= end) else {
                break;
            };
            idle_turns = if next > self.now { 0 } else { idle_turns + 1 };
            if idle_turns > TURNS {
                return broken(Promise::ComesToRest, format!("awake for nothing at {next:?}"));
            }
            self.now = self.now.max(next);
            self.turn()?;
            self.deliver_news()?;
            self.check_ladder()?;
        }
        self.now = self.now.max(end);
        self.check_ladder()
    }

    fn turn(&mut self) -> Step {
        // First, since what is due may be done by any step.
        if self.bridge.deadline().is_some_and(|Mono(at)| at <= self.now) {
            self.step(Input::Tick)
        } else if self.poller.wants_to_ask(self.now, self.telegram.pending.len()) {
            self.polls(Poll::Answered)
        } else if self.poller.take_drained(self.now) {
            self.step(Input::Drained)
        } else {
            self.step(Input::Tick)
        }
    }
}
