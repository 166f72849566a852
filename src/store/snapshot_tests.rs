//! The memory as it is on the disk: it comes back as it was, and stays within its bounds
//! (DESIGN.md decision 7), with every list as full as it can be.

use crate::bridge::ids::{
    BlobId, ChatId, JobId, MessageId, Place, PostId, RunId, ThreadId, UserId, ViewId,
};
use crate::bridge::memory::*;

fn uuid(n: u64) -> String {
    let tail = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("0198f2d1-{:04x}-7e01-9b5d-{:012x}", n & 0xffff, tail & 0xffff_ffff_ffff)
}

fn place(n: u64) -> Place {
    let thread = ThreadId(123_456 + n as i64);
    Place { chat: ChatId(-1_001_234_567_890 - n as i64), thread: Some(thread) }
}

fn job(n: u64, at: u64) -> Job {
    Job {
        id: JobId(1_234_567 + n),
        place: place(at),
        user: UserId(7_123_456_789 + n as i64),
        message: MessageId(1_234_567 + n as i64),
        prompt: BlobId(2_234_567 + n),
        slash_command: n.is_multiple_of(2),
        epoch: 100 + n as u32,
        resume: Some(uuid(1000 + n)),
    }
}

fn post(n: u64) -> PostRecord {
    PostRecord {
        id: PostId(1_234_567 + n),
        place: place(n % 32),
        reply_to: Some(MessageId(1_234_567 + n as i64)),
        kind: match n % 3 {
            0 => PostKind::Markdown,
            1 => PostKind::Plain,
            _ => PostKind::File { name: "report.txt".into(), caption: "a \"file\"".into() },
        },
        body: BlobId(3_234_567 + n),
        pieces_taken: n as u32 % 6,
        again: (n.is_multiple_of(2)).then_some(JobId(1_234_567 + n)),
        session: Some(uuid(2000 + n)),
    }
}

/// The most that can be remembered with nothing waiting, no id twice.
fn rested() -> Memory {
    let mut memory = Memory { next_id: 12_345_678, offset: Some(987_654_321), ..Memory::default() };
    (0..RING as u64).for_each(|n| memory.ring.add((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    memory.sessions = (0..32).map(|n| Session { place: place(n), epoch: 9, id: uuid(n) }).collect();
    memory.epochs = (0..32).map(|n| (place(n), 9)).collect();
    let gone = |n| Interrupted { job: job(n, n), token: u64::MAX - n };
    memory.interrupted =
        (100..120).map(|n| Interrupted { job: job(n, n - 100), ..gone(n) }).collect();
    let mark =
        |n: u64| AnswerMark(place(n % 32).chat, MessageId(1_000_000 + n as i64), uuid(500 + n));
    memory.answers = (0..50).map(mark).collect();
    memory.aliases =
        (0..8).map(|n| (ChatId(-4_123_456_789 - n), ChatId(-1_001_234_567_890 - n))).collect();
    memory
}

fn full() -> Memory {
    let mut memory = rested();
    let view_message = Some(MessageId(1_234_567));
    let (run, view) = (RunId(1_234_567), ViewId(1_234_568));
    memory.running = Some(Running { job: job(999, 3), run, view, view_message, answered: true });
    memory.queue = (0..50).map(|n| job(n, n % 32)).collect();
    memory.posts = (0..200).map(post).collect();
    memory
}

/// What one user in one chat has after some weeks.
fn ordinary() -> Memory {
    let mut memory = rested();
    let home = Place { chat: ChatId(7_123_456_789), thread: None };
    memory.sessions = [Session { place: home, epoch: 9, id: uuid(9) }].into();
    memory.epochs = [(home, 9)].into();
    memory.interrupted.truncate(1);
    memory.aliases.clear();
    let mark = |n: i64| AnswerMark(home.chat, MessageId(100_000 + n), uuid(n as u64 / 5));
    memory.answers = (0..50).map(mark).collect();
    memory
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    for memory in [Memory::default(), ordinary(), rested(), full()] {
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);
    }
}

#[test]
fn a_snapshot_keeps_its_size() {
    let size = |memory: &Memory| serde_json::to_vec(memory).unwrap().len();
    let sizes = [size(&ordinary()), size(&rested()), size(&full())];
    assert!(sizes[0] <= 4 * 1024 && sizes[1] <= 8 * 1024 && sizes[2] <= 64 * 1024, "{sizes:?}");
    println!("ordinary {}, nothing waiting {}, full {} bytes", sizes[0], sizes[1], sizes[2]);
}

#[test]
fn an_index_without_an_entry_is_an_error() {
    let text = serde_json::to_string(&ordinary()).unwrap();
    let wrong = text.replace("\"epochs\":[[0,", "\"epochs\":[[77,");
    assert_ne!(text, wrong);
    assert!(serde_json::from_str::<Memory>(&wrong).is_err());
}
