//! Whether the agent program is there, which version, and whether it can log in.

use super::{Finding, broken, fine, mind};
use crate::bridge::agent::StartError;
use crate::bridge::ids::RunId;
use crate::config::{Config, Sources};
use crate::engine::arm32::{self, Arm32};
use crate::engine::command::{self, Pair};
use crate::engine::program;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `claude --version` takes 10 to 60 ms on a PC (STREAM.md section 0); a Pi from a cold card
/// needs a while.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };
/// Ways to log in that can be seen from here.
const KEYS: [&str; 3] = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"];

pub(super) fn check(config: &Config, sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(arm32::detect().map(|system| thirty_two_bit(&system)));
    let env = command::environment(&config.engine, RunId(0), std::env::vars_os());
    let guest = crate::cli::is_guest(&config.project_dir);
    match program::find(&config.engine, &env).map_err(arm32::explain) {
        Ok(program) => {
            findings.push(match guest {
                true => fine(format!("agent: {} (not run as root)", program.display())),
                false => version(&program, &config.project_dir, env),
            });
            findings.push(login(sources));
        }
        // Root's PATH is not that of the user.
        Err(why) if guest => findings.push(mind(format!("agent: {}", remedy(&why)))),
        Err(why) => findings.push(broken(format!("agent: {}", remedy(&why)))),
    }
    findings
}

fn thirty_two_bit(system: &Arm32) -> Finding {
    let kernel =
        if system.kernel64 { " (the board can: its kernel is 64-bit already)" } else { "" };
    mind(format!(
        "agent: this is a 32-bit ARM system, and Claude Code has no build for it\n     \
         what works: a 64-bit system{kernel}; Claude Code on another machine, with CLAUDE_PATH set \
         to a script that runs it over ssh; another agent program in CLAUDE_PATH (docs/boards.md)"
    ))
}

fn remedy(why: &StartError) -> String {
    match why {
        StartError::ThirtyTwoBit { program, found: false, .. } => {
            format!("{program} was not found: set CLAUDE_PATH to what works here")
        }
        StartError::NotFound { program } => {
            format!("{program} was not found: install Claude Code, or set CLAUDE_PATH to it")
        }
        StartError::NotExecutable { program } => {
            format!("{program} may not be executed: chmod +x it")
        }
        StartError::WrongFormat { program } | StartError::ThirtyTwoBit { program, .. } => {
            format!("{program} is not a program for this system")
        }
        StartError::Folder { why } | StartError::Other { why } => why.clone(),
    }
}

/// Asks the program itself, with the environment a run would have.
fn version(program: &Path, project: &Path, env: Vec<Pair>) -> Finding {
    let shown = program.display();
    let child = Command::new(program)
        .arg("--version")
        .current_dir(project)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return broken(format!("agent: {shown}: {error}")),
    };
    // One write's worth: a version is a line, and a program that prints for ever is not heard out.
    let mut text = [0; 200];
    let read = child.stdout.take().and_then(|mut stdout| {
        let sources = &mut [PollFd::new(&stdout, PollFlags::IN)];
        let ready = poll(sources, Some(&PATIENCE)).is_ok_and(|ready| ready > 0);
        ready.then(|| stdout.read(&mut text).unwrap_or_default())
    });
    let _ = child.kill();
    let _ = child.wait();
    let text = String::from_utf8_lossy(text.get(..read.unwrap_or_default()).unwrap_or_default());
    match (read, text.trim()) {
        (None, _) => {
            mind(format!("agent: {shown} did not answer --version in {} s", PATIENCE.tv_sec))
        }
        (_, "") => mind(format!("agent: {shown} says no version: is it the right program?")),
        (_, text) => fine(format!("agent: {shown}, {text}")),
    }
}

fn login(sources: &Sources) -> Finding {
    let named = sources.get("PIGENT_AGENT_ENV").unwrap_or_default();
    let in_dotenv =
        |key: &str| named.split([',', ' ']).any(|name| name == key) && sources.get(key).is_some();
    let key = KEYS.into_iter().find(|key| sources.environment.contains_key(*key) || in_dotenv(key));
    if let Some(key) = key {
        return fine(format!("agent's login: {key} is set"));
    }
    if let Some(key) = KEYS.into_iter().find(|key| sources.get(key).is_some()) {
        return broken(format!("agent's login: {key} is in .env only: add PIGENT_AGENT_ENV={key}"));
    }
    let config = sources.environment.get("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    let home = sources.environment.get("HOME").map(|home| Path::new(home).join(".claude"));
    let found = config.or(home).filter(|dir| dir.join(".credentials.json").exists());
    match found {
        Some(_) => fine("agent's login: credentials are there"),
        None => mind(
            "agent's login: none seen: run claude once as this user and log in, or set \
             ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN",
        ),
    }
}
