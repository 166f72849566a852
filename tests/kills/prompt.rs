//! What the user asks for, and how its answer is told from anything else.

use crate::dice::Dice;
use pigent::emulator::Message;

/// Chats of a closet. Several, so that no flood limit slows the story down.
pub const CHATS: [i64; 8] = [42, 43, 44, 45, 46, 47, 48, 49];

/// What a prompt makes the stand-in agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Echo,
    Work,
    Fail,
    Crash,
    TwoResults,
    /// An answer of several messages.
    Pieces,
    /// An answer that comes as a file.
    File,
    /// Runs until something ends it.
    Hang,
    /// The same, with children that ignore signals.
    Tree,
}

/// How often what is asked for.
const QUICK: [Kind; 10] = [
    Kind::Echo,
    Kind::Echo,
    Kind::Echo,
    Kind::Work,
    Kind::Work,
    Kind::Fail,
    Kind::Crash,
    Kind::TwoResults,
    Kind::Pieces,
    Kind::File,
];

#[derive(Clone, Debug)]
pub struct Prompt {
    pub kind: Kind,
    pub chat: i64,
    /// The message it was sent in.
    pub message: i64,
    pub text: String,
}

/// What became of a prompt, as a message tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Interrupted,
}

impl Kind {
    pub fn quick(dice: &mut Dice) -> Kind {
        dice.pick(&QUICK)
    }

    pub fn endless(self) -> bool {
        matches!(self, Kind::Hang | Kind::Tree)
    }

    /// What to write for it. `nth` makes it one of its kind, where the agent allows that.
    pub fn text(self, nth: usize, dice: &mut Dice) -> String {
        match self {
            Kind::Echo => format!("echo number {nth}"),
            Kind::Work => format!("work 0.{:02}{nth:05}", dice.below(20)),
            Kind::Fail => format!("error: number {nth}"),
            Kind::Crash => "crash".to_owned(),
            Kind::TwoResults => "two results".to_owned(),
            Kind::Pieces => "long 8".to_owned(),
            Kind::File => "long 30".to_owned(),
            Kind::Hang => format!("work 9{nth:05}"),
            Kind::Tree => "tree".to_owned(),
        }
    }
}

impl Prompt {
    /// What this message with sound, a reply to the prompt, says of it; `None` if it is not what
    /// this prompt can lead to.
    pub fn judge(&self, message: &Message) -> Option<Outcome> {
        let text = message.text();
        if text.contains("Interrupted") {
            return Some(Outcome::Interrupted);
        }
        let fits = match self.kind {
            Kind::Echo => self.text.strip_prefix("echo ") == Some(text),
            Kind::Work => text.contains("Worked for"),
            Kind::Fail => text.contains(self.text.trim_start_matches("error: ")),
            Kind::Crash => text.contains("asked to crash"),
            Kind::TwoResults => ["first result", "second result"].contains(&text),
            Kind::Pieces => text.contains("Part 1\n"),
            Kind::File => message.document.as_ref().is_some_and(|(_, file)| file.len() == 30 << 10),
            Kind::Hang | Kind::Tree => false,
        };
        fits.then_some(Outcome::Answered)
    }
}
