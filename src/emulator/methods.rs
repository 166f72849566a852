//! The methods other than sending and polling, and the door to all of them.
//!
//! Each takes the world and the arguments and gives a result or a refusal; nothing waits in here.

use super::error::ApiError;
use super::flood::Bucket;
use super::params::Params;
use super::state::{Chat, World};
use core::time::Duration;
use serde_json::{Value, json};

/// How long a tap can be answered. Not documented; reports say 5 to 15 s.
const TAP_ANSWERABLE: Duration = Duration::from_secs(15);
/// What `sendChatAction` knows.
const ACTIONS: [&str; 12] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
    "cancel",
];

impl World {
    /// Carries out any method but `getUpdates`. `method` is lower-case.
    pub(super) fn call(&mut self, method: &str, params: &Params) -> Result<Value, ApiError> {
        match method {
            "getme" => Ok(self.get_me()),
            "sendmessage" => self.send_message(params),
            "senddocument" => self.send_document(params),
            "editmessagetext" => self.edit_text(params),
            "editmessagereplymarkup" => self.edit_markup(params),
            "deletemessage" => self.delete_message(params),
            "answercallbackquery" => self.answer_tap(params),
            "sendchataction" => self.chat_action(params),
            "setmycommands" => self.set_commands(params),
            "getmycommands" => Ok(self.get_commands()),
            "deletewebhook" => Ok(Value::Bool(true)),
            _ => Err(ApiError::no_method()),
        }
    }

    /// What is wrong with the time of a call: it comes before the time-out it was given is over.
    pub(super) fn too_early(&self, method: &str, params: &Params) -> Option<String> {
        let bucket = match method {
            "sendchataction" => Bucket::Action,
            _ if method.starts_with("send") || method.starts_with("edit") => Bucket::Send,
            _ => return None,
        };
        let flood = self.flood.as_ref()?;
        let left = flood.banned(self.now(), params.number("chat_id"), bucket)?;
        Some(format!("{method}: {} ms before retry_after was over", left.as_millis()))
    }

    /// The chat of a call, if the bot may write there.
    pub(super) fn open_chat(&self, params: &Params) -> Result<Chat, ApiError> {
        if !params.has("chat_id") {
            return Err(ApiError::bad("chat_id is empty"));
        }
        let Some(chat) = self.chats.get(&params.number("chat_id")) else {
            return Err(ApiError::bad("Chat not found"));
        };
        if let Some(to) = chat.migrated_to {
            return Err(ApiError {
                parameters: Some(json!({ "migrate_to_chat_id": to })),
                ..ApiError::bad("Group chat was upgraded to a supergroup chat")
            });
        }
        match &chat.closed {
            Some(why) => Err(ApiError::forbidden(why)),
            None => Ok(chat.clone()),
        }
    }

    /// The topic of a call. Chats without topics ignore it, as the server does.
    pub(super) fn thread(&self, params: &Params, chat: &Chat) -> Result<Option<i64>, ApiError> {
        let thread = params.number("message_thread_id");
        let matters = chat.forum || chat.kind() == "private";
        match chat.topics.contains(&thread) {
            true => Ok(Some(thread)),
            false if thread != 0 && matters => Err(ApiError::bad("Message thread not found")),
            false => Ok(None),
        }
    }

    /// Counts a call against the limits.
    pub(super) fn admit(&mut self, chat: &Chat, bucket: Bucket) -> Result<(), ApiError> {
        let now = self.now();
        let group = chat.kind() != "private";
        match &mut self.flood {
            Some(flood) => flood.admit(now, chat.id, group, bucket).map_err(ApiError::flood),
            None => Ok(()),
        }
    }

    fn get_me(&self) -> Value {
        let mut me = self.user_json(self.bot);
        for (name, value) in [
            ("can_join_groups", true),
            ("can_read_all_group_messages", false),
            ("supports_inline_queries", false),
            ("can_connect_to_business", false),
            ("has_main_web_app", false),
        ] {
            me[name] = json!(value);
        }
        me
    }

    fn delete_message(&mut self, params: &Params) -> Result<Value, ApiError> {
        let chat = self.open_chat(params)?;
        let found = self.messages.get_mut(&chat.id).and_then(|all| {
            all.get_mut(&params.number("message_id")).filter(|message| !message.deleted)
        });
        match found {
            Some(message) => message.deleted = true,
            None => return Err(ApiError::bad("Message to delete not found")),
        }
        Ok(Value::Bool(true))
    }

    fn answer_tap(&mut self, params: &Params) -> Result<Value, ApiError> {
        let text = params.text("text");
        if text.chars().count() > 200 {
            return Err(ApiError::bad("MESSAGE_TOO_LONG"));
        }
        let now = self.now();
        let tap = self.taps.get_mut(&params.text("callback_query_id"));
        match tap.filter(|tap| tap.answer.is_none() && now < tap.at + TAP_ANSWERABLE) {
            Some(tap) => tap.answer = Some(text),
            None => {
                return Err(ApiError::bad(
                    "query is too old and response timeout expired or query ID is invalid",
                ));
            }
        }
        Ok(Value::Bool(true))
    }

    fn chat_action(&mut self, params: &Params) -> Result<Value, ApiError> {
        if !ACTIONS.contains(&params.text("action").to_ascii_lowercase().as_str()) {
            return Err(ApiError::bad("Wrong parameter action in request"));
        }
        let chat = self.open_chat(params)?;
        self.thread(params, &chat)?;
        self.admit(&chat, Bucket::Action)?;
        self.actions.push((chat.id, self.now()));
        Ok(Value::Bool(true))
    }

    fn set_commands(&mut self, params: &Params) -> Result<Value, ApiError> {
        let Some(Value::Array(list)) = params.json("commands", "commands")? else {
            return Err(ApiError::bad("Can't parse commands JSON object"));
        };
        if list.len() > 100 {
            return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH"));
        }
        let mut commands = Vec::new();
        for one in &list {
            let name = one["command"].as_str().unwrap_or_default().trim_start_matches('/');
            let about = one["description"].as_str().unwrap_or_default();
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
                return Err(ApiError::bad("BOT_COMMAND_INVALID"));
            }
            if !(1..=256).contains(&about.chars().count()) {
                return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
            }
            commands.push((name.to_owned(), about.to_owned()));
        }
        // One list is kept: scopes and languages are accepted and not told apart.
        if !params.has("language_code") && !params.has("scope") {
            self.commands = commands;
        }
        Ok(Value::Bool(true))
    }

    fn get_commands(&self) -> Value {
        let one =
            |(name, about): &(String, String)| json!({ "command": name, "description": about });
        self.commands.iter().map(one).collect()
    }
}
