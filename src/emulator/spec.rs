//! What the methods take, so that a misspelled or mistyped argument is noticed: the real server
//! ignores it without a word.
//!
//! Only methods this stand-in carries out, and only arguments a bridge has a use for (Bot API
//! 10.3).

use super::params::{Given, Params};
use serde_json::Value;

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Integer,
    Boolean,
    Text,
    /// A file or a text.
    File,
    Object(&'static [&'static str]),
    List,
}

/// Name, type, and whether the call makes no sense without it.
type Argument = (&'static str, Type, bool);

const REPLY: Type = Type::Object(&[
    "message_id",
    "chat_id",
    "allow_sending_without_reply",
    "quote",
    "quote_parse_mode",
    "quote_entities",
    "quote_position",
]);
const PREVIEW: Type = Type::Object(&[
    "is_disabled",
    "url",
    "prefer_small_media",
    "prefer_large_media",
    "show_above_text",
]);
const MARKUP: Type =
    Type::Object(&["inline_keyboard", "keyboard", "remove_keyboard", "force_reply", "selective"]);
const SCOPE: Type = Type::Object(&["type", "chat_id", "user_id"]);

const CHAT: Argument = ("chat_id", Type::Integer, true);
const THREAD: Argument = ("message_thread_id", Type::Integer, false);
const MODE: Argument = ("parse_mode", Type::Text, false);
const SILENT: Argument = ("disable_notification", Type::Boolean, false);
const PROTECT: Argument = ("protect_content", Type::Boolean, false);
const REPLY_TO: Argument = ("reply_parameters", REPLY, false);
const KEYBOARD: Argument = ("reply_markup", MARKUP, false);
const LINKS: Argument = ("link_preview_options", PREVIEW, false);
const MESSAGE: Argument = ("message_id", Type::Integer, true);
const LANGUAGE: Argument = ("language_code", Type::Text, false);
const SCOPED: Argument = ("scope", SCOPE, false);

/// Every method there is, as the documentation spells it.
const METHODS: &[(&str, &[Argument])] = &[
    ("getMe", &[]),
    (
        "getUpdates",
        &[
            ("offset", Type::Integer, false),
            ("limit", Type::Integer, false),
            ("timeout", Type::Integer, false),
            ("allowed_updates", Type::List, false),
        ],
    ),
    (
        "sendMessage",
        &[
            CHAT,
            ("text", Type::Text, true),
            THREAD,
            MODE,
            ("entities", Type::List, false),
            LINKS,
            SILENT,
            PROTECT,
            REPLY_TO,
            KEYBOARD,
        ],
    ),
    (
        "editMessageText",
        &[
            CHAT,
            MESSAGE,
            ("text", Type::Text, true),
            MODE,
            ("entities", Type::List, false),
            LINKS,
            KEYBOARD,
        ],
    ),
    ("editMessageReplyMarkup", &[CHAT, MESSAGE, KEYBOARD]),
    (
        "sendDocument",
        &[
            CHAT,
            ("document", Type::File, true),
            ("caption", Type::Text, false),
            THREAD,
            MODE,
            ("disable_content_type_detection", Type::Boolean, false),
            SILENT,
            PROTECT,
            REPLY_TO,
            KEYBOARD,
        ],
    ),
    (
        "answerCallbackQuery",
        &[
            ("callback_query_id", Type::Text, true),
            ("text", Type::Text, false),
            ("show_alert", Type::Boolean, false),
            ("url", Type::Text, false),
            ("cache_time", Type::Integer, false),
        ],
    ),
    ("sendChatAction", &[CHAT, ("action", Type::Text, true), THREAD]),
    ("setMyCommands", &[("commands", Type::List, true), SCOPED, LANGUAGE]),
    ("getMyCommands", &[SCOPED, LANGUAGE]),
    ("deleteMessage", &[CHAT, MESSAGE]),
    ("deleteWebhook", &[("drop_pending_updates", Type::Boolean, false)]),
];

/// The documentation's spelling of a method; `None` if there is none like it.
pub(super) fn spelling(method: &str) -> Option<&'static str> {
    METHODS.iter().map(|(name, _)| *name).find(|name| name.eq_ignore_ascii_case(method))
}

/// Everything about a call that the real server would not complain about, and should not be.
pub(super) fn violations(method: &str, params: &Params) -> Vec<String> {
    let arguments = METHODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(method));
    let Some((name, arguments)) = arguments else {
        return vec![format!("unknown method {method}")];
    };
    let mut found = Vec::new();
    for (given, value) in params.given() {
        match arguments.iter().find(|(known, ..)| *known == given) {
            None => found.push(format!("{name}: unknown argument {given}")),
            Some((_, kind, _)) => {
                found.extend(mistyped(*kind, value).map(|why| format!("{name}.{given}: {why}")))
            }
        }
    }
    for file in params.files.keys() {
        if !arguments.iter().any(|(known, kind, _)| known == file && *kind == Type::File) {
            found.push(format!("{name}: file {file} is not used"));
        }
    }
    for (wanted, _, needed) in *arguments {
        if *needed && !params.has(wanted) && !params.files.contains_key(*wanted) {
            found.push(format!("{name}: {wanted} is missing"));
        }
    }
    found
}

/// Why a value is not of its type.
fn mistyped(kind: Type, given: &Given) -> Option<String> {
    let parsed;
    let value = match (kind, given) {
        (_, Given::Json(Value::Null)) => {
            return Some("null is sent as the text \"null\"".to_owned());
        }
        (Type::Text | Type::File, Given::Text(_)) => return None,
        (_, Given::Json(value)) => value,
        (_, Given::Text(text)) => {
            parsed = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
            &parsed
        }
    };
    let fits = match kind {
        Type::Integer => value.is_i64(),
        Type::Boolean => value.is_boolean(),
        Type::Text | Type::File => value.is_string(),
        Type::List => value.is_array(),
        Type::Object(names) => return wrong_member(value, names),
    };
    (!fits).then(|| format!("not of type {kind:?}"))
}

fn wrong_member(value: &Value, names: &[&str]) -> Option<String> {
    let Some(object) = value.as_object() else {
        return Some("not an object".to_owned());
    };
    let wrong =
        object.iter().find(|(name, value)| !names.contains(&name.as_str()) || value.is_null());
    wrong.map(|(name, _)| format!("member {name} is unknown or null"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::http::Request;

    fn check(method: &str, body: &str, expect: &[&str]) {
        let request = Request {
            content_type: "application/json".to_owned(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        };
        let found = violations(method, &Params::read(&request).unwrap());
        assert_eq!(found, expect);
    }

    #[test]
    fn a_proper_call_has_no_violations() {
        check("getMe", "", &[]);
        check(
            "sendmessage",
            r#"{"chat_id":1,"text":"x","disable_notification":true,
               "reply_parameters":{"message_id":5,"allow_sending_without_reply":true}}"#,
            &[],
        );
    }

    #[test]
    fn what_the_real_server_ignores_is_told() {
        check(
            "sendMessage",
            r#"{"chat_id":1,"txt":"x"}"#,
            &["sendMessage: unknown argument txt", "sendMessage: text is missing"],
        );
        check(
            "sendMessage",
            r#"{"chat_id":"1","text":"x","reply_markup":null}"#,
            &[
                "sendMessage.chat_id: not of type Integer",
                "sendMessage.reply_markup: null is sent as the text \"null\"",
            ],
        );
        check(
            "sendMessage",
            r#"{"chat_id":1,"text":"x","reply_parameters":{"msg":5}}"#,
            &["sendMessage.reply_parameters: member msg is unknown or null"],
        );
        check("sendCake", "{}", &["unknown method sendCake"]);
    }
}
