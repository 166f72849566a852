//! What an answer of Telegram means for the chat it is about.

use super::call::Outcome;
use super::lane::{Begun, Lane};
use crate::bridge::effect::Class;
use crate::bridge::ids::{ChatId, MessageId, PostId, ViewId};
use crate::bridge::input::Receipt;
use crate::bridge::time::Mono;
use crate::telegram::error::Error;

/// What follows for the others.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nothing.
    Nothing,
    /// The bridge should know.
    Report(Receipt),
    /// The whole lane moves to this chat.
    Move(ChatId),
}

impl Lane {
    /// Takes how a call ended; `now` is after it.
    pub(super) fn done(&mut self, begun: Begun, now: Mono, outcome: Outcome) -> Verdict {
        match begun {
            Begun::Load(_) => Verdict::Nothing,
            Begun::Typing(id) => self.typing_done(id, now, outcome),
            Begun::View(id, fingerprint) => self.view_done(id, fingerprint, now, outcome),
            Begun::Post(id) => self.post_done(id, now, outcome),
        }
    }

    fn typing_done(&mut self, id: ViewId, now: Mono, outcome: Outcome) -> Verdict {
        match outcome {
            Ok(_) => {}
            Err(Error::Flood { retry_after }) => self.actions.block(now, retry_after),
            Err(Error::Migrated { to }) if to != self.chat => return Verdict::Move(to),
            Err(error) if is_passing(&error) => {}
            Err(_) => self.view(id).into_iter().for_each(|open| open.typing_refused(now)),
        }
        Verdict::Nothing
    }

    fn view_done(&mut self, id: ViewId, shown: u64, now: Mono, outcome: Outcome) -> Verdict {
        let chat = self.chat;
        let Some(open) = self.view(id) else { return Verdict::Nothing };
        match outcome {
            Ok(message) => return self.view_taken(id, shown, message),
            Err(Error::NotModified) => return self.view_taken(id, shown, None),
            Err(Error::Flood { retry_after }) => self.sends.block(now, retry_after),
            Err(Error::CantParse { .. } | Error::TooLong) if open.simplify() => {}
            // Nobody needs the last state of a message that somebody deleted.
            Err(Error::MessageGone { .. }) if open.view.class == Class::Live && open.view.last => {
                self.forget_view(id);
            }
            Err(Error::MessageGone { .. }) if open.renew() => {}
            Err(Error::TopicGone { .. }) if open.leave_topic() => {}
            Err(Error::Migrated { to }) if to != chat => return Verdict::Move(to),
            Err(error) if is_passing(&error) => {}
            Err(error) => return self.view_refused(id, &error),
        }
        Verdict::Nothing
    }

    fn view_taken(&mut self, id: ViewId, shown: u64, message: Option<MessageId>) -> Verdict {
        let Some(open) = self.view(id) else { return Verdict::Nothing };
        open.taken(shown, message);
        if open.view.last {
            self.forget_view(id);
        }
        match message {
            Some(message) => Verdict::Report(Receipt::Shown { view: id, message }),
            None => Verdict::Nothing,
        }
    }

    fn view_refused(&mut self, id: ViewId, error: &Error) -> Verdict {
        match self.view(id) {
            Some(open) if open.view.last => self.forget_view(id),
            Some(open) => open.kill(),
            None => {}
        }
        Verdict::Report(Receipt::NotShown { view: id, why: error.to_string() })
    }

    fn post_done(&mut self, id: PostId, now: Mono, outcome: Outcome) -> Verdict {
        let chat = self.chat;
        let Some(open) = self.front(id) else { return Verdict::Nothing };
        let error = match outcome {
            Ok(message) => return self.piece_taken(id, message.unwrap_or_default()),
            Err(error) => error,
        };
        match error {
            Error::CantParse { .. } | Error::TooLong if open.simplify() => {}
            Error::MessageGone { .. } if open.post.reply_to.take().is_some() => {}
            Error::TopicGone { .. } if open.post.place.thread.take().is_some() => {
                open.post.reply_to = None;
            }
            Error::Migrated { to } if to != chat => return Verdict::Move(to),
            Error::Flood { retry_after } => {
                open.rest();
                self.sends.block(now, retry_after);
            }
            error if is_passing(&error) => open.rest(),
            error => {
                self.posts.pop_front();
                return Verdict::Report(Receipt::NotPosted { post: id, why: error.to_string() });
            }
        }
        Verdict::Nothing
    }

    fn piece_taken(&mut self, id: PostId, message: MessageId) -> Verdict {
        let Some(open) = self.front(id) else { return Verdict::Nothing };
        let complete = open.advance();
        let pieces = open.taken;
        if complete {
            self.posts.pop_front();
        }
        Verdict::Report(Receipt::Posted { post: id, pieces, message, complete })
    }

    /// Takes over what waits in the lane of the same chat's old id. Its messages stay behind.
    pub(super) fn inherit(&mut self, old: Lane) {
        for mut open in old.posts.into_iter().rev() {
            (open.post.place.chat, open.post.reply_to) = (self.chat, None);
            self.posts.push_front(open);
        }
        for mut open in old.views {
            (open.view.place.chat, open.view.reply_to) = (self.chat, None);
            open.forget_message();
            self.views.push(open);
        }
    }
}

/// Errors that end by themselves; the same call is made again.
fn is_passing(error: &Error) -> bool {
    matches!(
        error,
        Error::Network { .. } | Error::Server { .. } | Error::BadToken | Error::Conflict { .. }
    )
}
