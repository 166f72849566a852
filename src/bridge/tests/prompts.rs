//! Prompts: accepted once, stored before they are confirmed, first in first out, bounded.

use super::world::{World, here, rules};
use crate::bridge::effect::Effect;
use crate::bridge::input::Told;

#[test]
fn a_prompt_runs_when_the_disk_has_it_and_not_before() {
    let mut world = World::new();
    world.auto = false;
    world.say("do it");
    assert!(world.starts().is_empty() && world.confirmed().is_none());
    let save = world.pending_save();
    assert_eq!(save.memory.running.as_ref().map(|running| running.job.place), Some(here()));
    world.answer_save(save);
    assert_eq!(world.started(), ["do it"]);
    assert_eq!(world.confirmed(), Some(103));
}

#[test]
fn one_runs_at_a_time_in_the_order_they_came() {
    let mut world = World::new();
    for text in ["one", "two", "three"] {
        world.say(text);
    }
    assert_eq!(world.started(), ["one"]);
    world.finish("1");
    world.finish("2");
    world.finish("3");
    assert_eq!(world.started(), ["one", "two", "three"]);
    assert_eq!(world.post_texts(), ["1", "2", "3"]);
}

#[test]
fn a_repeated_update_is_confirmed_and_ignored() {
    let mut world = World::new();
    let message = world.text("once");
    let update = world.update(Told::Message(message));
    world.batch(vec![update.clone()], false);
    world.finish("done");
    world.clear();
    world.batch(vec![update], false);
    assert!(world.starts().is_empty());
    assert!(world.confirmed().is_some());
}

#[test]
fn a_repeated_update_is_ignored_after_a_power_cut_too() {
    let mut world = World::new();
    let message = world.text("once");
    let update = world.update(Told::Message(message));
    world.batch(vec![update.clone()], false);
    world.finish("done");
    let mut world = world.power_cut();
    world.batch(vec![update], true);
    world.step(crate::bridge::Input::Drained);
    assert!(world.starts().is_empty());
}

#[test]
fn the_queue_is_bounded_and_says_so() {
    let mut world = World::new();
    for text in ["runs", "1", "2", "3"] {
        world.say(text);
    }
    world.clear();
    world.say("4");
    assert!(world.last_shown().contains("full (3 waiting)"), "{}", world.last_shown());
    assert_eq!(world.saved.queue.len(), 3);
}

#[test]
fn a_refusal_that_a_power_cut_could_swallow_is_confirmed_once_it_is_said() {
    let mut world = World::new();
    for text in ["runs", "1", "2", "3"] {
        world.say(text);
    }
    world.clear();
    world.say("4");
    assert!(world.confirmed().is_none());
    let view = world.views().last().expect("a refusal").id;
    let message = crate::bridge::ids::MessageId(1);
    world.step(crate::bridge::Input::Sent(crate::bridge::input::Receipt::Shown { view, message }));
    assert!(world.confirmed().is_some());
}

#[test]
fn what_was_refused_to_somebodys_face_is_not_run_after_a_power_cut() {
    let mut world = World::with(crate::bridge::rules::Rules { rate_limit: None, ..rules() });
    for text in ["runs", "1", "2", "3"] {
        world.say(text);
    }
    // The first refusal is stuck (a 429), and with it the confirmation of both.
    let stuck = world.text("stuck");
    let stuck = world.update(Told::Message(stuck));
    world.batch(vec![stuck.clone()], false);
    let told = world.text("told");
    let told = world.update(Told::Message(told));
    world.batch(vec![told.clone()], false);
    let view = world.views().last().expect("a refusal").id;
    let message = crate::bridge::ids::MessageId(1);
    world.step(crate::bridge::Input::Sent(crate::bridge::input::Receipt::Shown { view, message }));
    assert!(world.confirmed().is_none_or(|next| next <= stuck.id.0));
    let mut world = world.power_cut();
    world.step(crate::bridge::Input::Drained);
    for _ in 0..3 {
        world.finish("done");
    }
    world.clear();
    world.batch(vec![stuck, told], true);
    assert_eq!(world.started(), ["stuck"], "nobody was told that this one was refused");
    world.finish("done");
    assert_eq!(world.started(), ["stuck"]);
}

#[test]
fn a_crowd_of_refusals_is_told_at_once_and_keeps_no_stop_waiting() {
    let mut world = World::with(crate::bridge::rules::Rules { rate_limit: None, ..rules() });
    for text in ["runs", "1", "2", "3"] {
        world.say(text);
    }
    world.clear();
    for n in 0..40 {
        world.say(&format!("refused {n}"));
    }
    assert!(world.confirmed().is_none() && world.posts().is_empty());
    world.say("one more");
    assert!(world.confirmed().is_some(), "none of them was taken, and yet");
    let texts = world.post_texts();
    assert!(texts.len() == 1 && texts[0].contains("41 were not taken"), "{texts:?}");
    // None of them is judged again, and the report arrives, whatever happens.
    let world = world.power_cut();
    assert!(world.post_texts().iter().any(|text| text.contains("41 were not taken")));
}

#[test]
fn the_rate_is_bounded_and_says_when_to_try_again() {
    let mut world = World::new();
    for _ in 0..10 {
        world.say("x");
        world.finish("y");
        world.pass(60.0);
    }
    world.clear();
    world.say("too many");
    assert!(world.starts().is_empty());
    assert!(world.last_shown().contains("Try again in 50 min"), "{}", world.last_shown());
    world.pass(50.0 * 60.0);
    world.say("later");
    assert_eq!(world.started(), ["later"]);
}

#[test]
fn without_a_limit_there_is_none() {
    let mut world = World::with(crate::bridge::rules::Rules { rate_limit: None, ..rules() });
    for _ in 0..100 {
        world.say("x");
        world.finish("y");
    }
    assert_eq!(world.started().len(), 100);
}

#[test]
fn an_edit_changes_a_waiting_prompt_and_survives_a_power_cut() {
    let mut world = World::new();
    world.say("first");
    let mut message = world.text("secnd");
    world.message(message.clone());
    message.content = crate::bridge::input::Content::Text("second".into());
    world.deliver(vec![Told::Edited(message)]);
    let mut world = world.power_cut();
    world.step(crate::bridge::Input::Drained);
    assert_eq!(world.started(), ["second"]);
}

#[test]
fn an_edit_of_what_runs_or_is_over_starts_nothing_and_is_answered() {
    let mut world = World::new();
    let mut message = world.text("run");
    world.message(message.clone());
    message.content = crate::bridge::input::Content::Text("run 2".into());
    world.clear();
    world.deliver(vec![Told::Edited(message.clone())]);
    assert!(world.last_shown().contains("still waits"));
    world.finish("x");
    world.clear();
    world.deliver(vec![Told::Edited(message)]);
    assert!(world.starts().is_empty() && world.last_shown().contains("still waits"));
}

#[test]
fn an_update_that_telegram_sends_for_a_link_preview_is_no_edit() {
    let mut world = World::new();
    let message = world.text("see https://example.com");
    world.message(message.clone());
    world.clear();
    world.deliver(vec![Told::Edited(message)]);
    assert!(world.views().is_empty());
}

#[test]
fn blank_messages_start_nothing() {
    let mut world = World::new();
    world.say(" \n ");
    assert!(world.starts().is_empty() && world.last_shown().contains("blank"));
}

#[test]
fn an_update_that_changes_nothing_costs_no_write() {
    let mut world = World::new();
    let saves = world.saves;
    world.say("/status");
    world.say("/queue");
    world.deliver(vec![Told::Nothing]);
    world.pass(600.0);
    assert_eq!(world.saves, saves);
    assert!(world.confirmed().is_some());
}

#[test]
fn a_job_costs_at_most_eight_saves() {
    let mut world = World::new();
    let saves = world.saves;
    world.say("count");
    world.agent(crate::bridge::AgentEvent::Session("s".into()));
    world.pass(3.0);
    for _ in 0..1000 {
        world.agent(crate::bridge::AgentEvent::Alive);
    }
    world.finish("done");
    world.pass(3.0);
    let post = world.posts().remove(0);
    world.taken(&post);
    world.pass(60.0);
    assert!(world.saves - saves <= 5, "{}", world.saves - saves);
    assert!(world.saved.posts.is_empty() && world.saved.running.is_none());
    assert!(world.bodies.is_empty(), "nothing is left behind");
}

#[test]
fn nothing_is_written_while_idle() {
    let mut world = World::new();
    world.say("x");
    world.finish("y");
    let post = world.posts().remove(0);
    world.taken(&post);
    world.pass(10.0);
    let saves = world.saves;
    world.pass(86400.0);
    assert_eq!(world.saves, saves);
}

#[test]
fn prompts_wait_for_the_backlog_but_not_for_ever() {
    let mut world = World::start(rules(), crate::bridge::Restored::default(), Default::default());
    world.say("early");
    assert!(world.starts().is_empty());
    world.pass(10.0);
    assert_eq!(world.started(), ["early"]);
    assert!(!world.has(|effect| matches!(effect, Effect::Exit)));
}

#[test]
fn a_cancel_in_the_same_batch_stops_the_prompt_before_it() {
    let mut world = World::new();
    let told = ["work", "/cancel"].map(|text| Told::Message(world.text(text)));
    world.deliver(told.into());
    assert!(world.starts().is_empty(), "it was cancelled before it began");
    assert_eq!(world.post_texts(), ["🛑 Stopped before it began."]);
}

#[test]
fn a_batch_fills_the_queue_just_as_single_messages_do() {
    let mut world = World::new();
    let told = ["runs", "1", "2", "3", "4"].map(|text| Told::Message(world.text(text)));
    world.deliver(told.into());
    assert_eq!(world.saved.queue.len(), 3);
    assert_eq!(world.started(), ["runs"]);
    let full = world.shown().into_iter().filter(|text| text.contains("full")).count();
    assert_eq!(full, 1, "only the fifth is too many");
}

#[test]
fn answers_that_nobody_takes_are_bounded() {
    let mut world = World::with(crate::bridge::rules::Rules { rate_limit: None, ..rules() });
    for _ in 0..300 {
        world.say("x");
        if world.bridge.run.is_some() {
            world.finish("y");
        }
    }
    let waiting = world.saved.posts.len();
    assert!((150..=200).contains(&waiting), "{waiting}");
    assert!(world.last_shown().contains("not taken"), "{}", world.last_shown());
}

#[test]
fn an_edit_that_begins_with_a_path_changes_a_waiting_prompt() {
    let mut world = World::new();
    world.say("first");
    let mut message = world.text("a.py is broken");
    world.message(message.clone());
    message.content = crate::bridge::input::Content::Text("/home/pi/a.py is broken".into());
    world.deliver(vec![Told::Edited(message)]);
    world.finish("1");
    assert_eq!(world.started(), ["first", "/home/pi/a.py is broken"]);
}

#[test]
fn an_edit_decides_anew_whether_it_is_one_of_the_agents_commands() {
    let mut world = World::new();
    world.say("first");
    let mut message = world.text("/claude /compact");
    world.message(message.clone());
    world.clear();
    world.deliver(vec![Told::Edited(message.clone())]);
    assert!(world.views().is_empty(), "nothing changed");
    message.content = crate::bridge::input::Content::Text("mail @home about it".into());
    world.deliver(vec![Told::Edited(message.clone())]);
    message.content = crate::bridge::input::Content::Text("/status".into());
    world.deliver(vec![Told::Edited(message)]);
    assert!(world.last_shown().contains("old text stays"), "{}", world.last_shown());
    world.finish("1");
    let start = world.starts().remove(0);
    assert_eq!((&*start.prompt, start.slash_command), ("mail @home about it", false));
}
