//! Runs stories, and makes a story that breaks a promise short enough to be read.

use super::events::Event;
use super::generate;
use super::mutations::Mutation;
use super::promises::{Broken, Promise};
use super::world::World;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tries that shortening a story may take.
const TRIES: u32 = 20_000;

/// Runs a story to its end. Answers the first promise that it breaks.
pub fn run(story: &[Event], mutation: Option<Mutation>) -> Option<Broken> {
    quiet();
    QUIET.set(true);
    let told = catch_unwind(AssertUnwindSafe(|| play(story, mutation, false)));
    QUIET.set(false);
    told.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Some(Broken { promise: Promise::NeverPanics, how: text.unwrap_or_default() })
    })
}

/// Runs a story and prints all of it.
pub fn aloud(story: &[Event]) {
    play(story, None, true);
}

fn play(story: &[Event], mutation: Option<Mutation>, aloud: bool) -> Option<Broken> {
    let mut world = World::new(mutation, aloud);
    let mut events = story.iter();
    let told = events.try_for_each(|event| world.happens(*event));
    told.and_then(|()| world.comes_to_rest()).err()
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics inside a story are results; elsewhere they are printed as ever.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
}

/// The shortest story that can be had by leaving events out and still breaks the same promise.
pub fn shorten(story: &[Event], promise: Promise, mutation: Option<Mutation>) -> Vec<Event> {
    let mut story = story.to_vec();
    let mut tries = TRIES;
    let breaks = |story: &[Event], tries: &mut u32| {
        *tries = tries.saturating_sub(1);
        *tries > 0 && run(story, mutation).is_some_and(|broken| broken.promise == promise)
    };
    let mut chunk = story.len().div_ceil(2);
    while chunk > 0 {
        let before = story.len();
        let mut at = 0;
        while at < story.len() {
            let mut less = story.clone();
            less.drain(at..(at + chunk).min(story.len()));
            if breaks(&less, &mut tries) {
                story = less;
            } else {
                at += chunk;
            }
        }
        let shrank = story.len() < before;
        chunk = if shrank && chunk == 1 { 1 } else { chunk / 2 };
    }
    for at in 0..story.len() {
        for simpler in simpler(story[at]) {
            let old = core::mem::replace(&mut story[at], simpler);
            if !breaks(&story, &mut tries) {
                story[at] = old;
            }
        }
    }
    story
}

fn simpler(event: Event) -> Vec<Event> {
    match event {
        Event::Writes(who, text, many) if many > 1 => {
            vec![Event::Writes(who, text, 2), Event::Writes(who, text, 1)]
        }
        Event::Orders(many) if many > 1 => vec![Event::Orders(1)],
        Event::Waits(time) if time > 10 => [100_000, 10_000, 1000, 10]
            .into_iter()
            .filter(|simpler| *simpler < time)
            .map(Event::Waits)
            .collect(),
        _ => Vec::new(),
    }
}

/// A story as Rust.
pub fn print(story: &[Event]) -> String {
    let lines: String = story.iter().map(|event| format!("    {event:?},\n")).collect();
    format!("[\n{lines}]")
}

/// Runs many seeds on all cores. Answers how many, and those that broke a promise; the rest is
/// left out once there are `most` of these.
pub fn seeds(first: u64, count: u64, most: usize) -> (u64, Vec<(u64, Broken)>) {
    let next = AtomicU64::new(first);
    let found = std::sync::Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= first + count || found.lock().unwrap().len() >= most {
            return;
        }
        if let Some(broken) = run(&generate::story(seed), None) {
            found.lock().unwrap().push((seed, broken));
        }
    };
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let ran = next.into_inner().saturating_sub(first).min(count);
    (ran, found.into_inner().unwrap())
}
