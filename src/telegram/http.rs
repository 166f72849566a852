//! One exchange with the server: bytes out, [`Answer`] in, and ureq's errors in our own words.
//!
//! What the answer means is for `answer.rs`. No error from here quotes ureq's: those may hold
//! the URL, and so the token.

use super::answer::Answer;
use super::error::Error;
use super::resolve::Resolve;
use super::settings::Settings;
use core::time::Duration;
use std::io::{self, Read};
use ureq::http::Response;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, Body, Proxy, ProxyProtocol, SendBody};

/// Longest body that is read. `getUpdates` answers with at most about 4 MB.
const LONGEST_BODY: u64 = 8 << 20;

/// For the name and again for TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an open connection may lie unused. The server closes it after 500 s or earlier.
const IDLE: Duration = Duration::from_secs(300);

/// Bytes each of the buffers below and above TLS.
const BUFFER: usize = 16 << 10;

/// A ureq agent for one server. Clones share its connections.
#[derive(Clone, Debug)]
pub(super) struct Http {
    agent: Agent,
    resolve: Resolve,
}

impl Http {
    pub fn new(settings: &Settings) -> Http {
        let config = Agent::config_builder()
            .proxy(proxy(settings))
            // 429 and 400 have bodies that matter; a redirect would carry the token elsewhere.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("pigent/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .build();
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(settings.tls());
        let resolve = Resolve::default();
        Http { agent: Agent::with_parts(config, connector, resolve.clone()), resolve }
    }

    /// Sends `length` bytes of `body` and reads the whole answer, all within `limit`.
    ///
    /// # Errors
    /// [`Error::Network`] only; the request may have been carried out.
    pub fn post(
        &self,
        url: &str,
        content_type: &str,
        length: usize,
        body: &mut dyn Read,
        limit: Duration,
    ) -> Result<Answer, Error> {
        let request = self.agent.post(url).config().timeout_global(Some(limit)).build();
        let sent = request
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_LENGTH, length)
            .send(SendBody::from_reader(body));
        sent.map_err(words).and_then(read).map_err(|why| {
            self.resolve.forget();
            Error::Network { why }
        })
    }
}

/// The proxy the environment names, if it is one that can be used.
fn proxy(settings: &Settings) -> Option<Proxy> {
    let proxy = Proxy::try_from_env().filter(|_| !settings.is_loopback())?;
    let usable = matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
    if !usable {
        log::warn!("a SOCKS proxy is named in the environment: pigent goes without");
    }
    usable.then_some(proxy)
}

fn read(mut response: Response<Body>) -> Result<Answer, String> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(LONGEST_BODY + 1);
    reader.read_to_end(&mut body).map_err(|error| words(error.into()))?;
    if body.len() as u64 > LONGEST_BODY {
        return Err(format!("the answer is longer than {} MiB", LONGEST_BODY >> 20));
    }
    Ok(Answer { status, retry_after, body })
}

/// What happened, by kind.
fn words(error: ureq::Error) -> String {
    use ureq::Error as E;
    match error {
        E::Timeout(ureq::Timeout::Resolve) => "no answer from DNS in time".into(),
        E::Timeout(ureq::Timeout::Connect) => "no connection in time".into(),
        E::Timeout(_) => "no answer in time".into(),
        E::HostNotFound => "the host name is not known (DNS)".into(),
        E::Io(error) => io_words(&error),
        E::Tls(_) | E::TlsRequired => "TLS cannot be set up".into(),
        E::Protocol(_) | E::LargeResponseHeader(..) | E::BodyStalled => {
            "the answer is not HTTP".into()
        }
        E::ConnectProxyFailed(_) | E::InvalidProxyUrl => "the proxy refuses the connection".into(),
        E::ConnectionFailed => "no connection".into(),
        _ => "the exchange failed".into(),
    }
}

fn io_words(error: &io::Error) -> String {
    let inner = error.get_ref();
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_words(tls);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "the connection was closed before the answer".into(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer in time".into(),
        // The name of the kind alone: a message could quote anything.
        kind => kind.to_string(),
    }
}

fn tls_words(error: &rustls::Error) -> String {
    use rustls::{CertificateError as C, Error as E};
    match error {
        E::InvalidCertificate(
            C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. },
        ) => "the server's certificate is not valid at this board's date: is the clock set?".into(),
        E::InvalidCertificate(C::UnknownIssuer) => {
            "the server's certificate is from an unknown issuer: is PIGENT_CA_FILE needed?".into()
        }
        E::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "the server's certificate is for another host".into()
        }
        E::InvalidCertificate(_) => "the server's certificate is not valid".into(),
        E::InvalidMessage(_) => "the server does not speak TLS".into(),
        _ => "TLS failed".into(),
    }
}
