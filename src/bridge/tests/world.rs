//! A world for one bridge: a clock, a disk that works or does not, and what came out so far.

use crate::bridge::agent::{AgentEvent, Exit, RunResult};
use crate::bridge::effect::{Effect, Part, Post, Save, Signs, Source, Start, View};
use crate::bridge::ids::{ChatId, MessageId, Place, RunId, UpdateId, UserId};
use crate::bridge::input::{
    Batch, ChatKind, Content, Input, Message, Receipt, Sender, Tap, Told, Update,
};
use crate::bridge::rules::{Access, Lang, Permissions, Rules};
use crate::bridge::time::{Mono, Now, Wall};
use crate::bridge::{Bridge, Memory, Restored};
use core::time::Duration;
use std::collections::HashMap;

pub(super) const ME: UserId = UserId(7);
pub(super) const HOME: ChatId = ChatId(7);
/// The date at the first moment.
pub(super) const DATE: i64 = 1_800_000_000;

pub(super) struct World {
    pub(super) bridge: Bridge,
    pub(super) now: Duration,
    /// Everything that came out and was not asked for yet.
    pub(super) out: Vec<Effect>,
    /// `Some(why)` while the disk fails; `auto` answers saves at once.
    pub(super) disk: Option<&'static str>,
    pub(super) auto: bool,
    /// What is on the disk.
    pub(super) saved: Memory,
    pub(super) bodies: HashMap<u64, Vec<u8>>,
    unwritten: HashMap<u64, Vec<u8>>,
    pub(super) saves: u32,
    next: i64,
}

pub(super) fn rules() -> Rules {
    Rules {
        access: Access { chats: vec![HOME], users: vec![] },
        queue_max: 3,
        rate_limit: Some(10),
        job_timeout: Some(Duration::from_secs(7200)),
        stale_timeout: Some(Duration::from_secs(900)),
        permissions: Permissions::Ask,
        lang: Lang::En,
        seed: [1, 2],
        version: "0",
    }
}

impl World {
    /// A fresh start whose backlog is empty.
    pub(super) fn new() -> World {
        World::with(rules())
    }

    pub(super) fn with(rules: Rules) -> World {
        let mut world = World::start(rules, Restored::default(), Duration::ZERO);
        world.step(Input::Drained);
        world.out.clear();
        world
    }

    pub(super) fn start(rules: Rules, restored: Restored, now: Duration) -> World {
        World::start_with(rules, restored, now, HashMap::new())
    }

    fn start_with(
        rules: Rules,
        restored: Restored,
        now: Duration,
        bodies: HashMap<u64, Vec<u8>>,
    ) -> World {
        let at = Now { mono: Mono(now), wall: Some(Wall(DATE + now.as_secs() as i64)) };
        let saved = restored.memory.clone();
        // Each start has a secret of its own.
        let rules = Rules { seed: [1, now.as_secs()], ..rules };
        let (bridge, out) = Bridge::restore(rules, restored, at);
        let mut world = World {
            bridge,
            now,
            out: Vec::new(),
            disk: None,
            auto: true,
            saved,
            bodies,
            unwritten: HashMap::new(),
            saves: 0,
            next: 100,
        };
        world.take(out);
        world
    }

    /// Pulls the plug, and starts again from what is on the disk.
    pub(super) fn power_cut(self) -> World {
        self.power_cut_with(rules())
    }

    pub(super) fn power_cut_with(self, rules: Rules) -> World {
        let text = |id: &u64| String::from_utf8(self.bodies[id].clone()).unwrap();
        let prompts = self.saved.prompts().map(|id| (id, text(&id.0))).collect();
        let restored = Restored { memory: self.saved.clone(), prompts, ..Restored::default() };
        let now = self.now + Duration::from_secs(60);
        let mut world = World::start_with(rules, restored, now, self.bodies);
        world.next = self.next;
        world
    }

    pub(super) fn step(&mut self, input: Input) {
        let wall = Some(Wall(DATE + self.now.as_secs() as i64));
        let effects = self.bridge.step(Now { mono: Mono(self.now), wall }, input);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        let mut asked = None;
        for effect in effects {
            if let Effect::Save(save) = &effect {
                self.saves += 1;
                asked = self.auto.then(|| (**save).clone());
            }
            self.out.push(effect);
        }
        if let Some(save) = asked {
            self.answer_save(save);
        }
    }

    /// The disk does its work.
    pub(super) fn answer_save(&mut self, save: Save) {
        let generation = save.generation;
        // The store keeps the bodies of generations that were skipped or failed.
        for (id, body) in &save.bodies {
            self.unwritten.insert(id.0, body.to_vec());
        }
        if let Some(why) = self.disk {
            return self.step(Input::SaveFailed { generation, why: why.into() });
        }
        self.bodies.extend(self.unwritten.drain());
        self.saved = save.memory;
        let named: Vec<u64> = self.saved.bodies().map(|id| id.0).collect();
        self.bodies.retain(|id, _| named.contains(id));
        assert!(named.iter().all(|id| self.bodies.contains_key(id)), "a body is missing");
        self.step(Input::Saved { generation });
    }

    /// Lets time pass, waking the bridge at every deadline on the way.
    pub(super) fn pass(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        for _ in 0..100_000 {
            match self.bridge.deadline() {
                Some(Mono(at)) if at <= end => {
                    self.now = self.now.max(at);
                    self.step(Input::Tick);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the bridge wants to be woken for ever");
    }

    pub(super) fn message(&mut self, message: Message) {
        self.deliver(vec![Told::Message(message)]);
    }

    pub(super) fn deliver(&mut self, told: Vec<Told>) {
        let updates: Vec<Update> = told.into_iter().map(|what| self.update(what)).collect();
        self.batch(updates, false);
    }

    pub(super) fn update(&mut self, what: Told) -> Update {
        self.next += 1;
        Update { id: UpdateId(self.next), what }
    }

    pub(super) fn batch(&mut self, updates: Vec<Update>, backlog: bool) {
        let next = UpdateId(updates.last().map_or(0, |update| update.id.0) + 1);
        self.step(Input::Updates(Batch { updates, next, backlog }));
    }

    /// The owner writes. Answers the message's id.
    pub(super) fn say(&mut self, text: &str) -> MessageId {
        let message = self.text(text);
        let id = message.id;
        self.message(message);
        id
    }

    /// A message of the owner, not delivered yet.
    pub(super) fn text(&mut self, text: &str) -> Message {
        self.next += 1;
        Message {
            chat: HOME,
            kind: ChatKind::Private,
            thread: None,
            id: MessageId(self.next),
            from: Some(Sender { id: ME, is_bot: false }),
            sender_chat: false,
            date: DATE + self.now.as_secs() as i64,
            reply_to: None,
            content: Content::Text(text.into()),
        }
    }

    pub(super) fn tap(&mut self, data: &str) -> String {
        self.tap_as(data, ME)
    }

    /// Taps a button; answers what the presser is told.
    pub(super) fn tap_as(&mut self, data: &str, user: UserId) -> String {
        let from = Sender { id: user, is_bot: false };
        let chat = Some((HOME, ChatKind::Private));
        let tap = Tap { id: "tap".into(), from, chat, message: None, data: data.into() };
        self.deliver(vec![Told::Tap(tap)]);
        let answers = self.out.iter().rev();
        let mut answers = answers.filter_map(|effect| match effect {
            Effect::AnswerTap { text, .. } => Some(text.clone()),
            _ => None,
        });
        answers.next().expect("a tap is always answered")
    }

    /// The current run's id.
    pub(super) fn run(&self) -> RunId {
        self.bridge.run.as_ref().expect("something runs").id
    }

    pub(super) fn agent(&mut self, event: AgentEvent) {
        let run = self.run();
        self.step(Input::Agent { run, event });
    }

    pub(super) fn answers(&mut self, text: &str) {
        self.agent(AgentEvent::Result(RunResult { text: text.into(), ..RunResult::default() }));
    }

    pub(super) fn exits(&mut self) {
        let run = self.run();
        self.step(Input::Exited { run, exit: Exit { code: Some(0), ..Exit::default() } });
    }

    /// The run gives this answer and ends.
    pub(super) fn finish(&mut self, text: &str) {
        self.answers(text);
        self.exits();
    }

    pub(super) fn taken(&mut self, post: &Post) {
        let receipt =
            Receipt::Posted { post: post.id, pieces: 1, message: MessageId(9000), complete: true };
        self.step(Input::Sent(receipt));
    }

    // What came out. Each call looks at everything since the last `clear`.

    pub(super) fn clear(&mut self) {
        self.out.clear();
    }

    pub(super) fn starts(&self) -> Vec<&Start> {
        self.out
            .iter()
            .filter_map(|effect| match effect {
                Effect::Start(start) => Some(start),
                _ => None,
            })
            .collect()
    }

    pub(super) fn started(&self) -> Vec<&str> {
        self.starts().into_iter().map(|start| &*start.prompt).collect()
    }

    pub(super) fn posts(&self) -> Vec<Post> {
        self.out
            .iter()
            .filter_map(|effect| match effect {
                Effect::Post(post) => Some(post.clone()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn post_texts(&self) -> Vec<String> {
        let body = |post: Post| match post.body {
            Source::Blob(id) => self.bodies[&id.0].clone(),
            Source::Memory(body) => body.to_vec(),
        };
        self.posts().into_iter().map(|post| String::from_utf8(body(post)).unwrap()).collect()
    }

    pub(super) fn views(&self) -> Vec<&View> {
        self.out
            .iter()
            .filter_map(|effect| match effect {
                Effect::Show(view) => Some(view),
                _ => None,
            })
            .collect()
    }

    /// The texts of all views, newest last.
    pub(super) fn shown(&self) -> Vec<String> {
        self.views().into_iter().map(view_text).collect()
    }

    pub(super) fn last_shown(&self) -> String {
        self.shown().pop().unwrap_or_default()
    }

    /// `callback_data` of the newest button with that label.
    pub(super) fn button(&self, label: &str) -> String {
        let frames = self.views().into_iter().map(|view| view.frame.buttons.clone());
        let posts = self.posts().into_iter().map(|post| post.buttons);
        let mut buttons: Vec<_> = frames.chain(posts).flatten().flatten().collect();
        buttons.retain(|button| button.label.contains(label));
        buttons.pop().unwrap_or_else(|| panic!("no button {label:?}")).data
    }

    pub(super) fn confirmed(&self) -> Option<i64> {
        self.out.iter().rev().find_map(|effect| match effect {
            Effect::Confirm { next } => Some(next.0),
            _ => None,
        })
    }

    pub(super) fn signs(&self) -> Option<Signs> {
        self.out.iter().rev().find_map(|effect| match effect {
            Effect::Signs(signs) => Some(*signs),
            _ => None,
        })
    }

    pub(super) fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.out.iter().any(wanted)
    }

    pub(super) fn pending_save(&self) -> Save {
        let saves = self.out.iter().rev();
        let mut saves = saves.filter_map(|effect| match effect {
            Effect::Save(save) => Some((**save).clone()),
            _ => None,
        });
        saves.next().expect("a save is asked for")
    }
}

pub(super) fn here() -> Place {
    Place { chat: HOME, thread: None }
}

pub(super) fn view_text(view: &View) -> String {
    view.frame
        .parts
        .iter()
        .map(|part| match part {
            Part::Plain(text) | Part::Bold(text) | Part::Code(text) | Part::Markdown(text) => {
                text.as_str()
            }
        })
        .collect()
}
