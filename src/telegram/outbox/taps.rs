//! Answers to button taps: at once, before everything, and not for long.

use super::call::{Call, Outcome};
use crate::bridge::time::Mono;
use crate::telegram::error::Error;
use std::collections::VecDeque;

/// Answers that wait; the oldest is given up for a newer one.
const WAITING: usize = 64;
/// Attempts for one answer. Telegram refuses late ones anyway (BOTAPI.md section 9).
const ATTEMPTS: u32 = 3;

/// Taps that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Taps {
    waiting: VecDeque<Tap>,
    flying: Option<Tap>,
}

#[derive(Debug)]
struct Tap {
    id: String,
    text: String,
    attempts: u32,
}

impl Taps {
    pub(super) fn add(&mut self, id: String, text: String) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Tap { id, text, attempts: 0 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_none()
    }

    /// The next answer. A new one does not wait for the network's back-off (until `hold`): it
    /// would be late, and as an attempt it costs nothing.
    pub(super) fn next(&mut self, now: Mono, hold: Mono) -> Option<Call> {
        let due = |tap: &Tap| tap.attempts == 0 || hold <= now;
        let index = self.waiting.iter().position(due)?;
        let mut tap = self.waiting.remove(index)?;
        tap.attempts += 1;
        let call = Call::Tap { tap: tap.id.clone(), text: tap.text.clone() };
        self.flying = Some(tap);
        Some(call)
    }

    /// How it ended.
    pub(super) fn done(&mut self, outcome: &Outcome) {
        let Some(tap) = self.flying.take() else { return };
        let down = matches!(outcome, Err(Error::Network { .. } | Error::Server { .. }));
        if down && tap.attempts < ATTEMPTS {
            self.waiting.push_front(tap);
        }
    }
}
