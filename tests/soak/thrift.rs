//! What one job costs the disk when nothing else is going on.

use crate::size::Size;
use crate::support::{Harness, LONG};
use crate::usage::Usage;
use pigent::emulator::{Options, daemon};
use std::fmt;
use std::time::{Duration, Instant};

/// Small news waits so long for another save; after three times that all is written.
const NEWS: Duration = Duration::from_secs(2);
/// A file takes whole blocks of the disk.
const BLOCK: u64 = 4096;
/// Bytes of a prompt and of its answer.
const PROMPT: usize = 700;
const ANSWER: usize = 8 << 10;

/// What was counted, for all jobs together.
#[derive(Clone, Copy, Debug)]
pub struct Thrift {
    jobs: u64,
    /// In the blocks of its files.
    bytes: u64,
    /// As the kernel counts: also of what it keeps about files, as often as it has to write that
    /// anew. So a neighbour that syncs all the time makes it twice as much.
    counted: u64,
    files: u64,
    syncs: u64,
    snapshots: u64,
}

impl Thrift {
    /// One job after the other, each until nothing more is written.
    pub fn measure(size: &Size) -> Thrift {
        let options = Options { flood: false, poll_quirks: false, ..Options::default() };
        let haste = size.haste.to_string();
        let settings = [
            ("PIGENT_RATE_LIMIT", "0"),
            ("PIGENT_LOG", "warn"),
            ("STAND_IN_HASTE", &haste),
            ("STAND_IN_STEPS", "1"),
        ];
        let mut harness = Harness::prepare_of(&size.program, options, &settings);
        harness.launch();
        let quiet = NEWS * 3 / size.haste;
        // The first job makes files that later ones find.
        job(&harness, 0, quiet);
        let (pid, before) = (harness.pid().expect("a daemon"), steps(&harness));
        let written = Usage::of(pid).written;
        for nth in 1..=size.thrifty {
            job(&harness, nth, quiet);
        }
        let all = steps(&harness).split_off(before.len());
        let count = |what: &str| all.iter().filter(|step| step.starts_with(what)).count() as u64;
        assert_eq!(sizes(&all).count() as u64, count("step open "), "a size for each file");
        Thrift {
            jobs: size.thrifty as u64,
            bytes: sizes(&all).map(|size| size.div_ceil(BLOCK) * BLOCK).sum(),
            counted: Usage::of(pid).written - written,
            files: count("step open "),
            syncs: count("step sync"),
            snapshots: count("step rename to state.json"),
        }
    }

    /// Bytes a job, without its prompt and its answer.
    pub fn bytes(&self) -> u64 {
        let own = (PROMPT + ANSWER) as u64;
        (self.bytes / self.jobs).saturating_sub(own)
    }
}

/// The sizes of the files that were written.
fn sizes(steps: &[String]) -> impl Iterator<Item = u64> {
    steps.iter().filter_map(|step| step.strip_prefix("step size ")?.parse().ok())
}

impl fmt::Display for Thrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let a_job = |count: u64| count as f64 / self.jobs as f64;
        write!(f, "{} bytes beside prompt and answer", self.bytes())?;
        match self.counted / self.jobs {
            0 => write!(f, " (not on a disk)")?,
            all => write!(f, " (the kernel counts {all} in all)")?,
        }
        let (files, syncs) = (a_job(self.files), a_job(self.syncs));
        let snapshots = a_job(self.snapshots);
        write!(f, ", {files:.1} files, {syncs:.1} syncs, {snapshots:.1} snapshots")
    }
}

fn job(harness: &Harness, nth: usize, quiet: Duration) {
    let text = format!("{:<PROMPT$}", format!("long 8.{nth:06}"));
    let prompt = harness.say(text.trim_end());
    harness.answer(prompt);
    let mut last = (steps(harness).len(), Instant::now());
    let written = daemon::until(LONG, || {
        let now = steps(harness).len();
        if now > last.0 {
            last = (now, Instant::now());
        }
        (last.1.elapsed() > quiet).then_some(())
    });
    assert!(written.is_some(), "it never stops writing");
}

fn steps(harness: &Harness) -> Vec<String> {
    let log = harness.last_log();
    log.lines().filter(|line| line.starts_with("step ")).map(str::to_owned).collect()
}
