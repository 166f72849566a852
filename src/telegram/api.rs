//! The few calls the outbox makes, as a trait, so that its rules can be tested without a server.
//!
//! `client.rs` implements it with ureq; the polling side (`getUpdates`, `getMe`,
//! `setMyCommands`) is not in here.

use super::error::Error;
use crate::bridge::effect::Button;
use crate::bridge::ids::{MessageId, Place};

/// Sends and edits. Each call is one HTTP request and blocks until it is answered or timed out.
pub trait Api {
    /// `sendMessage`.
    ///
    /// # Errors
    /// See [`Error`]; after `Network` and `Server` the message may exist.
    fn send_message(&mut self, message: &Outgoing<'_>) -> Result<MessageId, Error>;

    /// `editMessageText`. Buttons that are not given are removed.
    ///
    /// # Errors
    /// See [`Error`]; safe to repeat.
    fn edit_message(&mut self, id: MessageId, message: &Outgoing<'_>) -> Result<(), Error>;

    /// `sendDocument`, multipart; `message` is its caption.
    ///
    /// # Errors
    /// See [`Error`]; after `Network` and `Server` the message may exist.
    fn send_document(
        &mut self,
        message: &Outgoing<'_>,
        name: &str,
        content: &[u8],
    ) -> Result<MessageId, Error>;

    /// `answerCallbackQuery`.
    ///
    /// # Errors
    /// See [`Error`]; late answers are refused and nobody minds.
    fn answer_tap(&mut self, tap: &str, text: &str) -> Result<(), Error>;

    /// `sendChatAction` with `typing`, which lasts 5 s.
    ///
    /// # Errors
    /// See [`Error`].
    fn typing(&mut self, place: Place) -> Result<(), Error>;
}

/// A message on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where.
    pub place: Place,
    /// At most 4096 characters once parsed (1024 as a caption).
    pub text: &'a str,
    /// `parse_mode: HTML`; otherwise plain text.
    pub html: bool,
    /// The message it answers; sent without if that is gone.
    pub reply_to: Option<MessageId>,
    /// `disable_notification`.
    pub silent: bool,
    /// Rows of buttons.
    pub buttons: &'a [Vec<Button>],
}
