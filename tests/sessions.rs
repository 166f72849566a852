//! Conversations go on, and end where they should.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Chat, Incoming};
use support::Harness;

const GROUP: i64 = -1_000_000_000_777;

#[test]
fn the_next_prompt_resumes_the_session() {
    let harness = Harness::start();
    let first = harness.ask("session");
    assert!(first.ends_with("is new"), "{first}");
    assert_eq!(harness.ask("session"), first.replace("is new", "is resumed"));
}

#[test]
fn a_restart_does_not_end_the_session() {
    let mut harness = Harness::start();
    let first = harness.ask("session");
    harness.terminate();
    harness.launch();
    assert_eq!(harness.ask("session"), first.replace("is new", "is resumed"));
}

#[test]
fn new_and_clear_start_afresh() {
    let harness = Harness::start();
    for command in ["/new", "/clear"] {
        harness.ask("echo x");
        assert!(!harness.ask(command).is_empty());
        let session = harness.ask("session");
        assert!(session.ends_with("is new"), "{session}");
    }
}

#[test]
fn topics_have_sessions_of_their_own() {
    let group = GROUP.to_string();
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &group)]);
    harness.server.set_chat(Chat { forum: true, topics: vec![5, 6], ..Chat::new(GROUP) });
    let ask = |thread| {
        let text = "session".to_owned();
        let incoming =
            Incoming { chat: GROUP, from: 7, text, thread: Some(thread), ..Incoming::default() };
        let id = harness.server.send(incoming).message;
        let answer = harness.expect_in(GROUP, "answer", |m| m.reply_to == Some(id) && !m.silent);
        answer.text().to_owned()
    };
    let (five, six) = (ask(5), ask(6));
    assert!(five != six && six.ends_with("is new"), "{five}, {six}");
    assert_eq!(ask(5), five.replace("is new", "is resumed"));
}

#[test]
fn an_unknown_session_is_replaced_and_the_chat_is_told() {
    let harness = Harness::start();
    harness.ask("echo x");
    for file in std::fs::read_dir(harness.home.starts().with_file_name("sessions")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let prompt = harness.say("session");
    harness.expect("answer of a new session", |message| {
        message.reply_to == Some(prompt) && message.text().ends_with("is new")
    });
    assert_eq!(harness.count_starts("session"), 1);
    harness.expect("word about the lost session", |message| {
        message.text().contains("session") && !message.text().starts_with("session ")
    });
}

#[test]
fn a_stopped_session_goes_on() {
    let harness = Harness::start();
    let first = harness.ask("session");
    let prompt = harness.say("hang");
    harness.view(prompt);
    harness.say("/cancel");
    assert_eq!(harness.ask("session"), first.replace("is new", "is resumed"));
}
