//! The plug is pulled: nothing is lost, nothing runs twice.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Fault, Trouble};
use support::{CHAT, Harness, LONG, Signal};

/// Messages of the bot that say that a run was interrupted and reply to this prompt.
fn interrupted(harness: &Harness, prompt: i64) -> usize {
    harness.server.look(|world| {
        let all = world.from_bot(CHAT).into_iter();
        let pings = all.filter(|message| message.reply_to == Some(prompt) && !message.silent);
        pings.filter(|message| message.text().contains("Interrupted")).count()
    })
}

#[test]
fn a_run_cut_by_a_power_cut_is_reported_once_and_not_run_again() {
    let mut harness = Harness::start();
    let prompt = harness.say("hang");
    harness.started("hang");
    harness.restart();
    assert!(harness.answer(prompt).text().contains("Interrupted"));
    // What Telegram has taken is small news: a power cut in its 2 s would send it once more.
    harness.wait_for_state("\"posts\":[]");
    harness.restart();
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!((interrupted(&harness, prompt), harness.count_starts("hang")), (1, 1));
    harness.nothing_left();
}

#[test]
fn run_again_runs_it_once() {
    let mut harness = Harness::start();
    let prompt = harness.say("work 3");
    harness.started("work 3");
    harness.restart();
    let report = harness.answer(prompt);
    for _ in 0..2 {
        let tap = harness.tap_on(&report, "again", CHAT);
        harness.tap_answer(&tap);
    }
    harness.expect("the answer", |message| message.text().contains("Worked for 3 s."));
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(harness.count_starts("work 3"), 2);
}

#[test]
fn waiting_prompts_survive_a_power_cut() {
    let mut harness = Harness::start();
    harness.say("hang");
    harness.started("hang");
    let waiting = [harness.say("echo one"), harness.say("echo two")];
    harness.wait("confirmed prompts", |world| (world.unconfirmed() == 0).then_some(()));
    harness.restart();
    for id in waiting {
        harness.answer(id);
    }
    assert_eq!((harness.count_starts("echo one"), harness.count_starts("echo two")), (1, 1));
}

#[test]
fn prompts_sent_while_it_was_off_are_run() {
    let mut harness = Harness::start();
    harness.terminate();
    let prompt = harness.say("echo while you were out");
    harness.launch();
    assert_eq!(harness.answer(prompt).text(), "while you were out");
}

#[test]
fn a_stop_from_the_backlog_does_not_touch_a_later_run() {
    let mut harness = Harness::start();
    harness.terminate();
    let prompt = harness.say("work 2");
    harness.say("/cancel");
    harness.launch();
    assert!(harness.answer(prompt).text().contains("Worked"));
}

#[test]
fn an_answer_that_could_not_be_sent_comes_after_the_restart() {
    let mut harness = Harness::start();
    harness.server.add_fault(Fault::new(Trouble::Http(502, None)).on("sendMessage").forever());
    let prompt = harness.say("echo precious");
    harness.started("echo precious");
    harness.wait("tries to send it", |world| {
        let mut sends = world.log().iter().filter(|one| one.method == "sendMessage");
        sends
            .any(|one| one.params["text"].as_str().is_some_and(|text| text.contains("precious")))
            .then_some(())
    });
    harness.kill();
    harness.server.clear_faults();
    harness.launch();
    assert_eq!(harness.answer(prompt).text(), "precious");
    assert_eq!(harness.count_starts("echo precious"), 1);
}

#[test]
fn sigterm_ends_it_with_zero_and_the_run_is_reported() {
    let mut harness = Harness::start();
    let prompt = harness.say("hang hard");
    harness.started("hang hard");
    harness.view(prompt);
    assert_eq!(harness.terminate().code(), Some(0));
    harness.nothing_left();
    assert!(harness.view(prompt).text().contains("Interrupted"), "its last frame got out");
    harness.launch();
    assert!(harness.answer(prompt).text().contains("Interrupted"));
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(interrupted(&harness, prompt), 1);
}

#[test]
fn a_view_whose_last_edit_was_held_back_does_not_stay_at_working() {
    let mut harness = Harness::start();
    let prompt = harness.say("flood 1");
    // Right after an edit the next one is not due for 3 s; pigent is gone before.
    harness.expect("an edited view", |message| {
        message.reply_to == Some(prompt) && message.silent && message.versions.len() > 1
    });
    assert_eq!(harness.terminate().code(), Some(0));
    assert!(harness.view(prompt).text().contains("Interrupted"));
}

#[test]
fn left_overs_of_a_killed_daemon_are_ended_at_the_next_start() {
    let mut harness = Harness::start();
    harness.say("tree");
    harness.expect("the children's pids", |message| message.text().contains("children:"));
    harness.kill();
    harness.launch();
    harness.nothing_left();
}

#[test]
fn updates_that_come_twice_are_taken_once() {
    let mut harness = Harness::start();
    harness.server.add_fault(Fault::new(Trouble::CloseBefore).on("getUpdates").forever());
    let prompt = harness.say("echo once");
    harness.answer(prompt);
    harness.kill();
    harness.server.clear_faults();
    harness.launch();
    assert_eq!(harness.ask("echo next"), "next");
    assert_eq!(harness.count_starts("echo once"), 1);
}

#[test]
fn two_daemons_do_not_share_a_state_folder() {
    let mut harness = Harness::start();
    let first = harness.pid();
    let state = harness.home.state();
    let mut second = Harness::prepare(&[("PIGENT_STATE_DIR", state.to_str().unwrap())]);
    second.spawn();
    assert_eq!(second.wait_exit().code(), Some(1));
    assert_eq!(harness.pid(), first);
    assert_eq!(harness.terminate().code(), Some(0));
}

#[test]
fn a_torn_snapshot_is_set_aside_and_reported() {
    let mut harness = Harness::start();
    harness.ask("echo x");
    harness.kill();
    let snapshot = harness.home.state().join("state.json");
    std::fs::write(&snapshot, "{\"version\":1,\"torn").unwrap();
    harness.launch();
    assert_eq!(harness.ask("echo fine"), "fine");
    let names = std::fs::read_dir(harness.home.state()).unwrap();
    let kept = names.flatten().any(|entry| {
        std::fs::read_to_string(entry.path()).is_ok_and(|text| text == "{\"version\":1,\"torn")
    });
    assert!(kept, "the torn snapshot is gone");
}

#[test]
fn hangup_reads_the_allow_list_again() {
    let harness = Harness::prepare(&[]);
    let mut harness = harness.without("TELEGRAM_ALLOWED_CHAT_IDS");
    let file = harness.home.project().join(".env");
    std::fs::write(&file, "TELEGRAM_ALLOWED_CHAT_IDS=7\n").unwrap();
    harness.launch();
    harness.say("echo one");
    harness.expect("answer to a stranger", |message| message.text().contains("TELEGRAM_ALLOWED_"));
    std::fs::write(&file, format!("TELEGRAM_ALLOWED_CHAT_IDS={CHAT}\n")).unwrap();
    harness.signal(Signal::HUP);
    let heard = pigent::emulator::daemon::until(LONG, || {
        let prompt = harness.say("echo two");
        harness.server.wait(std::time::Duration::from_secs(1), |world| {
            let mut all = world.from_bot(CHAT).into_iter();
            all.any(|m| m.reply_to == Some(prompt) && m.text() == "two").then_some(())
        })
    });
    assert!(heard.is_some());
}
