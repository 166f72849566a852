//! `getUpdates`: what waits, what an offset confirms, and who may wait for more.
//!
//! The rules of BOTAPI.md section 4: the older of two waiting polls is told 409, an offset far
//! past the end is ignored, and a client that polls in a tight loop is slowed down.

use super::error::ApiError;
use super::params::Params;
use super::server::Shared;
use super::state::{Pending, World};
use core::time::Duration;
use serde_json::{Value, json};
use std::sync::MutexGuard;

/// Longest long poll, in seconds.
const MAX_TIMEOUT: i64 = 50;
/// The same offset again within this time, with a shorter poll, waits this long.
const BUSY_LOOP: Duration = Duration::from_secs(3);
/// The same offset again within this time gets one update.
const TIGHT_LOOP: Duration = Duration::from_millis(500);
/// Offsets further past the end than this are ignored.
const FUTURE: i64 = 10;
/// How long messages and edits wait.
const DAY: Duration = Duration::from_secs(86_400);
/// How long taps wait.
const TAP_WAITS: Duration = Duration::from_secs(150);
/// What nobody gets who has not asked for it.
const RARE: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

impl World {
    /// Queues an update, unless the bot has said that it does not want this kind.
    pub(super) fn push(&mut self, kind: &str, what: Value) -> Option<i64> {
        let wanted = match &self.polling.allowed {
            Some(names) if !names.is_empty() => names.iter().any(|name| name == kind),
            _ => !RARE.contains(&kind),
        };
        if !wanted {
            return None;
        }
        let id = self.next_update;
        self.next_update += 1;
        let wait = if kind == "callback_query" { TAP_WAITS } else { DAY };
        let expires = self.now() + wait;
        let update = json!({ "update_id": id, kind: what });
        self.updates.push_back(Pending { id, expires, update });
        Some(id)
    }

    /// Confirms what is below the offset and gives what is left.
    fn take(&mut self, offset: i64, limit: usize) -> Vec<Value> {
        let now = self.now();
        self.updates.retain(|pending| pending.expires > now);
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.updates.len().saturating_sub(keep);
            self.updates.drain(..surplus);
        } else if offset <= self.next_update + FUTURE {
            self.updates.retain(|pending| pending.id >= offset);
        }
        self.updates.iter().take(limit).map(|pending| pending.update.clone()).collect()
    }
}

/// One call of `getUpdates`; blocks for as long as the caller wants to wait.
pub(super) fn get_updates(shared: &Shared, params: &Params) -> Result<Value, ApiError> {
    let mut world = shared.lock();
    let offset = params.number("offset");
    let asked = if params.has("limit") { params.number("limit") } else { 100 };
    let mut limit = usize::try_from(asked.clamp(1, 100)).unwrap_or(100);
    let seconds = params.number("timeout").clamp(0, MAX_TIMEOUT);
    let mut timeout = Duration::from_secs(seconds.unsigned_abs());
    remember_kinds(&mut world, params);
    let now = world.now();
    let repeated = world.polling.last.filter(|(last, _)| *last == offset);
    if let Some((_, at)) = repeated.filter(|_| shared.options.poll_quirks) {
        if timeout < BUSY_LOOP && now < at + BUSY_LOOP {
            timeout = BUSY_LOOP;
        }
        if now < at + TIGHT_LOOP {
            limit = 1;
        }
    }
    world.polling.last = Some((offset, now));
    let found = world.take(offset, limit);
    if !found.is_empty() || timeout.is_zero() {
        return Ok(Value::Array(found));
    }
    wait(shared, world, offset.max(0), limit, now + timeout)
}

/// Waits until there is something, the time is over, or a newer poll takes over.
fn wait(
    shared: &Shared,
    mut world: MutexGuard<'_, World>,
    offset: i64,
    limit: usize,
    end: Duration,
) -> Result<Value, ApiError> {
    world.polling.count += 1;
    let mine = world.polling.count;
    world.polling.waiting = Some(mine);
    shared.changed.notify_all();
    loop {
        if world.polling.waiting != Some(mine) {
            return Err(conflict(&mut world));
        }
        let found = world.take(offset, limit);
        let left = end.saturating_sub(world.now());
        if !found.is_empty() || left.is_zero() || world.closing || world.offline {
            world.polling.waiting = None;
            return Ok(Value::Array(found));
        }
        world = shared.wait(world, left);
    }
}

/// The words for the older poll; from the second within 3 s on they come late.
fn conflict(world: &mut World) -> ApiError {
    let now = world.now();
    let late = now < world.polling.patience;
    if !late {
        world.polling.patience = now + BUSY_LOOP;
    }
    ApiError { late, ..two_pollers() }
}

/// What a poll hears that another one has displaced.
pub(super) fn two_pollers() -> ApiError {
    ApiError::new(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance \
         is running",
    )
}

/// `allowed_updates` stays in force until another one is sent; what is malformed is ignored.
fn remember_kinds(world: &mut World, params: &Params) {
    let Ok(Some(Value::Array(names))) = params.json("allowed_updates", "") else { return };
    let names = names.iter().filter_map(Value::as_str).map(str::to_lowercase);
    world.polling.allowed = Some(names.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let mut world = World::new(1, "bot".into(), false);
        for nth in 0..3 {
            world.push("message", json!({ "nth": nth }));
        }
        world
    }

    fn ids(found: &[Value]) -> Vec<i64> {
        found.iter().filter_map(|update| update["update_id"].as_i64()).collect()
    }

    #[test]
    fn an_offset_confirms_what_is_below_it() {
        let mut world = world();
        let first = ids(&world.take(0, 100))[0];
        assert_eq!(ids(&world.take(0, 2)), [first, first + 1]);
        assert_eq!(ids(&world.take(first + 2, 100)), [first + 2]);
        assert_eq!(ids(&world.take(0, 100)), [first + 2]);
        assert!(world.take(first + 3, 100).is_empty());
    }

    #[test]
    fn a_negative_offset_keeps_the_newest() {
        let mut world = world();
        assert_eq!(world.take(-1, 100).len(), 1);
        assert_eq!(world.unconfirmed(), 1);
    }

    #[test]
    fn an_offset_far_in_the_future_is_ignored() {
        let mut world = world();
        let far = world.next_update + 11;
        assert_eq!(world.take(far, 100).len(), 3);
    }

    #[test]
    fn only_kinds_that_were_asked_for_are_queued() {
        let mut world = world();
        assert_eq!(world.push("message_reaction", json!({})), None);
        world.polling.allowed = Some(vec!["message".into()]);
        assert_eq!(world.push("callback_query", json!({})), None);
        assert!(world.push("message", json!({})).is_some());
    }
}
