//! A deterministic simulator: a whole deployment in one thread, with a virtual clock.
//!
//! Because `src/bridge/` is pure, everything around it can be a model: users, Telegram with its
//! poller and outbox, the agent, the disk, the power. A seed makes a story (`events.rs`,
//! `generate.rs`), the story runs (`world.rs`), and after every step the promises of
//! `promises.rs` are checked. A story that breaks one is shortened and printed so that it can be
//! pasted into `stories.rs`. `mutations.rs` proves that the simulator finds bugs.
//!
//! Not here: threads, sockets, files and processes. They have tests of their own.
//!
//! `cargo test --test simulation` runs a fixed set of seeds; `scripts/simulate` as many as one
//! likes.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod agent;
mod books;
mod clock;
mod disk;
mod effects;
mod events;
mod generate;
mod lamps;
mod mutations;
mod network;
mod outbox;
mod promises;
mod record;
mod rest;
mod stories;
mod telegram;
mod tell;
mod users;
mod world;

use pigent::bridge::input::Input;
use std::time::Instant;

/// Seeds of every `cargo test`.
const SEEDS: u64 = 1500;
/// Failures that are shortened and printed.
const SHOWN: usize = 3;

/// A number from the environment, for `scripts/simulate`.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn the_promises_hold_whatever_happens() {
    let (first, count) = (number("PIGENT_SIMULATE_FIRST").unwrap_or(0), number("PIGENT_SIMULATE"));
    let count = count.unwrap_or(SEEDS);
    let started = Instant::now();
    let (ran, found) = tell::seeds(first, count, SHOWN);
    let seconds = started.elapsed().as_secs_f64();
    for (seed, broken) in &found {
        let story = tell::shorten(&generate::story(*seed), broken.promise, None);
        let broken = tell::run(&story, None).unwrap_or(broken.clone());
        println!("seed {seed}: {broken}\n{}", tell::print(&story));
        if found.len() == 1 && count == 1 {
            tell::aloud(&story);
        }
    }
    println!(
        "simulated {ran} runs from seed {first} in {seconds:.1} s: {:.0} runs/s, {} promises, {} broken",
        ran as f64 / seconds,
        promises::ALL.len(),
        found.len()
    );
    assert!(found.is_empty(), "a promise is broken: see above");
}
