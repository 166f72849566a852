//! What must survive a power cut, written atomically, on a thread of its own.
//!
//! Not what it means: that is `bridge/`, whose [`Memory`] comes here in a [`Save`] and whose loop
//! gets [`Input::Saved`] or [`Input::SaveFailed`] back. The state folder holds
//!
//! - `state.json`: the newest [`Memory`], replaced as a whole (temporary file, fsync, rename,
//!   fsync of the folder), so that there is always one that can be read;
//! - `blobs/<id>`: one file a prompt or post, synced before the snapshot that names it and
//!   removed after the one that drops it; what no snapshot names is swept at start;
//! - `lock`: see [`lock`];
//! - `state.json.broken-1` and `blobs.broken-1/` (or `.v2-1` for a version this pigent does not
//!   know): a snapshot that was set aside with its bodies, never touched again;
//! - `lost-<id>`: the body of a prompt that could not be read as one.
//!
//! The folder is 0700 and every file in it 0600. A save costs an fsync each for every new body,
//! the `blobs` folder (if there is a new body), the snapshot and the state folder.
//!
//! What cannot be read is not what is broken: while the system refuses to read the snapshot
//! (closed, bad sector, folder not mounted), nothing is written over it. Saves fail until the
//! folder can be used; if it then turns out to hold a snapshot, pigent must start again to take
//! it up, and [`Store::spawn`] is told how.

mod check;
mod disk;
mod load;
pub mod lock;
mod writer;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod fake;

pub use check::QUEUE_LIMIT;

use crate::bridge::effect::Save;
use crate::bridge::ids::BlobId;
use crate::bridge::input::Input;
use crate::bridge::memory::Memory;
use disk::{Disk, Folder};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc::Sender;

/// The snapshot.
const SNAPSHOT: &str = "state.json";

/// The snapshot on its way; swept at start.
const TEMPORARY: &str = "state.json.new";

/// The folder of the bodies.
const BLOBS: &str = "blobs";

/// A longer snapshot is not one of ours: with every bound full it takes 64 KiB, and 200 waiting
/// files with the longest captions, all of it escaped, add less than 2 MiB.
const SNAPSHOT_LIMIT: u64 = 8 << 20;

/// A longer body is not one of ours: answers end at 1 MiB, files of `pigent send` at 8 MiB.
const BODY_LIMIT: u64 = 16 << 20;

/// A longer prompt is not one of ours: Telegram ends at 4096 characters.
const PROMPT_LIMIT: u64 = 1 << 20;

/// What was found at start.
#[derive(Debug)]
pub struct Opened {
    /// What was remembered; every body it names is there. Empty if nothing could be read.
    pub memory: Memory,
    /// The prompts it names.
    pub prompts: HashMap<BlobId, String>,
    /// What the user should hear of once, a sentence or two each (see [`Input::Report`]).
    pub reports: Vec<String>,
    /// Whether saving can work as things stand; if not, what the system said. Saves are worth
    /// trying in any case: they recover when the disk does.
    pub usable: Result<(), String>,
    /// To be spawned.
    pub store: Store,
}

/// Reads the state folder, makes it if it is missing, repairs what can be repaired and sweeps
/// what nothing names. Never fails: see [`Opened::usable`].
#[must_use]
pub fn open(folder: &Path) -> Opened {
    let mut disk = Folder::new(folder);
    let found = load::load(&mut disk);
    let usable = match &found.footing {
        load::Footing::Firm => Ok(()),
        load::Footing::Unwritable(why) | load::Footing::Unread(why) => Err(why.clone()),
    };
    Opened {
        memory: found.memory,
        prompts: found.prompts,
        reports: found.reports,
        usable,
        store: Store {
            folder: folder.to_owned(),
            disk,
            footing: found.footing,
            bodies: found.bodies,
            named: found.named,
        },
    }
}

/// A state folder that has been read, before its thread runs.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    disk: Folder,
    footing: load::Footing,
    bodies: BTreeSet<BlobId>,
    named: BTreeSet<BlobId>,
}

impl Store {
    /// Starts the thread. It ends when the handle is dropped or nobody receives any more.
    ///
    /// `restart` is called, from the thread, when a folder that could not be read at start can be
    /// read after all and holds a snapshot: only a new start can take that up. Until then saves
    /// go on failing, so nothing is lost; it is called again at the next save.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn spawn(
        self,
        inputs: Sender<Input>,
        restart: impl FnMut() + Send + 'static,
    ) -> io::Result<Handle> {
        let writer = writer::Writer::new(self.disk, self.footing, self.bodies, self.named);
        let mailbox = writer::Mailbox::default();
        let theirs = mailbox.clone();
        let run = move || writer::run(writer, &theirs, &inputs, restart);
        std::thread::Builder::new().name("store".into()).spawn(run)?;
        Ok(Handle { mailbox, folder: self.folder })
    }
}

/// The loop's end of the store.
#[derive(Debug)]
pub struct Handle {
    mailbox: writer::Mailbox,
    folder: PathBuf,
}

impl Handle {
    /// Hands over a generation, without waiting. An older one that is not being written yet is
    /// skipped; its bodies are not, as long as this one names them.
    pub fn save(&self, save: Save) {
        self.mailbox.put(save);
    }

    /// Reads bodies, for the outbox. Blocks on the disk. More than 16 MiB is an error.
    pub fn reader(&self) -> impl Fn(BlobId) -> io::Result<Vec<u8>> + Send + Clone + use<> {
        let folder = Folder::new(&self.folder);
        move |id| folder.clone().read(&body_name(id), BODY_LIMIT)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

fn body_name(id: BlobId) -> String {
    format!("{BLOBS}/{id}")
}

#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;
