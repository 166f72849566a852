//! The control socket `<state>/ctl.sock`: how `pigent send` reaches the running daemon.
//!
//! One order a connection: a JSON line (`{"chat":…,"text":…,"file":{"name":…,"size":…}}`), then
//! the file's bytes; the answer is `ok` or `error WHY`, once the order is on the disk. Owner only
//! (0600), a few connections at a time, each bounded in size and time.

use crate::bridge::Input;
use crate::bridge::ids::ChatId;
use crate::bridge::input::SendOrder;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Longest header line: a text of 64 KiB, escaped.
const HEADER: u64 = 512 * 1024;
/// Longest text.
pub const TEXT: usize = 64 * 1024;
/// Longest file.
pub const FILE: usize = 8 * 1024 * 1024;
/// Connections at a time.
const CALLERS: usize = 4;
/// A caller has this long for everything.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    chat: Option<i64>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    file: Option<FileHeader>,
}

#[derive(Serialize, Deserialize)]
struct FileHeader {
    name: String,
    size: usize,
}

type Callers = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<(), String>>>>>;

/// The daemon's end.
#[derive(Debug)]
pub(super) struct Control {
    path: PathBuf,
    callers: Callers,
    /// Where orders go, while nothing listens for them.
    idle: Option<Sender<Input>>,
}

impl Control {
    /// Listens. A socket that cannot be made is logged and does without: the daemon's work does
    /// not depend on it.
    pub(super) fn listen(path: PathBuf, inputs: Sender<Input>) -> Control {
        let mut control = Control { path, callers: Callers::default(), idle: Some(inputs) };
        if let Err(error) = control.try_listen() {
            log::warn!("pigent send cannot reach this daemon yet: ctl.sock: {error}");
        }
        control
    }

    /// Tries what [`Control::listen`] could not do: the state folder can be used now.
    pub(super) fn listen_again(&mut self) {
        // It has been said.
        let _ = self.try_listen();
    }

    fn try_listen(&mut self) -> io::Result<()> {
        if self.idle.is_some() {
            let listener = bind(&self.path)?;
            if let Some(inputs) = self.idle.take() {
                tokio::spawn(serve(listener, inputs, self.callers.clone()));
            }
        }
        Ok(())
    }

    /// The bridge's answer to an order.
    pub(super) fn answer(&self, caller: u64, result: Result<(), String>) {
        let waiting = self.callers.lock().unwrap_or_else(PoisonError::into_inner).remove(&caller);
        if let Some(waiting) = waiting {
            // Who has hung up does not want it.
            let _ = waiting.send(result);
        }
    }

    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // The lock says that no other daemon uses it: a socket that is there is a dead one's.
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn serve(listener: UnixListener, inputs: Sender<Input>, callers: Callers) {
    let free = Arc::new(Semaphore::new(CALLERS));
    let mut next = 0;
    loop {
        // Further callers wait in the socket's queue.
        let Ok(permit) = free.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: not a reason to spin.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        next += 1;
        let call = call(stream, next, inputs.clone(), callers.clone());
        tokio::spawn(async move {
            call.await;
            drop(permit);
        });
    }
}

async fn call(mut stream: UnixStream, caller: u64, inputs: Sender<Input>, callers: Callers) {
    let (sender, answer) = oneshot::channel();
    callers.lock().unwrap_or_else(PoisonError::into_inner).insert(caller, sender);
    let result = timeout(PATIENCE, order(&mut stream, caller, &inputs, answer)).await;
    let result = result.unwrap_or_else(|_| Err("the daemon did not answer in time".into()));
    callers.lock().unwrap_or_else(PoisonError::into_inner).remove(&caller);
    let line = match result {
        Ok(()) => "ok\n".to_owned(),
        Err(why) => format!("error {}\n", why.replace('\n', " ")),
    };
    let _ = stream.write_all(line.as_bytes()).await;
}

async fn order(
    stream: &mut UnixStream,
    caller: u64,
    inputs: &Sender<Input>,
    answer: oneshot::Receiver<Result<(), String>>,
) -> Result<(), String> {
    let order = read_order(stream, caller).await?;
    inputs.send(Input::Send(order)).await.map_err(|_| "the daemon is leaving")?;
    answer.await.map_err(|_| "the daemon is leaving")?
}

async fn read_order(stream: &mut UnixStream, caller: u64) -> Result<SendOrder, String> {
    let mut reader = tokio::io::BufReader::new(stream);
    let mut line = Vec::new();
    let read = (&mut reader).take(HEADER).read_until(b'\n', &mut line).await;
    read.map_err(|error| error.to_string())?;
    let header: Header = serde_json::from_slice(&line).map_err(|_| "not an order")?;
    if header.text.len() > TEXT {
        return Err("the text is longer than 64 KiB: send it as a file".into());
    }
    let file = match header.file {
        Some(file) if file.size > FILE => return Err("the file is larger than 8 MiB".into()),
        Some(file) => {
            let mut content = vec![0; file.size];
            reader.read_exact(&mut content).await.map_err(|error| error.to_string())?;
            Some((file.name, content))
        }
        None => None,
    };
    Ok(SendOrder { chat: header.chat.map(ChatId), text: header.text, file, caller })
}

/// Why an order did not get through.
#[derive(Debug)]
pub enum ControlError {
    /// No daemon listens there.
    NoDaemon,
    /// The daemon said no.
    Refused(String),
    /// The connection broke.
    Io(io::Error),
}

/// Gives an order to the running daemon and waits until it is remembered. Blocks.
///
/// # Errors
/// See [`ControlError`].
pub fn send(
    state_dir: &Path,
    chat: Option<i64>,
    text: &str,
    file: Option<(&str, &[u8])>,
) -> Result<(), ControlError> {
    let path = state_dir.join("ctl.sock");
    let stream = std::os::unix::net::UnixStream::connect(path);
    let mut stream = stream.map_err(|_| ControlError::NoDaemon)?;
    let header = Header {
        chat,
        text: text.to_owned(),
        file: file.map(|(name, content)| FileHeader { name: name.to_owned(), size: content.len() }),
    };
    let answer = exchange(&mut stream, &header, file.map(|(_, content)| content));
    let answer = answer.map_err(ControlError::Io)?;
    match answer.trim_end().strip_prefix("error ") {
        None if answer.starts_with("ok") => Ok(()),
        None => Err(ControlError::Io(io::ErrorKind::UnexpectedEof.into())),
        Some(why) => Err(ControlError::Refused(why.to_owned())),
    }
}

fn exchange(
    stream: &mut std::os::unix::net::UnixStream,
    header: &Header,
    file: Option<&[u8]>,
) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(header)?;
    line.push(b'\n');
    let written = stream
        .write_all(&line)
        .and_then(|()| stream.write_all(file.unwrap_or_default()))
        .and_then(|()| stream.shutdown(Shutdown::Write));
    // A daemon that says no may hang up before it has heard everything: its word counts.
    let mut answer = String::new();
    let read = BufReader::new(&*stream).read_line(&mut answer);
    if answer.is_empty() {
        written.and(read)?;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_heard_although_the_daemon_hung_up_early() {
        let folder = tempfile::tempdir().unwrap();
        let daemon =
            std::os::unix::net::UnixListener::bind(folder.path().join("ctl.sock")).unwrap();
        let refuse = std::thread::spawn(move || {
            let (mut stream, _) = daemon.accept().unwrap();
            stream.write_all(b"error busy\n").unwrap();
        });
        let file = vec![7; FILE];
        let result = send(folder.path(), None, "hi", Some(("x", &file)));
        assert!(matches!(&result, Err(ControlError::Refused(why)) if why == "busy"), "{result:?}");
        refuse.join().unwrap();
    }
}
