//! What the agent wants to know, and users who answer: by a tap, or in words of their own.

use crate::month::{Month, Spot};
use pigent::emulator::{Incoming, Message};
use std::collections::{BTreeMap, BTreeSet};

/// Questions that may be open, and how much of each was seen.
#[derive(Default)]
pub struct Questions {
    open: BTreeMap<Spot, usize>,
    /// Answers in words. One that comes too late for its question is a prompt.
    pub words: BTreeSet<String>,
}

impl Questions {
    /// There is a new one.
    pub fn asked(&mut self, message: &Message) {
        self.open.insert((message.chat, message.id), 0);
    }
}

impl Month {
    /// Answers what is new in the questions that are open.
    pub fn answer_questions(&mut self) {
        for (spot, seen) in self.questions.open.clone() {
            let message = self.harness.server.look(|world| world.message(spot.0, spot.1).cloned());
            let Some(message) = message.filter(|message| !message.labels().is_empty()) else {
                self.questions.open.remove(&spot);
                continue;
            };
            if message.versions.len() > seen {
                self.questions.open.insert(spot, message.versions.len());
                self.answer(&message);
            }
        }
    }

    fn answer(&mut self, message: &Message) {
        let labels = message.labels();
        let permit = labels.iter().any(|label| label.contains("Allow"));
        let several = labels.last() == Some(&"Done");
        let ticked = labels.iter().any(|label| label.starts_with('☑'));
        if !permit && !several && !self.outage && self.dice.below(3) == 0 {
            return self.answer_in_words(message);
        }
        let choices = labels.len() as u64 - u64::from(several);
        let label = match several && ticked {
            true => "Done",
            false => labels[self.dice.below(choices) as usize],
        };
        let owner = if message.chat > 0 { message.chat } else { 1000 };
        self.harness.tap_on(message, label, owner);
        self.figures.messages += 1;
        self.figures.taps += 1;
    }

    fn answer_in_words(&mut self, message: &Message) {
        let text = format!("in my own words, number {}", self.figures.messages);
        let incoming = Incoming { chat: message.chat, text: text.clone(), ..Incoming::default() };
        self.harness.server.send(Incoming { reply_to: Some(message.id), ..incoming });
        self.questions.words.insert(text);
        self.figures.messages += 1;
    }
}
