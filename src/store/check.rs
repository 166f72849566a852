//! A snapshot that could be parsed is still only bytes from a disk: here it is made true again.
//!
//! No I/O: the caller says which bodies there are. Everything that has to be dropped is told, one
//! sentence for all records of a kind.

use crate::bridge::ids::{BlobId, JobId};
use crate::bridge::memory::{Interrupted, Job, Memory};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// Waiting jobs that a snapshot may hold: `PIGENT_QUEUE_MAX` must not be higher.
pub const QUEUE_LIMIT: usize = 1000;
/// Waiting posts: five times what the bridge keeps.
const POSTS: usize = 1000;
/// Everything else: at least twice what the bridge keeps, which trims to its own bounds.
const OTHERS: usize = 100;

/// Drops what no pigent can have written: records past any bound, and ids that stand for two
/// things.
pub(super) fn bound(memory: &mut Memory, reports: &mut Vec<String>) {
    let why = "the saved state contradicted itself";
    let mut seen: HashSet<JobId> = memory.running.iter().map(|running| running.job.id).collect();
    let before = memory.queue.len();
    memory.queue.retain(|job| seen.insert(job.id));
    memory.queue.truncate(QUEUE_LIMIT);
    tell(reports, before - memory.queue.len(), "waiting prompt", why);
    let mut seen = HashSet::new();
    let before = memory.posts.len();
    memory.posts.retain(|post| seen.insert(post.id));
    memory.posts.truncate(POSTS);
    tell(reports, before - memory.posts.len(), "waiting answer", why);
    let mut seen = HashSet::new();
    memory.interrupted.retain(|gone| seen.insert(gone.job.id));
    keep_newest(&mut memory.interrupted);
    keep_newest(&mut memory.sessions);
    keep_newest(&mut memory.epochs);
    keep_newest(&mut memory.answers);
    keep_newest(&mut memory.aliases);
}

/// Drops records whose body is not there.
pub(super) fn drop_missing(
    memory: &mut Memory,
    bodies: &BTreeSet<BlobId>,
    reports: &mut Vec<String>,
) {
    let there = |job: &Job| bodies.contains(&job.prompt);
    let why = "the file of its text is missing or unreadable";
    let before = memory.queue.len();
    memory.queue.retain(there);
    tell(reports, before - memory.queue.len(), "waiting prompt", why);
    let before = memory.posts.len();
    memory.posts.retain(|post| bodies.contains(&post.body));
    tell(reports, before - memory.posts.len(), "waiting answer", why);
    let before = memory.interrupted.len();
    memory.interrupted.retain(|gone: &Interrupted| there(&gone.job));
    tell(reports, before - memory.interrupted.len(), "interrupted prompt", why);
    // Its text is only needed to run it again. Who asked must hear that it was interrupted.
    if memory.running.as_ref().is_some_and(|running| !there(&running.job)) {
        memory.running = None;
        tell(reports, 1, "prompt that was running", why);
    }
}

/// Ids are never given out twice, whatever the counter says.
pub(super) fn raise_next_id(memory: &mut Memory, bodies: &BTreeSet<BlobId>) {
    let running = memory.running.iter().flat_map(|running| {
        [running.job.id.0, running.job.prompt.0, running.run.0, running.view.0]
    });
    let jobs = memory.queue.iter().chain(memory.interrupted.iter().map(|gone| &gone.job));
    let jobs = jobs.flat_map(|job| [job.id.0, job.prompt.0]);
    let posts = memory.posts.iter().flat_map(|post| [post.id.0, post.body.0]);
    let bodies = bodies.iter().map(|id| id.0);
    let newest = running.chain(jobs).chain(posts).chain(bodies).max().unwrap_or(0);
    memory.next_id = memory.next_id.max(newest.saturating_add(1));
}

fn keep_newest<T>(records: &mut VecDeque<T>) {
    let extra = records.len().saturating_sub(OTHERS);
    records.drain(..extra);
}

fn tell(reports: &mut Vec<String>, lost: usize, what: &str, why: &str) {
    match lost {
        0 => {}
        1 => reports.push(format!("1 {what} was lost: {why}.")),
        _ => reports.push(format!("{lost} {what}s were lost: {why}.")),
    }
}
