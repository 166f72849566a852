//! How long a month is: small for every `cargo test`, as long as one likes by `scripts/soak`.

use crate::outage::WAYS;
use crate::support::program;
use std::path::PathBuf;

#[derive(Debug)]
pub struct Size {
    pub jobs: usize,
    pub messages: usize,
    pub outages: usize,
    pub seed: u64,
    /// How much faster than the world.
    pub haste: u32,
    /// The pigent that lives through it.
    pub program: PathBuf,
    /// Jobs of the closet whose disk is looked at.
    pub thrifty: usize,
}

impl Size {
    /// From the environment: `JOBS` (300), `SEED`, `HASTE`, `BINARY`. There are five times as many
    /// messages, and an outage for every fifty jobs, but each way at least once.
    pub fn read() -> Size {
        let jobs = number("JOBS").unwrap_or(300);
        Size {
            jobs,
            messages: 5 * jobs,
            outages: (jobs / 50).max(WAYS + WAYS / 3),
            seed: number("SEED").unwrap_or(1) as u64,
            haste: number("HASTE").unwrap_or(20) as u32,
            program: program(),
            thrifty: (jobs / 50).clamp(10, 100),
        }
    }
}

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}
