//! A disk in memory that forgets, at a power cut, what was not synced.
//!
//! Files keep their synced content; of unsynced content any beginning may be left. Each folder
//! keeps the names of its last sync or of any moment since: file systems write names in order.

use super::disk::Disk;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

/// A clone is the same disk.
#[derive(Clone, Debug)]
pub(super) struct FakeDisk(Arc<Mutex<Inner>>);

type Names = BTreeMap<String, usize>;

#[derive(Clone, Debug)]
enum Node {
    File {
        now: Vec<u8>,
        synced: Vec<u8>,
    },
    /// The states of its names since the last sync; the last one is now.
    Folder(Vec<Names>),
}

#[derive(Debug)]
struct Inner {
    nodes: Vec<Node>,
    steps: usize,
    /// From this step on, everything fails.
    power_cut: usize,
    /// This step fails, and only this.
    fault: usize,
}

impl FakeDisk {
    pub(super) fn new() -> Self {
        let nodes = vec![Node::Folder(vec![Names::new()])];
        let (power_cut, fault) = (usize::MAX, usize::MAX);
        FakeDisk(Arc::new(Mutex::new(Inner { nodes, steps: 0, power_cut, fault })))
    }

    pub(super) fn steps(&self) -> usize {
        self.inner().steps
    }

    pub(super) fn cut_power_at(&self, step: usize) {
        self.inner().power_cut = step;
    }

    pub(super) fn fail_at(&self, step: usize) {
        self.inner().fault = step;
    }

    /// The disk after the power came back; `pick` chooses among `n` outcomes.
    pub(super) fn after_power_cut(&self, mut pick: impl FnMut(usize) -> usize) -> FakeDisk {
        let mut nodes = self.inner().nodes.clone();
        for node in &mut nodes {
            match node {
                Node::File { now, synced } if now != synced => {
                    let left = pick(now.len() + 2);
                    if left <= now.len() {
                        now.truncate(left);
                        *synced = now.clone();
                    } else {
                        *now = synced.clone();
                    }
                }
                Node::File { .. } => {}
                Node::Folder(states) => *states = vec![states[pick(states.len())].clone()],
            }
        }
        let disk = FakeDisk::new();
        disk.inner().nodes = nodes;
        disk
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Inner {
    fn step(&mut self) -> io::Result<()> {
        self.steps += 1;
        if self.steps > self.power_cut || self.steps == self.fault {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// The folder's node and the name in it.
    fn locate<'a>(&self, name: &'a str) -> io::Result<(usize, &'a str)> {
        match name.split_once('/') {
            None => Ok((0, name)),
            Some((folder, name)) => Ok((self.folder(folder)?, name)),
        }
    }

    fn folder(&self, name: &str) -> io::Result<usize> {
        if name.is_empty() {
            return Ok(0);
        }
        self.names(0).get(name).copied().ok_or(ErrorKind::NotFound.into())
    }

    fn names(&self, folder: usize) -> &Names {
        match &self.nodes[folder] {
            Node::Folder(states) => states.last().unwrap(),
            Node::File { .. } => panic!("not a folder"),
        }
    }

    fn change(&mut self, folder: usize, change: impl FnOnce(&mut Names)) {
        let Node::Folder(states) = &mut self.nodes[folder] else { panic!("not a folder") };
        let mut names = states.last().unwrap().clone();
        change(&mut names);
        states.push(names);
    }

    fn add(&mut self, folder: usize, name: &str, node: Node) -> usize {
        self.nodes.push(node);
        let index = self.nodes.len() - 1;
        self.change(folder, |names| {
            names.insert(name.to_owned(), index);
        });
        index
    }
}

impl Disk for FakeDisk {
    fn make_root(&mut self) -> io::Result<()> {
        self.inner().step()
    }

    fn make_folder(&mut self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        if inner.folder(name).is_err() {
            inner.add(0, name, Node::Folder(vec![Names::new()]));
        }
        Ok(())
    }

    fn read(&mut self, name: &str, _limit: u64) -> io::Result<Vec<u8>> {
        let inner = self.inner();
        let (folder, name) = inner.locate(name)?;
        let index = inner.names(folder).get(name).ok_or(ErrorKind::NotFound)?;
        match &inner.nodes[*index] {
            Node::File { now, .. } => Ok(now.clone()),
            Node::Folder(_) => Err(ErrorKind::IsADirectory.into()),
        }
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let inner = self.inner();
        let folder = inner.folder(folder)?;
        Ok(inner.names(folder).keys().cloned().collect())
    }

    /// Four moments: opened, half written, written, synced.
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let (folder, name) = inner.locate(name)?;
        let known = inner.names(folder).get(name).copied();
        let empty = Node::File { now: Vec::new(), synced: Vec::new() };
        let index = known.unwrap_or_else(|| inner.add(folder, name, empty));
        for end in [0, bytes.len() / 2, bytes.len()] {
            let Node::File { now, .. } = &mut inner.nodes[index] else { panic!("not a file") };
            *now = bytes[..end].to_vec();
            inner.step()?;
        }
        let Node::File { now, synced } = &mut inner.nodes[index] else { panic!("not a file") };
        *synced = now.clone();
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let ((folder, from), (target, to)) = (inner.locate(from)?, inner.locate(to)?);
        let index = *inner.names(folder).get(from).ok_or(ErrorKind::NotFound)?;
        assert_eq!(folder, target, "names move inside a folder, where a rename is atomic");
        inner.change(folder, |names| {
            names.remove(from);
            names.insert(to.to_owned(), index);
        });
        Ok(())
    }

    fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let index = inner.folder(folder)?;
        let names = inner.names(index).clone();
        inner.nodes[index] = Node::Folder(vec![names]);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step()?;
        let (folder, name) = inner.locate(name)?;
        if !inner.names(folder).contains_key(name) {
            return Err(ErrorKind::NotFound.into());
        }
        inner.change(folder, |names| {
            names.remove(name);
        });
        Ok(())
    }
}
