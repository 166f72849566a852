//! A door in front of the stand-in: what happens to connections before anybody speaks HTTP.
//!
//! The stand-in spoils requests; this spoils what is below: a closed port, silence, TLS that
//! fails. Every connection is counted.
#![allow(dead_code)]

pub mod certificate;

use pigent::emulator::Server;
use rustls::ServerConnection;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They reach the stand-in.
    Open,
    /// Nobody listens: connecting is refused.
    Refused,
    /// They are taken, and then nothing is ever said.
    Mute,
    /// They are answered with bytes that are neither TLS nor HTTP.
    Babble,
    /// As `Open`, after a TLS handshake with the certificate of the tests.
    Tls,
}

/// A door. Dropping it closes it.
pub struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    inside: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    way: Way,
    /// A listener is there.
    listening: bool,
    closing: bool,
    open: Vec<TcpStream>,
    arrivals: Vec<Instant>,
}

impl Front {
    /// A door to this server.
    pub fn new(server: &Server, way: Way) -> Front {
        let inside = server.api_url().trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state =
            State { way, listening: true, closing: false, open: Vec::new(), arrivals: Vec::new() };
        let shared = Arc::new(Shared { inside, state: Mutex::new(state), changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        thread::spawn(move || doorkeeper(&theirs, listener, address));
        Front { address, shared }
    }

    /// For `TELEGRAM_API_URL`, by this scheme and host.
    pub fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}", self.address.port())
    }

    /// From now on connections fare so; those that are open are cut.
    pub fn set(&self, way: Way) {
        let mut state = self.shared.lock();
        state.way = way;
        state.open.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        self.shared.changed.notify_all();
        let listening = state.listening;
        drop(state);
        if listening && way == Way::Refused {
            // Whoever waits in accept() looks at the new way.
            drop(TcpStream::connect(self.address));
        }
        let mut state = self.shared.lock();
        while state.listening != (way != Way::Refused) && !state.closing {
            state = self.shared.changed.wait(state).unwrap();
        }
    }

    /// When connections came.
    pub fn arrivals(&self) -> Vec<Instant> {
        self.shared.lock().arrivals.clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.set(Way::Refused);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Listens for as long as the way is one on which somebody does.
fn doorkeeper(shared: &Arc<Shared>, first: TcpListener, address: SocketAddr) {
    let mut listener = Some(first);
    loop {
        let stream = listener.as_ref().map(TcpListener::accept);
        let mut state = shared.lock();
        if state.closing {
            return;
        }
        if state.way == Way::Refused {
            drop(listener.take());
            state.listening = false;
            shared.changed.notify_all();
            while state.way == Way::Refused && !state.closing {
                state = shared.changed.wait(state).unwrap();
            }
            if state.closing {
                return;
            }
            listener = TcpListener::bind(address).ok();
            state.listening = listener.is_some();
            shared.changed.notify_all();
        } else if let Some(Ok((stream, _))) = stream {
            state.arrivals.push(Instant::now());
            state.open.push(stream.try_clone().unwrap());
            let (way, shared) = (state.way, Arc::clone(shared));
            thread::spawn(move || drop(serve(&shared, way, stream)));
        }
    }
}

fn serve(shared: &Shared, way: Way, mut stream: TcpStream) -> io::Result<()> {
    match way {
        Way::Refused => Ok(()),
        Way::Mute => {
            let mut state = shared.lock();
            while state.way == Way::Mute && !state.closing {
                state = shared.changed.wait(state).unwrap();
            }
            Ok(())
        }
        Way::Babble => {
            stream.write_all(b"\x00\xffgood evening\r\n\r\n")?;
            stream.shutdown(Shutdown::Both)
        }
        Way::Open => relay(shared, stream, None),
        Way::Tls => {
            let connection =
                ServerConnection::new(certificate::server()).map_err(io::Error::other)?;
            relay(shared, stream, Some(connection))
        }
    }
}

/// Carries bytes between the client and the stand-in until either has enough. The protocol is
/// question and answer, so one thread for TLS does.
fn relay(shared: &Shared, client: TcpStream, tls: Option<ServerConnection>) -> io::Result<()> {
    let inside = TcpStream::connect(shared.inside)?;
    inside.set_nodelay(true)?;
    client.set_nodelay(true)?;
    shared.lock().open.push(inside.try_clone()?);
    match tls {
        None => {
            let (mut from, mut to) = (client.try_clone()?, inside.try_clone()?);
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let (mut from, mut to) = (inside, client);
            let _ = io::copy(&mut from, &mut to);
            to.shutdown(Shutdown::Both)
        }
        Some(connection) => relay_tls(&client, &inside, connection),
    }
}

fn relay_tls(client: &TcpStream, inside: &TcpStream, mut tls: ServerConnection) -> io::Result<()> {
    let short = Some(Duration::from_millis(5));
    tls.complete_io(&mut { client })?;
    client.set_read_timeout(short)?;
    inside.set_read_timeout(short)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match tls.read_tls(&mut { client }) {
            Ok(0) => return inside.shutdown(Shutdown::Both),
            Ok(_) => {
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error),
        }
        while let Ok(read) = tls.reader().read(&mut buffer) {
            if read == 0 {
                break;
            }
            { inside }.write_all(&buffer[..read])?;
        }
        match { inside }.read(&mut buffer) {
            Ok(0) => return client.shutdown(Shutdown::Both),
            Ok(read) => tls.writer().write_all(&buffer[..read])?,
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error),
        }
        while tls.wants_write() {
            tls.write_tls(&mut { client })?;
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
