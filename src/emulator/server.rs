//! The server's life: a port on loopback, a thread a connection, and an end when it is dropped.
//!
//! What a request means is `handle`'s business. Waiting, of long polls and of tests, is done on
//! one condition variable that is told of every change; nothing in here polls.

use super::faults::{Fault, Trouble};
use super::handle::{self, Ending};
use super::http;
use super::state::World;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The one token it knows.
    pub token: String,
    /// The bot's user name.
    pub username: String,
    /// Flood control: see [`super::flood`].
    pub flood: bool,
    /// Slow down clients that poll in a tight loop, as the real server does.
    pub poll_quirks: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            token: "123456:STAND-IN".to_owned(),
            username: "stand_in_bot".to_owned(),
            flood: true,
            poll_quirks: true,
        }
    }
}

/// A running stand-in. Dropping it ends it and closes every connection.
#[derive(Debug)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
    address: SocketAddr,
}

/// What the connections and the user share.
#[derive(Debug)]
pub(super) struct Shared {
    pub options: Options,
    pub changed: Condvar,
    world: Mutex<World>,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Server {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub fn start(options: Options) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let bot = options.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        let world = World::new(bot, options.username.clone(), options.flood);
        let shared = Arc::new(Shared {
            options,
            changed: Condvar::new(),
            world: Mutex::new(world),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || accept(&accepting, &listener))?;
        Ok(Server { shared, address })
    }

    /// For `TELEGRAM_API_URL`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For `TELEGRAM_BOT_TOKEN`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.options.token
    }

    /// Takes the network down (every connection is cut, new ones are reset) or up again.
    pub fn offline(&self, offline: bool) {
        self.shared.change(|world| world.offline = offline);
        if offline {
            self.shared.cut();
        }
    }

    /// Makes something go wrong.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.change(|world| world.faults.add(fault));
    }

    /// From now on nothing goes wrong; what hangs is closed.
    pub fn clear_faults(&self) {
        self.shared.change(|world| world.faults.clear());
    }

    /// Waits until `look` finds something, at most this long. It is asked after every change.
    pub fn wait<T>(&self, limit: Duration, mut look: impl FnMut(&World) -> Option<T>) -> Option<T> {
        let end = Instant::now() + limit;
        let mut world = self.shared.lock();
        loop {
            if let Some(found) = look(&world) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            world = self.shared.wait(world, left);
        }
    }

    /// Looks at everything once.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.shared.lock())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.change(|world| world.closing = true);
        self.shared.cut();
        // The listener waits in accept(): a last connection wakes it. Nobody has to see it end.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and tells everybody who waits.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Lets go of the world until something changes or the time is over.
    pub fn wait<'a>(&self, world: MutexGuard<'a, World>, limit: Duration) -> MutexGuard<'a, World> {
        let waited = self.changed.wait_timeout(world, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits unless the server ends, the network goes down or the faults are cleared.
    pub fn pause(&self, limit: Option<Duration>) {
        let end = limit.map(|limit| Instant::now() + limit);
        let mut world = self.lock();
        let cleared = world.faults.cleared;
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let over = left.is_some_and(|left| left.is_zero());
            if over || world.closing || world.offline || world.faults.cleared != cleared {
                return;
            }
            world = self.wait(world, left.unwrap_or(Duration::from_secs(3600)));
        }
    }

    fn cut(&self) {
        for stream in self.streams().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for (number, stream) in (0..).zip(listener.incoming()) {
        let Ok(stream) = stream else { continue };
        let (closing, offline) = {
            let world = shared.lock();
            (world.closing, world.offline)
        };
        if closing {
            return;
        }
        if offline {
            reset(&stream);
            continue;
        }
        let Ok(copy) = stream.try_clone() else { continue };
        shared.streams().insert(number, copy);
        let serving = Arc::clone(shared);
        let spawned = thread::Builder::new().name("stand-in".to_owned()).spawn(move || {
            let _ = serve(&serving, &stream);
            serving.streams().remove(&number);
        });
        if spawned.is_err() {
            shared.streams().remove(&number);
        }
    }
}

/// Reads requests and answers them until either side has enough.
fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = http::read(&mut reader)? {
        let close = request.close;
        let reply = handle::handle(shared, &request);
        match reply.ending {
            Ending::Send => writer.write_all(&reply.bytes)?,
            Ending::SendAndClose => {
                writer.write_all(&reply.bytes)?;
                return stream.shutdown(Shutdown::Both);
            }
            Ending::Close => return stream.shutdown(Shutdown::Both),
            Ending::Reset => {
                reset(stream);
                // The copy that `cut` uses holds the socket open: it has to go as well.
                return stream.shutdown(Shutdown::Both);
            }
            Ending::Drip(size, pause) => {
                for piece in reply.bytes.chunks(size.max(1)) {
                    writer.write_all(piece)?;
                    shared.pause(Some(pause));
                }
            }
        }
        if close {
            return stream.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

/// Closing this connection sends RST instead of FIN.
fn reset(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

impl Trouble {
    /// What the connection does after this trouble.
    pub(super) fn ending(&self) -> Ending {
        match self {
            Trouble::CloseBefore | Trouble::CloseAfter | Trouble::Hang => Ending::Close,
            Trouble::Reset => Ending::Reset,
            Trouble::Truncate => Ending::SendAndClose,
            Trouble::Drip(size, pause) => Ending::Drip(*size, *pause),
            _ => Ending::Send,
        }
    }
}
