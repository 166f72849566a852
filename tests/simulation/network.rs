//! The network: the poller's answers on their way in, the outbox's calls on their way out.

use super::events::{Lane, Outcome, Pick, Poll, Who};
use super::mutations::Mutation;
use super::promises::Promise;
use super::record::{PostKind, broken};
use super::telegram::{Means, Sent};
use super::users::may_talk;
use super::world::{Step, World};
use pigent::bridge::effect::{Effect, Reach, Signal};
use pigent::bridge::ids::{ChatId, RunId, UpdateId};
use pigent::bridge::input::{Batch, Input, Link, Receipt, Told};

impl World {
    pub fn polls(&mut self, poll: Poll) -> Step {
        let (offset, limit) = self.poller.ask(self.now, self.telegram.pending.len());
        match poll {
            Poll::Unreached => return self.linked(Link::Down),
            Poll::Limited => return self.linked(Link::Up),
            Poll::Conflict => return self.linked(Link::Conflict),
            Poll::Revoked => return self.linked(Link::BadToken),
            Poll::Answered | Poll::Lost => {}
        }
        let gone = self.telegram.forget(offset);
        self.forgotten(gone)?;
        if poll == Poll::Lost {
            return self.linked(Link::Down);
        }
        let boot = self.boot;
        self.linked(Link::Up)?;
        if self.boot != boot {
            return Ok(());
        }
        let batch: Vec<Sent> = self.telegram.pending.iter().take(limit).cloned().collect();
        let next = batch.last().map(|last| UpdateId(last.update.id.0 + 1));
        let backlog = self.poller.backlog;
        let hand_over = self.poller.answered(next);
        if let Some(next) = next.filter(|_| hand_over) {
            if self.mutation == Some(Mutation::ConfirmsEarly) {
                self.poller.confirms = Some(next);
            }
            self.hands_over(batch, next, backlog)?;
        }
        if self.boot == boot && self.poller.take_drained(self.now) {
            return self.step(Input::Drained);
        }
        Ok(())
    }

    fn hands_over(&mut self, sent: Vec<Sent>, next: UpdateId, backlog: bool) -> Step {
        let updates = sent.iter().map(|sent| sent.update.clone()).collect();
        let input = Input::Updates(Batch { updates, next, backlog });
        if self.leaving {
            return self.step(input);
        }
        let target = self.target();
        let boot = self.boot;
        let first: Vec<bool> =
            sent.iter().map(|sent| self.record.handed.insert(sent.number)).collect();
        for sent in &sent {
            self.handed(sent);
        }
        self.tell(&input);
        let effects = self.bridge.step(self.time(), input);
        self.check_strangers(&sent, &effects)?;
        self.check_hits(&sent, &first, backlog, &effects)?;
        self.check_verdicts(&sent, &effects)?;
        check_taps(&sent, &first, &effects)?;
        self.carry_out(effects)?;
        self.check_signs()?;
        let asked = |(sent, first): (&Sent, &bool)| {
            let stop = matches!(sent.means, Means::Cancel | Means::CancelAll);
            stop && *first && !backlog && self.admits(sent)
        };
        let asked = sent.iter().zip(&first).any(asked);
        let target = target.filter(|_| asked && self.boot == boot);
        self.asked_to_stop(target)
    }

    pub fn admits(&self, sent: &Sent) -> bool {
        may_talk(sent.who, self.mode)
    }

    /// An update reaches the bridge.
    fn handed(&mut self, sent: &Sent) {
        let admits = self.admits(sent);
        // The news that a group moved may have been lost on a disk that failed.
        let unsure = self.record.disk_failed && self.group == ChatId(-100_100);
        let asks = self.agent.as_ref().is_some_and(|agent| !agent.asks.is_empty());
        match &sent.means {
            Means::Prompt(prompt) => {
                let reply = matches!(&sent.update.what, Told::Message(it) if it.reply_to.is_some());
                if let Some(fate) = self.record.fates.get_mut(prompt) {
                    fate.admitted |= admits;
                    fate.handed.get_or_insert(self.record.asked);
                    fate.barred |= !admits || unsure;
                    // The first of two answers shows nowhere.
                    fate.was_answer |= reply && asks;
                }
            }
            Means::CancelAll if admits => self.drops_all(),
            Means::Tap(data) => {
                if let Told::Tap(tap) = &sent.update.what {
                    let tapped = (sent.number, data.clone(), sent.who);
                    self.record.taps.insert(tap.id.clone(), tapped);
                }
            }
            _ => {}
        }
    }

    fn check_strangers(&self, sent: &[Sent], effects: &[Effect]) -> Step {
        if sent.iter().any(|sent| self.admits(sent)) {
            return Ok(());
        }
        let harmless = |effect: &&Effect| {
            let log = matches!(effect, Effect::Log(..) | Effect::Confirm { .. });
            log || matches!(effect, Effect::AnswerTap { .. } | Effect::Show(_) | Effect::Signs(_))
        };
        match effects.iter().find(|effect| !harmless(effect)) {
            Some(effect) => {
                let how = format!("{:?} caused {effect:?}", sent.last().map(|sent| sent.who));
                broken(Promise::NothingFromStrangers, how)
            }
            None => Ok(()),
        }
    }

    /// A stop hits only the run that it was meant for.
    fn check_hits(&self, sent: &[Sent], first: &[bool], backlog: bool, all: &[Effect]) -> Step {
        for run in all.iter().filter_map(hit) {
            let begun = self.record.runs.get(&run).map(|run| run.started).unwrap_or_default();
            let meant = |(sent, first): (&Sent, &bool)| match &sent.means {
                Means::Cancel | Means::CancelAll => {
                    *first && self.admits(sent) && (!backlog || sent.at >= begun)
                }
                Means::Tap(data) => {
                    let is_it = self.record.stop_buttons.get(data) == Some(&run);
                    is_it && self.is_same(sent.who, self.writer_of(run))
                }
                _ => false,
            };
            if !sent.iter().zip(first).any(meant) {
                return broken(Promise::OldStopsAreHarmless, format!("run {run} is stopped"));
            }
        }
        Ok(())
    }

    fn writer_of(&self, run: RunId) -> Option<Who> {
        let run = self.record.runs.get(&run)?;
        self.record.fates.get(&run.prompt)?.who
    }

    pub fn sends(&mut self, lane: Lane, pick: Pick, outcome: Outcome) -> Step {
        let post = self.outbox.next_post(lane);
        let view = self.outbox.next_view(lane);
        match (pick, post, view) {
            (Pick::Post, Some(index), _) | (_, Some(index), None) => {
                self.sends_post(index, outcome)
            }
            (_, _, Some(index)) => self.sends_view(index, outcome),
            (_, None, None) => Ok(()),
        }
    }

    /// Whether this lane's chat has moved: then that is the answer.
    fn moved(&mut self, chat: ChatId) -> Option<Step> {
        (chat == ChatId(-100) && self.group != chat).then(|| {
            let (from, to) = (chat, self.group);
            self.outbox.migrate(from, to);
            self.step(Input::Sent(Receipt::Migrated { from, to }))
        })
    }

    fn sends_post(&mut self, index: usize, outcome: Outcome) -> Step {
        let waiting = &self.outbox.posts[index];
        let (id, chat) = (waiting.post.id, waiting.post.place.chat);
        if outcome == Outcome::NotNow {
            return self.linked(Link::Down);
        }
        if let Some(step) = self.moved(chat) {
            return step;
        }
        if outcome == Outcome::Refused {
            self.outbox.posts.remove(index);
            self.record.posts.entry(id).and_modify(|post| post.refused = true);
            self.post_arrived(id, u32::MAX);
            return self.step(Input::Sent(Receipt::NotPosted { post: id, why: "gone".into() }));
        }
        let message = self.next_message(chat);
        let waiting = &mut self.outbox.posts[index];
        let (taken, complete) = (waiting.taken + 1, waiting.taken + 1 >= waiting.pieces);
        let buttons = if complete { waiting.post.buttons.clone() } else { Vec::new() };
        self.outbox.learn(&buttons, chat, message);
        self.post_arrived(id, taken);
        if outcome == Outcome::OkLost {
            return self.linked(Link::Down);
        }
        self.outbox.posts[index].taken = taken;
        if complete {
            self.outbox.posts.remove(index);
        }
        let receipt = Receipt::Posted { post: id, pieces: taken, message, complete };
        self.step(Input::Sent(receipt))
    }

    fn post_arrived(&mut self, id: pigent::bridge::ids::PostId, pieces: u32) {
        let Some(post) = self.record.posts.get_mut(&id) else { return };
        post.arrived = post.arrived.max(pieces);
        let whole = post.arrived >= post.pieces;
        let told = |fate: &&mut super::record::Fate| whole && fate.crowd == Some(id);
        self.record.fates.values_mut().filter(told).for_each(|fate| fate.told = true);
        if let Some(run) = post.run.and_then(|run| self.record.runs.get_mut(&run)) {
            run.arrived |= whole;
        }
    }

    fn sends_view(&mut self, index: usize, outcome: Outcome) -> Step {
        let shown = &self.outbox.views[index];
        let (id, chat) = (shown.view.id, shown.view.place.chat);
        if outcome == Outcome::NotNow {
            return self.linked(Link::Down);
        }
        if let Some(step) = self.moved(chat) {
            return step;
        }
        let told = |fate: &&mut super::record::Fate| fate.refusals.contains(&id);
        self.record.fates.values_mut().filter(told).for_each(|fate| fate.told = true);
        if outcome == Outcome::Refused {
            let shown = &mut self.outbox.views[index];
            (shown.dead, shown.waiting) = (true, false);
            if shown.view.last {
                self.outbox.views.remove(index);
            }
            return self.step(Input::Sent(Receipt::NotShown { view: id, why: "gone".into() }));
        }
        let known = self.outbox.views[index].message;
        let message = known.unwrap_or_else(|| self.next_message(chat));
        let shown = &mut self.outbox.views[index];
        let (rows, last) = (shown.view.frame.buttons.clone(), shown.view.last);
        if outcome == Outcome::Taken {
            (shown.message, shown.waiting) = (Some(message), false);
        }
        self.outbox.learn(&rows, chat, message);
        if outcome == Outcome::OkLost {
            return self.linked(Link::Down);
        }
        if last {
            self.outbox.views.remove(index);
        }
        match known {
            Some(_) => self.linked(Link::Up),
            None => self.step(Input::Sent(Receipt::Shown { view: id, message })),
        }
    }

    /// What `pigent send` was told is true.
    pub fn check_orders(&self) -> Step {
        let all = self.record.posts.values().chain(&self.record.gone);
        let arrived: Vec<u64> = all
            .filter(|post| post.arrived >= post.pieces)
            .filter_map(|post| match post.kind {
                PostKind::Order(order) => Some(order),
                _ => None,
            })
            .collect();
        for (order, told) in &self.record.orders {
            let came = arrived.contains(order);
            if *told == Some(true) && !came
                || *told == Some(false) && came && !self.record.disk_failed
            {
                let how = format!("order {order} was told {told:?}, and came: {came}");
                return broken(Promise::SendIsHonest, how);
            }
        }
        Ok(())
    }
}

/// The run that a batch stops.
fn hit(effect: &Effect) -> Option<RunId> {
    match effect {
        Effect::Interrupt { run } => Some(*run),
        Effect::Signal { run, signal: Signal::Term, reach: Reach::Tree } => Some(*run),
        _ => None,
    }
}

fn check_taps(sent: &[Sent], first: &[bool], effects: &[Effect]) -> Step {
    for (sent, _) in sent.iter().zip(first).filter(|(_, first)| **first) {
        let Told::Tap(tap) = &sent.update.what else { continue };
        let is_it =
            |effect: &&Effect| matches!(effect, Effect::AnswerTap { tap: id, .. } if *id == tap.id);
        let answers = effects.iter().filter(is_it).count();
        if answers != 1 {
            return broken(Promise::TapsAreAnswered, format!("{} has {answers} answers", tap.id));
        }
    }
    Ok(())
}
