//! Levels and time in, presses out.
//!
//! No I/O and no clock: the panel's thread samples the pin whenever [`Button::next`] says so and
//! whenever the kernel reports an edge. Two rules are about safety. A button that is down when
//! pigent starts is stuck or wired the wrong way round: it counts only once it has been up, or
//! each start after a power cut would empty the queue. And a level must hold for the whole window
//! in every sample: a spike on a long wire stops nobody's work.

use super::pins::Edge;
use crate::bridge::input::Press;
use crate::bridge::time::Mono;
use core::time::Duration;

/// A level counts once it has been the same for so long.
const WINDOW: Duration = Duration::from_millis(30);

/// How often it is looked at within that time.
const RESAMPLE: Duration = Duration::from_millis(10);

/// How often the pin is looked at while edges cannot be relied on: 20 Hz.
const SAMPLE: Duration = Duration::from_millis(50);

/// Held so long, a press means more.
const HOLD: Duration = Duration::from_secs(3);

/// One button.
#[derive(Debug)]
pub(super) struct Button {
    /// The accepted level: down or not.
    down: bool,
    /// Since when every sample said otherwise.
    turning: Option<Mono>,
    /// When [`Press::Held`] is due.
    hold: Option<Mono>,
    /// When the pin is to be looked at next.
    next: Option<Mono>,
    /// The kernel has shown that it reports edges, and nothing says that it stopped.
    edges: bool,
}

impl Button {
    /// A button that is `down` or not at this moment. `edges`: they are known to come.
    pub(super) fn new(down: bool, edges: bool, now: Mono) -> Self {
        let mut button = Button { down, turning: None, hold: None, next: None, edges };
        button.plan(now);
        button
    }

    /// The kernel reported an edge, or reports none any more; a sample must follow.
    pub(super) fn edge(&mut self, edge: Edge) {
        self.edges = edge == Edge::Seen;
    }

    /// When to sample next if no edge comes before; `None`: not before an edge.
    pub(super) fn next(&self) -> Option<Mono> {
        self.next
    }

    /// The pin's level now.
    pub(super) fn sample(&mut self, down: bool, now: Mono) -> Option<Press> {
        let press = self.judge(down, now);
        self.plan(now);
        press
    }

    fn judge(&mut self, down: bool, now: Mono) -> Option<Press> {
        if down == self.down {
            self.turning = None;
            let due = self.hold.is_some_and(|hold| hold <= now);
            return due.then(|| {
                self.hold = None;
                Press::Held
            });
        }
        let since = *self.turning.get_or_insert(now);
        if now.since(since) < WINDOW {
            return None;
        }
        self.down = down;
        self.turning = None;
        self.hold = down.then(|| now.after(HOLD));
        down.then_some(Press::Down)
    }

    fn plan(&mut self, now: Mono) {
        let wait = match (self.turning, self.down) {
            (Some(_), _) => Some(RESAMPLE),
            // The edge of the release may be lost: who waits for it would miss the next press.
            (None, true) => Some(SAMPLE),
            (None, false) => (!self.edges).then_some(SAMPLE),
        };
        let next = wait.map(|wait| now.after(wait));
        self.next = next.map(|next| self.hold.map_or(next, |hold| next.min(hold.max(now))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    /// Plays levels (`(from, down)`, in ms) up to `end` and gives presses with their times.
    /// `edges` are delivered as the kernel would.
    fn play(levels: &[(u64, bool)], edges: bool, end: u64) -> (Vec<(u64, Press)>, u64) {
        let level = |at: u64| levels.iter().rev().find(|(from, _)| *from <= at).unwrap().1;
        let mut button = Button::new(level(0), false, ms(0));
        let (mut presses, mut samples) = (Vec::new(), 0);
        for at in 0..=end {
            let edge = edges && at > 0 && level(at) != level(at - 1);
            if edge {
                button.edge(Edge::Seen);
            }
            if edge || button.next().is_some_and(|next| next <= ms(at)) {
                samples += 1;
                presses.extend(button.sample(level(at), ms(at)).map(|press| (at, press)));
            }
        }
        (presses, samples)
    }

    #[test]
    fn a_press_goes_out_as_soon_as_it_is_debounced() {
        let levels = [(0, false), (1000, true), (1100, false)];
        assert_eq!(play(&levels, true, 2000).0, [(1030, Press::Down)]);
        // Without edges it is noticed up to 50 ms later.
        let (presses, _) = play(&[(0, false), (1001, true), (1101, false)], false, 2000);
        assert_eq!(presses, [(1080, Press::Down)]);
    }

    #[test]
    fn bounces_and_spikes_are_no_presses() {
        let spikes = [(0, false), (500, true), (525, false), (600, true), (609, false)];
        assert!(play(&spikes, true, 2000).0.is_empty());
        let bounces = [
            (0, false),
            (500, true),
            (502, false),
            (505, true),
            (700, false),
            (703, true),
            (706, false),
        ];
        assert_eq!(play(&bounces, true, 2000).0, [(535, Press::Down)]);
    }

    #[test]
    fn holding_counts_at_three_seconds_and_once() {
        let long = [(0, false), (1000, true), (9000, false)];
        let expected = [(1030, Press::Down), (4030, Press::Held)];
        assert_eq!(play(&long, true, 10_000).0, expected);
        let short = [(0, false), (1000, true), (3980, false)];
        assert_eq!(play(&short, true, 10_000).0, expected[..1]);
    }

    #[test]
    fn a_button_that_is_down_at_start_counts_only_after_it_was_up() {
        let stuck = [(0, true), (6000, false), (7000, true), (7100, false)];
        for edges in [true, false] {
            let (presses, _) = play(&stuck, edges, 8000);
            assert!(matches!(presses[..], [(7030..=7080, Press::Down)]), "{presses:?}");
        }
    }

    #[test]
    fn after_the_first_edge_nothing_is_sampled_while_the_button_is_up() {
        let levels = [(0, false), (1000, true), (1100, false)];
        let (_, edges) = play(&levels, true, 61_000);
        let (_, none) = play(&levels, false, 61_000);
        assert!(edges < 40 && none > 1200, "{edges} {none}");
    }

    #[test]
    fn a_lost_release_edge_costs_nothing() {
        let mut button = Button::new(false, true, ms(0));
        button.edge(Edge::Seen);
        assert_eq!(button.sample(true, ms(10)), None);
        assert_eq!(button.sample(true, ms(40)), Some(Press::Down));
        assert_eq!(button.next(), Some(ms(90)));
        assert_eq!(button.sample(false, ms(90)), None);
        assert_eq!(button.sample(false, ms(120)), None);
        assert_eq!(button.next(), None);
    }

    #[test]
    fn when_edges_stop_coming_it_is_sampled_again() {
        let mut button = Button::new(false, false, ms(0));
        button.edge(Edge::Seen);
        assert_eq!((button.sample(false, ms(10)), button.next()), (None, None));
        button.edge(Edge::Lost);
        assert_eq!((button.sample(false, ms(20)), button.next()), (None, Some(ms(70))));
        assert_eq!(button.sample(true, ms(70)), None);
        assert_eq!(button.sample(true, ms(100)), Some(Press::Down));
        assert_eq!(button.sample(false, ms(150)), None);
        assert_eq!(button.sample(false, ms(180)), None);
        assert_eq!(button.next(), Some(ms(230)));
    }
}
