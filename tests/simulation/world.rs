//! A whole deployment in one thread, with a virtual clock: one bridge, and around it the models
//! of Telegram, the outbox, the agent and the disk. What is checked is in `effects.rs`,
//! `books.rs`, `lamps.rs`, `network.rs` and `rest.rs`.

use super::agent::Process;
use super::disk::{Disk, Ended};
use super::events::{Child, Event, Mode, Nature, Torn};
use super::lamps::{ErrorLamp, LinkModel};
use super::mutations::Mutation;
use super::outbox::Outbox;
use super::promises::{Broken, Promise};
use super::record::{Record, broken};
use super::telegram::{Poller, Telegram};
use super::users::rules;
use core::time::Duration;
use pigent::bridge::effect::Signs;
use pigent::bridge::ids::{ChatId, RunId};
use pigent::bridge::input::{Input, Press};
use pigent::bridge::time::{Mono, Now, Wall};
use pigent::bridge::{Bridge, Restored};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The date at the first moment.
pub const DATE: i64 = 1_800_000_000;
/// How long a board takes to start again.
const BOOT: Duration = Duration::from_secs(5);

pub type Step = Result<(), Broken>;

pub struct World {
    pub now: Duration,
    pub bridge: Bridge,
    pub boot: u32,
    pub disk: Disk,
    pub telegram: Telegram,
    pub poller: Poller,
    pub outbox: Outbox,
    pub agent: Option<Process>,
    pub nature: Nature,
    /// What the engine reports next.
    pub news: VecDeque<Input>,
    pub record: Record,
    pub signs: Signs,
    pub mode: Mode,
    pub knows_date: bool,
    pub leaving: bool,
    pub leaving_since: Duration,
    pub group: ChatId,
    /// The newest message of each chat.
    pub messages: BTreeMap<ChatId, i64>,
    /// Since when somebody wants this run stopped.
    pub stop_asked: Option<(RunId, Duration)>,
    pub link: LinkModel,
    pub lamp: ErrorLamp,
    /// Newest generation that failed, until a newer one is saved.
    pub trouble: bool,
    pub mutation: Option<Mutation>,
    /// For a mutation: what the newest ring held, and what of it is never written.
    pub ring: Vec<String>,
    pub unmarked: BTreeSet<String>,
    pub aloud: bool,
    /// The power fails after so many further effects.
    pub cut_in: Option<(u8, Torn)>,
}

impl World {
    pub fn new(mutation: Option<Mutation>, aloud: bool) -> World {
        let start = Now { mono: Mono(Duration::ZERO), wall: Some(Wall(DATE)) };
        let (bridge, _) = Bridge::restore(rules(Mode::Open, 0), Restored::default(), start);
        World {
            now: Duration::ZERO,
            bridge,
            boot: 0,
            disk: Disk::new(),
            telegram: Telegram::default(),
            poller: Poller::new(Duration::ZERO),
            outbox: Outbox::default(),
            agent: None,
            nature: Nature { ignores: 0, lingers: false, child: Child::Nobody },
            news: VecDeque::new(),
            record: Record::default(),
            signs: Signs::default(),
            mode: Mode::Open,
            knows_date: true,
            leaving: false,
            leaving_since: Duration::ZERO,
            group: ChatId(-100),
            messages: BTreeMap::new(),
            stop_asked: None,
            link: LinkModel { good: Duration::ZERO, failing: false, bad_token: false },
            lamp: ErrorLamp::default(),
            trouble: false,
            mutation,
            ring: Vec::new(),
            unmarked: BTreeSet::new(),
            aloud,
            cut_in: None,
        }
    }

    pub fn time(&self) -> Now {
        let wall = Wall(DATE + self.now.as_secs() as i64);
        Now { mono: Mono(self.now), wall: self.knows_date.then_some(wall) }
    }

    /// With a single story, every word of it.
    pub fn tell(&self, what: &dyn core::fmt::Debug) {
        if self.aloud {
            println!("{:>12?} {what:?}", self.now);
        }
    }

    /// One event of the story.
    pub fn happens(&mut self, event: Event) -> Step {
        self.tell(&event);
        match event {
            Event::Polls(poll) => self.polls(poll),
            Event::DiskBegins => self.disk_begins(),
            Event::DiskEnds => self.disk_ends(),
            Event::DiskGoes(condition) => {
                self.disk.condition = condition;
                Ok(())
            }
            Event::Agent(says) => self.agent_says(says),
            Event::Next(nature) => {
                self.nature = nature;
                Ok(())
            }
            Event::Sends(lane, pick, outcome) => self.sends(lane, pick, outcome),
            Event::Waits(milliseconds) => self.waits(Duration::from_millis(milliseconds.into())),
            Event::Presses => self.presses(Press::Down),
            Event::Holds => self.presses(Press::Held),
            Event::CutIn(effects, torn) => {
                self.cut_in = Some((effects, torn));
                Ok(())
            }
            Event::Cut(torn) => self.restart(torn, true),
            Event::Dies(torn) => self.restart(torn, false),
            Event::Terminates => {
                if !core::mem::replace(&mut self.leaving, true) {
                    self.leaving_since = self.now;
                }
                self.step(Input::Shutdown)
            }
            Event::KnowsDate(knows) => {
                self.knows_date = knows;
                self.step(Input::Tick)
            }
            event => self.users(event),
        }
    }

    /// Everything in this world goes through here.
    pub fn step(&mut self, input: Input) -> Step {
        self.tell(&input);
        let effects = self.bridge.step(self.time(), input);
        self.check_verdicts(&[], &effects)?;
        self.carry_out(effects)?;
        self.check_signs()
    }

    /// Whether the power fails before the next effect.
    pub fn cut_is_due(&mut self) -> Option<Torn> {
        let (left, torn) = self.cut_in?;
        self.cut_in = left.checked_sub(1).map(|left| (left, torn));
        (left == 0).then_some(torn)
    }

    pub fn restart(&mut self, torn: Torn, power: bool) -> Step {
        self.tell(&("restart", torn, power));
        self.cut_in = None;
        let stopped = self.disk.stop(torn, power);
        stopped.or_else(|how| broken(Promise::WrittenBeforeConfirmed, how))?;
        (self.agent, self.stop_asked, self.leaving) = (None, None, false);
        self.news.clear();
        self.outbox.restart();
        self.signs = Signs::default();
        self.now += BOOT;
        self.boot += 1;
        self.poller = Poller::new(self.now);
        self.link = LinkModel { good: self.now, failing: false, bad_token: false };
        let restored = self.disk.restored();
        let restored = restored.or_else(|how| broken(Promise::WrittenBeforeConfirmed, how))?;
        self.trouble = restored.disk.is_some();
        if self.trouble {
            self.record.trouble();
        }
        let cut_off = restored.memory.running.as_ref().is_some_and(|running| !running.answered);
        self.lamp = ErrorLamp { must_be_on: cut_off, may_be_on: true };
        self.books_after_restart(&restored.memory)?;
        let rules = rules(self.mode, self.boot);
        let (bridge, effects) = Bridge::restore(rules, restored, self.time());
        self.bridge = bridge;
        self.carry_out(effects)
    }

    pub fn disk_begins(&mut self) -> Step {
        self.disk.begin();
        Ok(())
    }

    pub fn disk_ends(&mut self) -> Step {
        let ended = self.disk.end();
        match ended.or_else(|how| broken(Promise::WrittenBeforeConfirmed, how))? {
            None => Ok(()),
            Some(Ended::Saved(generation)) => {
                self.trouble = false;
                self.record.answers_saved(generation);
                self.spoil();
                self.step(Input::Saved { generation })
            }
            Some(Ended::Failed(generation)) => {
                // A newer generation that waits may still make it good.
                self.trouble |= self.disk.is_idle();
                self.record.trouble();
                self.step(Input::SaveFailed { generation, why: "full".into() })
            }
        }
    }

    fn spoil(&mut self) {
        match self.mutation {
            Some(Mutation::ForgetsTheRing) => {
                self.disk.spoil(|memory| memory.ring = Default::default())
            }
            Some(Mutation::LosesPosts) => self.disk.spoil(|memory| memory.posts.clear()),
            _ => {}
        }
    }

    pub fn presses(&mut self, press: Press) -> Step {
        if press == Press::Held {
            self.drops_all();
        }
        let target = self.target();
        self.lamp = ErrorLamp::default();
        self.step(Input::Press(press))?;
        self.asked_to_stop(target)
    }

    /// The run whose process lives.
    pub fn alive(&self) -> Option<RunId> {
        self.agent.as_ref().filter(|agent| !agent.dead).map(|agent| agent.run)
    }

    /// The run that a stop would meet, and whether it is being stopped already.
    pub fn target(&self) -> Option<(RunId, bool)> {
        let run = self.alive()?;
        Some((run, self.record.runs.get(&run).is_some_and(|run| run.stopping)))
    }

    /// What the engine has to report reaches the bridge.
    pub fn deliver_news(&mut self) -> Step {
        while let Some(news) = self.news.pop_front() {
            self.lamp_on_agent(&news);
            self.books_on_agent(&news);
            self.step(news)?;
        }
        Ok(())
    }
}
