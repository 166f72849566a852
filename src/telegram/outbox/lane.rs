//! One chat: its posts in order, its views, its budget, and what of that is due.
//!
//! What an answer of Telegram means is in `answer.rs`.

use super::budget::{Budget, Purpose};
use super::call::Call;
use super::choice::{Choice, Work};
use super::lanes::Step;
use super::post::OpenPost;
use super::view::OpenView;
use crate::bridge::effect::{Class, Post, Source, View};
use crate::bridge::ids::{ChatId, PostId, ViewId};
use crate::bridge::time::Mono;
use std::collections::VecDeque;

/// Replies to commands that wait; the oldest is given up for a newer one.
const REPLIES: usize = 100;
/// Views in all, shown ones included.
const VIEWS: usize = 200;

/// A chat that has something waiting, or had not long ago.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) chat: ChatId,
    pub(super) sends: Budget,
    pub(super) actions: Budget,
    pub(super) posts: VecDeque<OpenPost>,
    /// In the order in which they came.
    pub(super) views: Vec<OpenView>,
    /// The turn in which it was served last.
    pub(super) served: u64,
}

/// What was begun and waits for its outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Begun {
    Load(PostId),
    Post(PostId),
    /// With the fingerprint of what is sent.
    View(ViewId, u64),
    Typing(ViewId),
}

impl Lane {
    pub(super) fn new(chat: ChatId) -> Lane {
        Lane {
            chat,
            sends: Budget::sends(chat),
            actions: Budget::actions(),
            posts: VecDeque::new(),
            views: Vec::new(),
            served: 0,
        }
    }

    /// The newest state of a view; gives back what had to make room for it unsent.
    pub(super) fn show(&mut self, view: View, now: Mono) -> Option<ViewId> {
        if let Some(open) = self.view(view.id) {
            if open.dead && view.last {
                self.forget_view(view.id);
            } else {
                open.update(view);
            }
            self.views.retain(|open| !open.is_pointless());
            return None;
        }
        if view.class == Class::Reply {
            // Nor does it below a refusal.
            self.views.retain(|open| !open.is_outdated_by(view.reply_to));
        }
        let given_up = self.crowded(view.class).map(|index| self.views.remove(index));
        self.views.push(OpenView::new(view, now));
        self.views.retain(|open| !open.is_pointless());
        given_up.filter(|open| open.waiting).map(|open| open.view.id)
    }

    /// Which view has to make room for one more of this class.
    fn crowded(&self, class: Class) -> Option<usize> {
        let waits = |open: &OpenView| open.view.class == Class::Reply && open.waiting;
        if class == Class::Reply && self.views.iter().filter(|open| waits(open)).count() >= REPLIES
        {
            return self.views.iter().position(waits);
        }
        let full = self.views.len() >= VIEWS;
        full.then(|| self.views.iter().position(|open| !open.waiting).unwrap_or(0))
    }

    /// A message that must arrive.
    pub(super) fn post(&mut self, post: Post) {
        // A note that came too late ("Queued at place 2") says nothing below the answer.
        self.views.retain(|open| !open.is_outdated_by(post.reply_to));
        if self.posts.iter().all(|open| open.post.id != post.id) {
            self.posts.push_back(OpenPost::new(post));
        }
    }

    pub(super) fn view(&mut self, id: ViewId) -> Option<&mut OpenView> {
        self.views.iter_mut().find(|open| open.view.id == id)
    }

    pub(super) fn forget_view(&mut self, id: ViewId) {
        self.views.retain(|open| open.view.id != id);
    }

    /// The post in front, if it is this one.
    pub(super) fn front(&mut self, id: PostId) -> Option<&mut OpenPost> {
        self.posts.front_mut().filter(|open| open.post.id == id)
    }

    /// Offers everything this lane could do. When pigent leaves, only what says something final.
    pub(super) fn offer(&self, choice: &mut Choice, leaving: bool) {
        if let Some(open) = self.posts.front() {
            choice.offer(self, Work::Post(open.post.id), self.sends.free_at(Purpose::Post));
        }
        for open in self.views.iter().filter(|open| !leaving || open.is_final()) {
            let (id, class) = (open.view.id, open.view.class);
            if let Some(free) = open.send_at(&self.sends) {
                let held = open.held_until(&self.sends, choice.now(), self.chat.0 < 0);
                let ready = if leaving { free } else { free.max(held) };
                choice.offer(self, Work::View(class, id), ready);
            }
            if let Some(ready) = open.type_at().filter(|_| !leaving) {
                let free = self.actions.free_at(Purpose::Post).max(self.sends.blocked_until());
                choice.offer(self, Work::Typing(id), ready.max(free));
            }
        }
    }

    /// Begins what was offered; `None` if it needs no call after all.
    pub(super) fn begin(&mut self, work: Work, now: Mono) -> Option<(Step, Begun)> {
        match work {
            Work::Post(id) => self.begin_post(id, now),
            Work::View(_, id) => self.begin_view(id, now),
            Work::Typing(id) => self.begin_typing(id, now),
        }
    }

    fn begin_post(&mut self, id: PostId, now: Mono) -> Option<(Step, Begun)> {
        let open = self.front(id)?;
        if !open.is_prepared() {
            match open.post.body.clone() {
                Source::Memory(body) => open.prepare(body),
                Source::Blob(blob) => return Some((Step::Load(blob), Begun::Load(id))),
            }
        }
        let Some(call) = open.call() else {
            // Cannot be: there is always a piece to send. Trying for ever would be worse.
            self.posts.pop_front();
            return None;
        };
        self.sends.spend(now);
        Some((Step::Call(call), Begun::Post(id)))
    }

    fn begin_view(&mut self, id: ViewId, now: Mono) -> Option<(Step, Begun)> {
        let open = self.view(id)?;
        let Some(shot) = open.shot() else {
            open.waiting = false;
            if open.view.last {
                self.forget_view(id);
            }
            return None;
        };
        let (call, fingerprint) = open.call(shot, now);
        self.sends.spend(now);
        Some((Step::Call(call), Begun::View(id, fingerprint)))
    }

    fn begin_typing(&mut self, id: ViewId, now: Mono) -> Option<(Step, Begun)> {
        let open = self.view(id)?;
        open.typed(now);
        let call = Call::Typing(open.view.place);
        self.actions.spend(now);
        Some((Step::Call(call), Begun::Typing(id)))
    }

    /// Something final still has to go out.
    pub(super) fn is_busy(&self) -> bool {
        !self.posts.is_empty() || self.views.iter().any(|open| open.waiting && open.is_final())
    }

    /// Nothing is left to do or to remember.
    pub(super) fn is_over(&self, now: Mono) -> bool {
        self.posts.is_empty()
            && self.views.is_empty()
            && self.sends.is_fresh(now)
            && self.actions.is_fresh(now)
    }
}
