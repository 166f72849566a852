//! The life of a run: answers, errors, sessions, background work, time-outs.

use super::world::{World, rules};
use crate::bridge::agent::{AgentEvent, Exit, RunResult, StartError};
use crate::bridge::effect::{Effect, Format, Reach, Signal, Work};
use crate::bridge::input::{Input, Receipt};
use crate::bridge::rules::{Permissions, Rules};

fn error(text: &str) -> AgentEvent {
    AgentEvent::Result(RunResult { is_error: true, text: text.into(), ..RunResult::default() })
}

fn init() -> AgentEvent {
    AgentEvent::Init { model: "m".into(), version: "1".into() }
}

fn exit(world: &mut World, exit: Exit) {
    let run = world.run();
    world.step(Input::Exited { run, exit });
}

#[test]
fn the_answer_is_posted_at_its_result_and_stdin_is_closed() {
    let mut world = World::new();
    let id = world.say("work");
    world.answers("**done**");
    let post = world.posts().remove(0);
    assert_eq!((post.format, post.reply_to), (Format::Markdown, Some(id)));
    assert!(world.has(|effect| matches!(effect, Effect::CloseInput { .. })));
    world.exits();
    assert_eq!(world.posts().len(), 1, "exactly one final post");
    assert!(world.last_shown().contains("Done"));
}

#[test]
fn the_post_waits_for_the_disk() {
    let mut world = World::new();
    world.say("work");
    world.auto = false;
    world.answers("done");
    assert!(world.posts().is_empty());
    let save = world.pending_save();
    world.answer_save(save);
    assert_eq!(world.posts().len(), 1);
}

#[test]
fn an_error_is_told_and_lights_the_lamp_until_it_is_seen() {
    let mut world = World::new();
    world.say("work");
    world.agent(error("API Error: 500"));
    world.exits();
    assert!(world.post_texts()[0].contains("API Error: 500"));
    assert!(world.signs().is_some_and(|signs| signs.error && signs.work == Work::Idle));
    assert!(world.last_shown().contains("Failed"));
    world.step(Input::Press(crate::bridge::input::Press::Down));
    assert!(world.signs().is_some_and(|signs| !signs.error));
}

#[test]
fn not_logged_in_says_what_to_do() {
    let mut world = World::new();
    world.say("work");
    world.agent(error("Not logged in · Please run /login"));
    assert!(world.post_texts()[0].contains("ANTHROPIC_API_KEY"));
}

#[test]
fn every_way_to_end_without_a_result_has_its_words() {
    let ended = |code, signal, killed, stderr: &str| Exit {
        code,
        signal,
        killed_by_other: killed,
        out_of_memory: false,
        stderr: stderr.into(),
    };
    for (exited, heard, expect) in [
        (ended(Some(1), None, false, "cannot be used with root/sudo privileges"), false, "as root"),
        (ended(Some(1), None, false, "error: unknown option"), false, "before it said anything"),
        (ended(Some(0), None, false, ""), true, "without a result"),
        (ended(None, Some(9), true, ""), true, "out of memory"),
        (Exit { out_of_memory: true, ..ended(None, Some(9), true, "") }, true, "❌ Out of memory"),
        (ended(None, Some(11), false, ""), true, "signal 11"),
    ] {
        let mut world = World::new();
        world.say("work");
        if heard {
            world.agent(init());
        }
        exit(&mut world, exited);
        let texts = world.post_texts();
        assert_eq!(texts.len(), 1);
        assert!(texts[0].contains(expect), "{expect:?} is not in {:?}", texts[0]);
        assert!(world.signs().is_some_and(|signs| signs.error));
    }
}

#[test]
fn an_agent_that_cannot_start_says_why_and_the_next_one_is_tried() {
    let mut world = World::new();
    world.say("one");
    world.say("two");
    let run = world.run();
    let why = StartError::NotFound { program: "claude".into() };
    world.step(Input::StartFailed { run, why });
    assert!(world.post_texts()[0].contains("CLAUDE_PATH"));
    assert_eq!(world.started(), ["one", "two"]);
}

#[test]
fn a_32_bit_system_is_named_with_what_works_there() {
    for found in [false, true] {
        for (kernel64, about) in [(true, "64-bit already"), (false, "a 64-bit system; ")] {
            let mut world = World::new();
            world.say("one");
            let why = StartError::ThirtyTwoBit { program: "claude".into(), found, kernel64 };
            world.step(Input::StartFailed { run: world.run(), why });
            let text = &world.post_texts()[0];
            for part in ["could not start", "«claude»", "32-bit ARM", "ssh", "CLAUDE_PATH", about]
            {
                assert!(text.contains(part), "{part:?} is not in {text:?}");
            }
        }
    }
}

#[test]
fn an_empty_answer_still_gets_a_post() {
    let mut world = World::new();
    world.say("work");
    world.finish("");
    assert_eq!(world.post_texts(), ["✅ Done, without a text."]);
    assert!(world.signs().is_some_and(|signs| !signs.error));
}

#[test]
fn the_session_is_kept_from_the_first_line_and_resumed_by_id() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("first".into()));
    world.agent(AgentEvent::Session("newest".into()));
    world.pass(3.0);
    let mut world = world.power_cut();
    world.step(Input::Drained);
    world.say("two");
    assert_eq!(world.starts()[0].resume.as_deref(), Some("newest"));
}

#[test]
fn a_fresh_conversation_begins_with_the_prompts_after_new() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("old".into()));
    world.say("two, still the old one");
    world.say("/new");
    world.say("three");
    world.agent(AgentEvent::Session("old again".into()));
    world.finish("1");
    world.finish("2");
    world.agent(AgentEvent::Session("fresh".into()));
    world.finish("3");
    world.say("four");
    let resumed: Vec<_> = world.starts().iter().map(|start| start.resume.as_deref()).collect();
    assert_eq!(resumed, [None, Some("old again"), None, Some("fresh")]);
}

#[test]
fn a_reply_to_an_answer_goes_on_in_its_session() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("A".into()));
    world.finish("answer A");
    let post = world.posts().remove(0);
    world.taken(&post);
    world.say("/new");
    world.say("two");
    world.agent(AgentEvent::Session("B".into()));
    world.finish("answer B");
    let mut message = world.text("about A");
    message.reply_to = Some(crate::bridge::ids::MessageId(9000));
    world.clear();
    world.message(message);
    assert_eq!(world.starts()[0].resume.as_deref(), Some("A"));
}

#[test]
fn an_unknown_session_is_started_once_more_with_a_fresh_one() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("gone".into()));
    world.finish("1");
    world.clear();
    world.say("two");
    world.agent(error("No conversation found with session ID: gone"));
    world.exits();
    let resumed: Vec<_> = world.starts().iter().map(|start| start.resume.clone()).collect();
    assert_eq!(resumed, [Some("gone".to_owned()), None]);
    assert!(world.posts().is_empty(), "not an error yet");
    assert!(world.shown().iter().any(|text| text.contains("starting a fresh one")));
    world.agent(error("No conversation found with session ID: gone"));
    world.exits();
    assert_eq!(world.starts().len(), 2, "once more, not for ever");
    assert_eq!(world.posts().len(), 1);
}

#[test]
fn older_programs_say_it_on_stderr_only() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("gone".into()));
    world.finish("1");
    world.say("two");
    let stderr = "No conversation found with session ID: gone".into();
    exit(&mut world, Exit { code: Some(1), stderr, ..Exit::default() });
    assert_eq!(world.starts().len(), 3);
}

#[test]
fn the_hard_limit_and_the_silence_limit_are_told_apart() {
    let mut world = World::new();
    world.say("loops");
    for _ in 0..60 {
        world.pass(120.0);
        if world.has(|effect| matches!(effect, Effect::Interrupt { .. })) {
            break;
        }
        world.agent(AgentEvent::Alive);
    }
    exit(&mut world, Exit::default());
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec![] });
    assert!(world.post_texts()[0].contains("PIGENT_JOB_TIMEOUT"), "{:?}", world.post_texts());
    let mut world = World::new();
    world.say("hangs");
    world.pass(899.0);
    world.agent(AgentEvent::Alive);
    world.pass(899.0);
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
    world.pass(1.0);
    exit(&mut world, Exit::default());
    let run = world.run();
    world.step(Input::Swept { run, survivors: vec![] });
    assert!(world.post_texts()[0].contains("PIGENT_STALE_TIMEOUT"));
}

#[test]
fn after_a_result_the_process_has_ten_seconds_and_then_only_it_is_ended() {
    let mut world = World::new();
    world.say("work");
    world.answers("done");
    world.pass(9.9);
    assert!(!world.has(|effect| matches!(effect, Effect::Signal { .. })));
    world.pass(0.1);
    let run = world.run();
    let term = Effect::Signal { run, signal: Signal::Term, reach: Reach::Agent };
    assert!(world.out.contains(&term));
    world.pass(3.0);
    assert!(world.out.contains(&Effect::Signal { run, signal: Signal::Kill, reach: Reach::Agent }));
    assert!(!world.has(|effect| matches!(effect, Effect::Sweep { .. })), "what it left lives on");
    world.exits();
    assert!(world.last_shown().contains("Done"));
    assert_eq!(world.posts().len(), 1);
}

#[test]
fn background_work_may_go_on_and_reports_back() {
    let mut world = World::new();
    world.say("serve");
    world.agent(AgentEvent::Background { alive: 1 });
    world.answers("started");
    world.pass(3600.0);
    assert!(world.last_shown().contains("background (1)"));
    assert!(!world.views().last().expect("a view").frame.buttons.is_empty(), "it can be stopped");
    assert!(!world.has(|effect| matches!(effect, Effect::Signal { .. })));
    world.agent(AgentEvent::Background { alive: 0 });
    world.pass(5.0);
    world.agent(init());
    world.pass(60.0);
    assert!(!world.has(|effect| matches!(effect, Effect::Signal { .. })), "a new turn is on");
    world.answers("and it is over");
    assert_eq!(world.post_texts(), ["started", "and it is over"]);
    world.pass(10.0);
    assert!(world.has(|effect| matches!(effect, Effect::Signal { .. })));
}

#[test]
fn further_results_are_bounded_in_number_and_size() {
    let mut world = World::new();
    world.say("chatty");
    world.agent(AgentEvent::Background { alive: 1 });
    for _ in 0..10 {
        world.answers(&"ä".repeat(100_000));
    }
    let texts = world.post_texts();
    assert_eq!(texts.len(), 6);
    assert!(texts[5].len() < 64 * 1024 + 100 && texts[5].contains("cut"));
}

#[test]
fn the_view_shows_tools_and_the_newest_text_and_withdraws_what_was_thrown_away() {
    let mut world = World::new();
    world.say("work");
    let message = || "m1".to_owned();
    world.agent(AgentEvent::MessageStart { message: message() });
    let partial =
        |text: &str| AgentEvent::Partial { message: message(), block: 0, text: text.into() };
    world.agent(partial("Hello "));
    world.agent(partial("world"));
    assert!(world.last_shown().contains("Hello world"));
    world.agent(AgentEvent::MessageStop { message: message() });
    assert!(!world.last_shown().contains("Hello"), "an error in mid-stream");
    let text = "Hello again".into();
    world.agent(AgentEvent::Text { message: "m2".into(), parent: None, text, synthetic: false });
    let tool = |id: &str| AgentEvent::ToolUse {
        id: id.into(),
        parent: None,
        name: "Bash".into(),
        preview: format!("echo {id}"),
    };
    for id in ["a", "b", "c", "d", "e"] {
        world.agent(tool(id));
    }
    world.agent(AgentEvent::ToolResult { id: "e".into(), failed: true });
    let shown = world.last_shown();
    assert!(shown.contains("Hello again") && shown.contains("✗ Bash echo e"), "{shown}");
    assert!(!shown.contains("echo a"), "the oldest makes room: {shown}");
}

#[test]
fn retries_are_shown_until_something_else_happens() {
    let mut world = World::new();
    world.say("work");
    let status = Some(529);
    let error = "overloaded".into();
    world.agent(AgentEvent::Retry { attempt: 2, max: 10, delay_ms: 500, status, error });
    assert!(world.last_shown().contains("overloaded (HTTP 529): trying again 2/10"));
    world.agent(AgentEvent::MessageStart { message: "m".into() });
    assert!(!world.last_shown().contains("overloaded"));
}

#[test]
fn the_elapsed_time_of_a_silent_run_is_shown_again_ever_more_rarely() {
    let mut world =
        World::with(Rules { stale_timeout: None, permissions: Permissions::Bypass, ..rules() });
    world.say("think");
    world.clear();
    world.pass(3600.0);
    let frames = world.views().len();
    assert!((60..90).contains(&frames), "{frames}");
}

#[test]
fn a_day_without_network_costs_one_message_a_view() {
    let mut world = World::new();
    world.say("work");
    world.step(Input::Link(crate::bridge::input::Link::Down));
    world.pass(21.0);
    assert!(world.signs().is_some_and(|signs| signs.offline && signs.work == Work::Busy));
    world.step(Input::Link(crate::bridge::input::Link::Up));
    assert!(world.signs().is_some_and(|signs| !signs.offline));
}

#[test]
fn a_post_that_is_refused_for_good_is_forgotten() {
    let mut world = World::new();
    world.say("work");
    world.finish("done");
    let post = world.posts().remove(0).id;
    world.step(Input::Sent(Receipt::NotPosted { post, why: "blocked".into() }));
    world.pass(3.0);
    assert!(world.saved.posts.is_empty());
}

#[test]
fn an_unknown_session_that_lingers_is_started_afresh_all_the_same() {
    let mut world = World::new();
    world.say("one");
    world.agent(AgentEvent::Session("gone".into()));
    world.finish("1");
    world.clear();
    world.say("two");
    world.agent(error("No conversation found with session ID: gone"));
    world.pass(10.0);
    exit(&mut world, Exit { signal: Some(15), ..Exit::default() });
    assert_eq!(world.starts().len(), 2);
    assert!(world.posts().is_empty());
}
