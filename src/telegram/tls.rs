//! TLS for the Bot API: Mozilla's roots, and those of `PIGENT_CA_FILE` as well.
//!
//! ureq's own connector knows either one or the other (its `RootCerts::Specific` replaces
//! Mozilla's), and makes a configuration for each agent. This one is shared by the polling and
//! the sending client. Below it is ureq's TCP connector, so time-outs and proxies are ureq's.

use core::fmt;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

/// The step from a TCP connection to TLS; passes on what needs none.
#[derive(Clone)]
pub struct Connect(Arc<ClientConfig>);

impl Connect {
    /// Trusts Mozilla's roots and, if given, every certificate in the PEM file `ca_file`.
    ///
    /// # Errors
    /// [`TrustError`] if the file cannot be read or holds no usable certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<Connect, TrustError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_file {
            add_roots(&mut roots, path)?;
        }
        let ring = rustls::crypto::ring::default_provider();
        let provider = CryptoProvider { key_provider: &NoKeys, ..ring };
        let mut config = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Date))
            .with_safe_default_protocol_versions()
            .map_err(|_| TrustError::NoTls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // There is one server; the default has room for 256.
        config.resumption = rustls::client::Resumption::in_memory_sessions(4);
        Ok(Connect(Arc::new(config)))
    }
}

/// The way to a private key: there is none, and all the code for signing stays out of the binary.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("a client has no key of its own".into()))
    }
}

/// The date by which certificates are judged.
#[derive(Debug)]
struct Date;

impl TimeProvider for Date {
    fn current_time(&self) -> Option<UnixTime> {
        let date = DATE.get().map_or_else(SystemTime::now, |date| date());
        date.duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

static DATE: OnceLock<fn() -> SystemTime> = OnceLock::new();

/// From now on the date is what this says: tests have boards whose clocks are wrong.
#[doc(hidden)]
pub fn date_from(date: fn() -> SystemTime) {
    // The first one stays.
    let _ = DATE.set(date);
}

fn add_roots(roots: &mut RootCertStore, path: &Path) -> Result<(), TrustError> {
    let unusable = |why: String| TrustError::File { path: path.into(), why };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| unusable("it is not in PEM format".into()))?;
        roots
            .add(certificate)
            .map_err(|_| unusable("it holds a certificate that cannot be read".into()))?;
        found = true;
    }
    if found { Ok(()) } else { Err(unusable("it holds no PEM certificate".into())) }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for Connect {
    type Out = Either<In, Tls<In>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(below) = chained else { return Ok(None) };
        if !details.needs_tls() || below.is_tls() {
            return Ok(Some(Either::A(below)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("no valid host name"))?;
        // As ureq would pass on what rustls says in the exchange: inside of an I/O error.
        let connection = ClientConnection::new(self.0.clone(), name);
        let mut connection = connection.map_err(std::io::Error::other)?;
        let mut socket = TransportAdapter::new(below, details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(Tls { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// An established TLS connection.
pub struct Tls<In: Transport> {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter<In>>,
}

impl<In: Transport> Transport for Tls<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl<In: Transport> fmt::Debug for Tls<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why the file with further roots is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// It cannot be read, or holds no certificate.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// This build has no TLS version that is considered safe.
    NoTls,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrustError::File { path, why } => write!(
                f,
                "{}: {why}; give a readable PEM file with root certificates, or unset it",
                path.display()
            ),
            TrustError::NoTls => f.write_str("this build supports no TLS version"),
        }
    }
}

impl std::error::Error for TrustError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(content: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        Connect::new(Some(file.path())).unwrap_err().to_string()
    }

    #[test]
    fn says_what_is_wrong_with_a_file_of_roots() {
        assert!(error_of(b"").contains("holds no PEM certificate"));
        assert!(error_of(b"hello").contains("holds no PEM certificate"));
        let torn = b"-----BEGIN CERTIFICATE-----\nMIIB";
        assert!(error_of(torn).contains("not in PEM format"));
        let junk = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(error_of(junk).contains("cannot be read"));
    }

    #[test]
    fn keeps_mozillas_roots() {
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 50);
        assert!(Connect::new(None).is_ok());
    }
}
