//! Keeping the books: what a start, a post, a restart and a confirmation mean for the prompts
//! they are about, and which promise would be broken by them.

use super::agent::Process;
use super::events::Condition;
use super::promises::Promise;
use super::record::{self, Fate, PostKind, Run, broken, number_in, one_chat};
use super::telegram::{Means, Sent};
use super::world::{Step, World};
use core::time::Duration;
use pigent::bridge::Memory;
use pigent::bridge::agent::AgentEvent;
use pigent::bridge::effect::{Post, Source, Start};
use pigent::bridge::ids::{Gen, RunId, UpdateId};
use pigent::bridge::input::Input;
use pigent::bridge::memory::{Job, Running};

fn run_of(prompt: u64, started: Duration) -> Run {
    Run {
        prompt,
        started,
        unknown_session: false,
        retried: false,
        is_retry: false,
        troubled: false,
        spoke: false,
        stopping: false,
        stop_asked: false,
        posts: Vec::new(),
        arrived: false,
    }
}

impl World {
    pub fn run_begins(&mut self, start: &Start) -> Step {
        let Some(prompt) = number_in(&start.prompt) else {
            let how = format!("nobody wrote {:?}", start.prompt);
            return broken(Promise::NothingFromStrangers, how);
        };
        let mut run = run_of(prompt, self.now);
        let fate = self.record.fates.entry(prompt).or_default();
        if !fate.admitted {
            return broken(Promise::NothingFromStrangers, format!("prompt {prompt} is started"));
        }
        let known = fate.texts.iter().any(|text| **text == *start.prompt);
        if !known && self.mutation.is_none() {
            let how = format!("prompt {prompt} was never {:?}", start.prompt);
            return broken(Promise::NoPromptLost, how);
        }
        if fate.is_answer {
            let how = format!("the answer {prompt} is started as a prompt");
            return broken(Promise::AnswersCountOnce, how);
        }
        let newest = fate.runs.last().copied();
        let repeats = newest.is_some_and(|id| self.repeats(id));
        let fresh = start.resume.is_none() || self.record.disk_failed;
        if let Some(old) = newest.filter(|_| repeats && fresh) {
            run.is_retry = true;
            self.record.runs.entry(old).and_modify(|old| old.retried = true);
        }
        let newest = self.record.newest_first_start;
        let fate = self.record.fates.entry(prompt).or_default();
        let first = fate.runs.is_empty() && !fate.refused && fate.again.is_empty() && !fate.barred;
        if first && prompt < newest {
            return broken(Promise::FirstInFirstOut, format!("prompt {prompt} after {newest}"));
        }
        if first {
            self.record.newest_first_start = prompt;
        }
        self.book_run(start.run, run)
    }

    /// Whether that run said that it does not know the session, and nothing else came of it.
    fn repeats(&self, run: RunId) -> bool {
        let run = self.record.runs.get(&run);
        run.is_some_and(|run| run.unknown_session && run.posts.is_empty() && !run.is_retry)
    }

    fn book_run(&mut self, id: RunId, run: Run) -> Step {
        let prompt = run.prompt;
        self.record.runs.insert(id, run);
        let fate = self.record.fates.entry(prompt).or_default();
        fate.runs.push(id);
        let retried = |id: &&RunId| self.record.runs.get(id).is_some_and(|run| run.retried);
        let starts = fate.runs.len() - fate.runs.iter().filter(retried).count();
        if starts > 1 + fate.again.len() {
            let how = format!("prompt {prompt} is started as {:?}", fate.runs);
            return broken(Promise::NoneStartedTwice, how);
        }
        Ok(())
    }

    /// A post goes to the outbox: for the first time, or again after a restart.
    pub fn post_given(&mut self, post: &Post, kind: PostKind, pieces: u32) -> Step {
        if let Some(known) = self.record.posts.get_mut(&post.id) {
            if post.pieces_taken > known.arrived {
                let how = format!("piece {} of post {} is left out", known.arrived, post.id);
                return broken(Promise::FinalPostArrives, how);
            }
            if known.kind != kind {
                let how = format!("post {} was {:?} and is {kind:?}", post.id, known.kind);
                return broken(Promise::FinalPostArrives, how);
            }
            return Ok(());
        }
        let mut made = record::Post {
            kind,
            run: None,
            prompt: self.record.prompt_in(post.place.chat, post.reply_to),
            durable: matches!(post.body, Source::Blob(_)),
            pieces,
            arrived: 0,
            refused: false,
        };
        self.record.post_made(&mut made)?;
        if let Some((button, prompt)) = post.buttons.iter().flatten().next().zip(made.prompt) {
            self.record.again_buttons.insert(button.data.clone(), prompt);
        }
        self.record.posts.insert(post.id, made);
        Ok(())
    }

    /// What the snapshot says that the next start will find.
    pub fn books_after_restart(&mut self, memory: &Memory) -> Step {
        self.record.last_post.clear();
        self.record.unsaved_answers.clear();
        (self.record.asked, self.record.saved) = (Gen(0), Gen(0));
        self.record.fates.values_mut().for_each(|fate| fate.handed = None);
        self.forget_unsaved_taps(memory);
        let kept = |id| memory.posts.iter().any(|post| post.id == id);
        for (id, post) in core::mem::take(&mut self.record.posts) {
            if kept(id) {
                self.record.posts.insert(id, post);
                continue;
            }
            if post.durable && post.arrived < post.pieces && !post.refused {
                let how = format!("post {id} ({:?}) is forgotten", post.kind);
                return broken(Promise::FinalPostArrives, how);
            }
            self.record.gone.push(post);
        }
        match &memory.running {
            Some(running) if !self.record.runs.contains_key(&running.run) => self.ghost(running),
            _ => Ok(()),
        }
    }

    /// A Run again that was accepted and not saved did not happen; its button works once more.
    fn forget_unsaved_taps(&mut self, memory: &Memory) {
        let runs = &self.record.runs;
        for fate in self.record.fates.values_mut().filter(|fate| !fate.again.is_empty()) {
            let real = |id: &&RunId| runs.get(id).is_none_or(|run| !run.retried);
            let is_it =
                |job: &&Job| (one_chat(job.place.chat), job.message) == (fate.chat, fate.message);
            let running = memory.running.iter().map(|running| &running.job);
            let waits = running.chain(&memory.queue).any(|job| is_it(&job));
            if fate.again.len() >= fate.runs.iter().filter(real).count() && !waits {
                fate.again.pop_last();
            }
        }
    }

    /// The disk knew of a start that never came.
    fn ghost(&mut self, running: &Running) -> Step {
        let (chat, message) = (running.job.place.chat, running.job.message);
        let Some(prompt) = self.record.prompt_in(chat, Some(message)) else { return Ok(()) };
        let mut run = run_of(prompt, self.now);
        let newest = self.record.fates.get(&prompt).and_then(|fate| fate.runs.last().copied());
        if let Some(old) = newest.and_then(|id| self.record.runs.get_mut(&id))
            && old.unknown_session
            && old.posts.is_empty()
        {
            (old.retried, run.is_retry) = (true, true);
        }
        run.troubled = self.record.disk_failed;
        self.book_run(running.run, run)
    }

    /// Telegram forgets these: whatever was a prompt has to be safe.
    pub fn forgotten(&mut self, gone: Vec<Sent>) -> Step {
        for sent in gone {
            let Means::Prompt(prompt) = sent.means else { continue };
            let Some(fate) = self.record.fates.get(&prompt) else { continue };
            if fate.barred {
                continue;
            }
            if !fate.admitted {
                let how = format!("prompt {prompt} was never handed over");
                return broken(Promise::WrittenBeforeConfirmed, how);
            }
            if !fate.is_settled() && !holds(self.disk.durable(), fate) {
                let how = format!("prompt {prompt} is nowhere: {fate:?}");
                return broken(Promise::WrittenBeforeConfirmed, how);
            }
        }
        Ok(())
    }

    /// Telegram may forget everything below `next`: answers that the agent was given are safe.
    pub fn answers_are_written(&self, next: UpdateId) -> Step {
        let told = self.telegram.pending.iter().take_while(|sent| sent.update.id < next);
        for sent in told.filter(|_| !self.record.disk_failed) {
            let Means::Prompt(prompt) = sent.means else { continue };
            let given = self.record.unsaved_answers.iter().any(|(_, answer)| *answer == prompt);
            if given && !self.record.fates.get(&prompt).is_some_and(|fate| fate.is_answer) {
                let how = format!("the answer {prompt} is confirmed, and the disk has it not");
                return broken(Promise::AnswersCountOnce, how);
            }
        }
        Ok(())
    }

    /// The agent is about to be heard.
    pub fn books_on_agent(&mut self, news: &Input) {
        let Input::Agent { run, event: AgentEvent::Result(result) } = news else { return };
        let Some(run) = self.record.runs.get_mut(run) else { return };
        if result.text.contains("No conversation") {
            run.unknown_session = true;
        } else {
            let noise = run.stopping && result.is_error;
            run.spoke |= !noise && !result.text.is_empty();
        }
    }

    /// Somebody asked for everything that waits to be dropped.
    pub fn drops_all(&mut self) {
        let runs = &self.record.runs;
        for fate in self.record.fates.values_mut().filter(|fate| fate.admitted) {
            let newest = fate.runs.last().and_then(|id| runs.get(id));
            let waits = |run: &Run| !run.posts.is_empty() || run.unknown_session;
            fate.dropped |= newest.is_none_or(waits);
        }
    }

    pub fn agent_says(&mut self, says: super::events::Says) -> Step {
        self.deliver_news()?;
        let news = self.agent.as_mut().map(|agent: &mut Process| agent.says(says));
        self.news.extend(news.unwrap_or_default());
        self.deliver_news()
    }

    /// A tap was answered: what was its button?
    pub fn tap_answered(&mut self, tap: &str, text: &str) -> Step {
        let Some((number, data, who)) = self.record.taps.get(tap).cloned() else { return Ok(()) };
        if text == "Noted." && !self.record.noted.insert(number) {
            return broken(Promise::AnswersCountOnce, format!("tap {number} answers again"));
        }
        if text == "Dropped." {
            self.drops_all();
        }
        if text == "Queued again."
            && let Some(prompt) = self.record.again_buttons.get(&data)
            && let Some(fate) = self.record.fates.get_mut(prompt)
        {
            fate.again.insert(number);
            let writer = fate.who;
            let runs = fate.runs.len();
            if fate.again.len() > runs && !self.record.disk_failed {
                let how = format!("Run again of prompt {prompt} works more than once");
                return broken(Promise::NoneStartedTwice, how);
            }
            if !self.is_same(who, writer) {
                let how = format!("{who:?} runs prompt {prompt} of {writer:?} again");
                return broken(Promise::NothingFromStrangers, how);
            }
        }
        Ok(())
    }

    /// Nothing is left to do on the disk.
    pub fn disk_is_idle(&self) -> bool {
        self.disk.is_idle() && self.disk.condition == Condition::Good && !self.trouble
    }

    pub fn disk_works(&mut self) -> Step {
        self.disk.condition = Condition::Good;
        while !self.disk.is_idle() {
            self.disk_begins()?;
            self.disk_ends()?;
        }
        Ok(())
    }
}

impl Fate {
    /// Nothing more can be owed for it.
    pub fn is_settled(&self) -> bool {
        let refused = self.refused && self.told;
        !self.runs.is_empty() || refused || self.dropped || self.unbegun || self.was_answer
    }
}

fn holds(memory: &Memory, fate: &Fate) -> bool {
    let running = memory.running.iter().map(|running| &running.job);
    let interrupted = memory.interrupted.iter().map(|gone| &gone.job);
    let mut jobs = running.chain(&memory.queue).chain(interrupted);
    jobs.any(|job| (one_chat(job.place.chat), job.message) == (fate.chat, fate.message))
        || memory.posts.iter().any(|post| Some(post.id) == fate.crowd)
}
