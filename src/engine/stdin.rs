//! The agent's stdin: lines wait here until the agent reads them.
//!
//! Sending never blocks the loop. A line is written as far as the pipe takes it, whenever the
//! loop comes by, and what the lines say is [`super::protocol`]'s business.

use std::collections::VecDeque;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

/// Bytes that may wait besides a prompt. An agent that has left so much unread reads no more.
const WAITING_MAX: usize = 1 << 20;

/// A pipe and what is still to be written to it.
#[derive(Debug)]
pub struct Stdin {
    pipe: Option<ChildStdin>,
    lines: VecDeque<Vec<u8>>,
    /// Bytes of the first line that are written.
    written: usize,
    closing: bool,
}

impl Stdin {
    /// Nothing to write yet.
    #[must_use]
    pub fn new(pipe: Option<ChildStdin>) -> Stdin {
        Stdin { pipe, lines: VecDeque::new(), written: 0, closing: false }
    }

    /// Takes a line. It is dropped if stdin is closed or closing, or if too much is waiting; the
    /// first line of a run, its prompt, may have any length.
    pub fn send(&mut self, line: Vec<u8>) {
        let waiting: usize = self.lines.iter().skip(1).map(Vec::len).sum();
        if self.pipe.is_none() || self.closing {
            return;
        }
        if waiting.saturating_add(line.len()) > WAITING_MAX && !self.lines.is_empty() {
            log::warn!("the agent reads nothing: a line of {} bytes was dropped", line.len());
            return;
        }
        self.lines.push_back(line);
    }

    /// Closes the pipe as soon as everything is written.
    pub fn close(&mut self) {
        self.closing = true;
        if self.lines.is_empty() {
            self.pipe = None;
        }
    }

    /// Closes the pipe now.
    pub fn drop_pipe(&mut self) {
        self.pipe = None;
        self.lines.clear();
    }

    /// Writes a piece; pending while there is nothing to write. Cancel-safe.
    pub async fn write(&mut self) {
        let line = self.lines.front().and_then(|line| line.get(self.written..));
        let (Some(pipe), Some(line)) = (&mut self.pipe, line) else {
            return core::future::pending().await;
        };
        match pipe.write(line).await {
            Ok(count) => self.advance(count),
            // The agent has closed its end. Whether that is an error shows at its exit.
            Err(_) => self.drop_pipe(),
        }
    }

    fn advance(&mut self, count: usize) {
        self.written += count;
        if self.lines.front().is_some_and(|line| self.written >= line.len()) {
            self.lines.pop_front();
            self.written = 0;
        }
        if self.closing && self.lines.is_empty() {
            self.pipe = None;
        }
    }
}
