//! Random days: orders, errors and delays, against the strict model of Telegram's limits.

use super::world::{World, flood, live, network, post, view};
use crate::bridge::effect::{Class, Post, Source};
use crate::bridge::ids::{BlobId, ChatId, PostId};
use crate::bridge::input::Receipt;
use crate::telegram::error::Error;
use core::time::Duration;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    Live { chat: usize, last: bool },
    Word { chat: usize, question: bool },
    Post { chat: usize, pieces: usize, disk: bool },
    Tap,
    Fail(Error),
    Outage(u64),
    Pass(u64),
}

const CHATS: [i64; 4] = [7, 8, -7, -8];

fn event() -> impl Strategy<Value = Event> {
    let chat = || 0..CHATS.len();
    let error = prop_oneof![
        4 => Just(network()),
        2 => Just(Error::Server { status: 502 }),
        2 => (1u64..40).prop_map(flood),
        1 => Just(Error::CantParse { why: "x".into() }),
        1 => Just(Error::TooLong),
        1 => Just(Error::NotModified),
    ];
    prop_oneof![
        6 => (chat(), prop::bool::weighted(0.1)).prop_map(|(chat, last)| Event::Live { chat, last }),
        2 => (chat(), any::<bool>()).prop_map(|(chat, question)| Event::Word { chat, question }),
        2 => (chat(), 1usize..4, any::<bool>())
            .prop_map(|(chat, pieces, disk)| Event::Post { chat, pieces, disk }),
        1 => Just(Event::Tap),
        2 => error.prop_map(Event::Fail),
        1 => (1u64..600).prop_map(Event::Outage),
        6 => (0u64..5000).prop_map(Event::Pass),
    ]
}

fn body(id: u64, pieces: usize) -> String {
    let part = "word ".repeat(600);
    (0..pieces).map(|n| format!("p{id}-{n} {part}\n\n")).collect()
}

fn give_post(world: &mut World, id: u64, chat: i64, pieces: usize, disk: bool) {
    let mut order = post(id, chat, &body(id, pieces));
    if disk {
        world.bodies.insert(BlobId(id), body(id, pieces).into_bytes());
        order = Post { body: Source::Blob(BlobId(id)), ..order };
    }
    world.lanes.post(order);
}

fn play(world: &mut World, events: &[Event]) -> Vec<(i64, u64, usize)> {
    let mut expected = Vec::new();
    for (id, event) in (1u64..).zip(events) {
        match event {
            Event::Live { chat, last } => {
                let number = u64::try_from(*chat).unwrap_or_default();
                let mut state = live(number, CHATS[*chat], &format!("s{id}"));
                (state.last, state.typing) = (*last, !last);
                world.show(state);
            }
            Event::Word { chat, question } => {
                let class = if *question { Class::Question } else { Class::Reply };
                world.show(view(1000 + id, CHATS[*chat], class, "word"));
            }
            Event::Post { chat, pieces, disk } => {
                give_post(world, id, CHATS[*chat], *pieces, *disk);
                expected.push((CHATS[*chat], id, *pieces));
            }
            Event::Tap => world.lanes.answer_tap("t".into(), "tap".into()),
            Event::Fail(error) => world.fail(error.clone()),
            Event::Outage(seconds) => {
                world.down = true;
                world.seconds(*seconds);
                world.down = false;
            }
            Event::Pass(milliseconds) => world.run(Duration::from_millis(*milliseconds)),
        }
    }
    world.script.clear();
    world.seconds(3600);
    expected
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_limits_hold_and_every_post_arrives_in_order(
        events in prop::collection::vec(event(), 1..120),
        latency in 0u64..2000,
    ) {
        let mut world = World::new();
        world.latency = Duration::from_millis(latency);
        let expected = play(&mut world, &events);
        prop_assert!(world.violations.is_empty(), "{:?}", world.violations);
        prop_assert!(!world.lanes.is_busy());
        for chat in CHATS {
            let wanted: Vec<String> = expected.iter().filter(|(at, ..)| *at == chat)
                .flat_map(|(_, id, pieces)| (0..*pieces).map(move |n| format!("p{id}-{n}")))
                .collect();
            let arrived: Vec<String> = world.arrived.iter()
                .filter(|arrived| arrived.done && arrived.chat == ChatId(chat))
                .map(piece_name)
                .filter(|name| name.starts_with('p'))
                .collect();
            prop_assert_eq!(arrived, wanted);
        }
        let completed: Vec<PostId> = world.receipts().iter().filter_map(|receipt| match receipt {
            Receipt::Posted { post, complete: true, .. } => Some(*post),
            _ => None,
        }).collect();
        prop_assert_eq!(completed.len(), expected.len());
    }
}

/// The first word, wherever a fall-back has put it.
fn piece_name(arrived: &super::world::Arrived) -> String {
    let text = match &arrived.call {
        crate::telegram::outbox::call::Call::Document(_, _, content) => {
            String::from_utf8_lossy(content).into_owned()
        }
        _ => arrived.text().to_owned(),
    };
    text.split(' ').next().unwrap_or_default().to_owned()
}
