//! Lamps and the button in the closet.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::sim_panel::Change;
use support::{CHAT, Harness};

/// How often a lamp was lit in these changes.
fn lit(changes: &[Change], lamp: &str) -> usize {
    changes.iter().filter(|change| change.lamp == lamp && change.on).count()
}

#[test]
fn the_state_of_all_lamps_is_told_at_once() {
    let mut harness = Harness::start();
    harness.lamps("three lamps", |seen| {
        let known = |lamp| seen.iter().any(|change: &Change| change.lamp == lamp);
        (known("busy") && known("idle") && known("error")).then_some(())
    });
}

#[test]
fn the_idle_lamp_blips_and_the_busy_lamp_blinks_while_it_works() {
    let mut harness = Harness::start();
    harness.lamps("a blip of the idle lamp", |seen| (lit(seen, "idle") >= 2).then_some(()));
    assert_eq!(harness.lamps("all", |seen| Some(lit(seen, "busy"))), 0);
    harness.say("hang");
    harness.lamps("a blinking busy lamp", |seen| (lit(seen, "busy") >= 2).then_some(()));
}

#[test]
fn the_button_stops_the_run_without_any_network() {
    let mut harness = Harness::start();
    let prompt = harness.say("hang hard");
    harness.started("hang hard");
    harness.panel();
    harness.server.offline(true);
    harness.press();
    harness.nothing_left();
    harness.server.offline(false);
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
}

#[test]
fn a_press_is_shown_at_once() {
    let mut harness = Harness::start();
    let before = harness.panel().count();
    harness.press();
    harness.lamps("any change", |seen| (seen.len() > before).then_some(()));
}

#[test]
fn an_error_is_shown_until_the_button_is_pressed() {
    let mut harness = Harness::start();
    harness.panel();
    harness.ask("error");
    harness.lamps("the error lamp", |seen| (lit(seen, "error") >= 3).then_some(()));
    harness.press();
    let mark = harness.panel().count();
    // Three blips of the idle lamp without one of the error lamp: the pattern is over.
    harness.lamps("rest", |seen| {
        let since = &seen[mark.min(seen.len())..];
        let last_error = since.iter().rposition(|change| change.lamp == "error" && change.on);
        (lit(&since[last_error.map_or(0, |at| at + 1)..], "idle") >= 3).then_some(())
    });
}

#[test]
fn holding_the_button_empties_the_queue_too() {
    let mut harness = Harness::start();
    let prompt = harness.say("hang");
    harness.started("hang");
    harness.say("work 30");
    harness.wait("confirmed prompts", |world| (world.unconfirmed() == 0).then_some(()));
    harness.panel().send("press").unwrap();
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
    let asked = harness.say("/queue");
    harness.answer(asked);
    harness
        .expect("word of the emptied queue", |message| message.id > asked && message.chat == CHAT);
    harness.nothing_left();
    harness.panel().send("release").unwrap();
}

#[test]
fn an_open_question_has_a_pattern_of_its_own() {
    let mut harness = Harness::start();
    harness.say("question");
    harness.expect("question", |message| message.text().contains("Which colour"));
    // A double blink: two lights of the busy lamp within half a second.
    harness.lamps("a double blink", |seen| {
        let times: Vec<u64> =
            seen.iter().filter(|c| c.lamp == "busy" && c.on).map(|c| c.at).collect();
        times.windows(2).any(|pair| pair[1] - pair[0] < 500_000).then_some(())
    });
    harness.tap("Red");
    harness.expect("answer", |message| message.text().contains("answers:"));
}
