//! Whatever Telegram, or something that poses as it, hands over: nothing ends the poller or stands
//! in the way of what is behind it, and what had to be set aside is said.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Fault, Trouble};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::{CHAT, Harness};

/// Kinds of updates that pigent asks for, and what of them is a prompt.
const ASKED: [&str; 3] = ["message", "edited_message", "callback_query"];

/// The samples: kind, and what it holds.
fn samples() -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/updates/every.ndjson");
    let text = fs::read_to_string(path).unwrap();
    let read = |line: &str| {
        let update: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        update.into_iter().find(|(key, _)| key != "update_id")
    };
    text.lines().filter_map(read).collect()
}

/// Hands an update over although the bot has not asked for its kind.
fn force(harness: &Harness, updates: &Value) {
    let body = json!({ "ok": true, "result": updates }).to_string();
    let answer = Trouble::Http(200, Some(body));
    spoil_next_poll(harness, Fault::new(answer));
}

/// The poll that waits already is not spoiled: something has to end it.
fn spoil_next_poll(harness: &Harness, fault: Fault) {
    harness.server.add_fault(fault.on("getUpdates"));
    harness.server.push_update("my_chat_member", json!({})).unwrap();
}

/// Everything behind it is heard, confirmed, and answered once.
fn goes_on(harness: &Harness, what: &str) {
    let prompt = format!("echo still here after {what}");
    let answer = harness.ask(&prompt);
    assert!(answer.ends_with(what), "{what}: {answer}");
    assert_eq!(harness.count_starts(&prompt), 1);
    harness.wait("empty queue", |world| (world.unconfirmed() == 0).then_some(()));
}

fn message(extra: &Value) -> Value {
    let mut message = json!({ "message_id": 900, "date": 1,
        "chat": { "id": CHAT, "type": "private" }, "from": { "id": CHAT, "is_bot": false } });
    for (key, value) in extra.as_object().unwrap() {
        message[key] = value.clone();
    }
    message
}

#[test]
fn every_kind_of_update_there_is_goes_by() {
    let harness = Harness::start();
    for (kind, what) in samples().iter().filter(|(kind, _)| ASKED.contains(&kind.as_str())) {
        harness.server.push_update(kind, what.clone()).unwrap();
    }
    goes_on(&harness, "all that were asked for");
    let unasked = samples().into_iter().filter(|(kind, _)| !ASKED.contains(&kind.as_str()));
    let unasked: Vec<Value> =
        unasked.zip(1..).map(|((kind, what), id)| json!({ "update_id": id, kind: what })).collect();
    assert!(unasked.len() > 20, "{}", unasked.len());
    force(&harness, &json!(unasked));
    goes_on(&harness, "all that were not");
    // The samples hold one text, once as a message: that is a prompt.
    let others: Vec<_> = harness.starts().into_iter().map(|one| one.prompt).collect();
    let others = others.iter().filter(|prompt| !prompt.starts_with("echo"));
    assert!(others.clone().all(|prompt| prompt == "text"), "{:?}", others.collect::<Vec<_>>());
    assert!(!harness.log().contains("is set aside"), "{}", harness.log());
}

#[test]
fn malformed_updates_are_set_aside_confirmed_and_said_once() {
    let harness = Harness::start();
    let odd = [
        json!(null),
        json!("text"),
        json!([1, 2, 3]),
        json!({}),
        json!({ "message_id": "one" }),
        message(&json!({ "text": 7 })),
        message(&json!({ "from": "me", "text": "x" })),
        message(&json!({ "chat": { "id": 1e300, "type": "private" }, "text": "x" })),
        message(&json!({ "chat": { "id": CHAT, "type": "unheard-of" }, "text": "x" })),
        message(&json!({ "date": -1, "text": "echo from before time" })),
        message(&json!({ "text": "", "reply_to_message": [] })),
        message(&json!({ "text": "echo unknown", "new": { "in": ["version", 99] } })),
    ];
    for kind in ["message", "edited_message", "callback_query", "my_chat_member"] {
        for what in &odd {
            harness.server.push_update(kind, what.clone()).unwrap();
        }
    }
    goes_on(&harness, "nonsense");
    harness.expect("a word about it", |message| message.text().contains("set aside"));
    let told = harness.server.look(|world| {
        world.from_bot(CHAT).iter().filter(|one| one.text().contains("set aside")).count()
    });
    assert_eq!(told, 1, "at most once an hour");
    assert!(harness.log().matches("is set aside").count() > 5);
}

#[test]
fn updates_without_a_readable_id_do_not_hide_the_others() {
    let harness = Harness::start();
    let prompt = message(&json!({ "text": "echo found among them" }));
    force(
        &harness,
        &json!([
            { "message": prompt }, { "update_id": "7" }, null, 7, [],
            { "update_id": 70_000_000, "message": prompt }, { "update_id": 1e30 },
        ]),
    );
    harness.started("echo found among them");
    // And nothing but such ones is an error that ends.
    force(&harness, &json!([{ "message": prompt }, {}]));
    goes_on(&harness, "nameless ones");
    assert_eq!(harness.count_starts("echo found among them"), 1);
}

#[test]
fn what_is_nested_a_thousand_times_is_read_or_set_aside() {
    let harness = Harness::start();
    let deep = |depth: usize| (0..depth).fold(json!("core"), |inner, _| json!([{ "d": inner }]));
    // Deeper JSON cannot be built with serde_json; `decode` has a test with 200,000.
    harness.server.push_update("message", message(&json!({ "photo": deep(50) }))).unwrap();
    let text = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let body = format!(
        r#"{{"ok":true,"result":[{{"update_id":90000000,"message":{{"message_id":1,"text":{text}}}}}]}}"#
    );
    spoil_next_poll(&harness, Fault::new(Trouble::Http(200, Some(body))));
    harness.logged("update 90000000 is set aside");
    goes_on(&harness, "the depths");
}

#[test]
fn four_megabytes_are_refused_and_do_not_block_what_is_behind() {
    let harness = Harness::start();
    let huge = harness.say(&"x".repeat(4 << 20));
    for _ in 0..3 {
        // Together more than an answer may be long.
        harness.say(&"y".repeat(3 << 20));
    }
    goes_on(&harness, "megabytes");
    assert!(harness.answer(huge).text().contains("text of that length"));
    assert!(harness.starts().iter().all(|start| start.prompt.len() < 100));
}

#[test]
fn an_answer_that_is_never_json_is_given_up_with_its_first_update() {
    let harness = Harness::start();
    let poison = r#"{"ok":true,"result":[{"update_id":80000000,"message":{"text":}}]}"#;
    let answer = Trouble::Http(200, Some(poison.to_owned()));
    spoil_next_poll(&harness, Fault::new(answer).times(4));
    harness.logged("update 80000000 is set aside");
    harness.expect("a word about it", |message| message.text().contains("80000000"));
    goes_on(&harness, "garble");
}

#[test]
fn an_update_that_crashes_pigent_is_set_aside_after_three_tries_and_its_neighbours_are_not() {
    let mut harness = Harness::prepare(&[("STAND_IN_POISON", "poison")]);
    let before = harness.say("echo before");
    let poison = harness.say("poison");
    let after = harness.say("echo after");
    for _ in 0..3 {
        harness.spawn();
        assert_eq!(harness.wait_exit().code(), Some(1));
    }
    harness.launch();
    assert_eq!(harness.answer(before).text(), "before");
    assert_eq!(harness.answer(after).text(), "after");
    harness.expect("a word about it", |message| message.text().contains("ended pigent 3 times"));
    harness.expect("a word about crashes", |message| message.text().contains("crashed"));
    harness.wait("empty queue", |world| (world.unconfirmed() == 0).then_some(()));
    for prompt in ["echo before", "echo after"] {
        assert_eq!(harness.count_starts(prompt), 1, "{prompt}");
    }
    assert_eq!(harness.count_starts("poison"), 0, "message {poison}");
}
