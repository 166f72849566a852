//! Signs and time in, the level of each lamp and the moment of its next change out.
//!
//! No I/O and no clock. How the signs are spread over the lamps there are:
//!
//! | sign | on the first lamp there is of | pattern |
//! |---|---|---|
//! | stopping | busy, idle, error | 8 Hz |
//! | waiting for the user | busy, idle, error | double blink |
//! | error or trouble | error, idle, busy | three short, a pause |
//! | working | busy, idle, error | 1 Hz |
//! | offline | idle, busy, error | 3 s on, 3 s off |
//! | idle | idle, busy, error | a short blip every 4 s |
//!
//! If several fall on one lamp, the upper one wins; so one lamp alone shows them all in this
//! order. Without an error lamp its sign goes to the idle lamp, which is dark while the busy lamp
//! works: nothing is hidden by it but "offline". A pattern begins anew when it changes, not when
//! the same signs come again.

use super::settings::Lamp;
use crate::bridge::effect::{Signs, Work};
use crate::bridge::time::Mono;
use core::time::Duration;

/// How long an accepted press inverts a lamp: long enough to be seen, short against any pattern.
const FLASH: Duration = Duration::from_millis(100);

/// What a lamp does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    Dark,
    Idle,
    Offline,
    Working,
    Error,
    Waiting,
    Stopping,
}

impl Pattern {
    /// Milliseconds on, off, on, off …, over and over.
    fn beats(self) -> &'static [u64] {
        match self {
            Pattern::Dark => &[],
            Pattern::Idle => &[60, 3940],
            Pattern::Offline => &[3000, 3000],
            Pattern::Working => &[500, 500],
            Pattern::Error => &[150, 150, 150, 150, 150, 1250],
            Pattern::Waiting => &[100, 150, 100, 1150],
            Pattern::Stopping => &[62, 63],
        }
    }

    /// The level after `elapsed`, and how long it stays.
    fn at(self, elapsed: Duration) -> (bool, Option<Duration>) {
        let beats = self.beats();
        let cycle: u64 = beats.iter().sum();
        if cycle == 0 {
            return (false, None);
        }
        let cycle = Duration::from_millis(cycle);
        let into = Duration::from_nanos((elapsed.as_nanos() % cycle.as_nanos()) as u64);
        let mut end = Duration::ZERO;
        for (index, beat) in beats.iter().enumerate() {
            end += Duration::from_millis(*beat);
            if into < end {
                return (index % 2 == 0, Some(end - into));
            }
        }
        (false, None)
    }
}

/// What each of the lamps shows over time.
#[derive(Debug)]
pub(super) struct Player {
    /// Which lamps there are, in the order of [`Lamp::ALL`].
    there: [bool; 3],
    /// Pattern and when it began.
    shown: [(Pattern, Mono); 3],
    /// Until when a press is being shown.
    flash: Option<Mono>,
}

impl Player {
    /// All lamps dark.
    pub(super) fn new(there: [bool; 3]) -> Self {
        let dark = (Pattern::Dark, Mono::default());
        Player { there, shown: [dark; 3], flash: None }
    }

    /// From now on these signs.
    pub(super) fn show(&mut self, signs: Signs, now: Mono) {
        for (shown, pattern) in self.shown.iter_mut().zip(assign(signs, self.there)) {
            if shown.0 != pattern {
                *shown = (pattern, now);
            }
        }
    }

    /// A press was accepted.
    pub(super) fn flash(&mut self, now: Mono) {
        self.flash = Some(now.after(FLASH));
    }

    /// The level of each lamp, and when one of them changes next.
    pub(super) fn at(&self, now: Mono) -> ([bool; 3], Option<Mono>) {
        let mut levels = [false; 3];
        let flash = self.flash.filter(|end| now < *end);
        let mut next = flash;
        for (level, (pattern, began)) in levels.iter_mut().zip(self.shown) {
            let (lit, stays) = pattern.at(now.since(began));
            *level = lit;
            let change = stays.map(|stays| now.after(stays));
            next = next.into_iter().chain(change).min();
        }
        if let Some(lamp) = flash.and_then(|_| home(&BUSY_FIRST, self.there)) {
            levels[lamp as usize] ^= true;
        }
        (levels, next)
    }
}

const BUSY_FIRST: [Lamp; 3] = [Lamp::Busy, Lamp::Idle, Lamp::Error];
const IDLE_FIRST: [Lamp; 3] = [Lamp::Idle, Lamp::Busy, Lamp::Error];
const ERROR_FIRST: [Lamp; 3] = [Lamp::Error, Lamp::Idle, Lamp::Busy];

/// The first of these lamps that is there.
fn home(order: &[Lamp; 3], there: [bool; 3]) -> Option<Lamp> {
    order.iter().copied().find(|lamp| there[*lamp as usize])
}

/// The table at the top, read from below, so that the upper one has the last word.
fn assign(signs: Signs, there: [bool; 3]) -> [Pattern; 3] {
    let signs = [
        (signs.work == Work::Idle, Pattern::Idle, &IDLE_FIRST),
        (signs.offline, Pattern::Offline, &IDLE_FIRST),
        (signs.work == Work::Busy, Pattern::Working, &BUSY_FIRST),
        (signs.error, Pattern::Error, &ERROR_FIRST),
        (signs.work == Work::Waiting, Pattern::Waiting, &BUSY_FIRST),
        (signs.work == Work::Stopping, Pattern::Stopping, &BUSY_FIRST),
    ];
    let mut patterns = [Pattern::Dark; 3];
    for (_, pattern, order) in signs.into_iter().filter(|(on, ..)| *on) {
        if let Some(lamp) = home(order, there) {
            patterns[lamp as usize] = pattern;
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; 3] = [true; 3];
    const NONE: [u64; 0] = [];

    fn signs(work: Work, error: bool, offline: bool) -> Signs {
        Signs { work, error, offline }
    }

    fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    /// Times in ms at which the lamp changes from `start` to `end`, beginning dark.
    fn changes(player: &Player, lamp: Lamp, start: u64, end: u64) -> Vec<u64> {
        let (mut now, mut lit, mut found) = (ms(start), false, Vec::new());
        while now < ms(end) {
            let (levels, next) = player.at(now);
            if levels[lamp as usize] != lit {
                lit = !lit;
                found.push(now.0.as_millis() as u64);
            }
            match next {
                Some(next) => now = next,
                None => break,
            }
        }
        found
    }

    fn shown(work: Work, error: bool, offline: bool, lamp: Lamp) -> Vec<u64> {
        let mut player = Player::new(ALL);
        player.show(signs(work, error, offline), ms(1000));
        changes(&player, lamp, 1000, 9000).iter().map(|at| at - 1000).take(8).collect()
    }

    #[test]
    fn patterns_are_those_of_the_design_and_begin_at_once() {
        assert_eq!(shown(Work::Idle, false, false, Lamp::Idle), [0, 60, 4000, 4060]);
        assert_eq!(shown(Work::Idle, false, true, Lamp::Idle), [0, 3000, 6000]);
        assert_eq!(shown(Work::Busy, false, false, Lamp::Busy)[..5], [0, 500, 1000, 1500, 2000]);
        assert_eq!(shown(Work::Waiting, false, false, Lamp::Busy)[..5], [0, 100, 250, 350, 1500]);
        assert_eq!(shown(Work::Stopping, false, false, Lamp::Busy)[..5], [0, 62, 125, 187, 250]);
        let three = [0, 150, 300, 450, 600, 750, 2000, 2150];
        assert_eq!(shown(Work::Busy, true, false, Lamp::Error), three);
        assert_eq!(shown(Work::Busy, false, false, Lamp::Idle), NONE);
        assert_eq!(shown(Work::Idle, false, false, Lamp::Busy), NONE);
    }

    #[test]
    fn an_idle_panel_changes_a_lamp_twice_in_four_seconds() {
        assert!(shown(Work::Idle, false, false, Lamp::Idle).len() <= 4);
    }

    #[test]
    fn one_lamp_shows_them_all_in_order() {
        use Pattern::*;
        for lamp in 0..3 {
            let mut there = [false; 3];
            there[lamp] = true;
            let shows = |work, error, offline| assign(signs(work, error, offline), there)[lamp];
            assert_eq!(shows(Work::Stopping, true, true), Stopping);
            assert_eq!(shows(Work::Waiting, true, true), Waiting);
            assert_eq!(shows(Work::Busy, true, true), Error);
            assert_eq!(shows(Work::Busy, false, true), Working);
            assert_eq!(shows(Work::Idle, false, true), Offline);
            assert_eq!(shows(Work::Idle, false, false), Idle);
        }
    }

    #[test]
    fn two_lamps_hide_as_little_as_they_can() {
        use Pattern::*;
        let both = |there: [u8; 3], work, error, offline| {
            assign(signs(work, error, offline), there.map(|there| there == 1))
        };
        assert_eq!(both([1, 1, 0], Work::Busy, true, false), [Working, Error, Dark]);
        assert_eq!(both([1, 1, 0], Work::Idle, true, false), [Dark, Error, Dark]);
        assert_eq!(both([1, 0, 1], Work::Idle, true, true), [Offline, Dark, Error]);
        assert_eq!(both([1, 0, 1], Work::Busy, true, true), [Working, Dark, Error]);
        assert_eq!(both([0, 1, 1], Work::Waiting, true, true), [Dark, Waiting, Error]);
        assert_eq!(both([0, 0, 0], Work::Waiting, true, true), [Dark, Dark, Dark]);
    }

    #[test]
    fn the_same_signs_again_do_not_begin_the_pattern_again() {
        let mut player = Player::new(ALL);
        player.show(signs(Work::Busy, false, false), ms(0));
        player.show(signs(Work::Busy, true, false), ms(700));
        assert_eq!(player.at(ms(700)).0, [false, false, true]);
    }

    #[test]
    fn a_press_inverts_a_lamp_for_a_moment_whatever_it_shows() {
        for work in [Work::Idle, Work::Busy, Work::Waiting, Work::Stopping] {
            for there in [[true; 3], [false, true, false], [false, false, true]] {
                let mut player = Player::new(there);
                player.show(signs(work, false, false), ms(0));
                for at in 0..2000 {
                    let before = player.at(ms(at)).0;
                    player.flash(ms(at));
                    let (after, next) = player.at(ms(at));
                    assert_ne!(before, after);
                    assert!(next.is_some_and(|next| next <= ms(at + 100)));
                    player.flash = None;
                }
            }
        }
        let mut player = Player::new(ALL);
        player.flash(ms(5));
        assert_eq!(player.at(ms(104)), ([true, false, false], Some(ms(105))));
        assert_eq!(player.at(ms(105)), ([false; 3], None));
    }
}
