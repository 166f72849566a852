//! Ends what a killed daemon left running.
//!
//! Everything of a run carries its run id in the environment, and run ids begin with the state
//! folder's number, so a new start knows its own from another pigent's. Who emptied its
//! environment escapes; under the systemd service the cgroup ends it.

use super::command::instance_mark;
use super::proc::{Proc, World};
use super::sweep::{Sweep, Swept};
use super::tree::Prey;
use core::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long SIGTERM may take before SIGKILL.
const GENTLE: Duration = Duration::from_secs(2);

/// Ends whatever carries a run id of `instance`, and its descendants: SIGTERM, after 2 s SIGKILL,
/// at most 5 s in all. With nothing to end, it returns after one look (a few milliseconds).
///
/// To be called once at start, before anything runs. Never ends pigent or its ancestors.
pub async fn end_leftovers(instance: u64) -> Swept {
    let world = Proc::default();
    let prey = Prey::Family(instance_mark(instance));
    if prey.victims(&world, &world.processes(), |_| false).is_empty() {
        return Swept::default();
    }
    let mut sweep = Sweep::new(prey, GENTLE, Instant::now());
    loop {
        sleep_until(sweep.due()).await;
        if let Some(swept) = sweep.round(Instant::now(), &world, None) {
            return swept;
        }
    }
}
