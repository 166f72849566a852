//! `pigent send`: says something in the chat, from a script or cron.
//!
//! Through the running daemon if there is one (then it arrives, also after a power cut); without
//! a daemon it is sent at once, or fails.

use super::Failure;
use crate::bridge::ids::{ChatId, Place};
use crate::bridge::rules::Access;
use crate::config::{Config, Sources};
use crate::runtime::{ControlError, MOST_FILE, MOST_TEXT, send};
use crate::telegram::api::{Api, Outgoing};
use crate::telegram::client::Client;
use crate::telegram::error::Error;
use crate::telegram::format;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Telegram's limit for text under a file.
const CAPTION: usize = 1024;
/// Waited for Telegram in all, for one message.
const PATIENCE: Duration = Duration::from_secs(60);
/// Beyond what Telegram asks for: coming back early makes it longer.
const MARGIN: Duration = Duration::from_millis(300);

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
            Long("chat") => chat = Some(chat_id(&parser.value()?)?),
            Long("file") => file = Some(PathBuf::from(parser.value()?)),
            Value(word) => words.push(word.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let mut text = words.join(" ");
    if text == "-" {
        text = read_stdin()?;
    }
    if text.len() > MOST_TEXT {
        return Err(too_long());
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

fn too_long() -> Failure {
    Failure::Usage(format!("send: a text ends at {} KiB: send it as a --file", MOST_TEXT / 1024))
}

fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // One byte more tells that there is too much.
    let read = std::io::stdin().take(MOST_TEXT as u64 + 1).read_to_end(&mut bytes);
    read.map_err(Failure::other)?;
    if bytes.len() > MOST_TEXT {
        return Err(too_long());
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::Other("send: stdin is not UTF-8 text: send it as a --file".into()))
}

fn chat_id(text: &OsStr) -> Result<i64, Failure> {
    let id = text.to_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| {
        let text = text.to_string_lossy();
        Failure::Usage(format!("send: --chat {text}: a chat id is a number, like -1001234567890"))
    })
}

fn read_file(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let fail = |why: String| Failure::Other(format!("send: {}: {why}", path.display()));
    let file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut content = Vec::new();
    let read = file.take(MOST_FILE as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| fail(error.to_string()))?;
    if content.len() > MOST_FILE {
        return Err(fail("larger than 8 MiB".into()));
    }
    if content.is_empty() {
        return Err(fail("is empty, and Telegram takes no empty file".into()));
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
        let mut send = || client.send_document(&plain(place, &order.text), name, content).map(drop);
        return patiently(&mut send);
    }
    for piece in format::split_plain(&order.text) {
        patiently(&mut || client.send_message(&plain(place, &piece)).map(drop))?;
    }
    Ok(())
}

/// Waits as long as Telegram asks to, if that is not too long: half a text is no use.
fn patiently(send: &mut dyn FnMut() -> Result<(), Error>) -> Result<(), Failure> {
    let mut left = PATIENCE;
    loop {
        match send() {
            Err(Error::Flood { retry_after }) if retry_after < left => {
                let wait = retry_after + MARGIN;
                left = left.saturating_sub(wait);
                thread::sleep(wait);
            }
            result => return result.map_err(Failure::other),
        }
    }
}

fn plain(place: Place, text: &str) -> Outgoing<'_> {
    Outgoing { place, text, html: false, reply_to: None, silent: false, buttons: &[] }
}

fn home(access: &Access) -> Option<ChatId> {
    let user = || access.users.first().map(|user| ChatId(user.0));
    access.chats.first().copied().or_else(user)
}
