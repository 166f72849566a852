//! The real process under `kill -9`: whatever the moment, no prompt is lost and none runs twice.
//!
//! Several closets live side by side (`closet.rs`): in each, a user writes, and the daemon is
//! killed again and again, at moments picked by a seed (`moment.rs`), between all steps of a write
//! to the disk among them. After each kill the snapshot is read (`disk.rs`), at the end every
//! prompt is accounted for (`tally.rs`). The daemon's own time decides what exactly a moment hits,
//! so a seed does not repeat a story to the letter; a failure prints the story with it.
//!
//! What it takes for granted: SIGKILL leaves the page cache, so syncs that are missing are not found
//! here but in `src/store/crash.rs`.
//!
//! `cargo test` makes 200 kills; `scripts/kills N` makes as many as one likes.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod closet;
mod dice;
mod disk;
mod moment;
mod prompt;
#[path = "../support/mod.rs"]
mod support;
mod tally;

use closet::Closet;
use dice::Dice;
use moment::Steps;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tally::Figures;

/// Kills in CI.
const KILLS: u64 = 200;
/// Kills a closet goes through before a new one takes its place.
const A_CLOSET: u64 = 25;
/// Closets at a time. Most of their time is waiting.
const SIDE_BY_SIDE: u64 = 6;

#[test]
fn no_prompt_is_lost_or_run_twice_whenever_the_process_is_killed() {
    let kills = number("KILLS").unwrap_or(KILLS);
    let seed = number("SEED").unwrap_or(1);
    let closets = kills.div_ceil(A_CLOSET);
    let (next, steps, all) = (AtomicU64::new(0), Steps::default(), Mutex::new(Figures::default()));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(closets) {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::SeqCst);
                    // A loaded machine misses moments: then a few more closets hit them.
                    let missed = kills >= KILLS && !all.lock().unwrap().missed().is_empty();
                    if nth >= if missed { 2 * closets } else { closets } {
                        return;
                    }
                    let dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(nth));
                    let quota = if nth < closets { kills - nth * A_CLOSET } else { A_CLOSET };
                    let quota = A_CLOSET.min(quota);
                    let figures = Closet::new(dice, &steps).live(quota);
                    all.lock().unwrap().add(figures);
                }
            });
        }
    });
    let figures = all.into_inner().unwrap();
    println!("{figures}");
    assert!(figures.kills >= kills);
    if kills >= KILLS {
        assert_eq!(figures.missed(), Vec::<&str>::new(), "no kill there");
    }
}

/// A number from the environment, for longer runs and other seeds.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}
