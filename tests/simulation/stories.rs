//! Stories that broke a promise once, as the simulator printed them.

use super::events::Event::{self, *};
use super::events::{Lane::*, Outcome::*, Pick::*, Poll::*, Says::*, Text::*, Who::*};
use super::tell;

fn check(story: &[Event]) {
    if let Some(broken) = tell::run(story, None) {
        panic!("{broken}");
    }
}

#[test]
fn a_day_without_trouble() {
    check(&[
        Polls(Answered),
        Writes(Owner, Prompt, 1),
        Polls(Answered),
        DiskBegins,
        DiskEnds,
        Agent(Answers),
        Agent(Exits),
        DiskBegins,
        DiskEnds,
        Sends(Private, Post, Taken),
    ]);
}
