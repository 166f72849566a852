//! `pigent service`: pigent as a systemd service, set up, taken away and looked at.
//!
//! | module | it knows |
//! |---|---|
//! | `install`, `remove`, `status` | what the three do, in order |
//! | `place` | where the files of a service are |
//! | `project` | the folder, its owner, its settings: everything checked before a file is written |
//! | `dropin` | the text that tells one project from another |
//! | `token` | taking the token out of a file that the agent can read |
//! | `accounts` | users and groups |
//! | `systemd` | asking systemctl and journalctl |
//! | `words` | what is wrong with a service, in words |
//!
//! The units are files in `units/`, the same that the Debian package brings.

mod accounts;
mod dropin;
mod files;
mod install;
mod place;
mod project;
mod reach;
mod remove;
mod status;
mod systemd;
mod token;
mod words;

use super::Failure;
use super::output::put;
use crate::config::{Sources, parse_dotenv};
use place::{Name, Place};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
pigent service keeps pigent running, from the board's start on, by systemd.

  install  [--name NAME] [--project DIR] [--user USER] [--env FILE] [--no-start]
           sets the service up and starts it; again: takes over what has changed
  remove   [--name NAME] [--keep-token]
           stops it and takes away what install wrote; the project stays
  status   [--name NAME]
           what it does, what it takes, and what is wrong

  --name NAME    one of several projects: the service pigent@NAME (else it is pigent)
  --project DIR  where the agent works [the current folder]
  --user USER    who it runs as [the owner of that folder]; never root
  --env FILE     settings, and the token, from this file (a pigent.env as the flashing tool
                 writes it)
  --no-start     only for the next start of the board
  --keep-token   leaves the token where install has put it
";

/// What was asked for on the command line.
#[derive(Debug, Default)]
struct Options {
    name: Name,
    project: Option<PathBuf>,
    user: Option<String>,
    env: Option<PathBuf>,
    no_start: bool,
    keep_token: bool,
}

type Run = fn(&Place, Options) -> Result<ExitCode, Failure>;

// Cold: inlined into the command line's `main` it would lie among what the daemon runs.
#[cold]
#[inline(never)]
pub(super) fn main(args: Vec<OsString>) -> Result<ExitCode, Failure> {
    let mut words = args.clone().into_iter();
    let command = words.next().unwrap_or_default();
    let (allowed, run): (&[&str], Run) = match command.to_str() {
        Some("install") => (&["name", "project", "user", "env", "no-start"], install::main),
        Some("remove") => (&["name", "keep-token"], remove::main),
        Some("status") => (&["name"], status::main),
        Some("--help" | "-h" | "help") => {
            put(format_args!("{USAGE}"));
            return Ok(ExitCode::SUCCESS);
        }
        _ => return Err(Failure::Usage("service: say install, remove or status".into())),
    };
    let Some(options) = options(words.collect(), allowed)? else {
        put(format_args!("{USAGE}"));
        return Ok(ExitCode::SUCCESS);
    };
    let place = Place::new(options.name.clone());
    systemd::check(&place, options.no_start)?;
    if command != "status" && !place.is_ours() {
        return Err(Failure::Other(format!("only root may do that: {}", sudo(&args))));
    }
    run(&place, options)
}

/// Adds what the service of this project keeps for it outside, its settings and its token, with
/// the same rank as there: above `.env`. If anything may not be read (only root may), it is the
/// name of that service.
pub(super) fn lend(sources: &mut Sources) -> Option<String> {
    let place = Place::new(Name::default()).all().into_iter().find(|place| {
        let text = fs::read_to_string(place.drop_in()).unwrap_or_default();
        dropin::project_in(&text).is_some_and(|project| project == sources.project_dir)
    })?;
    let kept = fs::read_to_string(place.env());
    let mut hidden = kept.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::PermissionDenied);
    let mut pairs = parse_dotenv(&kept.unwrap_or_default()).unwrap_or_default();
    // What this command was given wins: the last one counts.
    for pair in std::mem::take(&mut sources.environment) {
        pairs.push(pair);
    }
    sources.environment = pairs.iter().cloned().collect();
    if sources.token().is_none() {
        sources.credential = fs::read_to_string(place.token()).ok();
        hidden |= sources.credential.is_none();
    }
    hidden.then(|| place.unit())
}

/// `None` if the words ask for help.
fn options(args: Vec<OsString>, allowed: &[&str]) -> Result<Option<Options>, Failure> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        let name = match arg {
            lexopt::Arg::Long(name) if allowed.contains(&name) => name.to_owned(),
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        };
        match name.as_str() {
            "name" => options.name = parser.value()?.try_into().map_err(Failure::Usage)?,
            "project" => options.project = Some(parser.value()?.into()),
            "user" => options.user = Some(parser.value()?.to_string_lossy().into_owned()),
            "env" => options.env = Some(parser.value()?.into()),
            "no-start" => options.no_start = true,
            _ => options.keep_token = true,
        }
    }
    Ok(Some(options))
}

/// The same command, to be typed by somebody who may become root. The program's path is whole:
/// root's PATH may be another.
fn sudo(args: &[OsString]) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "pigent".into());
    let words = ["sudo".into(), program.into_os_string(), "service".into()];
    let words = words.iter().chain(args).map(|word| word.to_string_lossy().into_owned());
    shell_words::join(words.collect::<Vec<String>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_for_root_can_be_pasted() {
        let args = ["install", "--project", "/home/pi/my project"].map(OsString::from);
        let shown = sudo(&args);
        assert!(shown.starts_with("sudo /"), "{shown}");
        assert!(shown.ends_with(" service install --project '/home/pi/my project'"), "{shown}");
    }

    #[test]
    fn an_option_of_another_command_is_refused() {
        let parse = |words: &[&str], allowed: &[&str]| {
            options(words.iter().map(OsString::from).collect(), allowed)
        };
        assert!(parse(&["--keep-token"], &["name"]).is_err());
        assert!(parse(&["--name", "../x"], &["name"]).is_err());
        assert!(parse(&["--help"], &["name"]).unwrap().is_none());
        let found = parse(&["--name", "x", "--no-start"], &["name", "no-start"]).unwrap().unwrap();
        assert!(found.no_start && found.name.is_instance());
    }
}
