//! The real binary, a stand-in Telegram and a stand-in agent, with a user in front of them.
//!
//! A [`Harness`] is one closet: a project folder, a daemon that can be killed and started again,
//! and a chat. Everything is waited for, with a generous deadline; what does not come in time
//! fails with the whole chat and the daemon's log. At the end nothing is left running, and any
//! request that the real Bot API would have frowned upon fails the test.
#![allow(dead_code)]

pub mod program;

use pigent::emulator::sim_panel::Change;
use pigent::emulator::{
    Chat, Daemon, Home, Incoming, Message, Options, Server, SimPanel, World, daemon,
};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

pub use rustix::process::Signal;

/// The owner's private chat.
pub const CHAT: i64 = 42;
/// Everything comes in this time, on any machine.
pub const LONG: Duration = Duration::from_secs(60);

/// One closet.
pub struct Harness {
    pub server: Server,
    pub home: Home,
    /// pigent, or what starts it.
    pub program: PathBuf,
    settings: Vec<(String, OsString)>,
    daemon: Option<Daemon>,
    panel: Option<SimPanel>,
    earlier_logs: String,
    /// Violations are what the test is about.
    pub forgive: bool,
    _folder: tempfile::TempDir,
}

/// A prompt that an agent was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub run: String,
    pub resumed: Option<String>,
    pub prompt: String,
}

/// The pigent to be looked at, where another than the one that was just built may be: `BINARY`.
pub fn program() -> PathBuf {
    let asked = std::env::var_os("BINARY").map(PathBuf::from);
    asked.unwrap_or_else(|| env!("CARGO_BIN_EXE_pigent").into())
}

impl Harness {
    /// A daemon with default settings, connected and idle.
    pub fn start() -> Harness {
        Harness::with(&[])
    }

    /// The same with further settings.
    pub fn with(settings: &[(&str, &str)]) -> Harness {
        let mut harness = Harness::prepare(settings);
        harness.launch();
        harness
    }

    /// All but the daemon.
    pub fn prepare(settings: &[(&str, &str)]) -> Harness {
        Harness::prepare_at(Options::default(), settings)
    }

    /// The same with a Telegram that is not quite like the real one.
    pub fn prepare_at(options: Options, settings: &[(&str, &str)]) -> Harness {
        Harness::prepare_of(Path::new(env!("CARGO_BIN_EXE_pigent")), options, settings)
    }

    /// The same with another pigent than the one that was just built.
    pub fn prepare_of(program: &Path, options: Options, settings: &[(&str, &str)]) -> Harness {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::prepare(folder.path(), program).unwrap();
        let server = Server::start(options).unwrap();
        server.set_chat(Chat::new(CHAT));
        let mut all = home.settings(&server, CHAT);
        for (name, value) in settings {
            set(&mut all, name, value);
        }
        Harness {
            server,
            home,
            program: program.to_owned(),
            settings: all,
            daemon: None,
            panel: None,
            earlier_logs: String::new(),
            forgive: false,
            _folder: folder,
        }
    }

    /// Adds or changes a setting, for the next start.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Takes a setting away again.
    pub fn without(mut self, name: &str) -> Harness {
        self.unset(name);
        self
    }

    /// The same for the next start.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// Starts the daemon and waits until it listens.
    pub fn launch(&mut self) {
        self.spawn();
        self.wait("a long poll", |world| world.polled().then_some(()));
    }

    /// Starts the daemon.
    pub fn spawn(&mut self) {
        let started = Daemon::start(&self.program, &self.home, &self.settings).unwrap();
        self.panel = None;
        self.daemon = Some(started);
    }

    /// A power cut, as far as the daemon is concerned.
    pub fn kill(&mut self) {
        self.keep_log();
        self.panel = None;
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// A power cut, and power again.
    pub fn restart(&mut self) {
        self.kill();
        self.launch();
    }

    /// SIGTERM; gives how the daemon ended.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_exit()
    }

    /// A signal for the daemon.
    pub fn signal(&self, signal: Signal) {
        self.daemon.as_ref().expect("a daemon").signal(signal);
    }

    /// Waits for the daemon's end.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let status = self.daemon.as_mut().expect("a daemon").wait_exit(LONG);
        self.keep_log();
        self.daemon = None;
        self.panel = None;
        status.unwrap_or_else(|| self.fail("the daemon did not end"))
    }

    /// How the daemon ended, if it has.
    pub fn try_exit(&mut self) -> Option<ExitStatus> {
        self.daemon.as_mut().and_then(|daemon| daemon.wait_exit(Duration::ZERO))
    }

    /// What the last daemon has logged.
    pub fn last_log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// The daemon's process id.
    pub fn pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Daemon::pid)
    }

    /// The owner writes; gives the message's id.
    pub fn say(&self, text: &str) -> i64 {
        self.server.say(CHAT, text).message
    }

    /// The owner replies to a message.
    pub fn reply(&self, to: i64, text: &str) -> i64 {
        let incoming = Incoming { chat: CHAT, text: text.to_owned(), ..Incoming::default() };
        self.server.send(Incoming { reply_to: Some(to), ..incoming }).message
    }

    /// Waits for anything.
    pub fn wait<T>(&self, what: &str, look: impl FnMut(&World) -> Option<T>) -> T {
        self.server.wait(LONG, look).unwrap_or_else(|| self.fail(&format!("there was no {what}")))
    }

    /// Waits for a message of the bot, also one that comes to look like this by an edit.
    pub fn expect(&self, what: &str, like: impl Fn(&Message) -> bool) -> Message {
        self.expect_in(CHAT, what, like)
    }

    /// The same in another chat.
    pub fn expect_in(&self, chat: i64, what: &str, like: impl Fn(&Message) -> bool) -> Message {
        self.wait(what, |world| {
            world.from_bot(chat).into_iter().find(|message| like(message)).cloned()
        })
    }

    /// Waits for a message with sound that replies to this one: an answer, an error, the reply to
    /// a command.
    pub fn answer(&self, to: i64) -> Message {
        let what = format!("answer to message {to}");
        self.expect(&what, |message| message.reply_to == Some(to) && !message.silent)
    }

    /// Says something and waits for the answer's text.
    pub fn ask(&self, text: &str) -> String {
        let prompt = self.say(text);
        self.answer(prompt).text().to_owned()
    }

    /// Waits for the live message of a prompt.
    pub fn view(&self, of: i64) -> Message {
        let what = format!("view of message {of}");
        self.expect(&what, |message| message.reply_to == Some(of) && message.silent)
    }

    /// Waits for a message with a button whose label holds this, and taps it as its owner.
    pub fn tap(&self, label: &str) -> String {
        let has = |one: &&str| one.contains(label);
        let message =
            self.expect(&format!("button {label:?}"), |message| message.labels().iter().any(has));
        self.tap_on(&message, label, CHAT)
    }

    /// Taps a button of this message as this user; gives the tap's id.
    pub fn tap_on(&self, message: &Message, label: &str, user: i64) -> String {
        let mut buttons = message.now().buttons.iter().flatten();
        let Some((_, data)) = buttons.find(|(one, _)| one.contains(label)) else {
            self.fail(&format!("there is no button {label:?} on message {}", message.id));
        };
        self.server.tap_data(message.chat, message.id, data, user)
    }

    /// Waits for what was answered to a tap.
    pub fn tap_answer(&self, tap: &str) -> String {
        self.wait("answer to a tap", |world| world.tap(tap)?.answer.clone())
    }

    /// Waits until an agent has been started with this prompt.
    pub fn started(&self, prompt: &str) -> Start {
        let found = daemon::until(LONG, || self.starts().into_iter().find(|s| s.prompt == prompt));
        found.unwrap_or_else(|| self.fail(&format!("no agent was started with {prompt:?}")))
    }

    /// Every start of an agent so far.
    pub fn starts(&self) -> Vec<Start> {
        let text = std::fs::read_to_string(self.home.starts()).unwrap_or_default();
        text.lines().filter_map(parse_start).collect()
    }

    /// How often an agent was started with this prompt.
    pub fn count_starts(&self, prompt: &str) -> usize {
        self.starts().iter().filter(|start| start.prompt == prompt).count()
    }

    /// Waits until nothing but the daemon is left of what was started.
    pub fn nothing_left(&self) {
        let gone = || self.home.alive(self.pid()).is_empty().then_some(());
        if daemon::until(LONG, gone).is_none() {
            self.fail(&format!("left running: {:?}", self.home.alive(self.pid())));
        }
    }

    /// Waits until the snapshot on the disk holds this.
    pub fn wait_for_state(&self, part: &str) {
        let path = self.home.state().join("state.json");
        let read = || std::fs::read_to_string(&path).unwrap_or_default();
        if daemon::until(LONG, || read().contains(part).then_some(())).is_none() {
            self.fail(&format!("the snapshot does not hold {part}: {}", read()));
        }
    }

    /// The panel, connected to this daemon.
    pub fn panel(&mut self) -> &SimPanel {
        if self.panel.is_none() {
            self.panel = self.home.panel(LONG);
        }
        match &self.panel {
            Some(panel) => panel,
            None => self.fail("there is no sim panel"),
        }
    }

    /// The same, to be kept when the daemon is gone.
    pub fn take_panel(&mut self) -> SimPanel {
        self.panel();
        self.panel.take().expect("it is there")
    }

    /// Waits for something in all changes of the lamps since the daemon's start.
    pub fn lamps<T>(&mut self, what: &str, look: impl FnMut(&[Change]) -> Option<T>) -> T {
        let found = self.panel().wait(LONG, look);
        found.unwrap_or_else(|| self.fail(&format!("the lamps never showed {what}")))
    }

    /// Taps the button in the closet.
    pub fn press(&mut self) {
        self.panel().send("tap").unwrap();
    }

    /// All that the daemon of this start and earlier ones have logged.
    pub fn log(&self) -> String {
        let now = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
        format!("{}{now}", self.earlier_logs)
    }

    /// Waits until the daemon has logged this.
    pub fn logged(&self, part: &str) {
        if daemon::until(LONG, || self.log().contains(part).then_some(())).is_none() {
            self.fail(&format!("the log does not say {part:?}"));
        }
    }

    /// Fails with everything there is to know.
    pub fn fail(&self, why: &str) -> ! {
        panic!("{why}\n--- chat\n{}--- log\n{}", self.transcript(), self.log());
    }

    fn transcript(&self) -> String {
        self.server.look(|world| {
            let mut text = String::new();
            for message in world.messages(CHAT) {
                let who = if message.by_bot { "bot " } else { "user" };
                let (id, at) = (message.id, message.reply_to);
                let (silent, labels) = (message.silent, message.labels());
                let file = message.document.as_ref().map(|(name, bytes)| (name, bytes.len()));
                let shown: String = message.text().chars().take(400).collect();
                let _ = writeln!(
                    text,
                    "{id:3} {who} reply_to={at:?} silent={silent} edits={} {labels:?} {file:?}: \
                     {shown}",
                    message.edits(),
                );
            }
            text
        })
    }

    fn keep_log(&mut self) {
        let log = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
        self.earlier_logs.push_str(&log);
        self.earlier_logs.push_str("\n--- next start\n");
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        drop(self.daemon.take());
        self.home.end_all();
        let violations = self.server.violations();
        if !thread::panicking() && !self.forgive && !violations.is_empty() {
            panic!("the real Bot API would not have liked {violations:#?}");
        }
    }
}

fn set(settings: &mut Vec<(String, OsString)>, name: &str, value: &str) {
    settings.retain(|(known, _)| known != name);
    settings.push((name.to_owned(), value.into()));
}

/// `start <run> <resumed or -> <prompt as JSON>`.
fn parse_start(line: &str) -> Option<Start> {
    let mut words = line.splitn(4, ' ').skip(1);
    let run = words.next()?.to_owned();
    let resumed = Some(words.next()?.to_owned()).filter(|id| id != "-");
    Some(Start { run, resumed, prompt: serde_json::from_str(words.next()?).ok()? })
}
