//! A disk and the store's thread: it keeps what was synced, may be slow, full or failing, and
//! writes only the newest of the saves that wait (`src/store/writer.rs`).

use super::events::{Condition, Torn};
use pigent::bridge::effect::{Body, Save};
use pigent::bridge::ids::{BlobId, Gen};
use pigent::bridge::{Memory, Restored};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug)]
pub struct Disk {
    pub condition: Condition,
    /// What a power cut leaves for certain.
    durable: Memory,
    /// What the kernel shows, if that is newer: renamed, and the folder not synced.
    visible: Option<Memory>,
    files: BTreeMap<BlobId, Body>,
    /// Handed over with generations that were not written yet.
    unwritten: BTreeMap<BlobId, Body>,
    mailbox: Option<Save>,
    writing: Option<Save>,
}

/// How a write ended.
pub enum Ended {
    Saved(Gen),
    Failed(Gen),
}

impl Disk {
    pub fn new() -> Disk {
        Disk {
            condition: Condition::Good,
            durable: Memory::default(),
            visible: None,
            files: BTreeMap::new(),
            unwritten: BTreeMap::new(),
            mailbox: None,
            writing: None,
        }
    }

    /// The newest memory that a restart is certain to find.
    pub fn durable(&self) -> &Memory {
        &self.durable
    }

    pub fn file(&self, id: BlobId) -> Option<&Body> {
        self.files.get(&id)
    }

    pub fn is_idle(&self) -> bool {
        self.mailbox.is_none() && self.writing.is_none()
    }

    /// Takes a generation; an older one that waits is skipped, but not the bodies it had.
    pub fn put(&mut self, mut save: Save) {
        if let Some(older) = self.mailbox.take() {
            let named: BTreeSet<BlobId> = save.memory.bodies().collect();
            save.bodies.extend(older.bodies.into_iter().filter(|(id, _)| named.contains(id)));
        }
        self.mailbox = Some(save);
    }

    pub fn begin(&mut self) {
        if self.writing.is_none() {
            self.writing = self.mailbox.take();
        }
    }

    /// Ends the write that is under way. `Err`: a body that the memory names was never given.
    pub fn end(&mut self) -> Result<Option<Ended>, String> {
        let Some(save) = self.writing.take() else { return Ok(None) };
        let generation = save.generation;
        let (memory, named) = self.take_over(save);
        match self.condition {
            Condition::Full => return Ok(Some(Ended::Failed(generation))),
            Condition::Unsyncable => {
                self.write_bodies(&named)?;
                self.visible = Some(memory);
                return Ok(Some(Ended::Failed(generation)));
            }
            Condition::Good => {}
        }
        self.write_bodies(&named)?;
        self.files.retain(|id, _| named.contains(id));
        (self.durable, self.visible) = (memory, None);
        Ok(Some(Ended::Saved(generation)))
    }

    fn take_over(&mut self, save: Save) -> (Memory, BTreeSet<BlobId>) {
        let named: BTreeSet<BlobId> = save.memory.bodies().collect();
        self.unwritten.extend(save.bodies);
        self.unwritten.retain(|id, _| named.contains(id));
        (save.memory, named)
    }

    fn write_bodies(&mut self, named: &BTreeSet<BlobId>) -> Result<(), String> {
        self.files.append(&mut self.unwritten);
        match named.iter().find(|id| !self.files.contains_key(id)) {
            Some(id) => Err(format!("the snapshot names body {id}, which was never written")),
            None => Ok(()),
        }
    }

    /// Everything stops. What was under way is on the disk or is not; so is what was renamed and
    /// not synced, but only if the power fails.
    pub fn stop(&mut self, torn: Torn, power: bool) -> Result<(), String> {
        let good = self.condition == Condition::Good && torn == Torn::NewSnapshot;
        let under_way = self.writing.take().filter(|_| good);
        if let Some(memory) = self.visible.take()
            && (torn == Torn::NewSnapshot || !power)
        {
            self.durable = memory;
        }
        if let Some(save) = under_way {
            let (memory, named) = self.take_over(save);
            self.write_bodies(&named)?;
            self.durable = memory;
        }
        (self.mailbox, self.unwritten) = (None, BTreeMap::new());
        let named: BTreeSet<BlobId> = self.durable.bodies().collect();
        self.files.retain(|id, _| named.contains(id));
        Ok(())
    }

    /// What the next start finds.
    pub fn restored(&self) -> Result<Restored, String> {
        // Through JSON, as in life.
        let text = serde_json::to_string(&self.durable).map_err(|error| error.to_string())?;
        let memory: Memory = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let mut prompts = HashMap::new();
        for id in memory.prompts() {
            let body = self.files.get(&id).ok_or(format!("the prompt {id} is gone"))?;
            let text = String::from_utf8(body.to_vec()).map_err(|error| error.to_string())?;
            prompts.insert(id, text);
        }
        let disk = (self.condition == Condition::Full).then(|| "full".to_owned());
        Ok(Restored { memory, prompts, disk, reports: Vec::new() })
    }

    /// A deliberate bug: spoils what is on the disk.
    pub fn spoil(&mut self, spoil: impl FnOnce(&mut Memory)) {
        spoil(&mut self.durable);
    }
}
