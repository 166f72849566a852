//! The two clocks, read at one place: monotonic for deadlines, wall time if it can be believed.

use crate::bridge::time::{Mono, Now, Wall};
use crate::haste;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// When this binary was built, seconds since 1970 (see `build.rs`). No honest clock is before.
const BUILT: &str = env!("PIGENT_BUILD_DATE");

/// Counts from a fixed moment of this start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    built: i64,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { start: Instant::now(), built: BUILT.parse().unwrap_or_default() }
    }

    pub(super) fn now(&self) -> Now {
        let since_1970 = system_time().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
        let wall = (seconds >= self.built).then_some(Wall(seconds));
        Now { mono: Mono(haste::passed(self.start.elapsed())), wall }
    }

    /// A deadline of the bridge as tokio wants it.
    pub(super) fn instant(&self, at: Mono) -> Instant {
        // A year is as good as never, and always within what an Instant can hold.
        let year = Duration::from_secs(366 * 86400);
        self.start + haste::takes(at.0).min(self.start.elapsed() + year)
    }
}

/// What the board believes the time to be.
#[cfg(not(feature = "emulator"))]
fn system_time() -> SystemTime {
    SystemTime::now()
}

/// The same, for tests of a board without a battery: `STAND_IN_CLOCK` names a file that holds the
/// seconds since 1970, for as long as it is there.
#[cfg(feature = "emulator")]
pub(super) fn system_time() -> SystemTime {
    use std::sync::OnceLock;
    static FILE: OnceLock<Option<std::ffi::OsString>> = OnceLock::new();
    let file = FILE.get_or_init(|| std::env::var_os("STAND_IN_CLOCK"));
    let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let seconds = text.and_then(|text| text.trim().parse().ok());
    seconds.map_or_else(SystemTime::now, |seconds| UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Whether the board knows the date, for `doctor`.
#[must_use]
pub fn clock_is_set() -> bool {
    Clock::start().now().wall.is_some()
}
