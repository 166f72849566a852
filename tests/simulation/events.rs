//! What can happen: a story is a list of these. Every event holds all that it needs and does
//! something sensible, or nothing, at any time, so that any part of a story is a story. Printed
//! with `{:?}` it is Rust that can be pasted into `stories.rs`.

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody writes so many messages of this kind.
    Writes(Who, Text, u8),
    /// The writer of the newest prompt but so many changes it.
    Edits(u8, Text),
    /// Somebody replies to the newest message of the bot but so many.
    Replies(Who, u8),
    /// Somebody taps the newest button but so many.
    Taps(Who, u8),
    /// Somebody sends callback data that pigent never made.
    Forges(Who),
    /// The group becomes a supergroup.
    Migrates,
    /// Telegram chooses update ids anew (after a quiet week; only with nothing waiting).
    Renumbers,
    /// The poller asks.
    Polls(Poll),
    /// The disk takes the newest save to write.
    DiskBegins,
    /// The write ends, as the state of the disk has it.
    DiskEnds,
    /// The state of the disk changes.
    DiskGoes(Condition),
    /// The agent does something, if one runs.
    Agent(Says),
    /// What the next agent will be like.
    Next(Nature),
    /// The outbox makes a call in the lane of this number.
    Sends(Lane, Pick, Outcome),
    /// Time passes, in milliseconds.
    Waits(u32),
    /// The button.
    Presses,
    /// The button, for 3 s.
    Holds,
    /// `pigent send`, so many times.
    Orders(u8),
    /// The power fails after so many further effects.
    CutIn(u8, Torn),
    /// The power fails.
    Cut(Torn),
    /// The process dies; the kernel and its caches live on.
    Dies(Torn),
    /// SIGTERM.
    Terminates,
    /// SIGHUP, with this list of who may talk.
    Allows(Mode),
    /// Whether the board knows the date.
    KnowsDate(bool),
}

/// People, and where they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Owner,
    OwnerInGroup,
    OwnerInTopic,
    Mate,
    /// May talk as long as everybody in the group may.
    Guest,
    Stranger,
    OtherGroup,
    Robot,
    Anonymous,
    Channel,
}

pub const PEOPLE: [Who; 10] = [
    Who::Owner,
    Who::OwnerInGroup,
    Who::OwnerInTopic,
    Who::Mate,
    Who::Guest,
    Who::Stranger,
    Who::OtherGroup,
    Who::Robot,
    Who::Anonymous,
    Who::Channel,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Prompt,
    /// `/claude /compact …`: a prompt, too.
    SlashPrompt,
    Cancel,
    CancelAll,
    New,
    Queue,
    Status,
    Help,
    Blank,
    Photo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    Answered,
    /// Telegram did what it was asked, and nobody heard.
    Lost,
    Unreached,
    Limited,
    Conflict,
    Revoked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Good,
    /// Nothing can be written.
    Full,
    /// The snapshot is renamed, but the folder cannot be synced.
    Unsyncable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Session(u8),
    Init,
    Line,
    Words,
    Tool,
    Background(u8),
    Permit,
    Question(bool),
    Withdraws,
    Answers,
    LongAnswer,
    Nothing,
    Error,
    UnknownSession,
    CannotStart,
    Exits,
    Crashes,
    IsKilled,
}

/// What an agent is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// So many rungs of the ladder (asking, SIGINT, SIGTERM) do not impress it.
    pub ignores: u8,
    /// It does not exit after its result.
    pub lingers: bool,
    pub child: Child,
}

/// A process that the agent's shell started, in a session of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    Nobody,
    Shell,
    /// In the kernel for ever: not even SIGKILL ends it.
    Immortal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Private,
    Group,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    Post,
    View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// Telegram took it, and the answer was lost: the outbox sends it again.
    OkLost,
    /// Network, 5xx, 429: later.
    NotNow,
    /// Blocked, kicked, chat gone.
    Refused,
}

/// What a power cut leaves of a write that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    OldSnapshot,
    NewSnapshot,
}

/// Who may talk, and how many prompts may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The owner's private chat, and everybody in the group; 3 may wait.
    Open,
    /// The group and two users of it; 50 may wait.
    Listed,
}
