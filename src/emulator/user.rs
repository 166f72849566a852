//! The user's side: opening chats, writing, editing, tapping buttons, blocking the bot.
//!
//! Everything here goes around the bot, as a phone does, and reaches it as updates.

use super::server::Server;
use super::state::{self, Chat, Message, Tap};
use super::text::Formatted;
use serde_json::{Value, json};

/// Who writes in groups when nobody is named.
const SOMEBODY: i64 = 1000;

/// A message on its way from a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incoming {
    /// Where.
    pub chat: i64,
    /// Who; 0: the owner of the private chat, or somebody in the group.
    pub from: i64,
    /// What.
    pub text: String,
    /// In this topic.
    pub thread: Option<i64>,
    /// In reply to this message.
    pub reply_to: Option<i64>,
    /// Further members of the message (`photo`, `voice`, `sender_chat`, …).
    pub other: serde_json::Map<String, Value>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message.
    pub message: i64,
    /// The update that tells the bot; `None` if it does not want this kind.
    pub update: Option<i64>,
}

impl Server {
    /// Opens a chat or changes it.
    pub fn set_chat(&self, chat: Chat) {
        self.shared.change(|world| world.chats.insert(chat.id, chat));
    }

    /// Nothing can be sent to this chat any more, for this reason in the server's words (`bot was
    /// blocked by the user`).
    pub fn close_chat(&self, id: i64, why: &str) {
        self.set_chat(Chat { closed: Some(why.to_owned()), ..Chat::new(id) });
    }

    /// Upgrades a group: sending to the old id is refused with the new one.
    pub fn migrate(&self, from: i64, to: i64) {
        self.set_chat(Chat::new(to));
        self.set_chat(Chat { migrated_to: Some(to), ..Chat::new(from) });
    }

    /// Writes a text in a private chat, as its owner.
    pub fn say(&self, chat: i64, text: &str) -> Sent {
        self.send(Incoming { chat, text: text.to_owned(), ..Incoming::default() })
    }

    /// Writes any message. The chat is opened if need be.
    pub fn send(&self, incoming: Incoming) -> Sent {
        self.shared.change(|world| {
            let id = incoming.chat;
            let chat = world.chats.entry(id).or_insert_with(|| Chat::new(id)).clone();
            let from = sender(id, incoming.from);
            let new = world.new_message(&chat, from);
            let Incoming { thread, reply_to, other, .. } = incoming;
            let message = Message { thread, reply_to, other, ..new };
            let number = message.id;
            let json = world.keep(message, Formatted::plain(&incoming.text), Vec::new());
            Sent { message: number, update: world.push("message", json) }
        })
    }

    /// Sends something that is not text: `photo`, `voice`, `sticker`, …
    pub fn send_other(&self, chat: i64, kind: &str) -> Sent {
        let file = json!({ "file_id": "OTHER", "file_unique_id": "O", "width": 90, "height": 90,
            "duration": 1 });
        let value = if kind == "photo" { json!([file]) } else { file };
        let other = serde_json::Map::from_iter([(kind.to_owned(), value)]);
        self.send(Incoming { chat, other, ..Incoming::default() })
    }

    /// Changes a message the user wrote; `None` if there is no such message.
    pub fn edit(&self, chat: i64, message: i64, text: &str) -> Option<Sent> {
        self.shared.change(|world| {
            let message = world.message(chat, message)?.clone();
            let number = message.id;
            let json = world.keep(message, Formatted::plain(text), Vec::new());
            Some(Sent { message: number, update: world.push("edited_message", json) })
        })
    }

    /// Deletes a message; the bot is not told.
    pub fn delete(&self, chat: i64, message: i64) {
        self.shared.change(|world| {
            let found = world.messages.get_mut(&chat).and_then(|all| all.get_mut(&message));
            if let Some(message) = found {
                message.deleted = true;
            }
        });
    }

    /// Taps a button that a message has now, found by its label or its data, as this user (0: the
    /// owner of the chat). Gives the id to be answered.
    ///
    /// # Errors
    /// There is no such button; the text lists those there are.
    pub fn tap(&self, chat: i64, message: i64, button: &str, user: i64) -> Result<String, String> {
        let found = self.look(|world| {
            let message = world.message(chat, message)?;
            let buttons = message.now().buttons.iter().flatten();
            buttons.clone().find(|(label, data)| label == button || data == button).cloned()
        });
        match found {
            Some((_, data)) => Ok(self.tap_data(chat, message, &data, user)),
            None => Err(self.look(|world| {
                let labels = world.message(chat, message).map(Message::labels);
                format!("no button {button:?} on message {message}, only {labels:?}")
            })),
        }
    }

    /// Sends any tap, as a modified client can.
    pub fn tap_data(&self, chat: i64, message: i64, data: &str, user: i64) -> String {
        self.shared.change(|world| {
            let id = state::tap_id(world.taps.len());
            let shown = match world.message(chat, message) {
                Some(found) if !found.deleted => world.message_json(found),
                _ => {
                    let chat = world.chats.get(&chat).map_or(Value::Null, Chat::json);
                    json!({ "chat": chat, "message_id": message, "date": 0 })
                }
            };
            let from = world.user_json(sender(chat, user));
            let tap = json!({ "id": id, "from": from, "message": shown,
                "chat_instance": "-1000", "data": data });
            world.taps.insert(id.clone(), Tap { at: world.now(), answer: None });
            world.push("callback_query", tap);
            id
        })
    }

    /// Queues an update of any kind and content.
    pub fn push_update(&self, kind: &str, what: Value) -> Option<i64> {
        self.shared.change(|world| world.push(kind, what))
    }

    /// Everything wrong with any request so far that the real server would not have said, and
    /// every early return from a time-out.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.look(|world| world.log().iter().flat_map(|one| one.violations.clone()).collect())
    }
}

fn sender(chat: i64, from: i64) -> i64 {
    match (from, chat) {
        (0, 1..) => chat,
        (0, _) => SOMEBODY,
        _ => from,
    }
}
