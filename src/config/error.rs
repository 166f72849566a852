//! What can be wrong with the settings, each with what to do about it.

use core::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// No token anywhere.
    NoToken,
    /// The token has not the form of one. It is not repeated.
    Token(String),
    /// The server's address or the certificates.
    Telegram(String),
    /// A value that is not allowed.
    Value {
        /// The variable.
        name: &'static str,
        /// Its value, at most 60 characters.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A `PIGENT_*` name nobody knows.
    Unknown {
        /// The name.
        name: String,
        /// A known one that looks like it.
        like: Option<&'static str>,
    },
    /// `PIGENT_PROJECT_DIR` inside `.env`.
    ProjectDirInDotenv,
    /// The project folder cannot be used.
    ProjectDir {
        /// The folder and what the system said.
        why: String,
    },
    /// A line of `.env` cannot be read. It may hold the token: it is not repeated.
    Dotenv {
        /// What is wrong.
        why: String,
    },
    /// The lamps and the button.
    Panel(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoToken => f.write_str(
                "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather, and put it into .env (pigent init helps)",
            ),
            Problem::Token(why) => write!(f, "TELEGRAM_BOT_TOKEN: {why}"),
            Problem::Telegram(why) | Problem::Panel(why) => f.write_str(why),
            Problem::Value { name, value, allowed } => {
                write!(f, "{name}={value}: allowed: {allowed}")
            }
            Problem::Unknown { name, like: Some(like) } => {
                write!(f, "{name} is not a setting of pigent: did you mean {like}?")
            }
            Problem::Unknown { name, like: None } => {
                write!(f, "{name} is not a setting of pigent: see the README for those there are")
            }
            Problem::ProjectDirInDotenv => f.write_str(
                "PIGENT_PROJECT_DIR cannot be in .env, which is read from that folder: set it in the environment",
            ),
            Problem::ProjectDir { why } => write!(f, "PIGENT_PROJECT_DIR: {why}: name a folder that is there"),
            Problem::Dotenv { why } => write!(f, ".env: {why}"),
        }
    }
}

impl std::error::Error for Problem {}
