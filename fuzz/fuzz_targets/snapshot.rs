//! Whatever stands in `state.json`: the store opens, keeps the bytes if it cannot use them, and
//! the bridge starts, runs what waits and writes a snapshot that can be read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::bridge::ids::ChatId;
use pigent::bridge::input::Input;
use pigent::bridge::rules::{Access, Rules};
use pigent::bridge::time::{Mono, Now, Wall};
use pigent::bridge::{Bridge, Effect, Memory, Restored};
use pigent::store;
use std::fs;
use std::path::Path;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    // In memory: a real disk would make this a test of fsync.
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let state = folder.path();
    fs::create_dir(state.join("blobs")).expect("blobs");
    for id in 1..9 {
        fs::write(state.join(format!("blobs/{id}")), "text").expect("a body");
    }
    fs::write(state.join("state.json"), data).expect("a snapshot");
    let opened = store::open(state);
    assert_eq!(opened.usable, Ok(()));
    if serde_json::from_slice::<serde_json::Value>(data).is_err() {
        assert!(!opened.reports.is_empty(), "nothing said");
        assert!(kept(state, data), "the bytes are gone");
    }
    let restored = Restored {
        memory: opened.memory,
        prompts: opened.prompts,
        disk: None,
        reports: opened.reports,
    };
    let (mut bridge, mut effects) = Bridge::restore(rules(), restored, now(0));
    for second in 1..30 {
        let mut inputs = vec![Input::Drained, Input::Tick];
        for effect in std::mem::take(&mut effects) {
            match effect {
                Effect::Save(save) => {
                    let json = serde_json::to_vec(&save.memory).expect("can be written");
                    let again: Memory = serde_json::from_slice(&json).expect("can be read");
                    assert_eq!(again, save.memory);
                    inputs.push(Input::Saved { generation: save.generation });
                }
                Effect::Start(start) => {
                    let exit = Default::default();
                    inputs.push(Input::Exited { run: start.run, exit });
                    inputs.push(Input::Swept { run: start.run, survivors: Vec::new() });
                }
                _ => {}
            }
        }
        for input in inputs {
            effects.extend(bridge.step(now(second), input));
        }
    }
});

fn kept(state: &Path, data: &[u8]) -> bool {
    let files = fs::read_dir(state).expect("the folder");
    let mut files = files.flatten().filter_map(|file| fs::read(file.path()).ok());
    files.any(|bytes| bytes == data)
}

fn now(seconds: u64) -> Now {
    Now { mono: Mono(Duration::from_secs(seconds)), wall: Some(Wall(1_800_000_000)) }
}

fn rules() -> Rules {
    Rules {
        access: Access { chats: vec![ChatId(42)], users: Vec::new() },
        queue_max: 5,
        rate_limit: None,
        job_timeout: None,
        stale_timeout: None,
        permissions: Default::default(),
        lang: Default::default(),
        seed: [1, 2],
        version: "0",
    }
}
