//! Permission requests and questions.

use super::world::World;
use crate::bridge::agent::{AgentEvent, Choice, Question, Verdict};
use crate::bridge::effect::{Class, Effect, Work};
use crate::bridge::ids::{MessageId, UserId};
use crate::bridge::input::{Input, Receipt};
use crate::bridge::rules::{Permissions, Rules};

fn ask(request: &str) -> AgentEvent {
    AgentEvent::Ask {
        request: request.into(),
        tool: "Bash".into(),
        preview: "rm x".into(),
        input: "command: rm x\ntimeout: 5".into(),
        description: "Remove x".into(),
        cut: false,
    }
}

fn question(text: &str, multi: bool) -> Question {
    let option = |label: &str| Choice { label: label.into(), description: String::new() };
    let options = vec![option("Red"), option("Blue")];
    Question { text: text.into(), header: "Colour".into(), options, multi }
}

fn questions(list: Vec<Question>) -> AgentEvent {
    AgentEvent::Question { request: "q".into(), questions: list, cut: false }
}

fn verdicts(world: &World) -> Vec<(String, Verdict)> {
    let answers = world.out.iter().filter_map(|effect| match effect {
        Effect::Answer { request, verdict, .. } => Some((request.clone(), verdict.clone())),
        _ => None,
    });
    answers.collect()
}

fn denied(verdict: &Verdict, word: &str) -> bool {
    matches!(verdict, Verdict::Deny { message } if message.contains(word))
}

#[test]
fn a_permission_request_becomes_buttons_and_a_tap_answers_it() {
    let mut world = World::new();
    world.say("work");
    world.clear();
    world.agent(ask("r1"));
    let view =
        world.views().into_iter().find(|view| view.class == Class::Question).expect("a question");
    assert!(super::world::view_text(view).contains("timeout: 5"), "the whole input");
    assert!(world.signs().is_some_and(|signs| signs.work == Work::Waiting));
    let allow = world.button("Allow");
    world.tap(&allow);
    assert_eq!(verdicts(&world), [("r1".to_owned(), Verdict::Allow)]);
    assert!(world.shown().iter().any(|text| text.contains("Allowed:")));
    assert!(world.signs().is_some_and(|signs| signs.work == Work::Busy));
    assert!(world.tap(&allow).contains("expired"));
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn deny_is_told_to_the_model() {
    let mut world = World::new();
    world.say("work");
    world.agent(ask("r1"));
    let deny = world.button("Deny");
    assert_eq!(world.tap_as(&deny, UserId(7)), "Noted.");
    assert!(denied(&verdicts(&world)[0].1, "said no"));
}

#[test]
fn nobody_answering_is_a_no_after_ten_minutes_and_the_stale_clock_stands_still() {
    let mut world = World::with(Rules {
        stale_timeout: Some(core::time::Duration::from_secs(60)),
        ..super::world::rules()
    });
    world.say("work");
    world.agent(ask("r1"));
    world.pass(599.0);
    assert!(verdicts(&world).is_empty());
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
    world.pass(1.0);
    assert!(denied(&verdicts(&world)[0].1, "Nobody"));
    world.pass(59.0);
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn in_bypass_nothing_is_asked_but_questions_are() {
    let mut world =
        World::with(Rules { permissions: Permissions::Bypass, ..super::world::rules() });
    world.say("work");
    world.agent(ask("r1"));
    assert_eq!(verdicts(&world), [("r1".to_owned(), Verdict::Allow)]);
    world.agent(questions(vec![question("Which?", false)]));
    assert_eq!(verdicts(&world).len(), 1);
    world.button("Red");
}

#[test]
fn questions_come_one_after_the_other() {
    let mut world = World::new();
    world.say("work");
    world.agent(questions(vec![question("First?", false), question("Second?", true)]));
    let blue = world.button("Blue");
    world.tap(&blue);
    assert!(world.last_shown().contains("Second?"));
    let done = world.button("Done");
    assert!(world.tap(&done).contains("at least one"));
    for label in ["Red", "Blue"] {
        let option = world.button(label);
        world.tap(&option);
    }
    world.button("☑ Red");
    let done = world.button("Done");
    world.tap(&done);
    let answers = vec![
        ("First?".to_owned(), vec!["Blue".to_owned()]),
        ("Second?".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()]),
    ];
    assert_eq!(verdicts(&world), [("q".to_owned(), Verdict::Answers(answers))]);
}

#[test]
fn a_reply_to_the_question_is_the_answer_and_no_prompt() {
    let mut world = World::new();
    world.say("work");
    world.agent(questions(vec![question("Which?", false)]));
    let view =
        world.views().into_iter().rfind(|view| view.class == Class::Question).expect("it").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(500) }));
    let mut reply = world.text("Green, of course");
    reply.reply_to = Some(MessageId(500));
    world.message(reply);
    let answers = vec![("Which?".to_owned(), vec!["Green, of course".to_owned()])];
    assert_eq!(verdicts(&world), [("q".to_owned(), Verdict::Answers(answers))]);
    assert!(world.saved.queue.is_empty());
}

#[test]
fn what_cannot_be_shown_whole_is_declined() {
    let mut world = World::new();
    world.say("work");
    let mut big = ask("big");
    if let AgentEvent::Ask { cut, .. } = &mut big {
        *cut = true;
    }
    world.agent(big);
    world.agent(AgentEvent::Question { request: "q".into(), questions: vec![], cut: true });
    let verdicts = verdicts(&world);
    assert!(verdicts.len() == 2 && verdicts.iter().all(|(_, verdict)| denied(verdict, "8 KiB")));
}

#[test]
fn a_withdrawn_request_loses_its_buttons() {
    let mut world = World::new();
    world.say("work");
    world.agent(ask("r1"));
    let allow = world.button("Allow");
    world.agent(AgentEvent::AskWithdrawn { request: "r1".into() });
    assert!(world.tap(&allow).contains("expired"));
    assert!(verdicts(&world).is_empty());
    assert!(world.shown().iter().any(|text| text.contains("over")));
}

#[test]
fn a_stop_closes_open_questions() {
    let mut world = World::new();
    world.say("work");
    world.agent(ask("r1"));
    let allow = world.button("Allow");
    world.say("/cancel");
    assert!(world.tap(&allow).contains("expired"));
    assert!(world.signs().is_some_and(|signs| signs.work == Work::Stopping));
}

#[test]
fn too_many_requests_at_a_time_are_denied() {
    let mut world = World::new();
    world.say("work");
    for request in 0..9 {
        world.agent(ask(&request.to_string()));
    }
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn an_answer_that_comes_again_after_a_power_cut_is_no_prompt() {
    let mut world = World::new();
    world.say("work");
    world.agent(questions(vec![question("Which?", false)]));
    let asked = world.views().into_iter().find(|view| view.class == Class::Question);
    let view = asked.expect("a question").id;
    world.step(Input::Sent(Receipt::Shown { view, message: MessageId(500) }));
    let mut reply = world.text("Green, of course");
    reply.reply_to = Some(MessageId(500));
    let update = world.update(crate::bridge::input::Told::Message(reply));
    world.batch(vec![update.clone()], false);
    let mut world = world.power_cut();
    world.batch(vec![update], true);
    world.step(Input::Drained);
    assert!(world.starts().is_empty());
}

#[test]
fn a_reply_that_is_quicker_than_the_news_of_its_question_is_the_answer() {
    let mut world = World::new();
    world.say("work");
    world.agent(questions(vec![question("Which?", false)]));
    let mut reply = world.text("Green");
    reply.reply_to = Some(MessageId(reply.id.0 - 1));
    world.message(reply);
    assert_eq!(verdicts(&world).len(), 1);
}

#[test]
fn a_second_choice_tapped_in_the_message_as_it_was_counts() {
    let mut world = World::new();
    world.say("work");
    world.agent(questions(vec![question("Which?", true)]));
    let buttons = ["Red", "Blue", "Done"].map(|label| world.button(label));
    for button in buttons {
        assert_eq!(world.tap(&button), "Noted.");
    }
    let both = vec![("Which?".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()])];
    assert_eq!(verdicts(&world), [("q".to_owned(), Verdict::Answers(both))]);
}

#[test]
fn a_reply_to_a_known_question_is_not_taken_for_one_whose_message_is_unknown() {
    let mut world = World::new();
    world.say("work");
    let asked = |request: &str| AgentEvent::Question {
        request: request.into(),
        questions: vec![question("Which?", false)],
        cut: false,
    };
    world.agent(asked("first"));
    world.agent(asked("second"));
    let is_question = |view: &&crate::bridge::effect::View| view.class == Class::Question;
    let second = world.views().into_iter().rfind(is_question).expect("a question").id;
    world.step(Input::Sent(Receipt::Shown { view: second, message: MessageId(500) }));
    let mut reply = world.text("Green");
    reply.reply_to = Some(MessageId(500));
    world.message(reply);
    assert_eq!(verdicts(&world)[0].0, "second");
}
