//! The panel's thread: waits for the next change of a lamp, the button, or new signs, whichever
//! comes first.
//!
//! No rule about patterns or presses is in here. It never blocks on anything but its own wait:
//! a press that the loop cannot take yet waits here while the lamps go on.

use super::button::Button;
use super::clock;
use super::pattern::Player;
use super::pins::{self, Pins};
use super::settings::{Lamp, Settings};
use crate::bridge::effect::Signs;
use crate::bridge::input::{Input, Press};
use crate::bridge::time::Mono;
use crate::failpoint;
use core::time::Duration;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// How soon a full channel is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Presses that may wait for the loop. Whoever pressed so often has been understood.
const WAITING: usize = 16;

/// What the thread and its handles share.
pub(super) struct Shared {
    orders: Mutex<Orders>,
    released: Condvar,
    wake: OwnedFd,
    /// Known once the thread has opened them.
    opened: OnceLock<(ThreadId, SharedPins)>,
}

/// Only the thread uses them; its own panic hook may have to put the lamps out.
type SharedPins = Arc<Mutex<Box<dyn Pins>>>;

#[derive(Default)]
struct Orders {
    signs: Option<Signs>,
    release: bool,
    released: bool,
}

impl Shared {
    pub(super) fn new() -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Shared {
            orders: Mutex::default(),
            released: Condvar::new(),
            wake,
            opened: OnceLock::new(),
        })
    }

    pub(super) fn show(&self, signs: Signs) {
        self.lock().signs = Some(signs);
        self.wake();
    }

    /// Asks for the release and waits for it, at most `patience`.
    pub(super) fn release(&self, patience: Duration) -> bool {
        if let Some((thread, pins)) = self.opened.get()
            && *thread == thread::current().id()
        {
            // The panic hook, on the panel's own thread: nobody else will do it any more. If it
            // was a pin that panicked, the pins are best left alone.
            return pins.try_lock().map(|mut pins| pins.release()).is_ok();
        }
        let mut orders = self.lock();
        orders.release = true;
        self.wake();
        let waiting = |orders: &mut Orders| !orders.released;
        let waited = self.released.wait_timeout_while(orders, patience, waiting);
        orders = waited.unwrap_or_else(PoisonError::into_inner).0;
        orders.released
    }

    /// The thread is gone, in whatever way.
    pub(super) fn set_released(&self) {
        self.lock().released = true;
        self.released.notify_all();
    }

    fn wake(&self) {
        // It can only be full, and then the thread wakes anyhow.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's body: opens the pins, runs until the release.
pub(super) fn run(settings: &Settings, shared: &Shared, inputs: &Sender<Input>) {
    let (pins, troubles) = pins::open(settings);
    for trouble in troubles {
        log::error!("{trouble}");
    }
    let pins = Arc::new(Mutex::new(pins));
    let _ = shared.opened.set((thread::current().id(), Arc::clone(&pins)));
    Panel::new(pins).run(shared, inputs);
    shared.set_released();
}

fn lock(pins: &Mutex<Box<dyn Pins>>) -> MutexGuard<'_, Box<dyn Pins>> {
    pins.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Panel {
    pins: SharedPins,
    player: Player,
    button: Option<Button>,
    /// The levels that the lamps were given last.
    levels: [bool; 3],
    waiting: VecDeque<Press>,
}

impl Panel {
    fn new(pins: SharedPins) -> Self {
        let (player, button) = {
            let mut pins = lock(&pins);
            let certain = pins.edges_are_certain();
            let button = pins.down().map(|down| Button::new(down, certain, clock::now()));
            (Player::new(pins.lamps()), button)
        };
        Panel { pins, player, button, levels: [false; 3], waiting: VecDeque::new() }
    }

    fn run(&mut self, shared: &Shared, inputs: &Sender<Input>) {
        loop {
            failpoint::pass("panel");
            let now = clock::now();
            {
                let mut orders = shared.lock();
                if orders.release {
                    break;
                }
                if let Some(signs) = orders.signs.take() {
                    self.player.show(signs, now);
                }
            }
            self.sample(now);
            // After the sample: what a late thread missed is seen in order, step by step.
            self.serve(now);
            self.deliver(inputs);
            let change = self.light(now);
            self.wait(shared, change);
        }
        lock(&self.pins).release();
    }

    /// Samples the button if it is time to.
    fn sample(&mut self, now: Mono) {
        let due = self.button.as_ref().and_then(Button::next).is_some_and(|next| next <= now);
        if due {
            self.look(now);
        }
    }

    fn serve(&mut self, now: Mono) {
        let edge = lock(&self.pins).serve(now);
        let Some(edge) = edge else { return };
        if let Some(button) = &mut self.button {
            button.edge(edge);
        }
        self.look(now);
    }

    fn look(&mut self, now: Mono) {
        let down = lock(&self.pins).down();
        let Some(down) = down else {
            self.button = None;
            return;
        };
        let Some(press) = self.button.as_mut().and_then(|button| button.sample(down, now)) else {
            return;
        };
        log::info!("the button was {}", if press == Press::Down { "pressed" } else { "held" });
        self.player.flash(now);
        if self.waiting.len() < WAITING {
            self.waiting.push_back(press);
        }
    }

    fn deliver(&mut self, inputs: &Sender<Input>) {
        while let Some(press) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(_)) = inputs.try_send(Input::Press(press)) {
                self.waiting.push_front(press);
                return;
            }
        }
    }

    /// Gives each lamp its level; the moment of the next change.
    fn light(&mut self, now: Mono) -> Option<Mono> {
        let (levels, change) = self.player.at(now);
        for lamp in Lamp::ALL {
            let level = levels[lamp as usize];
            if level != self.levels[lamp as usize] {
                lock(&self.pins).set(lamp, level);
            }
        }
        self.levels = levels;
        change
    }

    fn wait(&self, shared: &Shared, change: Option<Mono>) {
        let now = clock::now();
        let retry = (!self.waiting.is_empty()).then(|| now.after(RETRY));
        let sample = self.button.as_ref().and_then(Button::next);
        let pins = lock(&self.pins);
        let next = [change, sample, retry, pins.deadline()].into_iter().flatten().min();
        let timeout = next.map(|next| {
            let wait = next.since(now);
            Timespec { tv_sec: wait.as_secs() as _, tv_nsec: wait.subsec_nanos() as _ }
        });
        let mut sources = vec![PollFd::new(&shared.wake, PollFlags::IN)];
        pins.sources(&mut sources);
        // An interrupted wait is a wait that is over.
        let _ = poll(&mut sources, timeout.as_ref());
        let _ = rustix::io::read(&shared.wake, &mut [0; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::pins::Edge;

    /// A button that is up, and what is told of its line at each call.
    struct Fake(Vec<Option<Edge>>);

    impl Pins for Fake {
        fn lamps(&self) -> [bool; 3] {
            [false; 3]
        }
        fn set(&mut self, _lamp: Lamp, _on: bool) {}
        fn down(&mut self) -> Option<bool> {
            Some(false)
        }
        fn sources<'a>(&'a self, _sources: &mut Vec<PollFd<'a>>) {}
        fn serve(&mut self, _now: Mono) -> Option<Edge> {
            self.0.remove(0)
        }
        fn release(&mut self) {}
    }

    #[test]
    fn a_button_whose_edges_are_lost_is_looked_at_again() {
        let told = vec![Some(Edge::Seen), None, Some(Edge::Lost), None];
        let mut panel = Panel::new(Arc::new(Mutex::new(Box::new(Fake(told)))));
        let now = clock::now();
        let mut next = || {
            panel.serve(now);
            panel.button.as_ref().and_then(Button::next)
        };
        let sampled = Some(now.after(Duration::from_millis(50)));
        assert_eq!([next(), next(), next(), next()], [None, None, sampled, sampled]);
    }
}
