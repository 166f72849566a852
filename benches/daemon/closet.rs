//! One daemon, its stand-in Telegram, and clocks that can be compared.
//!
//! All times are nanoseconds of CLOCK_MONOTONIC, which is one clock for all processes: the
//! agent's stamps, the server's log and the bench's own moments can be subtracted.

use pigent::emulator::{Chat, Daemon, Exchange, Home, Options, Server, World, daemon};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The owner's private chat.
pub const CHAT: i64 = 42;
/// Whatever takes longer is broken.
const LONG: Duration = Duration::from_secs(60);

/// Nanoseconds of CLOCK_MONOTONIC.
pub fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// A folder, a server and the settings of a daemon.
pub struct Closet {
    pub server: Server,
    pub home: Home,
    pub settings: Vec<(String, OsString)>,
    program: PathBuf,
    daemon: Option<Daemon>,
    stamps: PathBuf,
    _folder: tempfile::TempDir,
}

impl Closet {
    pub fn new(program: &Path) -> Closet {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::prepare(folder.path(), program).unwrap();
        let stamps = folder.path().join("stamps");
        let bench = std::env::current_exe().unwrap();
        let quoted = |path: &Path| shell_words::quote(&path.to_string_lossy()).into_owned();
        let script =
            format!("#!/bin/sh\nexec {} agent {} \"$@\"\n", quoted(&bench), quoted(&stamps));
        std::fs::write(home.agent(), script).unwrap();
        let server = Server::start(Options::default()).unwrap();
        server.set_chat(Chat::new(CHAT));
        let mut settings = home.settings(&server, CHAT);
        // As it is used: with the default level.
        settings.retain(|(name, _)| name != "PIGENT_LOG");
        Closet {
            server,
            home,
            settings,
            program: program.into(),
            daemon: None,
            stamps,
            _folder: folder,
        }
    }

    /// Starts the daemon; the moment before.
    pub fn spawn(&mut self) -> i64 {
        let before = now();
        self.daemon = Some(Daemon::start(&self.program, &self.home, &self.settings).unwrap());
        before
    }

    /// Starts the daemon and waits until it listens.
    pub fn launch(&mut self) {
        self.spawn();
        self.wait("a long poll", |world| world.polled().then_some(()));
    }

    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().map_or(0, Daemon::pid)
    }

    /// Ends the daemon in order.
    pub fn leave(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.signal(rustix::process::Signal::TERM);
            if daemon.wait_exit(LONG).is_none() {
                panic!("the daemon does not leave\n{}", daemon.log());
            }
        }
    }

    /// Waits for something in the chat or the server's log.
    pub fn wait<T>(&self, what: &str, look: impl FnMut(&World) -> Option<T>) -> T {
        self.server.wait(LONG, look).unwrap_or_else(|| {
            let log = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
            panic!("there was no {what}\n{log}")
        })
    }

    /// Waits for a request, and gives the moment that `when` picks from it.
    pub fn moment(&self, what: &str, when: impl Fn(&Exchange) -> Option<Duration>) -> i64 {
        self.wait(what, |world| {
            let at = world.log().iter().filter_map(&when).min()?;
            Some(started(world) + at.as_nanos() as i64)
        })
    }

    /// The time in the server's log that is now.
    pub fn server_now(&self) -> Duration {
        self.server.look(World::now)
    }

    /// Waits for a stamp of the agent: its newest one of this name, after `since`.
    pub fn stamp(&self, name: &str, since: i64) -> i64 {
        let found = daemon::until(LONG, || {
            let text = std::fs::read_to_string(&self.stamps).unwrap_or_default();
            let stamps = text.lines().filter_map(|line| line.split_once(' '));
            let own = stamps.filter(|(what, _)| *what == name);
            own.filter_map(|(_, at)| at.parse().ok()).find(|at| *at >= since)
        });
        found.unwrap_or_else(|| panic!("the agent never noted {name}"))
    }

    /// Waits until no agent is left.
    pub fn agent_gone(&self) {
        let gone = || self.home.alive(Some(self.pid())).is_empty().then_some(());
        daemon::until(LONG, gone).expect("an agent is left");
    }
}

impl Drop for Closet {
    fn drop(&mut self) {
        drop(self.daemon.take());
        self.home.end_all();
    }
}

/// When the server's clock began.
fn started(world: &World) -> i64 {
    now() - world.now().as_nanos() as i64
}
