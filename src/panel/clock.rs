//! CLOCK_MONOTONIC, as the sim socket prints it.

use crate::bridge::time::Mono;
use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};

/// Now.
pub(super) fn now() -> Mono {
    let now = clock_gettime(ClockId::Monotonic);
    Mono(Duration::new(now.tv_sec as u64, now.tv_nsec as u32))
}
