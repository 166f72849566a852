//! The rules of sending, as a state machine: what goes out next, over all chats.
//!
//! No thread, clock or socket: time and answers are arguments, so all of it is tested in virtual
//! time. One call at a time: [`Lanes::next`] gives it, [`Lanes::done`] takes how it ended.

use super::answer::Verdict;
use super::backoff::Backoff;
use super::budget::Bucket;
use super::call::{Call, Outcome};
use super::choice::Choice;
use super::lane::{Begun, Lane};
use super::taps::Taps;
use crate::bridge::effect::{Body, Post, View};
use crate::bridge::ids::{BlobId, ChatId, Place, PostId, ViewId};
use crate::bridge::input::{Input, Link, Receipt};
use crate::bridge::rules::Lang;
use crate::bridge::time::Mono;
use crate::telegram::error::Error;
use core::time::Duration;
use std::collections::BTreeMap;

/// Groups whose new id is remembered.
const ALIASES: usize = 64;
/// Over all chats: 20 a second and 5 at once are never more than 25 in a second.
const GLOBAL: (Duration, u32) = (Duration::from_millis(50), 5);
const CROWDED: &str = "too many messages wait";

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Read this body and give it to [`Lanes::loaded`].
    Load(BlobId),
    /// Make this call and give its outcome to [`Lanes::done`].
    Call(Call),
    /// Nothing before this moment, or before something new is given.
    Wait(Option<Mono>),
}

#[derive(Clone, Copy, Debug)]
enum Flight {
    Tap,
    Lane(ChatId, Begun),
}

/// All chats.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: BTreeMap<ChatId, Lane>,
    /// Counts what was begun.
    turn: u64,
    taps: Taps,
    global: Bucket,
    backoff: Backoff,
    /// Groups that became supergroups: old id, new id.
    aliases: Vec<(ChatId, ChatId)>,
    flight: Option<Flight>,
    reports: Vec<Input>,
    leaving: bool,
    lang: Lang,
}

impl Lanes {
    pub(super) fn new(lang: Lang) -> Lanes {
        Lanes {
            lanes: BTreeMap::new(),
            turn: 0,
            taps: Taps::default(),
            global: Bucket::new(GLOBAL.0, GLOBAL.1),
            backoff: Backoff::default(),
            aliases: Vec::new(),
            flight: None,
            reports: Vec::new(),
            leaving: false,
            lang,
        }
    }

    /// The newest state of a view.
    pub(super) fn show(&mut self, mut view: View, now: Mono) {
        self.move_place(&mut view.place);
        if let Some(given_up) = self.lane(view.place.chat).show(view, now) {
            self.refuse_view(given_up);
        }
    }

    /// A message that must arrive.
    pub(super) fn post(&mut self, mut post: Post) {
        self.move_place(&mut post.place);
        self.lane(post.place.chat).post(post);
    }

    /// Answers a tap.
    pub(super) fn answer_tap(&mut self, tap: String, text: String) {
        self.taps.add(tap, text);
    }

    /// There was no room for a view.
    pub(super) fn refuse_view(&mut self, view: ViewId) {
        self.report(Receipt::NotShown { view, why: CROWDED.to_owned() });
    }

    /// There was no room for a post.
    pub(super) fn refuse_post(&mut self, post: PostId) {
        self.report(Receipt::NotPosted { post, why: CROWDED.to_owned() });
    }

    /// From now on only what says something final.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Something final still has to go out.
    pub(super) fn is_busy(&self) -> bool {
        !self.taps.is_empty() || self.lanes.values().any(Lane::is_busy)
    }

    /// Chats that are remembered.
    #[cfg(test)]
    pub(super) fn chats(&self) -> usize {
        self.lanes.len()
    }

    /// What happened since the last time.
    pub(super) fn take_reports(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.reports)
    }

    /// What to do now. Work that turns out to need no call is done on the way.
    pub(super) fn next(&mut self, now: Mono) -> Step {
        loop {
            if let Some(call) = self.taps.next(now, self.backoff.until()) {
                self.flight = Some(Flight::Tap);
                return Step::Call(call);
            }
            let mut choice = Choice::new(now, self.backoff.until().max(self.global.free_at(0)));
            self.lanes.values().for_each(|lane| lane.offer(&mut choice, self.leaving));
            let Some((chat, work)) = choice.best() else {
                self.lanes.retain(|_, lane| !lane.is_over(now));
                let tap = (!self.taps.is_empty()).then(|| self.backoff.until());
                return Step::Wait(choice.later().into_iter().chain(tap).min());
            };
            self.turn += 1;
            let turn = self.turn;
            let lane = self.lane(chat);
            lane.served = turn;
            if let Some((step, begun)) = lane.begin(work, now) {
                if matches!(step, Step::Call(_)) {
                    self.global.spend(now);
                }
                self.flight = Some(Flight::Lane(chat, begun));
                return step;
            }
        }
    }

    /// The body asked for by [`Step::Load`].
    pub(super) fn loaded(&mut self, body: std::io::Result<Vec<u8>>) {
        let Some(Flight::Lane(chat, Begun::Load(id))) = self.flight.take() else { return };
        let lang = self.lang;
        let Some(open) = self.lane(chat).front(id) else { return };
        match body {
            Ok(body) => open.prepare(Body::from(body)),
            Err(why) => open.lose(&why.to_string(), lang),
        }
    }

    /// How the call of [`Step::Call`] ended; `now` is after it.
    pub(super) fn done(&mut self, now: Mono, outcome: Outcome) {
        let Some(flight) = self.flight.take() else { return };
        self.reports.push(Input::Link(link(&outcome)));
        self.backoff.note(now, &outcome);
        match flight {
            Flight::Tap => self.taps.done(&outcome),
            Flight::Lane(chat, begun) => match self.lane(chat).done(begun, now, outcome) {
                Verdict::Nothing => {}
                Verdict::Report(receipt) => self.report(receipt),
                Verdict::Move(to) => self.migrate(chat, to),
            },
        }
    }

    /// The chat goes on under another id; what waited for the old one goes first.
    fn migrate(&mut self, from: ChatId, to: ChatId) {
        if self.aliases.len() >= ALIASES {
            self.aliases.remove(0);
        }
        // Looking up must not run in a circle, whatever Telegram says.
        self.aliases.retain(|(old, _)| *old != to && *old != from);
        self.aliases.push((from, to));
        if let Some(old) = self.lanes.remove(&from) {
            self.lane(to).inherit(old);
        }
        self.report(Receipt::Migrated { from, to });
    }

    fn move_place(&self, place: &mut Place) {
        for _ in 0..self.aliases.len() {
            match self.aliases.iter().find(|(from, _)| *from == place.chat) {
                Some((_, to)) => place.chat = *to,
                None => return,
            }
        }
    }

    fn lane(&mut self, chat: ChatId) -> &mut Lane {
        self.lanes.entry(chat).or_insert_with(|| Lane::new(chat))
    }

    fn report(&mut self, receipt: Receipt) {
        self.reports.push(Input::Sent(receipt));
    }
}

fn link(outcome: &Outcome) -> Link {
    match outcome {
        Err(Error::Network { .. } | Error::Server { .. }) => Link::Down,
        Err(Error::BadToken) => Link::BadToken,
        Err(Error::Conflict { .. }) => Link::Conflict,
        _ => Link::Up,
    }
}
