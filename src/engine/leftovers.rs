//! Ends what a killed daemon left running.
//!
//! Everything of a run carries its run id in the environment, and run ids begin with the state
//! folder's number, so a new start knows its own from another pigent's. Who emptied its
//! environment is only found by its cgroup, as under the systemd service.

use super::cgroup::{Group, Unit};
use super::command::instance_mark;
use super::proc::{Proc, World};
use super::sweep::{Sweep, Swept};
use super::tree::Prey;
use core::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long SIGTERM may take before SIGKILL.
const GENTLE: Duration = Duration::from_secs(2);

/// Ends whatever carries a run id of `instance`, and its descendants: SIGTERM, after 2 s SIGKILL,
/// at most 5 s in all. Then, by SIGKILL, what is left in cgroups of runs; their folders go, too.
/// With nothing to end, it returns after one look (a few milliseconds).
///
/// To be called once at start, before anything runs. Never ends pigent or its ancestors.
pub async fn end_leftovers(instance: u64, unit: Option<&Unit>) -> Swept {
    let mut swept = end(Prey::Family(instance_mark(instance)), GENTLE).await;
    for group in unit.map(Unit::groups).unwrap_or_default() {
        let more = end(Prey::Group(group), Duration::ZERO).await;
        swept.found.extend(more.found);
        swept.survivors.extend(more.survivors);
    }
    if let Some(unit) = unit {
        unit.tidy();
    }
    swept
}

async fn end(prey: Prey, gentle: Duration) -> Swept {
    let world = Proc::default();
    // /proc may not show all that a cgroup holds.
    let hidden = prey.group().is_some_and(Group::is_populated);
    if !hidden && prey.victims(&world, &world.processes(), |_| false).is_empty() {
        return Swept::default();
    }
    let mut sweep = Sweep::new(prey, gentle, Instant::now());
    loop {
        sleep_until(sweep.due()).await;
        if let Some(swept) = sweep.round(Instant::now(), &world, None) {
            return swept;
        }
    }
}
