//! One closet: a user who writes whenever he likes, and a daemon that is killed again and again.

use crate::dice::Dice;
use crate::disk;
use crate::moment::{Moment, Step, Steps};
use crate::prompt::{CHATS, Kind, Prompt};
use crate::support::{Harness, LONG, Start};
use crate::tally::{self, Figures};
use pigent::bridge::memory::Memory;
use pigent::emulator::{Exchange, Fault, Options, Trouble, World, daemon};
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

/// How long a situation is waited for before any other is as good.
const PATIENCE: Duration = Duration::from_secs(3);
/// More prompts than this are not left waiting.
const CROWD: usize = 8;
/// How long Telegram takes for a message while one is to be caught on its way.
const SLOW: Duration = Duration::from_millis(60);
/// How long a slow disk takes: an agent that did not wait for it would have its prompt by then.
const SLOW_DISK: Duration = Duration::from_millis(400);
const FAILPOINT: &str = "STAND_IN_FAILPOINT";

pub struct Closet<'a> {
    pub harness: Harness,
    pub prompts: Vec<Prompt>,
    dice: Dice,
    steps: &'a Steps,
    figures: Figures,
    /// The newest snapshot that was seen.
    memory: Option<Memory>,
    /// Alive when the daemon was dead: to be gone before the next one runs anything.
    left_over: BTreeSet<u32>,
    /// Polls before this start.
    polls: usize,
    story: Vec<String>,
}

impl Closet<'_> {
    pub fn new(dice: Dice, steps: &Steps) -> Closet<'_> {
        // Without what makes Telegram slow for a bot that is started every second.
        let options = Options { flood: false, poll_quirks: false, ..Options::default() };
        let chats = CHATS.map(|chat| chat.to_string()).join(",");
        let harness = Harness::prepare_at(
            options,
            &[
                ("TELEGRAM_ALLOWED_CHAT_IDS", &chats),
                ("PIGENT_RATE_LIMIT", "0"),
                ("PIGENT_LOG", "info"),
            ],
        );
        Closet {
            harness,
            prompts: Vec::new(),
            dice,
            steps,
            figures: Figures::default(),
            memory: None,
            left_over: BTreeSet::new(),
            polls: 0,
            story: Vec::new(),
        }
    }

    /// So many kills, then rest; every prompt accounted for.
    pub fn live(mut self, kills: u64) -> Figures {
        // The first start of all makes folders that later ones find.
        let number = self.dice.below(14) + 1;
        self.die_at_step(Step { number, kind: "" });
        while self.figures.kills < kills {
            let moment = Moment::pick(&mut self.dice, self.steps);
            self.cycle(moment);
        }
        self.come_to_rest();
        let mut figures = self.figures.clone();
        figures.add(tally::account(&self));
        figures
    }

    fn cycle(&mut self, moment: Moment) {
        self.say_some(1);
        match moment {
            Moment::Step(step) => self.die_at_step(step),
            other => {
                self.start();
                let hit = self.reach(other);
                self.kill(if hit { other.name() } else { "any other" });
            }
        }
    }

    /// Waits for the situation; whether it came.
    fn reach(&mut self, moment: Moment) -> bool {
        if moment == Moment::Starting {
            self.linger(400);
            return true;
        }
        let up = self.is_up();
        up && match moment {
            Moment::Idle => self.come_to_idle(),
            Moment::Delivered => {
                self.say_some(3);
                self.see(|world| (!world.polled() || world.unconfirmed() == 0).then_some(()));
                self.linger(20);
                true
            }
            Moment::Streaming => {
                let kind = self.pick(&[Kind::Work, Kind::Work, Kind::Hang, Kind::Hang, Kind::Tree]);
                self.say_and_see_start(kind) && self.linger(100)
            }
            Moment::Result => self.say_and_see_start(Kind::Echo) && self.linger(60),
            Moment::Sending => self.catch_a_message(Trouble::Delay(SLOW)),
            Moment::Taken => self.catch_a_message(Trouble::CloseAfter),
            Moment::Queued => {
                self.say(Kind::Hang);
                self.say_some(5);
                let taken = self.see(|world| (world.unconfirmed() == 0).then_some(()));
                taken && self.linger(20)
            }
            Moment::Starting | Moment::Step(_) => true,
        }
    }

    /// Lives with a failpoint until it has died of it. A run that never ends is in the way of
    /// many steps: then it is another kill, and another try.
    fn die_at_step(&mut self, step: Step) {
        let Step { number, kind } = step;
        // A slow disk leaves time for whatever does not wait for it.
        let pause = if self.dice.below(3) == 0 { SLOW_DISK.as_millis() } else { 0 };
        self.harness.set(FAILPOINT, format!("store:{number}:{kind}:{pause}"));
        self.start();
        let end = Instant::now() + LONG;
        while self.harness.try_exit().is_none() {
            if Instant::now() > end {
                self.fail(&format!("{step:?} was never taken"));
            }
            if self.runs_for_ever() && self.open().len() > CROWD {
                self.kill("any other");
                self.start();
            }
            let kind = Kind::quick(&mut self.dice);
            self.say(kind);
            daemon::until(Duration::from_millis(500), || self.harness.try_exit());
        }
        self.harness.unset(FAILPOINT);
        // Its last line may still be on its way.
        let what = daemon::until(LONG, || {
            let log = self.harness.last_log();
            let line = log.lines().rev().find_map(|line| line.strip_prefix("failpoint "))?;
            Some(line.split_once(" before ")?.1.to_owned())
        });
        let Some(what) = what else { self.fail("it died of something else") };
        *self.figures.steps.entry(without_digits(&what)).or_default() += 1;
        self.kill(Moment::Step(step).name());
    }

    /// Ends what runs for ever by further kills, until nothing is left to do.
    fn come_to_rest(&mut self) {
        loop {
            self.start();
            let done = daemon::until(LONG * 2, || {
                if self.open().is_empty() && self.snapshot().is_some_and(|m| is_at_rest(&m)) {
                    return Some(true);
                }
                self.runs_for_ever().then_some(false)
            });
            match done {
                Some(true) => break,
                Some(false) => self.kill("any other"),
                None if self.snapshot().is_some_and(|memory| is_at_rest(&memory)) => {
                    self.fail(&format!("LOST: {:?}", self.open()))
                }
                None => self.fail(&format!("it does not come to rest: {:?}", self.open())),
            }
        }
        self.check_left_over();
        let nothing = || self.harness.home.alive(self.harness.pid()).is_empty().then_some(());
        if daemon::until(LONG, nothing).is_none() {
            self.fail("an agent is left running");
        }
    }

    fn start(&mut self) {
        self.polls = self.harness.server.look(polls);
        self.harness.spawn();
    }

    /// SIGKILL (if it is not dead yet), and a look at what is left.
    fn kill(&mut self, moment: &str) {
        self.check_left_over();
        self.harness.kill();
        self.harness.server.clear_faults();
        self.figures.kills += 1;
        *self.figures.moments.entry(moment.to_owned()).or_default() += 1;
        self.story.push(format!("killed: {moment}"));
        match disk::read(&self.harness.home.state(), &self.prompts) {
            Err(why) => self.fail(&format!("after a kill: {why}")),
            Ok(None) if self.memory.is_some() => self.fail("the snapshot is gone"),
            Ok(memory) => self.memory = memory,
        }
        self.left_over = self.harness.home.alive(None).into_iter().collect();
        self.figures.left_over += self.left_over.len() as u64;
    }

    /// If this start has run something, nothing of earlier ones was left by then.
    fn check_left_over(&self) {
        let unused = self.unused();
        let new = |start: &Start| run_number(start).is_some_and(|run| run >= unused);
        if self.harness.starts().iter().any(new) {
            let alive = self.harness.home.alive(None).into_iter().collect();
            let both: Vec<&u32> = self.left_over.intersection(&alive).collect();
            if !both.is_empty() {
                self.fail(&format!("left over from before the last start: {both:?}"));
            }
        }
    }

    /// Runs of this start have this number or a higher one.
    fn unused(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.next_id)
    }

    fn say(&mut self, kind: Kind) {
        let chat = self.dice.pick(&CHATS);
        // One a chat, so that its pieces can be told from those of others.
        let there = |prompt: &Prompt| prompt.kind == kind && prompt.chat == chat;
        let again = kind == Kind::Pieces && self.prompts.iter().any(there);
        let kind = if again { Kind::Echo } else { kind };
        let text = kind.text(self.prompts.len(), &mut self.dice);
        let message = self.harness.server.say(chat, &text).message;
        self.story.push(format!("said {text:?} ({message} in {chat})"));
        self.prompts.push(Prompt { kind, chat, message, text });
    }

    /// A few prompts, unless many wait.
    fn say_some(&mut self, most: u64) {
        if self.open().len() < CROWD {
            for _ in 0..=self.dice.below(most + 1) {
                let kind = Kind::quick(&mut self.dice);
                self.say(kind);
            }
        }
    }

    fn say_and_see_start(&mut self, kind: Kind) -> bool {
        let before = self.harness.starts().len();
        self.say(kind);
        daemon::until(PATIENCE, || (self.harness.starts().len() > before).then_some(())).is_some()
    }

    /// Kills in the middle of a call, or right after one whose answer got lost.
    fn catch_a_message(&mut self, trouble: Trouble) -> bool {
        let before = self.harness.server.look(|world| world.log().len());
        self.say(Kind::Echo);
        self.harness.server.add_fault(Fault::new(trouble).on("sendMessage").forever());
        let sent = |one: &Exchange| one.spoiled && one.params.get("disable_notification").is_none();
        let seen = self.see(|world| world.log()[before..].iter().any(sent).then_some(()));
        seen && self.linger(SLOW.as_millis() as u64)
    }

    /// A random moment is what this is about. Always true.
    fn linger(&mut self, milliseconds: u64) -> bool {
        thread::sleep(self.dice.up_to(Duration::from_millis(milliseconds)));
        true
    }

    fn pick(&mut self, kinds: &[Kind]) -> Kind {
        self.dice.pick(kinds)
    }

    fn see(&self, look: impl FnMut(&World) -> Option<()>) -> bool {
        self.harness.server.wait(PATIENCE, look).is_some()
    }

    fn is_up(&self) -> bool {
        let before = self.polls;
        let up = |world: &World| (polls(world) > before).then_some(());
        self.harness.server.wait(LONG, up).unwrap_or_else(|| self.fail("it does not come up"));
        true
    }

    fn come_to_idle(&self) -> bool {
        let rests = || {
            (self.open().is_empty() && self.snapshot().is_some_and(|m| is_at_rest(&m)))
                .then_some(())
        };
        daemon::until(PATIENCE, rests).is_some()
    }

    /// Prompts without an outcome.
    fn open(&self) -> Vec<&Prompt> {
        self.harness.server.look(|world| {
            let open = |prompt: &&Prompt| tally::outcomes(world, prompt).is_empty();
            self.prompts.iter().filter(open).collect()
        })
    }

    /// What runs does not end by itself.
    fn runs_for_ever(&self) -> bool {
        let Some(running) = self.snapshot().and_then(|memory| memory.running) else { return false };
        if running.run.0 < self.unused() {
            // Still what the last daemon wrote.
            return false;
        }
        let (chat, message) = (running.job.place.chat.0, running.job.message.0);
        let mut endless = self.prompts.iter().filter(|prompt| prompt.kind.endless());
        endless.any(|prompt| (prompt.chat, prompt.message) == (chat, message))
    }

    fn snapshot(&self) -> Option<Memory> {
        let bytes = std::fs::read(self.harness.home.state().join("state.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Fails with the story so far.
    pub fn fail(&self, why: &str) -> ! {
        let from = self.story.len().saturating_sub(60);
        let story = self.story[from..].join("\n");
        self.harness.fail(&format!("{why}\n--- story\n{story}\n--- on disk\n{:?}", self.snapshot()))
    }
}

fn is_at_rest(memory: &Memory) -> bool {
    memory.running.is_none() && memory.queue.is_empty() && memory.posts.is_empty()
}

fn polls(world: &World) -> usize {
    world.log().iter().filter(|one| one.method == "getUpdates").count()
}

/// Runs are numbered like everything else a state folder knows.
fn run_number(start: &Start) -> Option<u64> {
    start.run.split_once('-')?.1.parse().ok()
}

/// `blobs/12` is as good as `blobs/13`.
fn without_digits(what: &str) -> String {
    let mut name = what.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    if name.len() < what.len() {
        name.push('N');
    }
    name
}
