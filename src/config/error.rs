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
        f.write_str(&masked(&self.words()))
    }
}

impl Problem {
    fn words(&self) -> String {
        match self {
            Problem::NoToken => {
                "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather, and put it into .env (pigent init helps)".into()
            }
            Problem::Token(why) => format!("TELEGRAM_BOT_TOKEN: {why}"),
            Problem::Telegram(why) | Problem::Panel(why) => why.clone(),
            Problem::Value { name, value, allowed } => format!("{name}={value}: allowed: {allowed}"),
            Problem::Unknown { name, like: Some(like) } => {
                format!("{name} is not a setting of pigent: did you mean {like}?")
            }
            Problem::Unknown { name, like: None } => {
                format!("{name} is not a setting of pigent: see the README for those there are")
            }
            Problem::ProjectDirInDotenv => {
                "PIGENT_PROJECT_DIR cannot be in .env, which is read from that folder: set it in the environment".into()
            }
            Problem::ProjectDir { why } => format!("PIGENT_PROJECT_DIR: {why}: name a folder that is there"),
            Problem::Dotenv { why } => format!(".env: {why}"),
        }
    }
}

/// The text without what looks like a bot token: one may have been pasted in a wrong place.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        shown.push_str(before);
        shown.push(':');
        rest = after;
        let digits = before.chars().rev().take_while(char::is_ascii_digit).count();
        let secret = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = after.find(|c| !secret(c)).unwrap_or(after.len());
        if digits >= TOKEN_DIGITS && end >= TOKEN_LETTERS || end >= SECRET_LETTERS {
            shown.push('…');
            rest = after.get(end..).unwrap_or_default();
        }
    }
    shown + rest
}

/// Digits before the colon of a token, at least.
const TOKEN_DIGITS: usize = 4;
/// Letters after it, at least: values are quoted cut, so these may not be all.
const TOKEN_LETTERS: usize = 8;
/// So many letters after a colon are a secret, whatever is before them.
const SECRET_LETTERS: usize = 30;

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_wrong_place_was_repeated_in_the_error() {
        let value = "1,123456789:AAE-letters_and-digits,2".to_owned();
        let allowed = "numbers".to_owned();
        let problem = Problem::Value { name: "TELEGRAM_ALLOWED_CHAT_IDS", value, allowed };
        let shown = problem.to_string();
        assert_eq!(shown, "TELEGRAM_ALLOWED_CHAT_IDS=1,123456789:…,2: allowed: numbers");
        let url = Problem::Telegram("https://x/bot123456:AAE-letters/getMe: no".into());
        assert_eq!(url.to_string(), "https://x/bot123456:…/getMe: no");
        let half = Problem::Panel(format!("x:{}", "aB3_".repeat(9)));
        assert_eq!(half.to_string(), "x:…");
        let harmless = Problem::Telegram("http://127.0.0.1:8081/x: 12:34 or 2026:x".into());
        assert_eq!(harmless.to_string(), "http://127.0.0.1:8081/x: 12:34 or 2026:x");
    }
}
