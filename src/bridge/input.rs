//! Everything that can happen, as one closed enum.
//!
//! Shells build these from the world; nothing in here has been believed yet except its form
//! (numbers are numbers, texts are UTF-8 and bounded).

use super::agent::{AgentEvent, Exit, StartError};
use super::ids::{ChatId, Gen, MessageId, PostId, RunId, ThreadId, UpdateId, UserId, ViewId};
use super::rules::Access;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The deadline of the last step has come. Harmless at any other time.
    Tick,
    /// A batch from `getUpdates`.
    Updates(Batch),
    /// What was waiting at Telegram when pigent started has been read.
    Drained,
    /// The agent said something.
    Agent {
        /// Which run.
        run: RunId,
        /// What.
        event: AgentEvent,
    },
    /// The run could not be started: nothing of it exists.
    StartFailed {
        /// Which run.
        run: RunId,
        /// Why.
        why: StartError,
    },
    /// The run's own process has ended and its output has been drained (at most 1 s).
    Exited {
        /// Which run.
        run: RunId,
        /// How.
        exit: Exit,
    },
    /// Answer to [`super::Effect::Sweep`]: two scans found nothing, or 5 s are over.
    Swept {
        /// Which run.
        run: RunId,
        /// What would not die, as `name (pid)`; empty in any ordinary case.
        survivors: Vec<String>,
    },
    /// This generation, and so every earlier one, is on the disk.
    Saved {
        /// Which.
        generation: Gen,
    },
    /// This generation could not be written; the last saved one still stands.
    SaveFailed {
        /// Which.
        generation: Gen,
        /// What the system said.
        why: String,
    },
    /// The outbox reports.
    Sent(Receipt),
    /// The button.
    Press(Press),
    /// How an exchange with Telegram ended.
    Link(Link),
    /// `getMe` has answered.
    Me {
        /// The bot's user name, without `@`.
        username: String,
    },
    /// SIGHUP: who may talk from now on.
    Access(Access),
    /// `pigent send`.
    Send(SendOrder),
    /// Something that happened to an earlier pigent and that the user should hear of once (a
    /// panic, a snapshot that could not be read).
    Report {
        /// What to say.
        text: String,
    },
    /// SIGTERM or SIGINT.
    Shutdown,
}

/// Updates that came in one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// In Telegram's order.
    pub updates: Vec<Update>,
    /// The id after the last one: what confirms this batch.
    pub next: UpdateId,
    /// Read before the backlog at start was empty: it may be hours old.
    pub backlog: bool,
}

/// One update, decoded on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Telegram's id.
    pub id: UpdateId,
    /// What it says.
    pub what: Told,
}

/// What an update says.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A new message.
    Message(Message),
    /// A message changed.
    Edited(Message),
    /// A button was tapped.
    Tap(Tap),
    /// Nothing pigent acts on: confirmed and forgotten.
    Nothing,
    /// It could not be decoded. It is confirmed and logged (never its content).
    Unreadable {
        /// What was wrong with it.
        why: String,
    },
}

/// A message, new or edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Where.
    pub chat: ChatId,
    /// What kind of chat.
    pub kind: ChatKind,
    /// The topic, if it is a topic message.
    pub thread: Option<ThreadId>,
    /// Its id in that chat.
    pub id: MessageId,
    /// The sender; `None` for channel posts.
    pub from: Option<Sender>,
    /// Sent in the name of a chat: an anonymous admin or a channel.
    pub sender_chat: bool,
    /// When Telegram took it (an edit keeps the date of the message), seconds since 1970.
    pub date: i64,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// What it holds.
    pub content: Content,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, byte for byte.
    Text(String),
    /// Something pigent cannot hand to the agent: `photo`, `voice`, `document`, ….
    Other(&'static str),
    /// The group became a supergroup with this id.
    MigratedTo(ChatId),
    /// A service message: somebody joined, a title changed.
    Service,
}

/// Kinds of chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// One user and the bot.
    Private,
    /// A group or a supergroup.
    Group,
    /// A channel.
    Channel,
}

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The user.
    pub id: UserId,
    /// A bot.
    pub is_bot: bool,
}

/// A tap on an inline button.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// `callback_query.id`, to be answered.
    pub id: String,
    /// Who tapped.
    pub from: Sender,
    /// The chat of the button's message, if Telegram still knows it.
    pub chat: Option<(ChatId, ChatKind)>,
    /// The button's message.
    pub message: Option<MessageId>,
    /// `callback_data`, at most 64 bytes. Anybody with a modified client can send any.
    pub data: String,
}

/// What the outbox has to say about a view or a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The view's message exists (again: its newest frame may have been taken as an edit).
    Shown {
        /// Which view.
        view: ViewId,
        /// Its message.
        message: MessageId,
    },
    /// Telegram will not take this view, ever (blocked, kicked, chat gone).
    NotShown {
        /// Which view.
        view: ViewId,
        /// What Telegram said.
        why: String,
    },
    /// One piece of a post was taken.
    Posted {
        /// Which post.
        post: PostId,
        /// How many pieces are taken now.
        pieces: u32,
        /// The message of this piece.
        message: MessageId,
        /// It was the last piece.
        complete: bool,
    },
    /// Telegram will not take this post, ever.
    NotPosted {
        /// Which post.
        post: PostId,
        /// What Telegram said.
        why: String,
    },
    /// A group was upgraded: the lane goes on under the new id.
    Migrated {
        /// The id used.
        from: ChatId,
        /// The id to use.
        to: ChatId,
    },
}

/// A debounced button event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// The button went down.
    Down,
    /// It has been down for 3 s.
    Held,
}

/// How an exchange with Telegram ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Any complete answer, also an error that Telegram itself formulated.
    Up,
    /// No complete answer, or a server error.
    Down,
    /// 401 or 404 on a method that exists: the token is wrong or revoked.
    BadToken,
    /// 409: another program polls with this token.
    Conflict,
}

/// What `pigent send` wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOrder {
    /// Where to; `None` is the first allowed chat.
    pub chat: Option<ChatId>,
    /// The text, or the caption of the file.
    pub text: String,
    /// A file: name and content, at most 8 MiB.
    pub file: Option<(String, Vec<u8>)>,
    /// Which connection of the control socket waits for the answer.
    pub caller: u64,
}
