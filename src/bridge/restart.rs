//! The first and the last seconds: what a restart makes of the memory, and leaving in order.

use super::access::Gate;
use super::effect::{Body, Effect, Part};
use super::ids::{BlobId, ChatId, JobId, UserId};
use super::ledger::Ledger;
use super::link::LinkState;
use super::memory::{Interrupted, Job, Memory, PostKind, Ring, Running};
use super::queue::{Rates, Recent};
use super::rules::Rules;
use super::stop::Why;
use super::time::Now;
use super::tokens::Tokens;
use super::words::Words;
use super::{Bridge, words};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

/// A waiting job starts when the backlog is read, or after this long without an answer.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// pigent is gone this long after SIGTERM, whatever is still unsent.
pub(super) const LEAVE_WITHIN: Duration = Duration::from_secs(4);
/// Interrupted prompts that keep their button.
const INTERRUPTED: usize = 20;

/// What the store found at start.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The memory, or an empty one.
    pub memory: Memory,
    /// The texts of all prompts it names.
    pub prompts: HashMap<BlobId, String>,
    /// Why the state folder cannot be used, if it cannot.
    pub disk: Option<String>,
    /// What the owner should hear of once.
    pub reports: Vec<String>,
}

impl Bridge {
    /// Takes up where the last pigent left off. Answers the first effects.
    #[must_use]
    pub fn restore(rules: Rules, restored: Restored, now: Now) -> (Bridge, Vec<Effect>) {
        let Restored { memory, prompts, disk, reports } = restored;
        let (mono, first_number) = (now.mono, memory.next_id);
        let mut bridge = Bridge {
            words: Words(rules.lang),
            gate: Gate::new(rules.access.clone()),
            tokens: Tokens::new(rules.seed),
            rules,
            memory,
            prompts: prompts.into_iter().map(|(id, text)| (id, Arc::from(text))).collect(),
            ledger: disk.map_or_else(Ledger::default, |why| Ledger::in_trouble(why, mono)),
            seen: Ring::default(),
            run: None,
            fresh: Vec::new(),
            rates: Rates::default(),
            recent: Recent::default(),
            queue_view: None,
            link: LinkState::new(mono),
            told_unreadable: None,
            username: None,
            draining: Some(mono.after(DRAIN_WITHIN)),
            error_lamp: false,
            signs: None,
            leaving: None,
            exited: false,
            born: mono,
            first_number,
            now,
            out: Vec::new(),
        };
        bridge.post_again();
        bridge.report_interrupted();
        for text in reports {
            bridge.report(&text);
        }
        let effects = bridge.end_of_step();
        (bridge, effects)
    }

    /// Posts that Telegram has not taken whole.
    fn post_again(&mut self) {
        let posts: Vec<Effect> =
            self.memory.posts.iter().map(|record| Effect::Post(self.as_post(record))).collect();
        self.out.extend(posts);
    }

    /// The run that the restart cut off: its job is reported unless it has its final post, and its
    /// view must not say "Working" for ever. A run that pigent itself ended on leaving comes here
    /// too: nobody knows whether its last frame got out in time.
    fn report_interrupted(&mut self) {
        let Some(running) = self.memory.running.take() else { return };
        self.ledger.urgent();
        if !running.answered {
            self.interrupted(&running);
        }
        let interrupted = self.memory.interrupted.iter().any(|gone| gone.job.id == running.job.id);
        self.error_lamp |= interrupted;
        let text = match interrupted {
            true => self.words.view_interrupted(),
            false => self.words.view_over(),
        };
        if running.view_message.is_some() {
            let (place, parts) = (running.job.place, vec![Part::Bold(text)]);
            self.show_last_at(running.view, place, running.view_message, parts);
        }
    }

    /// One post a job, with a button to run it again; the job itself is never run by itself.
    fn interrupted(&mut self, running: &Running) {
        let token = self.tokens.number();
        let job = running.job.clone();
        if self.memory.interrupted.len() >= INTERRUPTED
            && let Some(oldest) = self.memory.interrupted.pop_front()
        {
            self.prompts.remove(&oldest.job.prompt);
        }
        self.memory.interrupted.push_back(Interrupted { job: job.clone(), token });
        let prompt = self.prompts.get(&job.prompt).map(|text| words::one_line(text));
        let text = self.words.interrupted(&prompt.unwrap_or_default());
        self.post(job.place, Some(job.message), PostKind::Plain, &text, Some(job.id), None);
    }

    /// A "Run again" button. `None` if the token is not one of those.
    pub(super) fn run_again(
        &mut self,
        token: u64,
        user: UserId,
        chat: Option<ChatId>,
    ) -> Option<String> {
        let index = self.memory.interrupted.iter().position(|gone| gone.token == token)?;
        let gone = &self.memory.interrupted.get(index)?.job;
        if chat != Some(gone.place.chat) {
            return Some(self.words.expired());
        }
        if gone.user != user {
            return Some(self.words.not_your_button());
        }
        let full = self.memory.queue.len() >= self.rules.queue_max.max(1) || self.owes_too_much();
        if full || self.ledger.trouble().is_some() {
            return Some(self.words.not_now());
        }
        let gone = self.memory.interrupted.remove(index)?;
        let again = gone.job.clone();
        // The prompt gets a body of its own: the old one is dropped together with its record.
        let text = self.prompts.remove(&again.prompt).unwrap_or_else(|| Arc::from(""));
        let (id, prompt) = (JobId(self.number()), BlobId(self.number()));
        let body: Body = Arc::from(text.as_bytes());
        self.ledger.body(prompt, body);
        self.prompts.insert(prompt, text);
        let epoch = self.epoch(again.place);
        self.enqueue(Job { id, prompt, epoch, ..again }, Some(gone));
        Some(self.words.running_again())
    }

    /// SIGTERM: the ladder in a hurry; the run is marked interrupted and its post is queued, in
    /// one save.
    pub(super) fn shutdown(&mut self) {
        if self.leaving.is_some() {
            return;
        }
        self.leaving = Some(self.now.mono);
        self.log(log::Level::Info, "leaving".into());
        let stop = self.run.as_ref().and_then(|run| run.stop.as_ref()).map(|stop| stop.why);
        self.stop_run(Why::Leaving);
        if let Some(why @ (Why::User | Why::Button)) = stop {
            // A stop that a user asked for stays one.
            let started = self.run.as_ref().and_then(|run| run.started);
            let elapsed = started.map(|started| self.now.mono.since(started));
            let text = self.words.stopped(elapsed, why == Why::Button);
            self.final_post(PostKind::Plain, &text);
        } else if self.run.as_ref().is_some_and(|run| run.empty_result) {
            let text = self.words.empty_answer();
            self.final_post(PostKind::Plain, &text);
        } else if let Some(running) =
            self.memory.running.clone().filter(|running| !running.answered)
        {
            self.interrupted(&running);
        }
        if let Some(running) = &mut self.memory.running {
            running.answered = true;
        }
        self.ledger.urgent();
    }

    /// Leaves when nothing is left to do, or when the time is up.
    pub(super) fn leave_if_done(&mut self) {
        let Some(since) = self.leaving else { return };
        let done = self.run.is_none() && self.ledger.settled() && self.memory.posts.is_empty();
        let late = self.now.mono >= since.after(LEAVE_WITHIN);
        if (done || late) && !self.exited {
            self.exited = true;
            self.out.push(Effect::Exit);
        }
    }
}
