//! `getUpdates`' result to [`Update`]s, each decoded alone: one that cannot be read is confirmed
//! like any other and never stands in the way of those behind it.
//!
//! Nothing is believed here but the form; who may talk is for the bridge. No error from here
//! quotes what was sent: it may be a stranger's text.

use super::wire::GENERAL;
use crate::bridge::ids::{ChatId, MessageId, ThreadId, UpdateId, UserId};
use crate::bridge::input::{ChatKind, Content, Message, Sender, Tap, Told, Update};
use core::fmt;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What one answer of `getUpdates` held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// In the server's order.
    pub updates: Vec<Update>,
    /// Elements without a readable `update_id`: they cannot be confirmed, and so not be told
    /// from each other.
    pub nameless: usize,
}

/// The whole body of an answer of `getUpdates`, for the fuzzer and for tests of the input.
#[doc(hidden)]
#[must_use]
pub fn body(body: Vec<u8>) -> Option<Decoded> {
    let token = super::token::Token::new("1:fuzz").ok()?;
    let answer = super::answer::Answer { status: 200, retry_after: None, body };
    answer.result::<Vec<&RawValue>>(&token).ok().map(|elements| updates(&elements))
}

/// The first update of a body that is no JSON although it came whole: cut ones are not meant, the
/// update may be a good one.
pub(super) fn garbled(body: &[u8]) -> Option<UpdateId> {
    let text = String::from_utf8_lossy(body);
    let whole = text.trim_start().starts_with(r#"{"ok":true"#) && text.trim_end().ends_with("]}");
    let (_, after) = text.split_once(r#""update_id":"#).filter(|_| whole)?;
    let after = after.trim_start();
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(after.len());
    after.get(..end)?.parse().ok().map(UpdateId)
}

/// Longest text, bytes. Telegram's messages have 4096 characters; what is longer would not be
/// remembered.
const LONGEST_TEXT: usize = 64 << 10;

/// Decodes each element of the result.
pub(super) fn updates(elements: &[&RawValue]) -> Decoded {
    let mut decoded = Decoded::default();
    for element in elements {
        match update_id(element) {
            Some(id) => decoded.updates.push(Update { id, what: told(element) }),
            None => decoded.nameless += 1,
        }
    }
    decoded
}

/// The id, whatever the rest of the update looks like.
fn update_id(element: &RawValue) -> Option<UpdateId> {
    #[derive(Deserialize)]
    struct Id {
        update_id: i64,
    }
    serde_json::from_str(element.get()).ok().map(|id: Id| UpdateId(id.update_id))
}

fn told(element: &RawValue) -> Told {
    read(element).unwrap_or_else(|why| Told::Unreadable { why })
}

fn read(element: &RawValue) -> Result<Told, String> {
    let raw: RawUpdate<'_> = parse(element, "update")?;
    if let Some(raw) = raw.message {
        return Ok(Told::Message(message(raw, "message")?));
    }
    if let Some(raw) = raw.edited_message {
        return Ok(Told::Edited(message(raw, "edited_message")?));
    }
    match raw.callback_query {
        Some(raw) => Ok(Told::Tap(parse::<RawTap>(raw, "callback_query")?.into())),
        None => Ok(Told::Nothing),
    }
}

/// `part` names what could not be read, with the place and kind of the error; serde's own words
/// quote the value.
fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue, part: &str) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "something is missing or of another type",
            _ => "not well-formed",
        };
        format!("{part}: {kind} (at byte {})", error.column())
    })
}

fn message(element: &RawValue, part: &str) -> Result<Message, String> {
    let raw: RawMessage = parse(element, part)?;
    let content = match (raw.text, raw.migrate_to_chat_id) {
        (Some(text), _) if text.len() > LONGEST_TEXT => Content::Other("text of that length"),
        (Some(text), _) => Content::Text(text),
        (None, Some(to)) => Content::MigratedTo(ChatId(to)),
        (None, None) => match parse::<Media>(element, part)?.0 {
            Some(kind) => Content::Other(kind),
            None => Content::Service,
        },
    };
    // Outside of forums replies carry a thread id as well: it is no topic.
    let thread = raw.message_thread_id.filter(|_| raw.is_topic_message);
    // Inside of them, what replies to nothing "replies" to the message that made the topic.
    let reply = raw.reply_to_message.and_then(|reply| reply.message_id);
    Ok(Message {
        chat: ChatId(raw.chat.id),
        kind: raw.chat.kind.into(),
        thread: thread.filter(|&id| id != GENERAL).map(ThreadId),
        id: MessageId(raw.message_id),
        from: raw.from.map(Sender::from),
        sender_chat: raw.sender_chat.is_some(),
        date: raw.date,
        reply_to: reply.filter(|&id| thread != Some(id)).map(MessageId),
        content,
    })
}

#[derive(Deserialize)]
struct RawUpdate<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    edited_message: Option<&'a RawValue>,
    #[serde(borrow)]
    callback_query: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawMessage {
    message_id: i64,
    date: i64,
    chat: RawChat,
    from: Option<RawUser>,
    sender_chat: Option<IgnoredAny>,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    reply_to_message: Option<RawReply>,
    text: Option<String>,
    migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type")]
    kind: RawKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Private,
    Group,
    Supergroup,
    Channel,
}

impl From<RawKind> for ChatKind {
    fn from(raw: RawKind) -> ChatKind {
        match raw {
            RawKind::Private => ChatKind::Private,
            RawKind::Group | RawKind::Supergroup => ChatKind::Group,
            RawKind::Channel => ChatKind::Channel,
        }
    }
}

#[derive(Deserialize)]
struct RawUser {
    id: i64,
    #[serde(default)]
    is_bot: bool,
}

impl From<RawUser> for Sender {
    fn from(raw: RawUser) -> Sender {
        Sender { id: UserId(raw.id), is_bot: raw.is_bot }
    }
}

#[derive(Deserialize)]
struct RawReply {
    message_id: Option<i64>,
}

#[derive(Deserialize)]
struct RawTap {
    id: String,
    from: RawUser,
    message: Option<RawTapped>,
    #[serde(default)]
    data: String,
}

/// The button's message; of one that is too old only this much is known (its date is 0).
#[derive(Deserialize)]
struct RawTapped {
    message_id: i64,
    chat: RawChat,
}

/// Longest `callback_data` and id of a tap, bytes.
const LONGEST_DATA: usize = 64;

impl From<RawTap> for Tap {
    fn from(raw: RawTap) -> Tap {
        let message = raw.message.as_ref().map(|message| MessageId(message.message_id));
        let chat = raw.message.map(|message| (ChatId(message.chat.id), message.chat.kind.into()));
        // Longer data is none of ours, and a part of it could become one.
        let short = |text: String| if text.len() <= LONGEST_DATA { text } else { String::new() };
        let (id, data) = (short(raw.id), short(raw.data));
        Tap { id, from: raw.from.into(), chat, message, data }
    }
}

/// What pigent cannot hand to the agent. Some messages have two of these: the first one counts.
const MEDIA: [&str; 22] = [
    "animation",
    "audio",
    "photo",
    "live_photo",
    "sticker",
    "story",
    "video",
    "video_note",
    "voice",
    "document",
    "paid_media",
    "checklist",
    "contact",
    "dice",
    "game",
    "poll",
    "venue",
    "location",
    "invoice",
    "giveaway",
    "rich_message",
    "gift",
];

/// Which of [`MEDIA`] is among the keys of a message.
struct Media(Option<&'static str>);

impl<'de> Deserialize<'de> for Media {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Media, D::Error> {
        deserializer.deserialize_map(MediaVisitor)
    }
}

struct MediaVisitor;

impl<'de> Visitor<'de> for MediaVisitor {
    type Value = Media;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Media, A::Error> {
        let mut first = None;
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            let rank = MEDIA.iter().position(|&kind| kind == key);
            first = match (first, rank) {
                (Some(old), Some(new)) => Some(usize::min(old, new)),
                (old, new) => old.or(new),
            };
        }
        Ok(Media(first.and_then(|rank| MEDIA.get(rank).copied())))
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
