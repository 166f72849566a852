//! The rules of polling in virtual time.

use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn id(id: i64) -> UpdateId {
    UpdateId(id)
}

/// Polling that has seen an empty answer and waits at the server.
fn settled() -> Polling {
    let mut polling = Polling::new(s(0), Pace::Batches);
    polling.ask(s(0));
    polling.answered(s(0), None);
    assert!(polling.take_drained(s(0)));
    polling
}

#[test]
fn starts_without_an_offset_and_without_waiting() {
    let ask = Polling::new(s(100), Pace::Batches).ask(s(100));
    assert_eq!(ask, Ask { offset: None, limit: 20, timeout: s(0), patience: s(10) });
}

#[test]
fn waits_at_the_server_after_the_first_empty_answer() {
    let mut polling = Polling::new(s(0), Pace::Batches);
    assert!(!polling.take_drained(s(0)));
    polling.ask(s(0));
    let step = polling.answered(s(0), None);
    assert_eq!(step, Step { hand_over: false, backlog: true, then: Then::Ask });
    assert!(polling.take_drained(s(0)));
    assert!(!polling.take_drained(s(0)), "announced twice");
    assert_eq!(polling.ask(s(0)), Ask { offset: None, limit: 20, timeout: s(50), patience: s(70) });
}

#[test]
fn what_was_waiting_is_marked_until_an_empty_answer() {
    let mut polling = Polling::new(s(0), Pace::Batches);
    for next in [21, 41] {
        polling.ask(s(1));
        let step = polling.answered(s(1), Some(id(next)));
        let then = Then::Confirm(id(next), s(1));
        assert_eq!(step, Step { hand_over: true, backlog: true, then });
        polling.confirmed(id(next));
        assert!(!polling.take_drained(s(1)));
        assert_eq!(polling.ask(s(1)).offset, Some(id(next)));
        assert_eq!(polling.ask(s(1)).timeout, s(0));
    }
    polling.answered(s(1), None);
    assert!(polling.take_drained(s(1)));
    polling.ask(s(1));
    assert!(!polling.answered(s(9), Some(id(42))).backlog);
}

#[test]
fn a_dead_network_holds_work_up_for_ten_seconds_only() {
    let mut polling = Polling::new(s(5), Pace::Batches);
    let dead = Error::Network { why: String::new() };
    assert_eq!(polling.failed(&dead), Duration::from_millis(500));
    assert!(!polling.take_drained(s(14)));
    assert_eq!(polling.ask(s(9)).patience, s(6));
    assert_eq!(polling.ask(s(14)).patience, s(1));
    assert_eq!(polling.until_drained(s(12)), Some(s(3)));
    assert!(polling.take_drained(s(15)));
    assert_eq!(polling.until_drained(s(15)), None);
    // What comes when the network is back is still from before.
    assert_eq!(polling.ask(s(999)).timeout, s(0));
    assert!(polling.answered(s(999), Some(id(8))).backlog);
    polling.confirmed(id(8));
    polling.ask(s(999));
    polling.answered(s(999), None);
    assert!(!polling.take_drained(s(999)), "announced twice");
    assert_eq!(polling.ask(s(999)).timeout, s(50));
}

#[test]
fn a_slow_disk_does_not_hide_what_comes_later() {
    let mut polling = settled();
    polling.ask(s(1));
    assert!(polling.answered(s(2), Some(id(11))).hand_over);
    // Not confirmed within a second: look past it.
    assert_eq!(polling.ask(s(3)), Ask { offset: None, limit: 100, timeout: s(0), patience: s(70) });
    let step = polling.answered(s(3), Some(id(11)));
    assert_eq!(step.then, Then::Confirm(id(11), s(1)));
    assert!(!step.hand_over, "nothing new in it");
    polling.ask(s(4));
    assert!(polling.answered(s(4), Some(id(12))).hand_over, "a /cancel, say");
    // The first save comes through; the second is still open.
    polling.confirmed(id(11));
    let ask = polling.ask(s(5));
    assert_eq!((ask.offset, ask.limit, ask.timeout), (Some(id(11)), 100, s(0)));
    polling.confirmed(id(12));
    let ask = polling.ask(s(6));
    assert_eq!((ask.offset, ask.limit, ask.timeout), (Some(id(12)), 20, s(50)));
}

#[test]
fn an_unconfirmed_update_that_expired_is_still_waited_for() {
    let mut polling = settled();
    polling.ask(s(1));
    polling.answered(s(1), Some(id(11)));
    polling.ask(s(2));
    assert_eq!(polling.answered(s(2), None).then, Then::Confirm(id(11), s(1)));
}

#[test]
fn follows_ids_that_start_anew() {
    let mut polling = settled();
    polling.ask(s(1));
    polling.answered(s(1), Some(id(900_000_000)));
    polling.confirmed(id(900_000_000));
    polling.ask(s(2));
    assert!(polling.answered(s(3), Some(id(17))).hand_over);
    polling.confirmed(id(17));
    assert_eq!(polling.ask(s(4)).offset, Some(id(17)));
    assert_eq!(polling.ask(s(4)).timeout, s(50));
}

#[test]
fn a_server_that_does_not_wait_is_not_hammered() {
    let mut polling = settled();
    polling.ask(s(1));
    assert_eq!(polling.answered(s(1), None).then, Then::Wait(s(1)));
    polling.ask(s(2));
    assert_eq!(polling.answered(s(52), None).then, Then::Ask);
    // Nor one that ignores the offset.
    polling.ask(s(53));
    polling.answered(s(53), Some(id(7)));
    polling.confirmed(id(7));
    polling.ask(s(53));
    assert_eq!(polling.answered(s(53), Some(id(7))).then, Then::Wait(s(1)));
}

#[test]
fn back_off_ends_with_the_first_success() {
    let mut polling = settled();
    let dead = Error::Network { why: String::new() };
    let waits = [(); 5].map(|()| polling.failed(&dead).as_millis());
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000]);
    polling.ask(s(60));
    polling.answered(s(110), None);
    assert_eq!(polling.failed(&dead).as_millis(), 500);
    let flood = Error::Flood { retry_after: s(33) };
    assert_eq!(polling.failed(&flood), s(33));
}

#[test]
fn the_networks_return_was_known_only_when_the_next_message_came() {
    let mut polling = settled();
    polling.ask(s(1));
    polling.failed(&Error::Network { why: String::new() });
    assert_eq!(polling.ask(s(60)).timeout, s(0));
    assert_eq!(polling.answered(s(60), None).then, Then::Ask);
    assert_eq!(polling.ask(s(60)).timeout, s(50));
}

/// How long after the end of an outage that began with an unlucky back-off the next poll begins.
fn deafness(error: &Error) -> Duration {
    let mut polling = settled();
    let mut worst = s(0);
    let mut now = s(1);
    for _ in 0..100 {
        polling.ask(now);
        // The network comes back right after this poll has failed at once.
        let wait = polling.failed(error);
        worst = worst.max(wait);
        now += wait;
    }
    worst
}

#[test]
fn an_outage_is_over_within_seconds_of_its_end() {
    assert!(deafness(&Error::Network { why: String::new() }) < s(10));
    assert!(deafness(&Error::Server { status: 502 }) < s(20));
    assert!(deafness(&Error::BadToken) < s(65));
    assert!(deafness(&Error::Conflict { why: String::new() }) <= s(10));
    assert_eq!(deafness(&Error::Flood { retry_after: s(300) }), s(300));
}

#[test]
fn whatever_fails_there_is_at_most_one_poll_a_second_after_the_first() {
    let errors = [
        Error::Network { why: String::new() },
        Error::Server { status: 500 },
        Error::BadToken,
        Error::Conflict { why: String::new() },
        Error::Flood { retry_after: s(1) },
        Error::Refused { code: 400, why: String::new() },
    ];
    for error in errors {
        let mut polling = settled();
        let waits: Vec<Duration> = (0..50).map(|_| polling.failed(&error)).collect();
        assert!(waits.iter().skip(1).all(|wait| *wait >= s(1)), "{error}: {waits:?}");
    }
}

#[test]
fn a_poll_that_goes_silent_ends_within_75_seconds() {
    let mut polling = settled();
    for now in [1, 100, 1000] {
        let ask = polling.ask(s(now));
        // `client.rs` waits ten seconds more than the server.
        assert!(ask.patience.min(ask.timeout + s(10)) < s(75), "{ask:?}");
        polling.answered(s(now + 50), None);
    }
}

#[test]
fn after_a_crash_updates_are_asked_for_one_by_one() {
    let mut polling = Polling::new(s(0), Pace::OneByOne);
    assert_eq!(polling.ask(s(0)).limit, 1);
    polling.answered(s(0), Some(id(8)));
    assert_eq!(polling.ask(s(1)).limit, 100, "a /cancel behind a slow disk");
    polling.confirmed(id(8));
    assert_eq!(polling.ask(s(2)).limit, 1);
}

#[test]
fn an_update_that_garbles_its_answer_is_given_up_after_three_tries_alone() {
    let mut polling = settled();
    let garbled = Error::Garbled { update: id(7) };
    polling.ask(s(1));
    polling.failed(&garbled);
    for _ in 0..3 {
        assert_eq!((polling.give_up(), polling.ask(s(2)).limit), (None, 1));
        polling.failed(&garbled);
    }
    assert_eq!(polling.give_up(), Some(id(7)));
    assert_eq!(polling.give_up(), None);
}

#[test]
fn tries_that_failed_otherwise_do_not_count() {
    let mut polling = settled();
    let errors = [Error::Garbled { update: id(7) }, Error::Network { why: String::new() }];
    for error in errors.iter().cycle().take(20) {
        polling.ask(s(1));
        polling.failed(error);
        assert_eq!(polling.give_up(), None);
    }
}
