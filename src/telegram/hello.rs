//! What is asked of Telegram once a start: the bot's name, and that its commands are listed.
//!
//! Neither holds anything up: they go on in the background until they have worked, and the first
//! `getUpdates` waits for none of them.

use super::backoff::Backoff;
use super::client::Client;
use super::error::Error;
use crate::bridge::input::Input;
use std::{io, thread};
use tokio::sync::mpsc::Sender;

/// Starts a thread that ends when `getMe` (its name is sent as [`Input::Me`]) and
/// `setMyCommands` have worked, when the commands are refused, or when the loop is gone. Give it
/// a clone of the sending client: it will find a connection already open.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(
    client: Client,
    commands: &'static [(&'static str, &'static str)],
    inputs: Sender<Input>,
) -> io::Result<()> {
    thread::Builder::new().name("hello".into()).spawn(move || {
        let Some(username) = until_it_works(&inputs, |_| false, || client.get_me()) else { return };
        if inputs.blocking_send(Input::Me { username }).is_err() {
            return;
        }
        until_it_works(&inputs, refused, || client.set_my_commands(commands));
    })?;
    Ok(())
}

/// Repeats `call` until it works, `hopeless` says that it never will, or nobody wants to know.
fn until_it_works<T>(
    inputs: &Sender<Input>,
    hopeless: impl Fn(&Error) -> bool,
    call: impl Fn() -> Result<T, Error>,
) -> Option<T> {
    let mut backoff = Backoff::default();
    while !inputs.is_closed() {
        match call() {
            Ok(value) => return Some(value),
            Err(error) if hopeless(&error) => {
                log::warn!("the commands cannot be listed: {error}");
                return None;
            }
            Err(error) => thread::sleep(backoff.failed(&error)),
        }
    }
    None
}

fn refused(error: &Error) -> bool {
    matches!(error, Error::Refused { .. })
}
