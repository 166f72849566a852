//! The thread: takes the newest generation, writes it, says how it went.
//!
//! Not the order of the world: which saves matter to whom is the bridge's business. This only
//! guarantees that whatever the power does, the folder holds a whole snapshot and every body it
//! names.

use super::disk::Disk;
use super::load::{self, Footing, Second};
use super::{BLOBS, SNAPSHOT, TEMPORARY, body_name};
use crate::bridge::effect::{Body, Save};
use crate::bridge::ids::BlobId;
use crate::bridge::input::Input;
use crate::bridge::memory::Memory;
use crate::failpoint;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::Sender;

/// The one save that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox(Arc<(Mutex<Slot>, Condvar)>);

#[derive(Debug, Default)]
struct Slot {
    waiting: Option<Save>,
    closed: bool,
}

impl Mailbox {
    /// Replaces what waits; its bodies come along as far as they are still named.
    pub(super) fn put(&self, mut save: Save) {
        let mut slot = self.lock();
        if let Some(older) = slot.waiting.take() {
            let named: BTreeSet<BlobId> = save.memory.bodies().collect();
            save.bodies.extend(older.bodies.into_iter().filter(|(id, _)| named.contains(id)));
        }
        slot.waiting = Some(save);
        self.0.1.notify_one();
    }

    /// No further saves will come; what waits is still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.0.1.notify_one();
    }

    /// Waits for a save; `None` when there will be no more.
    fn take(&self) -> Option<Save> {
        let mut slot = self.lock();
        loop {
            if let Some(save) = slot.waiting.take() {
                return Some(save);
            }
            if slot.closed {
                return None;
            }
            slot = self.0.1.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's body.
pub(super) fn run<D: Disk>(
    mut writer: Writer<D>,
    mailbox: &Mailbox,
    inputs: &Sender<Input>,
    mut restart: impl FnMut(),
) {
    while let Some(save) = mailbox.take() {
        failpoint::pass("store");
        let generation = save.generation;
        let answer = match writer.save(save) {
            Ok(()) => Input::Saved { generation },
            Err(why) => Input::SaveFailed { generation, why },
        };
        if writer.wants_restart {
            restart();
        }
        failpoint::step("the answer to", "the loop");
        if inputs.blocking_send(answer).is_err() {
            return;
        }
    }
}

/// What the thread knows about the folder.
#[derive(Debug)]
pub(super) struct Writer<D> {
    disk: D,
    footing: Footing,
    /// Handed over, named by the newest memory, and not on the disk yet.
    unwritten: BTreeMap<BlobId, Body>,
    /// Files in `blobs/`.
    bodies: BTreeSet<BlobId>,
    /// The names of `bodies` are not all durable.
    unsynced: bool,
    /// Bodies that the snapshot on the disk names, or may name.
    named: BTreeSet<BlobId>,
    /// The folder holds a snapshot that only a new start can take up.
    pub(super) wants_restart: bool,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(
        disk: D,
        footing: Footing,
        bodies: BTreeSet<BlobId>,
        named: BTreeSet<BlobId>,
    ) -> Self {
        let unwritten = BTreeMap::new();
        // Files that were there at start may owe their names to an unsynced folder.
        Writer { disk, footing, unwritten, bodies, unsynced: true, named, wants_restart: false }
    }

    /// Writes a generation. After `Err` the last saved one still stands, and the bodies wait for
    /// the next save.
    pub(super) fn save(&mut self, save: Save) -> Result<(), String> {
        let memory = save.memory;
        let named: BTreeSet<BlobId> = memory.bodies().collect();
        self.unwritten.extend(save.bodies);
        self.unwritten.retain(|id, _| named.contains(id));
        let done = self.find_footing().and_then(|()| {
            let done = self.write(&memory, &named);
            if let Err(why) = &done {
                self.footing = Footing::Unwritable(why.clone());
                // A body that neither the old nor the new snapshot names only fills the disk.
                let keep = named.union(&self.named).copied().collect();
                load::sweep(&mut self.disk, &mut self.bodies, &keep);
            }
            done
        });
        if done.is_ok() {
            load::sweep(&mut self.disk, &mut self.bodies, &named);
            self.named = named;
        }
        done
    }

    /// After a failure the folder may have been made, mounted or emptied anew.
    fn find_footing(&mut self) -> Result<(), String> {
        match self.footing {
            Footing::Firm => return Ok(()),
            Footing::Unwritable(_) => load::make_ready(&mut self.disk)?,
            Footing::Unread(_) => {
                if let Second::Snapshot = load::look_again(&mut self.disk)? {
                    self.wants_restart = true;
                    return Err("the earlier state can be read again, after a restart".into());
                }
            }
        }
        self.bodies = load::list_bodies(&mut self.disk)?;
        self.unsynced = true;
        self.footing = Footing::Firm;
        Ok(())
    }

    /// Bodies, then the snapshot that names them. The order of the syncs is the whole point.
    fn write(&mut self, memory: &Memory, named: &BTreeSet<BlobId>) -> Result<(), String> {
        self.write_bodies()?;
        let text = serde_json::to_vec(memory).map_err(|error| format!("{SNAPSHOT}: {error}"))?;
        if let Err(error) = self.disk.write(TEMPORARY, &text) {
            // Gives back the space it took.
            let _ = self.disk.remove(TEMPORARY);
            return Err(format!("{TEMPORARY}: {error}"));
        }
        // From here on a power cut may leave either snapshot.
        self.named.extend(named);
        let renamed = self.disk.rename(TEMPORARY, SNAPSHOT);
        let synced = renamed.and_then(|()| self.disk.sync_folder(""));
        synced.map_err(|error| format!("{SNAPSHOT}: {error}"))
    }

    fn write_bodies(&mut self) -> Result<(), String> {
        while let Some((id, body)) = self.unwritten.first_key_value() {
            let (id, name) = (*id, body_name(*id));
            if let Err(error) = self.disk.write(&name, body) {
                let _ = self.disk.remove(&name);
                return Err(format!("{name}: {error}"));
            }
            self.unsynced = true;
            self.bodies.insert(id);
            self.unwritten.remove(&id);
        }
        if self.unsynced {
            self.disk.sync_folder(BLOBS).map_err(|error| format!("{BLOBS}: {error}"))?;
            self.unsynced = false;
        }
        Ok(())
    }
}
