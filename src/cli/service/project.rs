//! The project that a service is for: its folder, who owns it, its settings and its token. All of
//! it is looked at and checked before anything is written.

use super::accounts::{self, User};
use super::place::Place;
use super::reach::Person;
use super::{Options, token};
use crate::cli::Failure;
use crate::config::{Config, Sources, TOKEN, parse_dotenv};
use std::fmt::Write;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

type Pairs = Vec<(String, String)>;

/// Names the project inside settings of an `--env` file; the drop-in says it to systemd.
const DIR: &str = "PIGENT_PROJECT_DIR";

/// See the module.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) dir: PathBuf,
    pub(super) user: User,
    pub(super) config: Config,
    /// The token, wherever it was found.
    pub(super) token: String,
    /// Settings from outside the project, for `pigent.env`.
    pub(super) settings: Pairs,
}

impl Project {
    /// Finds and checks everything.
    ///
    /// # Errors
    /// Everything that would keep the service from running, with its remedy.
    pub(super) fn find(place: &Place, options: &Options) -> Result<Project, Failure> {
        let known = |error| cannot_read(&place.env(), &error);
        let mut given = match &options.env {
            Some(file) => settings_in(file)?,
            None => parsed(&place.env(), read(&place.env()).map_err(known)?)?,
        };
        let dir = folder(options, &given)?;
        let user = user(place, options.user.as_deref(), &dir)?;
        let dotenv = dir.join(".env");
        let inside = token::read(&dir, ".env").map_err(|error| cannot_read(&dotenv, &error))?;
        let inside = parsed(&dotenv, inside.unwrap_or_default())?;
        let stored = std::fs::read_to_string(place.token()).ok();
        let token = token_in(&given).or(token_in(&inside)).or(stored);
        given.retain(|(name, value)| name != TOKEN && name != DIR && !value.trim().is_empty());
        let sources = Sources {
            project_dir: dir.clone(),
            environment: given.iter().cloned().collect(),
            dotenv: inside.into_iter().filter(|(name, _)| name != TOKEN).collect(),
            credential: token.as_deref().map(|token| token.trim().to_owned()),
            problems: Vec::new(),
        };
        let config = Config::load(&sources).map_err(Failure::Config)?;
        let token = sources.credential.unwrap_or_default();
        Ok(Project { dir, user, config, token, settings: given })
    }

    /// The text of `pigent.env`, which systemd reads.
    ///
    /// # Errors
    /// A value that no line can hold.
    pub(super) fn env_text(&self) -> Result<String, Failure> {
        let mut text = String::from("# Written by \"pigent service install --env\"\n");
        for (name, value) in &self.settings {
            let value = quoted(value).ok_or_else(|| {
                Failure::Other(format!("{name} has a line break in its value: write it without"))
            })?;
            let _ = writeln!(text, "{name}={value}");
        }
        Ok(text)
    }

    /// What will not keep the service from starting, and could bite.
    pub(super) fn warnings(&self, place: &Place, path: &str, program: &Path) -> Vec<String> {
        let User { name, home, .. } = &self.user;
        let groups = accounts::groups(place, &self.user);
        let person = Person { user: &self.user, groups: &groups };
        let mut found = Vec::from_iter(person.folder(&self.dir));
        if found.is_empty() || !self.config.state_dir.starts_with(&self.dir) {
            found.extend(person.folder(&self.config.state_dir));
        }
        found.extend(person.program(program));
        let env = [("PATH", path), ("HOME", home)];
        let env = env.map(|(name, value)| (name.into(), value.into()));
        if crate::engine::program::find(&self.config.engine, &env).is_err() {
            found.push(format!(
                "{} is not found in {path}: install it for {name}, or set CLAUDE_PATH to its whole path",
                self.config.engine.program
            ));
        }
        let access = &self.config.rules.access;
        if access.chats.is_empty() && access.users.is_empty() {
            found.push(
                "nobody may talk to the bot yet: write to it, put the id it answers into \
                 TELEGRAM_ALLOWED_CHAT_IDS, and say this command again"
                    .into(),
            );
        }
        found
    }
}

fn folder(options: &Options, given: &Pairs) -> Result<PathBuf, Failure> {
    let named = given.iter().find(|(name, value)| name == DIR && !value.is_empty());
    let named = named.map(|(_, value)| PathBuf::from(value));
    let dir = options.project.clone().or(named).unwrap_or_else(|| ".".into());
    let found = dir.canonicalize().and_then(|dir| dir.metadata().map(|about| (dir, about)));
    match found {
        Ok((dir, about)) if about.is_dir() && dir != Path::new("/") => Ok(dir),
        Ok((dir, _)) => Err(Failure::Other(format!(
            "{} is no project folder: name one with --project",
            dir.display()
        ))),
        Err(error) => Err(Failure::Other(format!(
            "{}: {error}: name the project folder with --project",
            dir.display()
        ))),
    }
}

fn user(place: &Place, name: Option<&str>, dir: &Path) -> Result<User, Failure> {
    let user = match name {
        Some(name) => accounts::named(place, name)
            .ok_or_else(|| Failure::Other(format!("there is no user {name}: adduser {name}")))?,
        None => {
            let about = dir.metadata().map_err(Failure::other)?;
            accounts::numbered(place, about.uid(), about.gid())
        }
    };
    if user.uid == 0 {
        return Err(Failure::Other(format!(
            "the service never runs as root, since an agent that is root can break the board: give \
             {0} to another user (chown -R USER {0}), or name one with --user",
            dir.display()
        )));
    }
    Ok(user)
}

/// The settings of an `--env` file, which may lie on a card's boot partition.
fn settings_in(file: &Path) -> Result<Pairs, Failure> {
    let text = read(file).map_err(|error| cannot_read(file, &error))?;
    match text.is_empty() && !file.exists() {
        true => Err(Failure::Other(format!("there is no file {}", file.display()))),
        false => parsed(file, text),
    }
}

/// The text of a file; empty if there is none.
fn read(file: &Path) -> io::Result<String> {
    let (folder, name) = parts(file);
    match token::read(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => Ok(text?.unwrap_or_default()),
    }
}

/// The folder and the name of a file.
pub(super) fn parts(file: &Path) -> (&Path, &str) {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    (folder.unwrap_or(Path::new(".")), name)
}

fn parsed(file: &Path, text: String) -> Result<Pairs, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    parse_dotenv(text).map_err(|why| Failure::Other(format!("{}: {why}", file.display())))
}

fn token_in(pairs: &Pairs) -> Option<String> {
    let mut tokens = pairs.iter().rev().filter(|(name, value)| name == TOKEN && !value.is_empty());
    tokens.next().map(|(_, value)| value.clone())
}

fn cannot_read(file: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot read {}: {error}", file.display()))
}

/// A value as systemd's environment files and `.env` files both take it.
fn quoted(value: &str) -> Option<String> {
    if value.contains(['\n', '\r', '\0']) {
        return None;
    }
    // dotenvy takes a backslash before the closing quote for an escape.
    if !value.contains('\'') && !value.ends_with('\\') {
        return Some(format!("'{value}'"));
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    Some(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_read_back_as_it_was() {
        for value in [
            "1",
            "a b",
            "$HOME",
            "it's",
            "it's \"$x\" \\ `y`",
            "--model 'opus'",
            "#x",
            "x\\",
            "it's\\",
        ] {
            let line = format!("NAME={}", quoted(value).unwrap());
            let pair = ("NAME".to_owned(), value.to_owned());
            assert_eq!(parse_dotenv(&line), Ok(vec![pair]), "{line}");
        }
        assert_eq!(quoted("a\nb"), None);
    }

    #[test]
    fn the_last_token_of_a_file_counts() {
        let pairs = parse_dotenv("TELEGRAM_BOT_TOKEN=1:a\nTELEGRAM_BOT_TOKEN=2:b\n").unwrap();
        assert_eq!(token_in(&pairs).as_deref(), Some("2:b"));
        assert_eq!(token_in(&parse_dotenv("TELEGRAM_BOT_TOKEN=\n").unwrap()), None);
    }
}
