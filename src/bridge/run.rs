//! The life of a job, from "is being saved" to its process's exit.
//!
//! What a job leaves behind (answer, error, "Stopped") is in `finish.rs`, how it is stopped in
//! `stop.rs`, what it asks in `ask.rs`, what its view shows in `progress.rs`.

use super::Bridge;
use super::agent::{AgentEvent, Exit, StartError};
use super::ask::OpenAsk;
use super::effect::{Effect, Part, Start};
use super::ids::{RunId, ViewId};
use super::memory::{Job, Running};
use super::progress::Progress;
use super::rules::Rules;
use super::stop::{Stopping, Why};
use super::time::Mono;
use core::time::Duration;
use std::collections::VecDeque;

/// How long Claude's own process may take to exit after its result.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// What is known of the run of `memory.running`; gone with a restart.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) view: ViewId,
    /// There is a view to be ended.
    pub(super) shown: bool,
    /// When the process was started; `None` while the start waits for the disk.
    pub(super) started: Option<Mono>,
    /// When the stale clock was last reset.
    last_line: Mono,
    /// The session this run was to resume.
    pub(super) resumed: Option<String>,
    /// The newest session it reported.
    pub(super) session: Option<String>,
    pub(super) init_seen: bool,
    /// Lines seen, whatever they said.
    pub(super) heard_anything: bool,
    /// A result without a text came; it needs a short post if nothing better follows.
    pub(super) empty_result: bool,
    /// Posts made after the answer.
    pub(super) further_posts: u32,
    /// Since when the process could exit: after a result, with nothing in the background.
    pub(super) done_since: Option<Mono>,
    /// A result was seen, and no turn has begun after it.
    pub(super) turn_over: bool,
    /// Tasks alive in the background.
    pub(super) background: u32,
    /// Claude did not know the session: start once more, without it.
    pub(super) start_afresh: bool,
    pub(super) asks: VecDeque<OpenAsk>,
    pub(super) stop: Option<Stopping>,
    pub(super) exit: Option<Exit>,
    pub(super) survivors: Vec<String>,
    /// The run ended in an error, for the view's last frame.
    pub(super) failed: bool,
    pub(super) progress: Progress,
}

impl Run {
    fn new(id: RunId, view: ViewId, resumed: Option<String>, now: Mono) -> Run {
        Run {
            id,
            view,
            shown: false,
            started: None,
            last_line: now,
            resumed,
            session: None,
            init_seen: false,
            heard_anything: false,
            empty_result: false,
            further_posts: 0,
            done_since: None,
            turn_over: false,
            background: 0,
            start_afresh: false,
            asks: VecDeque::new(),
            stop: None,
            exit: None,
            survivors: Vec::new(),
            failed: false,
            progress: Progress::new(now),
        }
    }

    /// The process is started now.
    pub(super) fn begin(&mut self, now: Mono) {
        self.started = Some(now);
        self.last_line = now;
        self.progress.changed();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.why != Why::Lingers)
    }

    pub(super) fn is_asking(&self) -> bool {
        !self.asks.is_empty()
    }

    /// A question was settled: the silence while it was open does not count.
    pub(super) fn answered_ask(&mut self, now: Mono) {
        self.last_line = now;
        self.progress.changed();
    }

    /// When the stale clock runs out; it stands still while a question is open, while background
    /// tasks are alive and once the turn is over (then the 10 s count).
    fn stale_at(&self, rules: &Rules) -> Option<Mono> {
        let still = self.is_asking() || self.background > 0 || self.turn_over;
        let limit = rules.stale_timeout.filter(|_| !still && self.started.is_some())?;
        Some(self.last_line.after(limit))
    }

    fn job_timeout_at(&self, rules: &Rules) -> Option<Mono> {
        Some(self.started?.after(rules.job_timeout?))
    }

    fn grace_over_at(&self) -> Option<Mono> {
        self.done_since.map(|since| since.after(GRACE))
    }

    pub(super) fn deadline(&self, rules: &Rules) -> Option<Mono> {
        // Before the start there is no view, and a slow disk must not keep the loop awake.
        let view = self.started.and_then(|_| self.progress.deadline());
        let asks = self.asks.iter().filter_map(|ask| ask.expires).min();
        if let Some(stop) = &self.stop {
            return [stop.next_step(), view].into_iter().flatten().min();
        }
        let limits = [self.stale_at(rules), self.job_timeout_at(rules), self.grace_over_at()];
        limits.into_iter().chain([asks, view]).flatten().min()
    }
}

impl Bridge {
    pub(super) fn is_current(&self, run: RunId) -> bool {
        self.run.as_ref().is_some_and(|current| current.id == run)
    }

    /// Makes a job the running one. It starts when the disk knows that.
    pub(super) fn start_job(&mut self, job: Job) {
        let run = RunId(self.number());
        let view = self.view_id();
        let resume = job.resume.clone().or_else(|| self.session_for(job.place, job.epoch));
        let running = Running { job, run, view, view_message: None, answered: false };
        self.start_run(running, resume);
    }

    /// The same job and view again, as a new run without a session.
    pub(super) fn start_again_afresh(&mut self, running: Running, shown: bool) {
        let run = RunId(self.number());
        self.start_run(Running { run, ..running }, None);
        if let Some(run) = &mut self.run {
            run.shown = shown;
        }
    }

    fn start_run(&mut self, running: Running, resume: Option<String>) {
        let Some(prompt) = self.prompts.get(&running.job.prompt).cloned() else {
            // Cannot happen: the store repairs such a memory. The user is told all the same.
            let text = self.words.prompt_lost();
            self.final_plain(&running.job, &text);
            return;
        };
        let start = Start {
            run: running.run,
            prompt,
            slash_command: running.job.slash_command,
            resume: resume.clone(),
        };
        self.run = Some(Run::new(running.run, running.view, resume, self.now.mono));
        self.memory.running = Some(running);
        self.ledger.hold(Effect::Start(start));
    }

    /// Takes the start back if it still waits for the disk; the job, if it did. A view of an
    /// earlier start of this job ends with `last`.
    pub(super) fn take_back_start(&mut self, last: String) -> Option<Job> {
        if self.run.as_ref()?.started.is_some() || !self.ledger.take_back_start() {
            return None;
        }
        let (run, running) = self.run.take().zip(self.memory.running.take())?;
        if run.shown {
            let (place, parts) = (running.job.place, vec![Part::Bold(last)]);
            self.show_last_at(run.view, place, running.view_message, parts);
        }
        Some(running.job)
    }

    /// The agent said something; every line resets the stale clock.
    pub(super) fn agent(&mut self, event: AgentEvent) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        run.last_line = now;
        run.heard_anything = true;
        run.progress.hear(&event);
        match event {
            AgentEvent::Session(session) => self.session_seen(session),
            AgentEvent::Init { .. } => {
                run.init_seen = true;
                run.turn_over = false;
                run.done_since = None;
            }
            AgentEvent::Background { alive } => {
                run.background = alive;
                run.done_since = (run.turn_over && alive == 0).then_some(now);
            }
            AgentEvent::Ask { .. } | AgentEvent::Question { .. } => self.asked(event),
            AgentEvent::AskWithdrawn { request } => self.ask_withdrawn(&request),
            AgentEvent::Result(result) => self.result(result),
            _ => {}
        }
    }

    pub(super) fn agent_exited(&mut self, exit: Exit) {
        let Some(run) = &mut self.run else { return };
        run.exit = Some(exit);
        let sweep = run.stop.as_ref().is_some_and(|stop| stop.why != Why::Lingers);
        let id = run.id;
        if sweep {
            self.sweep_once(id);
        } else {
            self.finish_run();
        }
    }

    pub(super) fn start_failed(&mut self, why: &StartError) {
        let text = self.words.start_failed(why);
        self.fail_run(&text);
        self.finish_run();
    }

    /// The newest session is kept from the first line that has it.
    fn session_seen(&mut self, session: String) {
        let Some(running) = &self.memory.running else { return };
        let (place, epoch) = (running.job.place, running.job.epoch);
        if let Some(run) = &mut self.run {
            run.session = Some(session.clone());
        }
        self.remember_session(place, epoch, session);
    }

    /// Acts on the run's deadlines.
    pub(super) fn watch_run(&mut self) {
        self.expire_asks();
        let now = self.now.mono;
        let Some(run) = &self.run else { return };
        if run.stop.is_some() {
            return self.stop_further();
        }
        let past = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if past(run.grace_over_at()) {
            self.stop_run(Why::Lingers);
        } else if past(run.job_timeout_at(&self.rules)) {
            self.stop_run(Why::JobTimeout);
        } else if past(run.stale_at(&self.rules)) {
            self.stop_run(Why::Stale);
        }
    }
}
