//! What the live view of a run shows: state, elapsed time, the newest tools and the newest text.
//!
//! The view is declarative: each event changes this struct, and the frame is made from it anew.
//! Everything in it is bounded, so a run of a day costs what a run of a minute costs.

use super::Bridge;
use super::agent::AgentEvent;
use super::effect::{Button, Class, Effect, Frame, Part, View};
use super::ids::{Place, ViewId};
use super::stop::Why;
use super::time::Mono;
use super::tokens::Action;
use super::words::State;
use core::time::Duration;
use std::collections::VecDeque;

/// Tool lines shown.
const TOOLS: usize = 4;
/// Bytes of the newest text shown; with everything else it stays under Telegram's 4096.
const TEXT: usize = 2400;

/// See the module.
#[derive(Debug)]
pub(super) struct Progress {
    tools: VecDeque<Tool>,
    pub(super) tool_count: u32,
    /// Text of the message the model is writing: its id, and what has come so far.
    partial: Option<(String, String)>,
    /// The newest whole text block.
    said: String,
    /// A retry, a compaction, a limit: shown until something else happens.
    note: Option<Note>,
    pub(super) cost_usd: f64,
    changed: bool,
    rendered_at: Mono,
    tick: Duration,
}

#[derive(Debug)]
struct Tool {
    id: String,
    name: String,
    preview: String,
    /// `Some(failed)` once it has ended.
    ended: Option<bool>,
}

/// What a run is told about besides tools and text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Note {
    /// The API failed and is tried again.
    Retry { attempt: u32, max: u32, error: String, status: Option<u16> },
    /// The conversation is being compacted.
    Compacting,
    /// A limit was reported: which, and when it resets.
    Limit { kind: String, resets_at: Option<i64> },
    /// A tool was refused.
    Denied { tool: String, message: String },
    /// A subagent or a long command.
    Task(String),
}

impl Progress {
    pub(super) fn new(now: Mono) -> Progress {
        Progress {
            tools: VecDeque::new(),
            tool_count: 0,
            partial: None,
            said: String::new(),
            note: None,
            cost_usd: 0.0,
            changed: true,
            rendered_at: now,
            tick: Duration::from_secs(10),
        }
    }

    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// When the elapsed time is worth showing again although nothing happened.
    pub(super) fn deadline(&self) -> Option<Mono> {
        Some(self.rendered_at.after(self.tick))
    }

    /// The tool that runs now, for `/status`.
    pub(super) fn current_tool(&self) -> Option<(&str, &str)> {
        let tool = self.tools.iter().rev().find(|tool| tool.ended.is_none())?;
        Some((&tool.name, &tool.preview))
    }

    /// Takes in what the agent said.
    pub(super) fn hear(&mut self, event: &AgentEvent) {
        let note = note_of(event);
        match event {
            AgentEvent::Alive | AgentEvent::Malformed | AgentEvent::Session(_) => return,
            AgentEvent::MessageStart { message } => {
                self.partial = Some((message.clone(), String::new()))
            }
            AgentEvent::MessageStop { message } => self.end_partial(message),
            AgentEvent::Partial { message, text, .. } => self.add_partial(message, text),
            AgentEvent::Text { message, parent: None, text, .. } => {
                self.end_partial(message);
                self.said = tail(text, TEXT).to_owned();
            }
            AgentEvent::ToolUse { id, name, preview, .. } => self.add_tool(id, name, preview),
            AgentEvent::ToolResult { id, failed } => self.end_tool(id, *failed),
            AgentEvent::Result(result) => self.cost_usd = result.cost_usd,
            _ => {}
        }
        if note.is_some() || !matches!(event, AgentEvent::Thinking | AgentEvent::Background { .. })
        {
            self.note = note;
        }
        self.changed = true;
    }

    fn add_partial(&mut self, message: &str, text: &str) {
        match &mut self.partial {
            Some((id, so_far)) if id == message => {
                so_far.push_str(text);
                if so_far.len() > 2 * TEXT {
                    *so_far = tail(so_far, TEXT).to_owned();
                }
            }
            _ => self.partial = Some((message.to_owned(), tail(text, TEXT).to_owned())),
        }
    }

    /// A block of this message is whole, or the message was thrown away.
    fn end_partial(&mut self, message: &str) {
        if let Some((id, text)) = &mut self.partial
            && id == message
        {
            text.clear();
        }
    }

    fn add_tool(&mut self, id: &str, name: &str, preview: &str) {
        self.tool_count = self.tool_count.saturating_add(1);
        if self.tools.len() >= TOOLS {
            let ended = self.tools.iter().position(|tool| tool.ended.is_some());
            self.tools.remove(ended.unwrap_or(0));
        }
        let (id, name, preview) = (id.to_owned(), name.to_owned(), preview.to_owned());
        self.tools.push_back(Tool { id, name, preview, ended: None });
    }

    fn end_tool(&mut self, id: &str, failed: bool) {
        if let Some(tool) = self.tools.iter_mut().find(|tool| tool.id == id) {
            tool.ended = Some(failed);
        }
    }

    /// The newest tools: whether they have ended (and failed), name and preview.
    pub(super) fn tools(&self) -> impl Iterator<Item = (Option<bool>, &str, &str)> {
        self.tools.iter().map(|tool| (tool.ended, tool.name.as_str(), tool.preview.as_str()))
    }

    pub(super) fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// The text to show: what the model is writing, else what it said last.
    pub(super) fn newest_text(&self) -> &str {
        match &self.partial {
            Some((_, text)) if !text.trim().is_empty() => tail(text, TEXT),
            _ => &self.said,
        }
    }
}

impl Bridge {
    /// Shows the run's view if it changed or its elapsed time did.
    pub(super) fn show_run(&mut self) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        let Some(started) = run.started else { return };
        let elapsed = now.since(started);
        if !run.progress.changed && now < run.progress.rendered_at.after(run.progress.tick) {
            return;
        }
        run.shown = true;
        run.progress.changed = false;
        run.progress.rendered_at = now;
        run.progress.tick = tick(elapsed);
        let state = match (&run.stop, run.is_asking()) {
            (Some(stop), _) if stop.why != Why::Lingers => State::Stopping,
            (_, true) => State::Waiting,
            _ if run.turn_over && run.background > 0 => State::Background(run.background),
            _ => State::Working,
        };
        self.show_progress(state, elapsed);
    }

    fn show_progress(&mut self, state: State, elapsed: Duration) {
        let stop = (state != State::Stopping).then(|| self.stop_button()).flatten();
        let Some((run, running)) = self.run.as_ref().zip(self.memory.running.as_ref()) else {
            return;
        };
        let parts = self.words.run_view(state, elapsed, &run.progress);
        let view = View {
            id: run.view,
            place: running.job.place,
            reply_to: Some(running.job.message),
            class: Class::Live,
            frame: Frame { parts, buttons: stop.map(|stop| vec![stop]).into_iter().collect() },
            message: running.view_message,
            typing: matches!(state, State::Working),
            last: false,
        };
        self.out.push(Effect::Show(view));
    }

    fn stop_button(&mut self) -> Option<Button> {
        let (run, running) = self.run.as_ref().zip(self.memory.running.as_ref())?;
        let (chat, user) = (running.job.place.chat, running.job.user);
        let data = self.tokens.grant(Action::Stop(run.id), chat, user);
        Some(Button { label: self.words.stop_button(), data })
    }

    /// The last frame of a run's view: one line, no button; the answer is a message of its own.
    pub(super) fn show_last(&mut self, id: ViewId, place: Place, parts: Vec<Part>) {
        let message = self.memory.running.as_ref().and_then(|running| running.view_message);
        self.show_last_at(id, place, message, parts);
    }

    pub(super) fn show_last_at(
        &mut self,
        id: ViewId,
        place: Place,
        message: Option<super::ids::MessageId>,
        parts: Vec<Part>,
    ) {
        self.out.push(Effect::Show(View {
            id,
            place,
            reply_to: None,
            class: Class::Live,
            frame: Frame { parts, buttons: Vec::new() },
            message,
            typing: false,
            last: true,
        }));
    }
}

fn note_of(event: &AgentEvent) -> Option<Note> {
    Some(match event {
        AgentEvent::Retry { attempt, max, error, status, .. } => {
            Note::Retry { attempt: *attempt, max: *max, error: error.clone(), status: *status }
        }
        AgentEvent::Compacting => Note::Compacting,
        AgentEvent::RateLimit { status, resets_at, kind } if status != "allowed" => {
            Note::Limit { kind: kind.clone(), resets_at: *resets_at }
        }
        AgentEvent::Denied { tool, message } => {
            Note::Denied { tool: tool.clone(), message: message.clone() }
        }
        AgentEvent::Task { text } => Note::Task(text.clone()),
        _ => return None,
    })
}

/// How long an unchanged view stands: its elapsed time gets coarser with age.
fn tick(elapsed: Duration) -> Duration {
    Duration::from_secs(match elapsed.as_secs() {
        0..60 => 10,
        60..600 => 30,
        _ => 60,
    })
}

/// The last `most` bytes of a text, from the beginning of a character.
pub(super) fn tail(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default()
}
