//! `pigent doctor`: everything that can be checked from here, one line each with its remedy.
//!
//! It changes nothing, and pins are only looked at. Exit code 1 if something has to be done
//! before pigent can work. `pigent doctor --board` shows the board instead: which pin is which,
//! and who uses it.

mod agent;
mod board;
mod picture;

use super::output::say;
use super::{Failure, service};
use crate::config::{Config, Sources};
use crate::telegram::client::Client;
use crate::telegram::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// It works, and could bite.
    Mind,
    /// It does not work.
    Broken,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Fine => "ok   ",
            Verdict::Mind => "mind ",
            Verdict::Broken => "FIX  ",
        })
    }
}

/// One line.
#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    what: String,
}

fn fine(what: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Fine, what: what.into() }
}

fn mind(what: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Mind, what: what.into() }
}

fn broken(what: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Broken, what: what.into() }
}

pub(super) fn main(args: Vec<OsString>) -> Result<ExitCode, Failure> {
    let mut sources = Sources::read();
    let keeper = service::lend(&mut sources);
    if args == ["--board"] {
        return board::show(&sources).map(|()| ExitCode::SUCCESS);
    }
    super::no_words(args)?;
    let lent = keeper.as_deref().and_then(|unit| lend_token(&mut sources, unit));
    let mut findings = Vec::new();
    match Config::load(&sources) {
        Ok(config) => {
            findings.push(fine("configuration"));
            findings.push(clock());
            findings.push(lent.unwrap_or_else(|| token(&config)));
            findings.push(access(&config, keeper));
            findings.extend(agent::check(&config, &sources));
            findings.extend(folders(&config));
            findings.extend(board::check(&config));
        }
        Err(problems) => {
            findings
                .extend(problems.iter().map(|problem| broken(format!("configuration: {problem}"))));
            findings.push(clock());
        }
    }
    findings.extend(dotenv(&sources));
    findings.push(root(&sources));
    for Finding { verdict, what } in &findings {
        say!("{verdict}{what}");
    }
    let healthy = findings.iter().all(|finding| finding.verdict != Verdict::Broken);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn clock() -> Finding {
    if crate::runtime::clock_is_set() {
        fine("clock")
    } else {
        mind(
            "clock: before the day this program was built; TLS fails until it is set (timedatectl)",
        )
    }
}

/// Who may not read the token that the service keeps gets everything else checked, and this.
fn lend_token(sources: &mut Sources, unit: &str) -> Option<Finding> {
    if sources.token().is_some() {
        return None;
    }
    sources.credential = Some("0:kept-by-the-service".into());
    Some(fine(format!("token: {unit} has it (sudo pigent doctor asks Telegram about it)")))
}

fn token(config: &Config) -> Finding {
    match Client::new(&config.telegram).get_me() {
        Ok(name) => fine(format!("token: @{name}")),
        Err(error @ Error::BadToken) => broken(format!("token: {error}")),
        Err(error) => broken(format!("token: could not be checked: {error}")),
    }
}

/// `keeper` is the service that may have settings which cannot be read from here.
fn access(config: &Config, keeper: Option<String>) -> Finding {
    let access = &config.rules.access;
    if access.chats.is_empty() && access.users.is_empty() {
        match keeper {
            Some(unit) => mind(format!(
                "access: not in .env: {unit} may have more settings (sudo pigent doctor)"
            )),
            None => broken(
                "access: nobody may talk to the bot: run it, write to it, and put the id it answers into TELEGRAM_ALLOWED_CHAT_IDS",
            ),
        }
    } else {
        fine(format!(
            "access: listed chats: {}, listed users: {}",
            access.chats.len(),
            access.users.len()
        ))
    }
}

fn folders(config: &Config) -> Vec<Finding> {
    let project = match fs::read_dir(&config.project_dir) {
        Ok(_) => fine(format!("project folder: {}", config.project_dir.display())),
        Err(error) => broken(format!("project folder: {}: {error}", config.project_dir.display())),
    };
    vec![project, state_folder(&config.state_dir)]
}

/// Whether the state folder takes a file. The file is gone again at once.
fn state_folder(dir: &Path) -> Finding {
    let shown = dir.display();
    if !dir.exists() {
        let parent = dir.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(dir);
        let probe = parent.join(format!(".pigent-doctor-{}", std::process::id()));
        return match made_and_removed(&probe) {
            Ok(()) => fine(format!("state folder: {shown} (made at the first run)")),
            Err(error) => broken(format!("state folder: {shown} cannot be made: {error}")),
        };
    }
    let probe = dir.join(format!("doctor-{}", std::process::id()));
    match made_and_removed(&probe) {
        Ok(()) => fine(format!("state folder: {shown}")),
        Err(error) => broken(format!(
            "state folder: {shown} takes no file ({error}): make room, or chown it to the user pigent runs as"
        )),
    }
}

/// Never through a link: root may do this in a folder of the agent's.
fn made_and_removed(probe: &Path) -> io::Result<()> {
    fs::File::create_new(probe).and_then(|_| fs::remove_file(probe))
}

fn dotenv(sources: &Sources) -> Option<Finding> {
    let path = sources.project_dir.join(".env");
    let mode = fs::metadata(&path).ok()?.permissions().mode();
    Some(match mode & 0o077 {
        0 => fine(".env: only its owner reads it"),
        _ => mind(".env: others can read it: chmod 600 .env"),
    })
}

fn root(sources: &Sources) -> Finding {
    let is_root = rustix::process::geteuid().is_root();
    let sandbox = sources.environment.get("IS_SANDBOX").is_some_and(|value| value == "1");
    let bypass = sources.get("PIGENT_PERMISSIONS").is_none_or(|mode| mode == "bypass");
    match (is_root, bypass && !(is_root && sandbox)) {
        (true, true) => mind(
            "user: root, and Claude refuses to skip permissions as root: run pigent as another user \
             (or PIGENT_PERMISSIONS=ask, or IS_SANDBOX=1 in a sandbox)",
        ),
        (true, false) => {
            mind("user: root: an agent that runs as root can break the board; use another user")
        }
        (false, true) => mind(
            "user: not root; in bypass mode the agent can read everything this user can, .env and its token too",
        ),
        (false, false) => fine("user: not root"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_of_a_folder_follows_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let (probe, aim) = (dir.path().join("probe"), dir.path().join("aim"));
        made_and_removed(&probe).unwrap();
        assert!(!probe.exists());
        fs::write(&aim, "kept").unwrap();
        std::os::unix::fs::symlink(&aim, &probe).unwrap();
        assert!(made_and_removed(&probe).is_err());
        assert_eq!(fs::read_to_string(&aim).unwrap(), "kept");
    }
}
