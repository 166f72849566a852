//! The bot token, in a type that cannot be printed.
//!
//! It is part of every URL of the Bot API, so it leaks wherever a URL is shown (WISHES.md 24).
//! Only `settings.rs` can read it, to build those URLs.

use core::fmt;
use std::sync::Arc;

/// What is shown instead.
const HIDDEN: &str = "<bot token>";

/// A token as @BotFather gives it: digits, a colon, then letters, digits, `_` and `-`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// Checks the form only; whether Telegram knows it is for `getMe` to say. White space around
    /// it (the end of a line in a credentials file) is dropped.
    ///
    /// # Errors
    /// [`NotAToken`], which does not repeat what was given.
    pub fn new(text: &str) -> Result<Token, NotAToken> {
        let text = text.trim();
        let (bot, secret) = text.split_once(':').ok_or(NotAToken)?;
        let bot_ok = !bot.is_empty() && bot.bytes().all(|byte| byte.is_ascii_digit());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if bot_ok && !secret.is_empty() && secret.bytes().all(allowed) {
            Ok(Token(text.into()))
        } else {
            Err(NotAToken)
        }
    }

    /// The token itself, for the URL.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without the token, or the secret half of it: what a server says may quote the URL,
    /// escaped in its own way.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&*self.0, HIDDEN);
        match self.0.split_once(':') {
            Some((_, secret)) => text.replace(secret, HIDDEN),
            None => text,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The text has not the form of a bot token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAToken;

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a bot token: @BotFather gives one like 123456789:AAE-letters_and-digits \
             (digits, a colon, then letters, digits, _ and -)",
        )
    }
}

impl std::error::Error for NotAToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_botfather_gives() {
        let token = Token::new(" 123456:AAE-x_9\n").unwrap();
        assert_eq!(token.reveal(), "123456:AAE-x_9");
    }

    #[test]
    fn refuses_other_forms_without_repeating_them() {
        for text in ["", "77", ":qq", "77:", "7q:qq", "77:q/q", "77:q q", "bot77:qq", "77:qé"] {
            let error = Token::new(text).unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text), "{text}");
        }
    }

    #[test]
    fn is_never_printed() {
        let token = Token::new("123456:SECRET").unwrap();
        let shown = format!("{token} {token:?} {:#?}", Some(&token));
        assert!(!shown.contains("SECRET") && !shown.contains("123456"), "{shown}");
        assert_eq!(token.redact("GET /bot123456:SECRET/getMe"), "GET /bot<bot token>/getMe");
        assert_eq!(token.redact("/bot123456%3ASECRET/"), "/bot123456%3A<bot token>/");
    }
}
