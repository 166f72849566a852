//! The real `pigent run` as a child process in a folder of its own, against the stand-ins.
//!
//! The demo and the tests start it the same way: with an environment that holds nothing but what
//! is set here, `CLAUDE_PATH` pointing to a script that becomes the stand-in agent, and the sim
//! panel. Everything that is started from here carries the folder's name in its environment, so
//! that whatever is left can be found and ended at the end.

use super::server::Server;
use super::sim_panel::SimPanel;
use core::time::Duration;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// How often a condition is looked at that nobody tells us of.
const LOOK: Duration = Duration::from_millis(5);
/// How long the end of a killed process is waited for.
const DEATH: Duration = Duration::from_secs(20);
/// Lines of the log that are kept.
const LOG_LINES: usize = 10_000;
/// The variable that marks everything started from one folder.
const MARK: &str = "STAND_IN_HOME";

/// Looks until there is something, at most this long.
pub fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        match look() {
            None if Instant::now() < end => thread::park_timeout(LOOK),
            found => return found,
        }
    }
}

/// Makes a script that can be run, and not by writing it: what anybody has open for writing cannot
/// be run ("Text file busy"), and a child that another thread starts has what this process has
/// open, from its fork until its exec.
fn make_program(path: &Path, text: &str) -> io::Result<()> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 022 && cat >\"$0\" && chmod 755 \"$0\""]).arg(path);
    let mut child = shell.stdin(Stdio::piped()).spawn()?;
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(text.as_bytes()));
    let ended = child.wait()?;
    written?;
    if ended.success() { Ok(()) } else { Err(io::Error::other("cannot be written")) }
}

/// Where a daemon lives: a folder with the project, the agent's script and the panel's socket.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Prepares an empty folder. `program` is pigent itself.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn prepare(root: &Path, program: &Path) -> io::Result<Home> {
        let home = Home { root: root.to_owned() };
        fs::create_dir_all(home.project())?;
        fs::create_dir_all(root.join("sessions"))?;
        let quoted = |path: &Path| shell_words::quote(&path.to_string_lossy()).into_owned();
        let script = format!(
            "#!/bin/sh\nexport STAND_IN_LOG={} STAND_IN_SESSIONS={} {MARK}={}\n\
             exec {} stand-in-agent \"$@\"\n",
            quoted(&home.starts()),
            quoted(&root.join("sessions")),
            quoted(root),
            quoted(program),
        );
        make_program(&home.agent(), &script)?;
        Ok(home)
    }

    /// `PIGENT_PROJECT_DIR`.
    #[must_use]
    pub fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// What pigent stores.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.project().join(".pigent")
    }

    /// `CLAUDE_PATH`.
    #[must_use]
    pub fn agent(&self) -> PathBuf {
        self.root.join("claude")
    }

    /// The sim panel's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.root.join("panel.sock")
    }

    /// The file that gets a line with every prompt an agent starts with.
    #[must_use]
    pub fn starts(&self) -> PathBuf {
        self.root.join("starts")
    }

    /// The settings of a daemon that talks to this server and obeys this chat.
    #[must_use]
    pub fn settings(&self, server: &Server, chat: i64) -> Vec<(String, OsString)> {
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        let mut socket = OsString::from("sim:");
        socket.push(self.socket());
        [
            ("PATH", path),
            ("HOME", self.root.clone().into()),
            (MARK, self.root.clone().into()),
            ("TELEGRAM_API_URL", server.api_url().into()),
            ("TELEGRAM_BOT_TOKEN", server.token().into()),
            ("TELEGRAM_ALLOWED_CHAT_IDS", chat.to_string().into()),
            ("CLAUDE_PATH", self.agent().into()),
            ("PIGENT_PROJECT_DIR", self.project().into()),
            ("PIGENT_GPIO", socket),
            ("PIGENT_LOG", "debug".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Connects to the panel as soon as it is there.
    pub fn panel(&self, limit: Duration) -> Option<SimPanel> {
        until(limit, || SimPanel::connect(&self.socket()).ok())
    }

    /// Processes that were started from here and are still there, but not `except`.
    #[must_use]
    pub fn alive(&self, except: Option<u32>) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.root.display()).into_bytes();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A zombie has an empty environment.
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if Some(pid) != except && environment.split(|b| *b == 0).any(|one| one == mark) {
                found.push(pid);
            }
        }
        found
    }

    /// Ends everything that was started from here.
    pub fn end_all(&self) {
        for pid in self.alive(None) {
            send(pid, Signal::KILL);
        }
    }
}

/// A running `pigent run`. Dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// Starts `program run` with these settings and no others.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(
        program: &Path,
        home: &Home,
        settings: &[(String, OsString)],
    ) -> io::Result<Daemon> {
        let mut child = Command::new(program)
            .arg("run")
            .current_dir(home.project())
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    if log.len() < LOG_LINES {
                        log.push(line);
                    }
                }
            });
        }
        Ok(Daemon { child, log })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// SIGKILL, and waits for the end: what a power cut looks like.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        // A process that waits for a slow disk does not even die of this.
        let _ = self.wait_exit(DEATH);
    }

    /// How it ended, if it does in time.
    pub fn wait_exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        until(limit, || self.child.try_wait().ok().flatten())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_from_a_home_is_found_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::prepare(folder.path(), Path::new("/bin/true")).unwrap();
        let mut child = Command::new("sleep").arg("600").env(MARK, folder.path()).spawn().unwrap();
        let limit = Duration::from_secs(20);
        // Until exec, the child has this process's environment.
        assert!(until(limit, || (home.alive(None) == [child.id()]).then_some(())).is_some());
        assert_eq!(home.alive(Some(child.id())), Vec::<u32>::new());
        home.end_all();
        assert!(child.wait().unwrap().code().is_none());
    }
}
