//! Power cuts and orderly goodbyes.

use super::world::{World, rules};
use crate::bridge::effect::{Effect, Reach, Signal, Source};
use crate::bridge::ids::{MessageId, UserId};
use crate::bridge::input::{Input, Receipt};
use crate::bridge::{Memory, Restored};
use core::time::Duration;

#[test]
fn an_interrupted_run_is_reported_once_and_never_run_again_by_itself() {
    let mut world = World::new();
    let id = world.say("the long one");
    world.say("the next one");
    let mut world = world.power_cut();
    let post = world.posts().remove(0);
    assert_eq!(post.reply_to, Some(id));
    assert!(
        world.post_texts()[0].contains("Interrupted")
            && world.post_texts()[0].contains("the long one")
    );
    assert!(world.signs().is_some_and(|signs| signs.error));
    world.step(Input::Drained);
    assert_eq!(world.started(), ["the next one"], "waiting jobs just go on");
    let mut world = world.power_cut();
    world.step(Input::Drained);
    let reports = world.post_texts().into_iter().filter(|text| text.contains("the long one"));
    assert_eq!(reports.count(), 1, "the same post, until it is taken");
}

#[test]
fn run_again_works_once_and_for_its_user_also_after_another_restart() {
    let mut world = World::new();
    world.say("again, please");
    let world = world.power_cut();
    let mut world = world.power_cut();
    world.step(Input::Drained);
    let again = world.button("Run again");
    assert!(world.tap_as(&again, UserId(8)).contains("somebody else") || world.starts().is_empty());
    assert_eq!(world.tap(&again), "Queued again.");
    assert_eq!(world.started(), ["again, please"]);
    assert_eq!(world.tap(&again), "This button has expired.");
    assert_eq!(world.starts().len(), 1);
}

#[test]
fn a_job_whose_answer_is_stored_is_not_reported_as_interrupted() {
    let mut world = World::new();
    world.say("work");
    world.answers("the answer");
    let world = world.power_cut();
    assert_eq!(world.post_texts(), ["the answer"]);
}

#[test]
fn the_old_view_says_that_it_was_interrupted() {
    let mut world = World::new();
    world.say("work");
    world.agent(crate::bridge::AgentEvent::Thinking);
    let view = world.views().last().expect("a view").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(55) }));
    world.pass(2.0);
    let world = world.power_cut();
    let old = world.views().into_iter().find(|shown| shown.id == view).expect("the old view");
    assert_eq!(old.message, Some(MessageId(55)));
    assert!(super::world::view_text(old).contains("Interrupted"));
}

#[test]
fn what_was_given_again_after_a_restart_is_remembered_at_once() {
    let mut world = World::new();
    world.say("work");
    world.answers("the answer");
    let mut world = world.power_cut();
    let post = world.posts().remove(0);
    world.taken(&post);
    let world = world.power_cut();
    assert_eq!(world.post_texts(), Vec::<String>::new(), "not a third time");
}

#[test]
fn a_post_goes_on_where_it_was() {
    let mut world = World::new();
    world.say("work");
    world.answers("three pieces");
    let post = world.posts().remove(0).id;
    let receipt = Receipt::Posted { post, pieces: 2, message: MessageId(60), complete: false };
    world.step(Input::Sent(receipt));
    world.pass(2.0);
    let world = world.power_cut();
    assert_eq!(world.posts()[0].pieces_taken, 2);
    assert!(matches!(world.posts()[0].body, Source::Blob(_)));
}

#[test]
fn sigterm_marks_the_run_interrupted_and_climbs_in_a_hurry() {
    let mut world = World::new();
    world.say("work");
    let run = world.run();
    world.clear();
    world.step(Input::Shutdown);
    assert!(world.out.contains(&Effect::Interrupt { run }));
    assert!(world.post_texts()[0].contains("Interrupted"));
    world.pass(1.0);
    assert!(world.out.contains(&Effect::Signal { run, signal: Signal::Int, reach: Reach::Agent }));
    world.pass(1.0);
    assert!(world.out.contains(&Effect::Signal { run, signal: Signal::Term, reach: Reach::Tree }));
    world.pass(1.0);
    assert!(world.out.contains(&Effect::Sweep { run }));
    assert!(!world.has(|effect| matches!(effect, Effect::Exit)));
    world.pass(1.0);
    assert!(world.has(|effect| matches!(effect, Effect::Exit)), "second 4, whatever is unsent");
    let world = world.power_cut();
    assert_eq!(world.posts().len(), 1, "the rest is delivered by the next start");
}

#[test]
fn pigent_leaves_at_once_when_there_is_nothing_to_do() {
    let mut world = World::new();
    world.step(Input::Shutdown);
    assert!(world.has(|effect| matches!(effect, Effect::Exit)));
}

#[test]
fn it_leaves_as_soon_as_the_last_post_is_taken() {
    let mut world = World::new();
    world.say("work");
    world.step(Input::Shutdown);
    world.exits();
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec![] });
    assert!(!world.has(|effect| matches!(effect, Effect::Exit)));
    let post = world.posts().remove(0);
    world.taken(&post);
    assert!(world.has(|effect| matches!(effect, Effect::Exit)));
    assert!(world.saved.posts.is_empty());
}

#[test]
fn what_comes_in_while_leaving_is_left_for_the_next_start() {
    let mut world = World::new();
    world.say("work");
    world.step(Input::Shutdown);
    world.clear();
    world.say("later");
    assert!(world.confirmed().is_none());
}

#[test]
fn a_stop_stays_a_stop_when_pigent_leaves_meanwhile() {
    let mut world = World::new();
    world.say("work");
    world.say("/cancel");
    world.step(Input::Shutdown);
    assert!(world.post_texts()[0].contains("Stopped"));
    let world = world.power_cut();
    assert!(world.saved.interrupted.is_empty());
}

#[test]
fn a_start_that_waits_for_the_disk_stays_in_the_queue_when_pigent_leaves() {
    let mut world = World::new();
    world.auto = false;
    world.say("not yet");
    world.step(Input::Shutdown);
    let save = world.pending_save();
    assert!(save.memory.running.is_none() && save.memory.queue.len() == 1);
}

#[test]
fn an_unusable_state_folder_is_said_and_recovers() {
    let disk = Some("Permission denied".to_owned());
    let mut world = World::start(rules(), Restored { disk, ..Restored::default() }, Duration::ZERO);
    world.disk = Some("Permission denied");
    world.step(Input::Drained);
    assert!(world.signs().is_some_and(|signs| signs.error));
    world.say("no");
    assert!(world.last_shown().contains("disk"));
    world.disk = None;
    world.pass(60.0);
    world.say("yes");
    assert_eq!(world.started(), ["yes"]);
}

#[test]
fn reports_of_the_last_start_reach_the_owner_once() {
    let reports = vec!["pigent crashed".to_owned()];
    let world = World::start(rules(), Restored { reports, ..Restored::default() }, Duration::ZERO);
    assert_eq!(world.post_texts(), ["pigent crashed"]);
    let world = world.power_cut();
    assert_eq!(world.posts().len(), 1, "the same post");
}

#[test]
fn interrupted_prompts_are_bounded_and_so_are_their_bodies() {
    let mut world = World::new();
    for round in 0..25 {
        world.say(&format!("prompt {round}"));
        world = world.power_cut();
        world.step(Input::Drained);
        for post in world.posts() {
            world.taken(&post);
        }
        world.pass(3.0);
    }
    let Memory { interrupted, posts, .. } = &world.saved;
    assert_eq!((interrupted.len(), posts.len()), (20, 0));
    assert_eq!(world.bodies.len(), 20);
}

#[test]
fn the_old_view_and_the_lamp_say_interrupted_after_sigterm_too() {
    let mut world = World::new();
    world.say("work");
    world.agent(crate::bridge::AgentEvent::Thinking);
    let view = world.views().last().expect("a view").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(55) }));
    world.step(Input::Shutdown);
    world.exits();
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec![] });
    let post = world.posts().remove(0);
    world.taken(&post);
    assert!(world.has(|effect| matches!(effect, Effect::Exit)));
    // Whether the last frame got out in time, nobody knows.
    let world = world.power_cut();
    let old = world.views().into_iter().find(|shown| shown.id == view).expect("the old view");
    assert_eq!(old.message, Some(MessageId(55)));
    assert!(super::world::view_text(old).contains("Interrupted"));
    assert!(world.signs().is_some_and(|signs| signs.error));
    assert!(world.posts().is_empty(), "its post is taken");
    assert_eq!(world.saved.interrupted.len(), 1);
    assert!(world.power_cut().views().is_empty(), "once");
}

#[test]
fn the_view_of_an_answered_run_does_not_work_for_ever() {
    let mut world = World::new();
    world.say("work");
    world.agent(crate::bridge::AgentEvent::Thinking);
    let view = world.views().last().expect("a view").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(55) }));
    world.answers("the answer");
    let world = world.power_cut();
    let old = world.views().into_iter().find(|shown| shown.id == view).expect("the old view");
    assert!(super::world::view_text(old).contains("Over") && old.frame.buttons.is_empty());
    assert!(world.signs().is_some_and(|signs| !signs.error));
}

#[test]
fn an_empty_answer_is_not_reported_as_interrupted_on_leaving() {
    let mut world = World::new();
    world.say("work");
    world.answers("");
    world.step(Input::Shutdown);
    assert_eq!(world.post_texts(), ["✅ Done, without a text."]);
    assert!(world.saved.interrupted.is_empty());
}
