//! Ends processes until two looks in a row find none.
//!
//! One look catches no process that is forked while it looks, hence two. It never waits by
//! itself: the loop calls [`Sweep::round`] whenever [`Sweep::due`] has come. Who is to be ended
//! is [`super::tree`]'s business.

use super::cgroup::Group;
use super::proc::{Identity, Process, World};
use super::tree::Prey;
use core::time::Duration;
use rustix::process::Signal;
use std::collections::HashMap;
use tokio::time::Instant;

/// Between two looks: long enough for killed processes to be gone, short for a human.
const PAUSE: Duration = Duration::from_millis(50);

/// After this, what is left is reported and given up.
const LIMIT: Duration = Duration::from_secs(5);

/// Processes that are named; the rest is counted.
const LISTED: usize = 10;

/// A sweep under way.
#[derive(Debug)]
pub struct Sweep {
    prey: Prey,
    began: Instant,
    due: Instant,
    /// SIGTERM, once each, instead of SIGKILL for so long.
    gentle: Duration,
    /// Looks in a row that found nothing.
    empty: u8,
    seen: HashMap<Identity, String>,
}

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// What it found, as `name (pid)`: ten at most, then how many more.
    pub found: Vec<String>,
    /// What would not die in five seconds, told in the same way.
    pub survivors: Vec<String>,
}

impl Sweep {
    /// To begin at `now`.
    #[must_use]
    pub fn new(prey: Prey, gentle: Duration, now: Instant) -> Sweep {
        Sweep { prey, began: now, due: now, gentle, empty: 0, seen: HashMap::new() }
    }

    /// When the next look is due.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Looks, signals what is there, reaps what has ended except `unreaped` (somebody else waits
    /// for it). `Some` once it is over.
    pub fn round(
        &mut self,
        now: Instant,
        world: &impl World,
        unreaped: Option<i32>,
    ) -> Option<Swept> {
        let all = world.processes();
        let victims = self.prey.victims(world, &all, |id| self.seen.contains_key(id));
        let alive: Vec<&Process> = victims.iter().filter(|process| !process.zombie).collect();
        let at_once = self.prey.group().is_some_and(Group::kill);
        for process in &alive {
            self.end(process, now, world, at_once);
        }
        reap(world, &all, unreaped);
        let mut left: Vec<String> = alive.iter().map(|victim| victim.label()).collect();
        // The cgroup knows better: /proc may hide what has become another user's.
        if let Some(group) =
            self.prey.group().filter(|group| left.is_empty() && group.is_populated())
        {
            left.push(format!("something in {}", group.name()));
        }
        self.empty = if left.is_empty() { self.empty + 1 } else { 0 };
        self.due = now + PAUSE;
        if self.empty < 2 && now < self.began + LIMIT {
            return None;
        }
        Some(Swept {
            found: listed(self.seen.values().cloned().collect()),
            survivors: listed(left),
        })
    }

    /// Signals a process, unless its cgroup has been killed `at_once`.
    fn end(&mut self, process: &Process, now: Instant, world: &impl World, at_once: bool) {
        let first = self.seen.insert(process.id, process.label()).is_none();
        if at_once {
            return;
        }
        if now >= self.began + self.gentle {
            world.signal(process, Signal::KILL);
        } else if first {
            world.signal(process, Signal::TERM);
        }
    }
}

/// In order, and at most [`LISTED`] of them.
fn listed(mut labels: Vec<String>) -> Vec<String> {
    labels.sort();
    if let Some(more) = labels.len().checked_sub(LISTED).filter(|more| *more > 0) {
        labels.truncate(LISTED);
        labels.push(format!("… and {more} more"));
    }
    labels
}

/// Reaps every ended child of pigent among `all` except `unreaped`. By pid: waiting for any
/// child would take the agent's exit away from who waits for it.
pub fn reap(world: &impl World, all: &[Process], unreaped: Option<i32>) {
    let me = rustix::process::getpid().as_raw_nonzero().get();
    let ended = |process: &&Process| process.zombie && process.parent == me;
    for process in all.iter().filter(ended) {
        if Some(process.id.pid) != unreaped {
            world.reap(process);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, MARK};
    use super::super::tree::Tree;
    use super::*;
    use crate::bridge::ids::RunId;

    fn me() -> i32 {
        rustix::process::getpid().as_raw_nonzero().get()
    }

    /// A run with a root (100) and a child of it (101).
    fn run() -> (Fake, Prey) {
        let mut fake = Fake::new();
        fake.add(100, me(), 100, Some(MARK));
        fake.add(101, 100, 101, None);
        let root = Identity { pid: 100, started: 100 };
        (fake, Prey::Run(Tree::new(0xab, RunId(1), root, &[])))
    }

    /// Looks at due times until it is over: what it did, and after how long.
    fn finish(sweep: &mut Sweep, fake: &Fake, unreaped: Option<i32>) -> (Swept, Duration) {
        let began = sweep.due();
        loop {
            let now = sweep.due();
            if let Some(swept) = sweep.round(now, fake, unreaped) {
                return (swept, now - began);
            }
        }
    }

    #[test]
    fn it_is_over_after_two_empty_looks() {
        let (fake, prey) = run();
        let mut sweep = Sweep::new(prey, Duration::ZERO, Instant::now());
        let (swept, took) = finish(&mut sweep, &fake, Some(100));
        assert_eq!(swept.found, ["p100 (100)", "p101 (101)"]);
        assert_eq!(swept.survivors, Vec::<String>::new());
        assert_eq!(took, 2 * PAUSE);
        assert_eq!(*fake.sent.borrow(), [(100, Signal::KILL), (101, Signal::KILL)]);
    }

    #[test]
    fn a_process_that_appears_between_two_looks_is_ended() {
        let (mut fake, prey) = run();
        let now = Instant::now();
        let mut sweep = Sweep::new(prey, Duration::ZERO, now);
        assert_eq!(sweep.round(now, &fake, None), None);
        assert_eq!(sweep.round(now + PAUSE, &fake, None), None);
        fake.add(102, me(), 102, None);
        assert_eq!(sweep.round(now + 2 * PAUSE, &fake, None), None);
        assert!(fake.sent.borrow().contains(&(102, Signal::KILL)));
        assert_eq!(sweep.round(now + 3 * PAUSE, &fake, None), None);
        assert!(sweep.round(now + 4 * PAUSE, &fake, None).is_some());
    }

    /// The cgroup of a run, with its one process (101).
    fn group(dir: &tempfile::TempDir) -> Prey {
        std::fs::write(dir.path().join("cgroup.procs"), "101\n").unwrap();
        Prey::Group(Group::at(dir.path().to_owned()))
    }

    #[test]
    fn a_cgroup_is_killed_as_a_whole_and_nothing_outside_is() {
        let (fake, _) = run();
        let dir = tempfile::tempdir().unwrap();
        let mut sweep = Sweep::new(group(&dir), Duration::ZERO, Instant::now());
        assert_eq!(sweep.round(Instant::now(), &fake, None), None);
        assert_eq!(std::fs::read_to_string(dir.path().join("cgroup.kill")).unwrap(), "1");
        assert_eq!(*fake.sent.borrow(), []);
        std::fs::write(dir.path().join("cgroup.procs"), "").unwrap();
        let (swept, _) = finish(&mut sweep, &fake, None);
        assert_eq!(
            (swept.found.as_slice(), swept.survivors.len()),
            (&["p101 (101)".into()][..], 0)
        );
    }

    #[test]
    fn before_linux_5_14_each_process_of_a_cgroup_is_killed() {
        let (fake, _) = run();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("cgroup.kill")).unwrap();
        let mut sweep = Sweep::new(group(&dir), Duration::ZERO, Instant::now());
        finish(&mut sweep, &fake, None);
        assert_eq!(*fake.sent.borrow(), [(101, Signal::KILL)]);
    }

    #[test]
    fn what_proc_hides_is_still_in_its_cgroup() {
        let (fake, _) = run();
        let dir = tempfile::tempdir().unwrap();
        let prey = group(&dir);
        std::fs::write(dir.path().join("cgroup.procs"), "555\n").unwrap();
        std::fs::write(dir.path().join("cgroup.events"), "populated 1\n").unwrap();
        let mut sweep = Sweep::new(prey, Duration::ZERO, Instant::now());
        let (swept, took) = finish(&mut sweep, &fake, None);
        assert_eq!((swept.survivors.len(), took), (1, LIMIT));
        assert!(swept.survivors[0].starts_with("something in "), "{swept:?}");
    }

    #[test]
    fn what_sleeps_uninterruptibly_is_named_after_five_seconds() {
        let (mut fake, prey) = run();
        fake.hang(101);
        let mut sweep = Sweep::new(prey, Duration::ZERO, Instant::now());
        let (swept, took) = finish(&mut sweep, &fake, None);
        assert_eq!(swept.survivors, ["p101 (101)"]);
        assert_eq!(took, LIMIT);
    }

    #[test]
    fn many_are_counted() {
        let labels: Vec<String> = (10..30).map(|pid| format!("p ({pid})")).collect();
        let listed = listed(labels);
        assert_eq!((listed.len(), listed[10].as_str()), (11, "… and 10 more"));
        assert_eq!(super::listed(vec!["a".into()]), ["a"]);
    }

    #[test]
    fn adopted_zombies_are_reaped_and_the_runs_own_process_is_not() {
        let (mut fake, prey) = run();
        fake.add(102, me(), 102, None);
        let mut sweep = Sweep::new(prey, Duration::ZERO, Instant::now());
        finish(&mut sweep, &fake, Some(100));
        assert_eq!(*fake.reaped.borrow(), [101, 102]);
    }

    #[test]
    fn a_gentle_sweep_asks_once_and_then_insists() {
        let (mut fake, _) = run();
        fake.hang(101);
        let gentle = Duration::from_secs(2);
        let prey = Prey::Family("00000000000000ab-".into());
        let mut sweep = Sweep::new(prey, gentle, Instant::now());
        let (swept, _) = finish(&mut sweep, &fake, None);
        let sent = fake.sent.borrow();
        let of_101: Vec<Signal> =
            sent.iter().filter(|(pid, _)| *pid == 101).map(|(_, signal)| *signal).collect();
        assert_eq!(of_101[..2], [Signal::TERM, Signal::KILL]);
        assert!(!of_101[1..].contains(&Signal::TERM));
        assert_eq!(swept.survivors, ["p101 (101)"]);
    }
}
