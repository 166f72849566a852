//! Tells when adopted processes may have ended, so that they are reaped while pigent is idle.
//!
//! What a finished run left running becomes a child of pigent. When it ends, the kernel sends
//! SIGCHLD and keeps it as a zombie until it is reaped. Nothing wakes up without such a signal.

use core::time::Duration;
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};
use std::io;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until};

/// Between the signal and the look at `/proc`: ends often come in groups, and one look costs
/// milliseconds on a small board.
const GATHER: Duration = Duration::from_secs(1);

/// A bell that rings for SIGCHLD.
#[derive(Debug)]
pub struct Orphans {
    bell: Option<(UnixStream, SigId)>,
    due: Option<Instant>,
}

impl Orphans {
    /// Begins to listen. Without a bell (out of file descriptors, no runtime) orphans are reaped
    /// only at a sweep.
    #[must_use]
    pub fn listen() -> Orphans {
        let bell = bell().inspect_err(|error| log::warn!("no SIGCHLD: {error}")).ok();
        Orphans { bell, due: None }
    }

    /// Until it is time to look for ended children. Cancel-safe.
    pub async fn ended(&mut self) {
        if self.due.is_none() {
            self.rung().await;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + GATHER);
        sleep_until(due).await;
        self.due = None;
    }
}

impl Orphans {
    async fn rung(&mut self) {
        let mut bytes = [0; 64];
        let Some((bell, id)) = &mut self.bell else { return core::future::pending().await };
        if bell.read(&mut bytes).await.unwrap_or(0) == 0 {
            unregister(*id);
            self.bell = None;
        }
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        if let Some((_, id)) = self.bell.take() {
            unregister(id);
        }
    }
}

fn bell() -> io::Result<(UnixStream, SigId)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let ours = UnixStream::from_std(ours)?;
    let id = pipe::register(SIGCHLD, theirs)?;
    Ok((ours, id))
}
