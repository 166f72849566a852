//! How fast and how small the real daemon is, beside the numbers it has to reach.
//!
//! The program named by `PIGENT_BIN`, or the one cargo has built, runs as a child against the
//! in-process stand-in for the Bot API; the agent is this very program (`agent.rs`), so that a
//! build for a board, which has no stand-in in it, can be measured too. Nothing is asserted:
//! `scripts/measure` prints this table and that of the parser together.
//!
//! Words on the command line choose parts: `start`, `event`, `stop`, `idle`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod agent;
mod closet;
mod idle;
mod latency;
mod tls;

use std::path::PathBuf;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some([mode, stamps]) = words.get(..2)
        && mode == "agent"
    {
        return agent::main(stamps.as_ref());
    }
    let parts: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let program = program();
    let size = std::fs::metadata(&program).map_or(0, |found| found.len());
    println!("binary {} KiB: {}", size / 1024, program.display());
    if wanted("start") {
        latency::start(&program);
    }
    if wanted("event") {
        latency::event(&program);
    }
    if wanted("stop") {
        latency::stop(&program);
    }
    if wanted("idle") {
        idle::measure(&program);
    }
}

fn program() -> PathBuf {
    let given = std::env::var_os("PIGENT_BIN").filter(|path| !path.is_empty());
    given.unwrap_or_else(|| env!("CARGO_BIN_EXE_pigent").into()).into()
}

/// Prints one line of the table: a number, and the one to reach.
fn row(what: &str, value: f64, most: f64, unit: &str, details: &str) {
    let verdict = if value <= most { "reached" } else { "MISSED" };
    println!(
        "{what:<46}{value:>9.2} {unit:<4} at most {most:>6.1} {unit:<4} {verdict:<8}{details}"
    );
}

/// The same for several rounds: their median counts, the worst is told.
fn row_of(what: &str, mut rounds: Vec<f64>, most: f64, unit: &str) {
    rounds.sort_by(f64::total_cmp);
    let worst = rounds.last().copied().unwrap_or(f64::NAN);
    let details = format!("(worst of {}: {worst:.2})", rounds.len());
    row(what, median(rounds), most, unit, &details);
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN)
}
