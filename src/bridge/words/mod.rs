//! Every text pigent itself says in a chat, in every language it knows.
//!
//! A method a message, so that no text is put together anywhere else. The words "Stopped",
//! "Interrupted" and "disk" are looked for by scripts (DESIGN.md, "Words").

mod format;
mod panels;
mod replies;
mod verdicts;

pub(super) use format::{head, is_unknown_session, one_line};
pub(super) use panels::{Ending, State, Status, state_of};

use super::rules::Lang;

/// The commands, for `setMyCommands`: name and description (BOTAPI.md section 9).
pub const COMMANDS: [(&str, &str); 8] = [
    ("status", "what is going on"),
    ("queue", "what runs and what waits"),
    ("cancel", "stop the running prompt (/cancel all: the queue too)"),
    ("stop", "the same as /cancel"),
    ("new", "start a fresh conversation"),
    ("clear", "the same as /new"),
    ("claude", "send one of Claude's own commands: /claude /compact"),
    ("help", "what this bot can do"),
];

/// The texts in one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words(pub(super) Lang);

impl Words {
    /// The text in this language.
    fn pick<'a>(self, english: &'a str, german: &'a str) -> &'a str {
        match self.0 {
            Lang::En => english,
            Lang::De => german,
        }
    }

    fn say(self, english: &str, german: &str) -> String {
        self.pick(english, german).to_owned()
    }
}
