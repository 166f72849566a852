//! The log goes where it goes, and where it goes nowhere the work goes on.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::sim_panel::Change;
use support::{Harness, LONG, Signal, program};

/// A closet whose log nobody takes: a full disk, a terminal that hung up.
fn with_a_full_log(settings: &[(&str, &str)]) -> Harness {
    let mut harness = Harness::prepare(settings);
    let starter = harness.home.project().with_file_name("starter");
    let text = format!("#!/bin/sh\nexec {} \"$@\" 2>/dev/full\n", harness.program.display());
    program::script(&starter, &text);
    harness.program = starter;
    harness
}

#[test]
fn a_log_that_takes_no_line_ends_nothing() {
    let mut harness = with_a_full_log(&[]);
    harness.launch();
    assert_eq!(harness.ask("echo one"), "one");
    harness.signal(Signal::HUP);
    assert_eq!(harness.ask("echo two"), "two");
    assert_eq!(harness.terminate().code(), Some(0));
}

#[test]
fn a_panic_without_a_log_leaves_its_note_and_dark_lamps() {
    let mut harness = with_a_full_log(&[]);
    let now = harness.home.project().join("now");
    harness.set("STAND_IN_PANIC", format!("outbox:{}", now.display()));
    harness.launch();
    harness.say("hang");
    harness.started("hang");
    harness.lamps("work", |seen| seen.iter().any(|c| c.lamp == "busy" && c.on).then_some(()));
    let panel = harness.take_panel();
    std::fs::write(&now, "").unwrap();
    assert_eq!(harness.wait_exit().code(), Some(1));
    assert!(harness.home.state().join("panic").exists());
    let busy =
        |seen: &[_]| seen.iter().rev().find(|c: &&Change| c.lamp == "busy").is_some_and(|c| !c.on);
    assert!(panel.wait(LONG, |seen| busy(seen).then_some(())).is_some(), "the lamp stays lit");
}
