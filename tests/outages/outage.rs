//! One outage: a run goes on into it, a prompt is missed, and both are answered afterwards.

use crate::support::{CHAT, Harness, LONG};
use crate::usage::Usage;
use crate::wrong::{Closet, Wrong};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// Growth of the resident memory that is allowed, in KiB.
const MEMORY: u64 = 1024;
/// An outage of this length has numbers that mean something.
const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// What one outage cost.
#[derive(Clone, Debug)]
pub struct Row {
    wrong: Wrong,
    lasted: Duration,
    cpu: Duration,
    /// Connections made or requests spoiled, whichever are more.
    pub tries: usize,
    grown: u64,
    over: Duration,
}

/// Lives through one; `None` where it cannot be tried.
pub fn live(wrong: &Wrong, lasts: Option<Duration>) -> Option<Row> {
    let mut closet = wrong.prepare()?;
    closet.harness.launch();
    assert_eq!(closet.harness.ask("echo warm up"), "warm up");
    let running = closet.harness.say("work 1");
    closet.harness.started("work 1");
    wrong.begin(&closet);
    let missed = closet.harness.server.say(CHAT, "echo missed").message;
    let pid = closet.harness.pid().unwrap();
    let (since, before, tried) = (Instant::now(), Usage::of(pid), tries(&closet));
    match lasts {
        Some(lasts) => thread::sleep(lasts),
        None => last_for_some_tries(wrong, &closet),
    }
    let (lasted, after) = (since.elapsed(), Usage::of(pid));
    let tries = tries(&closet) - tried;
    let back = Instant::now();
    wrong.end(&closet);
    check_answers(&closet.harness, running, missed, wrong.name);
    Some(Row {
        wrong: wrong.clone(),
        lasted,
        cpu: Duration::from_millis(10 * (after.ticks - before.ticks)),
        tries,
        grown: after.resident.saturating_sub(before.resident),
        over: back.elapsed(),
    })
}

/// Nobody counts the tries at a door that is closed: there, after a while, the log has to do.
fn last_for_some_tries(wrong: &Wrong, closet: &Closet) {
    let (tried, since) = (tries(closet), Instant::now());
    let mut cuts = 0;
    let enough = || {
        let seconds = since.elapsed().as_secs();
        let noticed = closet.harness.log().contains("Telegram");
        if !noticed && seconds > cuts {
            // Between two polls nobody noticed the first time: the next one began anew, with the
            // address that was known.
            cuts = seconds;
            wrong.again(closet);
        }
        (tries(closet) >= tried + 3 || (noticed && seconds >= 5)).then_some(())
    };
    if pigent::emulator::daemon::until(LONG, enough).is_none() {
        closet.harness.fail(&format!("{}: neither tries nor word of them", wrong.name));
    }
}

fn tries(closet: &Closet) -> usize {
    let spoiled = closet
        .harness
        .server
        .look(|world| world.log().iter().filter(|exchange| exchange.spoiled).count());
    spoiled.max(closet.front.arrivals().len())
}

/// Nothing is lost, nothing is run twice.
fn check_answers(harness: &Harness, running: i64, missed: i64, name: &str) {
    assert!(harness.answer(running).text().contains("Worked"), "{name}");
    assert_eq!(harness.answer(missed).text(), "missed", "{name}");
    assert_eq!(harness.starts().len(), 3, "{name}");
}

impl Row {
    /// The share of one CPU that it took.
    pub fn percent(&self) -> f64 {
        100.0 * self.cpu.as_secs_f64() / self.lasted.as_secs_f64()
    }

    /// Seconds from its end to the last answer.
    pub fn recovery(&self) -> f64 {
        self.over.as_secs_f64()
    }

    /// Which numbers are not held.
    pub fn faults(&self) -> Vec<String> {
        let (name, seconds) = (self.wrong.name, self.lasted.as_secs() as usize);
        let short = self.lasted < LONG_ENOUGH;
        // Two endpoints, and twice in the first second.
        let most = 2 * (seconds + 3);
        [
            (!short && self.percent() >= 1.0, "1 % of CPU"),
            (self.tries > most, "one try a second and endpoint"),
            (self.grown > MEMORY, "1 MiB of memory"),
            (self.over.as_secs() > self.wrong.over_in, "the time to recover"),
        ]
        .iter()
        .filter(|(broken, _)| *broken)
        .map(|(_, what)| format!("{name}: more than {what}"))
        .collect()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { wrong, tries, grown, .. } = self;
        let (name, percent, over) = (wrong.name, self.percent(), self.recovery());
        let most = wrong.over_in;
        write!(f, "{name:<22} {percent:7.2} {tries:6} {grown:10} {over:7.1}/{most}")
    }
}
