//! The service's cgroup: a folder for every run, so that a stop ends all of that run, nothing of
//! it escapes, and nothing else is touched.
//!
//! ```text
//! …/pigent.service/          given to pigent by systemd (Delegate=yes)
//!     daemon/                pigent itself: only so that the folder above may have controllers
//!     run-7/                 one run and whatever it started
//! ```
//!
//! Files only: [`Unit::enter`] finds the folder and moves pigent, [`Unit::group`] makes a run's,
//! and `spawn.rs` lets the child join. Who is to be ended when is not decided here. Where the
//! service manager gives no folder, none is taken: see [`Refusal`]. Then, and on kernels without
//! cgroup2, the walk over `/proc` ([`super::tree`]) has to do.
//!
//! The agent runs as the same user, so nothing here holds an agent that *wants* to leave its
//! folder; whatever a shell, a double fork or an empty environment does, does not leave it.

mod group;

pub use group::Group;

use crate::bridge::ids::RunId;
use core::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where pigent itself lives, below the unit's folder.
const DAEMON: &str = "daemon";

/// What the name of a run's folder begins with; the run's number follows.
const RUN: &str = "run-";

/// Limits for runs need these; a board may have none of them (`cgroup_enable=memory`).
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// The folder of the service that pigent is the main process of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    folder: PathBuf,
}

/// Why a folder is not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not that of a service: a login session, a container, the root.
    NoService,
    /// Somebody else is in it: pigent was started by a service, and is not one.
    Shared,
    /// The unit has no `Delegate=yes`.
    NotDelegated,
    /// The system refuses.
    System(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoService => f.write_str("pigent is not in the cgroup of a service"),
            Refusal::Shared => f.write_str("the service's cgroup is not pigent's alone"),
            Refusal::NotDelegated => f.write_str("the unit lacks Delegate=yes"),
            Refusal::System(error) => write!(f, "the service's cgroup cannot be used: {error}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::System(error)
    }
}

impl Unit {
    /// Takes over the cgroup of the service, if pigent is one and has been given it. Once, before
    /// the first run. `None` is normal everywhere but under systemd.
    // As a part of the daemon's start it would lie in memory where it is of no use.
    #[inline(never)]
    #[must_use]
    pub fn enter() -> Option<Unit> {
        if !is_service() {
            return None;
        }
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let unit = Unit::take(&place(&own, &mounts)?);
        if let Err(why) = &unit {
            log::warn!(
                "{why}: a stop looks for a run's processes in /proc, and runs have no limits"
            );
        }
        unit.ok()
    }

    /// Takes this folder: checks that it is pigent's to take, moves pigent one down, and hands on
    /// the controllers there are.
    fn take(own: &Path) -> Result<Unit, Refusal> {
        let moved = own.ends_with(DAEMON);
        let folder = if moved { own.parent().unwrap_or(own) } else { own };
        if folder.extension().is_none_or(|end| end != "service") {
            return Err(Refusal::NoService);
        }
        if !moved {
            check(folder)?;
            let daemon = folder.join(DAEMON);
            make(&daemon)?;
            let moved = fs::write(daemon.join("cgroup.procs"), "0");
            moved.inspect_err(|_| drop(fs::remove_dir(&daemon)))?;
        }
        let unit = Unit { folder: folder.to_owned() };
        unit.hand_on();
        Ok(unit)
    }

    /// Lets the folders below have the controllers. Without them there are no limits, and all
    /// else works.
    fn hand_on(&self) {
        let there = fs::read_to_string(self.folder.join("cgroup.controllers")).unwrap_or_default();
        for name in CONTROLLERS {
            if !there.split_whitespace().any(|known| known == name) {
                log::info!("no cgroup controller \"{name}\" here: runs have no limit of it");
                continue;
            }
            let file = self.folder.join("cgroup.subtree_control");
            if let Err(error) = fs::write(file, format!("+{name}")) {
                log::warn!("runs have no limit of {name}: {error}");
            }
        }
    }

    /// Makes the folder of a run, with its limits. `None` if that cannot be: the run goes on
    /// without.
    #[must_use]
    pub fn group(&self, run: RunId) -> Option<Group> {
        self.tidy();
        match Group::make(self.folder.join(format!("{RUN}{run}")), &self.folder) {
            Ok(group) => Some(group),
            Err(error) => {
                log::warn!("run {run} gets no cgroup of its own: {error}");
                None
            }
        }
    }

    /// The folders of runs that there are: at the start, what a killed pigent left.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let is_run = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()?.strip_prefix(RUN));
            name.is_some_and(|number| number.parse::<u64>().is_ok()) && path.is_dir()
        };
        entries.flatten().map(|entry| entry.path()).filter(is_run).map(Group::at).collect()
    }

    /// Removes the folders of runs of which nothing runs any more. What a finished run left
    /// running on purpose keeps its folder.
    pub fn tidy(&self) {
        self.groups().iter().for_each(Group::remove);
    }
}

/// Whether systemd started this very process as a service of type `notify`. What a service's or
/// a terminal's shell has started may see some of the variables, and then another number.
fn is_service() -> bool {
    let is_me = |pid: std::ffi::OsString| pid.to_str() == Some(&std::process::id().to_string());
    // systemd before 248 does not tell the number.
    std::env::var_os("NOTIFY_SOCKET").is_some()
        && std::env::var_os("SYSTEMD_EXEC_PID").is_none_or(is_me)
}

/// Where the process of this `/proc/self/cgroup` is in the file system of this
/// `/proc/self/mountinfo`: also where cgroup2 is mounted beside the older kind.
fn place(own: &str, mounts: &str) -> Option<PathBuf> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    // `36 35 98:0 ROOT POINT OPTIONS - TYPE SOURCE …`, with octal escapes for white space.
    let (root, point) = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        kind.starts_with("cgroup2 ").then_some((fields.next()?, fields.next()?))
    })?;
    Some(Path::new(point).join(Path::new(own).strip_prefix(root).ok()?))
}

/// Whether this folder is pigent's alone, and meant to be divided.
fn check(folder: &Path) -> Result<(), Refusal> {
    let there = fs::read_to_string(folder.join("cgroup.procs"))?;
    let me = std::process::id().to_string();
    if !there.lines().eq([me.as_str()]) {
        return Err(Refusal::Shared);
    }
    // Anybody else is refused by the kernel unless systemd has given them the folder.
    let may = !rustix::process::geteuid().is_root() || is_marked(folder);
    if may { Ok(()) } else { Err(Refusal::NotDelegated) }
}

/// Whether systemd notes that it keeps its hands off what is below.
fn is_marked(folder: &Path) -> bool {
    ["user.delegate", "trusted.delegate"].iter().any(|name| {
        let mut value = [0; 8];
        matches!(rustix::fs::getxattr(folder, *name, &mut value), Ok(1)) && value.starts_with(b"1")
    })
}

/// Makes a folder, unless it is there.
fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

#[cfg(test)]
mod tests;
