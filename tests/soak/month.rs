//! One closet for a month: users write, the network fails, and the daemon is never started anew.

use crate::dice::Dice;
use crate::figures::Figures;
use crate::front::{Front, Way};
use crate::outage;
use crate::prompt::{self, Kind, Prompt};
use crate::questions::Questions;
use crate::size::Size;
use crate::support::{Harness, LONG};
use crate::usage::Usage;
use pigent::bridge::memory::Memory;
use pigent::emulator::{Chat, Fault, Options, Trouble, World, daemon};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Chats that may talk. Many, so that no flood limit slows the month down; the last is a group.
pub const CHATS: [i64; 21] = [
    42,
    43,
    44,
    45,
    46,
    47,
    48,
    49,
    50,
    51,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    -1_000_000_000_042,
];
/// Prompts that are left waiting as a rule, and now and then: more than the queue takes.
const CROWD: usize = 6;
const RUSH: usize = 24;
/// Prompts that may wait, so that a rush is too much.
const QUEUE: usize = 20;
/// Updates and commands that are left waiting.
const BEHIND: usize = 40;
/// Answers that go out as a file and wait for Telegram at once, in the busiest hour.
const LONG_ANSWERS: usize = 10;
/// Further updates that come with their prompts: no answer of getUpdates holds more.
const UPDATES: usize = 100;

/// Where a message is.
pub type Spot = (i64, i64);

pub struct Month {
    pub harness: Harness,
    front: Front,
    pub dice: Dice,
    pub prompts: Vec<Prompt>,
    /// Prompts without an outcome, by their message.
    pub open: BTreeMap<Spot, usize>,
    /// Commands without a reply.
    pub commands: BTreeSet<Spot>,
    pub questions: Questions,
    /// `/cancel all`, and what it said was dropped.
    pub emptied: BTreeMap<Spot, Option<usize>>,
    /// Taps that are to drop a prompt.
    pub drops: Vec<String>,
    pub figures: Figures,
    /// The network fails.
    pub outage: bool,
    kinds: Vec<Kind>,
    /// The newest message of the bot that was read, by chat.
    pub seen: BTreeMap<i64, i64>,
    /// Endless runs that were not stopped yet.
    pub endless: Vec<usize>,
}

impl Month {
    /// Starts the daemon.
    pub fn new(size: &Size) -> Month {
        let options = Options { flood: false, poll_quirks: false, ..Options::default() };
        let chats = CHATS.map(|chat| chat.to_string()).join(",");
        let mut harness = Harness::prepare_of(
            &size.program,
            options,
            &[
                ("TELEGRAM_ALLOWED_CHAT_IDS", &chats),
                ("PIGENT_RATE_LIMIT", "0"),
                ("PIGENT_QUEUE_MAX", &QUEUE.to_string()),
                ("PIGENT_PERMISSIONS", "ask"),
                ("PIGENT_LOG", "warn"),
                ("PIGENT_AGENT_ENV", "STAND_IN_PACE"),
                ("STAND_IN_PACE", "0.002"),
                ("STAND_IN_HASTE", &size.haste.to_string()),
            ],
        );
        for chat in CHATS {
            harness.server.set_chat(Chat::new(chat));
        }
        let front = Front::new(&harness.server, Way::Open);
        harness.set("TELEGRAM_API_URL", front.url("http", "127.0.0.1"));
        harness.launch();
        harness.panel();
        Month {
            harness,
            front,
            dice: Dice::new(size.seed),
            prompts: Vec::new(),
            open: BTreeMap::new(),
            commands: BTreeSet::new(),
            questions: Questions::default(),
            emptied: BTreeMap::new(),
            drops: Vec::new(),
            figures: Figures::default(),
            outage: false,
            kinds: Vec::new(),
            seen: BTreeMap::new(),
            endless: Vec::new(),
        }
    }

    /// The busiest hour of the month: as many updates in one answer and as many long answers that
    /// wait as there may be, on a machine of any speed. Later nothing needs more memory.
    pub fn busy_hour(&mut self) {
        outage::begin(0, &self.harness.server, &self.front);
        for _ in 0..LONG_ANSWERS {
            self.say(Kind::File);
        }
        for _ in 0..UPDATES {
            self.stranger();
        }
        let no_file = Fault::new(Trouble::Http(500, None)).on("sendDocument").forever();
        self.harness.server.add_fault(no_file);
        self.front.set(Way::Open);
        self.until("answers that wait", |month| {
            month.snapshot().is_some_and(|memory| memory.posts.len() >= LONG_ANSWERS)
        });
        outage::end(&self.harness.server, &self.front);
        self.rest();
    }

    /// So many further jobs, messages and outages, evenly mixed; then rest.
    pub fn live(&mut self, jobs: usize, messages: usize, outages: usize) -> Usage {
        let (done, said) = (self.figures.jobs(), self.figures.messages);
        let mut begun = 0;
        while self.figures.jobs() < done + jobs || self.figures.messages < said + messages {
            let (now, words) = (self.figures.jobs() - done, self.figures.messages - said);
            if now < jobs && now * messages <= words * jobs {
                self.ask();
            } else {
                self.deed();
            }
            if begun < outages && now * outages >= begun * jobs {
                self.fails(begun);
                begun += 1;
            }
            self.keep_up();
        }
        self.rest();
        Usage::at_rest(self.pid(), LONG)
    }

    /// The next prompt.
    pub fn ask(&mut self) {
        if self.kinds.is_empty() {
            self.kinds = prompt::hundred(&mut self.dice);
        }
        let kind = self.kinds.pop().unwrap_or(Kind::Echo);
        self.say(kind);
    }

    /// A prompt of this kind, somewhere.
    pub fn say(&mut self, kind: Kind) {
        let chat = self.dice.pick(&CHATS);
        // A group gets 15 messages a minute: little happens there.
        let chat = if chat < 0 && self.dice.below(4) > 0 { CHATS[0] } else { chat };
        self.say_in(chat, kind);
    }

    /// A prompt of this kind.
    pub fn say_in(&mut self, chat: i64, kind: Kind) {
        let text = kind.text(self.prompts.len(), &mut self.dice);
        let message = self.harness.server.say(chat, &text).message;
        self.figures.messages += 1;
        self.figures.prompts += 1;
        self.open.insert((chat, message), self.prompts.len());
        if kind.endless() {
            self.endless.push(self.prompts.len());
        }
        self.prompts.push(Prompt { kind, chat, message, texts: vec![text], outcome: None });
    }

    /// One outage, with users who go on all the same.
    fn fails(&mut self, nth: usize) {
        let before = self.harness.server.look(|world| world.log().len());
        self.outage = true;
        outage::begin(nth, &self.harness.server, &self.front);
        for _ in 0..self.dice.below(6) + 1 {
            self.deed();
        }
        // A door that is closed has nothing to tell.
        daemon::until(Duration::from_millis(200), || {
            let spoiled =
                |world: &World| world.log()[before..].iter().filter(|one| one.spoiled).count();
            (self.harness.server.look(spoiled) >= 2).then_some(())
        });
        std::thread::sleep(outage::length(&mut self.dice));
        outage::end(&self.harness.server, &self.front);
        self.outage = false;
        self.figures.outages += 1;
    }

    /// Waits until not too much waits; now and then far too much comes at once.
    fn keep_up(&mut self) {
        let rush = self.dice.below(200) == 0;
        let most = if rush { RUSH } else { CROWD };
        self.until("progress", |month| {
            let behind = month.harness.server.look(|world| world.unconfirmed());
            month.open.len() <= most && month.commands.len() <= BEHIND && behind <= BEHIND
        });
        if rush {
            while self.open.len() < RUSH {
                self.ask();
            }
        }
    }

    /// Waits until nothing is left to do; what has no outcome then was dropped, as users were told.
    pub fn rest(&mut self) {
        self.until("rest", |month| {
            let read = month.harness.server.look(|world| world.unconfirmed()) == 0;
            read && month.commands.is_empty() && month.snapshot().is_some_and(|it| is_at_rest(&it))
        });
        self.tick();
        let told: usize = self.emptied.values().flatten().sum();
        let dropped = self.harness.server.look(|world| {
            let dropped = |tap: &&String| {
                world.tap(tap).is_some_and(|tap| tap.answer.as_deref() == Some("Dropped."))
            };
            self.drops.iter().filter(dropped).count()
        });
        if self.open.len() != told + dropped {
            let open: Vec<&Prompt> = self.open.values().map(|nth| &self.prompts[*nth]).collect();
            self.fail(&format!(
                "LOST: {} were dropped, and these are open: {open:?}",
                told + dropped
            ));
        }
        self.figures.dropped += self.open.len();
        self.open.clear();
        self.endless.clear();
        self.emptied.clear();
        self.drops.clear();
    }

    /// Looks at what came, and does what it asks for, until this holds.
    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Month) -> bool) {
        let came = daemon::until(LONG * 4, || {
            self.tick();
            done(self).then_some(())
        });
        if came.is_none() {
            let open: Vec<&Prompt> = self.open.values().map(|nth| &self.prompts[*nth]).collect();
            self.fail(&format!("there is no {what}: {open:?}, {:?}", self.commands));
        }
    }

    /// A command, whose reply is waited for in the end.
    pub fn command(&mut self, chat: i64, text: &str) {
        let message = self.harness.server.say(chat, text).message;
        self.commands.insert((chat, message));
        self.figures.messages += 1;
        self.figures.commands += 1;
    }

    pub fn pid(&self) -> u32 {
        self.harness.pid().expect("a daemon")
    }

    pub fn snapshot(&self) -> Option<Memory> {
        let bytes = std::fs::read(self.harness.home.state().join("state.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub fn fail(&self, why: &str) -> ! {
        let left = self.snapshot().map(|it| (it.running, it.queue.len(), it.posts));
        self.harness.fail(&format!("{why}\n--- on disk\n{left:?}"))
    }
}

fn is_at_rest(memory: &Memory) -> bool {
    memory.running.is_none() && memory.queue.is_empty() && memory.posts.is_empty()
}
