//! The start: from whatever the folder holds to a memory that can be trusted.
//!
//! Not the saving (`writer.rs`), but the writer uses [`make_ready`] too, after a failure.

use super::disk::Disk;
use super::{BLOBS, PROMPT_LIMIT, SNAPSHOT, SNAPSHOT_LIMIT, TEMPORARY, body_name, check};
use crate::bridge::ids::BlobId;
use crate::bridge::memory::{Memory, VERSION};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};

/// Ids that an unsaved memory may have used after the newest one that can still be found.
const ID_MARGIN: u64 = 1000;

/// No pigent lives to hand out so many ids; below it, counting up cannot overflow.
const ID_LIMIT: u64 = 1 << 53;

/// More snapshots than this set aside, and something is wrong that another one will not mend.
const MOST_SET_ASIDE: u32 = 1000;

/// What saving stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Footing {
    /// The folder was read and can be written.
    Firm,
    /// It was read and cannot be written.
    Unwritable(String),
    /// It may hold a snapshot that nobody has read: nothing may be written over it. Also a folder
    /// without one that cannot be written: what is to be mounted there may hold one.
    Unread(String),
}

/// What a start has to go by.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) memory: Memory,
    pub(super) prompts: HashMap<BlobId, String>,
    pub(super) reports: Vec<String>,
    pub(super) footing: Footing,
    /// Bodies in `blobs/`.
    pub(super) bodies: BTreeSet<BlobId>,
    /// Bodies that the snapshot on the disk names.
    pub(super) named: BTreeSet<BlobId>,
}

/// Reads everything. See [`super::open`].
pub(super) fn load(disk: &mut impl Disk) -> Found {
    let mut reports = Vec::new();
    match read(disk, &mut reports) {
        Ok((mut memory, mut bodies, known)) => {
            let named: BTreeSet<BlobId> = memory.bodies().collect();
            check::bound(&mut memory, &mut reports);
            let prompts = read_prompts(disk, &memory, &mut bodies);
            check::drop_missing(&mut memory, &bodies, &mut reports);
            check::raise_next_id(&mut memory, &bodies);
            let footing = match make_ready(disk) {
                Ok(()) => Footing::Firm,
                Err(why) if known => Footing::Unwritable(why),
                Err(why) => Footing::Unread(why),
            };
            // Only now is the snapshot that was read the one that a power cut would leave.
            if footing == Footing::Firm {
                sweep(disk, &mut bodies, &memory.bodies().collect());
            }
            Found { memory, prompts, reports, footing, bodies, named }
        }
        Err(why) => Found {
            memory: Memory::default(),
            prompts: HashMap::new(),
            reports,
            footing: Footing::Unread(why),
            bodies: BTreeSet::new(),
            named: BTreeSet::new(),
        },
    }
}

/// Makes sure that the folder is there and takes a write; `Err` is what the system said.
pub(super) fn make_ready(disk: &mut impl Disk) -> Result<(), String> {
    disk.make_root().map_err(|error| format!("state folder: {error}"))?;
    disk.make_folder(BLOBS).map_err(|error| format!("{BLOBS}: {error}"))?;
    disk.sync_folder("").map_err(|error| format!("state folder: {error}"))?;
    // Also tells a full or write-protected disk at once, not at the first prompt.
    let tried = disk.write(TEMPORARY, b"{}\n");
    let removed = disk.remove(TEMPORARY);
    tried.and(removed).map_err(|error| format!("{TEMPORARY}: {error}"))
}

/// What a folder that could not be read at start looks like now.
pub(super) enum Second {
    /// There is nothing in it to be taken up.
    Empty,
    /// There is a snapshot, and only a new start can take it up.
    Snapshot,
}

/// Looks again, and changes nothing. `Err` if it still cannot be read or written.
pub(super) fn look_again(disk: &mut impl Disk) -> Result<Second, String> {
    disk.make_root().map_err(|error| format!("state folder: {error}"))?;
    let second = match disk.read(SNAPSHOT, SNAPSHOT_LIMIT) {
        Err(error) if error.kind() == ErrorKind::NotFound => Second::Empty,
        Err(error) if !is_broken(&error) => return Err(format!("{SNAPSHOT}: {error}")),
        _ => Second::Snapshot,
    };
    list_bodies(disk)?;
    make_ready(disk)?;
    Ok(second)
}

/// The bodies in `blobs/`. A missing folder is an empty one.
pub(super) fn list_bodies(disk: &mut impl Disk) -> Result<BTreeSet<BlobId>, String> {
    match disk.list(BLOBS) {
        Ok(names) => Ok(names.iter().filter_map(|name| body_id(name)).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(format!("{BLOBS}: {error}")),
    }
}

/// Removes bodies that are not in `keep`. What cannot be removed stays in the list, for the next
/// time.
pub(super) fn sweep(disk: &mut impl Disk, bodies: &mut BTreeSet<BlobId>, keep: &BTreeSet<BlobId>) {
    bodies.retain(|id| {
        keep.contains(id)
            || match disk.remove(&body_name(*id)) {
                Ok(()) => false,
                Err(error) => error.kind() != ErrorKind::NotFound,
            }
    });
}

/// The memory, the bodies, and whether there was a snapshot. `Err` means that it is unknown what the
/// folder holds, and nothing in it may be changed.
fn read(
    disk: &mut impl Disk,
    reports: &mut Vec<String>,
) -> Result<(Memory, BTreeSet<BlobId>, bool), String> {
    disk.make_root().map_err(|error| format!("state folder: {error}"))?;
    let bodies = list_bodies(disk)?;
    let (broken, bytes) = match disk.read(SNAPSHOT, SNAPSHOT_LIMIT) {
        Ok(bytes) => match parse(&bytes) {
            Ok(memory) => return Ok((memory, bodies, true)),
            Err(broken) => (broken, bytes),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok((Memory::default(), bodies, false));
        }
        Err(error) if is_broken(&error) => (Broken::new(&error), Vec::new()),
        Err(error) => return Err(format!("{SNAPSHOT}: {error}")),
    };
    let (name, folder) = set_aside(disk, &broken.label)
        .map_err(|error| format!("{SNAPSHOT} ({}) cannot be set aside: {error}", broken.why))?;
    reports.push(format!(
        "The saved state could not be read ({}). It was set aside as {name}, its texts as \
         {folder}: prompts that waited were not run, answers that waited were not sent.",
        broken.why
    ));
    let mut memory = Memory::default();
    let newest = bodies.last().map_or(0, |id| id.0).max(salvage_next_id(&bytes).unwrap_or(0));
    memory.next_id = newest.saturating_add(ID_MARGIN);
    Ok((memory, BTreeSet::new(), true))
}

/// A snapshot that is there and makes no sense.
struct Broken {
    /// `broken` or `v2`.
    label: String,
    why: String,
}

impl Broken {
    fn new(why: &impl ToString) -> Self {
        Broken { label: "broken".into(), why: why.to_string() }
    }
}

/// These describe what is in the file's place, not whether it can be read.
fn is_broken(error: &io::Error) -> bool {
    // The last one is a pipe's that somebody writes to.
    let kinds = [ErrorKind::FileTooLarge, ErrorKind::IsADirectory, ErrorKind::WouldBlock];
    kinds.contains(&error.kind())
}

fn parse(bytes: &[u8]) -> Result<Memory, Broken> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| Broken::new(&error))?;
    if head.version != VERSION {
        let age = if head.version > VERSION { "a newer" } else { "an older" };
        return Err(Broken {
            label: format!("v{}", head.version),
            why: format!("it is version {}, of {age} pigent", head.version),
        });
    }
    let mut memory: Memory = serde_json::from_slice(bytes).map_err(|error| Broken::new(&error))?;
    check::raise_next_id(&mut memory, &BTreeSet::new());
    if memory.next_id >= ID_LIMIT {
        return Err(Broken::new(&"its ids are out of range"));
    }
    Ok(memory)
}

/// Gives snapshot and bodies a new name, the bodies first: after a crash in between the snapshot
/// is found again, and is still broken. The bodies would be swept if they were found alone.
fn set_aside(disk: &mut impl Disk, label: &str) -> io::Result<(String, String)> {
    let taken = disk.list("")?;
    for number in 1..MOST_SET_ASIDE {
        let name = format!("{SNAPSHOT}.{label}-{number}");
        let folder = format!("{BLOBS}.{label}-{number}");
        if taken.contains(&name) {
            continue;
        }
        if taken.iter().any(|name| name == BLOBS) {
            if taken.contains(&folder) {
                continue;
            }
            disk.rename(BLOBS, &folder)?;
        }
        disk.sync_folder("")?;
        disk.rename(SNAPSHOT, &name)?;
        disk.sync_folder("")?;
        return Ok((name, folder));
    }
    Err(io::Error::other("too many were set aside before"))
}

/// The counter of a torn snapshot stands at its beginning: with it, ids of runs that still live
/// are not given out again.
fn salvage_next_id(bytes: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("\"next_id\":")?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok().filter(|id| *id < ID_LIMIT)
}

/// Reads the prompts; one that cannot be read leaves `bodies` and gets another name.
fn read_prompts(
    disk: &mut impl Disk,
    memory: &Memory,
    bodies: &mut BTreeSet<BlobId>,
) -> HashMap<BlobId, String> {
    let mut prompts = HashMap::new();
    for id in memory.prompts().filter(|id| bodies.contains(id)).collect::<BTreeSet<_>>() {
        let bytes = disk.read(&body_name(id), PROMPT_LIMIT);
        let text = bytes.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
        });
        match text {
            Ok(text) => {
                prompts.insert(id, text);
            }
            Err(error) => {
                log::error!("{}: {error}; kept as lost-{id}", body_name(id));
                bodies.remove(&id);
                let _ = disk.rename(&body_name(id), &format!("lost-{id}"));
            }
        }
    }
    prompts
}

/// `blobs/12`, never `blobs/012`: each id has one name.
fn body_id(name: &str) -> Option<BlobId> {
    let id = name.parse().ok().filter(|id| *id < ID_LIMIT)?;
    (BlobId(id).to_string() == name).then_some(BlobId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_of_a_torn_snapshot_is_found() {
        assert_eq!(salvage_next_id(br#"{"version":1,"next_id":4711,"off"#), Some(4711));
        assert_eq!(salvage_next_id(br#"{"version":1,"next_id":47"#), Some(47));
        assert_eq!(salvage_next_id(br#"{"version":1,"next_id":"#), None);
        assert_eq!(salvage_next_id(b"\"next_id\":99999999999999999999"), None);
        assert_eq!(salvage_next_id(b"\xff\xfe"), None);
    }

    #[test]
    fn only_our_own_names_are_bodies() {
        let ids = ["12", "012", "+12", "-1", "x", "", "12.part"].map(body_id);
        assert_eq!(ids.iter().flatten().collect::<Vec<_>>(), [&BlobId(12)]);
    }
}
