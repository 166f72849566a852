//! What the agent said arrives, whatever the network does.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Chat, Fault, Incoming, Trouble};
use std::time::Duration;
use support::{CHAT, Harness};

const GROUP: i64 = -777;
const SUPERGROUP: i64 = -1_000_000_000_777;

#[test]
fn an_answer_arrives_in_spite_of_every_kind_of_trouble() {
    for trouble in [
        Trouble::CloseBefore,
        Trouble::Reset,
        Trouble::Http(502, None),
        Trouble::Garbage,
        Trouble::Flood(1),
        Trouble::Drip(7, Duration::from_millis(1)),
    ] {
        let harness = Harness::start();
        harness.server.add_fault(Fault::new(trouble.clone()).on("sendMessage").times(2));
        assert_eq!(harness.ask("echo arrived"), "arrived", "{trouble:?}");
    }
}

#[test]
fn a_lost_ok_may_double_a_piece_and_never_loses_it() {
    let harness = Harness::start();
    let lost = Fault::new(Trouble::CloseAfter).on("sendMessage").after(1);
    harness.server.add_fault(lost);
    assert_eq!(harness.ask("echo arrived"), "arrived");
    assert_eq!(harness.ask("echo next"), "next");
}

#[test]
fn a_topic_that_is_deleted_costs_no_answer() {
    let group = SUPERGROUP.to_string();
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &group)]);
    let forum = Chat { forum: true, topics: vec![8], ..Chat::new(SUPERGROUP) };
    harness.server.set_chat(forum.clone());
    let say = |text: &str, thread| {
        let (chat, text) = (SUPERGROUP, text.to_owned());
        harness.server.send(Incoming { chat, from: 7, text, thread, ..Incoming::default() })
    };
    say("hang", Some(8));
    harness.started("hang");
    let waiting = say("echo behind", Some(8)).message;
    harness.expect_in(SUPERGROUP, "a place in the queue", |m| m.reply_to == Some(waiting));
    harness.server.set_chat(Chat { topics: Vec::new(), ..forum });
    say("/cancel@stand_in_bot", None);
    harness.expect_in(SUPERGROUP, "answer", |m| m.thread.is_none() && m.text() == "behind");
}

#[test]
fn polling_goes_on_after_every_kind_of_trouble() {
    let harness = Harness::start();
    for trouble in [
        Trouble::CloseBefore,
        Trouble::Reset,
        Trouble::Http(504, None),
        Trouble::Garbage,
        Trouble::Truncate,
        Trouble::Flood(1),
        Trouble::Conflict,
    ] {
        harness.server.add_fault(Fault::new(trouble.clone()).on("getUpdates"));
        assert_eq!(harness.ask("echo heard"), "heard", "{trouble:?}");
    }
}

#[test]
fn an_outage_delays_the_answer_and_loses_nothing() {
    let harness = Harness::start();
    let prompt = harness.say("work 1");
    harness.started("work 1");
    harness.server.offline(true);
    harness.nothing_left();
    harness.server.offline(false);
    assert!(harness.answer(prompt).text().contains("Worked"));
}

#[test]
fn a_long_answer_comes_in_whole_pieces() {
    let harness = Harness::start();
    let prompt = harness.say("long 8");
    let last =
        harness.expect("last piece", |m| m.by_bot && !m.silent && m.text().contains("Part 50\n"));
    assert!(last.document.is_none());
    let pieces = harness.server.look(|world| {
        let all = world.from_bot(CHAT).into_iter().filter(|message| !message.silent);
        all.map(|message| message.text().to_owned()).collect::<Vec<_>>()
    });
    assert!((2..=5).contains(&pieces.len()), "{}", pieces.len());
    let whole = pieces.concat();
    for part in 1..=50 {
        assert_eq!(whole.matches(&format!("Part {part}\n")).count(), 1, "part {part}");
    }
    assert_eq!(harness.answer(prompt).reply_to, Some(prompt));
}

#[test]
fn a_very_long_answer_comes_as_a_file_with_exactly_its_bytes() {
    let harness = Harness::start();
    harness.say("long 200");
    let message = harness.expect("file", |message| message.document.is_some());
    let (name, bytes) = message.document.unwrap();
    assert!(name.ends_with(".md"), "{name}");
    assert_eq!(bytes.len(), 200 * 1024);
    assert!(bytes.starts_with(b"## Part 1\n"));
}

#[test]
fn an_empty_answer_still_gets_a_message() {
    let harness = Harness::start();
    assert!(!harness.ask("empty").is_empty());
}

#[test]
fn every_result_of_a_run_is_posted() {
    let harness = Harness::start();
    harness.say("two results");
    for text in ["first result", "second result"] {
        harness.expect(text, |message| message.text() == text && !message.silent);
    }
    harness.say("background 1");
    harness.expect("report", |message| message.text() == "The background work is done.");
}

#[test]
fn text_that_was_thrown_away_is_not_in_the_answer() {
    let harness = Harness::start();
    assert_eq!(harness.ask("withdrawn"), "this text stays");
    assert_eq!(harness.ask("garbage"), "That line was broken.");
}

#[test]
fn pictures_in_the_stream_cost_nothing_and_break_nothing() {
    let harness = Harness::start();
    assert_eq!(harness.ask("image 12000"), "I have seen it.");
}

#[test]
fn what_went_wrong_is_said() {
    let harness = Harness::start();
    for (prompt, word) in [
        ("error: no more tea", "no more tea"),
        ("login", "log"),
        ("crash", "asked to crash"),
        ("die", "memory"),
        ("exit 9", "9"),
    ] {
        let told = harness.ask(prompt);
        assert!(told.contains(word), "{prompt}: {told}");
    }
}

#[test]
fn a_missing_agent_is_named() {
    let harness = Harness::with(&[("CLAUDE_PATH", "/nowhere/claude")]);
    assert!(harness.ask("echo x").contains("/nowhere/claude"));
}

#[test]
fn a_flood_of_text_stays_within_the_limits() {
    let harness = Harness::start();
    let prompt = harness.say("flood 500");
    harness.expect("several edits", |m| m.reply_to == Some(prompt) && m.edits() >= 3);
    harness.say("/cancel");
    harness.expect("\"Stopped\"", |m| m.reply_to == Some(prompt) && m.text().contains("Stopped"));
    let refused = harness
        .server
        .look(|world| world.log().iter().filter(|exchange| exchange.status == Some(429)).count());
    assert_eq!(refused, 0);
}

#[test]
fn a_group_that_becomes_a_supergroup_keeps_its_answers() {
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &GROUP.to_string())]);
    let text = "work 2".to_owned();
    harness.server.send(Incoming { chat: GROUP, from: 7, text, ..Incoming::default() });
    harness.started("work 2");
    harness.server.migrate(GROUP, SUPERGROUP);
    harness.expect_in(SUPERGROUP, "answer", |message| message.text().contains("Worked"));
}

#[test]
fn a_chat_that_blocks_the_bot_does_not_hold_up_the_others() {
    let chats = format!("{CHAT},7");
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &chats)]);
    harness.server.say(7, "work 1");
    harness.started("work 1");
    harness.server.close_chat(7, "bot was blocked by the user");
    assert_eq!(harness.ask("echo mine"), "mine");
}

#[test]
fn the_token_is_nowhere() {
    let harness = Harness::start();
    harness.server.add_fault(Fault::new(Trouble::Reset).times(6));
    harness.ask("error");
    let secret = harness.server.token().split(':').nth(1).unwrap().to_owned();
    assert!(!harness.log().contains(&secret));
    let shown = harness
        .server
        .look(|world| world.from_bot(CHAT).iter().any(|message| message.text().contains(&secret)));
    assert!(!shown);
    let pid = harness.pid().unwrap();
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains(&secret));
}
