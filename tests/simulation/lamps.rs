//! What the lamps have to tell, and whether a stop is obeyed.

use super::promises::Promise;
use super::record::broken;
use super::telegram::Sent;
use super::world::{Step, World};
use core::time::Duration;
use pigent::bridge::agent::{AgentEvent, Verdict};
use pigent::bridge::effect::{Effect, Work};
use pigent::bridge::ids::RunId;
use pigent::bridge::input::{Input, Link};

/// The ladder, and a little.
const LADDER: Duration = Duration::from_secs(16);

/// After SIGTERM.
const LEAVING: Duration = Duration::from_secs(5);

/// How Telegram is reached, as DESIGN.md has it.
#[derive(Debug)]
pub struct LinkModel {
    pub good: Duration,
    pub failing: bool,
    pub bad_token: bool,
}

/// The error lamp, apart from trouble with disk, date and token: until the next run starts or the
/// button is pressed.
#[derive(Debug, Default)]
pub struct ErrorLamp {
    /// The agent said so.
    pub must_be_on: bool,
    /// Something ended that may have been an error.
    pub may_be_on: bool,
}

impl World {
    pub fn linked(&mut self, link: Link) -> Step {
        match link {
            Link::Down => self.link.failing = true,
            link => {
                let bad_token = link == Link::BadToken;
                self.link = LinkModel { good: self.now, failing: false, bad_token };
            }
        }
        self.step(Input::Link(link))
    }

    /// News of the agent, before the bridge has it.
    pub fn lamp_on_agent(&mut self, news: &Input) {
        let (run, says_error) = match news {
            Input::Agent { run, event: AgentEvent::Result(result) } => {
                (run, result.is_error && !result.text.contains("No conversation"))
            }
            Input::Exited { run, .. } | Input::StartFailed { run, .. } => (run, false),
            Input::Swept { run, .. } => (run, false),
            _ => return,
        };
        let Some(run) = self.record.runs.get(run) else { return };
        let first = run.posts.is_empty() && !run.spoke && !run.stopping && !run.unknown_session;
        self.lamp.must_be_on |= says_error && first;
        self.lamp.may_be_on = true;
    }

    /// After every step.
    pub fn check_signs(&self) -> Step {
        let (signs, link) = (self.signs, &self.link);
        let lie = |how: String| broken(Promise::LampTellsTheTruth, how);
        let patience = if link.failing { 20 } else { 75 };
        let offline = self.now >= link.good + Duration::from_secs(patience);
        if signs.offline != offline {
            return lie(format!("offline is {}, but {link:?} at {:?}", signs.offline, self.now));
        }
        let trouble = self.trouble || !self.knows_date || link.bad_token;
        let (must, may) = (trouble || self.lamp.must_be_on, trouble || self.lamp.may_be_on);
        if must && !signs.error || signs.error && !may {
            return lie(format!("error is {}, but {:?}", signs.error, self.lamp));
        }
        let alive = self.agent.as_ref().filter(|agent| !agent.dead);
        let expected: &[Work] = match alive {
            None if self.news.is_empty() && self.disk_is_idle() => &[Work::Idle],
            None => return Ok(()),
            Some(agent) if self.stop_asked.is_some_and(|it| it.0 == agent.run) => &[Work::Stopping],
            Some(agent) if agent.asks.is_empty() => &[Work::Busy, Work::Stopping],
            Some(_) => &[Work::Waiting, Work::Stopping],
        };
        if !expected.contains(&signs.work) {
            return lie(format!("{:?} instead of {expected:?}", signs.work));
        }
        Ok(())
    }

    /// Somebody whose word counts wanted the run stopped that was alive before the step.
    pub fn asked_to_stop(&mut self, target: Option<(RunId, bool)>) -> Step {
        let Some((run, stopping)) = target.filter(|target| self.alive() == Some(target.0)) else {
            return Ok(());
        };
        if self.signs.work != Work::Stopping {
            let how = format!("run {run} goes on: {:?}", self.signs.work);
            return broken(Promise::StopIsObeyed, how);
        }
        self.stop_asked.get_or_insert((run, self.now));
        if let Some(known) = self.record.runs.get_mut(&run) {
            known.stop_asked |= !stopping && !known.spoke;
        }
        Ok(())
    }

    /// The agent is told yes, or an answer, only by who asked for its run.
    pub fn check_verdicts(&self, sent: &[Sent], effects: &[Effect]) -> Step {
        for effect in effects {
            let Effect::Answer { run, verdict, .. } = effect else { continue };
            let writer =
                self.record.runs.get(run).and_then(|run| self.record.fates.get(&run.prompt));
            let writer = writer.and_then(|fate| fate.who);
            let says = |sent: &Sent| self.admits(sent) && self.is_same(sent.who, writer);
            if !matches!(verdict, Verdict::Deny { .. }) && !sent.iter().any(says) {
                let how = format!("{verdict:?}, which {writer:?} did not say");
                return broken(Promise::NothingFromStrangers, how);
            }
        }
        Ok(())
    }

    pub fn check_ladder(&self) -> Step {
        if self.leaving && self.now > self.leaving_since + LEAVING {
            let how = format!("it is leaving since {:?}", self.leaving_since);
            return broken(Promise::ComesToRest, how);
        }
        let Some((run, since)) = self.stop_asked else { return Ok(()) };
        if self.alive() == Some(run) && self.now > since + LADDER {
            return broken(Promise::StopIsObeyed, format!("run {run} is alive since {since:?}"));
        }
        Ok(())
    }
}
