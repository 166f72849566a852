//! Views: newest state only, not too often, never for nothing.

use super::world::{World, flood, live, network, post, view};
use crate::bridge::effect::{Button, Class, View};
use crate::bridge::ids::{MessageId, ThreadId, ViewId};
use crate::bridge::input::Receipt;
use crate::bridge::time::Mono;
use crate::telegram::error::Error;
use crate::telegram::outbox::call::Call;
use core::time::Duration;

fn times(world: &World) -> Vec<u64> {
    let start = world.arrived.first().map_or(Duration::ZERO, |arrived| arrived.at);
    world.arrived.iter().map(|arrived| (arrived.at - start).as_secs()).collect()
}

#[test]
fn the_first_frame_goes_at_once_and_silently_then_edits_are_spaced() {
    let mut world = World::new();
    for n in 0..100 {
        world.show(live(1, 7, &format!("step {n}")));
        world.run(Duration::from_millis(100));
    }
    world.seconds(5);
    assert_eq!(world.texts(), ["step 0", "step 29", "step 59", "step 89", "step 99"]);
    assert_eq!(times(&world), [0, 3, 6, 9, 12]);
    assert!(world.arrived.iter().all(|arrived| arrived.letter().silent));
    assert_eq!(world.receipts(), [Receipt::Shown { view: ViewId(1), message: MessageId(101) }]);
    assert!(matches!(world.arrived[1].call, Call::Edit(MessageId(101), _)));
}

#[test]
fn edits_become_rarer_in_a_long_run_and_in_groups() {
    for (chat, gaps) in [(7, [3, 5, 10]), (-7, [7, 8, 12])] {
        let mut world = World::new();
        for n in 0..1200 {
            world.show(live(1, chat, &format!("step {n}")));
            world.seconds(1);
        }
        let times = times(&world);
        let gap = |from: u64| {
            let after: Vec<&u64> = times.iter().filter(|time| **time >= from).collect();
            (after[1] - after[0], after[4] - after[0])
        };
        for (from, expected) in [(10, gaps[0]), (200, gaps[1]), (900, gaps[2])] {
            let (one, four) = gap(from);
            assert!(one + 2 >= expected && four.div_ceil(4) <= expected + 1, "{chat} {from}");
        }
        assert!(world.violations.is_empty(), "{:?}", world.violations);
    }
}

#[test]
fn a_last_state_waits_for_the_shortest_edit_distance_only_and_is_forgotten() {
    let mut world = World::new();
    world.show(live(1, 7, "a"));
    // Long enough for edits to have become 10 s apart.
    world.seconds(900);
    world.show(live(1, 7, "b"));
    world.seconds(1);
    world.show(ended(live(1, 7, "c")));
    world.seconds(4);
    assert_eq!(world.texts(), ["a", "b", "c"]);
    assert_eq!(times(&world), [0, 900, 903]);
    assert_eq!(world.lanes.next(world.now.after(Duration::from_secs(100))), wait(None));
    world.show(live(1, 7, "d"));
    world.seconds(1);
    assert!(matches!(world.arrived[3].call, Call::Send(_)));
}

#[test]
fn the_end_of_a_short_run_is_shown_at_once() {
    let mut world = World::new();
    world.show(live(1, 7, "working"));
    world.run(Duration::from_millis(200));
    world.show(ended(live(1, 7, "done")));
    world.run(Duration::from_millis(200));
    assert_eq!(world.texts(), ["working", "done"]);
}

#[test]
fn a_last_state_does_not_wait_when_pigent_leaves() {
    let mut world = World::new();
    for text in ["a", "b"] {
        world.show(live(1, 7, text));
        world.seconds(4);
    }
    world.show(live(1, 7, "c"));
    world.seconds(1);
    world.show(ended(live(1, 7, "d")));
    world.lanes.leave();
    world.run(Duration::from_millis(200));
    assert_eq!(world.texts(), ["a", "b", "c", "d"]);
}

#[test]
fn the_end_of_a_run_is_no_message_of_its_own_when_its_beginning_was_never_shown() {
    let mut world = World::new();
    world.show(live(1, 7, "working"));
    world.show(ended(live(1, 7, "failed")));
    world.show(ended(live(2, 7, "failed at once")));
    world.seconds(5);
    assert_eq!(world.texts(), [""; 0]);
    // But what was sent, and whose OK was lost, is there and must not stay at "working".
    world.fail(network());
    world.show(live(3, 7, "working"));
    world.run(Duration::from_millis(100));
    world.show(ended(live(3, 7, "done")));
    world.seconds(5);
    assert_eq!(world.texts(), ["done"]);
}

#[test]
fn a_note_is_shown_though_nothing_follows_it() {
    let mut world = World::new();
    world.show(ended(view(1, 7, Class::Note, "Queued at place 1.")));
    world.seconds(1);
    assert_eq!(world.texts(), ["Queued at place 1."]);
    assert!(world.arrived[0].letter().silent);
}

#[test]
fn a_note_does_not_come_after_the_answer() {
    let mut world = World::new();
    let mut note = ended(view(1, 7, Class::Note, "Queued at place 1."));
    note.reply_to = Some(MessageId(5));
    world.show(note);
    let mut answer = post(2, 7, "answer");
    answer.reply_to = Some(MessageId(5));
    world.lanes.post(answer);
    world.seconds(5);
    assert_eq!(world.texts(), ["answer"]);
}

/// The last state of a view.
fn ended(mut view: View) -> View {
    view.last = true;
    view
}

fn wait(until: Option<Mono>) -> crate::telegram::outbox::lanes::Step {
    crate::telegram::outbox::lanes::Step::Wait(until)
}

#[test]
fn nothing_is_sent_when_nothing_changed() {
    let mut world = World::new();
    for _ in 0..50 {
        world.show(live(1, 7, "same"));
        world.seconds(4);
    }
    assert_eq!(world.arrived.len(), 1);
    let mut tagged = live(1, 7, "same");
    let button = Button { label: "Stop".into(), data: "0011223344556677".into() };
    tagged.frame.buttons = vec![vec![button]];
    world.show(tagged);
    world.seconds(4);
    assert_eq!(world.arrived.len(), 2);
}

#[test]
fn not_modified_counts_as_taken() {
    let mut world = World::new();
    let mut restored = live(1, 7, "as before");
    restored.message = Some(MessageId(55));
    world.fail(Error::NotModified);
    world.show(restored);
    world.seconds(60);
    assert_eq!(world.arrived.len(), 1);
    assert!(matches!(world.arrived[0].call, Call::Edit(MessageId(55), _)));
    assert!(world.receipts().is_empty());
}

#[test]
fn questions_and_replies_ping_and_are_edited_at_once() {
    let mut world = World::new();
    for text in ["q", "chosen", "done"] {
        world.show(view(1, 7, Class::Question, text));
        world.run(Duration::from_millis(100));
    }
    assert_eq!(world.texts(), ["q", "chosen", "done"]);
    assert!(world.arrived.iter().all(|arrived| !arrived.letter().silent));
}

#[test]
fn a_deleted_message_is_sent_anew_once() {
    let mut world = World::new();
    let gone = || Error::MessageGone { why: "message to edit not found".into() };
    world.show(live(1, 7, "a"));
    world.seconds(5);
    world.fail(gone());
    let mut stale = live(1, 7, "b");
    stale.message = Some(MessageId(101));
    world.show(stale.clone());
    world.seconds(5);
    assert!(matches!(world.arrived[2].call, Call::Send(_)));
    world.show(stale);
    world.seconds(5);
    world.fail(gone());
    world.show(live(1, 7, "c"));
    world.seconds(5);
    world.show(live(1, 7, "d"));
    world.seconds(60);
    assert_eq!(world.texts(), ["a", "b"]);
    assert!(matches!(world.receipts().last(), Some(Receipt::NotShown { .. })));
}

#[test]
fn a_view_whose_topic_vanishes_is_shown_outside_of_it() {
    let mut world = World::new();
    let in_topic = |text: &str| {
        let mut view = live(1, 7, text);
        (view.place.thread, view.reply_to) = (Some(ThreadId(8)), Some(MessageId(3)));
        view
    };
    world.fail(Error::TopicGone { why: "message thread not found".into() });
    world.show(in_topic("a"));
    world.seconds(5);
    world.show(in_topic("b"));
    world.seconds(5);
    assert_eq!(world.texts(), ["a", "b"]);
    assert_eq!(world.arrived.len(), 3, "the topic is tried once");
    assert_eq!(world.arrived[2].letter().place.thread, None);
}

#[test]
fn a_note_does_not_come_below_the_refusal_of_what_it_is_about() {
    let mut world = World::new();
    // The chat's budget is spent: both wait.
    for n in 0..6 {
        world.show(view(10 + n, 7, Class::Reply, "earlier"));
    }
    let about = |mut view: View| {
        view.reply_to = Some(MessageId(3));
        view
    };
    world.show(about(View { last: true, ..view(1, 7, Class::Note, "Queued at place 4") }));
    world.show(about(view(2, 7, Class::Reply, "The disk does not take anything")));
    world.seconds(60);
    assert_eq!(world.texts()[6..], ["The disk does not take anything"]);
}

#[test]
fn a_blocked_chat_is_told_once_and_left_alone() {
    let mut world = World::new();
    world.fail(Error::Blocked { why: "bot was blocked by the user".into() });
    for n in 0..30 {
        world.show(live(1, 7, &format!("{n}")));
        world.seconds(2);
    }
    assert_eq!(world.arrived.len(), 1);
    assert!(matches!(world.receipts().as_slice(), [Receipt::NotShown { view: ViewId(1), .. }]));
}

#[test]
fn refused_formatting_falls_back_to_plain_text() {
    let mut world = World::new();
    world.fail(Error::CantParse { why: "whatever".into() });
    world.show(live(1, 7, "a < b"));
    world.seconds(10);
    let sent: Vec<_> = world.arrived.iter().map(|a| (a.text(), a.letter().html)).collect();
    assert_eq!(sent, [("a &lt; b", true), ("a < b", false)]);
    world.fail(Error::CantParse { why: "whatever".into() });
    world.fail(Error::TooLong);
    world.show(view(2, 7, Class::Reply, "r"));
    world.seconds(10);
    assert_eq!(world.arrived.len(), 4);
    assert!(matches!(world.receipts().last(), Some(Receipt::NotShown { view: ViewId(2), .. })));
}

#[test]
fn typing_is_kept_alive_while_a_view_asks_for_it() {
    let mut world = World::new();
    let mut working = live(1, 7, "working");
    working.typing = true;
    world.show(working);
    world.seconds(10);
    assert_eq!(world.texts(), ["working", "typing", "typing", "typing"]);
    let mut done = live(1, 7, "done");
    done.last = true;
    world.show(done);
    world.seconds(60);
    assert_eq!(world.texts().iter().filter(|text| **text == "typing").count(), 3);
}

#[test]
fn a_429_on_typing_stops_only_typing() {
    let mut world = World::new();
    world.script.push_back(None);
    world.fail(flood(20));
    let mut working = live(1, 7, "a");
    working.typing = true;
    world.show(working.clone());
    world.seconds(5);
    working.frame = live(1, 7, "b").frame;
    world.show(working);
    world.seconds(10);
    assert_eq!(world.texts(), ["a", "b"]);
    world.seconds(10);
    assert_eq!(world.texts().last(), Some(&"typing"));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn an_outage_of_a_day_costs_one_message() {
    let mut world = World::new();
    world.down = true;
    for n in 0..86_400 / 20 {
        world.show(live(1, 7, &format!("step {n}")));
        world.seconds(20);
    }
    world.down = false;
    let before = world.arrived.len();
    world.seconds(60);
    let after: Vec<&str> = world.arrived[before..].iter().map(|a| a.text()).collect();
    assert_eq!(after, ["step 4319"]);
    world.fail(network());
    world.show(live(1, 7, "next"));
    world.seconds(60);
    assert_eq!(world.texts().last(), Some(&"next"));
}
