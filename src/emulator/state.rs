//! Everything the stand-in knows: chats, messages, waiting updates, taps, what was asked of it.
//!
//! Plain data behind one lock. It changes through the bot's calls (`methods`, `send`, `polling`)
//! and the user's deeds (`user`); whoever waits looks at it again after every change. It keeps
//! all it has seen, since a test or a demo reads it and ends.

use super::faults::Faults;
use super::flood::Flood;
use super::text::Formatted;
use core::time::Duration;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// First update id: large and arbitrary, as real ones are.
const FIRST_UPDATE: i64 = 100_000_001;
/// First callback id: 64-bit numbers in strings, as real ones are.
const FIRST_TAP: i64 = 4_000_000_000_000_001;

/// A chat the bot could write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Positive: a user's private chat. Negative: a group.
    pub id: i64,
    /// It has topics.
    pub forum: bool,
    /// Topics there are.
    pub topics: Vec<i64>,
    /// Why nothing can be sent to it, in the server's words.
    pub closed: Option<String>,
    /// It became this supergroup.
    pub migrated_to: Option<i64>,
}

impl Chat {
    /// A private chat or a group, by the sign of its id.
    #[must_use]
    pub fn new(id: i64) -> Chat {
        Chat { id, forum: false, topics: Vec::new(), closed: None, migrated_to: None }
    }

    /// `private`, `supergroup` or `group`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.id {
            1.. => "private",
            ..=-1_000_000_000_000 => "supergroup",
            _ => "group",
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut chat = json!({ "id": self.id, "type": self.kind() });
        match self.kind() {
            "private" => {
                chat["first_name"] = json!(format!("User{}", self.id));
                chat["username"] = json!(format!("user{}", self.id));
            }
            _ => chat["title"] = json!(format!("Group {}", self.id)),
        }
        if self.forum {
            chat["is_forum"] = json!(true);
        }
        chat
    }
}

/// What a message showed at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// When, counted from the server's start.
    pub at: Duration,
    /// The text, or the caption of a file; without markup.
    pub text: String,
    /// The same with its formatting.
    pub html: String,
    /// Rows of buttons: label, `callback_data`.
    pub buttons: Vec<Vec<(String, String)>>,
}

/// A message, from either side.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id in the chat.
    pub id: i64,
    /// The chat.
    pub chat: i64,
    /// Who wrote it.
    pub from: i64,
    /// The bot wrote it.
    pub by_bot: bool,
    /// The topic.
    pub thread: Option<i64>,
    /// The message it replies to.
    pub reply_to: Option<i64>,
    /// It came without a sound.
    pub silent: bool,
    /// Name and bytes of its file.
    pub document: Option<(String, Vec<u8>)>,
    /// All it has shown, the newest last; never empty.
    pub versions: Vec<Version>,
    /// It is gone.
    pub deleted: bool,
    pub(super) date: i64,
    pub(super) edited: Option<i64>,
    pub(super) body: Formatted,
    pub(super) other: Map<String, Value>,
}

impl Message {
    /// What it shows now.
    #[must_use]
    pub fn now(&self) -> &Version {
        static NOTHING: Version = Version {
            at: Duration::ZERO,
            text: String::new(),
            html: String::new(),
            buttons: Vec::new(),
        };
        self.versions.last().unwrap_or(&NOTHING)
    }

    /// The text it shows now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.now().text
    }

    /// The labels of its buttons now.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        self.now().buttons.iter().flatten().map(|(label, _)| label.as_str()).collect()
    }

    /// How often it was edited.
    #[must_use]
    pub fn edits(&self) -> usize {
        self.versions.len().saturating_sub(1)
    }
}

/// One request to the server.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it was complete, counted from the server's start.
    pub at: Duration,
    /// When its answer was ready; `None` while it waits.
    pub done: Option<Duration>,
    /// The method, as the documentation spells it if it exists.
    pub method: String,
    /// What it was called with.
    pub params: Map<String, Value>,
    /// What was wrong with it that the real server would not have said.
    pub violations: Vec<String>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// `description` of a refusal.
    pub error: Option<String>,
    /// It was spoiled on purpose.
    pub spoiled: bool,
}

/// A tap on a button.
#[derive(Clone, Debug)]
pub struct Tap {
    /// When.
    pub at: Duration,
    /// What the bot answered.
    pub answer: Option<String>,
}

/// An update that has not been confirmed.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub id: i64,
    pub expires: Duration,
    pub update: Value,
}

/// Who waits in a long poll.
#[derive(Debug, Default)]
pub(super) struct Polling {
    /// Offset and time of the last poll.
    pub last: Option<(i64, Duration)>,
    /// Number of the poll that waits; a newer one takes its place.
    pub waiting: Option<u64>,
    /// Polls so far.
    pub count: u64,
    /// Conflicts before this are answered late.
    pub patience: Duration,
    /// Remembered between calls.
    pub allowed: Option<Vec<String>>,
}

/// All of it.
#[derive(Debug)]
pub struct World {
    pub(super) started: Instant,
    pub(super) bot: i64,
    pub(super) username: String,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) messages: BTreeMap<i64, BTreeMap<i64, Message>>,
    counters: BTreeMap<i64, i64>,
    pub(super) updates: VecDeque<Pending>,
    pub(super) next_update: i64,
    pub(super) polling: Polling,
    pub(super) taps: BTreeMap<String, Tap>,
    pub(super) commands: Vec<(String, String)>,
    pub(super) actions: Vec<(i64, Duration)>,
    pub(super) flood: Option<Flood>,
    pub(super) faults: Faults,
    pub(super) log: Vec<Exchange>,
    pub(super) offline: bool,
    pub(super) closing: bool,
}

impl World {
    pub(super) fn new(bot: i64, username: String, flood: bool) -> World {
        World {
            started: Instant::now(),
            bot,
            username,
            chats: BTreeMap::new(),
            messages: BTreeMap::new(),
            counters: BTreeMap::new(),
            updates: VecDeque::new(),
            next_update: FIRST_UPDATE,
            polling: Polling::default(),
            taps: BTreeMap::new(),
            commands: Vec::new(),
            actions: Vec::new(),
            flood: flood.then(Flood::default),
            faults: Faults::default(),
            log: Vec::new(),
            offline: false,
            closing: false,
        }
    }

    /// Since the server's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// All messages of a chat that are not deleted, in order.
    #[must_use]
    pub fn messages(&self, chat: i64) -> Vec<&Message> {
        let all = self.messages.get(&chat).into_iter().flat_map(BTreeMap::values);
        all.filter(|message| !message.deleted).collect()
    }

    /// Those the bot wrote.
    #[must_use]
    pub fn from_bot(&self, chat: i64) -> Vec<&Message> {
        self.messages(chat).into_iter().filter(|message| message.by_bot).collect()
    }

    /// What the bot wrote in a chat after this message, in order.
    pub fn newer(&self, chat: i64, than: i64) -> impl Iterator<Item = &Message> {
        let all = self.messages.get(&chat).into_iter();
        let newer = all.flat_map(move |all| all.range(than.saturating_add(1)..));
        newer.map(|(_, message)| message).filter(|message| message.by_bot && !message.deleted)
    }

    /// One message, also a deleted one.
    #[must_use]
    pub fn message(&self, chat: i64, id: i64) -> Option<&Message> {
        self.messages.get(&chat)?.get(&id)
    }

    /// Every request so far, in order of arrival.
    #[must_use]
    pub fn log(&self) -> &[Exchange] {
        &self.log
    }

    /// What was answered to a tap.
    #[must_use]
    pub fn tap(&self, id: &str) -> Option<&Tap> {
        self.taps.get(id)
    }

    /// When the bot was "typing…" in a chat.
    #[must_use]
    pub fn actions(&self, chat: i64) -> Vec<Duration> {
        self.actions.iter().filter(|(id, _)| *id == chat).map(|(_, at)| *at).collect()
    }

    /// The commands the bot has registered: name and description.
    #[must_use]
    pub fn commands(&self) -> &[(String, String)] {
        &self.commands
    }

    /// A long poll waits for news.
    #[must_use]
    pub fn polled(&self) -> bool {
        self.polling.waiting.is_some()
    }

    /// Updates that were not confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> usize {
        self.updates.len()
    }

    pub(super) fn user_json(&self, id: i64) -> Value {
        if id == self.bot {
            return json!({ "id": id, "is_bot": true, "first_name": "Stand-in",
                "username": self.username });
        }
        json!({ "id": id, "is_bot": false, "first_name": format!("User{id}"),
            "username": format!("user{id}"), "language_code": "en" })
    }

    /// A new message with nothing in it yet. Private chats and small groups share one counter.
    pub(super) fn new_message(&mut self, chat: &Chat, from: i64) -> Message {
        let counter = if chat.kind() == "supergroup" { chat.id } else { 0 };
        let next = self.counters.entry(counter).or_insert(0);
        *next += 1;
        Message {
            id: *next,
            chat: chat.id,
            from,
            by_bot: from == self.bot,
            thread: None,
            reply_to: None,
            silent: false,
            document: None,
            versions: Vec::new(),
            deleted: false,
            date: unix_time(),
            edited: None,
            body: Formatted::default(),
            other: Map::new(),
        }
    }

    /// Gives a message its first or next look, and keeps it.
    pub(super) fn keep(
        &mut self,
        mut message: Message,
        body: Formatted,
        buttons: Vec<Vec<(String, String)>>,
    ) -> Value {
        let at = self.now();
        if !message.versions.is_empty() {
            message.edited = Some(unix_time());
        }
        let version = Version { at, text: body.text.clone(), html: body.html(), buttons };
        message.versions.push(version);
        message.body = body;
        let json = self.message_json(&message);
        self.messages.entry(message.chat).or_default().insert(message.id, message);
        json
    }

    /// A message as the Bot API writes it.
    pub(super) fn message_json(&self, message: &Message) -> Value {
        let chat = self.chats.get(&message.chat).map_or(Value::Null, Chat::json);
        let mut json = json!({ "message_id": message.id, "from": self.user_json(message.from),
            "chat": chat, "date": message.date });
        let (text, entities) = match message.document.is_some() || !message.other.is_empty() {
            true => ("caption", "caption_entities"),
            false => ("text", "entities"),
        };
        if !message.body.text.is_empty() {
            json[text] = json!(message.body.text);
        }
        if !message.body.entities.is_empty() {
            json[entities] = message.body.entities_json();
        }
        if let Some((name, bytes)) = &message.document {
            json["document"] = json!({ "file_id": format!("FILE{}", message.id),
                "file_unique_id": format!("F{}", message.id), "file_name": name,
                "file_size": bytes.len() });
        }
        for (name, value) in &message.other {
            json[name] = value.clone();
        }
        if let Some(thread) = message.thread {
            json["message_thread_id"] = json!(thread);
            json["is_topic_message"] = json!(true);
        }
        if let Some(edited) = message.edited {
            json["edit_date"] = json!(edited);
        }
        let replied = message.reply_to.and_then(|id| self.message(message.chat, id));
        if let Some(replied) = replied {
            let plain = Message { reply_to: None, ..replied.clone() };
            json["reply_to_message"] = self.message_json(&plain);
        }
        let rows = &message.now().buttons;
        if !rows.is_empty() {
            let button =
                |(label, data): &(String, String)| json!({ "text": label, "callback_data": data });
            let rows: Vec<Vec<Value>> =
                rows.iter().map(|row| row.iter().map(button).collect()).collect();
            json["reply_markup"] = json!({ "inline_keyboard": rows });
        }
        json
    }
}

/// Seconds since 1970.
fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The id of the `nth` tap.
pub(super) fn tap_id(nth: usize) -> String {
    (FIRST_TAP + i64::try_from(nth).unwrap_or(0)).to_string()
}
