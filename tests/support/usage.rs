//! What a process holds, as the kernel sees it from outside.
#![allow(dead_code)]

use pigent::emulator::daemon;
use std::fmt;
use std::fs;
use std::time::Duration;

/// Connections that may be open: for polling and for sending one in use and one that is kept.
const CONNECTIONS: u64 = 4;

/// A process at one moment. Memory in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub resident: u64,
    /// The part of it that is the process's own, not pages of its program file.
    pub own: u64,
    /// The most that was ever resident.
    pub peak: u64,
    /// But for connections.
    pub descriptors: usize,
    /// To Telegram.
    pub connections: usize,
    pub threads: usize,
    /// Zombies included.
    pub children: usize,
    /// Hundredths of a second of CPU time.
    pub ticks: u64,
    /// Bytes that went to a disk; what goes to a file system in memory does not count.
    pub written: u64,
}

impl Usage {
    /// Looks at a process.
    pub fn of(pid: u32) -> Usage {
        let status = read(pid, "status");
        let fields: Vec<u64> = stat(&read(pid, "stat"));
        let (io, connections) = (read(pid, "io"), connections(pid));
        Usage {
            resident: number(&status, "VmRSS:"),
            own: number(&status, "RssAnon:"),
            peak: number(&status, "VmHWM:"),
            descriptors: count(pid, "fd") - connections,
            connections,
            threads: count(pid, "task"),
            children: children(pid),
            ticks: fields[9] + fields[10],
            written: number(&io, "write_bytes:"),
        }
    }

    /// The same once it has come to rest: the last agent's pipes are closed by then.
    pub fn at_rest(pid: u32, limit: Duration) -> Usage {
        let idle = || Some(Usage::of(pid)).filter(|usage| usage.children == 0);
        daemon::until(limit, idle).unwrap_or_else(|| Usage::of(pid))
    }

    /// What of `before` has grown and should not have; `percent` is for memory.
    pub fn leaks(&self, before: &Usage, percent: u64) -> Vec<String> {
        let memory = before.resident + before.resident * percent / 100;
        [
            ("KiB resident", self.resident, memory),
            ("descriptors", self.descriptors as u64, before.descriptors as u64),
            ("connections", self.connections as u64, CONNECTIONS),
            ("threads", self.threads as u64, before.threads as u64),
            ("children", self.children as u64, before.children as u64),
        ]
        .into_iter()
        .filter(|(_, now, most)| now > most)
        .map(|(what, now, most)| format!("{now} {what}, at most {most} expected"))
        .collect()
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { resident, own, peak, descriptors, connections, threads, children, .. } = self;
        write!(
            f,
            "{resident:6} KiB resident ({own} its own, peak {peak}), {descriptors} descriptors, \
             {connections} connections, {threads} threads, {children} children"
        )
    }
}

fn read(pid: u32, name: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default()
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// The numbers of `/proc/PID/stat` behind the name, from the parent's id on.
fn stat(text: &str) -> Vec<u64> {
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(1);
    let mut numbers: Vec<u64> = fields.map(|field| field.parse().unwrap_or(0)).collect();
    numbers.resize(20, 0);
    numbers
}

fn count(pid: u32, name: &str) -> usize {
    fs::read_dir(format!("/proc/{pid}/{name}")).map_or(0, Iterator::count)
}

/// TCP sockets among the descriptors.
fn connections(pid: u32) -> usize {
    let tables = [read(pid, "net/tcp"), read(pid, "net/tcp6")].concat();
    let inodes: Vec<&str> =
        tables.lines().filter_map(|line| line.split_whitespace().nth(9)).collect();
    let all = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let names = all.filter_map(|entry| fs::read_link(entry.path()).ok());
    names
        .filter(|name| {
            let name = name.to_string_lossy();
            let inode = name.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            inode.is_some_and(|inode| inodes.contains(&inode))
        })
        .count()
}

fn children(parent: u32) -> usize {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat(&read(*pid, "stat"))[0] == u64::from(parent)).count()
}
