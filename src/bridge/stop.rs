//! The stop ladder: ask over stdin, SIGINT, SIGTERM, SIGKILL, and nothing of the run left.
//!
//! Each rung has [`RUNG`] to help; while pigent is leaving, one second. Exiting early does not
//! end a stop: Claude's shell tools run in sessions of their own (STREAM.md section 5), so the
//! engine sweeps the tree in any case. A run that merely lingers after its result is another
//! thing: only Claude's own process is ended, what it left running on purpose lives on.

use super::Bridge;
use super::effect::{Effect, Part, Reach, Signal};
use super::ids::RunId;
use super::input::Press;
use super::memory::Job;
use super::talk::Asker;
use super::time::Mono;
use core::time::Duration;

/// Time for each rung.
const RUNG: Duration = Duration::from_secs(3);
/// Time for the news of an exit to come in when everything is known to be dead.
const NEWS: Duration = Duration::from_secs(2);
/// Time for each rung while pigent is leaving.
const RUNG_LEAVING: Duration = Duration::from_secs(1);

/// Why a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A user asked for it.
    User,
    /// The button.
    Button,
    /// `PIGENT_JOB_TIMEOUT`.
    JobTimeout,
    /// `PIGENT_STALE_TIMEOUT`.
    Stale,
    /// pigent is leaving.
    Leaving,
    /// It has given its result and does not exit.
    Lingers,
}

/// A stop under way.
#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) why: Why,
    rung: Rung,
    next: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    Interrupt,
    Int,
    Term,
    /// The last one; the engine reports when it is over.
    Sweep,
    /// Nothing is left; only the news of the exit is still on its way.
    Swept,
}

impl Stopping {
    pub(super) fn next_step(&self) -> Option<Mono> {
        (self.rung != Rung::Sweep).then_some(self.next)
    }
}

impl Bridge {
    /// Begins to stop the run. A stop that is under way for another reason goes on as it is, only
    /// that leaving is in a hurry.
    pub(super) fn stop_run(&mut self, why: Why) {
        if self.stop_unstarted(why) {
            return;
        }
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        run.progress.changed();
        match &mut run.stop {
            Some(stop) if stop.why != Why::Lingers => {
                if why == Why::Leaving {
                    stop.why = why;
                    stop.next = stop.next.min(now.after(RUNG_LEAVING));
                }
                return;
            }
            _ => {}
        }
        let lingers = why == Why::Lingers;
        // Nothing is left to interrupt in a turn that is over.
        let rung = if run.turn_over { Rung::Term } else { Rung::Interrupt };
        let wait = if why == Why::Leaving { RUNG_LEAVING } else { RUNG };
        run.stop = Some(Stopping { why, rung, next: now.after(wait) });
        let id = run.id;
        self.withdraw_asks();
        let reach = if lingers { Reach::Agent } else { Reach::Tree };
        self.out.push(match rung {
            Rung::Interrupt => Effect::Interrupt { run: id },
            _ => Effect::Signal { run: id, signal: Signal::Term, reach },
        });
    }

    /// A start that still waits for the disk is simply taken back.
    fn stop_unstarted(&mut self, why: Why) -> bool {
        let leaving = why == Why::Leaving;
        let last = if leaving { self.words.view_over() } else { self.words.view_stopped() };
        let Some(job) = self.take_back_start(last) else {
            return false;
        };
        if leaving {
            self.memory.queue.push_front(job);
        } else {
            let text = self.words.stopped(None, why == Why::Button);
            self.final_plain(&job, &text);
        }
        self.ledger.urgent();
        true
    }

    /// The next rung, if its time has come.
    pub(super) fn stop_further(&mut self) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        let (id, exited) = (run.id, run.exit.is_some());
        let Some(stop) = &mut run.stop else { return };
        let lingers = stop.why == Why::Lingers;
        if stop.rung == Rung::Swept && (exited || stop.next <= now) {
            if lingers {
                run.survivors = vec![self.words.the_agent()];
            }
            return self.finish_run();
        }
        if exited || stop.rung == Rung::Sweep || stop.next > now {
            return;
        }
        let wait = if stop.why == Why::Leaving { RUNG_LEAVING } else { RUNG };
        stop.next = now.after(wait);
        let signal = |signal, reach| Effect::Signal { run: id, signal, reach };
        let (rung, effect) = match stop.rung {
            Rung::Interrupt => (Rung::Int, signal(Signal::Int, Reach::Agent)),
            Rung::Int => (Rung::Term, signal(Signal::Term, Reach::Tree)),
            // Nothing else is looked for, so the exit is the only news to wait for.
            _ if lingers => (Rung::Swept, signal(Signal::Kill, Reach::Agent)),
            _ => (Rung::Sweep, Effect::Sweep { run: id }),
        };
        stop.rung = rung;
        self.out.push(effect);
    }

    /// The run's own process is gone: sweep what is left, unless that is under way.
    pub(super) fn sweep_once(&mut self, id: RunId) {
        let Some(stop) = self.run.as_mut().and_then(|run| run.stop.as_mut()) else {
            return;
        };
        if !matches!(stop.rung, Rung::Sweep | Rung::Swept) {
            stop.rung = Rung::Sweep;
            self.out.push(Effect::Sweep { run: id });
        }
    }

    /// The engine has looked for the last time: nothing of the run is left, or it will not die.
    pub(super) fn swept(&mut self, survivors: Vec<String>) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        let (exited, stuck) = (run.exit.is_some(), !survivors.is_empty());
        run.survivors = survivors;
        let Some(stop) = run.stop.as_mut().filter(|_| !exited && !stuck) else {
            return self.finish_run();
        };
        stop.rung = Rung::Swept;
        stop.next = now.after(NEWS);
    }

    /// `/cancel`, `/stop`. What was asked for before the run began does not stop it.
    pub(super) fn cancel(&mut self, asker: Asker, all: bool) {
        let dropped = if all { self.drop_all() } else { Vec::new() };
        let stale = asker.backlog_date.is_some_and(|date| !self.began_before(date));
        let runs = self.run.is_some() && !stale;
        let text = self.words.cancelling(runs, all.then_some(dropped.len()));
        self.reply(asker, vec![Part::Plain(text)]);
        self.tell_dropped(&dropped, Some(asker));
        if runs {
            self.stop_run(Why::User);
        }
    }

    /// Whether the current run began before a message of that date. Unknown is "no": an old
    /// `/cancel` must not hit a later run.
    fn began_before(&self, date: i64) -> bool {
        let started = self.run.as_ref().map(|run| run.started.unwrap_or(self.now.mono));
        let (Some(started), Some(wall)) = (started, self.now.wall) else {
            return false;
        };
        let ago = i64::try_from(self.now.mono.since(started).as_secs()).unwrap_or(i64::MAX);
        date > wall.0.saturating_sub(ago)
    }

    /// A Stop button: it carries its run.
    pub(super) fn stop_tapped(&mut self, run: RunId) -> String {
        if !self.is_current(run) {
            return self.words.expired();
        }
        self.stop_run(Why::User);
        self.words.stopping()
    }

    /// The button in the closet. It also acknowledges an error.
    pub(super) fn press(&mut self, press: Press) {
        self.error_lamp = false;
        if press == Press::Held {
            let dropped = self.drop_all();
            self.tell_dropped(&dropped, None);
        }
        if self.run.is_some() {
            self.stop_run(Why::Button);
        }
    }

    /// Tells everybody whose waiting prompts were dropped, once a place; `by` has his reply.
    fn tell_dropped(&mut self, dropped: &[Job], by: Option<Asker>) {
        let mut told = Vec::from_iter(by.map(|asker| asker.place));
        for job in dropped {
            if !told.contains(&job.place) {
                told.push(job.place);
                let count = dropped.iter().filter(|other| other.place == job.place).count();
                let text = self.words.dropped(count, by.is_none());
                self.post_plain(job.place, Some(job.message), &text);
            }
        }
    }
}
