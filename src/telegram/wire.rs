//! The bodies pigent sends, as serde types, and the envelope of what comes back.
//!
//! What is not given is left out, never `null`: the server turns JSON `null` into the four
//! letters "null" (BOTAPI.md section 2). Updates are read in `decode.rs`.

use super::api::Outgoing;
use crate::bridge::effect::Button;
use crate::bridge::ids::{ChatId, MessageId, Place, UpdateId};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// The General topic of a forum. The server refuses it by number: it is meant by leaving the
/// number out.
pub(super) const GENERAL: i64 = 1;

/// What pigent wants to hear of. Always sent, since the server remembers an older list.
const ALLOWED: [&str; 5] =
    ["message", "edited_message", "callback_query", "stopped_message_generation", "my_chat_member"];

/// `getUpdates`.
#[derive(Debug, Serialize)]
pub(super) struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<UpdateId>,
    pub limit: u32,
    /// Seconds.
    pub timeout: u64,
    allowed_updates: [&'static str; 5],
}

impl GetUpdates {
    pub fn new(offset: Option<UpdateId>, limit: u32, timeout: u64) -> GetUpdates {
        GetUpdates { offset, limit, timeout, allowed_updates: ALLOWED }
    }
}

/// A call without parameters.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// `setMyCommands`.
#[derive(Debug, Serialize)]
pub(super) struct SetMyCommands<'a> {
    pub commands: Vec<Command<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Command<'a> {
    pub command: &'a str,
    pub description: &'a str,
}

/// `sendMessage`, and with a `message_id` `editMessageText`.
#[derive(Debug, Serialize)]
pub(super) struct Text<'a> {
    chat_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    link_preview_options: LinkPreview,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_notification: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<Keyboard<'a>>,
}

impl<'a> Text<'a> {
    /// A new message.
    pub fn send(message: &Outgoing<'a>) -> Text<'a> {
        Text {
            message_thread_id: thread(message.place),
            disable_notification: message.silent.then_some(true),
            reply_parameters: message.reply_to.map(Reply::to),
            ..Text::edit_of(message, None)
        }
    }

    /// The new content of an old message.
    pub fn edit(id: MessageId, message: &Outgoing<'a>) -> Text<'a> {
        Text::edit_of(message, Some(id))
    }

    fn edit_of(message: &Outgoing<'a>, message_id: Option<MessageId>) -> Text<'a> {
        Text {
            chat_id: message.place.chat,
            message_id,
            message_thread_id: None,
            text: message.text,
            parse_mode: parse_mode(message),
            link_preview_options: LinkPreview { is_disabled: true },
            disable_notification: None,
            reply_parameters: None,
            reply_markup: Keyboard::new(message.buttons),
        }
    }
}

#[derive(Debug, Serialize)]
struct LinkPreview {
    is_disabled: bool,
}

/// `reply_parameters`: the message goes out even if the one it answers is gone.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    message_id: MessageId,
    allow_sending_without_reply: bool,
}

impl Reply {
    pub fn to(message_id: MessageId) -> Reply {
        Reply { message_id, allow_sending_without_reply: true }
    }
}

/// `reply_markup`, an inline keyboard.
#[derive(Debug, Serialize)]
pub(super) struct Keyboard<'a> {
    #[serde(serialize_with = "rows")]
    inline_keyboard: &'a [Vec<Button>],
}

impl<'a> Keyboard<'a> {
    /// `None` if there are no buttons: leaving it out removes what an edited message had.
    pub fn new(buttons: &'a [Vec<Button>]) -> Option<Keyboard<'a>> {
        let any = buttons.iter().any(|row| !row.is_empty());
        any.then_some(Keyboard { inline_keyboard: buttons })
    }
}

#[derive(Serialize)]
struct Key<'a> {
    text: &'a str,
    callback_data: &'a str,
}

impl<'a> Key<'a> {
    fn of(button: &'a Button) -> Key<'a> {
        Key { text: &button.label, callback_data: &button.data }
    }
}

fn rows<S: Serializer>(rows: &[Vec<Button>], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    for row in rows.iter().filter(|row| !row.is_empty()) {
        let keys: Vec<Key<'_>> = row.iter().map(Key::of).collect();
        list.serialize_element(&keys)?;
    }
    list.end()
}

/// `answerCallbackQuery`.
#[derive(Debug, Serialize)]
pub(super) struct AnswerTap<'a> {
    pub callback_query_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub text: &'a str,
}

/// `sendChatAction`.
#[derive(Debug, Serialize)]
pub(super) struct ChatAction {
    chat_id: ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    action: &'static str,
}

impl ChatAction {
    pub fn typing(place: Place) -> ChatAction {
        ChatAction { chat_id: place.chat, message_thread_id: thread(place), action: "typing" }
    }
}

/// `message_thread_id` as the server wants it.
pub(super) fn thread(place: Place) -> Option<i64> {
    place.thread.map(|thread| thread.0).filter(|&thread| thread != GENERAL)
}

/// `parse_mode`.
pub(super) fn parse_mode(message: &Outgoing<'_>) -> Option<&'static str> {
    message.html.then_some("HTML")
}

/// Every answer of the Bot API.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub ok: bool,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    pub error_code: Option<i64>,
    pub description: Option<String>,
    pub parameters: Option<Parameters>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    pub retry_after: Option<u64>,
    pub migrate_to_chat_id: Option<i64>,
}

/// The part of a `Message` that the sending side wants.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    pub message_id: MessageId,
}

/// The part of a `User` that `getMe` is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub username: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ids::ThreadId;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn place(thread: Option<i64>) -> Place {
        Place { chat: ChatId(-1_001_234_567_890), thread: thread.map(ThreadId) }
    }

    fn plain(buttons: &[Vec<Button>]) -> Outgoing<'_> {
        let (place, reply_to) = (place(None), None);
        Outgoing { place, text: "hi", html: false, reply_to, silent: false, buttons }
    }

    #[test]
    fn what_is_not_given_is_left_out() {
        assert_eq!(
            json(&Text::send(&plain(&[]))),
            r#"{"chat_id":-1001234567890,"text":"hi","link_preview_options":{"is_disabled":true}}"#
        );
        assert_eq!(
            json(&AnswerTap { callback_query_id: "7", text: "" }),
            r#"{"callback_query_id":"7"}"#
        );
        assert_eq!(json(&Nothing {}), "{}");
    }

    #[test]
    fn everything_at_once() {
        let button = Button { label: "Stop".into(), data: "00ff".into() };
        let buttons = [vec![button], vec![]];
        let message = Outgoing {
            place: place(Some(5)),
            html: true,
            reply_to: Some(MessageId(9)),
            silent: true,
            ..plain(&buttons)
        };
        assert_eq!(
            json(&Text::send(&message)),
            concat!(
                r#"{"chat_id":-1001234567890,"message_thread_id":5,"text":"hi","parse_mode":"HTML","#,
                r#""link_preview_options":{"is_disabled":true},"disable_notification":true,"#,
                r#""reply_parameters":{"message_id":9,"allow_sending_without_reply":true},"#,
                r#""reply_markup":{"inline_keyboard":[[{"text":"Stop","callback_data":"00ff"}]]}}"#
            )
        );
    }

    #[test]
    fn an_edit_has_no_reply_thread_or_sound() {
        let message = Outgoing { silent: true, reply_to: Some(MessageId(1)), ..plain(&[]) };
        let message = Outgoing { place: place(Some(5)), ..message };
        assert_eq!(
            json(&Text::edit(MessageId(3), &message)),
            concat!(
                r#"{"chat_id":-1001234567890,"message_id":3,"text":"hi","#,
                r#""link_preview_options":{"is_disabled":true}}"#
            )
        );
    }

    #[test]
    fn the_general_topic_has_no_number() {
        assert_eq!(thread(place(Some(1))), None);
        assert_eq!(thread(place(Some(2))), Some(2));
        let action = json(&ChatAction::typing(place(Some(1))));
        assert_eq!(action, r#"{"chat_id":-1001234567890,"action":"typing"}"#);
    }

    #[test]
    fn allowed_updates_are_always_sent() {
        let first = json(&GetUpdates::new(None, 20, 0));
        assert!(first.starts_with(r#"{"limit":20,"timeout":0,"allowed_updates":["message","#));
        let next = json(&GetUpdates::new(Some(UpdateId(8)), 20, 50));
        assert!(next.starts_with(r#"{"offset":8,"limit":20,"timeout":50,"allowed_updates":["#));
        assert!(next.contains("stopped_message_generation") && next.contains("my_chat_member"));
    }
}
