//! A Telegram of a few lines: it takes calls, keeps what it was sent, counts every call beyond
//! the tolerated rate or before the end of a `retry_after`, and fails as it is told to.

use super::super::call::{Call, Letter, Outcome};
use super::super::lanes::{Lanes, Step};
use crate::bridge::effect::{Class, Format, Frame, Part, Post, Source, View};
use crate::bridge::ids::{BlobId, ChatId, MessageId, Place, PostId, ViewId};
use crate::bridge::input::{Input, Link, Receipt};
use crate::bridge::rules::Lang;
use crate::bridge::time::Mono;
use crate::telegram::error::Error;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What arrived at Telegram.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrived {
    pub(super) at: Duration,
    pub(super) chat: ChatId,
    pub(super) call: Call,
    /// It was carried out.
    pub(super) done: bool,
}

impl Arrived {
    pub(super) fn text(&self) -> &str {
        match &self.call {
            Call::Send(letter) | Call::Edit(_, letter) | Call::Document(letter, ..) => &letter.text,
            Call::Tap { text, .. } => text,
            Call::Typing(_) => "typing",
        }
    }

    pub(super) fn letter(&self) -> &Letter {
        match &self.call {
            Call::Send(letter) | Call::Edit(_, letter) | Call::Document(letter, ..) => letter,
            other => panic!("{other:?} has no letter"),
        }
    }
}

pub(super) struct World {
    pub(super) lanes: Lanes,
    pub(super) now: Mono,
    /// Errors to give, in order; `None` is a success.
    pub(super) script: VecDeque<Option<Error>>,
    /// For everything from now on, after the script.
    pub(super) down: bool,
    /// Time a call takes.
    pub(super) latency: Duration,
    pub(super) arrived: Vec<Arrived>,
    pub(super) reports: Vec<Input>,
    pub(super) bodies: BTreeMap<BlobId, Vec<u8>>,
    pub(super) loads: usize,
    pub(super) violations: Vec<String>,
    models: BTreeMap<(ChatId, bool), Model>,
    all: VecDeque<Duration>,
    next_message: i64,
}

/// Flood control of one bucket, as the Bot API stand-in of BOTAPI.md section 12 has it.
struct Model {
    tokens: f64,
    at: Duration,
    minute: VecDeque<Duration>,
    banned: Duration,
}

impl World {
    pub(super) fn new() -> World {
        World {
            lanes: Lanes::new(Lang::En),
            now: Mono(Duration::from_secs(1000)),
            script: VecDeque::new(),
            down: false,
            latency: Duration::from_millis(50),
            arrived: Vec::new(),
            reports: Vec::new(),
            bodies: BTreeMap::new(),
            loads: 0,
            violations: Vec::new(),
            models: BTreeMap::new(),
            all: VecDeque::new(),
            next_message: 100,
        }
    }

    pub(super) fn show(&mut self, view: View) {
        self.lanes.show(view, self.now);
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.script.push_back(Some(error));
    }

    /// Works until there is nothing to do for now; gives what the lanes want to wait for.
    pub(super) fn settle(&mut self) -> Option<Mono> {
        self.work(Mono(Duration::MAX))
    }

    /// On a slow line there may be something to do always, so not beyond `end`.
    fn work(&mut self, end: Mono) -> Option<Mono> {
        while self.now <= end {
            let step = self.lanes.next(self.now);
            let wait = self.perform(step);
            self.reports.extend(self.lanes.take_reports());
            if let Some(until) = wait {
                return until;
            }
        }
        None
    }

    fn perform(&mut self, step: Step) -> Option<Option<Mono>> {
        match step {
            Step::Wait(until) => return Some(until),
            Step::Load(blob) => {
                self.loads += 1;
                let body = self.bodies.get(&blob).cloned();
                self.lanes.loaded(body.ok_or_else(|| std::io::ErrorKind::NotFound.into()));
            }
            Step::Call(call) => {
                let outcome = self.receive(call);
                self.now = self.now.after(self.latency / 2);
                self.lanes.done(self.now, outcome);
            }
        }
        None
    }

    /// Lets so much time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(until) = self.work(end).filter(|until| *until <= end) {
            self.now = self.now.max(until);
        }
        self.now = self.now.max(end);
    }

    pub(super) fn seconds(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    fn receive(&mut self, call: Call) -> Outcome {
        self.now = self.now.after(self.latency / 2);
        let at = self.now.0;
        let (chat, action) = match &call {
            Call::Send(letter) | Call::Edit(_, letter) | Call::Document(letter, ..) => {
                (letter.place.chat, Some(false))
            }
            Call::Typing(place) => (place.chat, Some(true)),
            Call::Tap { .. } => (ChatId(0), None),
        };
        let down = self.down && self.script.is_empty();
        let error = self.script.pop_front().flatten();
        let error = error.filter(|error| can_happen(error, &call));
        let error = error.or_else(|| down.then(|| Error::Network { why: "down".into() }));
        let reached = !matches!(error, Some(Error::Network { .. } | Error::Server { .. }));
        if let (Some(action), true) = (action, reached) {
            self.count(chat, action, at, error.as_ref());
        }
        let done = error.is_none();
        let new = matches!(call, Call::Send(_) | Call::Document(..));
        self.arrived.push(Arrived { at, chat, call, done });
        match error {
            Some(error) => Err(error),
            None => {
                self.next_message += 1;
                Ok(new.then_some(MessageId(self.next_message)))
            }
        }
    }

    fn count(&mut self, chat: ChatId, action: bool, at: Duration, error: Option<&Error>) {
        let fresh = Model { tokens: 5.0, at, minute: VecDeque::new(), banned: Duration::ZERO };
        let model = self.models.entry((chat, action)).or_insert(fresh);
        model.tokens = (model.tokens + (at - model.at).as_secs_f64()).min(5.0) - 1.0;
        model.at = at;
        model.minute.push_back(at);
        model.minute.retain(|call| at - *call < Duration::from_secs(60));
        self.all.push_back(at);
        self.all.retain(|call| at - *call < Duration::from_secs(1));
        let group = chat.0 < 0 && !action && model.minute.len() > 20;
        if model.tokens < 0.0 || group || self.all.len() > 25 {
            self.violations.push(format!("too often to {chat} at {at:?}"));
        }
        if at < model.banned {
            self.violations.push(format!("too early to {chat} at {at:?}"));
        }
        if let Some(Error::Flood { retry_after }) = error {
            model.banned = at + *retry_after;
        }
    }

    /// Texts of everything that was carried out, in order.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.arrived.iter().filter(|arrived| arrived.done).map(Arrived::text).collect()
    }

    pub(super) fn receipts(&self) -> Vec<Receipt> {
        let receipt = |report: &Input| match report {
            Input::Sent(receipt) => Some(receipt.clone()),
            _ => None,
        };
        self.reports.iter().filter_map(receipt).collect()
    }

    pub(super) fn links(&self) -> Vec<Link> {
        let link = |report: &Input| match report {
            Input::Link(link) => Some(*link),
            _ => None,
        };
        self.reports.iter().filter_map(link).collect()
    }
}

/// Whether a server could say that to this call; otherwise the call succeeds.
fn can_happen(error: &Error, call: &Call) -> bool {
    let letter = match call {
        Call::Send(letter) | Call::Edit(_, letter) | Call::Document(letter, ..) => Some(letter),
        Call::Tap { .. } | Call::Typing(_) => None,
    };
    match error {
        Error::NotModified => matches!(call, Call::Edit(..)),
        Error::CantParse { .. } => letter.is_some_and(|letter| letter.html),
        Error::TooLong => letter.is_some_and(|letter| !letter.text.is_empty()),
        _ => true,
    }
}

pub(super) fn network() -> Error {
    Error::Network { why: "no route".into() }
}

pub(super) fn flood(seconds: u64) -> Error {
    Error::Flood { retry_after: Duration::from_secs(seconds) }
}

pub(super) fn place(chat: i64) -> Place {
    Place { chat: ChatId(chat), thread: None }
}

pub(super) fn view(id: u64, chat: i64, class: Class, text: &str) -> View {
    View {
        id: ViewId(id),
        place: place(chat),
        reply_to: None,
        class,
        frame: Frame { parts: vec![Part::Plain(text.into())], buttons: Vec::new() },
        message: None,
        typing: false,
        last: class == Class::Reply,
    }
}

pub(super) fn live(id: u64, chat: i64, text: &str) -> View {
    view(id, chat, Class::Live, text)
}

pub(super) fn post(id: u64, chat: i64, text: &str) -> Post {
    Post {
        id: PostId(id),
        place: place(chat),
        reply_to: None,
        format: Format::Markdown,
        body: Source::Memory(Arc::from(text.as_bytes())),
        buttons: Vec::new(),
        pieces_taken: 0,
    }
}
