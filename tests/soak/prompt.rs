//! What users ask for in the course of a month, and how what comes back is told apart.

use crate::dice::Dice;
use pigent::emulator::Message;

/// What a prompt makes the stand-in agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Echo,
    /// A recorded run of the real agent.
    Recorded,
    Work,
    /// Several messages.
    Pieces,
    /// A file.
    File,
    Picture,
    Fail,
    Exit,
    Killed,
    TwoResults,
    Background,
    Withdrawn,
    Empty,
    Garbage,
    Permit,
    Question,
    Questions,
    Several,
    Slash,
    /// Runs until somebody stops it.
    Hang,
    /// The same, deaf to anything but SIGKILL.
    Deaf,
    /// The same, with children that ignore signals.
    Tree,
}

/// How often what is asked for, in a hundred prompts: each is there once at least.
const HUNDRED: [(u64, Kind); 22] = [
    (30, Kind::Echo),
    (16, Kind::Recorded),
    (10, Kind::Work),
    (4, Kind::Pieces),
    (3, Kind::File),
    (2, Kind::Picture),
    (4, Kind::Fail),
    (3, Kind::Exit),
    (1, Kind::Killed),
    (2, Kind::TwoResults),
    (3, Kind::Background),
    (2, Kind::Withdrawn),
    (2, Kind::Empty),
    (1, Kind::Garbage),
    (4, Kind::Permit),
    (3, Kind::Question),
    (1, Kind::Questions),
    (1, Kind::Several),
    (2, Kind::Slash),
    (4, Kind::Hang),
    (1, Kind::Deaf),
    (1, Kind::Tree),
];

/// A prompt, with all the texts it has had.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub kind: Kind,
    pub chat: i64,
    /// The message it was sent in.
    pub message: i64,
    pub texts: Vec<String>,
    pub outcome: Option<Outcome>,
}

/// What became of a prompt, as a message tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Stopped,
    /// Stopped before its agent was started.
    Unbegun,
    /// Refused to the face.
    Refused,
}

/// What a message that replies to a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Final(Outcome),
    /// A question, a hint, a further result.
    Other,
}

/// A hundred prompts' kinds in an order of their own.
pub fn hundred(dice: &mut Dice) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        HUNDRED.iter().flat_map(|(many, kind)| (0..*many).map(|_| *kind)).collect();
    for at in (1..kinds.len()).rev() {
        kinds.swap(at, dice.below(at as u64 + 1) as usize);
    }
    kinds
}

impl Kind {
    /// Whether it has to be stopped.
    pub fn endless(self) -> bool {
        matches!(self, Kind::Hang | Kind::Deaf | Kind::Tree)
    }

    /// What to write for it. `nth` makes it one of its kind, where the agent allows that.
    pub fn text(self, nth: usize, dice: &mut Dice) -> String {
        match self {
            Kind::Echo => format!("echo number {nth} {}", "und so weiter ".repeat(nth % 40)),
            Kind::Recorded => format!("please look into case {nth}"),
            Kind::Work => format!("work 0.0{:02}{nth:06}", dice.below(60)),
            Kind::Pieces => format!("long 8.{nth:06}"),
            Kind::File => format!("long 30.{nth:06}"),
            Kind::Picture => format!("image 200.{nth:06}"),
            Kind::Fail => format!("error: number {nth}"),
            Kind::Exit => format!("exit 3.{nth:06}"),
            Kind::Killed => "die".to_owned(),
            Kind::TwoResults => "two results".to_owned(),
            Kind::Background => format!("background 0.0{nth:06}"),
            Kind::Withdrawn => "withdrawn".to_owned(),
            Kind::Empty => "empty".to_owned(),
            Kind::Garbage => "garbage".to_owned(),
            Kind::Permit => format!("ask: touch {nth}"),
            Kind::Question => "question".to_owned(),
            Kind::Questions => "questions".to_owned(),
            Kind::Several => "multi".to_owned(),
            Kind::Slash => format!("/claude /compact {nth}"),
            Kind::Hang => format!("work 9{nth:06}"),
            Kind::Deaf => "hang hard".to_owned(),
            Kind::Tree => "tree".to_owned(),
        }
    }
}

impl Prompt {
    /// What the agent is started with, for any of its texts.
    pub fn starts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| text.strip_prefix("/claude ").unwrap_or(text))
    }

    /// What a message with sound, a reply to this prompt, says of it. `None`: it is not what this
    /// prompt can lead to.
    pub fn judge(&self, message: &Message) -> Option<Reply> {
        let text = message.text();
        if text.starts_with("🛑 Stopped") {
            let began = !text.contains("before it began");
            return Some(Reply::Final(if began { Outcome::Stopped } else { Outcome::Unbegun }));
        }
        if text.contains("was not taken. ") {
            return Some(Reply::Final(Outcome::Refused));
        }
        if is_hint(text) || !message.labels().is_empty() {
            return Some(Reply::Other);
        }
        if self.is_answer(message) {
            return Some(Reply::Final(Outcome::Answered));
        }
        self.is_other(text).then_some(Reply::Other)
    }

    fn is_answer(&self, message: &Message) -> bool {
        let text = message.text();
        let file = || message.document.as_ref().map_or(0, |(_, file)| file.len());
        match self.kind {
            Kind::Echo => {
                let said =
                    |own: &str| own.strip_prefix("echo ").is_some_and(|it| it.trim() == text);
                self.texts.iter().any(|own| said(own))
            }
            Kind::Recorded => !text.is_empty(),
            Kind::Work => text.contains("Worked for"),
            Kind::Pieces => text.contains("Part 1\n"),
            Kind::File => file() == 30 << 10,
            Kind::Picture => text == "I have seen it.",
            Kind::Fail => text.contains("number "),
            Kind::Exit => text.contains("exit code 3"),
            Kind::Killed => text.contains("SIGKILL"),
            Kind::TwoResults => text == "first result",
            Kind::Background => text == "It runs in the background.",
            Kind::Withdrawn => !text.is_empty(),
            Kind::Empty => text.contains("without a text"),
            Kind::Garbage => text == "That line was broken.",
            Kind::Permit => text.starts_with("ran touch") || text.starts_with("denied: "),
            Kind::Question | Kind::Questions | Kind::Several => text.starts_with("answers: "),
            Kind::Slash => text.starts_with("ran /compact"),
            Kind::Hang | Kind::Deaf | Kind::Tree => false,
        }
    }

    /// Further results, further pieces, questions that are settled.
    fn is_other(&self, text: &str) -> bool {
        match self.kind {
            Kind::TwoResults => text == "second result",
            Kind::Background => text.contains("background work is done"),
            Kind::Pieces => text.contains("Part "),
            Kind::Permit => ["✅ Allowed", "🚫 Denied"].iter().any(|head| text.starts_with(head)),
            Kind::Question | Kind::Questions | Kind::Several => text.contains("→ "),
            _ => false,
        }
    }
}

/// What pigent says to an edit, of what was dropped, and of a question that nobody has to answer
/// any more.
fn is_hint(text: &str) -> bool {
    let heads = [
        "An edit changes",
        "Changed: ",
        "The edit was",
        "Dropped by",
        "This question is over",
        "Nobody answered",
    ];
    heads.iter().any(|head| text.starts_with(head))
}
