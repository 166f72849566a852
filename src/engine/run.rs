//! One process of the agent, from spawn to exit.
//!
//! [`Run::next`] moves everything that moves: it reads stdout and stderr as soon as something is
//! there, writes what waits for stdin, and notices the exit. It decides nothing: the stop ladder
//! is the bridge's, and what a line means is known to [`super::transcript`].

use super::cgroup::Group;
use super::control::Requests;
use super::proc::{Identity, Proc, World};
use super::program;
use super::protocol;
use super::settings::Settings;
use super::spawn::spawn;
use super::stdin::Stdin;
use super::tail::Tail;
use super::transcript::{Heard, Transcript};
use super::tree::{Prey, Tree};
use super::{arm32, command};
use crate::bridge::AgentEvent;
use crate::bridge::agent::{Exit, StartError, Verdict};
use crate::bridge::effect::{Reach, Signal, Start};
use crate::bridge::ids::RunId;
use core::time::Duration;
use rustix::process::{Pid, kill_process_group};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, sleep_until};

/// One read. A pipe holds four of these; more at once would make a longer list of events.
const CHUNK: usize = 16 << 10;

/// One read of stderr, which says little.
const NOISE: usize = 4 << 10;

/// How long the output may go on after the process has ended: a child may hold the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// What is read after the exit, at most, once [`DRAIN`] is over: more than was in any pipe then.
const DRAIN_MAX: usize = 1 << 20;

/// Something a run reports.
#[derive(Debug)]
pub enum RunEvent {
    /// What its output said, in order; not empty.
    Heard(Vec<AgentEvent>),
    /// Its process has ended and its output is read. Nothing follows.
    Exited(Exit),
}

/// A run.
#[derive(Debug)]
pub struct Run {
    id: RunId,
    child: Child,
    /// Its own process.
    root: Identity,
    /// All of it.
    prey: Prey,
    stdin: Stdin,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    chunk: Box<[u8]>,
    noise: Box<[u8]>,
    tail: Tail,
    transcript: Transcript,
    requests: Requests,
    interrupts: u64,
    killed: bool,
    /// The kernel has ended something of it for want of memory.
    out_of_memory: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Running,
    /// The process has ended; `read` bytes came since then.
    Draining {
        status: Option<ExitStatus>,
        until: Instant,
        read: usize,
    },
    /// Everything was read; the exit is still to be reported.
    Drained(Exit),
    Over,
}

/// One thing that moved.
enum Step {
    Stdout(usize),
    Stderr(usize),
    Wrote,
    Ended(Option<ExitStatus>),
    TimeOver,
}

impl Run {
    /// Starts the agent and hands it the prompt. Inside a tokio runtime, on the main thread (the
    /// agent is told to end with the thread that started it).
    ///
    /// # Errors
    /// See [`StartError`]; nothing of the run exists then.
    pub fn start(settings: &Settings, start: &Start) -> Result<Run, StartError> {
        let world = Proc::default();
        let before = world.processes();
        let group = settings.cgroup.as_ref().and_then(|unit| unit.group(start.run));
        let launched = launch(settings, start, group.as_ref());
        // With nobody in it, it was not joined, or is of no use any more.
        let group = group.filter(Group::is_populated);
        let mut child = launched.map_err(arm32::explain)?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
        let root = world.process(pid).map_or(Identity { pid, started: 0 }, |process| process.id);
        let mut stdin = Stdin::new(child.stdin.take());
        stdin.send(protocol::prompt(&start.prompt, start.slash_command));
        Ok(Run {
            id: start.run,
            root,
            prey: match group {
                Some(group) => Prey::Group(group),
                None => Prey::Run(Tree::new(settings.instance, start.run, root, &before)),
            },
            stdin,
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            chunk: vec![0; CHUNK].into(),
            noise: vec![0; NOISE].into(),
            tail: Tail::default(),
            transcript: Transcript::new(),
            requests: Requests::new(settings.permissions),
            interrupts: 0,
            killed: false,
            out_of_memory: false,
            state: State::Running,
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// How to find everything of it.
    #[must_use]
    pub fn prey(&self) -> &Prey {
        &self.prey
    }

    /// The process that this run still waits for, and nobody else may reap.
    #[must_use]
    pub fn unreaped(&self) -> Option<i32> {
        matches!(self.state, State::Running).then_some(self.root.pid)
    }

    /// The next event; pending for ever after [`RunEvent::Exited`]. Cancel-safe.
    pub async fn next(&mut self) -> RunEvent {
        loop {
            let step = match &mut self.state {
                State::Running => self.running().await,
                State::Draining { until, .. } => {
                    let until = *until;
                    self.draining(until).await
                }
                State::Drained(exit) => {
                    let exit = core::mem::take(exit);
                    self.state = State::Over;
                    return RunEvent::Exited(exit);
                }
                State::Over => core::future::pending().await,
            };
            let events = self.take(step);
            if !events.is_empty() {
                return RunEvent::Heard(events);
            }
        }
    }

    /// Answers a request; ignored if the agent no longer waits for it.
    pub fn answer(&mut self, request: &str, verdict: &Verdict) {
        if let Some(line) = self.requests.answer(request, verdict) {
            self.stdin.send(line);
        }
    }

    /// Asks the agent to stop its turn.
    pub fn interrupt(&mut self) {
        self.interrupts += 1;
        self.stdin.send(protocol::interrupt(self.interrupts));
    }

    /// Closes stdin once everything is written.
    pub fn close_input(&mut self) {
        self.stdin.close();
    }

    /// Sends a signal: to the agent's process group while it runs, or to everything of the run.
    pub fn signal(&mut self, signal: Signal, reach: Reach) {
        let signal = match signal {
            Signal::Int => rustix::process::Signal::INT,
            Signal::Term => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        self.killed |= signal == rustix::process::Signal::KILL;
        if reach == Reach::Tree && self.signal_tree(signal) {
            return;
        }
        self.signal_group(signal);
    }

    /// Kills everything of it, for a start: what is left is swept.
    pub fn kill(&mut self) {
        self.killed = true;
        if !self.prey.group().is_some_and(Group::kill) {
            // At once, and even if /proc cannot be read.
            self.signal_group(rustix::process::Signal::KILL);
        }
    }

    fn signal_group(&self, signal: rustix::process::Signal) {
        // Not reaped yet, so the number still means this group.
        if let Some(group) = self.unreaped().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// `false` if the run's own process was not to be found: `/proc` may be closed.
    fn signal_tree(&self, signal: rustix::process::Signal) -> bool {
        let world = Proc::default();
        let victims = self.prey.victims(&world, &world.processes(), |_| false);
        victims.iter().for_each(|victim| world.signal(victim, signal));
        victims.iter().any(|victim| victim.id == self.root)
    }

    async fn running(&mut self) -> Step {
        tokio::select! {
            count = read(&mut self.stdout, &mut self.chunk) => Step::Stdout(count),
            count = read(&mut self.stderr, &mut self.noise) => Step::Stderr(count),
            () = self.stdin.write() => Step::Wrote,
            status = self.child.wait() => Step::Ended(status.ok()),
        }
    }

    async fn draining(&mut self, until: Instant) -> Step {
        // In this order: what is in the pipe is read even if the time is over.
        tokio::select! {
            biased;
            count = read(&mut self.stdout, &mut self.chunk) => Step::Stdout(count),
            count = read(&mut self.stderr, &mut self.noise) => Step::Stderr(count),
            () = sleep_until(until) => Step::TimeOver,
        }
    }

    fn take(&mut self, step: Step) -> Vec<AgentEvent> {
        let mut heard = Vec::new();
        let mut over = false;
        match step {
            Step::Stdout(0) => self.stdout = None,
            Step::Stderr(0) => self.stderr = None,
            Step::Stdout(count) => {
                let bytes = self.chunk.get(..count).unwrap_or_default();
                self.transcript.feed(bytes, &mut heard);
                over = self.drained_enough(count);
            }
            Step::Stderr(count) => {
                self.tail.push(self.noise.get(..count).unwrap_or_default());
                over = self.drained_enough(count);
            }
            Step::Wrote => {}
            Step::Ended(status) => {
                self.stdin.drop_pipe();
                self.out_of_memory = self.prey.group().is_some_and(|group| group.oom_kills() > 0);
                self.state = State::Draining { status, until: Instant::now() + DRAIN, read: 0 };
            }
            Step::TimeOver => over = true,
        }
        over |= self.stdout.is_none() && self.stderr.is_none();
        self.finish_if(over, &mut heard);
        heard.into_iter().map(|heard| self.judge(heard)).collect()
    }

    /// Counts what comes after the exit, so that a child that prints for ever is not waited for.
    fn drained_enough(&mut self, count: usize) -> bool {
        let State::Draining { until, read, .. } = &mut self.state else { return false };
        *read += count;
        *read > DRAIN_MAX && Instant::now() >= *until
    }

    fn finish_if(&mut self, over: bool, heard: &mut Vec<Heard>) {
        let State::Draining { status, .. } = self.state else { return };
        if over {
            self.stdout = None;
            self.stderr = None;
            self.transcript.finish(heard);
            self.state = State::Drained(self.exit(status));
        }
    }

    fn exit(&self, status: Option<ExitStatus>) -> Exit {
        let code = status.and_then(|status| status.code());
        let signal = status.and_then(|status| status.signal());
        // 137 is how a shell (a wrapper script) tells that its child got SIGKILL.
        let by_kill = signal == Some(9) || code == Some(137);
        let killed_by_other = by_kill && !self.killed;
        let out_of_memory = killed_by_other && self.out_of_memory;
        Exit { code, signal, killed_by_other, out_of_memory, stderr: self.tail.text() }
    }

    fn judge(&mut self, heard: Heard) -> AgentEvent {
        match heard {
            Heard::Control(control) => {
                let (event, line) = self.requests.take(control);
                if let Some(line) = line {
                    self.stdin.send(line);
                }
                event
            }
            Heard::Event(event) => {
                if let AgentEvent::AskWithdrawn { request } = &event {
                    self.requests.withdraw(request);
                }
                event
            }
        }
    }
}

fn launch(settings: &Settings, start: &Start, group: Option<&Group>) -> Result<Child, StartError> {
    let folder = &settings.project_dir;
    program::check_folder(folder)?;
    let env = command::environment(settings, start.run, std::env::vars_os());
    let path = program::find(settings, &env)?;
    let args = command::arguments(settings, start.resume.as_deref());
    let door = group.and_then(|group| group.door().ok());
    spawn(&path, &args, &env, folder, door)
        .map_err(|error| program::explain(settings, &path, &error))
}

/// Reads a piece; 0 at the end, pending if there is no pipe any more.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, into: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(into).await.unwrap_or(0),
        None => core::future::pending().await,
    }
}
