//! The save protocol: write before acknowledge (DESIGN.md decision 2).
//!
//! The ledger counts generations of the memory and holds back what must not happen before the
//! disk has them: confirming updates, starting a job, sending a post. It does no I/O; the store
//! thread answers with `Saved` or `SaveFailed`.
//!
//! Two kinds of change exist. *Urgent* ones are saved at the end of the step that made them.
//! *Small news* (a session id, a piece taken) waits up to [`NEWS_WAIT`] for another save to
//! travel with, so that a job costs few writes to the card.

use super::effect::{Body, Effect, Post, Save, Source};
use super::ids::{BlobId, Gen, PostId, UpdateId, ViewId};
use super::memory::Memory;
use super::refusals::Refusal;
use super::time::Mono;
use core::time::Duration;
use std::collections::VecDeque;

/// How long small news may wait for another save.
const NEWS_WAIT: Duration = Duration::from_secs(2);
/// First wait before a failed save is tried again; it doubles from there.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest wait before a failed save is tried again: who made room sends the prompt again soon.
const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// Refusals that a confirmation waits for. What is not confirmed fills the hundred updates that one
/// poll brings (BOTAPI.md section 2), and a /cancel behind them would not be heard.
const CROWD: usize = 40;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The newest generation handed to the store.
    generation: u64,
    /// The newest generation known to be on the disk.
    saved: u64,
    /// The current step made an urgent change.
    urgent: bool,
    /// The oldest small news that is not in any generation yet.
    news_since: Option<Mono>,
    /// Bodies for the next save.
    bodies: Vec<(BlobId, Body)>,
    /// What waits for the disk, in order.
    held: VecDeque<Held>,
    /// The newest confirmation that waits.
    confirm: Option<Confirmation>,
    /// The last save failed.
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Held {
    generation: u64,
    effect: Effect,
    /// A post's body if it is to be sent from memory should the disk fail.
    body: Option<Body>,
}

#[derive(Debug)]
struct Confirmation {
    next: UpdateId,
    /// Needs this generation on the disk.
    generation: u64,
    /// Needs these taken.
    refusals: Vec<Refusal>,
    /// Needs these on the disk or, if that fails, taken: they tell of refusals.
    told_by: Vec<PostId>,
}

#[derive(Debug)]
struct Trouble {
    /// The newest generation that failed: only a later one can end the trouble.
    generation: u64,
    why: String,
    wait: Duration,
    /// `None` while a try is under way.
    retry_at: Option<Mono>,
}

impl Ledger {
    /// A ledger that knows from the start that the disk does not work.
    pub(super) fn in_trouble(why: String, now: Mono) -> Ledger {
        let retry_at = Some(now.after(RETRY_FIRST));
        let trouble = Trouble { generation: 0, why, wait: RETRY_FIRST, retry_at };
        Ledger { trouble: Some(trouble), ..Ledger::default() }
    }

    /// What is wrong with the disk, if something is.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| trouble.why.as_str())
    }

    /// The memory changed in a way that must be saved with this step.
    pub(super) fn urgent(&mut self) {
        self.urgent = true;
    }

    /// Whether this step made an urgent change so far.
    pub(super) fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// The memory changed in a way that can wait a little.
    pub(super) fn news(&mut self, now: Mono) {
        self.news_since.get_or_insert(now);
    }

    /// A new body that the memory names from now on.
    pub(super) fn body(&mut self, id: BlobId, body: Body) {
        self.bodies.push((id, body));
        self.urgent = true;
    }

    /// Holds an effect back until everything up to this step is on the disk.
    pub(super) fn hold(&mut self, effect: Effect) {
        self.urgent = true;
        self.held.push_back(Held { generation: self.generation + 1, effect, body: None });
    }

    /// As [`Ledger::hold`], for a post; in trouble it is given back to be sent from memory.
    pub(super) fn hold_post(&mut self, post: Post, body: Body) -> Option<Post> {
        if self.trouble.is_some() {
            return Some(Post { body: Source::Memory(body), ..post });
        }
        self.urgent = true;
        let effect = Effect::Post(post);
        self.held.push_back(Held { generation: self.generation + 1, effect, body: Some(body) });
        None
    }

    /// As [`Ledger::hold`], for the answer to `pigent send`, whose post was held last: should the
    /// disk fail, both are taken back, so that the caller may safely try again.
    pub(super) fn hold_send_result(&mut self, caller: u64) {
        if let Some(post) = self.held.back_mut() {
            post.body = None;
        }
        self.hold(Effect::SendResult { caller, result: Ok(()) });
    }

    /// Takes back a start that was not released yet. Whether there was one.
    pub(super) fn take_back_start(&mut self) -> bool {
        let before = self.held.len();
        self.held.retain(|held| !matches!(held.effect, Effect::Start(_)));
        self.held.len() < before
    }

    /// A batch may be confirmed once all changes so far are saved and `refusals` are taken.
    pub(super) fn confirm(&mut self, next: UpdateId, refusals: Vec<Refusal>) {
        let needed = match (&self.trouble, self.urgent) {
            (Some(_), _) => 0,
            (None, true) => self.generation + 1,
            (None, false) => self.generation,
        };
        let confirm = self.confirm.get_or_insert_with(|| Confirmation {
            next,
            generation: 0,
            refusals: Vec::new(),
            told_by: Vec::new(),
        });
        confirm.next = next;
        confirm.generation = confirm.generation.max(needed);
        confirm.refusals.extend(refusals);
    }

    /// A reply was taken, or never will be. Answers the mark of the prompt that it refused if the
    /// confirmation has to wait still.
    pub(super) fn replied(&mut self, view: ViewId) -> Option<u64> {
        let confirm = self.confirm.as_mut()?;
        let index = confirm.refusals.iter().position(|waiting| waiting.view == view)?;
        let refusal = confirm.refusals.swap_remove(index);
        let is_ready = confirm.is_ready(self.saved);
        refusal.mark.filter(|_| !is_ready)
    }

    /// The refusals that a confirmation waits for, if they have become too many with `more`: they
    /// are to be told in another way.
    pub(super) fn crowd(&mut self, more: &mut Vec<Refusal>) -> Option<Vec<Refusal>> {
        let waiting = self.confirm.iter().flat_map(|confirm| &confirm.refusals).count();
        if self.trouble.is_some() || waiting + more.len() <= CROWD {
            return None;
        }
        let mut all = core::mem::take(more);
        all.extend(self.confirm.iter_mut().flat_map(|confirm| confirm.refusals.drain(..)));
        Some(all)
    }

    /// This post, made in this step, tells of refusals of the newest batch.
    pub(super) fn confirm_needs_post(&mut self, post: PostId) {
        if let Some(confirm) = &mut self.confirm {
            confirm.told_by.push(post);
        }
    }

    /// A post was taken, or never will be.
    pub(super) fn post_over(&mut self, post: PostId) {
        if let Some(confirm) = &mut self.confirm {
            confirm.told_by.retain(|waiting| *waiting != post);
        }
    }

    /// The generation of the changes made in this step.
    pub(super) fn this_step(&self) -> Gen {
        Gen(self.generation + 1)
    }

    /// Whether everything is on the disk.
    pub(super) fn settled(&self) -> bool {
        self.saved == self.generation && !self.urgent && self.news_since.is_none()
    }

    /// The store wrote a generation. Whether this ended a trouble.
    pub(super) fn saved(&mut self, generation: Gen) -> bool {
        self.saved = self.saved.max(generation.0);
        if let Some(confirm) = self.confirm.as_mut().filter(|it| it.generation <= generation.0) {
            confirm.told_by.clear();
        }
        self.trouble.take_if(|trouble| trouble.generation < generation.0).is_some()
    }

    /// The store could not write a generation. Answers whether that is the last word (no newer
    /// one is under way), and in that case gives back what may go on without the disk: posts,
    /// from memory, but for those of `pigent send`, which must not be sent. A start stays held
    /// until the caller takes it back.
    pub(super) fn failed(
        &mut self,
        generation: Gen,
        why: String,
        now: Mono,
    ) -> Option<(Vec<Effect>, Vec<PostId>)> {
        if generation.0 < self.generation {
            return None;
        }
        let wait = match &self.trouble {
            Some(trouble) => (trouble.wait * 2).min(RETRY_LONGEST),
            None => RETRY_FIRST,
        };
        let retry_at = Some(now.after(wait));
        self.trouble = Some(Trouble { generation: generation.0, why, wait, retry_at });
        if let Some(confirm) = &mut self.confirm {
            confirm.generation = 0;
        }
        let (starts, rest) = core::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| matches!(held.effect, Effect::Start(_)));
        self.held = starts;
        let rest: VecDeque<Held> = rest;
        let unsent = rest.iter().filter_map(Held::unsent).collect();
        Some((rest.into_iter().filter_map(Held::without_disk).collect(), unsent))
    }

    /// Adds replies that a confirmation has to wait for.
    pub(super) fn confirm_needs(&mut self, refusals: Vec<Refusal>) {
        if let Some(confirm) = &mut self.confirm {
            confirm.refusals.extend(refusals);
        }
    }

    /// Everything that may happen now that was held back before, in order.
    pub(super) fn release(&mut self) -> Vec<Effect> {
        let mut free = Vec::new();
        while self.held.front().is_some_and(|held| held.generation <= self.saved) {
            free.extend(self.held.pop_front().map(|held| held.effect));
        }
        let saved = self.saved;
        if let Some(confirm) = self.confirm.take_if(|confirm| confirm.is_ready(saved)) {
            free.push(Effect::Confirm { next: confirm.next });
        }
        free
    }

    /// The save that is due at the end of this step, if one is.
    pub(super) fn due(&mut self, now: Mono, memory: &Memory) -> Option<Effect> {
        let due = match &self.trouble {
            Some(trouble) => trouble.retry_at.is_some_and(|at| at <= now),
            None => {
                self.urgent || self.news_since.is_some_and(|since| since.after(NEWS_WAIT) <= now)
            }
        };
        if !due {
            return None;
        }
        if let Some(trouble) = &mut self.trouble {
            trouble.retry_at = None;
        }
        self.urgent = false;
        self.news_since = None;
        self.generation += 1;
        let bodies = core::mem::take(&mut self.bodies);
        let save = Save { generation: Gen(self.generation), memory: memory.clone(), bodies };
        Some(Effect::Save(Box::new(save)))
    }

    /// When [`Ledger::due`] has to be asked again.
    pub(super) fn deadline(&self) -> Option<Mono> {
        match &self.trouble {
            Some(trouble) => trouble.retry_at,
            None => self.news_since.map(|since| since.after(NEWS_WAIT)),
        }
    }

    /// Small news is not worth waiting for any more (pigent is leaving).
    pub(super) fn hurry(&mut self) {
        self.urgent |= self.news_since.is_some();
    }
}

impl Confirmation {
    fn is_ready(&self, saved: u64) -> bool {
        self.generation <= saved && self.refusals.is_empty() && self.told_by.is_empty()
    }
}

impl Held {
    fn unsent(&self) -> Option<PostId> {
        match (&self.effect, &self.body) {
            (Effect::Post(post), None) => Some(post.id),
            _ => None,
        }
    }

    fn without_disk(self) -> Option<Effect> {
        match (self.effect, self.body) {
            (Effect::Post(post), Some(body)) => {
                Some(Effect::Post(Post { body: Source::Memory(body), ..post }))
            }
            (Effect::SendResult { caller, .. }, _) => {
                let result = Err("the disk does not take it: nothing was sent".into());
                Some(Effect::SendResult { caller, result })
            }
            _ => None,
        }
    }
}
