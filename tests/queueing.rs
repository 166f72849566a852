//! Prompts that wait: their order, their number, and what can still be changed.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Chat, Incoming};
use support::{CHAT, Harness};

const GROUP: i64 = -1_000_000_000_777;

#[test]
fn prompts_run_one_after_the_other_in_order() {
    let harness = Harness::start();
    let prompts = ["work 1", "echo two", "echo three"];
    let sent: Vec<i64> = prompts.iter().map(|prompt| harness.say(prompt)).collect();
    for id in sent {
        harness.answer(id);
    }
    let order: Vec<String> = harness.starts().into_iter().map(|start| start.prompt).collect();
    assert_eq!(order, prompts);
}

#[test]
fn the_queue_is_listed_with_a_button_for_every_waiting_prompt() {
    let harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    harness.say("echo first");
    harness.say("echo second");
    let asked = harness.say("/queue");
    let list = harness.answer(asked);
    assert!(list.text().contains("echo first") && list.text().contains("echo second"));
    assert_eq!(list.labels().len(), 2);
    let tap = harness.tap_on(&list, "1", CHAT);
    harness.tap_answer(&tap);
    harness.say("/cancel");
    harness.expect("second answer", |message| message.text() == "second");
    assert_eq!(harness.count_starts("echo first"), 0);
}

#[test]
fn an_edit_changes_a_prompt_that_still_waits() {
    let harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    let waiting = harness.say("echo wrong");
    harness.server.edit(CHAT, waiting, "echo right").unwrap();
    harness.wait("confirmed edit", |world| (world.unconfirmed() == 0).then_some(()));
    harness.say("/cancel");
    harness.expect("right answer", |message| message.text() == "right");
    assert_eq!(harness.count_starts("echo wrong"), 0);
}

#[test]
fn a_full_queue_says_no() {
    let harness = Harness::with(&[("PIGENT_QUEUE_MAX", "1")]);
    harness.say("hang");
    harness.started("hang");
    harness.say("echo waits");
    let refused = harness.say("echo too much");
    assert!(!harness.answer(refused).text().is_empty());
    harness.say("/cancel");
    harness.expect("answer of the waiting one", |message| message.text() == "waits");
    assert_eq!(harness.count_starts("echo too much"), 0);
}

#[test]
fn more_prompts_an_hour_than_allowed_are_refused() {
    let harness = Harness::with(&[("PIGENT_RATE_LIMIT", "2")]);
    assert_eq!(harness.ask("echo one"), "one");
    assert_eq!(harness.ask("echo two"), "two");
    assert_ne!(harness.ask("echo three"), "three");
    assert_eq!(harness.starts().len(), 2);
}

#[test]
fn a_failed_run_does_not_stop_the_queue() {
    let harness = Harness::start();
    let bad = ["crash", "die", "exit 0", "error"].map(|prompt| harness.say(prompt));
    let good = harness.say("echo fine");
    assert_eq!(harness.answer(good).text(), "fine");
    for id in bad {
        assert!(!harness.answer(id).text().is_empty());
    }
}

#[test]
fn a_prompt_that_waits_is_told_its_place_without_a_sound() {
    let harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    let waiting = harness.say("echo later");
    let note = harness.expect("a note", |message| message.reply_to == Some(waiting));
    assert!(note.silent && note.text().contains("place 1"), "{}", note.text());
    harness.say("/cancel all");
    harness.expect("the end", |message| message.text().contains("Stopped"));
}

#[test]
fn a_flood_of_prompts_keeps_no_stop_waiting_and_is_answered() {
    let allowed = format!("{CHAT},{GROUP}");
    let harness =
        Harness::with(&[("PIGENT_QUEUE_MAX", "1"), ("TELEGRAM_ALLOWED_CHAT_IDS", &allowed)]);
    harness.server.set_chat(Chat::new(GROUP));
    harness.say("hang");
    harness.started("hang");
    // More than one poll brings, and many more than may be answered in a group a minute.
    for n in 0..130 {
        let (chat, text) = (GROUP, format!("echo flood {n}"));
        harness.server.send(Incoming { chat, from: 7, text, ..Incoming::default() });
    }
    harness.say("/cancel");
    harness.expect("the stop", |message| message.text().starts_with("🛑"));
    harness.expect_in(GROUP, "the answer of the one that was taken", |m| m.text() == "flood 0");
    harness.expect_in(GROUP, "word of the others", |m| m.text().contains("were not taken"));
    assert_eq!(harness.starts().len(), 2);
}
