//! One call of the Bot API, as data: what the lanes decide and the thread carries out.

use crate::bridge::effect::{Body, Button};
use crate::bridge::ids::{MessageId, Place};
use crate::telegram::api::{Api, Outgoing};
use crate::telegram::error::Error;

/// Telegram cuts silently beyond 12 buttons a row, and refuses more than 100 in all.
const ROW: usize = 8;
const BUTTONS: usize = 96;
/// Characters of a label; the rest would not be readable on a phone.
const LABEL: usize = 64;

/// How a call ended; sending calls give the message.
pub(super) type Outcome = Result<Option<MessageId>, Error>;

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    /// `answerCallbackQuery`.
    Tap { tap: String, text: String },
    /// `sendChatAction`.
    Typing(Place),
    /// `sendMessage`.
    Send(Letter),
    /// `editMessageText`.
    Edit(MessageId, Letter),
    /// `sendDocument`: caption, file name, content.
    Document(Letter, String, Body),
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Letter {
    pub(super) place: Place,
    pub(super) text: String,
    pub(super) html: bool,
    pub(super) reply_to: Option<MessageId>,
    pub(super) silent: bool,
    pub(super) buttons: Vec<Vec<Button>>,
}

impl Letter {
    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            place: self.place,
            text: &self.text,
            html: self.html,
            reply_to: self.reply_to,
            silent: self.silent,
            buttons: &self.buttons,
        }
    }
}

impl Call {
    /// Makes the call.
    pub(super) fn run(&self, api: &mut impl Api) -> Outcome {
        match self {
            Call::Tap { tap, text } => api.answer_tap(tap, text).map(|()| None),
            Call::Typing(place) => api.typing(*place).map(|()| None),
            Call::Send(letter) => api.send_message(&letter.outgoing()).map(Some),
            Call::Edit(id, letter) => api.edit_message(*id, &letter.outgoing()).map(|()| None),
            Call::Document(letter, name, content) => {
                api.send_document(&letter.outgoing(), name, content).map(Some)
            }
        }
    }
}

/// Buttons as Telegram takes them: one it would refuse must not cost the message.
pub(super) fn accepted(buttons: &[Vec<Button>]) -> Vec<Vec<Button>> {
    let mut left = BUTTONS;
    let mut rows = Vec::new();
    for button_row in buttons {
        let usable = button_row.iter().filter(|button| (1..=64).contains(&button.data.len()));
        let row: Vec<Button> = usable.take(ROW.min(left)).map(readable).collect();
        left -= row.len();
        if !row.is_empty() {
            rows.push(row);
        }
    }
    rows
}

fn readable(button: &Button) -> Button {
    let mut label: String = button.label.chars().take(LABEL).collect();
    if button.label.chars().nth(LABEL).is_some() {
        label.pop();
        label.push('…');
    }
    if label.trim().is_empty() {
        label = "·".to_owned();
    }
    Button { label, data: button.data.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_buttons_are_mended_or_left_out() {
        let button = |label: &str, data: &str| Button { label: label.into(), data: data.into() };
        let row = vec![button("", "a"), button("x", ""), button(&"y".repeat(70), "b")];
        let mended = accepted(&[row, vec![button("z", &"d".repeat(65))]]);
        let labels: Vec<usize> = mended.iter().flatten().map(|b| b.label.chars().count()).collect();
        assert_eq!(labels, [1, 64]);
        let many = vec![vec![button("x", "y"); 20]; 50];
        assert_eq!(accepted(&many).iter().flatten().count(), BUTTONS);
    }
}
