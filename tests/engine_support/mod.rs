//! A bench for the engine: a shell script is the agent, in a folder of its own.
//!
//! Tests of one file share a process, and orphans of the one would be adopted by the other, so
//! [`bench`] lets one test at a time through.
#![allow(dead_code)]

#[path = "../support/program.rs"]
pub mod program;

use pigent::bridge::AgentEvent;
use pigent::bridge::Input;
use pigent::bridge::agent::Exit;
use pigent::bridge::effect::Start;
use pigent::bridge::ids::RunId;
use pigent::engine::proc::Proc;
use pigent::engine::{Engine, Settings, init};
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// Nothing here takes so long, even on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The state folder of the tests: another one in every process.
pub fn instance() -> u64 {
    u64::from(std::process::id())
}

/// Lines of an agent, for `echo`.
pub const READY: &str =
    r#"{"type":"system","subtype":"init","session_id":"s","model":"m","claude_code_version":"1"}"#;
pub const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"s","uuid":"u"}"#;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub struct Bench {
    pub dir: TempDir,
    _turn: MutexGuard<'static, ()>,
}

pub fn bench() -> Bench {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    init().unwrap();
    Bench { dir: tempfile::tempdir().unwrap(), _turn: turn }
}

impl Bench {
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the agent: `READY` and `RESULT` are variables in it, `wait_for FILE` waits.
    pub fn agent(&self, script: &str) -> Settings {
        let text = format!(
            "#!/bin/sh\nREADY='{READY}'\nRESULT='{RESULT}'\n\
             wait_for() {{ while [ ! -s \"$1\" ]; do sleep 0.02; done; }}\n{script}\n"
        );
        program::script(&self.path("agent"), &text);
        self.settings("./agent")
    }

    pub fn settings(&self, program: &str) -> Settings {
        Settings {
            program: program.into(),
            project_dir: self.dir.path().into(),
            instance: instance(),
            ..Settings::default()
        }
    }

    /// Whether a file is there and has its line.
    pub fn has(&self, name: &str) -> bool {
        fs::read_to_string(self.path(name)).is_ok_and(|text| text.ends_with('\n'))
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn pid(&self, name: &str) -> i32 {
        self.read(name).trim().parse().unwrap()
    }
}

pub fn start(run: u64, prompt: &str) -> Start {
    Start { run: RunId(run), prompt: prompt.into(), slash_command: false, resume: None }
}

/// Runs `test` as pigent's loop would: on one thread, with I/O and time.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, test).await.expect("the test waits for something in vain")
    })
}

/// Reads inputs until `wanted`, which is the last of those returned.
pub async fn until(engine: &mut Engine, wanted: impl Fn(&Input) -> bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    loop {
        inputs.push(engine.next().await);
        if inputs.last().is_some_and(&wanted) {
            return inputs;
        }
    }
}

pub async fn until_ready(engine: &mut Engine) {
    let ready =
        |input: &Input| matches!(input, Input::Agent { event: AgentEvent::Init { .. }, .. });
    until(engine, ready).await;
}

pub async fn until_exit(engine: &mut Engine) -> (Vec<AgentEvent>, Exit) {
    let inputs = until(engine, |input| matches!(input, Input::Exited { .. })).await;
    let mut events = Vec::new();
    for input in inputs {
        match input {
            Input::Agent { event, .. } => events.push(event),
            Input::Exited { exit, .. } => return (events, exit),
            _ => {}
        }
    }
    unreachable!()
}

pub async fn until_swept(engine: &mut Engine) -> Vec<String> {
    match until(engine, |input| matches!(input, Input::Swept { .. })).await.pop() {
        Some(Input::Swept { survivors, .. }) => survivors,
        _ => unreachable!(),
    }
}

/// Lets the engine work until `condition` holds.
pub async fn work_until(engine: &mut Engine, condition: impl Fn() -> bool) {
    while !condition() {
        let pause = tokio::time::sleep(Duration::from_millis(10));
        tokio::select! { _ = engine.next() => {}, () = pause => {} }
    }
}

pub fn alive(pid: i32) -> bool {
    Proc::default().process(pid).is_some_and(|process| !process.zombie)
}

pub fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}
