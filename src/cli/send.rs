//! `pigent send`: says something in the chat, from a script or cron.
//!
//! Through the running daemon if there is one (then it arrives, also after a power cut); without
//! a daemon it is sent at once, or fails.

use super::Failure;
use crate::bridge::ids::{ChatId, Place};
use crate::bridge::rules::Access;
use crate::config::{Config, Sources};
use crate::runtime::{ControlError, MOST_FILE, send};
use crate::telegram::api::{Api, Outgoing};
use crate::telegram::client::Client;
use crate::telegram::format;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Telegram's limit for text under a file.
const CAPTION: usize = 1024;

struct Order {
    chat: Option<i64>,
    file: Option<(String, Vec<u8>)>,
    text: String,
}

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    let order = read_order(args)?;
    let sources = Sources::read();
    let file = order.file.as_ref().map(|(name, content)| (name.as_str(), content.as_slice()));
    match send(&Config::state_dir(&sources), order.chat, &order.text, file) {
        Ok(()) => Ok(()),
        Err(ControlError::NoDaemon) => send_alone(&sources, &order),
        Err(ControlError::Refused(why)) => Err(Failure::Other(why)),
        Err(ControlError::Io(error)) => Err(Failure::Other(format!(
            "the daemon did not answer ({error}): it may have taken it"
        ))),
    }
}

fn read_order(args: Vec<OsString>) -> Result<Order, Failure> {
    use lexopt::prelude::*;
    let (mut chat, mut file, mut words) = (None, None, Vec::new());
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("chat") => chat = Some(parser.value()?.parse::<i64>()?),
            Long("file") => file = Some(PathBuf::from(parser.value()?)),
            Value(word) => words.push(word.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let mut text = words.join(" ");
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).map_err(Failure::other)?;
    }
    if text.trim().is_empty() && file.is_none() {
        return Err(Failure::Usage("send: give a TEXT (or - for stdin) or a --file".into()));
    }
    if file.is_some() && text.encode_utf16().count() > CAPTION {
        return Err(Failure::Usage(format!(
            "send: a text with a file ends at {CAPTION} characters"
        )));
    }
    Ok(Order { chat, file: file.map(|path| read_file(&path)).transpose()?, text })
}

fn read_file(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let fail = |why: String| Failure::Other(format!("{}: {why}", path.display()));
    let file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut content = Vec::new();
    let read = file.take(MOST_FILE as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| fail(error.to_string()))?;
    if content.len() > MOST_FILE {
        return Err(fail("larger than 8 MiB".into()));
    }
    if content.is_empty() {
        return Err(fail("empty: Telegram takes no empty file".into()));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok((name.unwrap_or_else(|| "file".into()), content))
}

/// Without a daemon: one try, now.
fn send_alone(sources: &Sources, order: &Order) -> Result<(), Failure> {
    let config = Config::load(sources).map_err(Failure::Config)?;
    let chat = order.chat.map(ChatId).or_else(|| home(&config.rules.access)).ok_or_else(|| {
        Failure::Usage("send: give --chat ID, or set TELEGRAM_ALLOWED_CHAT_IDS".into())
    })?;
    let place = Place { chat, thread: None };
    let mut client = Client::new(&config.telegram);
    if let Some((name, content)) = &order.file {
        client.send_document(&plain(place, &order.text), name, content).map_err(Failure::other)?;
        return Ok(());
    }
    for piece in format::split_plain(&order.text) {
        client.send_message(&plain(place, &piece)).map_err(Failure::other)?;
    }
    Ok(())
}

fn plain(place: Place, text: &str) -> Outgoing<'_> {
    Outgoing { place, text, html: false, reply_to: None, silent: false, buttons: &[] }
}

fn home(access: &Access) -> Option<ChatId> {
    let user = || access.users.first().map(|user| ChatId(user.0));
    access.chats.first().copied().or_else(user)
}
