//! `pigent demo`: the newcomer's first minute, with no token, no agent program and no board.
//!
//! The real `pigent run` is started as a child process, in a folder that is removed afterwards,
//! against the stand-ins: a Bot API server on loopback, an agent that replays a recorded run, and
//! the sim panel. The terminal is the user's phone and closet at once. Nothing here knows a rule
//! of pigent; what it says comes over HTTP, as on a real phone.

mod screen;
mod talk;
mod tour;

use crate::cli::output::{complain, say};
use crate::emulator::{Chat, Daemon, Home, Options, Server, SimPanel, World, daemon};
use rustix::process::Signal;
use screen::Screen;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::env;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The private chat of the demo's only user.
const CHAT: i64 = 4242;
/// Everything comes within this time, or is missing.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a wait looks whether it still makes sense.
const SLICE: Duration = Duration::from_millis(100);
/// How much slower than recorded the recorded run is played: the recording had no network.
const PACE: &str = "4";

const USAGE: &str = "usage: pigent demo [--script]

Without --script: type to send a message, b to tap the button, !LABEL to tap a button in the chat,
q to quit. With --script a fixed tour is played; it ends with 0 if everything came out as it must.";

/// Runs the demo. Exit codes: 0 all is well, 1 something is missing, 2 wrong usage.
#[must_use]
pub fn main(args: &[String]) -> ExitCode {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let script = match words.as_slice() {
        [] => false,
        ["--script"] => true,
        ["--help" | "-h"] => {
            say!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            complain!("demo: --script, or nothing\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(script: bool) -> Result<(), String> {
    let demo = Demo::start()?;
    let over = AtomicBool::new(false);
    let screen = Screen::new(!script);
    let result = thread::scope(|scope| {
        scope.spawn(|| screen.follow_chat(&demo.server, CHAT, &over));
        scope.spawn(|| screen.follow_lamps(&demo.panel, &over));
        let result = match script {
            true => tour::play(&demo, &screen),
            false => talk::play(&demo, &screen),
        };
        over.store(true, Ordering::SeqCst);
        result
    });
    result.map_err(|why| format!("{why}\n{}", demo.log_tail()))
}

/// Everything that runs while the demo runs. Dropping it ends all of it and removes the folder.
struct Demo {
    server: Server,
    panel: SimPanel,
    home: Home,
    daemon: Mutex<Daemon>,
    /// SIGINT, SIGTERM or SIGHUP has come.
    interrupted: Arc<AtomicBool>,
    _folder: Folder,
}

impl Demo {
    /// Starts it all and waits until pigent listens.
    fn start() -> Result<Demo, String> {
        let say = |what: &str, why: &dyn std::fmt::Display| format!("{what}: {why}");
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(|why| say("cannot listen to signals", &why))?;
        }
        let folder = Folder::create().map_err(|why| say("cannot create a folder", &why))?;
        let program = env::current_exe().map_err(|why| say("cannot find this program", &why))?;
        let home = Home::prepare(&folder.0, &program)
            .map_err(|why| say("cannot prepare a folder", &why))?;
        let server =
            Server::start(Options { username: "pigent_demo_bot".into(), ..Options::default() })
                .map_err(|why| say("cannot open a port on loopback", &why))?;
        server.set_chat(Chat::new(CHAT));
        let mut settings = home.settings(&server, CHAT);
        settings.retain(|(name, _)| name != "PIGENT_LOG");
        for (name, value) in [("STAND_IN_PACE", PACE), ("PIGENT_AGENT_ENV", "STAND_IN_PACE")] {
            settings.push((name.to_owned(), value.into()));
        }
        let mut daemon = Daemon::start(&program, &home, &settings)
            .map_err(|why| say("cannot start pigent run", &why))?;
        let listens = || server.look(World::polled).then_some(());
        let panel = match daemon::until(PATIENCE, listens).and_then(|()| home.panel(PATIENCE)) {
            Some(panel) => panel,
            None => {
                let ended = daemon.wait_exit(Duration::ZERO);
                let ended = ended.map_or(String::new(), |status| format!(" ({status})"));
                return Err(format!("pigent run does not listen{ended}\n{}", daemon.log()));
            }
        };
        let daemon = Mutex::new(daemon);
        Ok(Demo { server, panel, home, daemon, interrupted, _folder: folder })
    }

    /// Waits for something in the chat.
    fn wait<T>(&self, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> Result<T, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.server.wait(SLICE, &mut look) {
                return Ok(found);
            }
            self.still_runs()?;
            if Instant::now() > end {
                return Err(format!("missing: {what}"));
            }
        }
    }

    /// Why there is no point in waiting any more.
    fn still_runs(&self) -> Result<(), String> {
        if self.interrupted.load(Ordering::SeqCst) {
            return Err("interrupted".to_owned());
        }
        match self.daemon().wait_exit(Duration::ZERO) {
            Some(status) => Err(format!("pigent run has ended ({status})")),
            None => Ok(()),
        }
    }

    /// Ends pigent as a service manager would.
    fn leave(&self) -> Result<(), String> {
        self.daemon().signal(Signal::TERM);
        match self.daemon().wait_exit(PATIENCE) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("pigent run ended badly on SIGTERM ({status})")),
            None => Err("pigent run did not end on SIGTERM".to_owned()),
        }
    }

    fn daemon(&self) -> std::sync::MutexGuard<'_, Daemon> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_tail(&self) -> String {
        let log = self.daemon().log();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.daemon().kill();
        self.home.end_all();
    }
}

/// A folder that only this user can read, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> std::io::Result<Folder> {
        let mut random = [0_u8; 8];
        // The name is already this process's own: without random bytes a left-over would be met,
        // and that is an error.
        let _ = getrandom::fill(&mut random);
        let name = format!("pigent-demo-{}-{:x}", std::process::id(), u64::from_le_bytes(random));
        let path = env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
