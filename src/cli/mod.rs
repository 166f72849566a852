//! The command line: one file a subcommand, and nothing a rule depends on.
//!
//! Exit codes: 0 ok, 2 bad usage or configuration, 1 anything else.

#[cfg(feature = "emulator")]
pub mod demo;
mod doctor;
mod init;
mod output;
mod panel;
mod run;
mod send;
mod service;

use crate::config::Problem;
use output::{complain, put, say};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
pigent puts a coding agent in a closet: Telegram in, Claude Code on this board.

Usage: pigent COMMAND

  run      the daemon: listens to Telegram and runs the agent in this folder
  init     write .env for this folder, and ask Telegram whether the token works (--token-stdin:
           the token comes through a pipe)
  doctor   check everything, one line each, with what to do about it (--board: which pin is which)
  panel    try the wiring: each lamp in turn, then the button (--release: all off, for systemd)
  service  install, remove or status: from the board's start on, by systemd
  send     [--chat ID] [--file FILE] TEXT: say something in the chat, from a script or cron
  demo     see it work, with no token, no agent and no board (--script: a fixed tour)

Settings come from the environment and from .env in the project folder; pigent init writes one
with every setting explained. pigent --version prints the version.
";

/// Why a subcommand did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong words on the command line.
    Usage(String),
    /// No command that there is.
    NoCommand(String),
    /// Settings that cannot be.
    Config(Vec<Problem>),
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(crate) fn other(error: impl ToString) -> Failure {
        Failure::Other(error.to_string())
    }

    fn report(self) -> ExitCode {
        match self {
            Failure::Usage(why) => {
                complain!("{why} (pigent --help tells more)");
                ExitCode::from(2)
            }
            Failure::NoCommand(why) => {
                complain!("{why}\n\n{USAGE}");
                ExitCode::from(2)
            }
            Failure::Config(problems) => {
                for problem in problems {
                    complain!("{problem}");
                }
                ExitCode::from(2)
            }
            Failure::Other(why) => {
                complain!("{why}");
                ExitCode::from(1)
            }
        }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

/// Runs the subcommand that `args` (without the program's name) ask for.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    output::end(command(args))
}

fn command(args: Vec<OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let Some(command) = args.next() else {
        return Failure::NoCommand("say what to do".into()).report();
    };
    let rest: Vec<OsString> = args.collect();
    let asks_for_help = rest.first().is_some_and(|word| word == "--help" || word == "-h");
    let result = match command.to_str() {
        Some("run" | "init" | "doctor" | "panel" | "send") if asks_for_help => {
            put(format_args!("{USAGE}"));
            Ok(())
        }
        Some("run") => run::main(rest),
        Some("init") => init::main(rest),
        Some("doctor") => return doctor::main(rest).unwrap_or_else(Failure::report),
        Some("panel") => panel::main(rest),
        Some("send") => send::main(rest),
        Some("service") => return service::main(rest).unwrap_or_else(Failure::report),
        #[cfg(feature = "emulator")]
        Some("demo") => return demo::main(&as_text(rest)),
        #[cfg(feature = "emulator")]
        Some("stand-in-agent") => return crate::emulator::agent::main(&as_text(rest)),
        Some("--version" | "-V" | "version") => {
            say!("pigent {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Some("--help" | "-h" | "help") => {
            put(format_args!("{USAGE}"));
            Ok(())
        }
        _ => Err(Failure::NoCommand(format!("{} is not a command", command.to_string_lossy()))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Whether this is root in a project of somebody else's, whose agent may have written everything
/// there: nothing of it is run, no link is followed, and no file stays.
fn is_guest(project: &Path) -> bool {
    let theirs = project.metadata().is_ok_and(|about| about.uid() != 0);
    theirs && rustix::process::geteuid().is_root()
}

/// A subcommand that takes no words.
fn no_words(args: Vec<OsString>) -> Result<(), Failure> {
    match args.first() {
        None => Ok(()),
        Some(word) => {
            Err(Failure::Usage(format!("{} is one word too many", word.to_string_lossy())))
        }
    }
}

#[cfg(feature = "emulator")]
fn as_text(args: Vec<OsString>) -> Vec<String> {
    args.into_iter().map(|arg| arg.to_string_lossy().into_owned()).collect()
}
