//! Every crash point and every failing operation, one after the other, on the fake disk.

use super::disk::Disk;
use super::fake::FakeDisk;
use super::load::{Footing, Found, load};
use super::writer::Writer;
use crate::bridge::effect::{Body, Save};
use crate::bridge::ids::{BlobId, Gen, JobId};
use crate::bridge::memory::{Job, Memory, PostKind, PostRecord};
use crate::bridge::{ids, memory::Running};

fn place() -> ids::Place {
    ids::Place { chat: ids::ChatId(7), thread: None }
}

fn job(id: u64) -> Job {
    Job {
        id: JobId(id),
        place: place(),
        user: ids::UserId(7),
        message: ids::MessageId(id as i64),
        prompt: BlobId(id),
        slash_command: false,
        epoch: 0,
        resume: None,
    }
}

fn post(id: u64) -> PostRecord {
    PostRecord {
        id: ids::PostId(id),
        place: place(),
        reply_to: None,
        kind: PostKind::Plain,
        body: BlobId(id),
        pieces_taken: 0,
        again: None,
        session: None,
    }
}

fn body(id: BlobId) -> Body {
    format!("the body with the number {id}").into_bytes().into()
}

/// The life of a few jobs: what is remembered after each save.
fn story() -> Vec<Memory> {
    let memory = |offset, queue: &[u64], run: Option<u64>, posts: &[u64]| Memory {
        next_id: 100,
        offset: Some(offset),
        queue: queue.iter().map(|id| job(*id)).collect(),
        running: run.map(|id| Running {
            job: job(id),
            run: ids::RunId(50 + id),
            view: ids::ViewId(60 + id),
            view_message: None,
            answered: false,
        }),
        posts: posts.iter().map(|id| post(*id)).collect(),
        ..Memory::default()
    };
    vec![
        memory(1, &[1, 2], None, &[]),
        memory(1, &[2], Some(1), &[]),
        memory(2, &[2, 3], Some(1), &[]),
        memory(2, &[3], Some(2), &[4]),
        memory(2, &[3], None, &[4, 5]),
        memory(3, &[], None, &[]),
    ]
}

/// Save number `index` of the story, with the bodies it names for the first time.
fn save(story: &[Memory], index: usize) -> Save {
    let older = story[..index].iter().flat_map(Memory::bodies).collect::<Vec<_>>();
    let new = story[index].bodies().filter(|id| !older.contains(id));
    let bodies = new.map(|id| (id, body(id))).collect();
    Save { generation: Gen(index as u64), memory: story[index].clone(), bodies }
}

fn writer(disk: &FakeDisk, found: Found) -> Writer<FakeDisk> {
    Writer::new(disk.clone(), found.footing, found.bodies, found.named)
}

/// Loads, and checks that every body that is named is there and whole.
fn reopen(disk: &FakeDisk) -> Found {
    let mut disk = disk.clone();
    let found = load(&mut disk);
    assert_eq!(found.reports, Vec::<String>::new());
    assert_eq!(found.footing, Footing::Firm);
    for id in found.memory.bodies() {
        assert_eq!(disk.read(&super::body_name(id), u64::MAX).unwrap(), *body(id));
    }
    found
}

/// A small generator: the outcomes of a power cut.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |n| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match seed {
            0 => 0,     // The least that may be left …
            1 => n - 1, // … and the most.
            _ => state as usize % n,
        }
    }
}

#[test]
fn after_a_power_cut_at_any_step_there_is_the_old_or_the_new_memory() {
    let story = story();
    let whole = FakeDisk::new();
    let mut all = writer(&whole, reopen(&whole));
    (0..story.len()).for_each(|index| all.save(save(&story, index)).unwrap());
    assert_eq!(reopen(&whole).memory, story[story.len() - 1]);
    for step in 0..=whole.steps() {
        for seed in 0..20 {
            let disk = FakeDisk::new();
            disk.cut_power_at(step);
            let mut load_disk = disk.clone();
            let mut writer = writer(&disk, load(&mut load_disk));
            let saved = (0..story.len()).take_while(|i| writer.save(save(&story, *i)).is_ok());
            let saved = saved.count();
            let disk = disk.after_power_cut(dice(seed));
            let mut memory = reopen(&disk).memory;
            // Swept orphans may have raised it.
            assert!(memory.next_id >= 1);
            memory.next_id = if memory.offset.is_none() { 1 } else { memory.next_id };
            let old = saved.checked_sub(1).map(|index| &story[index]);
            let old = old.cloned().unwrap_or_default();
            let new = story.get(saved).unwrap_or(&old);
            assert!(memory == old || memory == *new, "step {step}, seed {seed}: {memory:?}");
        }
    }
}

#[test]
fn a_step_that_fails_once_costs_nothing_but_the_save() {
    let story = story();
    let whole = FakeDisk::new();
    let mut all = writer(&whole, reopen(&whole));
    (0..story.len()).for_each(|index| all.save(save(&story, index)).unwrap());
    for step in 1..=whole.steps() {
        let disk = FakeDisk::new();
        disk.fail_at(step);
        let mut load_disk = disk.clone();
        let mut writer = writer(&disk, load(&mut load_disk));
        for index in 0..story.len() {
            if writer.save(save(&story, index)).is_err() {
                // The bridge tries again, and does not hand over the bodies again.
                writer.save(Save { bodies: Vec::new(), ..save(&story, index) }).unwrap();
            }
            for seed in 0..4 {
                let copy = disk.after_power_cut(dice(seed));
                assert_eq!(reopen(&copy).memory, story[index], "step {step}, save {index}");
            }
        }
        // A body that could not be removed is removed with the next save.
        writer.save(save(&story, 5)).unwrap();
        assert_eq!(disk.clone().list("blobs").unwrap().len(), 0, "step {step}");
    }
}

#[test]
fn a_broken_snapshot_is_set_aside_whole_at_any_step() {
    let build = || {
        let mut disk = FakeDisk::new();
        disk.make_folder("blobs").unwrap();
        disk.write("blobs/41", b"a prompt").unwrap();
        disk.write("state.json", b"{\"version\":1,\"next_id\":500,").unwrap();
        disk.sync_folder("blobs").unwrap();
        disk.sync_folder("").unwrap();
        disk
    };
    let before = build().steps();
    for step in before..before + 20 {
        for seed in 0..20 {
            let mut disk = build();
            disk.cut_power_at(step);
            load(&mut disk);
            let mut disk = disk.after_power_cut(dice(seed));
            let found = load(&mut disk);
            assert_eq!(found.memory.bodies().count(), 0);
            let aside = disk.read("state.json.broken-1", 99).unwrap();
            assert_eq!(aside, b"{\"version\":1,\"next_id\":500,");
            let kept = disk.read("blobs.broken-1/41", 99);
            assert_eq!(kept.unwrap(), b"a prompt", "step {step}, seed {seed}");
            assert!(disk.read("state.json", 99).is_err());
            writer(&disk, found).save(save(&story(), 0)).unwrap();
            assert_eq!(reopen(&disk).memory, story()[0]);
        }
    }
}

#[test]
fn a_snapshot_cut_at_any_byte_is_set_aside_whole() {
    let whole = serde_json::to_vec(&story()[3]).unwrap();
    for length in 0..whole.len() {
        let mut disk = FakeDisk::new();
        disk.write("state.json", &whole[..length]).unwrap();
        disk.make_folder("blobs").unwrap();
        disk.write("blobs/41", b"a prompt").unwrap();
        let found = load(&mut disk);
        assert_eq!((found.footing, found.reports.len()), (Footing::Firm, 1));
        assert_eq!(found.memory.bodies().count(), 0);
        assert!(found.memory.next_id > 1000, "above every id that may be in use");
        assert_eq!(disk.read("state.json.broken-1", 9999).unwrap(), &whole[..length]);
        assert_eq!(disk.read("blobs.broken-1/41", 99).unwrap(), b"a prompt");
    }
}

#[test]
fn no_bytes_in_place_of_the_snapshot_stop_a_start_or_the_next_save() {
    let whole = serde_json::to_vec(&story()[3]).unwrap();
    for seed in 2..2000 {
        let (mut bytes, mut pick) = (whole.clone(), dice(seed));
        for _ in 0..=pick(4) {
            let at = pick(bytes.len());
            // Digits and brackets keep more of them parseable than any byte would.
            let likely = b"0123456789[],\"{}n\xff";
            bytes[at] = likely[pick(likely.len())];
        }
        let mut disk = FakeDisk::new();
        disk.write("state.json", &bytes).unwrap();
        disk.make_folder("blobs").unwrap();
        for id in [2, 3, 4] {
            disk.write(&format!("blobs/{id}"), &body(BlobId(id))).unwrap();
        }
        let found = load(&mut disk);
        assert_eq!(found.footing, Footing::Firm);
        for id in found.memory.bodies() {
            assert!(disk.read(&super::body_name(id), u64::MAX).is_ok());
            assert!(id.0 < found.memory.next_id);
        }
        writer(&disk, found).save(save(&story(), 0)).unwrap();
        assert_eq!(reopen(&disk).memory, story()[0]);
    }
}
