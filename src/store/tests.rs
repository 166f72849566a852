//! The store on a real folder, and its thread.

use super::*;
use crate::bridge::effect::Body;
use crate::bridge::ids::{ChatId, Gen, JobId, MessageId, Place, UserId};
use crate::bridge::memory::Job;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tokio::sync::mpsc::{Receiver, channel};

fn job(id: u64) -> Job {
    Job {
        id: JobId(id),
        place: Place { chat: ChatId(7), thread: None },
        user: UserId(7),
        message: MessageId(id as i64),
        prompt: BlobId(id),
        slash_command: false,
        epoch: 0,
        resume: Some("0198f2d1-7a3c-7e01-9b5d-3f0a1c2b4d5e".into()),
    }
}

fn memory(jobs: &[u64]) -> Memory {
    let queue = jobs.iter().map(|id| job(*id)).collect();
    Memory { next_id: 100, offset: Some(7), queue, ..Memory::default() }
}

fn save(generation: u64, jobs: &[u64], bodies: &[u64]) -> Save {
    let body = |id: &u64| (BlobId(*id), Body::from(format!("prompt {id}").into_bytes()));
    let bodies = bodies.iter().map(body).collect();
    Save { generation: Gen(generation), memory: memory(jobs), bodies }
}

/// A folder with two waiting jobs in it.
fn folder() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("blobs")).unwrap();
    fs::write(home.path().join("blobs/1"), "one").unwrap();
    fs::write(home.path().join("blobs/2"), "two").unwrap();
    fs::write(home.path().join("state.json"), serde_json::to_vec(&memory(&[1, 2])).unwrap())
        .unwrap();
    home
}

fn spawn(store: Store) -> (Handle, Receiver<Input>) {
    let (sender, receiver) = channel(8);
    (store.spawn(sender, || {}).unwrap(), receiver)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = Folder::new(folder).list("").unwrap();
    names.sort();
    names
}

#[test]
fn what_is_saved_is_there_after_a_restart_and_closed_to_others() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("a/state");
    let opened = open(&state);
    assert_eq!((opened.usable, opened.reports.len()), (Ok(()), 0));
    let (handle, mut inputs) = spawn(opened.store);
    handle.save(save(1, &[1, 2], &[1, 2]));
    assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(1) }));
    handle.save(save(2, &[2], &[]));
    assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(2) }));
    assert_eq!(handle.reader()(BlobId(2)).unwrap(), b"prompt 2");
    assert!(handle.reader()(BlobId(1)).is_err(), "no longer named");
    for (name, expected) in
        [("", 0o700), ("blobs", 0o700), ("state.json", 0o600), ("blobs/2", 0o600)]
    {
        assert_eq!(mode(&state.join(name)), expected, "{name:?}");
    }
    assert_eq!(names(&state), ["blobs", "state.json"]);
    let again = open(&state);
    assert_eq!(again.memory, memory(&[2]));
    assert_eq!(again.prompts, HashMap::from([(BlobId(2), "prompt 2".into())]));
}

#[test]
fn an_open_folder_is_closed_and_orphans_are_swept() {
    let home = folder();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.path().join("blobs/99"), "an orphan").unwrap();
    fs::write(home.path().join("blobs/mine"), "not ours").unwrap();
    fs::write(home.path().join("state.json.new"), "half").unwrap();
    let opened = open(home.path());
    assert_eq!(opened.memory, memory(&[1, 2]));
    assert_eq!(opened.prompts[&BlobId(2)], "two");
    assert_eq!(mode(home.path()), 0o700);
    assert_eq!(names(home.path()), ["blobs", "state.json"]);
    assert_eq!(names(&home.path().join("blobs")), ["1", "2", "mine"]);
}

#[test]
fn what_others_use_is_not_closed_to_them() {
    let home = tempfile::tempdir().unwrap();
    // A path that is no folder may be a device of the whole system.
    let device = home.path().join("null");
    fs::write(&device, "").unwrap();
    let open_to_all = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open_to_all(&device, 0o666);
    assert!(open(&device).usable.is_err());
    assert_eq!(mode(&device), 0o666);
    // As /tmp is.
    open_to_all(home.path(), 0o777);
    assert_eq!(open(home.path()).usable, Ok(()));
    assert_eq!((mode(home.path()), mode(&home.path().join("blobs"))), (0o777, 0o700));
}

#[test]
fn a_link_or_a_pipe_where_a_file_is_made_is_replaced_and_leads_nowhere() {
    let home = folder();
    let (new, elsewhere) = (home.path().join("state.json.new"), home.path().join("elsewhere"));
    for pipe in [true, false] {
        fs::write(&elsewhere, "precious").unwrap();
        match pipe {
            true => {
                let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
                rustix::fs::mknodat(rustix::fs::CWD, &new, fifo, mode, 0).unwrap();
            }
            false => std::os::unix::fs::symlink(&elsewhere, &new).unwrap(),
        }
        let (handle, mut inputs) = spawn(open(home.path()).store);
        handle.save(save(1, &[1], &[1]));
        assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(1) }));
        assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
        assert!(fs::symlink_metadata(home.path().join("state.json")).unwrap().is_file());
    }
}

#[test]
fn a_snapshot_that_is_cut_is_set_aside_with_its_bodies() {
    let whole = serde_json::to_vec(&memory(&[1, 2])).unwrap();
    let half = &whole[..whole.len() / 2];
    let home = folder();
    fs::write(home.path().join("state.json"), half).unwrap();
    let opened = open(home.path());
    assert_eq!(opened.usable, Ok(()));
    assert_eq!(opened.memory.bodies().count(), 0);
    assert!(opened.reports[0].contains("state.json.broken-1"), "{:?}", opened.reports);
    assert_eq!(fs::read(home.path().join("state.json.broken-1")).unwrap(), half);
    assert_eq!(fs::read(home.path().join("blobs.broken-1/2")).unwrap(), b"two");
}

#[test]
fn a_newer_version_and_random_bytes_are_set_aside_each_under_its_own_name() {
    let home = folder();
    let newer = br#"{"version":2,"all":"different"}"#;
    for (bytes, name) in [
        (&newer[..], "state.json.v2-1"),
        (&newer[..], "state.json.v2-2"),
        (b"\x00\xff\xfe{{{{", "state.json.broken-1"),
        (&b"[".repeat(100_000), "state.json.broken-2"),
        (br#"{"version":1,"next_id":18446744073709551615}"#, "state.json.broken-3"),
        (&b" ".repeat(SNAPSHOT_LIMIT as usize + 1), "state.json.broken-4"),
    ] {
        fs::write(home.path().join("state.json"), bytes).unwrap();
        let opened = open(home.path());
        assert!(opened.reports[0].contains(name), "{:?}", opened.reports);
        assert_eq!(fs::read(home.path().join(name)).unwrap(), bytes);
    }
    assert_eq!(fs::read(home.path().join("blobs.v2-1/1")).unwrap(), b"one");
}

#[test]
fn ids_out_of_range_are_a_broken_snapshot() {
    let home = folder();
    let wrong = Memory { next_id: u64::MAX, ..memory(&[1]) };
    fs::write(home.path().join("state.json"), serde_json::to_vec(&wrong).unwrap()).unwrap();
    assert!(open(home.path()).reports[0].contains("broken-1"));
}

#[test]
fn what_the_snapshot_names_and_the_disk_lacks_is_dropped_and_told() {
    let home = folder();
    fs::remove_file(home.path().join("blobs/1")).unwrap();
    fs::write(home.path().join("blobs/2"), b"\xff not text").unwrap();
    let opened = open(home.path());
    assert_eq!(opened.memory.queue.len(), 0);
    assert!(opened.reports[0].starts_with("2 waiting prompts were lost"), "{:?}", opened.reports);
    assert_eq!(fs::read(home.path().join("lost-2")).unwrap(), b"\xff not text");
}

#[test]
fn a_memory_with_an_id_twice_or_a_low_counter_is_repaired() {
    let home = folder();
    let wrong = Memory { next_id: 1, ..memory(&[1, 2, 2]) };
    fs::write(home.path().join("state.json"), serde_json::to_vec(&wrong).unwrap()).unwrap();
    let opened = open(home.path());
    assert_eq!(opened.memory, Memory { next_id: 3, ..memory(&[1, 2]) });
    assert_eq!(opened.reports.len(), 1);
}

#[test]
fn a_folder_that_cannot_be_used_is_used_when_it_can_be() {
    let home = tempfile::tempdir().unwrap();
    let parent = home.path().join("mount");
    fs::write(&parent, "a file in the way").unwrap();
    let opened = open(&parent.join("state"));
    assert!(opened.usable.is_err());
    let (handle, mut inputs) = spawn(opened.store);
    handle.save(save(1, &[1], &[1]));
    let Some(Input::SaveFailed { generation: Gen(1), why }) = inputs.blocking_recv() else {
        panic!("saved into nothing")
    };
    assert!(why.contains("Not a directory"), "{why}");
    fs::remove_file(&parent).unwrap();
    // The body is not handed over again.
    handle.save(save(2, &[1], &[]));
    assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(2) }));
    assert_eq!(open(&parent.join("state")).prompts[&BlobId(1)], "prompt 1");
}

#[test]
fn a_snapshot_that_appears_later_is_not_written_over() {
    let home = tempfile::tempdir().unwrap();
    let (parent, disk) = (home.path().join("mount"), home.path().join("disk"));
    fs::write(&parent, "not mounted yet").unwrap();
    let opened = open(&parent.join("state"));
    let (sender, mut inputs) = channel(8);
    let (asked, restarts) = std::sync::mpsc::channel();
    let handle = opened.store.spawn(sender, move || asked.send(()).unwrap()).unwrap();
    fs::create_dir(&disk).unwrap();
    fs::rename(folder().keep(), disk.join("state")).unwrap();
    fs::remove_file(&parent).unwrap();
    fs::rename(&disk, &parent).unwrap();
    handle.save(save(1, &[5], &[5]));
    assert!(matches!(inputs.blocking_recv(), Some(Input::SaveFailed { .. })));
    restarts.recv().unwrap();
    assert_eq!(open(&parent.join("state")).memory, memory(&[1, 2]));
}

/// A folder for root only, where a stick is to be mounted, reads like a new one.
#[test]
fn a_snapshot_mounted_over_an_empty_folder_is_not_written_over() {
    let home = tempfile::tempdir().unwrap();
    let mount = home.path().join("mount");
    // What root may not be refused otherwise.
    fs::create_dir_all(mount.join("state.json.new")).unwrap();
    let opened = open(&mount);
    assert!(opened.usable.is_err());
    let (sender, mut inputs) = channel(8);
    let (asked, restarts) = std::sync::mpsc::channel();
    let handle = opened.store.spawn(sender, move || asked.send(()).unwrap()).unwrap();
    fs::remove_dir_all(&mount).unwrap();
    fs::rename(folder().keep(), &mount).unwrap();
    handle.save(save(1, &[5], &[5]));
    assert!(matches!(inputs.blocking_recv(), Some(Input::SaveFailed { .. })));
    restarts.recv().unwrap();
    let again = open(&mount);
    assert_eq!(again.memory, memory(&[1, 2]));
    assert_eq!(again.prompts.len(), 2);
}

#[test]
fn a_folder_in_place_of_the_snapshot_is_set_aside_too() {
    let home = folder();
    fs::remove_file(home.path().join("state.json")).unwrap();
    fs::create_dir(home.path().join("state.json")).unwrap();
    assert_eq!(open(home.path()).usable, Ok(()));
    assert!(home.path().join("state.json.broken-1").is_dir());
}

#[test]
fn a_pipe_in_place_of_the_snapshot_is_set_aside_and_holds_no_start_up() {
    for with_writer in [false, true] {
        let home = folder();
        let path = home.path().join("state.json");
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let both = fs::OpenOptions::new().read(true).write(true).open(&path);
        let _writer = with_writer.then_some(both);
        let opened = open(home.path());
        assert_eq!(opened.usable, Ok(()));
        assert!(opened.reports[0].contains("state.json.broken-1"), "{:?}", opened.reports);
    }
}

#[test]
fn a_deleted_folder_is_made_again() {
    let home = folder();
    let state = home.path().to_owned();
    let (handle, mut inputs) = spawn(open(&state).store);
    fs::remove_dir_all(&state).unwrap();
    handle.save(save(1, &[3], &[3]));
    assert!(matches!(inputs.blocking_recv(), Some(Input::SaveFailed { .. })));
    handle.save(save(2, &[3], &[]));
    assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(2) }));
    assert_eq!(open(&state).memory, memory(&[3]));
}

#[test]
fn a_skipped_generation_leaves_its_bodies_as_far_as_they_are_still_named() {
    let mailbox = writer::Mailbox::default();
    mailbox.put(save(1, &[1, 2], &[1, 2]));
    mailbox.put(save(2, &[2, 3], &[3]));
    mailbox.put(save(3, &[2, 3], &[]));
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).store;
    let writer = writer::Writer::new(store.disk, store.footing, store.bodies, store.named);
    let (sender, mut inputs) = channel(8);
    mailbox.close();
    writer::run(writer, &mailbox, &sender, || {});
    assert_eq!(inputs.blocking_recv(), Some(Input::Saved { generation: Gen(3) }));
    assert_eq!(inputs.try_recv().ok(), None);
    assert_eq!(open(home.path()).prompts.len(), 2);
    assert!(!home.path().join("blobs/1").exists());
}
