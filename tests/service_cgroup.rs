//! The service's cgroup, on a real one: each test makes a folder as systemd would, puts the
//! daemon into it and looks at what becomes of it. Needs root and a writable cgroup2; where there
//! is none, the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::daemon;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use support::{Harness, LONG, program};

/// A closet whose daemon is the main process of a service.
struct Service {
    harness: Harness,
    folder: Folder,
    /// Where the daemon says that it is ready: after it has moved.
    manager: UnixDatagram,
}

impl Service {
    /// `None` without a cgroup to try it in.
    fn start() -> Option<Service> {
        let folder = Folder::make()?;
        let mut harness = Harness::prepare(&[]);
        let root = harness.home.project().parent().unwrap().to_owned();
        let socket = root.join("notify");
        let manager = UnixDatagram::bind(&socket).unwrap();
        harness.set("NOTIFY_SOCKET", socket);
        let starter = root.join("starter");
        let text = format!(
            "#!/bin/sh\necho $$ > {}/cgroup.procs || exit 9\nexec {} \"$@\"\n",
            folder.0.display(),
            env!("CARGO_BIN_EXE_pigent"),
        );
        program::script(&starter, &text);
        harness.program = starter;
        manager.set_read_timeout(Some(LONG)).unwrap();
        let mut service = Service { harness, folder, manager };
        service.launch();
        Some(service)
    }

    fn launch(&mut self) {
        self.harness.launch();
        let mut buffer = [0; 512];
        loop {
            let Ok(length) = self.manager.recv(&mut buffer) else {
                self.harness.fail("the daemon never got ready")
            };
            if buffer[..length].starts_with(b"READY=1") {
                return;
            }
        }
    }

    /// Names of the folders of runs.
    fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder.0).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("run-")).collect()
    }

    /// Waits until there is no folder of a run.
    fn no_runs(&self) {
        if daemon::until(LONG, || self.runs().is_empty().then_some(())).is_none() {
            self.harness.fail(&format!("folders are left: {:?}", self.runs()));
        }
    }

    fn own_cgroup(&self) -> String {
        cgroup_of(self.harness.pid().unwrap()).unwrap()
    }
}

/// A folder as a service gets it, below one of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Option<Folder> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("pigent-test-{}-{count}", std::process::id());
        let root = root().filter(|_| rustix::process::geteuid().is_root());
        let top = root.map(|root| root.join(name)).filter(|top| fs::create_dir(top).is_ok());
        let Some(top) = top else {
            eprintln!("SKIPPED: no cgroup2 that this user may write to");
            return None;
        };
        let folder = top.join("pigent.service");
        fs::create_dir(&folder).unwrap();
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(&folder, "trusted.delegate", b"1", flags).unwrap();
        Some(Folder(folder))
    }
}

/// What is left is ended: a test that fails must not leave processes.
impl Drop for Folder {
    fn drop(&mut self) {
        let top = self.0.parent().unwrap();
        let _ = fs::write(top.join("cgroup.kill"), "1");
        let empty = || {
            let events = fs::read_to_string(top.join("cgroup.events")).unwrap_or_default();
            (!events.contains("populated 1")).then_some(())
        };
        let _ = daemon::until(LONG, empty);
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = fs::remove_dir(entry.path());
        }
        let _ = fs::remove_dir(&self.0).and_then(|()| fs::remove_dir(top));
    }
}

/// Where cgroup2 is, as systemd mounts it.
fn root() -> Option<PathBuf> {
    let known = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    known.into_iter().find(|root| root.join("cgroup.controllers").exists())
}

fn cgroup_of(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// Whether it runs. A zombie does not: who has to reap it after a daemon's death is not ours.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Waits until none of these runs.
fn ended(harness: &Harness, pids: &[u32]) {
    let gone = || pids.iter().all(|pid| !runs(*pid)).then_some(());
    if daemon::until(LONG, gone).is_none() {
        harness.fail(&format!(
            "still running of {pids:?}: {:?}",
            pids.iter().filter(|pid| runs(**pid))
        ));
    }
}

/// The pids that the stand-in agent told of in its view or answer.
fn children(harness: &Harness) -> Vec<u32> {
    let view = harness.expect("the children's pids", |m| m.text().contains("children:"));
    let line = view.text().split("children: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let digits = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    let pids: Vec<u32> = line.split_whitespace().filter_map(digits).collect();
    assert!(!pids.is_empty(), "{line}");
    pids
}

fn stopped(harness: &Harness, prompt: i64) {
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
}

#[test]
fn pigent_moves_aside_and_a_run_gets_a_folder_for_as_long_as_it_lasts() {
    let Some(service) = Service::start() else { return };
    let harness = &service.harness;
    assert!(service.own_cgroup().ends_with("/pigent.service/daemon"), "{}", service.own_cgroup());
    let prompt = harness.say("hang");
    harness.started("hang");
    let runs = service.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let inside = fs::read_to_string(service.folder.0.join(&runs[0]).join("cgroup.procs")).unwrap();
    let agent: u32 = inside.lines().next().unwrap().parse().unwrap();
    assert!(harness.home.alive(harness.pid()).contains(&agent), "{inside}");
    harness.say("/cancel");
    stopped(harness, prompt);
    service.no_runs();
    assert_eq!(harness.ask("echo next"), "next");
    service.no_runs();
}

#[test]
fn a_stop_ends_what_emptied_its_environment_and_lost_its_parents() {
    let Some(service) = Service::start() else { return };
    let prompt = service.harness.say("tree bare");
    let pids = children(&service.harness);
    for pid in &pids {
        assert!(cgroup_of(*pid).unwrap().contains("/pigent.service/run-"), "{pid}");
    }
    service.harness.say("/cancel");
    stopped(&service.harness, prompt);
    assert_eq!(pids.iter().filter(|pid| runs(**pid)).count(), 0);
    service.no_runs();
}

#[test]
fn what_emptied_its_environment_does_not_survive_a_killed_daemon() {
    let Some(mut service) = Service::start() else { return };
    service.harness.say("tree bare");
    let pids = children(&service.harness);
    service.harness.kill();
    assert!(pids.iter().any(|pid| runs(*pid)), "nothing is left that could survive");
    service.launch();
    ended(&service.harness, &pids);
    service.no_runs();
    service.harness.logged("ended what an earlier pigent's run had left");
    assert!(service.own_cgroup().ends_with("/daemon"));
    assert_eq!(service.harness.ask("echo next"), "next");
}

#[test]
fn what_a_finished_run_left_on_purpose_keeps_its_folder_until_it_ends() {
    let Some(service) = Service::start() else { return };
    let harness = &service.harness;
    let left: u32 = harness.ask("nohup").trim_start_matches("left running: ").parse().unwrap();
    let folder = cgroup_of(left).unwrap();
    let prompt = harness.say("hang");
    harness.started("hang");
    harness.say("/cancel");
    stopped(harness, prompt);
    assert!(runs(left) && cgroup_of(left).as_deref() == Some(&folder));
    let name = folder.rsplit('/').next().unwrap().to_owned();
    assert_eq!(service.runs(), [name]);
    let pid = rustix::process::Pid::from_raw(i32::try_from(left).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert!(daemon::until(LONG, || (!runs(left)).then_some(())).is_some());
    assert_eq!(harness.ask("echo next"), "next");
    service.no_runs();
}

#[test]
fn a_cgroup_that_was_not_given_is_not_taken() {
    let Some(mut service) = Service::start() else { return };
    service.harness.kill();
    rustix::fs::removexattr(&service.folder.0, "trusted.delegate").unwrap();
    fs::remove_dir(service.folder.0.join("daemon")).unwrap();
    service.launch();
    service.harness.logged("Delegate=yes");
    assert!(service.own_cgroup().ends_with("/pigent.service"), "{}", service.own_cgroup());
    let prompt = service.harness.say("tree bare");
    let pids = children(&service.harness);
    service.harness.say("/cancel");
    stopped(&service.harness, prompt);
    assert_eq!(pids.iter().filter(|pid| runs(**pid)).count(), 0);
    assert!(service.runs().is_empty());
}

#[test]
fn the_agent_goes_first_when_memory_runs_out() {
    let harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    let score = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap();
        text.trim().parse::<i32>().unwrap()
    };
    let own = score(harness.pid().unwrap());
    let agents = harness.home.alive(harness.pid());
    assert!(!agents.is_empty() && agents.iter().all(|pid| score(*pid) == 500), "{agents:?}");
    assert!(own < 500, "{own}");
}
