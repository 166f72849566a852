//! Stop means stop: from the phone, by time, and with nothing left running.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::{CHAT, Harness};

/// Waits until the chat says that the run of this prompt was stopped.
fn stopped(harness: &Harness, prompt: i64) {
    harness.expect("\"Stopped\"", |message| {
        message.reply_to == Some(prompt) && message.text().contains("Stopped")
    });
    harness.nothing_left();
}

#[test]
fn cancel_stops_the_run_and_the_next_prompt_is_taken() {
    let harness = Harness::start();
    for command in ["/cancel", "/stop"] {
        let prompt = harness.say("hang");
        harness.started("hang");
        harness.view(prompt);
        harness.say(command);
        stopped(&harness, prompt);
    }
    assert_eq!(harness.ask("echo next"), "next");
}

#[test]
fn the_stop_button_of_the_view_stops_its_run() {
    let harness = Harness::start();
    let prompt = harness.say("hang");
    let view = harness.view(prompt);
    let tap = harness.tap_on(&view, "Stop", CHAT);
    harness.tap_answer(&tap);
    stopped(&harness, prompt);
}

#[test]
fn a_stop_button_never_touches_a_later_run() {
    let harness = Harness::start();
    let first = harness.say("hang");
    let old = harness.view(first);
    harness.tap_on(&old, "Stop", CHAT);
    stopped(&harness, first);
    let second = harness.say("work 2");
    harness.started("work 2");
    let tap = harness.tap_on(&old, "Stop", CHAT);
    harness.tap_answer(&tap);
    assert!(harness.answer(second).text().contains("Worked"));
}

#[test]
fn an_agent_that_ignores_everything_is_killed() {
    let harness = Harness::start();
    let prompt = harness.say("hang hard");
    harness.view(prompt);
    harness.started("hang hard");
    harness.say("/cancel");
    stopped(&harness, prompt);
}

#[test]
fn children_with_sessions_of_their_own_are_ended_too() {
    let harness = Harness::start();
    let prompt = harness.say("tree");
    harness.expect("the children's pids", |message| message.text().contains("children:"));
    assert!(harness.home.alive(harness.pid()).len() >= 3);
    harness.say("/cancel");
    stopped(&harness, prompt);
}

#[test]
fn children_without_an_environment_are_ended_too() {
    let harness = Harness::start();
    let prompt = harness.say("tree bare");
    let view = harness.expect("the children's pids", |m| m.text().contains("children:"));
    let pids = view.text().split("children: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    harness.say("/cancel");
    stopped(&harness, prompt);
    for pid in pids.split_whitespace().map(|pid| pid.trim_matches(|c: char| !c.is_ascii_digit())) {
        assert!(!std::path::Path::new("/proc").join(pid).exists(), "{pid} is left");
    }
}

#[test]
fn what_a_finished_run_left_running_on_purpose_lives_on() {
    let harness = Harness::start();
    let left = harness.ask("nohup");
    let pid: u32 = left.trim_start_matches("left running: ").parse().unwrap();
    let prompt = harness.say("hang");
    harness.view(prompt);
    harness.say("/cancel");
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(harness.home.alive(harness.pid()), [pid]);
}

#[test]
fn a_child_that_holds_stdout_open_does_not_keep_the_run_alive() {
    let harness = Harness::start();
    harness.say("holder");
    assert_eq!(harness.ask("echo next"), "next");
}

#[test]
fn cancel_all_empties_the_queue_as_well() {
    let harness = Harness::start();
    let prompt = harness.say("hang");
    harness.view(prompt);
    harness.say("echo waiting");
    harness.say("/cancel all");
    stopped(&harness, prompt);
    assert_eq!(harness.ask("echo later"), "later");
    assert_eq!(harness.count_starts("echo waiting"), 0);
}

#[test]
fn cancel_with_nothing_to_stop_says_so() {
    let harness = Harness::start();
    assert!(!harness.ask("/cancel").is_empty());
}

#[test]
fn a_run_that_takes_too_long_is_ended_and_the_limit_is_named() {
    let harness = Harness::with(&[("PIGENT_JOB_TIMEOUT", "2s")]);
    let text = harness.ask("hang");
    assert!(
        text.contains("PIGENT_JOB_TIMEOUT") || text.contains("2 s") || text.contains("2s"),
        "{text}"
    );
    harness.nothing_left();
}

#[test]
fn a_run_that_says_nothing_is_ended_and_told_apart() {
    let harness = Harness::with(&[("PIGENT_STALE_TIMEOUT", "2s")]);
    let silent = harness.ask("silent");
    assert!(!silent.is_empty());
    harness.nothing_left();
    assert_eq!(harness.ask("echo next"), "next");
}
