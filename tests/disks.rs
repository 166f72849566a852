//! Bad disks, with the real process: full, read-only, gone, slow, or with a snapshot that is none.
//! Every step of a write that fails is tested in `src/store`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::Harness;

/// A disk of 256 KiB, where the state folder is to be. Unmounted in the end.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// `None` where the system does not allow it.
    fn mount(path: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(path).unwrap();
        let disk = SmallDisk { path: path.to_owned() };
        let mounted = disk.run("mount", &["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"]);
        if !mounted {
            eprintln!("SKIPPED: full and read-only disks cannot be made, this user may not mount");
        }
        mounted.then_some(disk)
    }

    fn run(&self, program: &str, args: &[&str]) -> bool {
        let done = Command::new(program).args(args).arg(&self.path).output();
        done.is_ok_and(|done| done.status.success())
    }

    fn fill(&self) {
        let filler = vec![0; 1 << 20];
        let error = fs::write(self.path.join("filler"), filler).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.path.join("filler")).unwrap();
    }

    /// Write-protected, as a card that has had enough: files that are open stay so.
    fn protect(&self) {
        let path = self.path.to_string_lossy();
        assert!(self.run("mount", &["--bind", &path]));
        assert!(self.run("mount", &["-o", "remount,bind,ro"]));
    }

    fn unprotect(&self) {
        assert!(self.run("umount", &["-l"]));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        while self.run("umount", &["-l"]) {}
    }
}

/// Refuses a prompt in words with "disk", shows it, obeys commands, and starts nothing.
fn refuses(harness: &mut Harness) {
    let started = harness.starts().len();
    let refusal = harness.ask("echo unsafe");
    assert!(refusal.contains("disk"), "{refusal}");
    assert!(harness.ask("/status").contains("disk"));
    harness.logged("cannot be written");
    harness.lamps("trouble", |changes| {
        (changes.iter().filter(|change| change.lamp == "error" && change.on).count() >= 3)
            .then_some(())
    });
    assert_eq!(harness.starts().len(), started);
    harness.wait("confirmation", |world| (world.unconfirmed() == 0).then_some(()));
}

/// Takes prompts again as soon as the disk was noticed to do so.
fn recovers(harness: &Harness) {
    harness.logged("the disk takes writes again");
    assert_eq!(harness.ask("echo safe again"), "safe again");
}

#[test]
fn a_disk_that_fills_up_while_a_run_is_on_costs_no_answer() {
    let mut harness = Harness::prepare(&[]);
    let Some(disk) = SmallDisk::mount(&harness.home.state()) else { return };
    harness.launch();
    let running = harness.say("work 3");
    harness.started("work 3");
    disk.fill();
    refuses(&mut harness);
    assert!(harness.answer(running).text().contains("Worked"));
    disk.make_room();
    recovers(&harness);
}

#[test]
fn a_disk_that_is_full_from_the_start_recovers() {
    let mut harness = Harness::prepare(&[]);
    let Some(disk) = SmallDisk::mount(&harness.home.state()) else { return };
    disk.fill();
    harness.launch();
    refuses(&mut harness);
    disk.make_room();
    recovers(&harness);
}

#[test]
fn a_disk_that_turns_read_only_recovers() {
    let mut harness = Harness::prepare(&[]);
    let Some(disk) = SmallDisk::mount(&harness.home.state()) else { return };
    harness.launch();
    assert_eq!(harness.ask("echo before"), "before");
    disk.protect();
    refuses(&mut harness);
    // Also a start finds it so.
    harness.restart();
    refuses(&mut harness);
    disk.unprotect();
    recovers(&harness);
}

#[test]
fn a_state_folder_that_is_lost_while_pigent_runs_is_missed_and_found() {
    let mut harness = Harness::start();
    assert_eq!(harness.ask("echo before"), "before");
    let (state, aside) = (harness.home.state(), harness.home.project().join("aside"));
    fs::rename(&state, &aside).unwrap();
    fs::write(&state, "a file where the folder was").unwrap();
    refuses(&mut harness);
    fs::remove_file(&state).unwrap();
    fs::rename(&aside, &state).unwrap();
    recovers(&harness);
}

#[test]
fn a_file_in_place_of_the_state_folder_does_not_keep_pigent_from_starting() {
    let mut harness = Harness::prepare(&[]);
    fs::write(harness.home.state(), "a file where the folder should be").unwrap();
    harness.launch();
    refuses(&mut harness);
    fs::remove_file(harness.home.state()).unwrap();
    recovers(&harness);
    let mode = fs::metadata(harness.home.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // Nobody else gets the folder now, and `pigent send` finds this one.
    let lock = fs::File::open(harness.home.state().join("lock")).unwrap();
    assert!(lock.try_lock().is_err());
    UnixStream::connect(harness.home.state().join("ctl.sock")).unwrap();
}

/// Each file takes 2.5 s, and a prompt is two of them: 5 s a save.
#[test]
fn a_slow_disk_holds_up_prompts_and_nothing_else() {
    let mut harness = Harness::prepare(&[("STAND_IN_SLOW_SYNC", "2500")]);
    harness.launch();
    let prompt = harness.say("echo slow");
    assert!(!harness.ask("/help").is_empty());
    assert_eq!(harness.starts().len(), 0, "not before it is on the disk");
    assert_eq!(harness.answer(prompt).text(), "slow");
    harness.say("hang");
    harness.started("hang");
    harness.say("/cancel");
    harness.expect("\"Stopped\"", |message| message.text().contains("Stopped"));
    assert_eq!(harness.count_starts("echo slow"), 1);
}

/// A start with this snapshot: what was left of an earlier one is said and kept.
fn starts_with(snapshot: &[u8], what: &str) {
    let mut harness = Harness::prepare(&[]);
    let state = harness.home.state();
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("state.json"), snapshot).unwrap();
    harness.launch();
    harness.expect("report", |message| message.text().contains("could not be read"));
    harness.logged("could not be read");
    let kept = fs::read_dir(&state).unwrap().flatten();
    let kept = kept.filter_map(|entry| fs::read(entry.path()).ok()).any(|bytes| bytes == snapshot);
    assert!(kept, "{what}: the bytes are gone");
    assert_eq!(harness.ask("echo goes on"), "goes on", "{what}");
}

#[test]
fn a_snapshot_that_is_torn_newer_or_noise_is_said_kept_and_no_obstacle() {
    let mut harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    let waiting = harness.say("echo waits");
    harness.expect("a place in the queue", |m| m.reply_to == Some(waiting));
    harness.kill();
    let whole = fs::read(harness.home.state().join("state.json")).unwrap();
    for end in [0, 1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        starts_with(&whole[..end], &format!("cut at {end} of {}", whole.len()));
    }
    let noise: Vec<u8> =
        (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    starts_with(&noise, "noise");
    starts_with(&[0; 512], "zeros, as some file systems leave them");
    starts_with(br#"{"version":99,"of":"the future"}"#, "a newer version");
}
