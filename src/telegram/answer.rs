//! What an HTTP answer of the Bot API means: its result, or one of [`Error`]'s cases.
//!
//! A pure function of status, headers and body, by the table in BOTAPI.md section 5. Errors of
//! the transport are told apart in `http.rs`.

use super::error::Error;
use super::token::Token;
use super::wire::{Envelope, Parameters};
use crate::bridge::ids::ChatId;
use core::time::Duration;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest time-out of a 429 that is believed.
const LONGEST_FLOOD: Duration = Duration::from_secs(24 * 3600);

/// A 429 that does not say how long.
const UNTOLD_FLOOD: u64 = 5;

/// Longest quotation of Telegram's words, characters.
const LONGEST_WORDS: usize = 300;

/// One answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The result, as far as it is read by `T`.
    ///
    /// # Errors
    /// By BOTAPI.md section 5. A body that is not what the Bot API would say is `Server`, or
    /// `Network` where the status claims success.
    pub fn result<'a, T: Deserialize<'a>>(&'a self, token: &Token) -> Result<T, Error> {
        let raw = self.raw(token)?;
        serde_json::from_str(raw.get()).map_err(|_| unreadable("a result of another form"))
    }

    /// The result as the server wrote it.
    fn raw(&self, token: &Token) -> Result<&RawValue, Error> {
        if (300..400).contains(&self.status) {
            return Err(unreadable(
                "a redirect, which is not followed: is TELEGRAM_API_URL right?",
            ));
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&self.body) else {
            return Err(self.foreign());
        };
        match envelope.result {
            Some(result) if envelope.ok && self.status < 300 => Ok(result),
            _ if envelope.ok => Err(self.foreign()),
            _ => Err(self.refusal(envelope, token)),
        }
    }

    /// Not an answer of the Bot API itself, but of something in front of it.
    fn foreign(&self) -> Error {
        match self.status {
            200..300 => unreadable("something that is not the Bot API's JSON"),
            413 => Error::Refused { code: 413, why: "the file is too large".into() },
            429 => self.flood(None),
            status => Error::Server { status },
        }
    }

    fn refusal(&self, envelope: Envelope<'_>, token: &Token) -> Error {
        let code = envelope.error_code.unwrap_or_else(|| self.status.into());
        let words = envelope.description.unwrap_or_default();
        let parameters = envelope.parameters.unwrap_or_default();
        let why = quote(&token.redact(&words));
        let words = words.to_lowercase();
        match code {
            429 => self.flood(Some(&parameters)),
            401 => Error::BadToken,
            // A method that exists is not found only if the token is not.
            404 if !words.contains("method not found") => Error::BadToken,
            409 => Error::Conflict { why },
            500.. => Error::Server { status: u16::try_from(code).unwrap_or(500) },
            _ => match parameters.migrate_to_chat_id {
                Some(to) => Error::Migrated { to: ChatId(to) },
                None if code == 403 => Error::Blocked { why },
                None => by_words(code, &words, why),
            },
        }
    }

    fn flood(&self, parameters: Option<&Parameters>) -> Error {
        let told = parameters.and_then(|parameters| parameters.retry_after);
        let seconds = told.or(self.retry_after).unwrap_or(UNTOLD_FLOOD).max(1);
        Error::Flood { retry_after: Duration::from_secs(seconds).min(LONGEST_FLOOD) }
    }
}

/// Most refusals share the code 400, so the words decide. `words` are in lower case.
fn by_words(code: i64, words: &str, why: String) -> Error {
    let has = |any: &[&str]| any.iter().any(|known| words.contains(known));
    if has(&["message is not modified"]) {
        Error::NotModified
    } else if has(&["chat not found", "chat_write_forbidden", "not enough rights to send"]) {
        Error::Blocked { why }
    } else if has(&[
        "message to edit not found",
        "message can't be edited",
        "no text in the message to edit",
        "no caption in the message to edit",
        "message_id_invalid",
        "message to be replied not found",
    ]) {
        Error::MessageGone { why }
    } else if has(&["thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"]) {
        Error::TopicGone { why }
    } else if has(&[" is too long", "message_too_long", "caption_too_long", "entities_too_long"]) {
        Error::TooLong
    } else if has(&["can't parse entities"]) {
        Error::CantParse { why }
    } else if has(&["temporarily unavailable"]) {
        Error::Server { status: u16::try_from(code).unwrap_or(400) }
    } else {
        Error::Refused { code, why }
    }
}

fn unreadable(what: &str) -> Error {
    Error::Network { why: format!("the answer is {what}") }
}

/// Telegram's words on one line, cut at [`LONGEST_WORDS`].
fn quote(words: &str) -> String {
    let mut shown: String =
        words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect();
    if words.chars().nth(LONGEST_WORDS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
