//! A disk that does not take writes: nothing is accepted that would be lost, nothing else stops.

use super::world::World;
use crate::bridge::effect::{Effect, Source};
use crate::bridge::ids::MessageId;
use crate::bridge::input::{Input, Receipt, SendOrder};

const FULL: &str = "No space left on device";

fn take_reply(world: &mut World) {
    let view = world.views().last().expect("a reply").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(1) }));
}

#[test]
fn a_prompt_that_cannot_be_stored_is_refused_and_confirmed_once_that_is_said() {
    let mut world = World::new();
    world.disk = Some(FULL);
    world.say("keep me");
    assert!(world.starts().is_empty());
    assert!(world.last_shown().contains("disk") && world.last_shown().contains(FULL));
    assert!(world.confirmed().is_none());
    assert!(world.signs().is_some_and(|signs| signs.error));
    take_reply(&mut world);
    assert!(world.confirmed().is_some());
}

#[test]
fn while_it_lasts_prompts_are_refused_at_once_and_stops_work() {
    let mut world = World::new();
    world.say("running");
    world.disk = Some(FULL);
    world.say("first refused");
    take_reply(&mut world);
    let saves = world.saves;
    world.say("second refused");
    assert_eq!(world.saves, saves, "not tried again for each prompt");
    assert!(world.last_shown().contains("disk"));
    world.say("/cancel");
    assert!(world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn a_running_jobs_answer_is_sent_from_memory() {
    let mut world = World::new();
    world.say("work");
    world.disk = Some(FULL);
    world.answers("the answer");
    let post = world.posts().remove(0);
    assert_eq!(post.body, Source::Memory((*b"the answer").into()));
    assert_eq!(world.posts().len(), 1);
}

#[test]
fn a_later_answer_does_not_wait_for_a_disk_that_is_known_to_fail() {
    let mut world = World::new();
    world.say("work");
    world.disk = Some(FULL);
    world.say("refused");
    world.answers("the answer");
    assert_eq!(world.post_texts(), ["the answer"]);
}

#[test]
fn it_recovers_when_the_disk_does() {
    let mut world = World::new();
    world.disk = Some(FULL);
    world.say("lost to the user, who was told");
    world.pass(100.0);
    world.disk = None;
    world.pass(6.0);
    assert!(world.signs().is_some_and(|signs| !signs.error));
    world.clear();
    world.say("now");
    assert_eq!(world.started(), ["now"]);
}

#[test]
fn tries_are_spaced_wider_up_to_five_seconds() {
    let mut world = World::new();
    world.disk = Some(FULL);
    world.say("x");
    let saves = world.saves;
    world.pass(600.0);
    assert!((100..130).contains(&(world.saves - saves)), "{}", world.saves - saves);
}

#[test]
fn a_stored_job_waits_for_the_disk_and_keeps_its_place() {
    let mut world = World::new();
    world.say("one");
    world.say("two");
    world.say("three");
    world.disk = Some(FULL);
    world.finish("1");
    assert_eq!(world.started(), ["one"]);
    world.disk = None;
    world.pass(31.0);
    world.finish("2");
    assert_eq!(world.started(), ["one", "two", "three"]);
}

#[test]
fn a_slow_disk_does_not_hold_up_command_replies() {
    let mut world = World::new();
    world.auto = false;
    world.say("prompt");
    world.clear();
    world.say("/status");
    assert!(world.last_shown().contains("Starting"));
    assert!(world.confirmed().is_none(), "offsets are cumulative");
}

#[test]
fn only_the_newest_failure_counts() {
    let mut world = World::new();
    world.auto = false;
    world.say("one");
    let first = world.pending_save();
    world.say("two");
    let second = world.pending_save();
    world.disk = Some(FULL);
    world.answer_save(first);
    world.disk = None;
    assert!(world.shown().iter().all(|text| !text.contains("disk")));
    world.answer_save(second);
    assert_eq!(world.started(), ["one"]);
    assert_eq!(world.saved.queue.len(), 1);
}

#[test]
fn pigent_send_is_taken_when_it_is_stored_and_refused_when_it_cannot_be() {
    let order = |caller| SendOrder { chat: None, text: "hi".into(), file: None, caller };
    let result = |world: &World| {
        let mut results = world.out.iter().filter_map(|effect| match effect {
            Effect::SendResult { result, .. } => Some(result.clone()),
            _ => None,
        });
        results.next_back()
    };
    let mut world = World::new();
    world.auto = false;
    world.step(Input::Send(order(1)));
    assert_eq!(result(&world), None);
    let save = world.pending_save();
    world.answer_save(save);
    assert_eq!(result(&world), Some(Ok(())));
    assert_eq!(world.post_texts(), ["hi"]);
    world.auto = true;
    world.disk = Some(FULL);
    world.step(Input::Send(order(2)));
    assert!(result(&world).is_some_and(|result| result.is_err()));
}

#[test]
fn a_start_that_waits_long_for_the_disk_does_not_wake_the_loop_for_ever() {
    let mut world = World::new();
    world.auto = false;
    world.say("slow");
    world.pass(60.0);
    let save = world.pending_save();
    world.answer_save(save);
    assert_eq!(world.started(), ["slow"]);
}

#[test]
fn a_refusal_that_a_power_cut_swallowed_is_said_again() {
    for known_to_fail in [false, true] {
        let mut world = World::new();
        if known_to_fail {
            world.say("works");
            world.disk = Some(FULL);
            world.answers("an answer that cannot be stored");
        }
        world.disk = Some(FULL);
        let message = world.text("keep me");
        let update = world.update(crate::bridge::input::Told::Message(message));
        world.batch(vec![update.clone()], false);
        assert!(world.last_shown().contains("disk"));
        world.disk = None;
        world.pass(60.0);
        assert!(world.saves > 1 && world.signs().is_some_and(|signs| !signs.error));
        let mut world = world.power_cut();
        world.batch(vec![update], true);
        world.step(Input::Drained);
        assert_eq!(world.started(), ["keep me"], "nobody was told, so it is not forgotten");
    }
}

#[test]
fn run_again_keeps_its_button_when_the_disk_fails() {
    let mut world = World::new();
    world.say("again, please");
    let mut world = world.power_cut();
    world.step(Input::Drained);
    let again = world.button("Run again");
    world.disk = Some(FULL);
    world.tap(&again);
    assert!(world.starts().is_empty());
    assert!(world.last_shown().contains("disk"));
    world.disk = None;
    world.pass(60.0);
    assert_eq!(world.tap(&again), "Queued again.");
    assert_eq!(world.started(), ["again, please"]);
}

#[test]
fn an_older_generation_does_not_end_a_trouble() {
    let mut world = World::new();
    world.auto = false;
    world.say("one");
    let first = world.pending_save().generation;
    world.say("two");
    let second = world.pending_save().generation;
    world.step(Input::SaveFailed { generation: second, why: FULL.into() });
    world.step(Input::Saved { generation: first });
    world.clear();
    world.say("three");
    assert!(world.last_shown().contains("disk"), "the newest failed");
}

#[test]
fn what_pigent_send_is_told_was_not_sent_is_not_sent() {
    let mut world = World::new();
    world.auto = false;
    let order = SendOrder { chat: None, text: "hi".into(), file: None, caller: 1 };
    world.step(Input::Send(order));
    world.disk = Some(FULL);
    let save = world.pending_save();
    world.answer_save(save);
    let refused = |effect: &Effect| matches!(effect, Effect::SendResult { result: Err(_), .. });
    assert!(world.has(refused));
    world.auto = true;
    world.disk = None;
    world.pass(60.0);
    assert!(world.posts().is_empty() && world.saved.posts.is_empty());
}

#[test]
fn a_second_start_that_the_disk_takes_back_leaves_no_view_that_types_for_ever() {
    let mut world = World::new();
    world.say("one");
    world.agent(crate::bridge::AgentEvent::Session("gone".into()));
    world.finish("1");
    world.say("two");
    world.clear();
    world.disk = Some(FULL);
    let stderr = "No conversation found with session ID: gone".into();
    let exit = crate::bridge::agent::Exit { code: Some(1), stderr, ..Default::default() };
    let run = world.run();
    world.step(Input::Exited { run, exit });
    assert_eq!(world.bridge.memory.queue.len(), 1);
    assert!(world.views().last().is_some_and(|view| view.last && !view.typing));
    assert!(world.last_shown().contains("Over"), "{:?}", world.shown());
}
