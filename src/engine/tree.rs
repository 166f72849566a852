//! Which processes belong to a run.
//!
//! Claude's shell tools live in sessions of their own, and a process whose parent ends is given
//! to pigent (see [`adopt_orphans`]), so neither process groups nor parents are enough
//! (STREAM.md section 5). A run with a cgroup of its own ([`super::cgroup`]) is exactly what is in
//! there; otherwise `/proc` has to tell. Rules only: `/proc` is behind [`World`], and the killing
//! is [`super::sweep`]'s.

use super::cgroup::Group;
use super::command::{instance_mark, run_mark};
use super::proc::{Identity, Process, World};
use crate::bridge::ids::RunId;
use std::collections::HashSet;
use std::io;

/// Makes pigent the parent of every orphan among its descendants. Once, before the first run.
///
/// # Errors
/// What the system said: Linux before 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Whom to end.
#[derive(Clone, Debug)]
pub enum Prey {
    /// One run, without a cgroup.
    Run(Tree),
    /// What is in a run's cgroup.
    Group(Group),
    /// All runs of earlier starts: whatever carries a run id that begins with this, and its
    /// descendants.
    Family(String),
}

impl Prey {
    /// The processes to end, among `all`; `chased` are those found before, which may have lost
    /// what they were recognised by. Never pid 1, pigent, or who started pigent.
    pub fn victims(
        &self,
        world: &impl World,
        all: &[Process],
        chased: impl Fn(&Identity) -> bool,
    ) -> Vec<Process> {
        let mut keep = ancestors(all, me());
        if let Prey::Run(tree) = self {
            let spared = all.iter().filter(|process| tree.spared.contains(&process.id));
            keep.extend(spared.map(|process| process.id.pid));
        }
        let inside = self.group().map(Group::pids).unwrap_or_default();
        let is_seed = |process: &&Process| match self {
            // Nothing leaves a cgroup, and pids are used again: nobody is chased.
            Prey::Group(_) => inside.contains(&process.id.pid),
            _ if chased(&process.id) => true,
            Prey::Run(tree) => tree.owns(world, process),
            Prey::Family(mark) => world.mark(process).is_some_and(|found| found.starts_with(mark)),
        };
        let may = |process: &&Process| !keep.contains(&process.id.pid);
        let seeds = all.iter().filter(may).filter(is_seed);
        if self.group().is_some() {
            return seeds.cloned().collect();
        }
        with_descendants(all, seeds.map(|process| process.id.pid).collect(), &keep)
    }

    /// The cgroup that holds exactly this, if one does.
    #[must_use]
    pub fn group(&self) -> Option<&Group> {
        match self {
            Prey::Group(group) => Some(group),
            Prey::Run(_) | Prey::Family(_) => None,
        }
    }
}

/// One run's processes: how to tell them from all others.
#[derive(Clone, Debug)]
pub struct Tree {
    me: i32,
    root: Identity,
    mark: String,
    family: String,
    /// What earlier runs left running on purpose: our descendants before the spawn.
    spared: HashSet<Identity>,
}

impl Tree {
    /// The tree of a run whose own process is `root`; `before` are all processes as they were
    /// just before it was started.
    #[must_use]
    pub fn new(instance: u64, run: RunId, root: Identity, before: &[Process]) -> Tree {
        let me = me();
        let mut spared = with_descendants(before, HashSet::from([me]), &HashSet::new());
        spared.retain(|process| process.id.pid != me);
        Tree {
            me,
            root,
            mark: run_mark(instance, run),
            family: instance_mark(instance),
            spared: spared.iter().map(|process| process.id).collect(),
        }
    }

    /// Whether this is the run's own process, carries its run id, or is a child that pigent has
    /// got since the spawn. Descendants are not looked at here.
    fn owns(&self, world: &impl World, process: &Process) -> bool {
        if process.id == self.root {
            return true;
        }
        if process.id.started < self.root.started || self.spared.contains(&process.id) {
            return false;
        }
        match world.mark(process) {
            Some(mark) if mark == self.mark => true,
            // An orphan of something that an earlier run left running.
            Some(mark) if mark.starts_with(&self.family) => false,
            _ => process.parent == self.me,
        }
    }
}

/// pigent's own process id.
fn me() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// `of`, its parent, and so on; and pid 1.
fn ancestors(all: &[Process], of: i32) -> HashSet<i32> {
    let mut line = HashSet::from([1]);
    let mut next = Some(of);
    while let Some(pid) = next.filter(|pid| line.insert(*pid)) {
        next = all.iter().find(|process| process.id.pid == pid).map(|process| process.parent);
    }
    line
}

/// The processes in `pids` and all their descendants, except those in `keep` and below.
fn with_descendants(all: &[Process], pids: HashSet<i32>, keep: &HashSet<i32>) -> Vec<Process> {
    let mut pids = pids;
    loop {
        let known = pids.len();
        let wanted = |process: &&Process| pids.contains(&process.parent);
        let found: Vec<i32> = all.iter().filter(wanted).map(|process| process.id.pid).collect();
        pids.extend(found.into_iter().filter(|pid| !keep.contains(pid)));
        if pids.len() == known {
            break;
        }
    }
    all.iter().filter(|process| pids.contains(&process.id.pid)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, MARK, OTHER_RUN};
    use super::*;

    /// Whom a stop of run 1 (root: pid 100) ends.
    fn victims(fake: &Fake, before: &[Process]) -> Vec<i32> {
        let root = Identity { pid: 100, started: 100 };
        let prey = Prey::Run(Tree::new(0xab, RunId(1), root, before));
        let mut pids: Vec<i32> = prey
            .victims(fake, &fake.processes(), |_| false)
            .iter()
            .map(|process| process.id.pid)
            .collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn descendants_marked_and_adopted_processes_belong_to_the_run() {
        let mut fake = Fake::new();
        fake.add(100, me(), 100, Some(MARK));
        fake.add(101, 100, 101, None);
        fake.add(102, 101, 102, None);
        fake.add(110, 1, 103, Some(MARK));
        fake.add(111, 110, 104, None);
        fake.add(120, me(), 105, None);
        fake.add(130, 1, 106, None);
        assert_eq!(victims(&fake, &[]), [100, 101, 102, 110, 111, 120]);
    }

    #[test]
    fn what_an_earlier_run_left_is_spared_with_all_it_starts() {
        let mut fake = Fake::new();
        fake.add(90, me(), 50, None);
        fake.add(91, 90, 51, None);
        let before = fake.processes();
        fake.add(92, 90, 150, None);
        fake.add(93, me(), 151, Some(OTHER_RUN));
        fake.add(100, me(), 100, Some(MARK));
        assert_eq!(victims(&fake, &before), [100]);
    }

    #[test]
    fn what_was_there_in_the_same_clock_tick_is_spared() {
        let mut fake = Fake::new();
        fake.add(90, me(), 100, None);
        let before = fake.processes();
        fake.add(100, me(), 100, Some(MARK));
        assert_eq!(victims(&fake, &before), [100]);
        assert_eq!(victims(&fake, &[]), [90, 100]);
    }

    #[test]
    fn a_spared_process_that_carries_the_mark_of_this_run_in_a_child_is_searched() {
        let mut fake = Fake::new();
        fake.add(90, me(), 50, None);
        let before = fake.processes();
        // A server left by run 1 that starts a command in the name of this run.
        fake.add(92, 90, 150, Some(MARK));
        fake.add(93, 92, 151, None);
        assert_eq!(victims(&fake, &before), [92, 93]);
    }

    #[test]
    fn pids_that_were_used_before_mean_nothing() {
        let mut fake = Fake::new();
        fake.add(90, me(), 50, None);
        let before = fake.processes();
        fake.remove(90);
        fake.add(90, me(), 150, None);
        // The root has ended; its number is somebody else's now.
        fake.add(100, 1, 200, None);
        assert_eq!(victims(&fake, &before), [90]);
    }

    #[test]
    fn pigent_and_its_ancestors_are_never_ended() {
        let mut fake = Fake::new();
        fake.remove(me());
        fake.add(2000, 1, 300, Some(MARK));
        fake.add(me(), 2000, 301, Some(MARK));
        fake.add(100, me(), 302, Some(MARK));
        let prey = Prey::Family(instance_mark(0xab));
        let found: Vec<i32> = prey
            .victims(&fake, &fake.processes(), |_| false)
            .iter()
            .map(|process| process.id.pid)
            .collect();
        assert_eq!(found, [100]);
    }

    #[test]
    fn a_family_is_all_runs_of_one_state_folder() {
        let mut fake = Fake::new();
        fake.add(100, 1, 100, Some(MARK));
        fake.add(101, 100, 101, None);
        fake.add(102, 1, 102, Some(OTHER_RUN));
        fake.add(103, 1, 103, Some("00000000000000ac-1"));
        fake.add(104, 1, 104, None);
        let prey = Prey::Family(instance_mark(0xab));
        let found: Vec<i32> = prey
            .victims(&fake, &fake.processes(), |_| false)
            .iter()
            .map(|process| process.id.pid)
            .collect();
        assert_eq!(found, [100, 101, 102]);
    }

    #[test]
    fn what_was_found_once_is_chased() {
        let mut fake = Fake::new();
        fake.add(100, 1, 100, None);
        let prey = Prey::Family(instance_mark(0xab));
        let chased = |id: &Identity| id.pid == 100;
        assert_eq!(prey.victims(&fake, &fake.processes(), chased).len(), 1);
        assert_eq!(prey.victims(&fake, &fake.processes(), |_| false).len(), 0);
    }

    #[test]
    fn parents_in_a_circle_end_the_search() {
        let mut fake = Fake::new();
        fake.add(100, 101, 100, Some(MARK));
        fake.add(101, 100, 101, None);
        assert_eq!(victims(&fake, &[]), [100, 101]);
    }
}
