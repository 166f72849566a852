//! `pigent run`: the daemon.

use super::{Failure, no_words, start_log};
use crate::config::{Config, Sources};
use crate::runtime;
use std::ffi::OsString;

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    no_words(args)?;
    let config = Config::load(&Sources::read()).map_err(Failure::Config)?;
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
