//! Eyes on the lamps and a finger on the button: a client of the sim panel's socket.
//!
//! pigent writes `lamp busy on 123456789` (microseconds of its monotonic clock) for every change,
//! and reads `press`, `release` and `tap`. What was seen is kept, for tests to look at.

use core::time::Duration;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// One change of a lamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `busy`, `idle` or `error`.
    pub lamp: String,
    /// It was lit.
    pub on: bool,
    /// Microseconds of the monotonic clock.
    pub at: u64,
}

/// A connection to the sim panel. Dropping it closes it.
#[derive(Debug)]
pub struct SimPanel {
    stream: UnixStream,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    changes: Mutex<Vec<Change>>,
    news: Condvar,
}

impl SimPanel {
    /// Connects to the socket that pigent has created.
    ///
    /// # Errors
    /// It is not there yet, or nobody listens.
    pub fn connect(socket: &Path) -> io::Result<SimPanel> {
        let stream = UnixStream::connect(socket)?;
        let seen = Arc::new(Seen::default());
        let (reader, noting) = (BufReader::new(stream.try_clone()?), Arc::clone(&seen));
        thread::Builder::new().name("sim-panel".to_owned()).spawn(move || {
            for change in reader.lines().map_while(Result::ok).filter_map(|line| parse(&line)) {
                noting.lock().push(change);
                noting.news.notify_all();
            }
        })?;
        Ok(SimPanel { stream, seen })
    }

    /// Writes `tap`, `press` or `release`.
    ///
    /// # Errors
    /// pigent is gone.
    pub fn send(&self, word: &str) -> io::Result<()> {
        (&self.stream).write_all(format!("{word}\n").as_bytes())
    }

    /// Waits until `look` finds something in all that was seen, at most this long.
    pub fn wait<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&[Change]) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        let mut changes = self.seen.lock();
        loop {
            if let Some(found) = look(&changes) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.seen.news.wait_timeout(changes, left);
            changes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many changes were seen so far: a mark for "since then".
    #[must_use]
    pub fn count(&self) -> usize {
        self.seen.lock().len()
    }

    /// The lamps that are lit now.
    #[must_use]
    pub fn lit(&self) -> Vec<String> {
        let changes = self.seen.lock();
        let newest = |lamp: &str| changes.iter().rev().find(|change| change.lamp == lamp);
        let lamps = ["busy", "idle", "error"].into_iter();
        lamps.filter(|lamp| newest(lamp).is_some_and(|c| c.on)).map(str::to_owned).collect()
    }
}

impl Drop for SimPanel {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Vec<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(line: &str) -> Option<Change> {
    let mut words = line.split_whitespace();
    if words.next()? != "lamp" {
        return None;
    }
    let lamp = words.next()?.to_owned();
    let on = match words.next()? {
        "on" => true,
        "off" => false,
        _ => return None,
    };
    Some(Change { lamp, on, at: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn lamps_are_seen_and_the_button_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let panel = SimPanel::connect(&socket).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        other.write_all(b"lamp busy on 5\nhello\nlamp idle off 6\n").unwrap();
        let seen =
            panel.wait(Duration::from_secs(20), |seen| (seen.len() == 2).then(|| seen.to_vec()));
        assert_eq!(seen.unwrap()[0], Change { lamp: "busy".into(), on: true, at: 5 });
        assert_eq!(panel.lit(), ["busy"]);
        panel.send("tap").unwrap();
        let mut line = String::new();
        BufReader::new(other).read_line(&mut line).unwrap();
        assert_eq!(line, "tap\n");
    }
}
