//! The wiring: threads, channels and the one loop. No rule lives here.
//!
//! The loop runs on the main thread (the agent's PDEATHSIG is bound to it), takes one `Input` at
//! a time from the agent, the channel all threads send to, or the clock, lets the bridge decide
//! and carries the effects out. None of that ever waits: slow things are on threads of their own,
//! which are never joined (a resolve or a connect cannot be interrupted).

mod clock;
mod control;
mod crash;
mod poison;
mod signals;
mod watch;

pub use control::{ControlError, FILE as MOST_FILE, TEXT as MOST_TEXT, send};

use crate::bridge::rules::Access;
use crate::bridge::{Bridge, COMMANDS, Effect, Input, Restored};
use crate::config::{Config, Sources};
use crate::engine::{self, Engine};
use crate::failpoint;
use crate::panel;
use crate::store::{self, lock};
use crate::telegram::client::Client;
use crate::telegram::poller::Pace;
use crate::telegram::{hello, outbox, poller};
use clock::Clock;
pub use clock::clock_is_set;
use control::Control;
use core::fmt;
use core::time::Duration;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::path::PathBuf;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until};
use watch::Watch;
pub use watch::hold;

/// Inputs that may wait for the loop. Threads wait when it is full; the loop never does.
const INPUTS: usize = 256;
/// How long after SIGTERM the outbox may send: last frames are not posts that the bridge waits for.
const UNSENT: Duration = Duration::from_secs(4);

/// Why pigent could not start. Once it runs, nothing but a signal ends it.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Another pigent runs on this state folder.
    Locked(lock::Taken),
    /// The system refuses a thread, a signal handler or the event loop.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Locked(taken) => taken.fmt(f),
            StartError::System(error) => write!(f, "the system refuses to start pigent: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::System(error)
    }
}

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// [`StartError`]; nothing has been touched then.
pub fn run(config: Config) -> Result<(), StartError> {
    leave_no_core();
    // Where huge pages are for everybody (64-bit Debian), the first byte of a thread's stack may
    // bring 2 MiB, as much as all of the rest. A kernel that has none refuses, and that is fine.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let lock = lock::take(&config.state_dir).map_err(StartError::Locked)?;
    if let Some(why) = &lock.trouble {
        log::error!("the state folder cannot be locked: {why}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(daemon(config, lock))
}

/// A core dump would hold the token.
fn leave_no_core() {
    let limit = getrlimit(Resource::Core);
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), ..limit }) {
        log::warn!("a crash may leave a core dump with the token in it: {error}");
    }
}

async fn daemon(mut config: Config, lock: lock::Lock) -> Result<(), StartError> {
    let report = crash::note(&config.state_dir);
    let lamps = crash::install(config.state_dir.join("panic"), report.suspects.clone());
    #[cfg(feature = "emulator")]
    crate::telegram::tls::date_from(clock::system_time);
    let (sender, inputs) = channel(INPUTS);
    let client = Client::new(&config.telegram);
    let suspicious = poison::among_updates(&report.suspects);
    let pace = if suspicious { Pace::OneByOne } else { Pace::Batches };
    let (confirms, pulse) = poller::spawn(client, sender.clone(), pace)?;
    signals::spawn(sender.clone())?;
    let panel = panel::spawn(config.panel.clone(), sender.clone())?;
    let _ = lamps.set(panel.clone());
    engine::init()?;
    config.engine.instance = lock.instance;
    config.engine.cgroup = engine::cgroup::Unit::enter();
    end_leftovers(&config.engine).await;
    let opened = store::open(&config.state_dir);
    let store = opened.store.spawn(sender.clone(), signals::end_this_process)?;
    let client = Client::new(&config.telegram);
    // The same connection: it will be open already.
    hello::spawn(client.clone(), &COMMANDS, sender.clone())?;
    let reader = store.reader();
    let outbox = outbox::spawn(client, reader.clone(), sender.clone(), config.rules.lang)?;

    let report = report.unless_remembered(&opened.memory, reader);
    let mut reports = opened.reports;
    reports.extend(report.text);
    let restored = Restored {
        memory: opened.memory,
        prompts: opened.prompts,
        disk: opened.usable.err(),
        reports,
    };
    config.rules.seed = seed();
    let clock = Clock::start();
    let (bridge, effects) = Bridge::restore(config.rules, restored, clock.now());
    let control = Control::listen(config.state_dir.join("ctl.sock"), sender);
    let mut shells = Shells {
        engine: Engine::new(config.engine),
        store,
        outbox,
        panel,
        confirms,
        watch: Watch::ready(pulse),
        control,
        panic_file: report.file,
        suspects: report.suspects,
        unsent_until: None,
        lock,
    };
    shells.carry_out(effects);
    Loop { bridge, shells, inputs, clock }.run().await;
    Ok(())
}

/// Ends what an earlier pigent, killed in mid-run, left running.
async fn end_leftovers(settings: &engine::Settings) {
    let swept = engine::end_leftovers(settings.instance, settings.cgroup.as_ref()).await;
    if !swept.found.is_empty() {
        log::warn!("ended what an earlier pigent's run had left: {}", swept.found.join(", "));
    }
    for survivor in swept.survivors {
        log::error!("a process of an earlier run would not die: {survivor}");
    }
}

/// Unpredictable numbers for button tokens. Without the system's random source the time has to
/// do; taps are checked by user and chat as well.
fn seed() -> [u64; 2] {
    let weak = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64) ^ u64::from(std::process::id()) << 32
    };
    [getrandom::u64().unwrap_or_else(|_| weak()), getrandom::u64().unwrap_or_else(|_| weak())]
}

struct Loop {
    bridge: Bridge,
    shells: Shells,
    inputs: Receiver<Input>,
    clock: Clock,
}

impl Loop {
    async fn run(mut self) {
        loop {
            let deadline = self.bridge.deadline().map(|at| self.clock.instant(at));
            failpoint::pass("loop");
            let mut input = tokio::select! {
                input = self.shells.engine.next() => input,
                input = self.inputs.recv() => match input {
                    Some(input) => input,
                    None => return,
                },
                () = until(deadline) => Input::Tick,
                () = self.shells.watch.due() => {
                    self.shells.watch.feed();
                    continue;
                }
            };
            match &mut input {
                Input::Updates(batch) => poison::hand_over(batch, &self.shells.suspects),
                Input::Saved { .. } => self.shells.saved(),
                Input::Shutdown => self.shells.hurry(),
                _ => {}
            }
            let effects = self.bridge.step(self.clock.now(), input);
            self.shells.carry_out(effects);
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

/// Everything effects are carried out by.
struct Shells {
    engine: Engine,
    store: store::Handle,
    outbox: outbox::Handle,
    panel: panel::Handle,
    confirms: poller::Confirms,
    control: Control,
    watch: Watch,
    /// The crash report to remove once what it says is on the disk.
    panic_file: Option<PathBuf>,
    /// What an earlier pigent may have crashed of.
    suspects: Vec<poison::Suspect>,
    /// When the outbox has to be done, once pigent is leaving.
    unsent_until: Option<Instant>,
    lock: lock::Lock,
}

impl Shells {
    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.act(effect);
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Confirm { next } => self.confirms.confirm(next),
            Effect::Save(save) => self.store.save(*save),
            Effect::Start(start) => self.engine.start(&start),
            Effect::Answer { run, request, verdict } => self.engine.answer(run, &request, &verdict),
            Effect::Interrupt { run } => self.engine.interrupt(run),
            Effect::CloseInput { run } => self.engine.close_input(run),
            Effect::Signal { run, signal, reach } => self.engine.signal(run, signal, reach),
            Effect::Sweep { run } => self.engine.sweep(run),
            Effect::Show(view) => self.outbox.show(view),
            Effect::Post(mut post) => {
                poison::tame(&mut post, &self.suspects);
                self.outbox.post(post);
            }
            Effect::AnswerTap { tap, text } => self.outbox.answer_tap(tap, text),
            Effect::Signs(signs) => {
                self.panel.show(signs);
                self.watch.status(signs);
            }
            Effect::SendResult { caller, result } => self.control.answer(caller, result),
            Effect::Log(level, line) => log::log!(level, "{line}"),
            Effect::Exit => self.leave(),
        }
    }

    /// A generation is on the disk: what the crash report said is remembered now, and a state
    /// folder that could not be used at the start can be.
    fn saved(&mut self) {
        if let Some(file) = self.panic_file.take() {
            crash::Report::forget(&file);
        }
        match self.lock.take_again() {
            Ok(()) => self.control.listen_again(),
            Err(taken) => {
                log::error!("{taken}");
                signals::end_this_process();
            }
        }
    }

    /// pigent is leaving: from now on only what says something final is sent.
    fn hurry(&mut self) {
        self.unsent_until.get_or_insert_with(|| Instant::now() + UNSENT);
        self.outbox.finish();
        self.watch.leaving();
    }

    /// Nothing else happens any more, so waiting holds nobody up.
    fn leave(&self) {
        while !self.outbox.idle() && self.unsent_until.is_some_and(|until| Instant::now() < until) {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.panel.release();
        self.control.remove();
        std::process::exit(0);
    }
}

/// Reads the list of who may talk again, for SIGHUP.
fn reload() -> Option<Access> {
    let sources = Sources::read();
    for name in ["TELEGRAM_ALLOWED_CHAT_IDS", "TELEGRAM_ALLOWED_USER_IDS"] {
        if sources.environment.contains_key(name) {
            log::warn!("{name} is set in the environment, which overrides .env");
        }
    }
    match Config::access(&sources) {
        Ok(access) => {
            log::info!(
                "{} chats and {} users may talk now",
                access.chats.len(),
                access.users.len()
            );
            Some(access)
        }
        Err(problems) => {
            for problem in problems {
                log::error!("the list stays as it is: {problem}");
            }
            None
        }
    }
}

/// For `signals.rs`: what SIGHUP means.
fn reloaded(sender: &Sender<Input>) -> bool {
    reload().is_none_or(|access| sender.blocking_send(Input::Access(access)).is_ok())
}
