//! Time as the bridge sees it: an argument, never a clock.
//!
//! Deadlines use [`Mono`], which does not jump when the board learns the date; wall time is only
//! shown and compared with dates Telegram wrote, and is unknown until the clock has been set.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Monotonic time since an arbitrary fixed moment before pigent's start. Never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mono(pub Duration);

impl Mono {
    /// The moment `wait` after this one, or the far end of time if that cannot be written down.
    #[must_use]
    pub fn after(self, wait: Duration) -> Mono {
        Mono(self.0.saturating_add(wait))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Mono) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Seconds since 1970, UTC. 64 bits on every board: 2038 is not special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wall(pub i64);

/// The two times of one step.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For every deadline.
    pub mono: Mono,
    /// `None` while the clock is before the build date: a board without a battery-backed clock
    /// starts in 1970 or at its last shutdown.
    pub wall: Option<Wall>,
}
