//! The end of a story: the world becomes friendly, everything has to end well, and a last
//! restart changes nothing.

use super::events::{Child, Lane, Nature, Outcome, Pick, Poll, Says, Torn};
use super::promises::Promise;
use super::record::broken;
use super::world::{Step, World};
use core::time::Duration;
use pigent::bridge::effect::{Class, Work};
use pigent::bridge::input::{Input, Link};

/// Rounds within which everything has to be quiet.
const ROUNDS: u32 = 600;
const LANES: [Lane; 3] = [Lane::Private, Lane::Group, Lane::Other];

impl World {
    pub fn comes_to_rest(&mut self) -> Step {
        self.tell(&"the world becomes friendly");
        (self.knows_date, self.cut_in) = (true, None);
        self.nature = Nature { ignores: 0, lingers: false, child: Child::Nobody };
        self.step(Input::Tick)?;
        let mut rounds = 0;
        while !self.is_quiet() {
            rounds += 1;
            if rounds > ROUNDS {
                return broken(Promise::ComesToRest, self.what_is_left());
            }
            self.goes_well(rounds)?;
        }
        self.disk_works()?;
        self.linked(Link::Up)?;
        self.waits(Duration::from_secs(100))?;
        self.disk_works()?;
        self.is_at_rest()?;
        self.books_are_closed()?;
        self.restart_changes_nothing()
    }

    fn goes_well(&mut self, round: u32) -> Step {
        self.polls(Poll::Answered)?;
        self.disk_works()?;
        self.deliver_news()?;
        let waits = self.agent.as_ref().filter(|agent| !agent.dead);
        // Who waits for the user, or does not exit, is left to the bridge's deadlines.
        let says = waits.filter(|agent| agent.asks.is_empty()).map(|agent| {
            match (agent.background > 0, agent.turn_over, agent.nature.lingers) {
                (true, ..) => Says::Background(0),
                (_, true, true) => Says::Line,
                (_, true, false) => Says::Exits,
                (_, false, _) => Says::Answers,
            }
        });
        if let Some(says) = says {
            self.agent_says(says)?;
        }
        self.disk_works()?;
        for lane in LANES {
            while !self.outbox.is_idle(lane) {
                self.sends(lane, Pick::Post, Outcome::Taken)?;
            }
        }
        self.disk_works()?;
        self.waits(Duration::from_secs(if round < 40 { 3 } else { 60 }))
    }

    fn is_quiet(&self) -> bool {
        let agent = self.alive().is_none() && self.news.is_empty();
        let read = self.telegram.pending.is_empty() && self.poller.drained;
        let network = read && self.outbox.is_empty();
        agent && network && self.disk_is_idle() && !self.leaving && self.signs.work == Work::Idle
    }

    fn what_is_left(&self) -> String {
        let (agent, news) = (&self.agent, &self.news);
        let (updates, posts) = (self.telegram.pending.len(), self.outbox.posts.len());
        format!("{updates} updates, {posts} posts, {news:?}, {:?}, {agent:?}", self.signs)
    }

    fn is_at_rest(&self) -> Step {
        let unrest = |how: String| broken(Promise::ComesToRest, how);
        if let Some(at) = self.bridge.deadline() {
            return unrest(format!("it is awake at {at:?} without a reason"));
        }
        let memory = self.disk.durable();
        if !memory.queue.is_empty() || memory.running.is_some() || !memory.posts.is_empty() {
            return unrest(format!("{memory:?} is left"));
        }
        let open =
            |view: &&super::outbox::Shown| !view.view.last && view.view.class != Class::Reply;
        if let Some(shown) = self.outbox.views.iter().find(open) {
            return unrest(format!("nobody ends {:?}", shown.view));
        }
        Ok(())
    }

    fn books_are_closed(&self) -> Step {
        for (prompt, fate) in &self.record.fates {
            if fate.admitted && !fate.barred && !fate.is_settled() {
                return broken(Promise::NoPromptLost, format!("prompt {prompt}: {fate:?}"));
            }
        }
        for (id, run) in &self.record.runs {
            let about = |how: &str| format!("run {id} of prompt {} {how}: {run:?}", run.prompt);
            let dropped = self.record.fates.get(&run.prompt).is_some_and(|fate| fate.dropped);
            if run.unknown_session && run.posts.is_empty() && dropped {
                // It waited for its repetition when the queue was emptied.
                continue;
            }
            if !run.retried && run.posts.is_empty() {
                return broken(Promise::OneFinalPost, about("has no final post"));
            }
            if !run.retried && !run.arrived {
                return broken(Promise::FinalPostArrives, about("has none that arrived"));
            }
        }
        let all = self.record.posts.values();
        let lost = |post: &&super::record::Post| {
            post.durable && !post.refused && post.arrived < post.pieces
        };
        if let Some(post) = all.chain(&self.record.gone).find(lost) {
            return broken(Promise::FinalPostArrives, format!("{post:?}"));
        }
        self.check_orders()
    }

    fn restart_changes_nothing(&mut self) -> Step {
        let before = (self.record.runs.len(), self.record.posts.len() + self.record.gone.len());
        self.restart(Torn::OldSnapshot, true)?;
        self.polls(Poll::Answered)?;
        self.disk_works()?;
        self.waits(Duration::from_secs(30))?;
        self.disk_works()?;
        let after = (self.record.runs.len(), self.record.posts.len() + self.record.gone.len());
        let new = !self.telegram.pending.is_empty();
        if before != after || new {
            let how = format!("a restart at rest made {after:?} runs and posts of {before:?}");
            return broken(Promise::ComesToRest, how);
        }
        Ok(())
    }
}
