//! A view and the message that shows it.

use super::budget::{Budget, Purpose};
use super::call::{Call, Letter, accepted};
use crate::bridge::effect::{Button, Class, View};
use crate::bridge::ids::MessageId;
use crate::bridge::time::Mono;
use crate::telegram::format::{self, Html};
use core::time::Duration;
use std::hash::{DefaultHasher, Hash, Hasher};

/// UTF-16 units of a message.
const MESSAGE: usize = 4096;
/// `typing` is shown for 5 s.
const TYPING: Duration = Duration::from_millis(4500);
/// After a refused `typing`.
const NO_TYPING: Duration = Duration::from_secs(60);

/// A view the outbox knows of.
#[derive(Debug)]
pub(super) struct OpenView {
    /// The newest state.
    pub(super) view: View,
    pub(super) message: Option<MessageId>,
    /// Telegram has not taken the newest state yet.
    pub(super) waiting: bool,
    /// Telegram will never take it: no further attempts.
    pub(super) dead: bool,
    /// Fingerprint of what the message shows.
    shown: Option<u64>,
    /// Telegram did not like the newest state's formatting.
    plain: bool,
    /// The message vanished once already.
    resent: bool,
    /// Its topic is gone: it is shown outside of it.
    outside: bool,
    born: Mono,
    changed: Option<Mono>,
    /// The last change was an edit.
    edited: bool,
    type_at: Mono,
}

/// What a view is about to show.
#[derive(Debug)]
pub(super) struct Shot {
    html: Html,
    buttons: Vec<Vec<Button>>,
    fingerprint: u64,
}

impl OpenView {
    pub(super) fn new(view: View, now: Mono) -> OpenView {
        OpenView {
            message: view.message,
            view,
            waiting: true,
            dead: false,
            shown: None,
            plain: false,
            resent: false,
            outside: false,
            born: now,
            changed: None,
            edited: false,
            type_at: Mono::default(),
        }
    }

    /// A newer state. Which message shows it is known better here: the bridge may not have heard
    /// yet that the old one is gone.
    pub(super) fn update(&mut self, view: View) {
        self.waiting = !self.dead;
        self.plain = false;
        self.view = view;
        if self.dead {
            self.view.frame = Default::default();
        }
        if self.outside {
            self.leave_topic();
        }
    }

    /// The end of a run whose beginning nobody saw: a post tells all of it. (Once a message was
    /// tried it may be there, whatever became of its OK, and has to say that it is over.)
    pub(super) fn is_pointless(&self) -> bool {
        let unseen = self.message.is_none() && self.changed.is_none();
        unseen && self.view.class == Class::Live && self.view.last
    }

    /// A note that was not sent yet, about a message that gets its answer now.
    pub(super) fn is_outdated_by(&self, answered: Option<MessageId>) -> bool {
        let unseen = self.message.is_none() && self.changed.is_none();
        let about = answered.is_some() && self.view.reply_to == answered;
        unseen && about && self.view.class == Class::Note
    }

    fn is_silent(&self) -> bool {
        matches!(self.view.class, Class::Note | Class::Live)
    }

    /// Gives up.
    pub(super) fn kill(&mut self) {
        (self.dead, self.waiting) = (true, false);
        self.view.frame = Default::default();
    }

    /// When the newest state may be sent, the distance between edits apart; `None` if there is
    /// nothing to send.
    pub(super) fn send_at(&self, budget: &Budget) -> Option<Mono> {
        let purpose = if self.is_silent() { Purpose::Live } else { Purpose::Word };
        self.waiting.then(|| budget.free_at(purpose))
    }

    /// Until when the state of a run keeps its distance to the edit before.
    pub(super) fn held_until(&self, budget: &Budget, now: Mono, group: bool) -> Mono {
        // The end of a short run is the first edit: between it and the message itself no distance
        // is due, and until then there would be a Stop button for nothing.
        let free = self.view.last && !self.edited;
        let held = self.view.class == Class::Live && self.message.is_some() && !free;
        let distance = self.distance(budget, now, group);
        self.changed.filter(|_| held).map_or(Mono::default(), |changed| changed.after(distance))
    }

    /// Between two edits: longer in groups, in long runs, and after a 429.
    fn distance(&self, budget: &Budget, now: Mono, group: bool) -> Duration {
        // How a run ended is not news that grows rarer.
        let age = if self.view.last { 0 } else { now.since(self.born).as_secs() };
        let seconds = match (age, group) {
            (0..60, false) => 3,
            (60..600, false) => 5,
            (_, false) => 10,
            (0..60, true) => 6,
            (60..600, true) => 8,
            (_, true) => 12,
        };
        Duration::from_secs(if budget.is_cautious(now) { 2 * seconds } else { seconds })
    }

    /// When "typing…" has to be renewed; `None` if it is not wanted.
    pub(super) fn type_at(&self) -> Option<Mono> {
        (self.view.typing && !self.view.last && !self.dead).then_some(self.type_at)
    }

    /// "typing…" is sent now.
    pub(super) fn typed(&mut self, now: Mono) {
        self.type_at = now.after(TYPING);
    }

    /// "typing…" was refused.
    pub(super) fn typing_refused(&mut self, now: Mono) {
        self.type_at = now.after(NO_TYPING);
    }

    /// Worth waiting for when pigent leaves: all but the steps of a run.
    pub(super) fn is_final(&self) -> bool {
        self.view.class != Class::Live || self.view.last
    }

    /// What the newest state looks like; `None` if the message shows just that already.
    pub(super) fn shot(&self) -> Option<Shot> {
        let html = format::render_frame(&self.view.frame);
        let buttons = accepted(&self.view.frame.buttons);
        let mut hasher = DefaultHasher::new();
        html.as_str().hash(&mut hasher);
        for button in buttons.iter().flatten() {
            (&button.label, &button.data).hash(&mut hasher);
        }
        buttons.iter().for_each(|row| row.len().hash(&mut hasher));
        let fingerprint = hasher.finish();
        let news = self.message.is_none() || self.shown != Some(fingerprint);
        news.then_some(Shot { html, buttons, fingerprint })
    }

    /// The call that shows it, made now. Returns the fingerprint to give to [`OpenView::taken`].
    pub(super) fn call(&mut self, shot: Shot, now: Mono) -> (Call, u64) {
        self.changed = Some(now);
        self.edited = self.message.is_some();
        let letter = Letter {
            place: self.view.place,
            text: if self.plain { shot.html.plain(MESSAGE) } else { shot.html.into() },
            html: !self.plain,
            reply_to: self.view.reply_to,
            silent: self.is_silent(),
            buttons: shot.buttons,
        };
        let call = match self.message {
            Some(message) => Call::Edit(message, letter),
            None => Call::Send(letter),
        };
        (call, shot.fingerprint)
    }

    /// Telegram has it; `message` if it is a new message.
    pub(super) fn taken(&mut self, fingerprint: u64, message: Option<MessageId>) {
        self.message = message.or(self.message);
        self.shown = Some(fingerprint);
        self.waiting = false;
    }

    /// Tries the newest state without formatting; false if that was tried already.
    pub(super) fn simplify(&mut self) -> bool {
        !std::mem::replace(&mut self.plain, true)
    }

    /// The message is gone, or the one it answers: a new one, once.
    pub(super) fn renew(&mut self) -> bool {
        self.forget_message();
        self.view.reply_to = None;
        !std::mem::replace(&mut self.resent, true)
    }

    /// The topic is gone: what it shows goes where the chat still takes it; false if it does.
    pub(super) fn leave_topic(&mut self) -> bool {
        self.outside = true;
        self.view.reply_to = None;
        self.view.place.thread.take().is_some()
    }

    /// The chat has another id now, and its messages stayed behind.
    pub(super) fn forget_message(&mut self) {
        (self.message, self.shown) = (None, None);
    }
}
