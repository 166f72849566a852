//! Environment and `.env` become one validated [`Config`].
//!
//! `sources.rs` finds the raw values (the environment wins over `.env`, which is never exported
//! into anything), `values.rs` and `duration.rs` read single ones, and this file puts them
//! together. Every problem is reported, not only the first, and each names the variable, the
//! value (unless it is secret) and what is allowed.

mod duration;
mod error;
mod sources;
#[cfg(test)]
mod tests;
mod values;

pub use duration::{Duration0, parse_duration};
pub use error::Problem;
pub use sources::{Sources, TOKEN, parse_dotenv};

use crate::bridge::rules::{Access, Lang, Permissions, Rules};
use crate::engine;
use crate::panel;
use crate::telegram;
use crate::telegram::token::Token;
use core::time::Duration;
use std::path::PathBuf;
use values::Reader;

/// Every variable of pigent's own, with its default as `pigent init` shows it and what it means.
pub const VARIABLES: [(&str, &str, &str); 24] = [
    (TOKEN, "", "from @BotFather"),
    ("TELEGRAM_ALLOWED_CHAT_IDS", "", "chat ids that may talk to the bot, comma-separated"),
    ("TELEGRAM_ALLOWED_USER_IDS", "", "user ids that may talk to the bot, comma-separated"),
    ("TELEGRAM_API_URL", "https://api.telegram.org", "another Bot API server"),
    ("PIGENT_CA_FILE", "", "PEM file of further root certificates to trust"),
    ("CLAUDE_PATH", "claude", "the agent program"),
    ("CLAUDE_ARGS", "", "extra arguments for it, shell-quoted"),
    ("PIGENT_AGENT_ENV", "", "names of further variables that the agent may see"),
    ("PIGENT_PROJECT_DIR", "", "where the agent works (not in .env; default: the current folder)"),
    ("PIGENT_STATE_DIR", "", "everything pigent stores (default: .pigent in the project)"),
    ("PIGENT_PERMISSIONS", "bypass", "bypass, ask, accept-edits or plan"),
    ("PIGENT_JOB_TIMEOUT", "2h", "hard limit of one run (0 = none)"),
    ("PIGENT_STALE_TIMEOUT", "15m", "no line from the agent for so long ends the run (0 = never)"),
    ("PIGENT_QUEUE_MAX", "50", "prompts that may wait"),
    ("PIGENT_RATE_LIMIT", "60", "prompts an hour and user (0 = no limit)"),
    ("PIGENT_GPIO", "auto", "auto, rppal, gpiochip, gpiochip:CHIP, sim:SOCKET or off"),
    (
        "PIGENT_LED_BUSY",
        "",
        "BCM number of the busy lamp, line:NAME on other boards, or led:NAME (led:ACT)",
    ),
    ("PIGENT_LED_IDLE", "", "the same for the idle lamp"),
    ("PIGENT_LED_ERROR", "", "the same for the error lamp"),
    ("PIGENT_BUTTON", "", "BCM number of the stop button, to GND"),
    ("PIGENT_LED_ACTIVE", "high", "high or low: the level that lights a lamp"),
    ("PIGENT_BUTTON_ACTIVE", "low", "low or high: the level of a pressed button"),
    ("PIGENT_LANG", "en", "en or de: what pigent itself says in the chat"),
    ("PIGENT_LOG", "info", "off, error, warn, info, debug or trace"),
];

/// Everything pigent was told, checked.
#[derive(Debug)]
pub struct Config {
    /// What decisions depend on. The seed is zero: the runtime asks the system for one.
    pub rules: Rules,
    /// How to reach Telegram.
    pub telegram: telegram::settings::Settings,
    /// How to run the agent. The instance is zero until the state folder is locked, and there
    /// is no cgroup until the runtime has looked for it.
    pub engine: engine::Settings,
    /// Lamps and button.
    pub panel: panel::Settings,
    /// Where the agent works; absolute.
    pub project_dir: PathBuf,
    /// Everything pigent stores; absolute.
    pub state_dir: PathBuf,
    /// Level of pigent's own log.
    pub log: log::LevelFilter,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn load(sources: &Sources) -> Result<Config, Vec<Problem>> {
        let mut reader = Reader::new(sources);
        let token = token(&mut reader);
        let ca_file = reader.text("PIGENT_CA_FILE").map(PathBuf::from);
        let api_url = reader.text("TELEGRAM_API_URL");
        let api_url = api_url.unwrap_or_else(|| "https://api.telegram.org".into());
        let engine = engine_settings(&mut reader, sources);
        let rules = rules(&mut reader, engine.permissions);
        let state_dir = state_dir(&mut reader, sources);
        let panel = panel_settings(&mut reader, sources, state_dir.clone());
        let log = reader.choice("PIGENT_LOG", log::LevelFilter::Info, &LOG_LEVELS);
        reader.unknown();
        let telegram = token.and_then(|token| {
            let settings = telegram::settings::Settings::new(token, &api_url, ca_file.as_deref());
            settings.map_err(|error| reader.problem(telegram_problem(error, &api_url))).ok()
        });
        let project_dir = sources.project_dir.clone();
        match (telegram, reader.finish()) {
            (Some(telegram), Ok(())) => {
                Ok(Config { rules, telegram, engine, panel, state_dir, project_dir, log })
            }
            (_, finished) => Err(finished.err().unwrap_or_default()),
        }
    }

    /// Only who may talk, for SIGHUP.
    ///
    /// # Errors
    /// The problems of these two variables.
    pub fn access(sources: &Sources) -> Result<Access, Vec<Problem>> {
        let mut reader = Reader::new(sources);
        let access = access(&mut reader);
        reader.finish().map(|()| access)
    }

    /// The state folder, for subcommands that need nothing else.
    #[must_use]
    pub fn state_dir(sources: &Sources) -> PathBuf {
        state_dir(&mut Reader::new(sources), sources)
    }

    /// No lamp and no button, but the folders that lamps need.
    #[must_use]
    pub fn panel_folders(sources: &Sources) -> panel::Settings {
        let folders = folders(sources, Config::state_dir(sources));
        panel::Settings { gpio: panel::Gpio::Off, folders, ..panel::Settings::default() }
    }

    /// Only lamps and button, for subcommands that need no token.
    ///
    /// # Errors
    /// The problems of their variables.
    pub fn panel(sources: &Sources) -> Result<panel::Settings, Vec<Problem>> {
        let mut reader = Reader::new(sources);
        let settings = panel_settings(&mut reader, sources, Config::state_dir(sources));
        reader.finish().map(|()| settings)
    }
}

const LOG_LEVELS: [(&str, log::LevelFilter); 6] = [
    ("off", log::LevelFilter::Off),
    ("error", log::LevelFilter::Error),
    ("warn", log::LevelFilter::Warn),
    ("info", log::LevelFilter::Info),
    ("debug", log::LevelFilter::Debug),
    ("trace", log::LevelFilter::Trace),
];

const PERMISSIONS: [(&str, Permissions); 4] = [
    ("bypass", Permissions::Bypass),
    ("ask", Permissions::Ask),
    ("accept-edits", Permissions::AcceptEdits),
    ("plan", Permissions::Plan),
];

fn token(reader: &mut Reader<'_>) -> Option<Token> {
    let Some(text) = reader.secret_token() else {
        reader.problem(Problem::NoToken);
        return None;
    };
    match Token::new(&text) {
        Ok(token) => Some(token),
        Err(error) => {
            reader.problem(Problem::Token(error.to_string()));
            None
        }
    }
}

/// The URL is named only if nobody can have pasted the token into it.
fn telegram_problem(error: telegram::settings::SettingsError, api_url: &str) -> Problem {
    let is_url = error == telegram::settings::SettingsError::Url;
    let harmless = !api_url.contains(['@', '?', '#']) && !api_url.contains("bot");
    match is_url && harmless {
        true => Problem::Value {
            name: "TELEGRAM_API_URL",
            value: api_url.chars().take(60).collect(),
            allowed: "http:// or https:// with a host, like https://api.telegram.org".into(),
        },
        false => Problem::Telegram(error.to_string()),
    }
}

fn rules(reader: &mut Reader<'_>, permissions: Permissions) -> Rules {
    let rate = reader.number("PIGENT_RATE_LIMIT", 60, 0..=100_000);
    Rules {
        access: access(reader),
        queue_max: reader.number("PIGENT_QUEUE_MAX", 50, 0..=1000) as usize,
        rate_limit: (rate > 0).then_some(rate),
        job_timeout: reader.duration("PIGENT_JOB_TIMEOUT", Duration::from_secs(2 * 3600)),
        stale_timeout: reader.duration("PIGENT_STALE_TIMEOUT", Duration::from_secs(15 * 60)),
        permissions,
        lang: reader.choice("PIGENT_LANG", Lang::En, &[("en", Lang::En), ("de", Lang::De)]),
        seed: [0, 0],
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn access(reader: &mut Reader<'_>) -> Access {
    Access {
        chats: reader.ids("TELEGRAM_ALLOWED_CHAT_IDS"),
        users: reader.ids("TELEGRAM_ALLOWED_USER_IDS"),
    }
}

fn engine_settings(reader: &mut Reader<'_>, sources: &Sources) -> engine::Settings {
    engine::Settings {
        program: reader.text("CLAUDE_PATH").unwrap_or_else(|| "claude".into()),
        args: reader.words("CLAUDE_ARGS"),
        project_dir: sources.project_dir.clone(),
        permissions: reader.choice("PIGENT_PERMISSIONS", Permissions::Bypass, &PERMISSIONS),
        agent_env: reader.names("PIGENT_AGENT_ENV"),
        dotenv: sources.dotenv.clone(),
        token: reader.secret_token().unwrap_or_default(),
        instance: 0,
        cgroup: None,
    }
}

/// Relative to the project folder, which is where `.env` is.
fn state_dir(reader: &mut Reader<'_>, sources: &Sources) -> PathBuf {
    let given = reader.text("PIGENT_STATE_DIR");
    sources.project_dir.join(given.as_deref().unwrap_or(".pigent"))
}

fn panel_settings(
    reader: &mut Reader<'_>,
    sources: &Sources,
    state_dir: PathBuf,
) -> panel::Settings {
    let settings = panel::Settings {
        gpio: reader.parsed("PIGENT_GPIO").unwrap_or_default(),
        busy: reader.parsed("PIGENT_LED_BUSY"),
        idle: reader.parsed("PIGENT_LED_IDLE"),
        error: reader.parsed("PIGENT_LED_ERROR"),
        button: reader.parsed("PIGENT_BUTTON"),
        led_active: reader.parsed("PIGENT_LED_ACTIVE").unwrap_or_default(),
        button_active: reader.parsed("PIGENT_BUTTON_ACTIVE").unwrap_or_default(),
        folders: folders(sources, state_dir),
    };
    if let Err(error) = settings.check() {
        reader.problem(Problem::Panel(error.to_string()));
    }
    settings
}

/// `STAND_IN_LEDS` is a folder that tests have in place of `/sys/class/leds`.
fn folders(sources: &Sources, state_dir: PathBuf) -> panel::Folders {
    let folders = panel::Folders { state: Some(state_dir), ..panel::Folders::default() };
    match sources.environment.get("STAND_IN_LEDS") {
        Some(leds) if cfg!(feature = "emulator") => panel::Folders { leds: leds.into(), ..folders },
        _ => folders,
    }
}
