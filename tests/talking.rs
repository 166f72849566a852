//! A message becomes a run, and its answer a message. Who may talk, and what commands say.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Chat, Incoming};
use serde_json::json;
use support::{CHAT, Harness};

const GROUP: i64 = -1_000_000_000_777;
const STRANGER: i64 = 99;

fn in_group(from: i64, text: &str) -> Incoming {
    Incoming { chat: GROUP, from, text: text.to_owned(), ..Incoming::default() }
}

#[test]
fn a_prompt_is_answered_by_a_new_message_that_pings() {
    let harness = Harness::start();
    let prompt = harness.say("echo hello **you**");
    let answer = harness.answer(prompt);
    assert_eq!(answer.now().html, "hello <b>you</b>");
    assert_eq!(answer.edits(), 0);
}

#[test]
fn a_run_shows_itself_in_one_silent_message_that_is_edited() {
    let harness = Harness::start();
    let prompt = harness.say("work 8");
    harness.expect("an edited view", |message| {
        message.silent && message.reply_to == Some(prompt) && message.edits() >= 1
    });
    harness.answer(prompt);
    let views = harness
        .server
        .look(|world| world.from_bot(CHAT).iter().filter(|message| message.silent).count());
    assert_eq!(views, 1);
}

#[test]
fn typing_is_shown_while_the_agent_works() {
    let harness = Harness::start();
    harness.say("hang");
    harness.wait("typing", |world| (!world.actions(CHAT).is_empty()).then_some(()));
}

#[test]
fn prompts_reach_the_agent_byte_for_byte() {
    let harness = Harness::start();
    let prompts = [
        "/home/pi/a.py is broken",
        "//x",
        "--help -p 'quoted' \"twice\" $HOME `id` \\n",
        " two\n\nlines\twith <b>tags</b> & €😀\u{2028}end ",
    ];
    for prompt in prompts {
        harness.say(prompt);
        harness.started(prompt);
    }
}

#[test]
fn a_stranger_is_told_the_ids_once_and_never_reaches_the_agent() {
    let harness = Harness::start();
    harness.server.say(STRANGER, "echo let me in");
    harness.server.say(STRANGER, "/status");
    let told = harness.expect_in(STRANGER, "answer to a stranger", |_| true);
    assert!(told.text().contains("99") && told.text().contains("TELEGRAM_ALLOWED_"));
    assert_eq!(harness.ask("echo mine"), "mine");
    assert_eq!(harness.server.look(|world| world.from_bot(STRANGER).len()), 1);
    assert_eq!(harness.starts().len(), 1);
    assert!(!harness.log().contains("let me in"));
}

#[test]
fn with_no_list_nobody_gets_in() {
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", "")]);
    harness.say("echo hello");
    let told = harness.expect("answer to a stranger", |_| true);
    assert!(told.text().contains("TELEGRAM_ALLOWED_CHAT_IDS"));
    assert_eq!(harness.starts(), []);
}

#[test]
fn in_a_group_both_lists_count() {
    let group = format!("{CHAT},{GROUP}");
    let harness =
        Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &group), ("TELEGRAM_ALLOWED_USER_IDS", "7")]);
    harness.server.send(in_group(8, "echo not me"));
    let prompt = harness.server.send(in_group(7, "echo me")).message;
    let answer = harness.expect_in(GROUP, "answer", |m| m.reply_to == Some(prompt) && !m.silent);
    assert_eq!(answer.text(), "me");
    let starts: Vec<_> = harness.starts().into_iter().map(|start| start.prompt).collect();
    assert_eq!(starts, ["echo me"]);
}

#[test]
fn anonymous_admins_and_channels_never_pass() {
    let group = format!("{CHAT},{GROUP}");
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &group)]);
    let chat = json!({ "id": GROUP, "type": "supergroup", "title": "x" });
    let other = serde_json::Map::from_iter([("sender_chat".to_owned(), chat)]);
    harness.server.send(Incoming { other, ..in_group(1000, "echo anonymous") });
    assert_eq!(harness.ask("echo mine"), "mine");
    assert_eq!(harness.starts().len(), 1);
}

#[test]
fn answers_stay_in_the_topic_they_were_asked_in() {
    let group = format!("{GROUP}");
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &group)]);
    harness.server.set_chat(Chat { forum: true, topics: vec![5], ..Chat::new(GROUP) });
    let incoming = Incoming { thread: Some(5), ..in_group(7, "echo topical") };
    let prompt = harness.server.send(incoming).message;
    let answer = harness.expect_in(GROUP, "answer", |m| m.reply_to == Some(prompt) && !m.silent);
    assert_eq!((answer.text(), answer.thread), ("topical", Some(5)));
}

#[test]
fn commands_are_answered_at_once_while_a_run_is_on() {
    let harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    for command in ["/status", "/queue", "/help", "/start", "/status@stand_in_bot"] {
        let asked = harness.say(command);
        assert!(!harness.answer(asked).text().is_empty(), "{command}");
    }
    assert_eq!(harness.starts().len(), 1);
}

#[test]
fn an_unknown_command_is_an_error_that_lists_the_known_ones() {
    let harness = Harness::start();
    let told = harness.ask("/frobnicate");
    for command in ["/help", "/status", "/queue", "/cancel", "/new"] {
        assert!(told.contains(command), "{told}");
    }
    assert_eq!(harness.starts(), []);
}

#[test]
fn the_commands_are_registered() {
    let harness = Harness::start();
    let commands = harness.wait("commands", |world| {
        (!world.commands().is_empty()).then(|| world.commands().to_vec())
    });
    for name in ["status", "queue", "cancel", "new", "help"] {
        assert!(commands.iter().any(|(command, _)| command == name), "{commands:?}");
    }
}

#[test]
fn claudes_own_commands_are_run_only_on_purpose() {
    let harness = Harness::start();
    assert_eq!(harness.ask("/claude /compact"), "ran /compact");
    assert_eq!(harness.ask("echo /compact"), "/compact");
}

#[test]
fn pictures_and_voices_are_answered_and_not_dropped() {
    let harness = Harness::start();
    for kind in ["photo", "voice", "sticker"] {
        let sent = harness.server.send_other(CHAT, kind).message;
        assert!(!harness.answer(sent).text().is_empty(), "{kind}");
    }
    assert_eq!(harness.starts(), []);
}

#[test]
fn unknown_updates_are_confirmed_and_forgotten() {
    let harness = Harness::start();
    harness.server.push_update("message", json!({ "nonsense": [1, 2, 3] }));
    harness.server.push_update("my_chat_member", json!({ "date": "yesterday" }));
    assert_eq!(harness.ask("echo still here"), "still here");
    harness.wait("empty queue", |world| (world.unconfirmed() == 0).then_some(()));
}

#[test]
fn the_agent_sees_a_small_environment_and_never_the_token() {
    let harness =
        Harness::with(&[("SECRET", "x"), ("SHARED", "y"), ("PIGENT_AGENT_ENV", "SHARED")]);
    let names = harness.ask("env");
    for wanted in
        ["PATH", "HOME", "PIGENT_RUN_ID", "SHARED", "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"]
    {
        assert!(names.lines().any(|name| name == wanted), "{wanted} is missing in {names}");
    }
    for unwanted in ["TELEGRAM", "SECRET", "PIGENT_AGENT_ENV", "PIGENT_GPIO"] {
        assert!(!names.contains(unwanted), "{unwanted} is in {names}");
    }
    assert!(!harness.log().contains(harness.server.token()));
}

#[test]
fn the_agent_works_in_the_project_folder() {
    let harness = Harness::start();
    assert_eq!(harness.ask("cwd"), harness.home.project().to_string_lossy());
}

#[test]
fn an_edit_of_a_prompt_that_is_over_starts_nothing() {
    let harness = Harness::start();
    let prompt = harness.say("echo one");
    harness.answer(prompt);
    harness.server.edit(CHAT, prompt, "echo two").unwrap();
    harness.wait("hint", |world| {
        let replies = world.from_bot(CHAT).into_iter();
        (replies.filter(|m| m.reply_to == Some(prompt) && !m.silent).count() == 2).then_some(())
    });
    assert_eq!(harness.starts().len(), 1);
}
