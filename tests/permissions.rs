//! What the agent asks, the user answers.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::Incoming;
use support::{CHAT, Harness};

const GROUP: i64 = -1_000_000_000_777;
const ASK: (&str, &str) = ("PIGENT_PERMISSIONS", "ask");

#[test]
fn a_permission_is_asked_for_with_the_command_and_obeyed() {
    let harness = Harness::with(&[ASK]);
    let prompt = harness.say("ask: rm -r build");
    let question =
        harness.expect("question", |message| !message.silent && !message.labels().is_empty());
    assert!(question.text().contains("rm -r build") && question.text().contains("Bash"));
    harness.tap("Allow");
    harness.expect("answer", |m| m.reply_to == Some(prompt) && m.text() == "ran rm -r build");
}

#[test]
fn a_denied_command_does_not_run() {
    let harness = Harness::with(&[ASK]);
    harness.say("ask: rm -r build");
    harness.tap("Deny");
    harness.expect("answer", |message| message.text().starts_with("denied:"));
}

#[test]
fn in_bypass_mode_nobody_is_asked() {
    let harness = Harness::start();
    for prompt in ["ask: touch x", "insist: touch x"] {
        assert_eq!(harness.ask(prompt), "ran touch x");
    }
}

#[test]
fn only_who_asked_may_answer() {
    let group = GROUP.to_string();
    let harness = Harness::with(&[ASK, ("TELEGRAM_ALLOWED_CHAT_IDS", &group)]);
    let text = "ask: touch x".to_owned();
    harness.server.send(Incoming { chat: GROUP, from: 7, text, ..Incoming::default() });
    let question =
        harness.expect_in(GROUP, "question", |m| m.labels().iter().any(|l| l.contains("Allow")));
    let tap = harness.tap_on(&question, "Allow", 8);
    harness.tap_answer(&tap);
    harness.tap_on(&question, "Deny", 7);
    harness.expect_in(GROUP, "answer", |message| message.text().starts_with("denied:"));
}

#[test]
fn a_question_has_a_button_for_every_choice_in_every_mode() {
    let harness = Harness::start();
    let prompt = harness.say("question");
    let question = harness.expect("question", |m| m.text().contains("Which colour do you want?"));
    assert!(!question.silent);
    harness.tap("Blue");
    let answer =
        harness.expect("answer", |m| m.reply_to == Some(prompt) && m.text().contains("answers:"));
    assert_eq!(answer.text(), "answers: {\"Which colour do you want?\":\"Blue\"}");
}

#[test]
fn questions_come_one_after_the_other() {
    let harness = Harness::start();
    harness.say("questions");
    harness.tap("Red");
    harness.tap("Large");
    let answer = harness.expect("answer", |message| message.text().contains("answers:"));
    assert!(answer.text().contains("\"Red\"") && answer.text().contains("\"Large\""));
}

#[test]
fn several_choices_can_be_taken_until_done() {
    let harness = Harness::start();
    harness.say("multi");
    for label in ["Cheese", "Ham", "Done"] {
        let tap = harness.tap(label);
        harness.tap_answer(&tap);
    }
    let answer = harness.expect("answer", |message| message.text().contains("answers:"));
    let text = answer.text();
    assert!(text.contains("Cheese") && text.contains("Ham") && !text.contains("Olives"), "{text}");
}

#[test]
fn a_question_can_be_answered_in_own_words() {
    let harness = Harness::start();
    harness.say("question");
    let question = harness.expect("question", |m| m.text().contains("Which colour do you want?"));
    // Sent after the question by the same thread: by then pigent knows the question's message.
    harness.ask("/status");
    harness.reply(question.id, "a warm grey");
    let answer = harness.expect("answer", |message| message.text().contains("answers:"));
    assert!(answer.text().contains("a warm grey"));
    assert_eq!(harness.starts().len(), 1);
}

#[test]
fn a_question_too_big_to_be_sent_back_is_declined() {
    let harness = Harness::start();
    harness.say("question big");
    harness.expect("answer", |message| message.text().starts_with("denied:"));
}

#[test]
fn a_button_that_is_over_says_expired() {
    let harness = Harness::start();
    harness.say("question");
    let question = harness.expect("question", |m| m.text().contains("Which colour do you want?"));
    harness.tap_on(&question, "Red", CHAT);
    harness.expect("answer", |message| message.text().contains("answers:"));
    for tap in [
        harness.tap_on(&question, "Blue", CHAT),
        harness.server.tap_data(CHAT, question.id, "0123456789abcdef", CHAT),
    ] {
        assert!(harness.tap_answer(&tap).to_lowercase().contains("expired"));
    }
}

#[test]
fn a_stop_withdraws_the_question() {
    let harness = Harness::with(&[ASK]);
    let prompt = harness.say("ask: touch x");
    harness.expect("question", |m| m.labels().iter().any(|label| label.contains("Allow")));
    harness.say("/cancel");
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
    harness.nothing_left();
}
