//! The processes of this machine, as `/proc` shows them, and how to signal and reap them.
//!
//! Nothing is decided here: [`super::tree`] says who is a victim. A process is named by pid and
//! start time, since pids are used again. Behind [`World`] so that rules can be tested against
//! processes no test could make, such as one in uninterruptible sleep.

use super::command::RUN_ID;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, pidfd_send_signal, waitpid,
};
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

/// Bytes of an environment that are searched: the kernel allows no more for a whole `exec` on
/// an ordinary system.
const ENVIRON_MAX: u64 = 2 << 20;

/// A process, whatever its pid is used for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Process id.
    pub pid: i32,
    /// Clock ticks from the machine's start to the process's.
    pub started: u64,
}

/// What one line of `/proc/PID/stat` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Who it is.
    pub id: Identity,
    /// Its parent's process id.
    pub parent: i32,
    /// It has ended, and only waits to be reaped.
    pub zombie: bool,
    /// Its name, without control characters.
    pub name: String,
}

impl Process {
    /// `name (pid)`, for the user.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.id.pid)
    }
}

/// What the rules need of the machine.
pub trait World {
    /// Every process, as far as it can be seen.
    fn processes(&self) -> Vec<Process>;
    /// The run id in a process's environment.
    fn mark(&self, process: &Process) -> Option<String>;
    /// Sends a signal to exactly this process, if it is still there.
    fn signal(&self, process: &Process, signal: Signal);
    /// Takes an ended child of ours off the list.
    fn reap(&self, process: &Process);
}

/// The real one.
#[derive(Clone, Debug)]
pub struct Proc {
    root: PathBuf,
}

impl Default for Proc {
    fn default() -> Proc {
        Proc { root: PathBuf::from("/proc") }
    }
}

impl Proc {
    /// One process; `None` once it is gone.
    #[must_use]
    pub fn process(&self, pid: i32) -> Option<Process> {
        parse(pid, &fs::read(self.root.join(pid.to_string()).join("stat")).ok()?)
    }
}

impl World for Proc {
    fn processes(&self) -> Vec<Process> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Vec::new() };
        let pid = |name: std::ffi::OsString| name.to_str()?.parse::<i32>().ok();
        entries
            .flatten()
            .filter_map(|entry| pid(entry.file_name()))
            .filter_map(|pid| self.process(pid))
            .collect()
    }

    fn mark(&self, process: &Process) -> Option<String> {
        let path = self.root.join(process.id.pid.to_string()).join("environ");
        let mut environ = Vec::new();
        File::open(path).ok()?.take(ENVIRON_MAX).read_to_end(&mut environ).ok()?;
        mark_in(&environ)
    }

    fn signal(&self, process: &Process, signal: Signal) {
        let Some(pid) = Pid::from_raw(process.id.pid) else { return };
        let handle = pidfd_open(pid, PidfdFlags::empty());
        // Looked at after the handle was opened: now it cannot become another process.
        let same = self.process(process.id.pid).is_some_and(|now| now.id == process.id);
        if !same {
            return;
        }
        // Kernels before 5.3 have no handles; the check above is microseconds old.
        let sent = match handle {
            Ok(handle) => pidfd_send_signal(handle, signal),
            Err(_) => kill_process(pid, signal),
        };
        if let Err(error) = sent {
            log::debug!("{} took no signal: {error}", process.label());
        }
    }

    fn reap(&self, process: &Process) {
        let _ = waitpid(Pid::from_raw(process.id.pid), WaitOptions::NOHANG);
    }
}

/// Reads `PID (NAME) STATE PPID …`. A name may hold spaces and parentheses; nothing after the
/// last one does.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let open = memchr::memchr(b'(', stat)?;
    let close = memchr::memrchr(b')', stat)?;
    let name = String::from_utf8_lossy(stat.get(open + 1..close)?);
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let threads = number(17)?;
    Some(Process {
        id: Identity { pid, started: number(19)? },
        parent: fields.get(1)?.parse().ok()?,
        // A first thread that has ended looks like a zombie while others go on.
        zombie: matches!(*fields.first()?, "Z" | "X" | "x") && threads <= 1,
        name: name.chars().filter(|letter| !letter.is_control()).collect(),
    })
}

fn mark_in(environ: &[u8]) -> Option<String> {
    environ.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(RUN_ID.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(value.to_vec()).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 9 9";

    #[test]
    fn names_may_hold_anything() {
        for name in ["sh", "a b", "x) R 1 (y", "((", "tmux: server"] {
            let stat = format!("42 ({name}) S 7 {REST}");
            let process = parse(42, stat.as_bytes()).unwrap();
            assert_eq!(process.id, Identity { pid: 42, started: 12345 });
            assert_eq!((process.parent, process.zombie), (7, false));
            assert_eq!(process.name, name);
        }
        let stat = format!("42 (\x1b\n\u{fffd}\u{7f}a) S 7 {REST}");
        assert_eq!(parse(42, stat.as_bytes()).unwrap().label(), "\u{fffd}a (42)");
    }

    #[test]
    fn zombies_with_living_threads_live() {
        let stat = format!("42 (sh) Z 7 {REST}");
        assert!(parse(42, stat.as_bytes()).unwrap().zombie);
        let stat = stat.replace("20 0 1 0", "20 0 3 0");
        assert!(!parse(42, stat.as_bytes()).unwrap().zombie);
    }

    #[test]
    fn what_is_no_stat_line_is_no_process() {
        for stat in ["", "42", "42 (sh", "42 )sh( S 1", "42 (sh) S", "42 (sh) S x 1 1"] {
            assert_eq!(parse(42, stat.as_bytes()), None, "{stat}");
        }
    }

    #[test]
    fn a_folder_of_files_stands_for_proc() {
        let dir = tempfile::tempdir().unwrap();
        let world = Proc { root: dir.path().into() };
        std::fs::create_dir(dir.path().join("42")).unwrap();
        std::fs::create_dir(dir.path().join("self")).unwrap();
        std::fs::write(dir.path().join("42/stat"), format!("42 (sh) D 7 {REST}")).unwrap();
        let environ = b"A=PIGENT_RUN_ID=no\0PIGENT_RUN_ID=00ab-1\0PIGENT_RUN_ID=second\0";
        std::fs::write(dir.path().join("42/environ"), environ).unwrap();
        let found = world.processes();
        assert_eq!(found.len(), 1);
        assert_eq!(world.mark(&found[0]).as_deref(), Some("00ab-1"));
    }

    #[test]
    fn this_process_is_there_and_another_start_time_is_not_signalled() {
        let world = Proc::default();
        let pid = i32::try_from(std::process::id()).unwrap();
        let myself = world.process(pid).unwrap();
        assert!(world.processes().iter().any(|process| process.id == myself.id));
        let id = Identity { pid, started: myself.id.started + 1 };
        // Were the start time not compared, this would end the test.
        world.signal(&Process { id, ..myself }, Signal::KILL);
    }
}
