//! The poller thread: `getUpdates` to [`Input`]s, for ever.
//!
//! A thin shell around `polling.rs`; it believes and decides nothing. Inputs go to the loop over
//! a bounded channel; when the loop is gone, the thread ends. It is never joined: a poll cannot
//! be interrupted.

use super::client::Client;
use super::decode::Decoded;
use super::error::Error;
pub use super::polling::Pace;
use super::polling::{Polling, Then};
use crate::bridge::ids::UpdateId;
use crate::bridge::input::{Batch, Input, Link, Told, Update};
use crate::failpoint;
use crate::haste;
use core::time::Duration;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tokio::sync::mpsc::Sender;

/// Starts the thread. It sends, in this order after each poll: [`Input::Link`],
/// [`Input::Updates`] if there were any the bridge has not had yet, and once
/// [`Input::Drained`].
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(client: Client, inputs: Sender<Input>, pace: Pace) -> io::Result<(Confirms, Pulse)> {
    let (confirms, pulse) = (Confirms::default(), Pulse::new());
    let poller = Poller {
        client,
        inputs,
        confirms: confirms.clone(),
        pulse: pulse.clone(),
        rules: Polling::new(Duration::ZERO, pace),
        started: Instant::now(),
        complained: None,
    };
    thread::Builder::new().name("poller".into()).spawn(move || poller.run())?;
    Ok((confirms, pulse))
}

/// How long one attempt may take: the longest poll and its patience end after 60 s.
const ATTEMPT: Duration = Duration::from_secs(90);

/// Whether the thread makes progress: attempts that end, well or badly. A dead network is not a
/// stuck thread.
#[derive(Clone, Debug)]
pub struct Pulse {
    base: Instant,
    /// Milliseconds since `base` until which it counts as alive without another sign.
    until: Arc<AtomicU64>,
}

impl Pulse {
    fn new() -> Pulse {
        let pulse = Pulse { base: Instant::now(), until: Arc::default() };
        pulse.beat(Duration::ZERO);
        pulse
    }

    /// An attempt has ended; the next one begins after `wait`.
    fn beat(&self, wait: Duration) {
        let until = self.base.elapsed().saturating_add(wait).saturating_add(ATTEMPT);
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until.store(until, Ordering::Relaxed);
    }

    /// Whether the last attempt is recent enough.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.base.elapsed() < Duration::from_millis(self.until.load(Ordering::Relaxed))
    }
}

/// Where the loop leaves [`crate::bridge::Effect::Confirm`] for the thread. Never blocks.
#[derive(Clone, Debug, Default)]
pub struct Confirms(Arc<(Mutex<Option<UpdateId>>, Condvar)>);

impl Confirms {
    /// Everything below `next` may be confirmed to Telegram.
    pub fn confirm(&self, next: UpdateId) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        self.0.1.notify_one();
    }

    /// The newest confirmation.
    fn newest(&self) -> Option<UpdateId> {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when `wanted` is the newest confirmation, at the latest after `limit`.
    fn wait_for(&self, wanted: UpdateId, limit: Duration) {
        let newest = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(newest, limit, |next| *next != Some(wanted));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// The loop has ended, and so does the thread.
struct Gone;

struct Poller {
    client: Client,
    inputs: Sender<Input>,
    confirms: Confirms,
    pulse: Pulse,
    rules: Polling,
    started: Instant,
    /// What the log was told last, so that an outage of a day is one line, whatever forms it takes.
    complained: Option<Link>,
}

impl Poller {
    fn run(mut self) {
        while self.poll().is_ok() {}
    }

    /// One poll and the wait after it.
    fn poll(&mut self) -> Result<(), Gone> {
        failpoint::pass("poller");
        if let Some(next) = self.confirms.newest() {
            self.rules.confirmed(next);
        }
        let ask = self.rules.ask(self.now());
        let result = self.client.get_updates(ask.offset, ask.limit, ask.timeout, ask.patience);
        let then = match result.and_then(refuse_nameless) {
            Ok(decoded) => self.take(decoded)?,
            Err(error) => self.fail(&error)?,
        };
        self.pulse.beat(if let Then::Wait(wait) = then { wait } else { Duration::ZERO });
        self.announce()?;
        match then {
            Then::Ask => Ok(()),
            Then::Wait(wait) => self.pause(wait),
            Then::Confirm(next, limit) => {
                self.confirms.wait_for(next, haste::takes(limit));
                Ok(())
            }
        }
    }

    fn fail(&mut self, error: &Error) -> Result<Then, Gone> {
        self.complain(error);
        self.send(Input::Link(error.link()))?;
        let wait = self.rules.failed(error);
        match self.rules.give_up() {
            None => Ok(Then::Wait(wait)),
            Some(id) => {
                let what = Told::Unreadable { why: "the answer with it is not JSON".into() };
                self.take(Decoded { updates: vec![Update { id, what }], nameless: 0 })
            }
        }
    }

    fn take(&mut self, decoded: Decoded) -> Result<Then, Gone> {
        if self.complained.take().is_some() {
            log::info!("Telegram answers again");
        }
        self.send(Input::Link(Link::Up))?;
        if decoded.nameless > 0 {
            log::warn!("{} updates without a readable id are left out", decoded.nameless);
        }
        // The last one's, never the greatest: ids may start anew.
        let next = decoded.updates.last().map(|last| UpdateId(last.id.0.saturating_add(1)));
        let step = self.rules.answered(self.now(), next);
        if let (true, Some(next)) = (step.hand_over, next) {
            let updates = decoded.updates;
            self.send(Input::Updates(Batch { updates, next, backlog: step.backlog }))?;
        }
        Ok(step.then)
    }

    /// Sleeps, but not past the time to announce the end of the backlog.
    fn pause(&mut self, wait: Duration) -> Result<(), Gone> {
        let end = self.now() + wait;
        loop {
            let now = self.now();
            let left = end.saturating_sub(now);
            if left.is_zero() {
                return Ok(());
            }
            let wait = self.rules.until_drained(now).map_or(left, |until| left.min(until));
            thread::sleep(haste::takes(wait));
            self.announce()?;
        }
    }

    fn announce(&mut self) -> Result<(), Gone> {
        if self.rules.take_drained(self.now()) { self.send(Input::Drained) } else { Ok(()) }
    }

    /// Says once what is wrong, however often it is.
    fn complain(&mut self, error: &Error) {
        if self.complained.replace(error.link()) != Some(error.link()) {
            log::warn!("polling: {error}; trying again for as long as it takes");
        }
    }

    fn send(&self, input: Input) -> Result<(), Gone> {
        self.inputs.blocking_send(input).map_err(|_| Gone)
    }

    fn now(&self) -> Duration {
        haste::passed(self.started.elapsed())
    }
}

/// Updates that cannot be confirmed come again at once: without others beside them they are a
/// failure, to be repeated ever more slowly.
fn refuse_nameless(decoded: Decoded) -> Result<Decoded, Error> {
    if decoded.updates.is_empty() && decoded.nameless > 0 {
        return Err(Error::Network { why: "the answer is updates without an id".into() });
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_seen_before_and_while_it_is_waited_for() {
        let confirms = Confirms::default();
        confirms.wait_for(UpdateId(1), Duration::ZERO);
        assert_eq!(confirms.newest(), None);
        confirms.confirm(UpdateId(1));
        let long = Duration::from_secs(600);
        confirms.wait_for(UpdateId(1), long);
        let other = confirms.clone();
        let waiting = thread::spawn(move || other.wait_for(UpdateId(2), long));
        confirms.confirm(UpdateId(2));
        waiting.join().unwrap();
        assert_eq!(confirms.newest(), Some(UpdateId(2)));
    }

    #[test]
    fn a_thread_without_a_finished_attempt_for_long_is_not_alive() {
        let pulse = Pulse::new();
        assert!(pulse.is_alive());
        pulse.until.store(0, Ordering::Relaxed);
        assert!(!pulse.is_alive());
        pulse.beat(Duration::MAX);
        assert!(pulse.is_alive(), "a long back-off is no standstill");
    }

    #[test]
    fn updates_that_cannot_be_told_apart_are_a_failure() {
        let only = Decoded { updates: vec![], nameless: 2 };
        assert!(matches!(refuse_nameless(only), Err(Error::Network { .. })));
        assert!(refuse_nameless(Decoded::default()).is_ok());
    }
}
