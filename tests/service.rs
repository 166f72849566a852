//! What a service manager sees: ready, a line of status, and a sign of life while there is
//! progress.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::os::unix::net::UnixDatagram;
use support::{Harness, LONG};

/// A notify socket, and everything that came in so far.
struct Manager {
    _dir: tempfile::TempDir,
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn new() -> (Manager, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        (Manager { _dir: dir, socket, heard: Vec::new() }, path.to_str().unwrap().to_owned())
    }

    /// Waits for a message that holds this.
    fn expect(&mut self, part: &str) {
        let mut buffer = [0; 4096];
        loop {
            let Ok(length) = self.socket.recv(&mut buffer) else {
                panic!("no {part:?} in {:?}", self.heard)
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let found = text.contains(part);
            self.heard.push(text);
            if found {
                return;
            }
        }
    }
}

#[test]
fn the_service_manager_is_told() {
    let (mut manager, path) = Manager::new();
    let harness = Harness::with(&[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "400000")]);
    manager.expect("READY=1");
    manager.expect("WATCHDOG=1");
    let prompt = harness.say("work 1");
    manager.expect("STATUS=working");
    manager.expect("STATUS=idle");
    manager.expect("WATCHDOG=1");
    assert!(harness.answer(prompt).text().contains("Worked"));
    let mut harness = harness;
    assert!(harness.terminate().success());
    manager.expect("STOPPING=1");
}

#[test]
fn a_dead_network_is_no_standstill() {
    let (mut manager, path) = Manager::new();
    let harness = Harness::with(&[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "400000")]);
    harness.server.offline(true);
    manager.expect("READY=1");
    for _ in 0..10 {
        manager.expect("WATCHDOG=1");
    }
}

#[test]
fn wrong_settings_are_told_before_they_end_it() {
    let (mut manager, path) = Manager::new();
    let mut harness = Harness::prepare(&[("NOTIFY_SOCKET", &path), ("PIGENT_QUEUE_MAX", "many")]);
    harness.spawn();
    manager.expect("STATUS=wrong settings: PIGENT_QUEUE_MAX=many");
    harness.logged("PIGENT_QUEUE_MAX=many");
    // It holds on, so that it is not started again and again, and heeds a signal meanwhile.
    assert!(harness.try_exit().is_none());
    assert!(!harness.terminate().success());
}

#[test]
fn the_agent_does_not_inherit_the_socket() {
    let (mut manager, path) = Manager::new();
    let harness = Harness::with(&[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "400000")]);
    manager.expect("READY=1");
    let names = harness.ask("env");
    assert!(names.contains("PATH") && !names.contains("NOTIFY_SOCKET"), "{names}");
    assert!(!names.contains("WATCHDOG"), "{names}");
}
