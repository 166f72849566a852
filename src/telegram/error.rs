//! What can go wrong with one call of the Bot API, told apart as far as it changes what to do.
//!
//! The texts never hold the URL: it contains the token (WISHES.md 24).

use crate::bridge::ids::{ChatId, UpdateId};
use crate::bridge::input::Link;
use core::fmt;
use core::time::Duration;

/// Why a call of the Bot API gave no result (BOTAPI.md section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No complete answer: resolve, connect, TLS, time-out, cut or unreadable answer. The request
    /// may have been carried out all the same.
    Network {
        /// What happened, without the URL.
        why: String,
    },
    /// An answer of `getUpdates` that came whole and is no JSON.
    Garbled {
        /// The first update in it.
        update: UpdateId,
    },
    /// 5xx, or an answer in HTML from the proxy in front of the server. As `Network`.
    Server {
        /// HTTP status.
        status: u16,
    },
    /// 429: nothing to this chat before the time is over.
    Flood {
        /// `parameters.retry_after`.
        retry_after: Duration,
    },
    /// 401, or 404 for a method that exists: the token is wrong or revoked.
    BadToken,
    /// 409: somebody else polls, or a webhook is set.
    Conflict {
        /// Telegram's words.
        why: String,
    },
    /// The group is a supergroup now: the same request with this id will do.
    Migrated {
        /// The new id.
        to: ChatId,
    },
    /// 403, or a chat that does not exist: nothing will ever arrive there by itself.
    Blocked {
        /// Telegram's words.
        why: String,
    },
    /// The edit changes nothing: it is done already.
    NotModified,
    /// The message to edit is gone or is not ours to edit.
    MessageGone {
        /// Telegram's words.
        why: String,
    },
    /// The forum's topic was deleted or closed; the rest of the chat may still be written to.
    TopicGone {
        /// Telegram's words.
        why: String,
    },
    /// Over 4096 (or 1024) characters after all, or too many entities.
    TooLong,
    /// The HTML is not accepted.
    CantParse {
        /// Telegram's words.
        why: String,
    },
    /// Any other refusal: the same request will be refused again.
    Refused {
        /// `error_code`.
        code: i64,
        /// `description`.
        why: String,
    },
}

impl Error {
    /// What the exchange that ended so says about the connection.
    #[must_use]
    pub fn link(&self) -> Link {
        match self {
            Error::Network { .. } | Error::Garbled { .. } | Error::Server { .. } => Link::Down,
            Error::BadToken => Link::BadToken,
            Error::Conflict { .. } => Link::Conflict,
            _ => Link::Up,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Network { why } => write!(f, "Telegram cannot be reached: {why}"),
            Error::Garbled { update } => {
                write!(f, "the answer with update {update} is not JSON")
            }
            Error::Server { status } => {
                write!(f, "Telegram's server is in trouble (HTTP {status})")
            }
            Error::Flood { retry_after } => {
                write!(f, "Telegram asks to wait {} s", retry_after.as_secs())
            }
            Error::BadToken => {
                write!(
                    f,
                    "Telegram does not know this token: check TELEGRAM_BOT_TOKEN with @BotFather"
                )
            }
            Error::Conflict { why } => {
                write!(
                    f,
                    "another program polls with this bot token ({why}): stop it, or use a second bot"
                )
            }
            Error::Migrated { to } => write!(f, "the group is a supergroup now, its id is {to}"),
            Error::Blocked { why } => write!(f, "nothing can be sent to this chat: {why}"),
            Error::NotModified => write!(f, "the message is as it should be already"),
            Error::MessageGone { why } => write!(f, "the message cannot be edited: {why}"),
            Error::TopicGone { why } => write!(f, "the topic cannot be written to: {why}"),
            Error::TooLong => write!(f, "the message is too long for Telegram"),
            Error::CantParse { why } => write!(f, "Telegram cannot parse the formatting: {why}"),
            Error::Refused { code, why } => write!(f, "Telegram refuses ({code}): {why}"),
        }
    }
}

impl std::error::Error for Error {}
