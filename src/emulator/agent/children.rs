//! Children that a tool call leaves behind, in the ways that make them hard to end.
//!
//! Each is this program again, with the role as its argument: `child:stubborn` has a session of
//! its own and ignores what can be ignored, `child:orphan` starts a stubborn one and is gone,
//! `child:plain` and `child:quiet` just go on. All end by themselves after ten minutes.

use rustix::process::{Signal, getpid, kill_process, setsid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

/// Nobody has to clean up after a test that was killed.
const LIFE: Duration = Duration::from_secs(600);

/// What a child does.
pub(super) fn main(role: &str) -> ExitCode {
    let _ = setsid();
    match role {
        "stubborn" => {
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                let _ = flag::register(signal, Arc::new(AtomicBool::new(false)));
            }
            live()
        }
        "plain" => live(),
        // Its stdout is the agent's own, where only JSON belongs.
        "quiet" => {
            thread::sleep(LIFE);
            ExitCode::SUCCESS
        }
        // The pipe for the pid is handed on to the grandchild.
        "orphan" => match command("stubborn", false).and_then(|mut command| command.spawn()) {
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        _ => ExitCode::FAILURE,
    }
}

/// How a child is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outputs {
    /// Nothing of the agent's is kept open.
    Null,
    /// It holds the agent's stderr open.
    Stderr,
    /// It holds the agent's stdout open.
    Stdout,
}

/// Starts a child; gives the pid of the process that stays (0 if it is not told).
pub(super) fn start(role: &str, bare: bool, outputs: Outputs) -> io::Result<u32> {
    let mut command = command(role, bare)?;
    command.stdin(Stdio::null());
    match outputs {
        Outputs::Null => command.stdout(Stdio::piped()).stderr(Stdio::null()),
        Outputs::Stderr => command.stdout(Stdio::piped()).stderr(Stdio::inherit()),
        Outputs::Stdout => command.stdout(Stdio::inherit()).stderr(Stdio::inherit()),
    };
    let mut child = command.spawn()?;
    let Some(pipe) = child.stdout.take() else { return Ok(child.id()) };
    let mut line = String::new();
    BufReader::new(pipe).read_line(&mut line)?;
    if role == "orphan" {
        child.wait()?;
    }
    Ok(line.trim().parse().unwrap_or(0))
}

/// SIGKILL to this very process.
pub(super) fn die() {
    let _ = kill_process(getpid(), Signal::KILL);
}

fn command(role: &str, bare: bool) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["stand-in-agent", &format!("child:{role}")]);
    if bare {
        command.env_clear();
    }
    Ok(command)
}

/// Tells its pid and stays.
fn live() -> ExitCode {
    let _ = writeln!(io::stdout(), "{}", std::process::id());
    thread::sleep(LIFE);
    ExitCode::SUCCESS
}
