//! What an outage costs, and how soon it is over: every way in which Telegram cannot be reached,
//! with an answer that waits and a prompt that was missed.
//!
//! The same ways as in `tests/network.rs`, measured from outside: CPU time, tries, memory, and the
//! time from the network's return to the answers. `cargo test` lets each way last for a few tries
//! and looks only at what arrives; `scripts/outages SECONDS` lets each last so long, prints a
//! table and holds the numbers as well.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../support/front.rs"]
mod front;
#[path = "../support/hosts.rs"]
mod hosts;
mod outage;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/usage.rs"]
mod usage;
mod wrong;

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

#[test]
fn whatever_fails_costs_next_to_nothing_and_is_over_soon() {
    let seconds = std::env::var("SECONDS_EACH").ok().map(|text| text.parse().unwrap());
    let (all, rows) = (wrong::all(), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for wrong in &all {
            let rows = &rows;
            scope.spawn(move || {
                let row = outage::live(wrong, seconds.map(Duration::from_secs));
                rows.lock().unwrap().extend(row);
            });
        }
    });
    let rows = rows.into_inner().unwrap();
    if let Some(seconds) = seconds {
        let tries: usize = rows.iter().map(|row| row.tries).sum();
        println!("{seconds} s each of {} outages, {tries} tries in vain:", rows.len());
        println!("{:<22} {:>7} {:>6} {:>10} {:>10}", "", "CPU %", "tries", "KiB more", "over in s");
        rows.iter().for_each(|row| println!("{row}"));
        let most = |of: fn(&outage::Row) -> f64| rows.iter().map(of).fold(0.0, f64::max);
        let (cpu, over) = (most(outage::Row::percent), most(outage::Row::recovery));
        println!("at most {cpu:.2} % of the CPU, over within {over:.1} s");
        let faults: Vec<String> = rows.iter().flat_map(outage::Row::faults).collect();
        assert_eq!(faults, Vec::<String>::new());
    }
}
