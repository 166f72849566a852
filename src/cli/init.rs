//! `pigent init`: writes `.env`, keeps it out of git, and asks Telegram about the token.
//!
//! The token is read from the terminal, from stdin (`--token-stdin`) or from the environment,
//! never from the command line, where every user of the machine could see it.

use super::Failure;
use super::output::{put, say};
use crate::config::{Sources, TOKEN, VARIABLES};
use crate::telegram::client::Client;
use crate::telegram::error::Error;
use crate::telegram::settings::Settings;
use crate::telegram::token::Token;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const IGNORED: [&str; 2] = [".env", ".pigent/"];

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    let mut from_stdin = false;
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            lexopt::Arg::Long("token-stdin") => from_stdin = true,
            _ => return Err(arg.unexpected().into()),
        }
    }
    let sources = Sources::read();
    if !sources.problems.is_empty() {
        return Err(Failure::Config(sources.problems));
    }
    let token = match sources.token() {
        Some(token) => Some(token.to_owned()),
        None => ask_for_token(from_stdin).map_err(Failure::other)?,
    };
    let token = token.map(|text| Token::new(&text).map(|token| (text, token)));
    let token = token.transpose().map_err(|error| Failure::Usage(format!("that is {error}")))?;
    let text = token.as_ref().map(|(text, _)| text.trim());
    write_dotenv(&sources.project_dir, text)?;
    ignore(&sources.project_dir)
        .map_err(|error| Failure::Other(format!(".gitignore: {error}: who owns this folder?")))?;
    match token {
        Some((_, token)) => check_token(token, &sources),
        None => {
            say!("Next: put the token from @BotFather into .env, then run pigent doctor.");
            Ok(())
        }
    }
}

fn ask_for_token(from_stdin: bool) -> io::Result<Option<String>> {
    let terminal = io::stdin().is_terminal();
    if !from_stdin && !terminal {
        return Ok(None);
    }
    if terminal {
        put(format_args!("Bot token from @BotFather (Enter to fill it in later): "));
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()).filter(|token| !token.is_empty()))
}

fn write_dotenv(project: &Path, token: Option<&str>) -> Result<(), Failure> {
    let path = project.join(".env");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            say!("{} is there already: left as it is.", path.display());
            return Ok(());
        }
        Err(error) => return Err(Failure::Other(format!("{}: {error}", path.display()))),
    };
    file.write_all(dotenv_text(token).as_bytes()).map_err(Failure::other)?;
    say!("Wrote {} (only you can read it).", path.display());
    Ok(())
}

/// Every setting, explained; only what has no default is not commented out.
fn dotenv_text(token: Option<&str>) -> String {
    let mut text = String::from("# Settings of pigent. The environment wins over this file.\n");
    for (name, default, meaning) in VARIABLES {
        let _ = match name {
            "PIGENT_PROJECT_DIR" => Ok(()),
            TOKEN => write!(text, "\n# {meaning}\n{name}={}\n", token.unwrap_or_default()),
            "TELEGRAM_ALLOWED_CHAT_IDS" => {
                write!(text, "\n# {meaning} (write to the bot: it answers with yours)\n{name}=\n")
            }
            _ => write!(text, "\n# {meaning}\n#{name}={default}\n"),
        };
    }
    text
}

/// Adds what must not be committed to `.gitignore`, unless it is there.
fn ignore(project: &Path) -> io::Result<()> {
    let path = project.join(".gitignore");
    let known = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let missing: Vec<&str> = IGNORED
        .into_iter()
        .filter(|name| !known.lines().any(|line| line.trim() == *name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    if !known.is_empty() && !known.ends_with('\n') {
        writeln!(file)?;
    }
    for name in &missing {
        writeln!(file, "{name}")?;
    }
    say!("{} keeps {} out of git.", path.display(), missing.join(" and "));
    Ok(())
}

fn check_token(token: Token, sources: &Sources) -> Result<(), Failure> {
    let api_url = sources.get("TELEGRAM_API_URL").unwrap_or("https://api.telegram.org");
    let ca_file = sources.get("PIGENT_CA_FILE").map(Path::new);
    let settings = Settings::new(token, api_url, ca_file).map_err(Failure::other)?;
    match Client::new(&settings).get_me() {
        Ok(name) => {
            say!("The token works: it is @{name}.");
            say!(
                "Next: pigent run, and write to https://t.me/{name}: it answers with the id for TELEGRAM_ALLOWED_CHAT_IDS."
            );
            Ok(())
        }
        Err(error @ Error::BadToken) => Err(Failure::other(error)),
        Err(error) => Err(Failure::Other(format!(
            "the token could not be checked: {error}; pigent doctor tries again"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_dotenv;

    #[test]
    fn the_file_it_writes_can_be_read_and_names_every_setting() {
        let text = dotenv_text(Some("1:abc"));
        let pairs = parse_dotenv(&text).unwrap();
        let expect = [(TOKEN, "1:abc"), ("TELEGRAM_ALLOWED_CHAT_IDS", "")];
        assert_eq!(pairs, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (name, _, _) in VARIABLES {
            assert_eq!(text.contains(name), name != "PIGENT_PROJECT_DIR", "{name}");
        }
        // Uncommented as a whole it is still valid, so that it can be edited line by line.
        assert!(parse_dotenv(&text.replace("\n#PIGENT", "\nPIGENT")).is_ok());
    }

    #[test]
    fn gitignore_gets_what_is_missing_once() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".gitignore"), "target\n.env").unwrap();
        ignore(dir.path()).unwrap();
        ignore(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(".gitignore")).unwrap();
        assert_eq!(text, "target\n.env\n.pigent/\n");
    }
}
