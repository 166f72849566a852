//! Processes for tests: a table instead of `/proc`, in which nothing ends unless told so.

use super::proc::{Identity, Process, World};
use rustix::process::Signal;
use std::cell::RefCell;

/// Run 1 of instance 0xab.
pub const MARK: &str = "00000000000000ab-1";

/// Run 2 of the same instance.
pub const OTHER_RUN: &str = "00000000000000ab-2";

/// How a fake process takes SIGKILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It becomes a zombie.
    Dies,
    /// It is in uninterruptible sleep.
    Stays,
}

/// The table.
#[derive(Debug, Default)]
pub struct Fake {
    table: RefCell<Vec<(Process, Option<&'static str>, Manner)>>,
    /// Signals sent, in order.
    pub sent: RefCell<Vec<(i32, Signal)>>,
    /// Processes reaped, in order.
    pub reaped: RefCell<Vec<i32>>,
}

impl Fake {
    /// With pid 1 and this process.
    pub fn new() -> Fake {
        let mut fake = Fake::default();
        fake.add(1, 0, 0, None);
        fake.add(rustix::process::getpid().as_raw_nonzero().get(), 1, 10, None);
        fake
    }

    /// Adds a process that dies when it is killed.
    pub fn add(&mut self, pid: i32, parent: i32, started: u64, mark: Option<&'static str>) {
        let id = Identity { pid, started };
        let process = Process { id, parent, zombie: false, name: format!("p{pid}") };
        self.table.borrow_mut().push((process, mark, Manner::Dies));
    }

    /// Removes a process.
    pub fn remove(&mut self, pid: i32) {
        self.table.borrow_mut().retain(|(process, ..)| process.id.pid != pid);
    }

    /// Lets a process sleep uninterruptibly.
    pub fn hang(&mut self, pid: i32) {
        for (process, _, manner) in self.table.borrow_mut().iter_mut() {
            if process.id.pid == pid {
                *manner = Manner::Stays;
            }
        }
    }
}

impl World for Fake {
    fn processes(&self) -> Vec<Process> {
        self.table.borrow().iter().map(|(process, ..)| process.clone()).collect()
    }

    fn mark(&self, process: &Process) -> Option<String> {
        let table = self.table.borrow();
        let (_, mark, _) = table.iter().find(|(known, ..)| known.id == process.id)?;
        mark.map(str::to_owned)
    }

    fn signal(&self, process: &Process, signal: Signal) {
        self.sent.borrow_mut().push((process.id.pid, signal));
        let mut table = self.table.borrow_mut();
        let dies = |(known, _, manner): &&mut (Process, _, Manner)| {
            known.id == process.id && signal == Signal::KILL && *manner == Manner::Dies
        };
        let Some((dead, ..)) = table.iter_mut().find(dies) else { return };
        dead.zombie = true;
        for (orphan, ..) in table.iter_mut().filter(|(known, ..)| known.parent == process.id.pid) {
            orphan.parent = rustix::process::getpid().as_raw_nonzero().get();
        }
    }

    fn reap(&self, process: &Process) {
        self.reaped.borrow_mut().push(process.id.pid);
        self.table.borrow_mut().retain(|(known, ..)| known.id != process.id);
    }
}
