//! Failures: back-off, 429, migration, and what is reported.

use super::world::{World, flood, live, network, post, view};
use crate::bridge::effect::Class;
use crate::bridge::ids::{ChatId, MessageId, PostId, ViewId};
use crate::bridge::input::{Link, Receipt};
use crate::telegram::error::Error;
use core::time::Duration;

fn gaps(world: &World) -> Vec<u128> {
    let times: Vec<Duration> = world.arrived.iter().map(|arrived| arrived.at).collect();
    times.windows(2).map(|two| (two[1] - two[0]).as_millis()).collect()
}

#[test]
fn everything_waits_longer_and_longer_and_nothing_is_lost() {
    let mut world = World::new();
    world.latency = Duration::ZERO;
    world.lanes.post(post(1, 7, "answer"));
    (0..6).for_each(|_| world.fail(network()));
    world.seconds(60);
    assert_eq!(gaps(&world), [500, 1000, 2000, 4000, 8000, 8000]);
    assert_eq!(world.texts(), ["answer"]);
    assert_eq!(world.links(), [[Link::Down; 6].as_slice(), &[Link::Up]].concat());
}

#[test]
fn a_wrong_token_is_reported_and_tried_once_a_minute() {
    let mut world = World::new();
    world.latency = Duration::ZERO;
    world.lanes.post(post(1, 7, "answer"));
    (0..9).for_each(|_| world.fail(Error::BadToken));
    world.seconds(600);
    assert_eq!(gaps(&world).last(), Some(&60_000));
    assert_eq!(world.texts(), ["answer"]);
    assert_eq!(world.links().first(), Some(&Link::BadToken));
}

#[test]
fn a_429_silences_its_chat_and_no_other() {
    let mut world = World::new();
    world.fail(flood(30));
    world.lanes.post(post(1, 7, "seven"));
    world.settle();
    world.lanes.post(post(2, 8, "eight"));
    world.show(view(3, 7, Class::Reply, "reply"));
    let mut typing = live(4, 7, "live");
    typing.typing = true;
    world.show(typing);
    world.seconds(29);
    assert_eq!(world.texts(), ["eight"]);
    world.seconds(3);
    assert_eq!(world.texts(), ["eight", "seven", "reply", "live", "typing"]);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    assert!(world.links().iter().all(|link| *link == Link::Up));
}

#[test]
fn after_a_429_edits_are_rarer() {
    let mut world = World::new();
    world.fail(flood(3));
    for n in 0..20 {
        world.show(live(1, 7, &format!("{n}")));
        world.seconds(1);
    }
    let gaps = gaps(&world);
    assert!(gaps[1..].iter().all(|gap| *gap >= 6000), "{gaps:?}");
}

#[test]
fn a_new_tap_is_answered_even_while_the_network_seems_down() {
    let mut world = World::new();
    world.fail(network());
    world.lanes.post(post(1, 7, "answer"));
    world.settle();
    world.lanes.answer_tap("1".into(), "tap".into());
    world.settle();
    assert_eq!(world.texts(), ["tap", "answer"]);
}

#[test]
fn a_tap_is_tried_three_times_and_refusals_do_not_matter() {
    let mut world = World::new();
    world.lanes.answer_tap("1".into(), "tap".into());
    (0..3).for_each(|_| world.fail(network()));
    world.seconds(60);
    assert_eq!(world.arrived.len(), 3);
    world.lanes.answer_tap("2".into(), "late".into());
    world.fail(Error::Refused { code: 400, why: "query is too old".into() });
    world.seconds(60);
    assert_eq!(world.arrived.len(), 4);
    assert!(!world.lanes.is_busy());
}

#[test]
fn a_group_that_became_a_supergroup_is_followed() {
    let mut world = World::new();
    let mut shown = live(1, -7, "live");
    shown.message = Some(MessageId(5));
    world.fail(Error::Migrated { to: ChatId(-100) });
    world.lanes.post(post(2, -7, "first"));
    world.lanes.post(post(3, -7, "second"));
    world.show(shown);
    world.seconds(20);
    world.lanes.post(post(4, -7, "third"));
    world.seconds(20);
    assert_eq!(world.texts(), ["first", "second", "live", "third"]);
    let done = world.arrived.iter().filter(|arrived| arrived.done);
    assert!(done.into_iter().all(|arrived| arrived.chat == ChatId(-100)));
    let moved = Receipt::Migrated { from: ChatId(-7), to: ChatId(-100) };
    assert_eq!(world.receipts().iter().filter(|receipt| **receipt == moved).count(), 1);
    assert!(world.receipts().iter().any(|r| matches!(r, Receipt::Shown { view: ViewId(1), .. })));
}

#[test]
fn groups_that_point_at_each_other_end_nothing() {
    let mut world = World::new();
    for n in 0..10 {
        world.fail(Error::Migrated { to: ChatId(if n % 2 == 0 { -2 } else { -1 }) });
    }
    world.lanes.post(post(1, -1, "a"));
    world.seconds(120);
    assert_eq!(world.texts(), ["a"]);
    world.lanes.post(post(2, -1, "b"));
    world.seconds(120);
    assert_eq!(world.texts(), ["a", "b"]);
}

#[test]
fn a_post_that_is_refused_for_good_does_not_block_the_next() {
    let mut world = World::new();
    world.fail(Error::Blocked { why: "bot was kicked".into() });
    world.lanes.post(post(1, 7, "a"));
    world.lanes.post(post(2, 7, "b"));
    world.seconds(5);
    assert_eq!(world.texts(), ["b"]);
    let refused = |r: &Receipt| matches!(r, Receipt::NotPosted { post: PostId(1), .. });
    assert!(world.receipts().first().is_some_and(refused));
}

#[test]
fn five_minutes_of_flood_are_waited_for_to_the_second_and_lose_nothing() {
    let mut world = World::new();
    world.fail(flood(300));
    (1..4).for_each(|id| world.lanes.post(post(id, 7, &format!("answer {id}"))));
    world.seconds(299);
    assert_eq!(world.texts(), Vec::<String>::new());
    world.seconds(20);
    assert_eq!(world.texts(), ["answer 1", "answer 2", "answer 3"]);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn whatever_fails_there_is_at_most_one_try_a_second_after_the_first() {
    let server = Error::Server { status: 502 };
    for error in [network(), server, Error::BadToken, flood(1)] {
        let mut world = World::new();
        world.latency = Duration::ZERO;
        world.lanes.post(post(1, 7, "answer"));
        world.show(live(2, 7, "live"));
        world.show(view(3, 8, Class::Reply, "reply"));
        (0..40).for_each(|_| world.fail(error.clone()));
        world.seconds(120);
        let seconds = world.arrived.iter().map(|one| one.at.as_secs());
        let busiest = seconds.clone().map(|at| seconds.clone().filter(|s| *s == at).count()).max();
        // Two chats, whose first tries may fall into one second, and the first wait of half one.
        assert!(busiest <= Some(3), "{error}: {:?}", seconds.collect::<Vec<_>>());
    }
}
