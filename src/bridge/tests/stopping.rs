//! Stop means stop: by command, by button, in any state, with nothing left.

use super::world::{DATE, World};
use crate::bridge::agent::{AgentEvent, Exit, RunResult};
use crate::bridge::effect::{Effect, Reach, Signal, Work};
use crate::bridge::input::{Input, Press, Told};

fn swept(world: &mut World) {
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec![] });
}

#[test]
fn the_ladder_has_four_rungs_three_seconds_apart() {
    let mut world = World::new();
    world.say("hang hard");
    world.clear();
    world.say("/cancel");
    let run = world.run();
    assert!(world.out.contains(&Effect::Interrupt { run }));
    for (before, effect) in [
        (3.0, Effect::Signal { run, signal: Signal::Int, reach: Reach::Agent }),
        (3.0, Effect::Signal { run, signal: Signal::Term, reach: Reach::Tree }),
        (3.0, Effect::Sweep { run }),
    ] {
        world.pass(before - 0.1);
        assert!(!world.out.contains(&effect), "{effect:?} is early");
        world.pass(0.1);
        assert!(world.out.contains(&effect), "{effect:?} is late");
    }
    exit_and_sweep(&mut world);
    assert_eq!(world.post_texts(), ["🛑 Stopped after 9 s."]);
    assert!(world.signs().is_some_and(|signs| signs.work == Work::Idle && !signs.error));
}

fn exit_and_sweep(world: &mut World) {
    let run = world.run();
    world.step(Input::Exited { run, exit: Exit { signal: Some(9), ..Exit::default() } });
    swept(world);
}

#[test]
fn an_early_exit_is_swept_all_the_same() {
    let mut world = World::new();
    world.say("work");
    world.say("/stop");
    world.agent(AgentEvent::Result(RunResult {
        is_error: true,
        subtype: "error_during_execution".into(),
        text: "[ede_diagnostic] x".into(),
        ..RunResult::default()
    }));
    world.exits();
    let run = world.run();
    assert!(world.out.contains(&Effect::Sweep { run }));
    assert!(world.posts().is_empty(), "not over before the sweep");
    swept(&mut world);
    assert!(world.post_texts()[0].contains("Stopped"));
    assert!(!world.post_texts()[0].contains("ede_diagnostic"));
}

#[test]
fn the_next_job_waits_for_the_exit_when_the_sweep_comes_first() {
    let mut world = World::new();
    world.say("one");
    world.say("two");
    world.say("/cancel");
    world.pass(9.0);
    swept(&mut world);
    assert_eq!(world.started(), ["one"]);
    world.exits();
    assert_eq!(world.started(), ["one", "two"]);
}

#[test]
fn what_will_not_die_is_named_and_the_queue_goes_on() {
    let mut world = World::new();
    world.say("one");
    world.say("two");
    world.say("/cancel");
    world.pass(9.0);
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec!["dd (42)".into()] });
    assert!(world.post_texts()[0].contains("dd (42)"));
    assert_eq!(world.started(), ["one", "two"]);
}

#[test]
fn a_stop_never_waits_for_the_disk() {
    let mut world = World::new();
    world.say("work");
    world.auto = false;
    world.say("unsaved prompt");
    world.say("/cancel");
    let run = world.run();
    assert!(world.out.contains(&Effect::Interrupt { run }));
}

#[test]
fn a_run_that_waits_for_the_disk_is_never_started_once_stopped() {
    let mut world = World::new();
    world.auto = false;
    world.say("do not");
    let save = world.pending_save();
    world.say("/cancel");
    world.answer_save(save);
    assert!(world.starts().is_empty());
    let save = world.pending_save();
    world.answer_save(save);
    assert_eq!(world.post_texts(), ["🛑 Stopped before it began."]);
    assert!(world.starts().is_empty());
}

#[test]
fn the_button_stops_and_a_hold_empties_the_queue_and_says_so() {
    let mut world = World::new();
    for text in ["one", "two", "three"] {
        world.say(text);
    }
    world.clear();
    world.step(Input::Press(Press::Down));
    let run = world.run();
    assert!(world.out.contains(&Effect::Interrupt { run }));
    assert!(world.signs().is_some_and(|signs| signs.work == Work::Stopping));
    world.step(Input::Press(Press::Held));
    assert!(world.saved.queue.is_empty());
    exit_and_sweep(&mut world);
    let texts = world.post_texts();
    assert!(texts.iter().any(|text| text.contains("the button") && text.contains("2 waiting")));
    assert!(texts.iter().any(|text| text.starts_with("🛑 Stopped by the button")));
    world.pass(60.0);
    assert!(world.starts().is_empty());
}

#[test]
fn cancel_all_drops_the_queue_and_counts() {
    let mut world = World::new();
    for text in ["one", "two", "three"] {
        world.say(text);
    }
    world.clear();
    world.say("/cancel all");
    assert!(world.shown()[0].contains("dropped: 2"));
    exit_and_sweep(&mut world);
    assert!(world.starts().is_empty());
}

#[test]
fn with_nothing_running_cancel_says_so() {
    let mut world = World::new();
    world.say("/cancel");
    assert!(world.last_shown().contains("Nothing is running"));
}

#[test]
fn an_old_cancel_from_the_backlog_never_hits_a_later_run() {
    let mut world = World::new();
    world.pass(100.0);
    let mut message = world.text("/cancel");
    message.date = DATE + 50;
    world.say("work");
    let update = world.update(Told::Message(message));
    world.batch(vec![update], true);
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
    world.pass(5.0);
    let message = world.text("/cancel");
    let update = world.update(Told::Message(message));
    world.batch(vec![update], true);
    assert!(world.has(|effect| matches!(effect, Effect::Interrupt { .. })), "a new one does");
}

#[test]
fn an_answer_that_is_complete_when_the_stop_comes_is_given() {
    let mut world = World::new();
    world.say("work");
    world.say("/cancel");
    world.answers("the answer");
    world.exits();
    swept(&mut world);
    assert_eq!(world.post_texts(), ["the answer"]);
}

#[test]
fn background_work_is_stopped_with_everything_it_has() {
    let mut world = World::new();
    world.say("serve");
    world.agent(AgentEvent::Background { alive: 1 });
    world.answers("started");
    world.say("/cancel");
    let run = world.run();
    assert!(world.out.contains(&Effect::Signal { run, signal: Signal::Term, reach: Reach::Tree }));
    world.exits();
    assert!(world.out.contains(&Effect::Sweep { run }));
    swept(&mut world);
    assert_eq!(world.posts().len(), 1);
    assert!(world.last_shown().contains("Stopped"));
}

#[test]
fn an_agent_that_lingers_and_will_not_die_does_not_block_the_queue() {
    let mut world = World::new();
    world.say("one");
    world.say("two");
    world.answers("the answer");
    world.pass(60.0);
    assert_eq!(world.started(), ["one", "two"]);
    assert!(world.post_texts()[1].contains("would not die"), "{:?}", world.post_texts());
}

#[test]
fn a_stop_that_leaving_overtakes_tells_how_long_the_run_was() {
    let mut world = World::new();
    world.say("work");
    world.pass(61.0);
    world.say("/cancel");
    world.step(Input::Shutdown);
    assert_eq!(world.post_texts(), ["🛑 Stopped after 1 min 01 s."]);
}

#[test]
fn a_stop_before_the_start_is_one_message() {
    let mut world = World::new();
    world.auto = false;
    world.say("do not");
    world.clear();
    world.step(Input::Press(Press::Down));
    let save = world.pending_save();
    world.answer_save(save);
    assert_eq!(world.post_texts(), ["🛑 Stopped by the button before it began."]);
    assert!(world.views().is_empty(), "there is no view to end: {:?}", world.shown());
}

#[test]
fn a_turn_that_something_else_broke_off_is_told_in_words() {
    let mut world = World::new();
    world.say("work");
    world.agent(AgentEvent::Result(RunResult {
        is_error: true,
        subtype: "error_during_execution".into(),
        text: "[ede_diagnostic] result_type=user last_content_type=n/a stop_reason=tool_use".into(),
        ..RunResult::default()
    }));
    let said = world.post_texts().join("\n");
    assert!(said.contains("broken off") && !said.contains("ede_diagnostic"), "{said}");
}
