//! Which Bot API server, with which token, trusted by which certificates.
//!
//! Checked once at start, so that a client made from it cannot fail; no request is sent here.

use super::tls::{self, TrustError};
use super::token::Token;
use core::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use ureq::http::Uri;

/// Everything a client needs to know. Clones share the trusted certificates.
#[derive(Clone)]
pub struct Settings {
    token: Token,
    /// `https://host[:port][/path]/bot<token>/`: ready for a method's name.
    base: Arc<str>,
    tls: tls::Connect,
    loopback: bool,
}

impl Settings {
    /// `api_url` is `TELEGRAM_API_URL`; `ca_file` is `PIGENT_CA_FILE`, a PEM file with roots to
    /// trust besides Mozilla's, read now.
    ///
    /// # Errors
    /// [`SettingsError`], with the variable to look at.
    pub fn new(
        token: Token,
        api_url: &str,
        ca_file: Option<&Path>,
    ) -> Result<Settings, SettingsError> {
        let (root, loopback) = check_url(api_url)?;
        let base = format!("{root}/bot{}/", token.reveal()).into();
        let tls = tls::Connect::new(ca_file).map_err(SettingsError::Trust)?;
        Ok(Settings { token, base, tls, loopback })
    }

    /// The URL of a method. It holds the token: for the request, and for nothing else.
    pub(super) fn url(&self, method: &str) -> String {
        format!("{}{method}", self.base)
    }

    /// To take the token out of what a server says.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// The server is on this machine: no proxy leads there.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// How to speak TLS.
    pub(super) fn tls(&self) -> tls::Connect {
        self.tls.clone()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

/// The URL without a trailing slash, if requests can be sent below it, and whether it is here.
fn check_url(api_url: &str) -> Result<(&str, bool), SettingsError> {
    let url = api_url.trim().trim_end_matches('/');
    let uri: Uri = url.parse().map_err(|_| SettingsError::Url)?;
    let scheme_ok = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().unwrap_or_default();
    let user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if scheme_ok && !host.is_empty() && !user && uri.query().is_none() && !url.contains('#') {
        Ok((url, is_loopback(host)))
    } else {
        Err(SettingsError::Url)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// `TELEGRAM_API_URL` is no URL of a server. It is not repeated: people paste the token there.
    Url,
    /// `PIGENT_CA_FILE` cannot be used.
    Trust(TrustError),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Url => f.write_str(
                "TELEGRAM_API_URL must be http:// or https:// with a host, like \
                 https://api.telegram.org, without user, query or token",
            ),
            SettingsError::Trust(error) => write!(f, "PIGENT_CA_FILE: {error}"),
        }
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Result<Settings, SettingsError> {
        Settings::new(Token::new("1:SECRET").unwrap(), url, None)
    }

    #[test]
    fn builds_urls_below_the_given_one() {
        let url = |api_url| settings(api_url).unwrap().url("getMe");
        assert_eq!(url("https://api.telegram.org"), "https://api.telegram.org/bot1:SECRET/getMe");
        assert_eq!(url("http://127.0.0.1:8081/"), "http://127.0.0.1:8081/bot1:SECRET/getMe");
        assert_eq!(url("http://[::1]:80/tg/"), "http://[::1]:80/tg/bot1:SECRET/getMe");
    }

    #[test]
    fn knows_this_machine() {
        for host in ["127.0.0.1", "[::1]", "localhost", "127.3.2.1"] {
            assert!(settings(&format!("http://{host}:81")).unwrap().is_loopback(), "{host}");
        }
        for host in ["api.telegram.org", "192.168.1.2", "localhost.example"] {
            assert!(!settings(&format!("http://{host}")).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn refuses_what_is_no_server() {
        let bad = ["", "api.telegram.org", "ftp://a", "http://", "http://a/?b=c", "http://u@a"];
        for url in bad.into_iter().chain(["http://a b", "http://a/#c", "/path"]) {
            assert_eq!(settings(url).unwrap_err(), SettingsError::Url, "{url}");
        }
    }

    #[test]
    fn names_the_file_of_roots() {
        let file = Some(Path::new("/nonexistent/ca.pem"));
        let token = Token::new("1:SECRET").unwrap();
        let error = Settings::new(token, "http://a", file).unwrap_err().to_string();
        assert!(error.starts_with("PIGENT_CA_FILE: /nonexistent/ca.pem"), "{error}");
    }

    #[test]
    fn is_never_printed() {
        assert_eq!(format!("{:?}", settings("http://a").unwrap()), "Settings { .. }");
    }
}
