//! The settings the bridge decides by, already validated by `config.rs`.

use super::ids::{ChatId, UserId};
use core::time::Duration;

/// Everything from the configuration that a decision depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Who may talk.
    pub access: Access,
    /// Prompts that may wait (`PIGENT_QUEUE_MAX`).
    pub queue_max: usize,
    /// Prompts an hour and user (`PIGENT_RATE_LIMIT`); `None` is no limit.
    pub rate_limit: Option<u32>,
    /// Hard limit of one run (`PIGENT_JOB_TIMEOUT`); `None` is no limit.
    pub job_timeout: Option<Duration>,
    /// Longest silence of the agent (`PIGENT_STALE_TIMEOUT`); `None` is no limit.
    pub stale_timeout: Option<Duration>,
    /// What to do with permission requests (`PIGENT_PERMISSIONS`).
    pub permissions: Permissions,
    /// Language of pigent's own words (`PIGENT_LANG`).
    pub lang: Lang,
    /// Secret of this start, from the system's random source: button tokens are made from it.
    pub seed: [u64; 2],
    /// Version of pigent, for `/help`.
    pub version: &'static str,
}

/// Who may talk to the bot. With both lists empty: nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `TELEGRAM_ALLOWED_CHAT_IDS`.
    pub chats: Vec<ChatId>,
    /// `TELEGRAM_ALLOWED_USER_IDS`.
    pub users: Vec<UserId>,
}

/// `PIGENT_PERMISSIONS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Permissions {
    /// `--dangerously-skip-permissions`.
    #[default]
    Bypass,
    /// Ask the user for everything that needs asking.
    Ask,
    /// Edits are fine, the rest is asked.
    AcceptEdits,
    /// Plan only.
    Plan,
}

/// Language of what pigent itself says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
}
