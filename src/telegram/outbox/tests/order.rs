//! Who comes first, and that nobody is forgotten.

use super::world::{World, live, post, view};
use crate::bridge::effect::Class;
use crate::bridge::ids::{MessageId, ViewId};
use crate::bridge::input::Receipt;

#[test]
fn taps_then_posts_then_replies_then_questions_then_live_views() {
    let mut world = World::new();
    world.show(live(1, 7, "live"));
    world.show(view(2, 7, Class::Question, "question"));
    world.show(view(3, 7, Class::Reply, "reply"));
    world.lanes.post(post(4, 7, "post"));
    world.lanes.answer_tap("1".into(), "tap".into());
    world.seconds(10);
    assert_eq!(world.texts(), ["tap", "post", "reply", "question", "live"]);
}

#[test]
fn posts_of_a_chat_keep_their_order_and_are_never_interleaved() {
    let mut world = World::new();
    let long = format!("{}\n\n{}", "a".repeat(4000), "b".repeat(4000));
    world.lanes.post(post(1, 7, &long));
    world.lanes.post(post(2, 7, "c"));
    world.fail(super::world::network());
    world.seconds(30);
    let first: String = world.texts().iter().filter_map(|text| text.chars().next()).collect();
    assert_eq!(first, "abc");
    assert_eq!(world.texts().len(), 3);
}

#[test]
fn live_views_starve_first() {
    let mut world = World::new();
    for n in 0..30 {
        world.lanes.post(post(n, 7, "post"));
    }
    for n in 0..20 {
        world.show(live(100, 7, &format!("step {n}")));
        world.seconds(1);
    }
    assert!(world.texts().iter().all(|text| *text == "post"), "{:?}", world.texts());
    world.seconds(30);
    assert_eq!(world.texts().last(), Some(&"step 19"));
    assert_eq!(world.texts().len(), 31);
}

#[test]
fn one_chat_does_not_hold_up_another() {
    let mut world = World::new();
    for n in 0..50 {
        world.lanes.post(post(n, 7, "busy"));
    }
    world.seconds(5);
    world.lanes.post(post(100, 8, "other"));
    let before = world.arrived.len();
    world.settle();
    assert_eq!(world.arrived.get(before).map(|arrived| arrived.text()), Some("other"));
}

#[test]
fn the_oldest_reply_gives_way_and_is_reported() {
    let mut world = World::new();
    for n in 0..101 {
        world.show(view(n, 7, Class::Reply, "reply"));
    }
    world.settle();
    let given_up = world.receipts().into_iter().find_map(|receipt| match receipt {
        Receipt::NotShown { view, .. } => Some(view),
        _ => None,
    });
    assert_eq!(given_up, Some(ViewId(0)));
    world.seconds(200);
    assert_eq!(world.texts().len(), 100);
}

#[test]
fn when_pigent_leaves_only_final_things_go_out() {
    let mut world = World::new();
    world.lanes.leave();
    let mut working = live(1, 7, "step");
    working.typing = true;
    world.show(working);
    world.seconds(1);
    assert!(world.arrived.is_empty() && !world.lanes.is_busy());
    let mut last = live(3, 7, "stopped");
    (last.last, last.message) = (true, Some(MessageId(5)));
    world.show(last);
    world.lanes.post(post(2, 7, "Interrupted"));
    assert!(world.lanes.is_busy());
    world.seconds(1);
    assert_eq!(world.texts(), ["Interrupted", "stopped"]);
    assert!(!world.lanes.is_busy());
}
