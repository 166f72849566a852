//! Host names to addresses, remembered for ten minutes.
//!
//! ureq's own resolver asks at every request, also when the connection is open already, each
//! time on a new thread: on a Pi that is a round trip to the router for every edit, a send that
//! fails because DNS does, and a panic when no thread can be had.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an answer is used. Telegram's addresses change rarely, and a failed exchange makes
/// the client [`forget`](Resolve::forget) anyway.
const KEEP: Duration = Duration::from_secs(600);

/// Addresses of one name that are tried; [`ResolvedSocketAddrs`] has room for 16.
const MOST: usize = 8;

/// A resolver that remembers its last answer. Clones share it.
#[derive(Clone, Default)]
pub struct Resolve(Arc<Mutex<Option<Known>>>);

struct Known {
    name: String,
    since: Instant,
    addresses: Vec<SocketAddr>,
}

impl Resolve {
    /// Asks again next time: the address may be what is wrong.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    fn recall(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let known = self.lock();
        let fresh = known.as_ref().filter(|k| k.name == name && k.since.elapsed() < KEEP)?;
        Some(fresh.addresses.clone())
    }

    fn remember(&self, name: String, addresses: &[SocketAddr]) {
        let addresses = addresses.to_vec();
        *self.lock() = Some(Known { name, since: Instant::now(), addresses });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for Resolve {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let name = host_and_port(uri).ok_or(Error::HostNotFound)?;
        let addresses = match self.recall(&name) {
            Some(addresses) => addresses,
            None => {
                let addresses = look_up(&name, timeout)?;
                self.remember(name, &addresses);
                addresses
            }
        };
        let mut result = self.empty();
        for address in addresses {
            result.push(address);
        }
        Ok(result)
    }
}

impl fmt::Debug for Resolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolve").finish_non_exhaustive()
    }
}

fn host_and_port(uri: &Uri) -> Option<String> {
    DefaultResolver::host_and_port(uri.scheme()?, uri.authority()?)
}

/// Asks the system, on a thread of its own because that cannot be interrupted: a question nobody
/// waits for any more ends by itself within the system's time-out. An address needs no thread.
fn look_up(name: &str, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let (answer, wait) = mpsc::sync_channel::<io::Result<Vec<SocketAddr>>>(1);
    let question = name.to_owned();
    thread::Builder::new().name("resolve".into()).spawn(move || {
        let found = question.to_socket_addrs().map(|found| found.take(MOST).collect());
        // Nobody waits any more if this fails.
        let _ = answer.send(found);
    })?;
    match wait.recv_timeout(*timeout.after) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(Error::HostNotFound),
        Err(_) => Err(Error::Timeout(ureq::Timeout::Resolve)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(resolver: &Resolve, uri: &str) -> Result<Vec<SocketAddr>, Error> {
        let uri: Uri = uri.parse().unwrap();
        let after = ureq::unversioned::transport::time::Duration::from_secs(60);
        let timeout = NextTimeout { after, reason: ureq::Timeout::Resolve, ..Default::default() };
        Ok(resolver.resolve(&uri, &Config::default(), timeout)?.iter().copied().collect())
    }

    #[test]
    fn knows_addresses_and_default_ports() {
        let resolver = Resolve::default();
        let check = |uri, expect: &str| {
            assert_eq!(resolve(&resolver, uri).unwrap(), [expect.parse().unwrap()]);
        };
        check("http://127.0.0.1:8081/a", "127.0.0.1:8081");
        check("https://127.0.0.1", "127.0.0.1:443");
        check("http://[::1]", "[::1]:80");
    }

    #[test]
    fn remembers_until_told_to_forget() {
        let resolver = Resolve::default();
        resolver.remember("pi.example:443".into(), &["192.0.2.7:443".parse().unwrap()]);
        let remembered = resolve(&resolver, "https://pi.example/x").unwrap();
        assert_eq!(remembered, ["192.0.2.7:443".parse().unwrap()]);
        resolver.forget();
        assert!(resolver.recall("pi.example:443").is_none());
    }

    #[test]
    fn another_name_is_another_question() {
        let resolver = Resolve::default();
        resolver.remember("a.example:443".into(), &["192.0.2.7:443".parse().unwrap()]);
        assert!(resolver.recall("b.example:443").is_none());
    }

    #[test]
    fn asks_the_system_for_names() {
        let found = resolve(&Resolve::default(), "http://localhost:81").unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 81));
    }
}
