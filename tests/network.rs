//! The network from hell, with the real process: what happens while it lasts, and that it ends.
//! How long the long waits are is tested in virtual time, in `src/telegram` and `src/bridge`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "support/front.rs"]
mod front;
mod support;

use front::{Front, Way};
use pigent::emulator::sim_panel::Change;
use pigent::emulator::{Exchange, Fault, Trouble};
use std::thread;
use std::time::Duration;
use support::Harness;

/// A daemon behind a door, connected.
fn behind_a_door() -> (Harness, Front) {
    let mut harness = Harness::prepare(&[]);
    let front = Front::new(&harness.server, Way::Open);
    harness.set("TELEGRAM_API_URL", front.url("http", "127.0.0.1"));
    harness.launch();
    (harness, front)
}

/// The idle lamp was lit for about 3 s: offline.
fn offline_blink(changes: &[Change]) -> Option<()> {
    let idle: Vec<_> = changes.iter().filter(|change| change.lamp == "idle").collect();
    let long = |two: &[&Change]| two[0].on && !two[1].on && two[1].at - two[0].at > 2_000_000;
    idle.windows(2).any(long).then_some(())
}

/// Resident memory in KiB, CPU time in ticks of 10 ms, threads and open files of a process.
fn usage(pid: u32) -> (u64, u64, usize, usize) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
    let status = read("status");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let rss = rss.trim().trim_end_matches(" kB").parse().unwrap();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let count = |name: &str| std::fs::read_dir(format!("/proc/{pid}/{name}")).unwrap().count();
    (rss, ticks, count("task"), count("fd"))
}

#[test]
fn an_outage_shows_on_the_lamp_costs_nothing_and_ends_by_itself() {
    let (mut harness, front) = behind_a_door();
    harness.ask("echo warm up");
    let running = harness.say("work 1");
    harness.started("work 1");
    front.set(Way::Refused);
    let missed = harness.server.say(support::CHAT, "echo missed").message;
    harness.nothing_left();
    let pid = harness.pid().unwrap();
    let before = usage(pid);
    let since = std::time::Instant::now();
    harness.logged("Telegram cannot be reached");
    harness.lamps("that it is offline", offline_blink);
    let after = usage(pid);
    let busy = Duration::from_millis(10 * (after.1 - before.1));
    assert!(busy * 10 < since.elapsed(), "{busy:?} of {:?}", since.elapsed());
    assert!(after.0 < before.0 + 2048, "resident: {} KiB, then {} KiB", before.0, after.0);
    assert!(after.2 <= before.2 + 2 && after.3 <= before.3 + 4, "{before:?} {after:?}");
    front.set(Way::Open);
    assert!(harness.answer(running).text().contains("Worked"));
    assert_eq!(harness.answer(missed).text(), "missed");
    harness.logged("Telegram is reached again");
}

#[test]
fn a_server_that_only_listens_is_offline_too() {
    let (mut harness, front) = behind_a_door();
    front.set(Way::Mute);
    harness.lamps("that it is offline", offline_blink);
    let arrivals = front.arrivals();
    let seconds = arrivals.last().unwrap().duration_since(arrivals[0]).as_secs();
    assert!(arrivals.len() as u64 <= 2 * seconds + 6, "{} in {seconds} s", arrivals.len());
    front.set(Way::Open);
    assert_eq!(harness.ask("echo back"), "back");
}

/// For each method: how often it came, at most once a second after the first two.
fn check_pace(log: &[Exchange], trouble: &Trouble) {
    let spoiled: Vec<_> = log.iter().filter(|one| one.spoiled).collect();
    for method in ["getUpdates", "sendMessage", "editMessageText", "sendChatAction"] {
        let times: Vec<_> = spoiled.iter().filter(|one| one.method == method).collect();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { continue };
        let seconds = (last.at - first.at).as_secs() as usize;
        assert!(times.len() <= seconds + 2, "{trouble:?}: {} {method}", times.len());
    }
}

/// A prompt, a run and its answer while everything fails like this; then it ends.
fn survive(trouble: &Trouble) {
    let harness = Harness::start();
    let running = harness.say("work 2");
    harness.started("work 2");
    harness.server.add_fault(Fault::new(trouble.clone()).forever());
    let missed = harness.say("echo missed");
    harness.wait("row of failures", |world| {
        let spoiled = world.log().iter().filter(|one| one.spoiled);
        (spoiled.filter(|one| one.method == "getUpdates").count() >= 4).then_some(())
    });
    harness.server.look(|world| check_pace(world.log(), trouble));
    harness.server.clear_faults();
    assert!(harness.answer(running).text().contains("Worked"), "{trouble:?}");
    assert_eq!(harness.answer(missed).text(), "missed", "{trouble:?}");
    assert_eq!(harness.starts().len(), 2, "{trouble:?}");
}

#[test]
fn nothing_is_lost_run_twice_or_hammered_whatever_fails() {
    let troubles = [
        Trouble::CloseBefore,
        Trouble::Reset,
        Trouble::Garbage,
        Trouble::Http(500, None),
        Trouble::Http(502, Some("<html><h1>502</h1>".repeat(5000))),
        Trouble::Http(404, Some("{\"ok\":false".to_owned())),
        Trouble::Flood(1),
        Trouble::Unauthorized,
    ];
    thread::scope(|scope| {
        for trouble in &troubles {
            scope.spawn(|| survive(trouble));
        }
    });
}

#[test]
fn what_was_done_without_an_answer_is_done_again_rather_than_lost() {
    for trouble in [Trouble::CloseAfter, Trouble::Truncate] {
        let harness = Harness::start();
        harness.server.add_fault(Fault::new(trouble.clone()).on("sendMessage").times(3));
        assert_eq!(harness.ask("echo said"), "said", "{trouble:?}");
        assert_eq!(harness.count_starts("echo said"), 1, "{trouble:?}");
    }
}

#[test]
fn a_conflict_is_waited_out() {
    let harness = Harness::start();
    harness.server.add_fault(Fault::new(Trouble::Conflict).on("getUpdates").times(3));
    let prompt = harness.say("echo heard");
    assert_eq!(harness.answer(prompt).text(), "heard");
    assert!(harness.log().contains("another program polls"));
}

#[test]
fn a_poll_that_hangs_holds_up_no_answer() {
    let harness = Harness::start();
    let prompt = harness.say("work 2");
    harness.started("work 2");
    harness.server.add_fault(Fault::new(Trouble::Hang).on("getUpdates").forever());
    assert!(harness.answer(prompt).text().contains("Worked"));
    harness.server.clear_faults();
    assert_eq!(harness.ask("echo heard"), "heard");
}

#[test]
fn answers_that_drip_are_read_to_the_end() {
    let harness = Harness::start();
    let slow = Trouble::Drip(5, Duration::from_millis(2));
    harness.server.add_fault(Fault::new(slow).forever());
    assert_eq!(harness.ask("echo slow and whole"), "slow and whole");
}

#[test]
fn a_finished_answer_survives_an_outage_and_a_power_cut() {
    let mut harness = Harness::start();
    let prompt = harness.say("work 1");
    harness.started("work 1");
    harness.server.offline(true);
    harness.nothing_left();
    // A post that waits, in Markdown.
    harness.wait_for_state(",\"md\",");
    harness.kill();
    harness.spawn();
    harness.logged("works in");
    harness.server.offline(false);
    let answer = harness.answer(prompt);
    assert!(answer.text().contains("Worked"), "{}", answer.text());
    assert_eq!(harness.count_starts("work 1"), 1);
}
