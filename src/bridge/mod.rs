//! The decisions, without I/O: state, now and one [`Input`] in, [`Effect`]s out.
//!
//! # One entry point
//!
//! [`Bridge::step`] takes what happened and answers what is to be done; [`Bridge::deadline`] says
//! when it wants to be woken (with [`Input::Tick`]) if nothing happens before. There is no clock,
//! file, socket, thread, process or JSON text in this folder (`tests/purity.rs` holds that), so
//! the whole behaviour of the product can be read here, tested without waiting and simulated with
//! a power cut at every step.
//!
//! # Layout
//!
//! | module | noun |
//! |---|---|
//! | [`input`], [`effect`], [`agent`] | what comes in, what goes out, what an agent reports |
//! | [`memory`], [`rules`], [`ids`], [`time`] | what is remembered, the settings, names for numbers |
//! | `access` | who may talk |
//! | `talk`, `command`, `commands` | updates; what a text means; what commands do |
//! | `queue` | prompts that wait, and their limits |
//! | `run`, `stop`, `finish` | the life of a job, the stop ladder, how it ends |
//! | `ask` | permission requests and questions |
//! | `sessions` | which conversation a prompt goes on in |
//! | `progress` | what the live view of a run shows |
//! | `posts`, `tokens`, `words` | messages that must arrive, buttons, every text pigent says |
//! | `packed` | how the memory is written: short, each place and session once |
//! | `ledger` | the save protocol: what must wait for the disk |
//! | `link`, `restart` | how Telegram is reached; the first and the last seconds |

mod access;
pub mod agent;
mod ask;
mod command;
mod commands;
pub mod effect;
mod finish;
pub mod ids;
pub mod input;
mod ledger;
mod link;
pub mod memory;
mod packed;
mod posts;
mod progress;
mod queue;
mod refusals;
mod restart;
pub mod rules;
mod run;
mod sessions;
mod stop;
mod talk;
#[cfg(test)]
mod tests;
pub mod time;
mod tokens;
mod words;

pub use agent::AgentEvent;
pub use effect::Effect;
pub use input::Input;
pub use memory::Memory;
pub use restart::Restored;
pub use words::COMMANDS;

use access::Gate;
use effect::{Signs, Work};
use ids::{BlobId, Gen, ViewId};
use ledger::Ledger;
use link::LinkState;
use memory::Ring;
use queue::{Fresh, Rates, Recent};
use rules::Rules;
use run::Run;
use std::collections::HashMap;
use std::sync::Arc;
use time::{Mono, Now};
use tokens::Tokens;
use words::Words;

/// The state of one pigent: one bot, one project, one run at a time.
#[derive(Debug)]
pub struct Bridge {
    rules: Rules,
    words: Words,
    memory: Memory,
    /// The text of every prompt the memory names.
    prompts: HashMap<BlobId, Arc<str>>,
    ledger: Ledger,
    gate: Gate,
    tokens: Tokens,
    /// Every update of this start, also those that changed nothing.
    seen: Ring,
    /// The run of `memory.running`; both exist or none does, but that while leaving the memory
    /// keeps its half for the next start.
    run: Option<Run>,
    /// Jobs whose prompt is not on the disk yet.
    fresh: Vec<Fresh>,
    rates: Rates,
    recent: Recent,
    /// The newest `/queue` reply, so that its buttons follow the queue.
    queue_view: Option<commands::QueueView>,
    link: LinkState,
    /// When the owner was last told of an update that could not be read.
    told_unreadable: Option<Mono>,
    username: Option<String>,
    /// While the backlog is read: until when at most.
    draining: Option<Mono>,
    /// The last run ended in an error that nobody has acknowledged.
    error_lamp: bool,
    /// What the lamps were last told.
    signs: Option<Signs>,
    /// Since when pigent is leaving.
    leaving: Option<Mono>,
    exited: bool,
    born: Mono,
    /// The first number that this start gave out.
    first_number: u64,
    now: Now,
    out: Vec<Effect>,
}

impl Bridge {
    /// Takes in what happened, and answers what is to be done, in order.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.now = now;
        self.take(input);
        self.end_of_step()
    }

    /// When the next [`Input::Tick`] is due if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        let run = self.run.as_ref().and_then(|run| run.deadline(&self.rules));
        let link = self.link.deadline();
        let leaving = self.leaving.filter(|_| !self.exited);
        let leaving = leaving.map(|since| since.after(restart::LEAVE_WITHIN));
        [self.ledger.deadline(), self.draining, run, link, leaving].into_iter().flatten().min()
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Tick => {}
            Input::Updates(batch) => self.updates(batch),
            Input::Drained => self.draining = None,
            Input::Agent { run, event } if self.is_current(run) => self.agent(event),
            Input::StartFailed { run, why } if self.is_current(run) => self.start_failed(&why),
            Input::Exited { run, exit } if self.is_current(run) => self.agent_exited(exit),
            Input::Swept { run, survivors } if self.is_current(run) => self.swept(survivors),
            Input::Agent { .. }
            | Input::StartFailed { .. }
            | Input::Exited { .. }
            | Input::Swept { .. } => {}
            Input::Saved { generation } => self.saved(generation),
            Input::SaveFailed { generation, why } => self.save_failed(generation, why),
            Input::Sent(receipt) => self.receipt(receipt),
            Input::Press(press) => self.press(press),
            Input::Link(link) => self.link(link),
            Input::Me { username } => self.username = Some(username),
            Input::Access(access) => self.gate.change(access),
            Input::Send(order) => self.send_order(order),
            Input::Report { text } => self.report(&text),
            Input::Shutdown => self.shutdown(),
        }
    }

    /// What every step ends with: passed deadlines, the next job, the view, the disk, the lamps.
    fn end_of_step(&mut self) -> Vec<Effect> {
        self.watch();
        self.pump();
        if self.leaving.is_some() {
            self.ledger.hurry();
        }
        let save = self.ledger.due(self.now.mono, &self.memory);
        self.out.extend(save);
        for effect in self.ledger.release() {
            self.released(&effect);
            self.out.push(effect);
        }
        self.show_run();
        self.show_signs();
        self.leave_if_done();
        core::mem::take(&mut self.out)
    }

    /// Acts on deadlines that have passed.
    fn watch(&mut self) {
        let now = self.now.mono;
        if self.draining.is_some_and(|until| until <= now) {
            self.draining = None;
        }
        self.watch_link();
        self.watch_run();
    }

    fn saved(&mut self, generation: Gen) {
        self.fresh.retain(|fresh| fresh.generation > generation);
        if self.ledger.saved(generation) {
            self.log(log::Level::Info, "the disk takes writes again".into());
        }
    }

    fn save_failed(&mut self, generation: Gen, why: String) {
        self.log(log::Level::Error, format!("the state folder cannot be written: {why}"));
        let Some((free, unsent)) = self.ledger.failed(generation, why, self.now.mono) else {
            return;
        };
        self.out.extend(free);
        self.memory.posts.retain(|post| !unsent.contains(&post.id));
        self.take_back_unsaved_jobs();
    }

    /// A held effect is about to happen.
    fn released(&mut self, effect: &Effect) {
        if let (Effect::Start(start), Some(run)) = (effect, &mut self.run)
            && run.id == start.run
        {
            run.begin(self.now.mono);
            self.error_lamp = false;
        }
    }

    fn show_signs(&mut self) {
        let work = match &self.run {
            None => Work::Idle,
            Some(run) if run.is_stopping() => Work::Stopping,
            Some(run) if run.is_asking() => Work::Waiting,
            Some(_) => Work::Busy,
        };
        let trouble =
            self.ledger.trouble().is_some() || self.link.bad_token() || self.now.wall.is_none();
        let offline = self.link.offline(self.now.mono);
        let signs = Signs { work, error: self.error_lamp || trouble, offline };
        if self.signs != Some(signs) {
            self.signs = Some(signs);
            self.out.push(Effect::Signs(signs));
        }
    }

    /// A number nothing else has: jobs, runs, views, posts and bodies share one counter.
    fn number(&mut self) -> u64 {
        let number = self.memory.next_id;
        self.memory.next_id += 1;
        number
    }

    fn view_id(&mut self) -> ViewId {
        ViewId(self.number())
    }

    fn log(&mut self, level: log::Level, line: String) {
        self.out.push(Effect::Log(level, line));
    }
}
