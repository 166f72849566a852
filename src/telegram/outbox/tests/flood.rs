//! The budget as a whole.

use super::world::{World, live, post, view};
use crate::bridge::effect::Class;

#[test]
fn a_private_burst_is_four_then_one_a_second() {
    let mut world = World::new();
    for n in 0..20 {
        world.lanes.post(post(n, 7, "x"));
    }
    world.settle();
    assert_eq!(world.arrived.len(), 4);
    world.seconds(20);
    assert_eq!(world.arrived.len(), 20);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_group_keeps_room_for_the_answer() {
    let mut world = World::new();
    for n in 0..300 {
        world.show(live(1, -7, &format!("step {n}")));
        if n % 3 == 0 {
            world.show(view(100 + n, -7, Class::Reply, "reply"));
        }
        world.seconds(1);
    }
    let before = world.arrived.len();
    for n in 0..5 {
        world.lanes.post(post(1000 + n, -7, "answer"));
    }
    world.seconds(5);
    let answers = world.arrived[before..].iter().filter(|a| a.text() == "answer").count();
    assert_eq!(answers, 5);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn many_chats_together_stay_under_the_global_limit() {
    let mut world = World::new();
    world.latency = std::time::Duration::ZERO;
    for chat in 1..100 {
        for n in 0..3 {
            world.lanes.post(post(u64::try_from(chat).unwrap() * 10 + n, chat, "x"));
        }
    }
    world.seconds(60);
    assert_eq!(world.arrived.len(), 297);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn an_idle_outbox_has_no_timer_and_forgets_its_lanes() {
    let mut world = World::new();
    world.show(view(1, 7, Class::Reply, "hello"));
    assert_eq!(world.settle(), None);
    world.seconds(3600);
    assert_eq!(world.settle(), None);
    assert_eq!(world.lanes.chats(), 0);
}
