//! What became of every prompt, run and post: the simulator's own books, made from what it sees,
//! never from the bridge's.

use super::events::Who;
use super::promises::{Broken, Promise};
use core::time::Duration;
use pigent::bridge::ids::{ChatId, Gen, MessageId, PostId, RunId, ViewId};
use std::collections::{BTreeMap, BTreeSet};

/// One prompt.
#[derive(Debug, Default)]
pub struct Fate {
    pub who: Option<Who>,
    pub chat: ChatId,
    pub message: MessageId,
    /// It was handed over while its writer was on the list; and while he was not.
    pub admitted: bool,
    pub barred: bool,
    /// Every text it has had.
    pub texts: Vec<String>,
    pub runs: Vec<RunId>,
    /// Accepted taps on Run again, by the number of their update.
    pub again: BTreeSet<u64>,
    /// The reply that said no, and whether Telegram has such a one.
    pub refusals: Vec<ViewId>,
    pub refused: bool,
    pub told: bool,
    /// The newest save asked for when it was first handed over since the start: the next one has
    /// what became of it.
    pub handed: Option<Gen>,
    /// The post that tells of this refusal among others.
    pub crowd: Option<PostId>,
    /// Somebody asked for it to be dropped while it may have waited.
    pub dropped: bool,
    /// It was stopped before it began, and a post says so.
    pub unbegun: bool,
    /// It was, or may have been, the answer to a question; and the disk knows that.
    pub was_answer: bool,
    pub is_answer: bool,
}

/// One run, also one that a power cut kept from starting although the disk knew of it.
#[derive(Debug)]
pub struct Run {
    pub prompt: u64,
    pub started: Duration,
    /// It ended with "unknown session", and was repeated.
    pub unknown_session: bool,
    pub retried: bool,
    pub is_retry: bool,
    /// The disk failed meanwhile: an answer from memory may be followed by "Interrupted".
    pub troubled: bool,
    /// It has given a result that is its answer.
    pub spoke: bool,
    /// Something was done to end it; somebody asked for that before it had spoken.
    pub stopping: bool,
    pub stop_asked: bool,
    /// Posts about it, in order.
    pub posts: Vec<PostKind>,
    pub arrived: bool,
}

/// One post.
#[derive(Debug)]
pub struct Post {
    pub kind: PostKind,
    pub run: Option<RunId>,
    pub prompt: Option<u64>,
    pub durable: bool,
    pub pieces: u32,
    pub arrived: u32,
    pub refused: bool,
}

/// What a post says, by its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostKind {
    /// A result of that run.
    Result(RunId, String),
    Stopped,
    Interrupted,
    /// An error, a time-out, an empty answer.
    Verdict,
    /// Stopped before it began.
    Unbegun,
    Dropped,
    Survivors,
    Order(u64),
    PromptLost,
    Report,
}

impl PostKind {
    pub fn read(text: &str) -> PostKind {
        let first = text.chars().next().unwrap_or(' ');
        let number = |text: &str| -> Option<u64> {
            text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        match first {
            'A' | 'E' if number(&text[1..]).is_some() => {
                PostKind::Result(RunId(number(&text[1..]).unwrap()), text.to_owned())
            }
            's' if number(&text[1..]).is_some() => PostKind::Order(number(&text[1..]).unwrap()),
            '🛑' if text.contains("before it began") => PostKind::Unbegun,
            '🛑' => PostKind::Stopped,
            '⚡' => PostKind::Interrupted,
            '❌' | '⏱' | '✅' => PostKind::Verdict,
            '⚠' => PostKind::Survivors,
            _ if text.starts_with("Dropped by") => PostKind::Dropped,
            _ if text.contains("gone from the disk") => PostKind::PromptLost,
            _ => PostKind::Report,
        }
    }

    fn is_final(&self) -> bool {
        matches!(self, PostKind::Stopped | PostKind::Interrupted | PostKind::Verdict)
    }
}

/// The books.
#[derive(Debug, Default)]
pub struct Record {
    pub fates: BTreeMap<u64, Fate>,
    pub runs: BTreeMap<RunId, Run>,
    pub posts: BTreeMap<PostId, Post>,
    /// Posts that only a memory knew which a power cut ended.
    pub gone: Vec<Post>,
    /// Updates that some bridge has been given.
    pub handed: BTreeSet<u64>,
    /// Taps that were given to a bridge, by their query id: update, button, tapper.
    pub taps: BTreeMap<String, (u64, String, Who)>,
    /// What a button's number stands for, as far as it can be seen from outside.
    pub again_buttons: BTreeMap<String, u64>,
    pub stop_buttons: BTreeMap<String, RunId>,
    /// `pigent send`: what it was told.
    pub orders: BTreeMap<u64, Option<bool>>,
    /// Taps that have answered a question, by the number of their update.
    pub noted: BTreeSet<u64>,
    /// Answers to questions, and the generation that is to remember them.
    pub unsaved_answers: Vec<(Option<Gen>, u64)>,
    /// The newest save asked for, and the newest on the disk, since the start.
    pub asked: Gen,
    pub saved: Gen,
    pub newest_first_start: u64,
    pub last_post: BTreeMap<ChatId, PostId>,
    /// At some time 50 prompts could wait.
    pub was_listed: bool,
    /// The disk failed at some time.
    pub disk_failed: bool,
}

impl Record {
    /// The prompt in that message.
    pub fn prompt_in(&self, chat: ChatId, message: Option<MessageId>) -> Option<u64> {
        let (chat, message) = (one_chat(chat), message?);
        let is_it = |fate: &Fate| (fate.chat, fate.message) == (chat, message);
        self.fates.iter().find(|(_, fate)| is_it(fate)).map(|(prompt, _)| *prompt)
    }

    /// A post about a prompt was made.
    pub fn post_made(&mut self, post: &mut Post) -> Result<(), Broken> {
        if post.kind == PostKind::PromptLost {
            return broken(Promise::NoPromptLost, "the text of a prompt is gone".into());
        }
        let Some(prompt) = post.prompt else { return Ok(()) };
        let Some(fate) = self.fates.get_mut(&prompt) else { return Ok(()) };
        fate.unbegun |= post.kind == PostKind::Unbegun;
        let newest = fate.runs.last().copied();
        if post.kind == PostKind::Unbegun
            && let Some(run) = newest.and_then(|run| self.runs.get_mut(&run))
            && run.unknown_session
            && run.posts.is_empty()
        {
            // Its repetition was stopped.
            run.posts.push(PostKind::Unbegun);
            post.run = newest;
        }
        let run = match &post.kind {
            PostKind::Result(run, _) => Some(*run),
            kind if kind.is_final() => newest,
            _ => return Ok(()),
        };
        post.run = run;
        let Some(run) = run.and_then(|run| self.runs.get_mut(&run)) else {
            let kind = &post.kind;
            return broken(
                Promise::OneFinalPost,
                format!("{kind:?} for prompt {prompt}, unstarted"),
            );
        };
        run.takes(prompt, &post.kind)
    }

    /// The agent is given this answer. What it was handed over with may be older: the first part of
    /// a question waits for the second.
    pub fn answer_given(&mut self, prompt: u64) {
        let handed =
            self.fates.get(&prompt).map_or(self.asked, |fate| fate.handed.unwrap_or(self.asked));
        let by = (self.asked > handed).then_some(Gen(handed.0 + 1));
        self.unsaved_answers.push((by, prompt));
        self.answers_saved(self.saved);
    }

    /// This generation is on the disk.
    pub fn answers_saved(&mut self, saved: Gen) {
        self.saved = saved.max(self.saved);
        for (generation, prompt) in &self.unsaved_answers {
            if generation.is_some_and(|generation| generation <= saved)
                && let Some(fate) = self.fates.get_mut(prompt)
            {
                fate.is_answer = true;
            }
        }
    }

    /// The disk failed: what is not on it may be lost with the power.
    pub fn trouble(&mut self) {
        self.disk_failed = true;
        for run in self.runs.values_mut().filter(|run| !run.arrived) {
            run.troubled = true;
        }
    }
}

impl Run {
    fn takes(&mut self, prompt: u64, kind: &PostKind) -> Result<(), Broken> {
        let before = self.posts.len();
        let twice = self.posts.contains(kind) && matches!(kind, PostKind::Result(..));
        self.posts.push(kind.clone());
        if self.troubled {
            return Ok(());
        }
        if twice || (before > 0 && kind.is_final()) || self.retried {
            let how = format!("prompt {prompt} has {:?}", self.posts);
            return broken(Promise::OneFinalPost, how);
        }
        if before > 5 {
            return broken(Promise::WithinBounds, format!("{before} further results"));
        }
        if self.stop_asked && *kind == PostKind::Verdict {
            return broken(Promise::StopIsObeyed, format!("prompt {prompt} was stopped: {kind:?}"));
        }
        Ok(())
    }
}

pub fn broken<T>(promise: Promise, how: String) -> Result<T, Broken> {
    Err(Broken { promise, how })
}

/// The group has two numbers in the course of its life.
pub fn one_chat(chat: ChatId) -> ChatId {
    if chat == ChatId(-100_100) { ChatId(-100) } else { chat }
}

/// The number of the prompt in its text.
pub fn number_in(text: &str) -> Option<u64> {
    let word = text.split(' ').find(|word| word.starts_with('k') && word.len() > 1)?;
    word[1..].parse().ok()
}
