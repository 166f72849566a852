//! `pigent panel` with somebody at a terminal, and `pigent doctor --board`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::SimPanel;
use pigent::emulator::daemon::until;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use support::{Harness, LONG};

/// Somebody in front of the board, and the board.
struct Person {
    terminal: File,
    child: Child,
    words: BufReader<ChildStdout>,
    /// All that was read.
    seen: String,
    panel: SimPanel,
    folder: tempfile::TempDir,
}

impl Person {
    fn new() -> Person {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("sim");
        let (terminal, stdin) = terminal();
        let mut child = command(folder.path(), &["panel"])
            .env("PIGENT_GPIO", format!("sim:{}", socket.display()))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        let panel = until(LONG, || SimPanel::connect(&socket).ok()).unwrap();
        Person { terminal, child, words, seen: String::new(), panel, folder }
    }

    /// Reads on until a line holds this.
    fn reads(&mut self, part: &str) {
        loop {
            let start = self.seen.len();
            let read = self.words.read_line(&mut self.seen).unwrap();
            assert!(read > 0, "it ended without {part:?}:\n{}", self.seen);
            if self.seen[start..].contains(part) {
                return;
            }
        }
    }

    fn types(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until this lamp, and no other, has been lit anew and is dark again.
    fn sees(&self, lamp: &str) {
        let from = self.panel.count();
        let blinked = self.panel.wait(LONG, |seen| {
            let new = seen.get(from..).unwrap_or_default();
            assert!(new.iter().all(|change| change.lamp == lamp || !change.on), "{new:?}");
            (new.iter().any(|change| change.on) && new.last().is_some_and(|c| !c.on)).then_some(())
        });
        assert!(blinked.is_some(), "{lamp} does not blink");
    }

    fn lamp(&mut self, lamp: &str, answer: &str) {
        self.reads(&format!("The {lamp} lamp (simulated) blinks now."));
        self.sees(lamp);
        self.types(answer);
    }

    /// The rest of what is said, and the exit code.
    fn ends(mut self) -> (String, Option<i32>) {
        while self.words.read_line(&mut self.seen).unwrap() > 0 {}
        assert!(!self.folder.path().join("sim").exists(), "the way out is the orderly one");
        (std::mem::take(&mut self.seen), self.child.wait().unwrap().code())
    }
}

/// A terminal: who sits at it, and what a program has as its stdin.
fn terminal() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
    (master.into(), slave.into())
}

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pigent"));
    command.args(words).env_clear().current_dir(folder);
    command
}

#[test]
fn who_sees_every_lamp_and_presses_the_button_is_told_that_all_works() {
    let mut person = Person::new();
    person.lamp("busy", "r\n");
    person.lamp("busy", "what?\n");
    person.reads("Please answer y, n or r.");
    person.lamp("busy", "y\n");
    person.lamp("idle", "y\n");
    person.lamp("error", "yes\n");
    person.reads("Press the button (simulated) now.");
    person.panel.send("press").unwrap();
    person.reads("Pressed.");
    person.panel.send("release").unwrap();
    person.reads("Released.");
    person.reads("hold it for 3 seconds");
    person.panel.send("press").unwrap();
    person.reads("Held: while pigent runs, this empties the queue");
    let (said, code) = person.ends();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(": works\n").count(), 5, "{said}");
}

#[test]
fn what_does_not_work_is_told_with_what_to_check_and_ends_with_one() {
    let mut person = Person::new();
    person.lamp("busy", "y\n");
    person.lamp("idle", "n\n");
    person.reads("What to check:");
    person.lamp("error", "y\n");
    person.reads("Press the button (simulated) now.");
    person.types("\n");
    person.reads("What to check:");
    let (said, code) = person.ends();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("idle lamp (simulated): DOES NOT WORK\n"), "{said}");
    assert!(said.contains("button (simulated): DOES NOT WORK\n"), "{said}");
    assert!(said.contains("busy lamp (simulated): works\n"), "{said}");
}

#[test]
fn who_leaves_in_the_middle_gets_the_lamps_back_dark() {
    let mut person = Person::new();
    person.lamp("busy", "y\n");
    person.reads("The idle lamp (simulated) blinks now.");
    // The end of input, as typed at a terminal.
    person.types("\u{4}");
    let (said, code) = person.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("idle lamp (simulated): not tried\n"), "{said}");
}

#[test]
fn whose_connection_is_lost_leaves_no_lamp_lit() {
    let folder = tempfile::tempdir().unwrap();
    let class = leds(folder.path());
    let trigger = || std::fs::read_to_string(class.join("ACT/trigger")).unwrap().trim().to_owned();
    let (terminal, stdin) = terminal();
    let mut child = command(folder.path(), &["panel"])
        .env("STAND_IN_LEDS", &class)
        .env("PIGENT_LED_BUSY", "led:ACT")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(until(LONG, || (trigger() == "none").then_some(())).is_some(), "{}", trigger());
    // Nobody is there to be told anything, either.
    drop((terminal, child.stdout.take()));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let status = until(LONG, || child.try_wait().unwrap());
    assert!(status.is_some_and(|status| status.code().is_some()), "{status:?}");
    assert_eq!(trigger(), "mmc0");
}

#[test]
fn while_the_daemon_runs_the_walk_refuses() {
    let harness = Harness::start();
    let (_terminal, stdin) = terminal();
    let output = command(&harness.home.project(), &["panel"]).stdin(stdin).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("stop it first"), "{said}");
}

/// A folder with one LED, in place of the kernel's.
fn leds(folder: &Path) -> PathBuf {
    let class = folder.join("leds");
    let led = class.join("ACT");
    std::fs::create_dir_all(&led).unwrap();
    for (file, text) in [("max_brightness", "1"), ("brightness", "0"), ("trigger", "[mmc0]")] {
        std::fs::write(led.join(file), text).unwrap();
    }
    class
}

#[test]
fn the_board_is_shown_without_a_token_and_with_bad_settings_refused() {
    let folder = tempfile::tempdir().unwrap();
    let class = leds(folder.path());
    let show = |settings: &[(&str, &str)]| {
        let mut command = command(folder.path(), &["doctor", "--board"]);
        command.env("STAND_IN_LEDS", &class).envs(settings.iter().copied()).output().unwrap()
    };
    let output = show(&[("PIGENT_LED_BUSY", "led:ACT")]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("  ACT: mmc0\n"), "{said}");
    assert!(!folder.path().join(".pigent").exists(), "it only looks");
    assert_eq!(show(&[("PIGENT_BUTTON", "GPIO17")]).status.code(), Some(2));
}

#[test]
fn the_doctor_gives_each_remedy_a_line_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let class = leds(folder.path());
    let output = command(folder.path(), &["doctor"])
        .env("STAND_IN_LEDS", class)
        .env("TELEGRAM_BOT_TOKEN", "123456789:AAFakeTokenForTestsOnly_abcdefghijklm")
        .env("TELEGRAM_API_URL", "http://127.0.0.1:9")
        .env("PIGENT_GPIO", "off")
        .env("PIGENT_LED_BUSY", "led:ACT")
        .env("PIGENT_LED_ERROR", "led:PWR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).expect(part);
    assert!(lines[at("PIGENT_LED_BUSY=led:ACT: shows mmc0")].starts_with("ok   board: "));
    let broken = at("PIGENT_LED_ERROR=led:PWR");
    assert!(lines[broken].starts_with("FIX  board: "), "{said}");
    assert_eq!(lines[broken + 1], "     the kernel has no LED of that name: there are ACT");
}

#[test]
fn root_leaves_nothing_in_somebody_elses_project() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(1000), None).unwrap();
    let state = folder.path().join(".pigent");
    let panel = || {
        let mut command = command(folder.path(), &["panel"]);
        let output = command.stdin(Stdio::null()).env("PIGENT_GPIO", "off").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("no lamp and no button"), "{said}");
    };
    panel();
    assert!(!state.exists());
    std::fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink("elsewhere", state.join("lock")).unwrap();
    panel();
    assert!(!state.join("elsewhere").exists());
}
