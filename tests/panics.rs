//! A panic, in whatever thread, ends the process in order, and the next start tells of it, once.
//! Where the panics come from: `src/failpoint.rs`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::sim_panel::Change;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use support::{CHAT, Harness, LONG};

const THREADS: [&str; 5] = ["poller", "outbox", "store", "panel", "loop"];
const PANIC: &str = "STAND_IN_PANIC";

/// What the owner was told of crashes.
fn reports(harness: &Harness) -> Vec<String> {
    harness.server.look(|world| {
        let all = world.from_bot(CHAT).into_iter().map(|message| message.text().to_owned());
        all.filter(|text| text.contains("crashed")).collect()
    })
}

/// The note of the panic in this thread, which only its owner may read.
fn note_of(harness: &Harness, thread: &str) -> String {
    let path = harness.home.state().join("panic");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| harness.fail(&why.to_string()));
    assert!(text.contains(&format!("a test told the {thread} to panic")), "{text}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    text
}

/// The newest word about each lamp is that it is off.
fn is_dark(seen: &[Change]) -> bool {
    let newest = |lamp: &str| seen.iter().rev().find(|change| change.lamp == lamp);
    ["busy", "idle", "error"].into_iter().all(|lamp| newest(lamp).is_some_and(|c| !c.on))
}

#[test]
fn a_panic_in_any_thread_ends_a_busy_daemon_and_is_reported_once() {
    thread::scope(|scope| {
        for thread in THREADS {
            scope.spawn(move || panic_while_busy(thread));
        }
    });
}

fn panic_while_busy(thread: &str) {
    let mut harness = Harness::prepare(&[]);
    let now = harness.home.project().join("now");
    harness.set(PANIC, format!("{thread}:{}", now.display()));
    harness.launch();
    let first = harness.say("hang");
    harness.started("hang");
    harness.lamps("work", |seen| seen.iter().any(|c| c.lamp == "busy" && c.on).then_some(()));
    let panel = harness.take_panel();
    std::fs::write(&now, "").unwrap();
    // Passes through every thread but the panel's, which comes by with the next change of a lamp.
    let second = harness.say("echo in between");
    let status = harness.wait_exit();
    assert_eq!(status.code(), Some(1), "{thread}: {status}");
    note_of(&harness, thread);
    // The way out of the panel removes its socket; being killed does not.
    assert!(!harness.home.socket().exists(), "{thread}: the panel was not released");
    let dark = panel.wait(LONG, |seen| is_dark(seen).then_some(()));
    assert!(dark.is_some(), "{thread}: lamps stay on");

    harness.unset(PANIC);
    harness.launch();
    harness.expect("report of the crash", |message| message.text().contains("crashed"));
    assert!(harness.answer(first).text().contains("Interrupted"), "{thread}");
    let second = harness.answer(second).text().to_owned();
    assert!(second == "in between" || second.contains("Interrupted"), "{thread}: {second}");
    harness.wait_for_state("\"posts\":[]");
    assert!(!harness.home.state().join("panic").exists(), "{thread}");

    harness.restart();
    assert_eq!(harness.ask("echo third start"), "third start");
    let reports = reports(&harness);
    assert!(reports.len() == 1 && reports[0].contains(thread), "{thread}: {reports:?}");
    assert!(harness.count_starts("echo in between") <= 1, "{thread}");
    assert_eq!(harness.count_starts("hang"), 1, "{thread}");
    harness.nothing_left();
}

#[test]
fn a_panic_in_the_first_moment_of_any_thread_ends_the_process() {
    thread::scope(|scope| {
        for thread in THREADS {
            scope.spawn(move || panic_at_once(thread));
        }
    });
}

fn panic_at_once(thread: &str) {
    let mut harness = Harness::prepare(&[(PANIC, thread)]);
    // The store comes by with the first save.
    let prompt = harness.say("echo early");
    harness.spawn();
    assert_eq!(harness.wait_exit().code(), Some(1), "{thread}");
    note_of(&harness, thread);
    harness.unset(PANIC);
    harness.launch();
    harness.expect("report of the crash", |message| message.text().contains("crashed"));
    let answer = harness.answer(prompt).text().to_owned();
    assert!(answer == "early" || answer.contains("Interrupted"), "{thread}: {answer}");
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(reports(&harness).len(), 1, "{thread}");
}

#[test]
fn a_report_is_not_repeated_if_its_note_could_not_be_removed_in_time() {
    let mut harness = Harness::prepare(&[(PANIC, "loop")]);
    harness.spawn();
    assert_eq!(harness.wait_exit().code(), Some(1));
    let note = note_of(&harness, "loop");
    harness.unset(PANIC);
    // Finds the step of the start at which the note is removed, and dies there.
    let removal = |line: &&str| line.ends_with("before remove the crash report");
    for step in 1.. {
        fs::remove_dir_all(harness.home.state()).unwrap();
        fs::create_dir(harness.home.state()).unwrap();
        fs::write(harness.home.state().join("panic"), &note).unwrap();
        harness.set("STAND_IN_FAILPOINT", format!("store:{step}"));
        harness.spawn();
        let killed = harness.wait_exit();
        assert_eq!(killed.code(), None, "{killed}");
        if harness.log().lines().any(|line| removal(&line)) {
            break;
        }
    }
    harness.unset("STAND_IN_FAILPOINT");
    harness.launch();
    harness.expect("report of the crash", |message| message.text().contains("crashed"));
    harness.wait_for_state("\"posts\":[]");
    harness.restart();
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(reports(&harness).len(), 1, "{:?}", reports(&harness));
}

#[test]
fn an_answer_that_crashes_the_outbox_is_sent_as_plain_text_after_two_tries() {
    let mut harness = Harness::prepare(&[("STAND_IN_POISON_ANSWER", "**poison**")]);
    harness.spawn();
    let poison = harness.say("echo **poison**");
    let behind = harness.say("echo behind");
    for _ in 0..2 {
        assert_eq!(harness.wait_exit().code(), Some(1));
        harness.spawn();
    }
    assert_eq!(harness.answer(poison).text(), "**poison**");
    harness.answer(behind);
    assert_eq!(harness.count_starts("echo **poison**"), 1);
    harness.wait_for_state("\"posts\":[]");
}
