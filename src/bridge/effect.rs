//! Everything the bridge can want done, as one closed enum.
//!
//! Shells carry these out; none of them decides anything. An effect that must wait for the disk
//! is not emitted before its generation is saved, so a shell never has to hold one back.

use super::agent::Verdict;
use super::ids::{BlobId, Gen, MessageId, Place, PostId, RunId, UpdateId, ViewId};
use super::memory::Memory;
use std::sync::Arc;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Everything below this id may be confirmed to Telegram.
    Confirm {
        /// The next offset.
        next: UpdateId,
    },
    /// Write the memory. Older unwritten generations may be skipped, their `bodies` may not.
    Save(Box<Save>),
    /// Start the agent.
    Start(Start),
    /// Answer a permission request or a question.
    Answer {
        /// Which run.
        run: RunId,
        /// Which request.
        request: String,
        /// What to say.
        verdict: Verdict,
    },
    /// Ask the agent over stdin to stop its turn.
    Interrupt {
        /// Which run.
        run: RunId,
    },
    /// Close the agent's stdin: after the current turn it exits.
    CloseInput {
        /// Which run.
        run: RunId,
    },
    /// Send a signal.
    Signal {
        /// Which run.
        run: RunId,
        /// Which signal.
        signal: Signal,
        /// To whom.
        reach: Reach,
    },
    /// SIGKILL everything of this run and look again until two scans are empty, at most 5 s;
    /// then report `Input::Swept`. Also valid when the run's own process has ended already.
    Sweep {
        /// Which run.
        run: RunId,
    },
    /// What a view shows now.
    Show(View),
    /// A message that must arrive. Given again after a restart; never given twice in one start.
    Post(Post),
    /// Answer a tap, at once: the phone shows a spinner until then.
    AnswerTap {
        /// `callback_query.id`.
        tap: String,
        /// Shown for a moment, at most 200 characters; may be empty.
        text: String,
    },
    /// What the lamps should tell from now on.
    Signs(Signs),
    /// Answer to `pigent send`: the order was taken (`Ok`) or refused.
    SendResult {
        /// Which connection.
        caller: u64,
        /// `Err` says what to do.
        result: Result<(), String>,
    },
    /// A line for the log. Never a stranger's text, never a prompt.
    Log(log::Level, String),
    /// Leave now: everything that had to be done first is done or out of time.
    Exit,
}

/// A generation of the memory for the disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Save {
    /// Counted up with each save.
    pub generation: Gen,
    /// All of it.
    pub memory: Memory,
    /// Bodies that this generation names for the first time, to be written and synced before it.
    pub bodies: Vec<(BlobId, Body)>,
}

/// Bytes of a prompt or a post, shared between the rooms without copying.
pub type Body = Arc<[u8]>;

/// How to start the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The new run.
    pub run: RunId,
    /// The prompt, byte for byte.
    pub prompt: Arc<str>,
    /// One of the agent's own slash commands, meant as such (`/claude /compact`); otherwise a
    /// leading slash is text.
    pub slash_command: bool,
    /// The session to resume.
    pub resume: Option<String>,
}

/// Signals of the stop ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Int,
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The agent's own process group.
    Agent,
    /// Everything of the run, whatever session or parent it has by now.
    Tree,
}

/// A live message. The outbox holds only the newest one of each id.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which.
    pub id: ViewId,
    /// Where.
    pub place: Place,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// How it is treated.
    pub class: Class,
    /// What it shows.
    pub frame: Frame,
    /// The message that shows it, if it was sent before a restart.
    pub message: Option<MessageId>,
    /// Keep "typing…" alive in this place while this is the newest state.
    pub typing: bool,
    /// No newer state will come: forget it once this one is taken.
    pub last: bool,
}

/// How a view is treated. In the order in which a lane serves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The reply to a command: with sound, at once.
    Reply,
    /// Asks the user something: with sound, at once.
    Question,
    /// Said once in passing: without sound.
    Note,
    /// The state of a run: without sound, throttled.
    Live,
}

/// What a message shows, part by part; how it becomes HTML is `telegram/`'s business. Only
/// [`Part::Markdown`] is interpreted, so what the agent says cannot pass for what pigent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// In order. Nothing is put between them: line breaks are part of the texts.
    pub parts: Vec<Part>,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
}

/// A piece of a [`Frame`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Plain(String),
    /// Bold.
    Bold(String),
    /// Fixed width, for paths and commands.
    Code(String),
    /// The agent's words, in Markdown; cut at its beginning if the frame is too long.
    Markdown(String),
}

/// An inline button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// At most 64 characters.
    pub label: String,
    /// `callback_data`: 16 hexadecimal digits.
    pub data: String,
}

/// A message that must arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Which. Posts of one place are sent in the order in which they were given.
    pub id: PostId,
    /// Where.
    pub place: Place,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// How its body is to be read.
    pub format: Format,
    /// Where its body is.
    pub body: Source,
    /// Rows of buttons under the last piece.
    pub buttons: Vec<Vec<Button>>,
    /// Pieces that Telegram has taken already.
    pub pieces_taken: u32,
}

/// How a post's body is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// The agent's Markdown. Over five pieces it goes as a `.md` file with exactly these bytes.
    Markdown,
    /// pigent's own words: never interpreted, never a file.
    Plain,
    /// A file to hand over.
    File {
        /// Its name, without any folder.
        name: String,
        /// Text under it, at most 1024 characters.
        caption: String,
    },
}

/// Where a post's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In `blobs/`, to be read when it is sent: 200 waiting posts cost no memory.
    Blob(BlobId),
    /// Here, because the disk does not take it.
    Memory(Body),
}

/// What the lamps should tell. The panel turns it into patterns for the lamps there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// What the agent does.
    pub work: Work,
    /// The last run ended in an error that nobody has seen yet, or there is trouble with clock,
    /// disk or token.
    pub error: bool,
    /// Telegram cannot be reached.
    pub offline: bool,
}

/// What the agent does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    #[default]
    Idle,
    /// It runs.
    Busy,
    /// It waits for the user's word.
    Waiting,
    /// It is being stopped.
    Stopping,
}
