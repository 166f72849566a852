//! Running the agent: argv, stdin protocol, process tree, signals.
//!
//! The agent is any program that speaks Claude Code's stream-json. This room carries out what the
//! bridge wants ([`Engine::start`] … [`Engine::sweep`], none of which ever waits) and reports what
//! happened ([`Engine::next`]). It knows no chat, no queue and no deadline of a job; the stop
//! ladder's steps and their order are the bridge's.
//!
//! | module | it knows |
//! |---|---|
//! | [`settings`] | how the agent is to be run |
//! | [`command`], [`program`] | its arguments and environment; where it is |
//! | [`arm32`] | systems that have no Claude Code |
//! | [`cgroup`] | the folder of a service for each run: what is in there is the run |
//! | `spawn` | how a process begins: the only `unsafe` of this crate |
//! | [`run`] | one process from spawn to exit, its three pipes (`stdin`, `tail`) |
//! | [`protocol`], [`control`] | lines for stdin; requests of the agent |
//! | [`transcript`] | bytes of stdout in, facts out |
//! | [`proc`], [`tree`], [`sweep`] | what is running, what of it belongs to a run, ending it |
//! | [`leftovers`], `orphans` | what a killed daemon or a finished run left |
//!
//! # Where it must run
//! All of it on the main thread, inside a tokio runtime with I/O and time: the agent gets SIGTERM
//! when the thread ends that started it. [`init`] comes first.

pub mod arm32;
pub mod cgroup;
pub mod command;
pub mod control;
#[cfg(test)]
mod fake;
pub mod leftovers;
mod orphans;
pub mod proc;
pub mod program;
pub mod protocol;
pub mod run;
pub mod settings;
mod shown;
mod spawn;
mod stdin;
pub mod sweep;
mod tail;
pub mod transcript;
pub mod tree;

use crate::bridge::Input;
use crate::bridge::agent::Verdict;
use crate::bridge::effect::{Reach, Signal, Start};
use crate::bridge::ids::RunId;
use core::time::Duration;
use orphans::Orphans;
use proc::{Proc, World};
use run::{Run, RunEvent};
use std::collections::VecDeque;
use sweep::{Sweep, Swept};
use tokio::time::{Instant, sleep_until};
use tree::Prey;

pub use leftovers::end_leftovers;
pub use settings::Settings;
pub use tree::adopt_orphans as init;

/// Runs the agent, one process at a time.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    /// Until its exit is reported.
    run: Option<Run>,
    /// The newest run: it can be swept after its exit, too.
    newest: Option<(RunId, Prey)>,
    sweep: Option<(RunId, Sweep)>,
    orphans: Orphans,
    /// What happened and was not asked for yet: at most what one read of 16 KiB held.
    news: VecDeque<Input>,
}

/// What woke [`Engine::next`].
enum Woken {
    Run(RunId, RunEvent),
    Sweep,
    Orphans,
}

impl Engine {
    /// Nothing runs yet. Inside the runtime.
    #[must_use]
    pub fn new(settings: Settings) -> Engine {
        let orphans = Orphans::listen();
        let news = VecDeque::new();
        Engine { settings, run: None, newest: None, sweep: None, orphans, news }
    }

    /// Starts a run. A failure is reported as [`Input::StartFailed`].
    ///
    /// A run that has not ended by now would not die (its sweep said so): it is forgotten, and
    /// its exit will not be reported.
    pub fn start(&mut self, start: &Start) {
        if let Some(stuck) = self.run.take() {
            log::warn!("run {} has not ended, and is no longer waited for", stuck.id());
        }
        match Run::start(&self.settings, start) {
            Ok(run) => {
                self.newest = Some((run.id(), run.prey().clone()));
                self.run = Some(run);
            }
            Err(why) => {
                self.tidy();
                self.news.push_back(Input::StartFailed { run: start.run, why });
            }
        }
    }

    /// Answers a permission request or a question.
    pub fn answer(&mut self, run: RunId, request: &str, verdict: &Verdict) {
        if let Some(run) = self.the(run) {
            run.answer(request, verdict);
        }
    }

    /// Asks the agent over stdin to stop its turn.
    pub fn interrupt(&mut self, run: RunId) {
        if let Some(run) = self.the(run) {
            run.interrupt();
        }
    }

    /// Closes the agent's stdin, after what still waits to be written.
    pub fn close_input(&mut self, run: RunId) {
        if let Some(run) = self.the(run) {
            run.close_input();
        }
    }

    /// Sends a signal.
    pub fn signal(&mut self, run: RunId, signal: Signal, reach: Reach) {
        if let Some(run) = self.the(run) {
            run.signal(signal, reach);
        }
    }

    /// Kills everything of a run; [`Input::Swept`] follows within 5 s, before or after
    /// [`Input::Exited`]. At once for a run that is not known.
    pub fn sweep(&mut self, run: RunId) {
        if let Some(run) = self.the(run) {
            run.kill();
        }
        let prey = self.newest.as_ref().filter(|(known, _)| *known == run);
        let Some((_, prey)) = prey else {
            return self.news.push_back(Input::Swept { run, survivors: Vec::new() });
        };
        self.sweep = Some((run, Sweep::new(prey.clone(), Duration::ZERO, Instant::now())));
    }

    /// The next thing that happened; pending for ever while nothing does. Cancel-safe.
    pub async fn next(&mut self) -> Input {
        loop {
            if let Some(input) = self.news.pop_front() {
                return input;
            }
            let woken = tokio::select! {
                (run, event) = next_event(&mut self.run) => Woken::Run(run, event),
                () = next_round(&self.sweep) => Woken::Sweep,
                () = self.orphans.ended() => Woken::Orphans,
            };
            match woken {
                Woken::Run(run, RunEvent::Heard(events)) => {
                    let input = |event| Input::Agent { run, event };
                    self.news.extend(events.into_iter().map(input));
                }
                Woken::Run(run, RunEvent::Exited(exit)) => {
                    // Its buffers are of no use any more, nor is the room its news took.
                    self.run = None;
                    self.news = VecDeque::new();
                    self.tidy();
                    return Input::Exited { run, exit };
                }
                Woken::Sweep => self.round(),
                Woken::Orphans => self.reap(),
            }
        }
    }

    /// The run that goes on, if it is this one.
    fn the(&mut self, run: RunId) -> Option<&mut Run> {
        self.run.as_mut().filter(|known| known.id() == run)
    }

    fn unreaped(&self) -> Option<i32> {
        self.run.as_ref().and_then(Run::unreaped)
    }

    fn round(&mut self) {
        let unreaped = self.unreaped();
        let Some((run, sweep)) = &mut self.sweep else { return };
        if let Some(swept) = sweep.round(Instant::now(), &Proc::default(), unreaped) {
            let Swept { survivors, .. } = swept;
            self.news.push_back(Input::Swept { run: *run, survivors });
            self.sweep = None;
            self.tidy();
        }
    }

    /// Removes cgroups of which nothing runs any more.
    fn tidy(&self) {
        if let Some(unit) = &self.settings.cgroup {
            unit.tidy();
        }
    }

    fn reap(&self) {
        let world = Proc::default();
        sweep::reap(&world, &world.processes(), self.unreaped());
    }
}

async fn next_event(run: &mut Option<Run>) -> (RunId, RunEvent) {
    match run {
        Some(run) => (run.id(), run.next().await),
        None => core::future::pending().await,
    }
}

async fn next_round(sweep: &Option<(RunId, Sweep)>) {
    match sweep {
        Some((_, sweep)) => sleep_until(sweep.due()).await,
        None => core::future::pending().await,
    }
}
