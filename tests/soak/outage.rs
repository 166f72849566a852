//! The ways in which Telegram cannot be reached, one after the other.

use crate::dice::Dice;
use crate::front::{Front, Way};
use pigent::emulator::{Fault, Server, Trouble};
use std::time::Duration;

/// What is wrong while an outage lasts.
#[derive(Clone, Debug)]
enum Wrong {
    /// Before anybody speaks HTTP.
    Door(Way),
    /// With every request, or with those of one method.
    Server(Trouble, Option<&'static str>),
}

/// How many ways there are.
pub const WAYS: usize = 18;

/// An outage of the `nth` way begins.
pub fn begin(nth: usize, server: &Server, front: &Front) {
    match way(nth) {
        Wrong::Door(way) => front.set(way),
        Wrong::Server(trouble, None) => server.add_fault(Fault::new(trouble).forever()),
        Wrong::Server(trouble, Some(method)) => {
            server.add_fault(Fault::new(trouble).on(method).times(2));
        }
    }
}

/// It is over.
pub fn end(server: &Server, front: &Front) {
    server.clear_faults();
    front.set(Way::Open);
}

/// For as long as this an outage goes on once it has been noticed.
pub fn length(dice: &mut Dice) -> Duration {
    dice.up_to(Duration::from_millis(150))
}

fn way(nth: usize) -> Wrong {
    let all = |trouble| Wrong::Server(trouble, None);
    match nth % WAYS {
        0 => Wrong::Door(Way::Refused),
        1 => Wrong::Door(Way::Mute),
        2 => Wrong::Door(Way::Babble),
        3 => all(Trouble::CloseBefore),
        4 => all(Trouble::CloseAfter),
        5 => all(Trouble::Reset),
        6 => all(Trouble::Hang),
        7 => all(Trouble::Delay(Duration::from_millis(40))),
        8 => all(Trouble::Http(500, None)),
        9 => all(Trouble::Http(502, Some("<html><h1>502</h1>".repeat(5000)))),
        10 => all(Trouble::Http(404, Some("{\"ok\":false".to_owned()))),
        11 => all(Trouble::Garbage),
        12 => all(Trouble::Truncate),
        13 => all(Trouble::Drip(20, Duration::from_millis(1))),
        14 => all(Trouble::Unauthorized),
        15 => all(Trouble::Flood(1)),
        16 => Wrong::Server(Trouble::Flood(30), Some("sendMessage")),
        _ => Wrong::Server(Trouble::Conflict, Some("getUpdates")),
    }
}
