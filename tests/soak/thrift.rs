//! What one job costs the disk when nothing else is going on.

use crate::size::Size;
use crate::support::{Harness, LONG};
use crate::usage::Usage;
use pigent::emulator::{Options, daemon};
use std::fmt;
use std::time::{Duration, Instant};

/// Small news waits so long for another save; after three times that all is written.
const NEWS: Duration = Duration::from_secs(2);
/// Bytes of a prompt and of its answer.
const PROMPT: usize = 700;
const ANSWER: usize = 8 << 10;

/// What was counted, for all jobs together.
#[derive(Clone, Copy, Debug)]
pub struct Thrift {
    jobs: u64,
    bytes: u64,
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
        Thrift {
            jobs: size.thrifty as u64,
            bytes: Usage::of(pid).written - written,
            files: count("step open "),
            syncs: count("step sync"),
            snapshots: count("step rename to state.json"),
        }
    }

    /// Bytes a job, without its prompt and its answer; `None` where the file system is not on a
    /// disk.
    pub fn bytes(&self) -> Option<u64> {
        let own = (PROMPT + ANSWER) as u64;
        (self.bytes > 0).then(|| (self.bytes / self.jobs).saturating_sub(own))
    }
}

impl fmt::Display for Thrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let a_job = |count: u64| count as f64 / self.jobs as f64;
        match self.bytes() {
            Some(bytes) => write!(f, "{bytes} bytes beside prompt and answer")?,
            None => write!(f, "(not on a disk)")?,
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
