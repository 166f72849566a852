//! What was counted in the course of a month.

use crate::prompt::Outcome;

#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// All that users sent: prompts, commands, edits, taps, and whatever strangers wrote.
    pub messages: usize,
    pub prompts: usize,
    pub commands: usize,
    pub edits: usize,
    pub taps: usize,
    pub strangers: usize,
    pub sends: usize,
    pub stops: usize,
    pub outages: usize,
    pub answered: usize,
    pub stopped: usize,
    pub unbegun: usize,
    pub refused: usize,
    pub dropped: usize,
    /// Final messages beyond the first: pieces, and what came again.
    pub again: usize,
    /// Messages of the bot.
    pub read: usize,
}

impl Figures {
    pub fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Answered => &mut self.answered,
            Outcome::Stopped => &mut self.stopped,
            Outcome::Unbegun => &mut self.unbegun,
            Outcome::Refused => &mut self.refused,
        } += 1;
    }

    /// Prompts that were run, as far as is known.
    pub fn jobs(&self) -> usize {
        self.answered + self.stopped
    }
}
