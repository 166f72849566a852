//! Where a turn is played: the session, the way out to stdout, and pauses that can be broken off.

use super::flags::Flags;
use super::input::{self, Event, Prompt};
use super::lines::{self, Outcome};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Bytes of a piece of text while it is written.
const PIECE: usize = 48;
/// The real program's words for a tool call that was stopped.
const REJECTED: &str = "The user doesn't want to proceed with this tool use. The tool use was \
    rejected (eg. if it was a file edit, the new_string was NOT written to the file). STOP what \
    you are doing and wait for the user to tell you how to proceed.";

/// Why a turn ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Asked for over stdin: the process lives on.
    Interrupt,
    /// SIGINT: the process ends.
    Signal,
}

/// One session being played.
pub(super) struct Stage {
    pub flags: Flags,
    pub session: String,
    /// The last result was an error.
    pub failed: bool,
    events: Receiver<Event>,
    deaf: Arc<AtomicBool>,
    waiting: VecDeque<Prompt>,
    ended: bool,
    messages: u32,
    calls: u32,
    results: u32,
    turns: u32,
    /// The tool call that runs.
    running: Option<String>,
}

impl Stage {
    pub fn new(flags: Flags, session: String) -> Stage {
        let deaf = Arc::new(AtomicBool::new(false));
        Stage {
            events: input::listen(&deaf),
            flags,
            session,
            failed: false,
            deaf,
            waiting: VecDeque::new(),
            ended: false,
            messages: 0,
            calls: 0,
            results: 0,
            turns: 0,
            running: None,
        }
    }

    /// The next prompt; `None` when stdin has ended, or a signal came while nothing was to do.
    pub fn next_prompt(&mut self) -> Option<Prompt> {
        loop {
            if let Some(prompt) = self.waiting.pop_front() {
                return Some(prompt);
            }
            if self.ended {
                return None;
            }
            match self.events.recv() {
                Ok(Event::Signal) | Err(_) => return None,
                // Nothing runs: the answer is all there is to an interrupt.
                Ok(event) => drop(self.note(event)),
            }
        }
    }

    /// Signals and interrupts do nothing from now on.
    pub fn be_deaf(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// Waits, unless somebody wants the turn to stop.
    pub fn pause(&mut self, wait: Duration) -> Result<(), Stop> {
        let end = Instant::now() + wait;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) => drop(self.note(event)?),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(Stop::Signal),
            }
        }
    }

    /// Waits for ever, that is: until the turn is stopped.
    pub fn hang(&mut self) -> Result<(), Stop> {
        loop {
            self.pause(Duration::from_secs(3600))?;
        }
    }

    /// Waits for the answer to a request. `None`: stdin has ended, or it is not a proper answer;
    /// both count as "no".
    pub fn answer(&mut self, request: &str) -> Result<Option<Value>, Stop> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let event = self.events.recv().map_err(|_| Stop::Signal)?;
            match self.note(event) {
                Ok(Some((id, answer))) if id == request => return Ok(answer),
                Ok(_) => {}
                Err(stop) => {
                    lines::print(&lines::withdraw(request));
                    return Err(stop);
                }
            }
        }
    }

    /// The beginning of a turn.
    pub fn begin(&mut self) {
        let mode = if self.flags.bypass { "bypassPermissions" } else { &self.flags.mode };
        let model = self.flags.model.as_deref().unwrap_or(lines::MODEL);
        lines::print(&lines::init(&self.session, model, mode));
    }

    /// `system/<subtype>`.
    pub fn system(&self, subtype: &str, members: Value) {
        lines::print(&lines::system(&self.session, subtype, members));
    }

    /// A message of text, piece by piece if partial messages are wanted.
    pub fn say(&mut self, text: &str) {
        let message = self.next_message();
        self.stream(&message, text);
        let block = lines::text_block(text);
        lines::print(&lines::assistant(&self.session, &message, lines::MODEL, &block));
        self.close(&message);
    }

    /// A new message's id.
    pub fn next_message(&mut self) -> String {
        self.messages += 1;
        self.turns += 1;
        let tag: String = self.session.chars().take(8).collect();
        format!("msg_{tag}{:014}", self.messages)
    }

    /// Opens a message and writes its text, without the line that confirms it.
    pub fn stream(&self, message: &str, text: &str) {
        let start = json!({ "id": message, "type": "message", "role": "assistant",
            "model": lines::MODEL, "content": [] });
        self.partial(message, &json!({ "type": "message_start", "message": start }));
        let block = json!({ "type": "text", "text": "" });
        self.partial(
            message,
            &json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        );
        for piece in pieces(text) {
            self.delta(message, piece);
        }
    }

    /// One more piece of a message's text.
    pub fn delta(&self, message: &str, piece: &str) {
        let delta = json!({ "type": "text_delta", "text": piece });
        self.partial(
            message,
            &json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        );
    }

    /// Closes a message that was streamed.
    pub fn close(&self, message: &str) {
        self.partial(message, &json!({ "type": "content_block_stop", "index": 0 }));
        self.partial(message, &json!({ "type": "message_stop" }));
    }

    /// Calls a tool; gives the call's id.
    pub fn call(&mut self, tool: &str, input: &Value) -> String {
        let message = self.next_message();
        self.calls += 1;
        let tag: String = self.session.chars().take(8).collect();
        let id = format!("toolu_{tag}{:014}", self.calls);
        let block = lines::tool_block(&id, tool, input);
        lines::print(&lines::assistant(&self.session, &message, lines::MODEL, &block));
        self.running = Some(id.clone());
        id
    }

    /// The result of a tool call.
    pub fn tool_result(&mut self, id: &str, text: &str, failed: bool) {
        self.running = None;
        let block = json!({ "tool_use_id": id, "type": "tool_result", "content": text,
            "is_error": failed });
        let result = if failed {
            json!(format!("Error: {text}"))
        } else {
            json!({ "stdout": text, "stderr": "", "interrupted": false })
        };
        lines::print(&lines::user(&self.session, &block, &result));
    }

    /// An answer and the end of the turn.
    pub fn done(&mut self, text: &str) {
        self.say(text);
        self.finish(Some(text.to_owned()), Vec::new(), false, "completed", false);
    }

    /// The end of a turn.
    pub fn finish(
        &mut self,
        text: Option<String>,
        errors: Vec<String>,
        is_error: bool,
        reason: &'static str,
        notice: bool,
    ) {
        self.failed = is_error;
        let index = self.results;
        self.results += 1;
        let turns = core::mem::take(&mut self.turns);
        let outcome = Outcome { text, errors, is_error, reason, turns, index, notice };
        lines::print(&lines::result(&self.session, &outcome));
    }

    /// What the real program prints when a turn was stopped.
    pub fn aborted(&mut self) {
        let (mark, reason) = match self.running.take() {
            Some(call) => {
                let block = json!({ "type": "tool_result", "content": REJECTED,
                    "is_error": true, "tool_use_id": call });
                lines::print(&lines::user(&self.session, &block, &json!("User rejected tool use")));
                ("[Request interrupted by user for tool use]", "aborted_tools")
            }
            None => ("[Request interrupted by user]", "aborted_streaming"),
        };
        let block = json!({ "type": "text", "text": mark });
        lines::print(&lines::user(&self.session, &block, &Value::Null));
        let diagnostic = "[ede_diagnostic] result_type=user last_content_type=n/a \
                          stop_reason=tool_use";
        self.finish(None, vec![diagnostic.to_owned()], true, reason, false);
    }

    fn partial(&self, message: &str, event: &Value) {
        if self.flags.partial {
            lines::print(&lines::partial(&self.session, message, event));
        }
    }

    /// Takes an event in; gives an answer to a request of ours, if it is one.
    fn note(&mut self, event: Event) -> Result<Option<(String, Option<Value>)>, Stop> {
        let deaf = self.deaf.load(Ordering::SeqCst);
        match event {
            Event::Prompt(prompt) => self.waiting.push_back(prompt),
            Event::Answer(id, answer) => return Ok(Some((id, answer))),
            Event::Interrupt(_) | Event::Signal if deaf => {}
            Event::Interrupt(id) => {
                let queued = Ok(json!({ "still_queued": [] }));
                lines::print(&lines::control_answer(&id, queued));
                return Err(Stop::Interrupt);
            }
            Event::Signal => return Err(Stop::Signal),
            Event::Unsupported(id, subtype) if subtype == "initialize" => {
                let hello = Ok(json!({ "commands": [], "pid": std::process::id() }));
                lines::print(&lines::control_answer(&id, hello));
            }
            Event::Unsupported(id, subtype) => {
                let why = Err(format!("Unsupported control request subtype: {subtype}"));
                lines::print(&lines::control_answer(&id, why));
            }
            Event::End => self.ended = true,
        }
        Ok(None)
    }
}

/// A text in pieces of whole characters.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let end = (PIECE..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_characters_and_nothing_is_lost() {
        let text = "äöü€😀".repeat(40);
        let parts: Vec<&str> = pieces(&text).collect();
        assert!(parts.len() > 5);
        assert_eq!(parts.concat(), text);
        assert_eq!(pieces("").count(), 0);
    }
}
