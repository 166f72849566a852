//! Names for numbers: every id that crosses a room boundary has a type of its own.
//!
//! Telegram ids are 52-bit and signed, so they are `i64` on every board, never `usize`
//! (BOTAPI.md section 5). Ids that pigent hands out are `u64` counters kept in the memory.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A Telegram chat. Groups are negative.
    ChatId(i64)
);
id!(
    /// A Telegram user.
    UserId(i64)
);
id!(
    /// A message inside one chat.
    MessageId(i64)
);
id!(
    /// A forum topic inside one chat (`message_thread_id`).
    ThreadId(i64)
);
id!(
    /// An update of `getUpdates`. Not monotonic over long idle times (BOTAPI.md section 4).
    UpdateId(i64)
);
id!(
    /// A prompt on its way through the queue.
    JobId(u64)
);
id!(
    /// One process of the agent, from spawn to exit. The run of a job that had to be started
    /// again with a fresh session has an id of its own.
    RunId(u64)
);
id!(
    /// A live message: what it shows is replaced, never appended.
    ViewId(u64)
);
id!(
    /// A message that must arrive.
    PostId(u64)
);
id!(
    /// One body in `blobs/`: a prompt's or a post's bytes.
    BlobId(u64)
);
id!(
    /// A generation of the memory, counted up with every save since this start.
    Gen(u64)
);

/// Where a conversation happens: a chat, or one topic of it. Sessions, views and posts belong to
/// a place, so that one topic never resumes another's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The chat.
    #[serde(rename = "c")]
    pub chat: ChatId,
    /// The topic, if the chat has topics and the message came from one.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
}
