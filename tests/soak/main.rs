//! A month in minutes: mixed use at high speed through the real process, and what that leaves.
//!
//! One daemon lives through all of it (`month.rs`): users ask (`prompt.rs`), answer
//! (`questions.rs`), read (`reading.rs`) and do whatever else users do (`deeds.rs`), Telegram cannot be reached again
//! and again (`outage.rs`), and pigent's own time passes faster than the world's
//! (`STAND_IN_HASTE`), so that waits are short. At the end every prompt is accounted for
//! (`tally.rs`), and the process holds no more than after the first hundred jobs (`usage.rs`). A
//! second, short-lived one tells what a job costs the disk (`thrift.rs`).
//!
//! Not in here: restarts (`tests/kills`), and what long waits do (`tests/simulation`).
//!
//! `cargo test` lives through 300 jobs; `scripts/soak` through 10,000.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod deeds;
#[path = "../kills/dice.rs"]
mod dice;
mod figures;
#[path = "../support/front.rs"]
mod front;
mod month;
mod outage;
mod prompt;
mod questions;
mod reading;
mod size;
#[path = "../support/mod.rs"]
mod support;
mod tally;
mod thrift;
#[path = "../support/usage.rs"]
mod usage;

use month::Month;
use size::Size;
use std::time::Instant;
use thrift::Thrift;
use usage::Usage;

/// Jobs after which memory is looked at first. Everything that users do happens in these.
const WARM: usize = 100;
/// Looks from then on.
const PARTS: usize = 5;
/// Growth of the resident memory that is allowed from then on.
const PERCENT: u64 = 10;
/// Bytes that a job may cost the disk beside prompt and answer.
const BYTES: u64 = 32 << 10;

#[test]
fn a_month_leaves_nothing_behind() {
    let size = Size::read();
    let started = Instant::now();
    let mut month = Month::new(&size);
    month.busy_hour();
    let warm = month.live(WARM - month.figures.jobs(), 5 * WARM, outage::WAYS);
    let part = |all: usize, so_far: usize| all.saturating_sub(so_far).div_ceil(PARTS);
    let jobs = part(size.jobs, WARM);
    let (messages, outages) = (part(size.messages, 5 * WARM), part(size.outages, outage::WAYS));
    let mut after = vec![warm];
    after.extend((0..PARTS).map(|_| month.live(jobs, messages, outages)));
    let starts = tally::starts(&month);
    let orphans = tally::orphans(&month);
    let seconds = started.elapsed().as_secs();
    let thrift = Thrift::measure(&size);
    tell(&size, &month, &after, starts, &thrift, seconds);
    assert_eq!(orphans, Vec::<String>::new(), "left in the state folder");
    let end = after[PARTS];
    assert_eq!(end.leaks(&warm, PERCENT), Vec::<String>::new(), "leaks: {warm} became {end}");
    assert!(thrift.bytes() <= BYTES, "{thrift}");
}

/// One table.
fn tell(size: &Size, month: &Month, after: &[Usage], starts: usize, thrift: &Thrift, seconds: u64) {
    let figures = &month.figures;
    let figures::Figures { prompts, commands, edits, taps, strangers, messages, .. } = figures;
    let figures::Figures { answered, stopped, unbegun, refused, dropped, .. } = figures;
    let (warm, end) = (after[0], after[PARTS]);
    let percent = 100.0 * (end.resident as f64 / warm.resident as f64 - 1.0);
    let resident: Vec<String> = after.iter().map(|part| part.resident.to_string()).collect();
    let a_job = |count: u64| count as f64 / starts.max(1) as f64;
    let (cpu, written) = (a_job(end.ticks * 10), a_job(end.written));
    println!("{starts:6} jobs in {seconds} s, with time {} times as fast", size.haste);
    println!(
        "{messages:6} messages: {prompts} prompts, {commands} commands, {edits} edits, {taps} taps,"
    );
    println!("       {strangers} of strangers; {} messages of the bot", figures.read);
    println!("{:6} outages", figures.outages);
    println!("{answered:6} answered + {stopped} stopped + {unbegun} stopped before they began");
    println!("       + {refused} refused to the face + {dropped} dropped = {prompts} prompts");
    println!("{:6} lost, 0 run twice; {} final messages came in pieces or again", 0, figures.again);
    println!("{warm}, after {WARM} jobs");
    println!("{end}, at the end ({percent:+.1} %)");
    println!("       KiB resident on the way: {}", resident.join(", "));
    println!("{cpu:6.1} ms of CPU and {written:.0} bytes on the disk a job, with others waiting");
    println!("       a job with an empty queue: {thrift}");
}
