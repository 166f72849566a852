//! Names, certificates and dates: what stands before the first byte of HTTP, with the real process.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "support/front.rs"]
mod front;
#[path = "support/hosts.rs"]
mod hosts;
mod support;

use front::{Front, Way, certificate::ca_file};
use hosts::with_hosts;
use std::fs;
use std::path::PathBuf;
use support::Harness;

/// 2020 to 2120 is when the certificate of the tests is valid.
const IN_2200: &str = "7258118400";
const WRONG_DATE: &str = "certificate is not valid at this board's date";

/// A daemon that speaks TLS, on a board whose clock the test sets.
fn over_tls(way: Way) -> (Harness, Front, PathBuf) {
    let mut harness = Harness::prepare(&[]);
    let front = Front::new(&harness.server, way);
    let clock = harness.home.project().with_file_name("clock");
    harness.set("TELEGRAM_API_URL", front.url("https", "127.0.0.1"));
    harness.set("PIGENT_CA_FILE", ca_file());
    harness.set("STAND_IN_CLOCK", &clock);
    (harness, front, clock)
}

/// How often the error lamp was lit so far.
fn error_blinks(harness: &mut Harness) -> usize {
    let count = |lamp: &str, changes: &[pigent::emulator::sim_panel::Change]| {
        changes.iter().filter(|change| change.lamp == lamp && change.on).count()
    };
    harness.lamps("anything", |changes| Some(count("error", changes)))
}

/// Waits until the idle lamp has blinked twice and the error lamp has not.
fn calm(harness: &mut Harness) {
    harness.lamps("calm", |changes| {
        let lit: Vec<_> = changes.iter().filter(|change| change.on).collect();
        let last: Vec<&str> = lit.iter().rev().take(2).map(|change| &*change.lamp).collect();
        (last == ["idle", "idle"]).then_some(())
    });
}

#[test]
fn tls_with_a_root_of_ones_own_works() {
    let (mut harness, _front, _clock) = over_tls(Way::Tls);
    harness.launch();
    assert_eq!(harness.ask("echo sealed"), "sealed");
}

#[test]
fn a_certificate_of_the_future_or_the_past_is_named_and_waited_out() {
    for date in ["0", IN_2200] {
        let (mut harness, _front, clock) = over_tls(Way::Tls);
        fs::write(&clock, date).unwrap();
        harness.spawn();
        harness.logged(WRONG_DATE);
        fs::remove_file(&clock).unwrap();
        assert_eq!(harness.ask("echo in time"), "in time", "{date}");
    }
}

#[test]
fn tls_that_fails_is_tried_until_it_works() {
    let (mut harness, front, _clock) = over_tls(Way::Babble);
    harness.spawn();
    harness.logged("Telegram cannot be reached: ");
    front.set(Way::Tls);
    assert_eq!(harness.ask("echo sealed"), "sealed");
    let arrivals = front.arrivals();
    let seconds = arrivals.last().unwrap().duration_since(arrivals[0]).as_secs();
    assert!(arrivals.len() as u64 <= 2 * seconds + 6, "{} in {seconds} s", arrivals.len());
}

#[test]
fn an_unknown_issuer_is_never_talked_to() {
    let (mut harness, _front, _clock) = over_tls(Way::Tls);
    harness = harness.without("PIGENT_CA_FILE");
    harness.spawn();
    harness.logged("unknown issuer");
    assert_eq!(harness.server.look(|world| world.log().len()), 0);
}

#[test]
fn a_board_without_a_clock_says_so_works_and_recovers() {
    let mut harness = Harness::prepare(&[]);
    let clock = harness.home.project().with_file_name("clock");
    fs::write(&clock, "0").unwrap();
    harness.set("STAND_IN_CLOCK", &clock);
    harness.launch();
    harness.lamps("trouble", |changes| {
        (changes.iter().filter(|change| change.lamp == "error" && change.on).count() >= 3)
            .then_some(())
    });
    assert_eq!(harness.ask("echo in 1970"), "in 1970");
    assert!(harness.ask("/status").contains("clock"));
    fs::remove_file(&clock).unwrap();
    assert!(!harness.ask("/status").contains("clock"));
    calm(&mut harness);
    let blinks = error_blinks(&mut harness);
    assert_eq!(harness.ask("echo today"), "today");
    calm(&mut harness);
    assert_eq!(error_blinks(&mut harness), blinks);
}

#[test]
fn a_name_nobody_knows_is_asked_for_until_somebody_does() {
    let mut harness = Harness::prepare(&[]);
    let Some(hosts) = with_hosts(&mut harness) else { return };
    let front = Front::new(&harness.server, Way::Open);
    harness.set("TELEGRAM_API_URL", front.url("http", "telegram.invalid"));
    harness.spawn();
    harness.logged("DNS");
    fs::write(&hosts, "127.0.0.1 localhost telegram.invalid\n").unwrap();
    assert_eq!(harness.ask("echo found"), "found");
}
