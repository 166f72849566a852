//! The panel without a board: a Unix socket in place of pins.
//!
//! Not a test double: the demo and the tests use it through the same files as any script. To
//! every client it writes `lamp busy on 123456789` (name `busy`, `idle` or `error`, `on` or
//! `off`, CLOCK_MONOTONIC in microseconds): at connect the state of all three lamps, then a line
//! a change. It reads the lines `press`, `release` and `tap` (a press of 100 ms; several in a row
//! come one after the other). They are the contact of the button, not a press: `button.rs`
//! debounces it as on a board. Anything else is answered by a line that begins with `error`.
//!
//! A client that does not read is dropped when its socket buffer is full: nobody can hold up the
//! lamps. One that has said all it wants (`printf 'tap\n' | nc -U …`) is still told everything.

use super::pins::{Edge, Pins};
use super::settings::Lamp;
use crate::bridge::time::Mono;
use core::time::Duration;
use rustix::event::{PollFd, PollFlags};
use std::collections::VecDeque;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Clients at once.
const CLIENTS: usize = 16;

/// Bytes of an unfinished line.
const LINE: usize = 256;

/// Movements of the button that wait for their time.
const MOVES: usize = 64;

/// How long `tap` presses, and the pause after it before the next.
const TAP: Duration = Duration::from_millis(100);

/// How long a release lasts at least: what comes at once after it is a press of its own.
const PAUSE: Duration = Duration::from_millis(50);

/// The socket and who is connected.
pub(super) struct Sim {
    path: PathBuf,
    listener: UnixListener,
    clients: Vec<Client>,
    lamps: [bool; 3],
    down: bool,
    /// Levels of the button to come, and how long each must last before the next.
    moves: VecDeque<(bool, Duration)>,
    /// The level now lasts at least until then.
    until: Mono,
}

impl Sim {
    /// Makes the socket, readable and writable by its owner only; a stale one is replaced.
    ///
    /// # Errors
    /// If something that is no socket has that path, or the folder does not take one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                let why =
                    format!("{} is there and is no socket: take another path", path.display());
                return Err(io::Error::new(ErrorKind::AlreadyExists, why));
            }
            _ => {}
        }
        // Under another name first: nobody may connect before it is closed to others.
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let describe =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let _ = fs::remove_file(&new);
        let listener = UnixListener::bind(&new).map_err(describe)?;
        let placed = fs::set_permissions(&new, Permissions::from_mode(0o600));
        placed.and_then(|()| fs::rename(&new, path)).map_err(describe)?;
        listener.set_nonblocking(true)?;
        Ok(Sim {
            path: path.to_owned(),
            listener,
            clients: Vec::new(),
            lamps: [false; 3],
            down: false,
            moves: VecDeque::new(),
            until: Mono::default(),
        })
    }

    fn accept(&mut self, now: Mono) {
        // Bounded: whoever connects in a loop waits for the next round.
        for _ in 0..CLIENTS {
            let Ok((mut stream, _)) = self.listener.accept() else { return };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.clients.len() >= CLIENTS {
                // Who only listens may have left; it would be noticed at the next change.
                self.clients.retain(|client| !client.mute);
            }
            if self.clients.len() >= CLIENTS {
                let _ = stream.write(b"error too many clients\n");
                continue;
            }
            let mut client = Client { stream, line: Vec::new(), mute: false, gone: false };
            for lamp in Lamp::ALL {
                client.tell(&line(lamp, self.lamps[lamp as usize], now));
            }
            self.clients.push(client);
        }
    }

    fn listen(&mut self) {
        let moves = &mut self.moves;
        for client in self.clients.iter_mut().filter(|client| !client.mute) {
            client.read(moves);
        }
        self.clients.retain(|client| !client.gone);
    }

    /// One step a call, so that a press is seen before its release however late this is.
    fn act(&mut self, now: Mono) -> bool {
        if now < self.until {
            return false;
        }
        let Some((down, lasts)) = self.moves.pop_front() else { return false };
        let edge = self.down != down;
        self.down = down;
        self.until = now.after(lasts);
        edge
    }
}

impl Pins for Sim {
    fn lamps(&self) -> [bool; 3] {
        [true; 3]
    }

    fn set(&mut self, lamp: Lamp, on: bool) {
        if self.lamps[lamp as usize] == on {
            return;
        }
        self.lamps[lamp as usize] = on;
        let line = line(lamp, on, super::clock::now());
        for client in &mut self.clients {
            client.tell(&line);
        }
        self.clients.retain(|client| !client.gone);
    }

    fn down(&mut self) -> Option<bool> {
        Some(self.down)
    }

    fn edges_are_certain(&self) -> bool {
        true
    }

    fn sources<'a>(&'a self, sources: &mut Vec<PollFd<'a>>) {
        sources.push(PollFd::new(&self.listener, PollFlags::IN));
        let talking = self.clients.iter().filter(|client| !client.mute);
        sources.extend(talking.map(|client| PollFd::new(&client.stream, PollFlags::IN)));
    }

    fn serve(&mut self, now: Mono) -> Option<Edge> {
        self.listen();
        self.accept(now);
        self.act(now).then_some(Edge::Seen)
    }

    fn deadline(&self) -> Option<Mono> {
        (!self.moves.is_empty()).then_some(self.until)
    }

    fn release(&mut self) {
        for lamp in Lamp::ALL {
            self.set(lamp, false);
        }
        self.clients.clear();
        let _ = fs::remove_file(&self.path);
    }
}

/// One connection.
struct Client {
    stream: UnixStream,
    /// A line that has not ended yet.
    line: Vec<u8>,
    /// It will say nothing more.
    mute: bool,
    /// To be dropped.
    gone: bool,
}

impl Client {
    fn tell(&mut self, line: &str) {
        // A part of a line cannot be taken back: who took only that is dropped, too.
        if self.stream.write(line.as_bytes()).ok() != Some(line.len()) {
            self.gone = true;
        }
    }

    fn read(&mut self, moves: &mut VecDeque<(bool, Duration)>) {
        let mut buffer = [0; 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.mute = true,
            Ok(read) => {
                for byte in &buffer[..read] {
                    self.take(*byte, moves);
                }
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.gone = true,
        }
    }

    fn take(&mut self, byte: u8, moves: &mut VecDeque<(bool, Duration)>) {
        if byte != b'\n' {
            self.line.push(byte);
            if self.line.len() > LINE {
                self.tell("error line too long\n");
                self.gone = true;
                self.line.clear();
            }
            return;
        }
        let line = std::mem::take(&mut self.line);
        let wanted: &[_] = match line.trim_ascii() {
            b"press" => &[(true, Duration::ZERO)],
            b"release" => &[(false, PAUSE)],
            b"tap" => &[(true, TAP), (false, TAP)],
            _ => return self.tell("error unknown line: allowed are press, release, tap\n"),
        };
        if moves.len() + wanted.len() > MOVES {
            return self.tell("error too many movements at once\n");
        }
        moves.extend(wanted);
    }
}

fn line(lamp: Lamp, on: bool, now: Mono) -> String {
    format!("lamp {lamp} {} {}\n", if on { "on" } else { "off" }, now.0.as_micros())
}
