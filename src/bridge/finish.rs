//! How a job ends: its answer, its error, "Stopped". Exactly one final post a started job.

use super::Bridge;
use super::agent::{Exit, RunResult};
use super::effect::{Effect, Part};
use super::memory::{Job, PostKind};
use super::run::Run;
use super::stop::Why;
use super::words;

/// Longest further result (background work that reported back), bytes.
const FURTHER: usize = 64 * 1024;
/// Further results posted for one run.
const MOST_FURTHER: u32 = 5;

impl Bridge {
    /// A `result` line: the end of a turn. The answer is posted here, not at exit.
    pub(super) fn result(&mut self, result: RunResult) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        self.out.push(Effect::CloseInput { run: run.id });
        run.turn_over = true;
        if run.background == 0 {
            run.done_since = Some(now);
        }
        let answered = self.memory.running.as_ref().is_some_and(|running| running.answered);
        let unknown = run.resumed.is_some() && !run.init_seen && !answered;
        if unknown && words::is_unknown_session(&result.text) {
            run.start_afresh = true;
            return;
        }
        let blank = result.text.trim().is_empty();
        let stopped = run.stop.as_ref().is_some_and(|stop| stop.why != Why::Lingers);
        match (answered, result.is_error) {
            // What an interrupted turn says is noise (`[ede_diagnostic] …`).
            (_, true) | (false, false) if stopped && (result.is_error || blank) => {}
            (false, true) => {
                let text = self.words.agent_error(&result);
                self.fail_run(&text);
            }
            (false, false) if blank => run.empty_result = true,
            (false, false) => self.answer(&result),
            (true, _) if !blank => self.further_result(&result),
            (true, _) => {}
        }
    }

    fn answer(&mut self, result: &RunResult) {
        let mut text = result.text.clone();
        if result.cut {
            text.push_str(&self.words.answer_cut());
        }
        self.final_post(PostKind::Markdown, &text);
    }

    fn further_result(&mut self, result: &RunResult) {
        let many = self.posts_are_many();
        let Some((run, running)) = self.run.as_mut().zip(self.memory.running.as_ref()) else {
            return;
        };
        if run.further_posts >= MOST_FURTHER || many {
            return;
        }
        run.further_posts += 1;
        let (session, job) = (run.session.clone(), running.job.clone());
        let mut text = words::head(&result.text, FURTHER).to_owned();
        if text.len() < result.text.len() || result.cut {
            text.push_str(&self.words.answer_cut());
        }
        self.post(job.place, Some(job.message), PostKind::Markdown, &text, None, session);
    }

    /// Posts an error as the job's final word.
    pub(super) fn fail_run(&mut self, text: &str) {
        self.error_lamp = true;
        if let Some(run) = &mut self.run {
            run.failed = true;
        }
        self.final_post(PostKind::Plain, text);
    }

    /// The job's final post.
    pub(super) fn final_post(&mut self, kind: PostKind, text: &str) {
        let session = self.run.as_ref().and_then(|run| run.session.clone());
        let Some(running) = &mut self.memory.running else { return };
        if core::mem::replace(&mut running.answered, true) {
            return;
        }
        let job = running.job.clone();
        self.post(job.place, Some(job.message), kind, text, None, session);
    }

    /// A final word in pigent's own voice for a job that is not the running one.
    pub(super) fn final_plain(&mut self, job: &Job, text: &str) {
        self.prompts.remove(&job.prompt);
        self.post_plain(job.place, Some(job.message), text);
    }

    /// The run is over: nothing of it that should be gone is left.
    pub(super) fn finish_run(&mut self) {
        self.withdraw_asks();
        let Some(run) = self.run.take() else { return };
        let id = run.id;
        self.tokens.forget(|grant| grant.action == super::tokens::Action::Stop(id));
        let fresh = run.start_afresh || self.is_unknown_session_exit(&run);
        let Some(running) = self.memory.running.clone() else { return };
        if fresh && !run.is_stopping() && self.leaving.is_none() {
            let text = self.words.session_unknown();
            self.note(super::talk::Asker::of(&running.job), vec![Part::Plain(text)]);
            self.forget_session(running.job.place, running.job.epoch);
            return self.start_again_afresh(running, run.shown);
        }
        self.run = Some(run);
        self.last_word();
        let Some(run) = self.run.take() else { return };
        self.end_view(&run);
        self.log(log::Level::Info, format!("run {} of job {} is over", run.id, running.job.id));
        // The next start makes sure of the view's last frame if pigent is gone before it is sent.
        if self.leaving.is_none() {
            self.memory.running = None;
            self.prompts.remove(&running.job.prompt);
        }
        self.prune_sessions();
        self.ledger.news(self.now.mono);
    }

    /// The final post of a run that has given no answer.
    fn last_word(&mut self) {
        let Some((run, running)) = self.run.as_ref().zip(self.memory.running.as_ref()) else {
            return;
        };
        let mut survivors = String::new();
        if !run.survivors.is_empty() {
            survivors = self.words.survivors(&run.survivors);
        }
        if running.answered {
            if !survivors.is_empty() {
                let job = running.job.clone();
                self.post_plain(job.place, Some(job.message), survivors.trim_start());
            }
            return;
        }
        let elapsed = run.started.map(|started| self.now.mono.since(started));
        let exit = run.exit.clone().unwrap_or_default();
        let (text, is_error) = match run.stop.as_ref().map(|stop| stop.why) {
            Some(why @ (Why::User | Why::Button)) => {
                (self.words.stopped(elapsed, why == Why::Button), false)
            }
            Some(Why::JobTimeout) => (self.words.job_timed_out(self.rules.job_timeout), true),
            Some(Why::Stale) => (self.words.went_stale(self.rules.stale_timeout), true),
            Some(Why::Leaving) => return,
            Some(Why::Lingers) | None if run.empty_result => (self.words.empty_answer(), false),
            Some(Why::Lingers) | None => (self.words.no_result(&exit, run.heard_anything), true),
        };
        let text = text + &survivors;
        if is_error {
            self.fail_run(&text);
        } else {
            self.final_post(PostKind::Plain, &text);
        }
    }

    fn end_view(&mut self, run: &Run) {
        let Some(running) = &self.memory.running else { return };
        let (place, started) = (running.job.place, run.started.is_some());
        let elapsed = run.started.map(|started| self.now.mono.since(started)).unwrap_or_default();
        let ending = match run.stop.as_ref().map(|stop| stop.why) {
            Some(Why::User | Why::Button) => words::Ending::Stopped,
            Some(Why::Leaving) => words::Ending::Interrupted,
            Some(Why::JobTimeout | Why::Stale) => words::Ending::Failed,
            _ if run.failed => words::Ending::Failed,
            _ => words::Ending::Done,
        };
        if started {
            let parts = self.words.view_ended(
                ending,
                elapsed,
                run.progress.tool_count,
                run.progress.cost_usd,
            );
            self.show_last(run.view, place, parts);
        }
    }

    /// Older programs say it on stderr only, without a result.
    fn is_unknown_session_exit(&self, run: &Run) -> bool {
        let answered = self.memory.running.as_ref().is_some_and(|running| running.answered);
        let failed = |exit: &Exit| exit.code != Some(0) && words::is_unknown_session(&exit.stderr);
        run.resumed.is_some()
            && !run.init_seen
            && !answered
            && run.exit.as_ref().is_some_and(failed)
    }
}
