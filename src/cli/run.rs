//! `pigent run`: the daemon.

use super::output::{complain, start_log};
use super::{Failure, no_words};
use crate::config::{Config, Problem, Sources};
use crate::runtime;
use std::ffi::OsString;

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    no_words(args)?;
    let config = Config::load(&Sources::read()).map_err(refuse)?;
    start_log(config.log);
    let access = &config.rules.access;
    if access.chats.is_empty() && access.users.is_empty() {
        log::warn!(
            "nobody may talk to the bot yet: write to it, and put the id it answers into \
             TELEGRAM_ALLOWED_CHAT_IDS"
        );
    }
    log::info!("pigent {} works in {}", env!("CARGO_PKG_VERSION"), config.project_dir.display());
    runtime::run(config).map_err(Failure::other)
}

/// Says at once what is wrong: under a service manager the end comes later.
fn refuse(problems: Vec<Problem>) -> Failure {
    for problem in &problems {
        complain!("{problem}");
    }
    let first = problems.first().map(Problem::to_string).unwrap_or_default();
    runtime::hold(&format!("wrong settings: {first}"));
    Failure::Config(Vec::new())
}
