//! What must survive a power cut: plain structs, written as one snapshot by `store/`.
//!
//! Prompts and answers are not in here, only the ids of their bodies in `blobs/`, so that the
//! snapshot stays under 8 KiB with an empty queue and under 64 KiB with every bound full
//! (DESIGN.md decision 7; a test fills every bound and measures). How they are written is the
//! business of `packed.rs`.

use super::ids::{BlobId, ChatId, JobId, MessageId, Place, PostId, RunId, UserId, ViewId};
use super::packed::Packed;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The snapshot's version. A snapshot with another one is set aside, never guessed at.
pub const VERSION: u32 = 1;

/// Everything that is remembered. `packed.rs` says how it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Packed")]
pub struct Memory {
    /// [`VERSION`].
    pub version: u32,
    /// The next unused number for jobs, runs, views, posts and bodies alike.
    pub next_id: u64,
    /// The next offset for `getUpdates`; `None` before the first update.
    pub offset: Option<i64>,
    /// Fingerprints of the last accepted updates.
    pub ring: Ring,
    /// The job whose run was started, or is about to be.
    pub running: Option<Running>,
    /// Waiting jobs, first in first out.
    pub queue: VecDeque<Job>,
    /// Posts that are not complete, in order.
    pub posts: VecDeque<PostRecord>,
    /// The newest session of each place.
    pub sessions: VecDeque<Session>,
    /// How often a place was told `/new`; kept only while it is not zero.
    pub epochs: VecDeque<(Place, u32)>,
    /// Prompts whose run a restart interrupted, newest last, with a button to run them again.
    pub interrupted: VecDeque<Interrupted>,
    /// Which session an answer's message belongs to, newest last, so that a reply to it goes on
    /// there.
    pub answers: VecDeque<AnswerMark>,
    /// Groups that became supergroups: old id, new id.
    pub aliases: VecDeque<(ChatId, ChatId)>,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            version: VERSION,
            next_id: 1,
            offset: None,
            ring: Ring::default(),
            running: None,
            queue: VecDeque::new(),
            posts: VecDeque::new(),
            sessions: VecDeque::new(),
            epochs: VecDeque::new(),
            interrupted: VecDeque::new(),
            answers: VecDeque::new(),
            aliases: VecDeque::new(),
        }
    }
}

impl Serialize for Memory {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Packed::from(self).serialize(serializer)
    }
}

impl Memory {
    /// Every body this memory names: what `blobs/` must hold, and all it may hold.
    pub fn bodies(&self) -> impl Iterator<Item = BlobId> + '_ {
        let running = self.running.iter().map(|running| running.job.prompt);
        let queue = self.queue.iter().map(|job| job.prompt);
        let posts = self.posts.iter().map(|post| post.body);
        let interrupted = self.interrupted.iter().map(|gone| gone.job.prompt);
        running.chain(queue).chain(posts).chain(interrupted)
    }

    /// The bodies the bridge itself needs as text at start: prompts, not posts.
    pub fn prompts(&self) -> impl Iterator<Item = BlobId> + '_ {
        let running = self.running.iter().map(|running| running.job.prompt);
        let queue = self.queue.iter().map(|job| job.prompt);
        let interrupted = self.interrupted.iter().map(|gone| gone.job.prompt);
        running.chain(queue).chain(interrupted)
    }
}

/// A prompt on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where it was asked and is answered.
    pub place: Place,
    /// Who asked.
    pub user: UserId,
    /// The message it came in.
    pub message: MessageId,
    /// Its text.
    pub prompt: BlobId,
    /// One of Claude's own slash commands, meant as such.
    pub slash_command: bool,
    /// The `/new` count of its place when it was asked: it goes on in that conversation, not in
    /// one that was begun later.
    pub epoch: u32,
    /// The session of the answer it replied to.
    pub resume: Option<String>,
}

/// The job that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub job: Job,
    /// Its run.
    pub run: RunId,
    /// Its live message.
    pub view: ViewId,
    /// The Telegram message of that view, once it is known.
    pub view_message: Option<MessageId>,
    /// Its final post was queued: a restart has nothing to report.
    pub answered: bool,
}

/// A post that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRecord {
    /// Its id.
    pub id: PostId,
    /// Where.
    pub place: Place,
    /// What it answers.
    pub reply_to: Option<MessageId>,
    /// How its body is read.
    pub kind: PostKind,
    /// Its bytes.
    pub body: BlobId,
    /// Pieces that Telegram has taken.
    pub pieces_taken: u32,
    /// The interrupted job whose "Run again" button it carries.
    pub again: Option<JobId>,
    /// The session its messages belong to.
    pub session: Option<String>,
}

/// See [`super::effect::Format`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostKind {
    /// The agent's Markdown.
    #[serde(rename = "md")]
    Markdown,
    /// pigent's own words.
    #[serde(rename = "txt")]
    Plain,
    /// A file.
    #[serde(rename = "file")]
    File {
        /// Its name.
        name: String,
        /// Text under it.
        caption: String,
    },
}

/// The newest session of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which place.
    pub place: Place,
    /// Which of its conversations ([`Job::epoch`]).
    pub epoch: u32,
    /// Claude's id.
    pub id: String,
}

/// A prompt whose run was interrupted by a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The job as it was.
    pub job: Job,
    /// The token of its "Run again" button: it must work after any number of restarts.
    pub token: u64,
}

/// A message of an answer and the session that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerMark(
    /// The chat.
    pub ChatId,
    /// The message.
    pub MessageId,
    /// Claude's session id.
    pub String,
);

/// How many updates the ring remembers: more than ten full batches.
pub const RING: usize = 256;

/// Digits of a fingerprint: 42 bits, six to a digit. A new update is taken for one of the 256
/// old ones by chance once in 10^10 updates.
const DIGITS: usize = 7;

/// Fingerprints of the last [`RING`] accepted updates, oldest first, in less than 2 KiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ring(VecDeque<u64>);

impl Ring {
    /// Whether `mark` is remembered.
    #[must_use]
    pub fn holds(&self, mark: u64) -> bool {
        self.0.contains(&(mark & MASK))
    }

    /// Remembers `mark`, and forgets the oldest one if there are [`RING`] already.
    pub fn add(&mut self, mark: u64) {
        if self.0.len() >= RING {
            self.0.pop_front();
        }
        self.0.push_back(mark & MASK);
    }

    /// Forgets `mark`: what it stood for was not accepted after all.
    pub fn remove(&mut self, mark: u64) {
        self.0.retain(|known| *known != mark & MASK);
    }
}

const MASK: u64 = (1 << (6 * DIGITS)) - 1;

/// The character for six bits.
pub(super) fn letter(digit: u8) -> u8 {
    ALPHABET[usize::from(digit & 63)]
}

/// The six bits a character stands for.
pub(super) fn digit(letter: u8) -> Option<u8> {
    ALPHABET.iter().position(|other| *other == letter).map(|digit| digit as u8)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Serialize for Ring {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.0.len() * DIGITS);
        for mark in &self.0 {
            for digit in (0..DIGITS).rev() {
                text.push(char::from(letter((mark >> (6 * digit)) as u8)));
            }
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Ring {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut ring = Ring::default();
        for group in text.as_bytes().chunks(DIGITS) {
            let mut mark = 0;
            for byte in group {
                let digit = digit(*byte);
                let digit =
                    digit.ok_or_else(|| serde::de::Error::custom("not a ring of updates"))?;
                mark = mark << 6 | u64::from(digit);
            }
            ring.add(mark);
        }
        Ok(ring)
    }
}
