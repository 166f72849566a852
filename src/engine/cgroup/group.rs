//! One run's folder below the service's: its limits, who is in it, and ending all of them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Processes and threads of one run: far above any build, far below what stops a board.
const PIDS: &str = "2048";

/// What a run leaves to the rest of the board, at least and at most, bytes. In between it is an
/// eighth of all memory.
const RESERVE: (u64, u64) = (64 << 20, 256 << 20);

/// A run's own limit is never less, bytes: the agent alone takes this on the way up.
const LEAST: u64 = 128 << 20;

/// Folders below folders that an agent may have made (a container in a run).
const DEEPEST: usize = 8;

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    folder: PathBuf,
}

impl Group {
    /// A folder that is there.
    pub(in crate::engine) fn at(folder: PathBuf) -> Group {
        Group { folder }
    }

    /// Makes the folder `folder` in that of the service, with limits.
    pub(super) fn make(folder: PathBuf, unit: &Path) -> io::Result<Group> {
        fs::create_dir(&folder)?;
        let group = Group { folder };
        // Where the board lacks a controller its file is missing: said once, at the start.
        let _ = group.write("pids.max", PIDS);
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let of_unit = fs::read_to_string(unit.join("memory.max")).unwrap_or_default();
        if let Some(limit) = limit(&memory, &of_unit) {
            // `memory.oom.group` stays 0: of a run that takes too much the kernel ends the
            // largest process. That is the compiler rather than the agent, which then hears
            // of it and can do with less.
            let _ = group.write("memory.max", &limit.to_string());
        }
        Ok(group)
    }

    /// Where a process joins by writing "0".
    ///
    /// # Errors
    /// What the system said.
    pub fn door(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.folder.join("cgroup.procs"))
    }

    /// Ends everything in it at once, also what has become another user's, and what is being
    /// forked right now. `false` on kernels before 5.14, which cannot.
    #[must_use]
    pub fn kill(&self) -> bool {
        self.write("cgroup.kill", "1").is_ok()
    }

    /// Whether anything runs in it or below. Zombies do not.
    #[must_use]
    pub fn is_populated(&self) -> bool {
        self.number("cgroup.events", "populated").is_some_and(|number| number > 0)
    }

    /// How many of its processes the kernel has killed for want of memory, of the run's own limit
    /// or of the board's.
    #[must_use]
    pub fn oom_kills(&self) -> u64 {
        self.number("memory.events", "oom_kill").unwrap_or(0)
    }

    /// The processes in it and below.
    #[must_use]
    pub fn pids(&self) -> Vec<i32> {
        let of = |folder: &PathBuf| fs::read_to_string(folder.join("cgroup.procs"));
        let lists: Vec<String> = below(&self.folder, 0).iter().flat_map(of).collect();
        lists.iter().flat_map(|list| list.lines()).flat_map(str::parse).collect()
    }

    /// Removes the folder, unless something runs in it.
    pub fn remove(&self) {
        if fs::remove_dir(&self.folder).is_err() && !self.is_populated() {
            // Folders that the agent has made; the deepest first.
            for folder in below(&self.folder, 0).iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
    }

    /// Its name, for logs.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn write(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.folder.join(file), value)
    }

    /// The number after `key` in one of the files that have lines of a key and a number.
    fn number(&self, file: &str, key: &str) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))?;
        line.parse().ok()
    }
}

/// `folder` and those below it; each before its own.
fn below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    if depth < DEEPEST {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            found.extend(below(&entry.path(), depth + 1));
        }
    }
    found
}

/// What a run may take, bytes, on a board with this `/proc/meminfo` in a service with this
/// `memory.max`. Swap comes on top.
fn limit(meminfo: &str, of_unit: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let board = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)?;
    let total = of_unit.trim().parse::<u64>().map_or(board, |unit| unit.min(board));
    let reserve = (total / 8).clamp(RESERVE.0, RESERVE.1);
    Some(total.saturating_sub(reserve).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn check(board_kb: u64, of_unit: &str, expect: u64) {
        let meminfo = format!("MemTotal:     {board_kb} kB\nMemFree:   1 kB\n");
        assert_eq!(limit(&meminfo, of_unit), Some(expect));
    }

    #[test]
    fn a_run_leaves_something_to_the_board() {
        check(427 << 10, "max\n", (427 - 64) * MIB);
        check(1024 << 10, "max\n", (1024 - 128) * MIB);
        check(8192 << 10, "max\n", (8192 - 256) * MIB);
        // MemoryMax= of the unit.
        check(8192 << 10, &format!("{}\n", 512 * MIB), (512 - 64) * MIB);
        check(8192 << 10, &format!("{}\n", 100 * MIB), 128 * MIB);
        assert_eq!(limit("MemTotal: lots", "max"), None);
    }

    #[test]
    fn limits_are_written_and_events_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let group = Group::make(dir.path().join("run-1"), dir.path()).unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join("run-1").join(name)).unwrap();
        assert_eq!(read("pids.max"), PIDS);
        assert!(read("memory.max").parse::<u64>().unwrap() >= LEAST);
        assert_eq!((group.oom_kills(), group.is_populated()), (0, false));
        let events = "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 0\n";
        group.write("memory.events", events).unwrap();
        group.write("cgroup.events", "populated 1\nfrozen 0\n").unwrap();
        assert_eq!((group.oom_kills(), group.is_populated()), (2, true));
        assert!(Group::make(dir.path().join("run-1"), dir.path()).is_err());
    }

    #[test]
    fn processes_and_folders_below_belong_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let group = Group::at(dir.path().join("run-1"));
        fs::create_dir_all(dir.path().join("run-1/a/b")).unwrap();
        assert_eq!(group.pids(), Vec::<i32>::new());
        group.write("cgroup.procs", "12\n13\n").unwrap();
        group.write("a/b/cgroup.procs", "14\n").unwrap();
        assert_eq!(group.pids(), [12, 13, 14]);
        fs::remove_file(dir.path().join("run-1/cgroup.procs")).unwrap();
        fs::remove_file(dir.path().join("run-1/a/b/cgroup.procs")).unwrap();
        group.remove();
        assert!(!dir.path().join("run-1").exists());
    }
}
