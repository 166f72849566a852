//! Strangers, commands, buttons that are not yours.

use super::world::{HOME, World, here, rules, view_text};
use crate::bridge::AgentEvent;
use crate::bridge::Input;
use crate::bridge::effect::Effect;
use crate::bridge::ids::{ChatId, ThreadId, UserId};
use crate::bridge::input::{ChatKind, Content, Link, Receipt, Sender, Told};
use crate::bridge::rules::{Access, Lang, Rules};

#[test]
fn a_stranger_reaches_nothing_and_leaves_no_words_in_the_log() {
    let mut world = World::new();
    let mut message = world.text("SECRET rm -rf");
    message.chat = ChatId(99);
    message.from = Some(Sender { id: UserId(99), is_bot: false });
    world.message(message.clone());
    world.deliver(vec![Told::Edited(message)]);
    assert!(world.starts().is_empty());
    assert!(world.last_shown().contains("TELEGRAM_ALLOWED_CHAT_IDS=99"));
    let logged = format!("{:?}", world.out);
    assert!(!logged.contains("SECRET"));
    assert!(world.confirmed().is_some());
}

#[test]
fn with_no_list_the_owner_finds_the_id() {
    let mut world = World::with(Rules { access: Access::default(), ..rules() });
    world.say("hello?");
    assert!(world.starts().is_empty());
    assert!(world.last_shown().contains("TELEGRAM_ALLOWED_CHAT_IDS=7"));
}

#[test]
fn a_strangers_tap_does_nothing() {
    let mut world = World::new();
    world.say("work");
    world.agent(AgentEvent::Thinking);
    let stop = world.button("Stop");
    let from = Sender { id: UserId(99), is_bot: false };
    let chat = Some((ChatId(99), ChatKind::Private));
    let tap = crate::bridge::input::Tap { id: "t".into(), from, chat, message: None, data: stop };
    world.deliver(vec![Told::Tap(tap)]);
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn in_a_group_buttons_are_for_who_asked() {
    let group = ChatId(-100);
    let mut world =
        World::with(Rules { access: Access { chats: vec![group], users: vec![] }, ..rules() });
    let mut message = world.text("work");
    (message.chat, message.kind) = (group, ChatKind::Group);
    world.message(message);
    world.agent(AgentEvent::Thinking);
    let stop = world.button("Stop");
    let tap = |user| crate::bridge::input::Tap {
        id: "t".into(),
        from: Sender { id: UserId(user), is_bot: false },
        chat: Some((group, ChatKind::Group)),
        message: None,
        data: stop.clone(),
    };
    world.deliver(vec![Told::Tap(tap(8))]);
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
    world.deliver(vec![Told::Tap(tap(7))]);
    assert!(world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn forged_and_old_buttons_are_expired() {
    let mut world = World::new();
    world.say("work");
    world.agent(AgentEvent::Thinking);
    let stop = world.button("Stop");
    for data in ["", "stop", "0000000000000000", &"f".repeat(64)] {
        assert!(world.tap(data).contains("expired"), "{data}");
    }
    world.finish("done");
    world.say("next");
    world.clear();
    assert!(world.tap(&stop).contains("expired"), "a stop button carries its run");
    assert!(!world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn commands_are_answered_while_a_run_is_on() {
    let mut world = World::new();
    world.say("work");
    world.agent(AgentEvent::Session("5e55".into()));
    let (id, name) = ("t".into(), "Bash".into());
    world.agent(AgentEvent::ToolUse { id, parent: None, name, preview: "cargo test".into() });
    world.say("more");
    world.pass(61.0);
    world.clear();
    world.say("/status");
    let text = world.shown().remove(0);
    for part in ["Working", "1 min 01 s", "Bash cargo test", "queue: 1", "uptime:", "5e55"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    world.clear();
    world.say("/help");
    assert!(world.shown()[0].contains("/cancel"));
    world.clear();
    world.say("/frobnicate");
    assert!(
        world.shown()[0].contains("/frobnicate is not a command")
            && world.shown()[0].contains("/new")
    );
    world.clear();
    world.say("/claude");
    assert!(world.shown()[0].contains("/claude /compact"));
}

#[test]
fn claudes_own_commands_are_sent_on_purpose() {
    let mut world = World::new();
    world.say("/claude /compact keep the names");
    assert_eq!(world.started(), ["/compact keep the names"]);
    assert!(world.starts()[0].slash_command);
    world.finish("ok");
    world.clear();
    world.say("/etc/hosts is wrong");
    assert_eq!(world.started(), ["/etc/hosts is wrong"]);
    assert!(!world.starts()[0].slash_command);
}

#[test]
fn the_queue_shows_positions_and_drops_one() {
    let mut world = World::new();
    for text in ["runs", "first", "second"] {
        world.say(text);
    }
    world.clear();
    world.say("/queue");
    let text = world.last_shown();
    assert!(
        text.contains("▶ runs") && text.contains("1. first") && text.contains("2. second"),
        "{text}"
    );
    let drop = world.button("✕ 1");
    world.clear();
    assert_eq!(world.tap(&drop), "Dropped.");
    assert!(world.last_shown().contains("1. second"));
    assert!(world.tap(&drop).contains("expired"));
    world.finish("x");
    assert_eq!(world.started(), ["second"]);
}

#[test]
fn what_is_not_text_is_answered_and_not_passed_on() {
    let mut world = World::new();
    let mut message = world.text("");
    message.content = Content::Other("photo");
    world.message(message);
    assert!(world.starts().is_empty() && world.last_shown().contains("photo"));
}

#[test]
fn answers_go_to_the_topic_they_were_asked_in() {
    let group = ChatId(-100);
    let mut world =
        World::with(Rules { access: Access { chats: vec![group], users: vec![] }, ..rules() });
    let mut message = world.text("work");
    (message.chat, message.kind, message.thread) = (group, ChatKind::Group, Some(ThreadId(5)));
    let id = message.id;
    world.message(message);
    world.finish("done");
    let post = world.posts().remove(0);
    assert_eq!((post.place.chat, post.place.thread), (group, Some(ThreadId(5))));
    assert_eq!(post.reply_to, Some(id));
}

#[test]
fn a_group_that_becomes_a_supergroup_takes_everything_along() {
    let (group, new) = (ChatId(-100), ChatId(-1_000_000));
    let access = Access { chats: vec![group], users: vec![] };
    let mut world = World::with(Rules { access: access.clone(), ..rules() });
    let mut message = world.text("work");
    (message.chat, message.kind) = (group, ChatKind::Group);
    world.message(message.clone());
    world.step(crate::bridge::Input::Sent(Receipt::Migrated { from: group, to: new }));
    world.clear();
    world.finish("done");
    assert_eq!(world.posts()[0].place.chat, new);
    let mut world = world.power_cut_with(Rules { access, ..rules() });
    world.step(crate::bridge::Input::Drained);
    message.chat = new;
    world.message(message);
    assert_eq!(world.started(), ["work"], "the alias is remembered");
}

#[test]
fn a_migration_of_a_stranger_group_is_no_way_in() {
    let mut world = World::new();
    let mut message = world.text("");
    (message.chat, message.kind) = (ChatId(-5), ChatKind::Group);
    message.content = Content::MigratedTo(HOME);
    world.message(message);
    assert!(world.saved.aliases.is_empty());
}

#[test]
fn pigent_speaks_german_if_told_to() {
    let mut world = World::with(Rules { lang: Lang::De, ..rules() });
    world.say("/status");
    assert!(view_text(world.views()[0]).contains("Warteschlange"));
    assert_eq!(world.views()[0].place, here());
}

#[test]
fn sighup_changes_who_may_talk() {
    let mut world = World::new();
    world.step(crate::bridge::Input::Access(Access::default()));
    world.clear();
    world.say("still me?");
    assert!(world.starts().is_empty());
}

#[test]
fn buttons_work_after_a_group_became_a_supergroup() {
    let (group, new) = (ChatId(-100), ChatId(-1_000_000));
    let access = Access { chats: vec![group], users: vec![] };
    let mut world = World::with(Rules { access, ..rules() });
    for text in ["work", "waits", "/queue"] {
        let mut message = world.text(text);
        (message.chat, message.kind) = (group, ChatKind::Group);
        world.message(message);
    }
    let drop = world.button("✕ 1");
    world.agent(AgentEvent::Thinking);
    let stop = world.button("Stop");
    world.step(crate::bridge::Input::Sent(Receipt::Migrated { from: group, to: new }));
    world.clear();
    for data in [drop, stop] {
        let from = Sender { id: UserId(7), is_bot: false };
        let chat = Some((new, ChatKind::Group));
        let tap = crate::bridge::input::Tap { id: "t".into(), from, chat, message: None, data };
        world.deliver(vec![Told::Tap(tap)]);
    }
    assert!(world.saved.queue.is_empty());
    assert!(world.has(|effect| matches!(effect, Effect::Interrupt { .. })));
}

#[test]
fn two_prompts_dropped_quickly_are_both_dropped() {
    let mut world = World::new();
    for text in ["runs", "first", "second", "/queue"] {
        world.say(text);
    }
    let (first, second) = (world.button("✕ 1"), world.button("✕ 2"));
    assert_eq!(world.tap(&first), "Dropped.");
    assert_eq!(world.tap(&second), "Dropped.", "tapped before the buttons were renewed");
    assert!(world.saved.queue.is_empty());
}

#[test]
fn an_update_that_cannot_be_read_is_told_once_an_hour() {
    let mut world = World::new();
    for _ in 0..3 {
        world.deliver(vec![Told::Unreadable { why: "message: not well-formed".into() }]);
    }
    let told = |world: &World| world.shown().iter().filter(|one| one.contains("set aside")).count();
    assert_eq!(told(&world), 1);
    assert!(world.confirmed().is_some());
    assert!(world.last_shown().contains("not well-formed"));
    world.pass(3600.0);
    world.deliver(vec![Told::Unreadable { why: "again".into() }]);
    assert_eq!(told(&world), 2);
}

#[test]
fn offline_shows_within_90_seconds_of_whatever_happens_and_ends_with_the_first_answer() {
    // What a poller says from second to second; nothing is a long poll that hangs.
    type Story = (&'static str, fn(u32) -> Option<Link>, f64);
    let stories: [Story; 3] = [
        ("silence", |_| None, 75.0),
        ("refused again and again", |second| (second % 8 == 0).then_some(Link::Down), 20.0),
        ("a poll that hangs, then failures", |s| (s >= 60).then_some(Link::Down), 61.0),
    ];
    for (story, says, within) in stories {
        let mut world = World::new();
        world.step(Input::Link(Link::Up));
        let offline = |world: &World| world.signs().is_some_and(|signs| signs.offline);
        let mut seconds = 0;
        while !offline(&world) {
            seconds += 1;
            world.pass(1.0);
            if let Some(link) = says(seconds) {
                world.step(Input::Link(link));
            }
            assert!(f64::from(seconds) <= within + 1.0, "{story}");
        }
        world.pass(3600.0);
        world.step(Input::Link(Link::Up));
        assert!(!offline(&world), "{story}");
    }
}
