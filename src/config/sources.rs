//! Where raw values come from: the environment, `.env` and systemd's credentials.
//!
//! Read once, at one place, so that tests can give any. Nothing is checked here but that it is
//! text.

use super::error::Problem;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The variable of the token.
pub const TOKEN: &str = "TELEGRAM_BOT_TOKEN";
/// A longer `.env` is not one.
const DOTENV_LIMIT: u64 = 256 * 1024;
/// A longer token file is not one.
const TOKEN_LIMIT: u64 = 4096;

/// Raw values.
#[derive(Clone, Default)]
pub struct Sources {
    /// The project folder, absolute.
    pub project_dir: PathBuf,
    /// The environment, as far as it is text.
    pub environment: BTreeMap<String, String>,
    /// The pairs of `.env`, in order.
    pub dotenv: Vec<(String, String)>,
    /// The token of systemd's credentials.
    pub credential: Option<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Names only: values can be secret.
impl core::fmt::Debug for Sources {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sources").field("project_dir", &self.project_dir).finish_non_exhaustive()
    }
}

impl Sources {
    /// Reads them from the process and the disk.
    #[must_use]
    pub fn read() -> Sources {
        Sources::from_environment(std::env::vars_os())
    }

    /// The same with another environment.
    #[must_use]
    pub fn from_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        let text = |(name, value): (OsString, OsString)| {
            // What is not text is none of ours: every value of ours is checked as text.
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        let environment: BTreeMap<String, String> =
            variables.into_iter().filter_map(text).collect();
        let mut sources = Sources { environment, ..Sources::default() };
        sources.find_project();
        sources.read_dotenv();
        sources.read_credential();
        sources
    }

    /// The value of a variable: the environment wins. An empty one counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let in_dotenv = || {
            let pair = self.dotenv.iter().rev().find(|(known, _)| known == name);
            pair.map(|(_, value)| value.as_str())
        };
        let filled = |value: &&str| !value.trim().is_empty();
        let in_environment = self.environment.get(name).map(String::as_str).filter(filled);
        in_environment.or_else(in_dotenv).filter(filled).map(str::trim)
    }

    /// The token: a variable, else systemd's credential.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.get(TOKEN).or(self.credential.as_deref())
    }

    /// Every name there is.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let environment = self.environment.keys().map(String::as_str);
        environment.chain(self.dotenv.iter().map(|(name, _)| name.as_str()))
    }

    fn find_project(&mut self) {
        let given = self.environment.get("PIGENT_PROJECT_DIR").filter(|dir| !dir.is_empty());
        let dir = PathBuf::from(given.map_or(".", String::as_str));
        match dir.canonicalize() {
            Ok(dir) if dir.is_dir() => self.project_dir = dir,
            Ok(dir) => {
                let why = format!("{} is not a folder", dir.display());
                self.problems.push(Problem::ProjectDir { why });
            }
            Err(error) => {
                let why = format!("{}: {error}", dir.display());
                self.problems.push(Problem::ProjectDir { why });
            }
        }
    }

    fn read_dotenv(&mut self) {
        let path = self.project_dir.join(".env");
        let text = match read_bounded(&path, DOTENV_LIMIT) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(why) => return self.problems.push(Problem::Dotenv { why }),
        };
        match parse_dotenv(&text) {
            Ok(pairs) => self.dotenv = pairs,
            Err(why) => self.problems.push(Problem::Dotenv { why }),
        }
        if self.dotenv.iter().any(|(name, _)| name == "PIGENT_PROJECT_DIR") {
            self.problems.push(Problem::ProjectDirInDotenv);
        }
    }

    fn read_credential(&mut self) {
        let Some(folder) = self.environment.get("CREDENTIALS_DIRECTORY") else { return };
        let path = Path::new(folder).join("telegram-bot-token");
        match read_bounded(&path, TOKEN_LIMIT) {
            Ok(token) => self.credential = token.map(|token| token.trim().to_owned()),
            Err(why) => self.problems.push(Problem::Token(why)),
        }
    }
}

/// The pairs of a `.env` text, or what is wrong with it (never the line: it may hold the token).
///
/// # Errors
/// The number of the line that cannot be read.
pub fn parse_dotenv(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // One line at a time: a library's error names no line, only its content. Values that
        // span lines are not among our settings.
        for pair in dotenvy::Iter::new(line.as_bytes()) {
            let pair = pair.map_err(|_| {
                format!(
                    "line {} cannot be read: write NAME=value, quoted if there are spaces",
                    index + 1
                )
            })?;
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

/// The text of a file, `None` if there is none.
fn read_bounded(path: &Path, limit: u64) -> Result<Option<String>, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let mut text = String::new();
    let read = file.take(limit + 1).read_to_string(&mut text);
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    if text.len() as u64 > limit {
        return Err(format!("{} is longer than {limit} bytes", path.display()));
    }
    Ok(Some(text))
}
