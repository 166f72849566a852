//! Messages on their way into a chat: sending, editing, files, buttons.
//!
//! The checks come in the server's order (BOTAPI.md section 7), because a client sees only the
//! first one that fails.

use super::error::ApiError;
use super::flood::Bucket;
use super::html;
use super::params::Params;
use super::state::{Chat, Message, World};
use super::text::{self, Formatted};
use serde_json::Value;

/// Longest text, in code points after parsing.
const MAX_TEXT: usize = 4096;
/// Longest caption, counted the same.
const MAX_CAPTION: usize = 1024;
/// Longest `callback_data`, in bytes.
const MAX_DATA: usize = 64;
/// More buttons than this are refused.
const MAX_BUTTONS: usize = 100;
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply \
    markup are exactly the same as a current content and reply markup of the message";

type Buttons = Vec<Vec<(String, String)>>;

impl World {
    pub(super) fn send_message(&mut self, params: &Params) -> Result<Value, ApiError> {
        let body = message_text(params)?;
        let too_long = body.length() > MAX_TEXT;
        let too_long = too_long.then(|| ApiError::bad("Message is too long"));
        self.deliver(params, body, None, too_long)
    }

    pub(super) fn send_document(&mut self, params: &Params) -> Result<Value, ApiError> {
        let Some(file) = params.files.get("document") else {
            return Err(ApiError::bad(match params.has("document") {
                true => "Wrong file identifier/HTTP URL specified",
                false => "There is no document in the request",
            }));
        };
        if file.bytes.is_empty() {
            return Err(ApiError::bad("file must be non-empty"));
        }
        let caption = formatted(params, "caption")?.unwrap_or_default();
        let too_long = caption.length() > MAX_CAPTION;
        let too_long = too_long.then(|| ApiError::bad("Message caption is too long"));
        let document = (file.name.clone(), file.bytes.clone());
        self.deliver(params, caption, Some(document), too_long)
    }

    pub(super) fn edit_text(&mut self, params: &Params) -> Result<Value, ApiError> {
        let body = message_text(params)?;
        let buttons = buttons(params)?;
        let (chat, message) = self.own_message(params)?;
        if message.document.is_some() {
            return Err(ApiError::bad("There is no text in the message to edit"));
        }
        // The length of an edit is not checked by the front: another machine says so later.
        if body.length() > MAX_TEXT {
            return Err(ApiError::bad("MESSAGE_TOO_LONG"));
        }
        self.change(&chat, message, body, buttons)
    }

    pub(super) fn edit_markup(&mut self, params: &Params) -> Result<Value, ApiError> {
        let buttons = buttons(params)?;
        let (chat, message) = self.own_message(params)?;
        let body = message.body.clone();
        self.change(&chat, message, body, buttons)
    }

    fn deliver(
        &mut self,
        params: &Params,
        body: Formatted,
        document: Option<(String, Vec<u8>)>,
        too_long: Option<ApiError>,
    ) -> Result<Value, ApiError> {
        let reply = params.object("reply_parameters", "reply parameters")?;
        let buttons = buttons(params)?;
        let chat = self.open_chat(params)?;
        let thread = self.thread(params, &chat)?;
        let reply_to = match &reply {
            Some(reply) => self.replied(&chat, reply)?,
            None => None,
        };
        if let Some(too_long) = too_long {
            return Err(too_long);
        }
        self.admit(&chat, Bucket::Send)?;
        let new = self.new_message(&chat, self.bot);
        let silent = params.flag("disable_notification");
        let message = Message { thread, reply_to, silent, document, ..new };
        Ok(self.keep(message, body, buttons))
    }

    fn replied(
        &self,
        chat: &Chat,
        reply: &serde_json::Map<String, Value>,
    ) -> Result<Option<i64>, ApiError> {
        let id = reply.get("message_id").and_then(Value::as_i64).unwrap_or_default();
        if self.message(chat.id, id).is_some_and(|message| !message.deleted) {
            return Ok(Some(id));
        }
        match reply.get("allow_sending_without_reply").and_then(Value::as_bool) {
            Some(true) => Ok(None),
            _ => Err(ApiError::bad("message to be replied not found")),
        }
    }

    fn own_message(&self, params: &Params) -> Result<(Chat, Message), ApiError> {
        if !params.has("message_id") {
            return Err(ApiError::bad("Message identifier is not specified"));
        }
        let chat = self.open_chat(params)?;
        let message = self.message(chat.id, params.number("message_id"));
        match message.filter(|message| !message.deleted).cloned() {
            None => Err(ApiError::bad("message to edit not found")),
            Some(message) if !message.by_bot => Err(ApiError::bad("Message can't be edited")),
            Some(message) => Ok((chat, message)),
        }
    }

    fn change(
        &mut self,
        chat: &Chat,
        message: Message,
        body: Formatted,
        buttons: Buttons,
    ) -> Result<Value, ApiError> {
        self.admit(chat, Bucket::Send)?;
        if message.body == body && message.now().buttons == buttons {
            return Err(ApiError::bad(NOT_MODIFIED));
        }
        Ok(self.keep(message, body, buttons))
    }
}

fn message_text(params: &Params) -> Result<Formatted, ApiError> {
    if !params.has("text") {
        return Err(ApiError::bad("Message text is empty"));
    }
    params.object("link_preview_options", "link preview options")?;
    formatted(params, "text")?.ok_or_else(|| ApiError::bad("Text must be non-empty"))
}

/// A text argument, parsed and cleaned; `None` if nothing is left of it.
fn formatted(params: &Params, name: &str) -> Result<Option<Formatted>, ApiError> {
    let raw = params.text(name);
    text::check_raw(&raw)?;
    let parsed = match params.text("parse_mode").to_ascii_lowercase().as_str() {
        "" | "none" => Formatted::plain(&raw),
        "html" => html::parse(&raw)
            .map_err(|why| ApiError::bad(&format!("Can't parse entities: {why}")))?,
        // The server knows more modes; pigent uses one.
        _ => return Err(ApiError::bad("Unsupported parse_mode")),
    };
    Ok(text::clean(parsed))
}

/// The inline keyboard of a call; buttons without a label vanish.
fn buttons(params: &Params) -> Result<Buttons, ApiError> {
    let Some(markup) = params.object("reply_markup", "reply markup")? else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for row in markup.get("inline_keyboard").and_then(Value::as_array).into_iter().flatten() {
        let Some(row) = row.as_array() else {
            return Err(ApiError::bad(
                "Field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays",
            ));
        };
        let row: Vec<_> = row.iter().map(button).collect::<Result<_, _>>()?;
        let row: Vec<_> = row.into_iter().filter(|(label, _)| !label.is_empty()).collect();
        if !row.is_empty() {
            rows.push(row);
        }
    }
    match rows.iter().flatten().count() > MAX_BUTTONS {
        true => Err(ApiError::bad("reply markup is too long")),
        false => Ok(rows),
    }
}

fn button(button: &Value) -> Result<(String, String), ApiError> {
    const PREFIX: &str = "Can't parse inline keyboard button: ";
    let Some(label) = button["text"].as_str() else {
        return Err(ApiError::bad(&format!("{PREFIX}Can't find field \"text\"")));
    };
    if let Some(url) = button["url"].as_str() {
        if !html::is_web(url) {
            let text = format!("Inline keyboard button URL '{url}' is invalid: Wrong HTTP URL");
            return Err(ApiError::bad(&text));
        }
        return Ok((label.to_owned(), String::new()));
    }
    let Some(data) = button["callback_data"].as_str() else {
        let text = format!("{PREFIX}Text buttons are unallowed in the inline keyboard");
        return Err(ApiError::bad(&text));
    };
    if !(1..=MAX_DATA).contains(&data.len()) {
        return Err(ApiError::bad("BUTTON_DATA_INVALID"));
    }
    Ok((label.to_owned(), data.to_owned()))
}
