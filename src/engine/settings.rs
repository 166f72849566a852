//! How the agent is to be run: what `config.rs` has already read and checked.
//!
//! Not the environment itself: [`super::command`] picks from it, run by run.

use super::cgroup::Unit;
use crate::bridge::rules::Permissions;
use core::fmt;
use std::path::PathBuf;

/// Everything the engine has to know before the first run.
#[derive(Clone, Default)]
pub struct Settings {
    /// `CLAUDE_PATH`: a bare name is looked up on the PATH, `~/…` in HOME, and any other
    /// relative path in the project folder.
    pub program: String,
    /// `CLAUDE_ARGS`, split; they come last.
    pub args: Vec<String>,
    /// The agent's working folder. Absolute.
    pub project_dir: PathBuf,
    /// `PIGENT_PERMISSIONS`.
    pub permissions: Permissions,
    /// `PIGENT_AGENT_ENV`: names of further variables the agent may see.
    pub agent_env: Vec<String>,
    /// The pairs of `.env`. Only names in `agent_env` are taken from here, and only if the
    /// environment does not have them.
    pub dotenv: Vec<(String, String)>,
    /// The bot token. No variable whose value contains it reaches the agent; empty for none.
    pub token: String,
    /// Names this state folder, so that a later start recognises what an earlier one left.
    pub instance: u64,
    /// Where runs get cgroups of their own; `None` if pigent is no service that was given one.
    pub cgroup: Option<Unit>,
}

/// Names only: the values of `.env` and the token are secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.dotenv.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Settings")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("project_dir", &self.project_dir)
            .field("permissions", &self.permissions)
            .field("agent_env", &self.agent_env)
            .field("dotenv", &names)
            .field("instance", &format_args!("{:016x}", self.instance))
            .field("cgroup", &self.cgroup)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_in_the_debug_text() {
        let settings = Settings {
            token: "12345:AAAA".into(),
            dotenv: vec![("KEY".into(), "hidden".into())],
            ..Settings::default()
        };
        let text = format!("{settings:?}");
        assert!(text.contains("KEY"), "{text}");
        assert!(!text.contains("hidden") && !text.contains("AAAA"), "{text}");
    }
}
