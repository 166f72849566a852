//! Prompts that wait: first in first out, bounded in number and in rate.

use super::Bridge;
use super::effect::{Body, Part};
use super::ids::{BlobId, ChatId, Gen, JobId, MessageId, UserId, ViewId};
use super::memory::{Interrupted, Job};
use super::refusals::Refusal;
use super::talk::{Asker, mix};
use super::time::Mono;
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

const HOUR: Duration = Duration::from_secs(3600);
/// Users whose rate is remembered; a group without a user list can have many.
const RATED_USERS: usize = 64;
/// Prompts whose text is remembered as a hash, to tell a real edit from an update that Telegram
/// sends because it added a link preview.
const RECENT: usize = 64;

/// When each user's prompts of the last hour were accepted.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<UserId, VecDeque<Mono>>);

impl Rates {
    /// Counts one prompt, or says how long until the next one may come.
    fn take(&mut self, user: UserId, limit: u32, now: Mono) -> Result<(), Duration> {
        if self.0.len() >= RATED_USERS && !self.0.contains_key(&user) {
            self.0.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < HOUR));
            self.make_room();
        }
        let times = self.0.entry(user).or_default();
        while times.front().is_some_and(|first| now.since(*first) >= HOUR) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= limit as usize => Err(HOUR - now.since(*first)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

impl Rates {
    /// Forgets who has been quiet for longest, if there are too many busy users.
    fn make_room(&mut self) {
        let quiet = self.0.iter().min_by_key(|(_, times)| times.back().copied());
        if let Some(user) = quiet.map(|(user, _)| *user).filter(|_| self.0.len() >= RATED_USERS) {
            self.0.remove(&user);
        }
    }
}

/// Hashes of recent prompts by message.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(ChatId, MessageId, u64)>);

impl Recent {
    fn note(&mut self, chat: ChatId, message: MessageId, text: &str) {
        self.0.retain(|(c, m, _)| (*c, *m) != (chat, message));
        if self.0.len() >= RECENT {
            self.0.pop_front();
        }
        self.0.push_back((chat, message, hash(text)));
    }

    fn is_unchanged(&self, chat: ChatId, message: MessageId, text: &str) -> bool {
        self.0.contains(&(chat, message, hash(text)))
    }
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(text.len() as u64, |hash, byte| mix(hash ^ u64::from(byte)))
}

/// A job whose prompt is not on the disk yet, and what has to be undone if it never gets there.
#[derive(Debug)]
pub(super) struct Fresh {
    job: JobId,
    /// Needs this generation on the disk.
    pub(super) generation: Gen,
    /// The update it came with. A refused one must not look accepted: should the power fail
    /// before the refusal is read, it comes again and is judged again.
    pub(super) mark: Option<u64>,
    /// The interrupted job that it runs again.
    again: Option<Interrupted>,
}

impl Bridge {
    /// Takes a prompt in, or says no. Answers the reply to wait for if it was refused: a refusal
    /// that a power cut swallows would be a prompt lost in silence.
    pub(super) fn prompt(
        &mut self,
        asker: Asker,
        reply_to: Option<MessageId>,
        text: &str,
        slash_command: bool,
    ) -> Option<ViewId> {
        if self.ledger.trouble().is_some() {
            return Some(self.refuse_for_disk(asker));
        }
        if let Some(no) = self.objection(asker, text) {
            return Some(self.reply(asker, vec![Part::Plain(no)]));
        }
        self.recent.note(asker.place.chat, asker.message, text);
        let resume = reply_to.and_then(|message| self.session_of(asker.place.chat, message));
        let job = Job {
            id: JobId(self.number()),
            place: asker.place,
            user: asker.user,
            message: asker.message,
            prompt: self.store_prompt(text),
            slash_command,
            epoch: self.epoch(asker.place),
            resume,
        };
        self.enqueue(job, None);
        None
    }

    /// Why this prompt cannot be taken although the disk works.
    fn objection(&mut self, asker: Asker, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            return Some(self.words.blank_prompt());
        }
        let waits = self.run.is_some() || self.draining.is_some() || !self.memory.queue.is_empty();
        if waits && self.memory.queue.len() >= self.rules.queue_max {
            return Some(self.words.queue_full(self.rules.queue_max));
        }
        if self.owes_too_much() {
            return Some(self.words.too_many_posts(self.memory.posts.len()));
        }
        let limit = self.rules.rate_limit?;
        let wait = self.rates.take(asker.user, limit, self.now.mono).err()?;
        Some(self.words.too_many(limit, wait))
    }

    /// Queues a job that the memory must know before anything happens with it.
    pub(super) fn enqueue(&mut self, job: Job, again: Option<Interrupted>) {
        let asker = Asker::of(&job);
        let generation = self.ledger.this_step();
        self.fresh.push(Fresh { job: job.id, generation, mark: None, again });
        self.memory.queue.push_back(job);
        self.ledger.urgent();
        let waits = self.run.is_some() || self.memory.queue.len() > 1;
        if waits {
            let place = self.memory.queue.len();
            self.note(asker, vec![Part::Plain(self.words.queued(place))]);
        }
    }

    fn refuse_for_disk(&mut self, asker: Asker) -> ViewId {
        let why = self.ledger.trouble().unwrap_or_default().to_owned();
        self.reply(asker, vec![Part::Plain(self.words.disk_refusal(&why))])
    }

    /// The disk did not take the newest memory: jobs that only memory knows are refused, and a
    /// stored job that was about to start goes back to the head of the queue.
    pub(super) fn take_back_unsaved_jobs(&mut self) {
        if let Some(job) = self.take_back_start(self.words.view_over()) {
            self.memory.queue.push_front(job);
        }
        let mut replies = Vec::new();
        for fresh in core::mem::take(&mut self.fresh) {
            let index = self.memory.queue.iter().position(|job| job.id == fresh.job);
            if let Some(job) = index.and_then(|index| self.memory.queue.remove(index)) {
                let view = self.refuse_for_disk(Asker::of(&job));
                replies.push(Refusal { view, place: job.place, mark: fresh.mark });
                self.undo(&job, fresh);
            }
        }
        self.ledger.confirm_needs(replies);
    }

    /// As if the job had never been accepted.
    fn undo(&mut self, job: &Job, fresh: Fresh) {
        let text = self.prompts.remove(&job.prompt);
        if let Some(mark) = fresh.mark {
            self.memory.ring.remove(mark);
        }
        if let Some(gone) = fresh.again {
            self.prompts.extend(text.map(|text| (gone.job.prompt, text)));
            self.memory.interrupted.push_back(gone);
        }
    }

    /// An edit: changes a prompt that waits, and nothing else.
    pub(super) fn edit_prompt(&mut self, asker: Asker, text: &str, slash_command: bool) {
        let chat = asker.place.chat;
        if self.recent.is_unchanged(chat, asker.message, text) {
            return;
        }
        let Some(index) = self.waiting_of(asker) else {
            self.reply(asker, vec![Part::Plain(self.words.edit_too_late())]);
            return;
        };
        if text.trim().is_empty() || self.ledger.trouble().is_some() {
            self.reply(asker, vec![Part::Plain(self.words.edit_not_taken())]);
            return;
        }
        let new = self.store_prompt(text);
        if let Some(job) = self.memory.queue.get_mut(index) {
            job.slash_command = slash_command;
            let old = core::mem::replace(&mut job.prompt, new);
            self.prompts.remove(&old);
        }
        self.recent.note(chat, asker.message, text);
        self.note(asker, vec![Part::Plain(self.words.edit_taken(index + 1))]);
    }

    /// A message was edited into a command. Commands come as new messages; a prompt that waits
    /// stays as it is, and its writer has to know.
    pub(super) fn edit_into_command(&mut self, asker: Asker) {
        if self.waiting_of(asker).is_some() {
            self.reply(asker, vec![Part::Plain(self.words.edit_not_taken())]);
        }
    }

    /// The waiting job that came in that message.
    fn waiting_of(&self, asker: Asker) -> Option<usize> {
        let is_it = |job: &Job| job.place.chat == asker.place.chat && job.message == asker.message;
        self.memory.queue.iter().position(is_it)
    }

    /// Drops one waiting job for its button.
    pub(super) fn drop_tapped(&mut self, job: JobId) -> String {
        let Some(index) = self.memory.queue.iter().position(|waiting| waiting.id == job) else {
            return self.words.expired();
        };
        if let Some(job) = self.memory.queue.remove(index) {
            self.prompts.remove(&job.prompt);
        }
        self.ledger.urgent();
        self.show_queue_again();
        self.words.dropped_one()
    }

    /// Empties the queue. Answers the jobs, so that their places can be told.
    pub(super) fn drop_all(&mut self) -> Vec<Job> {
        let dropped: Vec<Job> = core::mem::take(&mut self.memory.queue).into();
        if !dropped.is_empty() {
            self.ledger.urgent();
        }
        for job in &dropped {
            self.prompts.remove(&job.prompt);
        }
        self.show_queue_again();
        dropped
    }

    /// Starts the next job if nothing stands in the way.
    pub(super) fn pump(&mut self) {
        let busy = self.run.is_some() || self.draining.is_some() || self.leaving.is_some();
        if busy || self.ledger.trouble().is_some() {
            return;
        }
        if let Some(job) = self.memory.queue.pop_front() {
            self.start_job(job);
        }
    }

    fn store_prompt(&mut self, text: &str) -> BlobId {
        let id = BlobId(self.number());
        self.prompts.insert(id, Arc::from(text));
        let body: Body = Arc::from(text.as_bytes());
        self.ledger.body(id, body);
        id
    }
}

impl Asker {
    pub(super) fn of(job: &Job) -> Asker {
        Asker { place: job.place, user: job.user, message: job.message, backlog_date: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_users_costs_bounded_memory() {
        let mut rates = Rates::default();
        for user in 0..1000 {
            let now = Mono(Duration::from_secs(user as u64));
            assert_eq!(rates.take(UserId(user), 1, now), Ok(()));
        }
        assert_eq!(rates.0.len(), RATED_USERS);
        let now = Mono(Duration::from_secs(1000));
        assert!(rates.take(UserId(999), 1, now).is_err(), "the busy ones are remembered");
    }
}
