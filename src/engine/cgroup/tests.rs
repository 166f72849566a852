//! The service's folder, on an ordinary file system: what the kernel adds is in
//! `tests/service_cgroup.rs`.

use super::*;

const MOUNTS: &str = "\
22 27 0:20 / /proc rw,nosuid - proc proc rw
30 22 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
31 22 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
";

/// A service's folder with this pid in it.
fn service(dir: &Path, procs: &str) -> PathBuf {
    let folder = dir.join("pigent.service");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("cgroup.procs"), procs).unwrap();
    folder
}

fn me() -> String {
    format!("{}\n", std::process::id())
}

#[test]
fn the_folder_is_found_wherever_cgroup2_is() {
    let own = "4:memory:/x\n0::/system.slice/pigent.service\n";
    let found = place(own, MOUNTS).unwrap();
    assert_eq!(found, Path::new("/sys/fs/cgroup/unified/system.slice/pigent.service"));
    // In a container only a part is mounted.
    let part = MOUNTS.replace("/ /sys/fs/cgroup/unified", "/system.slice /c");
    assert_eq!(place(own, &part).unwrap(), Path::new("/c/pigent.service"));
    assert_eq!(place("0::/elsewhere/pigent.service\n", &part), None);
    assert_eq!(place("4:memory:/x\n", MOUNTS), None);
    assert_eq!(place(own, MOUNTS.lines().next().unwrap()), None);
}

#[test]
fn what_is_not_given_to_pigent_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    for other in ["session-3.scope", "user.slice", "cron"] {
        fs::create_dir(dir.path().join(other)).unwrap();
        assert!(matches!(Unit::take(&dir.path().join(other)), Err(Refusal::NoService)), "{other}");
    }
    let shared = service(dir.path(), &format!("{}1\n", me()));
    assert!(matches!(Unit::take(&shared), Err(Refusal::Shared)));
    assert!(!shared.join(DAEMON).exists());
}

#[test]
fn pigent_moves_down_and_hands_the_controllers_on() {
    let dir = tempfile::tempdir().unwrap();
    let folder = service(dir.path(), &me());
    if rustix::process::geteuid().is_root() {
        assert!(matches!(Unit::take(&folder), Err(Refusal::NotDelegated)));
        rustix::fs::setxattr(&folder, "trusted.delegate", b"1", rustix::fs::XattrFlags::empty())
            .unwrap();
    }
    fs::write(folder.join("cgroup.controllers"), "cpu pids\n").unwrap();
    let unit = Unit::take(&folder).unwrap();
    assert_eq!(fs::read_to_string(folder.join("daemon/cgroup.procs")).unwrap(), "0");
    assert_eq!(fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap(), "+pids");
    // Some service managers put the main process there at once.
    assert_eq!(Unit::take(&folder.join(DAEMON)).unwrap(), unit);
}

#[test]
fn only_folders_of_runs_are_touched() {
    let dir = tempfile::tempdir().unwrap();
    let unit = Unit { folder: dir.path().to_owned() };
    for name in ["daemon", ".control", "run-", "run-x", "run-3-4", "running", "run-7", "run-12"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("run-8"), "").unwrap();
    let mut found: Vec<String> = unit.groups().iter().map(Group::name).collect();
    found.sort();
    assert_eq!(found, ["run-12", "run-7"]);
    let group = unit.group(RunId(9)).unwrap();
    assert_eq!(group.name(), "run-9");
    assert!(!dir.path().join("run-7").exists() && dir.path().join("run-x").exists());
    assert_eq!(unit.group(RunId(9)), None, "a folder in use is nobody else's");
}
