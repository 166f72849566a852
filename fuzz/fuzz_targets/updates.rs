//! Whatever `getUpdates` answers: no panic in decoding or in deciding, every update that has an
//! id is confirmed, and nobody but the owner starts anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::bridge::ids::{ChatId, MessageId, UpdateId};
use pigent::bridge::input::{Batch, Input, Receipt};
use pigent::bridge::rules::{Access, Rules};
use pigent::bridge::time::{Mono, Now, Wall};
use pigent::bridge::{Bridge, Effect, Restored};
use pigent::telegram::decode;
use std::time::Duration;

/// The only chat that may talk.
const OWNER: ChatId = ChatId(42);

fuzz_target!(|data: &[u8]| {
    let body = [br#"{"ok":true,"result":"#, data, b"}"].concat();
    let Some(decoded) = decode::body(body) else { return };
    let Some(last) = decoded.updates.last() else { return };
    let next = UpdateId(last.id.0.saturating_add(1));
    let (mut bridge, _) = Bridge::restore(rules(), Restored::default(), now(0));
    bridge.step(now(1), Input::Drained);
    let batch = Batch { updates: decoded.updates, next, backlog: false };
    let mut effects = bridge.step(now(2), Input::Updates(batch));
    let mut confirmed = false;
    for second in 3..9 {
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Save(save) => {
                    let generation = save.generation;
                    effects.extend(bridge.step(now(second), Input::Saved { generation }));
                }
                Effect::Start(start) => assert!(String::from_utf8_lossy(data).contains("42"), "{start:?}"),
                // A refused prompt is confirmed once Telegram has taken the refusal.
                Effect::Show(view) => {
                    let taken = Receipt::Shown { view: view.id, message: MessageId(second as i64) };
                    effects.extend(bridge.step(now(second), Input::Sent(taken)));
                }
                Effect::Confirm { next: known } => confirmed |= known == next,
                _ => {}
            }
        }
    }
    assert!(confirmed, "{next:?} stays for ever");
});

fn now(seconds: u64) -> Now {
    Now { mono: Mono(Duration::from_secs(seconds)), wall: Some(Wall(1_800_000_000)) }
}

fn rules() -> Rules {
    Rules {
        access: Access { chats: vec![OWNER], users: Vec::new() },
        queue_max: 5,
        rate_limit: Some(60),
        job_timeout: None,
        stale_timeout: None,
        permissions: Default::default(),
        lang: Default::default(),
        seed: [1, 2],
        version: "0",
    }
}
