//! Accounting: every prompt against every start of an agent and every message.

use crate::closet::Closet;
use crate::moment;
use crate::prompt::{CHATS, Kind, Outcome, Prompt};
use pigent::emulator::{Message, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Parts of an answer to `long 8`.
const PARTS: usize = 50;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub kills: u64,
    pub prompts: u64,
    pub starts: u64,
    pub answered: u64,
    pub interrupted: u64,
    /// Interrupted before the agent had the prompt: sent less started.
    pub unstarted: u64,
    /// Final messages that came again.
    pub repeated: u64,
    /// The most often that one came.
    pub most: u64,
    /// Processes that outlived their daemon, and not its next start.
    pub left_over: u64,
    pub moments: BTreeMap<String, u64>,
    pub steps: BTreeMap<String, u64>,
}

impl Figures {
    pub fn add(&mut self, other: Figures) {
        self.kills += other.kills;
        self.prompts += other.prompts;
        self.starts += other.starts;
        self.answered += other.answered;
        self.interrupted += other.interrupted;
        self.unstarted += other.unstarted;
        self.repeated += other.repeated;
        self.most = self.most.max(other.most);
        self.left_over += other.left_over;
        for (name, count) in other.moments {
            *self.moments.entry(name).or_default() += count;
        }
        for (name, count) in other.steps {
            *self.steps.entry(name).or_default() += count;
        }
    }

    /// Moments and kinds of steps that were not hit.
    pub fn missed(&self) -> Vec<&'static str> {
        let moments = moment::ALL.iter().map(|moment| moment.name());
        let moments = moments.filter(|name| !self.moments.contains_key(*name));
        let hit = |kind: &&str| self.steps.keys().any(|name| name.starts_with(*kind));
        let steps = moment::KINDS.into_iter().filter(|kind| !hit(kind));
        moments.chain(steps).collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:6} kills, 0 snapshots unreadable", self.kills)?;
        for (name, count) in self.moments.iter().chain(&self.steps) {
            writeln!(f, "       {count:6} {name}")?;
        }
        writeln!(f, "{:6} prompts sent", self.prompts)?;
        writeln!(f, "       {:6} runs started", self.starts)?;
        writeln!(f, "       {:6} interrupted before the agent had them", self.unstarted)?;
        writeln!(f, "{:6} answered + {} reported as interrupted", self.answered, self.interrupted)?;
        writeln!(f, "{:6} lost, 0 run twice", 0)?;
        writeln!(f, "{:6} final messages came again, one {} times", self.repeated, self.most)?;
        write!(f, "{:6} processes outlived their daemon, 0 its next start", self.left_over)
    }
}

/// Every outcome of a prompt, as the chat shows it.
pub fn outcomes(world: &World, prompt: &Prompt) -> Vec<Result<Outcome, String>> {
    let replies = world
        .from_bot(prompt.chat)
        .into_iter()
        .filter(|message| message.reply_to == Some(prompt.message) && !message.silent);
    replies.map(|reply| prompt.judge(reply).ok_or_else(|| reply.text().to_owned())).collect()
}

/// All prompts of a closet that has come to rest. Panics with the first that is not accounted for.
pub fn account(closet: &Closet) -> Figures {
    let mut figures = Figures { prompts: closet.prompts.len() as u64, ..Figures::default() };
    closet.harness.server.look(|world| {
        for prompt in &closet.prompts {
            outcome_of(closet, world, prompt, &mut figures);
        }
        check_pieces(closet, world);
    });
    count_starts(closet, &mut figures);
    figures
}

fn outcome_of(closet: &Closet, world: &World, prompt: &Prompt, figures: &mut Figures) {
    let all = outcomes(world, prompt);
    if let Some(Err(text)) = all.iter().find(|one| one.is_err()) {
        closet.fail(&format!("{prompt:?} was answered by {text:?}"));
    }
    let all: Vec<Outcome> = all.into_iter().flatten().collect();
    let Some(first) = all.first() else { closet.fail(&format!("LOST: {prompt:?}")) };
    if all.iter().any(|other| other != first) {
        closet.fail(&format!("{prompt:?} was answered and reported as interrupted"));
    }
    // Two results are two messages, and the first of them is the final post.
    let twice = prompt.kind == Kind::TwoResults && *first == Outcome::Answered;
    let repeated = if twice { 0 } else { all.len() as u64 - 1 };
    figures.repeated += repeated;
    figures.most = figures.most.max(repeated + 1);
    let started = closet.harness.count_starts(&prompt.text);
    match first {
        Outcome::Answered => {
            figures.answered += 1;
            if started == 0 {
                closet.fail(&format!("{prompt:?} was answered and never started"));
            }
        }
        Outcome::Interrupted => {
            figures.interrupted += 1;
        }
    }
}

/// Never more starts than prompts, in the order of the prompts, each under a number of its own.
fn count_starts(closet: &Closet, figures: &mut Figures) {
    let starts = closet.harness.starts();
    figures.starts = starts.len() as u64;
    figures.unstarted = figures.prompts.saturating_sub(figures.starts);
    if figures.unstarted > figures.interrupted {
        closet.fail("more prompts were never started than are reported as interrupted");
    }
    let mut runs = BTreeSet::new();
    let mut last = None;
    for start in &starts {
        if !runs.insert(&start.run) {
            closet.fail(&format!("the run {} was started twice", start.run));
        }
        let mut places = closet.prompts.iter().enumerate();
        let place = places.find(|(nth, prompt)| prompt.text == start.prompt && Some(*nth) > last);
        // Not found: it was started before, or out of turn.
        let Some((place, _)) = place else {
            closet.fail(&format!("TWICE or out of turn: {start:?}"));
        };
        last = Some(place);
    }
}

/// An answer of several messages came with all its parts.
fn check_pieces(closet: &Closet, world: &World) {
    for chat in CHATS {
        let pieces = |prompt: &&Prompt| prompt.kind == Kind::Pieces && prompt.chat == chat;
        let Some(prompt) = closet.prompts.iter().find(pieces) else { continue };
        if outcomes(world, prompt).contains(&Ok(Outcome::Interrupted)) {
            continue;
        }
        let posts: Vec<&Message> =
            world.from_bot(chat).into_iter().filter(|message| !message.silent).collect();
        for part in 1..=PARTS {
            let part = format!("Part {part}\n");
            if !posts.iter().any(|post| post.text().contains(&part)) {
                closet.fail(&format!("LOST: {part:?} of the answer in chat {chat}"));
            }
        }
    }
}
