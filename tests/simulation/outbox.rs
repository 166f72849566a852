//! The outbox as `src/telegram/outbox` promises it: of a view the newest state only, posts of a
//! chat in order, piece by piece, again and again until taken or refused for good.

use super::events::Lane;
use pigent::bridge::effect::{Button, Post, View};
use pigent::bridge::ids::{ChatId, MessageId};
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub struct Outbox {
    pub posts: VecDeque<Waiting>,
    pub views: Vec<Shown>,
    /// Buttons that users can see or saw, newest last.
    pub buttons: VecDeque<Known>,
    /// Messages of the bot, newest last.
    pub messages: VecDeque<(ChatId, MessageId)>,
}

/// A post that is not complete.
#[derive(Debug)]
pub struct Waiting {
    pub post: Post,
    pub pieces: u32,
    pub taken: u32,
}

#[derive(Debug)]
pub struct Shown {
    pub view: View,
    pub message: Option<MessageId>,
    /// Telegram does not have the newest state yet.
    pub waiting: bool,
    pub dead: bool,
}

/// A button somebody could tap.
#[derive(Clone, Debug)]
pub struct Known {
    pub data: String,
    pub message: MessageId,
}

/// Of the newest ones.
const BUTTONS: usize = 40;
const MESSAGES: usize = 40;

impl Outbox {
    /// A new start: nothing waits, but what was sent can still be tapped.
    pub fn restart(&mut self) {
        self.posts.clear();
        self.views.clear();
    }

    pub fn show(&mut self, view: View) {
        let known = self.views.iter().position(|shown| shown.view.id == view.id);
        let Some(index) = known else {
            let message = view.message;
            return self.views.push(Shown { view, message, waiting: true, dead: false });
        };
        let shown = &mut self.views[index];
        if shown.dead && view.last {
            self.views.remove(index);
            return;
        }
        shown.waiting = !shown.dead;
        shown.view = view;
    }

    /// The post whose turn it is in that lane.
    pub fn next_post(&mut self, lane: Lane) -> Option<usize> {
        self.posts.iter().position(|waiting| lane_of(waiting.post.place.chat) == lane)
    }

    pub fn next_view(&mut self, lane: Lane) -> Option<usize> {
        let here = |shown: &Shown| shown.waiting && lane_of(shown.view.place.chat) == lane;
        self.views.iter().position(here)
    }

    pub fn learn(&mut self, rows: &[Vec<Button>], chat: ChatId, message: MessageId) {
        self.messages.retain(|known| *known != (chat, message));
        self.messages.push_back((chat, message));
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
        for button in rows.iter().flatten() {
            let data = button.data.clone();
            self.buttons.retain(|known| known.data != data);
            self.buttons.push_back(Known { data, message });
        }
        let extra = self.buttons.len().saturating_sub(BUTTONS);
        self.buttons.drain(..extra);
    }

    /// Moves what waits in a group to its supergroup.
    pub fn migrate(&mut self, from: ChatId, to: ChatId) {
        for waiting in self.posts.iter_mut().filter(|it| it.post.place.chat == from) {
            (waiting.post.place.chat, waiting.post.reply_to) = (to, None);
        }
        for shown in self.views.iter_mut().filter(|it| it.view.place.chat == from) {
            (shown.view.place.chat, shown.view.reply_to, shown.message) = (to, None, None);
        }
    }

    pub fn is_idle(&mut self, lane: Lane) -> bool {
        self.next_post(lane).is_none() && self.next_view(lane).is_none()
    }

    pub fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.views.iter().all(|shown| !shown.waiting)
    }
}

pub fn lane_of(chat: ChatId) -> Lane {
    match chat.0 {
        7 => Lane::Private,
        -100 | -100_100 => Lane::Group,
        _ => Lane::Other,
    }
}
