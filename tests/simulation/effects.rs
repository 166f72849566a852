//! What the bridge wants done is done here, and checked while it is done.

use super::agent::Process;
use super::events::{Child, Nature, Torn};
use super::lamps::ErrorLamp;
use super::mutations::Mutation;
use super::outbox::Waiting;
use super::promises::Promise;
use super::record::{PostKind, broken, number_in, one_chat};
use super::world::{Step, World};
use pigent::bridge::agent::Verdict;
use pigent::bridge::effect::{Class, Effect, Part, Post, Reach, Save, Source, Start, View};
use pigent::bridge::ids::RunId;
use pigent::bridge::memory::Ring;

/// Bytes of a snapshot: with every bound full, and with nothing waiting.
const FULL: usize = 64 * 1024;
const RESTED: usize = 8 * 1024;
/// A run's view, eight open requests with a successor each, and the newest `/queue`.
const OPEN_VIEWS: usize = 24;
const POSTS: usize = 200;

impl World {
    pub fn carry_out(&mut self, effects: Vec<Effect>) -> Step {
        let boot = self.boot;
        for effect in effects {
            if let Some(torn) = self.cut_is_due() {
                return self.restart(torn, true);
            }
            self.tell(&effect);
            self.acts(effect)?;
            if self.boot != boot {
                return Ok(());
            }
        }
        Ok(())
    }

    fn acts(&mut self, effect: Effect) -> Step {
        match effect {
            Effect::Confirm { next } => {
                self.answers_are_written(next)?;
                self.poller.confirms = Some(next);
            }
            Effect::Save(save) => return self.saves(*save),
            Effect::Start(start) => return self.starts(&start),
            Effect::Answer { run, request, verdict } => return self.answers(run, request, verdict),
            Effect::Interrupt { run } => {
                self.stopping(run);
                self.agent_feels(run, Process::interrupt);
            }
            Effect::CloseInput { run } => self.agent_feels(run, Process::close_input),
            Effect::Signal { run, signal, reach } => {
                if reach == Reach::Tree {
                    self.stopping(run);
                }
                self.agent_feels(run, |agent| agent.signal(signal, reach));
            }
            Effect::Sweep { run } => self.agent_feels(run, Process::sweep),
            Effect::Show(view) => return self.shows(view),
            Effect::Post(post) => return self.posts(post),
            Effect::AnswerTap { tap, text } => return self.tap_answered(&tap, &text),
            Effect::Signs(signs) => self.signs = signs,
            Effect::SendResult { caller, result } => {
                self.record.orders.insert(caller, Some(result.is_ok()));
            }
            Effect::Log(..) => {}
            Effect::Exit => {
                let torn = [Torn::OldSnapshot, Torn::NewSnapshot][self.boot as usize % 2];
                return self.restart(torn, false);
            }
        }
        Ok(())
    }

    fn agent_feels(&mut self, run: RunId, act: impl FnOnce(&mut Process) -> Vec<super::Input>) {
        if let Some(agent) = self.agent.as_mut().filter(|agent| agent.run == run) {
            self.news.extend(act(agent));
        }
    }

    fn stopping(&mut self, run: RunId) {
        if let Some(run) = self.record.runs.get_mut(&run) {
            run.stopping = true;
        }
    }

    fn saves(&mut self, mut save: Save) -> Step {
        if self.mutation == Some(Mutation::ForgetsAnswers) {
            self.forgets_answers(&mut save);
        }
        let memory = &save.memory;
        let size = serde_json::to_vec(memory).map_or(usize::MAX, |text| text.len());
        let rested = memory.queue.is_empty() && memory.posts.is_empty() && memory.running.is_none();
        if size > if rested { RESTED } else { FULL } {
            return broken(Promise::WithinBounds, format!("a snapshot of {size} bytes"));
        }
        let most = super::users::rules(self.mode, 0).queue_max.max(self.most_waiting());
        if memory.queue.len() > most + 1 || memory.posts.len() > POSTS {
            let (queue, posts) = (memory.queue.len(), memory.posts.len());
            return broken(Promise::WithinBounds, format!("{queue} jobs and {posts} posts wait"));
        }
        if self.mutation == Some(Mutation::StartsUnsaved) {
            self.starts_unsaved(&save)?;
        }
        for (generation, _) in &mut self.record.unsaved_answers {
            generation.get_or_insert(save.generation);
        }
        self.record.asked = save.generation;
        self.disk.put(save);
        Ok(())
    }

    /// A deliberate bug: what the ring has taken up with an answer alone is left out of it.
    fn forgets_answers(&mut self, save: &mut Save) {
        let new = |(generation, _): &&(Option<_>, u64)| generation.is_none();
        let answers = self.record.unsaved_answers.iter().filter(new).count();
        let ring = marks(&save.memory.ring);
        let fresh: Vec<String> =
            ring.iter().filter(|mark| !self.ring.contains(mark)).cloned().collect();
        if answers > 0 && fresh.len() == 1 {
            self.unmarked.extend(fresh);
        }
        self.ring = ring;
        let kept: String =
            self.ring.iter().filter(|mark| !self.unmarked.contains(*mark)).cloned().collect();
        save.memory.ring = serde_json::from_value(kept.into()).unwrap();
    }

    /// The list and with it the queue may have been longer before a SIGHUP.
    fn most_waiting(&self) -> usize {
        if self.record.was_listed { 50 } else { 0 }
    }

    fn starts_unsaved(&mut self, save: &Save) -> Step {
        let Some(running) = &save.memory.running else { return Ok(()) };
        if self.record.runs.contains_key(&running.run) {
            return Ok(());
        }
        let prompt = self.record.prompt_in(running.job.place.chat, Some(running.job.message));
        let text = format!("k{}", prompt.unwrap_or(0));
        let (run, slash_command) = (running.run, running.job.slash_command);
        self.starts(&Start { run, prompt: text.into(), slash_command, resume: None })
    }

    pub fn starts(&mut self, start: &Start) -> Step {
        if self.mutation == Some(Mutation::StartsUnsaved)
            && self.record.runs.contains_key(&start.run)
        {
            return Ok(());
        }
        if let Some(agent) = &self.agent {
            let stopped = self.record.runs.get(&agent.run).is_some_and(|run| run.stopping);
            let left = agent.child && stopped && agent.nature.child != Child::Immortal;
            if !agent.dead || left {
                let how = format!("run {} begins, and run {} is there", start.run, agent.run);
                return broken(Promise::OneRunAtATime, how);
            }
        }
        self.run_begins(start)?;
        let polite = Nature { ignores: 0, lingers: false, child: Child::Nobody };
        let nature = core::mem::replace(&mut self.nature, polite);
        self.agent = Some(Process::new(start.run, nature, start.resume.is_some()));
        (self.stop_asked, self.lamp) = (None, ErrorLamp::default());
        Ok(())
    }

    fn answers(&mut self, run: RunId, request: String, verdict: Verdict) -> Step {
        if let Verdict::Answers(answers) = &verdict {
            for text in answers.iter().flat_map(|(_, texts)| texts) {
                number_in(text).into_iter().for_each(|prompt| self.record.answer_given(prompt));
            }
        }
        let Some(agent) = self.agent.as_mut().filter(|it| it.run == run && !it.dead) else {
            return Ok(());
        };
        let Some(index) = agent.asks.iter().position(|ask| *ask == request) else {
            return broken(Promise::QuestionsAreAnswered, format!("{request} once more"));
        };
        agent.asks.remove(index);
        Ok(())
    }

    fn shows(&mut self, view: View) -> Step {
        let text = text_of(&view);
        let refusal = text.contains("not taken") && !text.starts_with("The edit");
        let prompt = self.record.prompt_in(view.place.chat, view.reply_to);
        if let Some(prompt) = prompt.filter(|_| refusal && view.class == Class::Reply) {
            let fate = self.record.fates.entry(prompt).or_default();
            fate.refused = true;
            fate.refusals.push(view.id);
        }
        let stop = view.frame.buttons.iter().flatten().find(|it| it.label.contains("Stop"));
        if let Some((button, agent)) = stop.zip(self.agent.as_ref()) {
            self.record.stop_buttons.insert(button.data.clone(), agent.run);
        }
        self.outbox.show(view);
        let open = self.outbox.views.iter().filter(|shown| !shown.view.last).count();
        if open > OPEN_VIEWS {
            return broken(Promise::WithinBounds, format!("{open} open views"));
        }
        Ok(())
    }

    fn posts(&mut self, post: Post) -> Step {
        if self.mutation == Some(Mutation::PostsTwice) && self.boot > 0 {
            self.gives(post.clone())?;
        }
        self.gives(post)
    }

    fn gives(&mut self, post: Post) -> Step {
        let body = match &post.body {
            Source::Memory(body) => Some(body.clone()),
            Source::Blob(id) => self.disk.file(*id).cloned(),
        };
        let Some(body) = body else {
            let how = format!("post {} is given before its body is on the disk", post.id);
            return broken(Promise::WrittenBeforeConfirmed, how);
        };
        let text = String::from_utf8_lossy(&body).into_owned();
        let last = self.record.last_post.insert(one_chat(post.place.chat), post.id);
        if last.is_some_and(|last| last >= post.id) {
            let how = format!("post {} comes after {last:?}: {text}", post.id);
            return broken(Promise::PostsInOrder, how);
        }
        if text.contains("were not taken") {
            self.crowd_told(&post);
        }
        let kind = PostKind::read(&text);
        let pieces = if text.contains("long") { 3 } else { 1 };
        self.post_given(&post, kind, pieces)?;
        let taken = post.pieces_taken.min(pieces - 1);
        self.outbox.posts.push_back(Waiting { post, pieces, taken });
        Ok(())
    }

    /// One post tells of every refusal of the chat that was not taken yet: as soon as the disk has
    /// it, or else when it has arrived.
    fn crowd_told(&mut self, post: &Post) {
        let chat = one_chat(post.place.chat);
        let durable = matches!(post.body, Source::Blob(_));
        for fate in self.record.fates.values_mut().filter(|fate| fate.chat == chat) {
            if fate.refused && !fate.told {
                (fate.told, fate.crowd) = (durable, Some(post.id));
            }
        }
    }
}

/// What a ring remembers, in the seven letters each that stand for it in the snapshot.
fn marks(ring: &Ring) -> Vec<String> {
    let text = serde_json::to_value(ring).unwrap();
    let letters: Vec<char> = text.as_str().unwrap_or_default().chars().collect();
    letters.chunks(7).map(|mark| mark.iter().collect()).collect()
}

pub fn text_of(view: &View) -> String {
    let text = |part: &Part| match part {
        Part::Plain(text) | Part::Bold(text) | Part::Code(text) | Part::Markdown(text) => {
            text.clone()
        }
    };
    view.frame.parts.iter().map(text).collect()
}
