//! The blocking Bot API client: one method of ours for each method of theirs.
//!
//! It decides nothing and repeats nothing; back-off, order and flood budget are up to its users
//! (`poller.rs`, `hello.rs`, the outbox). One is made for polling and one for sending, so that a
//! long poll never holds up a message.

use super::answer::Answer;
use super::api::{Api, Outgoing};
use super::decode::{self, Decoded};
use super::error::Error;
use super::http::Http;
use super::multipart::Form;
use super::settings::Settings;
use super::wire::{
    AnswerTap, ChatAction, Command, GetUpdates, Keyboard, Me, Nothing, Reply, Sent, SetMyCommands,
    Text, parse_mode, thread,
};
use crate::bridge::ids::{MessageId, Place, UpdateId};
use core::fmt;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// For a call that is answered at once.
const CALL: Duration = Duration::from_secs(30);

/// For calls that are worth little when they are late.
const SHORT_CALL: Duration = Duration::from_secs(10);

/// What a long poll may take beyond its own time-out.
const POLL_MARGIN: Duration = Duration::from_secs(10);

/// Slowest upload that is waited for, bytes a second.
const SLOWEST_UPLOAD: u64 = 32 << 10;

/// A client. Clones share connections and may be used on other threads.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    http: Http,
}

impl Client {
    /// Opens no connection yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Client {
        Client { settings: settings.clone(), http: Http::new(settings) }
    }

    /// `getMe`: the bot's user name, without `@`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn get_me(&self) -> Result<String, Error> {
        let me: Me = self.call("getMe", &Nothing {}, CALL)?;
        Ok(me.username)
    }

    /// `setMyCommands`: names and descriptions, for all users and languages.
    ///
    /// # Errors
    /// See [`Error`]; safe to repeat.
    pub fn set_my_commands(&self, commands: &[(&str, &str)]) -> Result<(), Error> {
        let command = |&(command, description)| Command { command, description };
        let commands = commands.iter().map(command).collect();
        self.order("setMyCommands", &SetMyCommands { commands }, CALL)
    }

    /// `getUpdates`: at most `limit` updates from `offset` on, waiting `timeout` (at most 50 s,
    /// whole seconds) for the first. Ends within 10 s more, or within `patience` if that is less.
    ///
    /// # Errors
    /// See [`Error`]. An update that cannot be read is none: see [`Decoded`].
    pub fn get_updates(
        &self,
        offset: Option<UpdateId>,
        limit: u32,
        timeout: Duration,
        patience: Duration,
    ) -> Result<Decoded, Error> {
        let ask = GetUpdates::new(offset, limit, timeout.as_secs());
        let answer = self.exchange("getUpdates", &ask, patience.min(timeout + POLL_MARGIN))?;
        let elements = answer.result::<Vec<&RawValue>>(self.settings.token());
        match (elements, decode::garbled(&answer.body)) {
            (Ok(elements), _) => Ok(decode::updates(&elements)),
            (Err(Error::Network { .. }), Some(update)) => Err(Error::Garbled { update }),
            (Err(error), _) => Err(error),
        }
    }

    /// A call whose result is of interest.
    fn call<T: for<'a> Deserialize<'a>>(
        &self,
        method: &str,
        parameters: &impl Serialize,
        limit: Duration,
    ) -> Result<T, Error> {
        self.exchange(method, parameters, limit)?.result(self.settings.token())
    }

    /// A call whose result is `true`, or a message nobody reads.
    fn order(
        &self,
        method: &str,
        parameters: &impl Serialize,
        limit: Duration,
    ) -> Result<(), Error> {
        let answer = self.exchange(method, parameters, limit)?;
        answer.result::<&RawValue>(self.settings.token()).map(|_| ())
    }

    fn exchange(
        &self,
        method: &str,
        parameters: &impl Serialize,
        limit: Duration,
    ) -> Result<Answer, Error> {
        let body = json(parameters)?;
        let url = self.settings.url(method);
        self.http.post(&url, "application/json", body.len(), &mut body.as_bytes(), limit)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Api for Client {
    fn send_message(&mut self, message: &Outgoing<'_>) -> Result<MessageId, Error> {
        let sent: Sent = self.call("sendMessage", &Text::send(message), CALL)?;
        Ok(sent.message_id)
    }

    fn edit_message(&mut self, id: MessageId, message: &Outgoing<'_>) -> Result<(), Error> {
        self.order("editMessageText", &Text::edit(id, message), CALL)
    }

    fn send_document(
        &mut self,
        message: &Outgoing<'_>,
        name: &str,
        content: &[u8],
    ) -> Result<MessageId, Error> {
        let form = document(message, name, content)?;
        let upload = Duration::from_secs(content.len() as u64 / SLOWEST_UPLOAD);
        let url = self.settings.url("sendDocument");
        let (kind, length) = (form.content_type(), form.length());
        let answer = self.http.post(&url, &kind, length, &mut form.reader(), CALL + upload)?;
        answer.result::<Sent>(self.settings.token()).map(|sent| sent.message_id)
    }

    fn answer_tap(&mut self, tap: &str, text: &str) -> Result<(), Error> {
        let parameters = AnswerTap { callback_query_id: tap, text };
        self.order("answerCallbackQuery", &parameters, SHORT_CALL)
    }

    fn typing(&mut self, place: Place) -> Result<(), Error> {
        self.order("sendChatAction", &ChatAction::typing(place), SHORT_CALL)
    }
}

/// `sendDocument` as a form: what is an object in JSON is JSON text here.
fn document<'a>(message: &Outgoing<'_>, name: &str, content: &'a [u8]) -> Result<Form<'a>, Error> {
    let mut form = Form::new("document", name, content);
    form = form.text("chat_id", &message.place.chat.to_string());
    if let Some(thread) = thread(message.place) {
        form = form.text("message_thread_id", &thread.to_string());
    }
    if !message.text.is_empty() {
        form = form.text("caption", message.text);
        if let Some(mode) = parse_mode(message) {
            form = form.text("parse_mode", mode);
        }
    }
    if message.silent {
        form = form.text("disable_notification", "true");
    }
    if let Some(id) = message.reply_to {
        form = form.text("reply_parameters", &json(&Reply::to(id))?);
    }
    if let Some(keyboard) = Keyboard::new(message.buttons) {
        form = form.text("reply_markup", &json(&keyboard)?);
    }
    Ok(form)
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    let unwritable = |_| Error::Refused { code: 0, why: "the request cannot be written".into() };
    serde_json::to_string(value).map_err(unwritable)
}
