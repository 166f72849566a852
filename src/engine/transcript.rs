//! From the parser's provisional pieces to whole, confirmed facts.
//!
//! A [`Transcript`] stands between a run's stdout and the bridge: it stages what a line announces
//! and, when the line is confirmed, says it in the bridge's words. It keeps at most [`TEXT`] of
//! text and [`ENTRIES`] blocks of the current line, and the last session id; it knows nothing of
//! the process. Control requests leave as they came: answering them, or asking the user, is
//! `engine/control.rs`'s business.

use crate::bridge::agent::{AgentEvent, RunResult};
use crate::stream::{
    Delta, Event, Field, Line, LineKind, Outcome, Parser, Raw, Request, StreamEvent, Task, split,
};
use staged::{OwnedBlock, Staged};

mod staged;

/// Longest text of one line, in bytes, over all its blocks.
pub const TEXT: usize = 1024 * 1024;

/// Most blocks, and most texts, that one line may have; further ones are dropped. Real lines have
/// one.
pub const ENTRIES: usize = 256;

/// Longest line of text composed here, in bytes.
const NOTE: usize = 256;

/// One thing heard from the agent.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// For the bridge.
    Event(AgentEvent),
    /// To be answered, or to be turned into a question for the user.
    Control(Control),
}

/// A `control_request` (STREAM.md section 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// `request_id`, to be repeated in the answer.
    pub request: String,
    /// `can_use_tool`, `hook_callback`, ….
    pub subtype: String,
    /// The tool; may be empty.
    pub tool: String,
    /// The call; may be empty.
    pub tool_use: String,
    /// The agent's own words for it, one line, at most 256 bytes; may be empty.
    pub description: String,
    /// One line of its input, at most 256 bytes; may be empty.
    pub preview: String,
    /// Its input as JSON text of at most 8 KiB; `None` if there is none or it was cut.
    pub input: Option<String>,
    /// The input did not fit, or was no text: it cannot be sent back.
    pub cut: bool,
    /// `permission_suggestions` as JSON text of at most 4 KiB; `None` if there are none or they
    /// did not fit.
    pub suggestions: Option<String>,
    /// No rule may answer for the user, whatever the permission mode.
    pub needs_user: bool,
}

/// Turns a run's stdout into [`Heard`]. One a run: it remembers the session id.
#[derive(Debug)]
pub struct Transcript {
    parser: Box<Parser>,
    staged: Staged,
    session: Option<String>,
    /// The message being streamed, for deltas that do not name theirs.
    streaming: Option<String>,
}

impl Default for Transcript {
    fn default() -> Self {
        Transcript::new()
    }
}

impl Transcript {
    /// At the beginning of a run.
    #[must_use]
    pub fn new() -> Self {
        Transcript {
            parser: Box::new(Parser::new()),
            staged: Staged::default(),
            session: None,
            streaming: None,
        }
    }

    /// Reads on. Every complete line gives at least one [`Heard`]; blank lines give none. How
    /// much is added to `out` depends on `bytes`, so these should be a chunk, not a file.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Heard>) {
        let Transcript { parser, staged, session, streaming } = self;
        let mut confirm = Confirm { staged, session, streaming, out };
        parser.feed(bytes, &mut |event| confirm.take(event));
    }

    /// The agent's output has ended: a last line without a newline counts if it is complete.
    pub fn finish(&mut self, out: &mut Vec<Heard>) {
        let Transcript { parser, staged, session, streaming } = self;
        let mut confirm = Confirm { staged, session, streaming, out };
        parser.finish(&mut |event| confirm.take(event));
    }
}

/// One call of the parser: what it announces, what becomes of it, and where that goes.
struct Confirm<'a> {
    staged: &'a mut Staged,
    session: &'a mut Option<String>,
    streaming: &'a mut Option<String>,
    out: &'a mut Vec<Heard>,
}

impl Confirm<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Piece { field, block, text, .. } => self.staged.piece(field, block, text),
            Event::Block { index, kind } => self.staged.block(index, kind),
            Event::Void { field, from } => self.staged.void(field, from),
            Event::Malformed { .. } => {
                self.staged.clear();
                self.say(AgentEvent::Malformed);
            }
            Event::Line(line) => {
                let before = self.out.len();
                self.line(&line);
                self.staged.clear();
                if self.out.len() == before {
                    self.say(AgentEvent::Alive);
                }
            }
        }
    }

    fn say(&mut self, event: AgentEvent) {
        self.out.push(Heard::Event(event));
    }

    fn line(&mut self, line: &Line<'_>) {
        if let Some(session) = line.session
            && self.session.as_deref() != Some(session)
        {
            *self.session = Some(session.into());
            self.say(AgentEvent::Session(session.into()));
        }
        match line.kind {
            LineKind::Assistant { message, parent, model, .. } => {
                self.assistant(message, parent, model == "<synthetic>");
            }
            LineKind::User { .. } => self.user(),
            LineKind::Stream { message, parent, event } => self.stream(message, parent, event),
            LineKind::Result(outcome) => {
                let result = self.result(&outcome);
                self.say(AgentEvent::Result(result));
            }
            LineKind::ControlRequest(request) => self.out.push(Heard::Control(control(&request))),
            kind => {
                if let Some(event) = simple(kind) {
                    self.say(event);
                }
            }
        }
    }

    fn assistant(&mut self, message: Option<&str>, parent: Option<&str>, synthetic: bool) {
        for (index, block) in self.staged.take_blocks() {
            let parent = parent.map(String::from);
            match block {
                OwnedBlock::Text => {
                    let (text, _) = self.staged.take_text(Field::Text, index);
                    if !text.is_empty() {
                        let message = message.unwrap_or_default().into();
                        self.say(AgentEvent::Text { message, parent, text, synthetic });
                    }
                }
                OwnedBlock::Thinking => self.say(AgentEvent::Thinking),
                OwnedBlock::ToolUse { id, name, preview } => {
                    self.say(AgentEvent::ToolUse { id, parent, name, preview });
                }
                OwnedBlock::ToolResult { .. } => {}
            }
        }
    }

    /// Only tool results: no text of a `user` line is the user's (STREAM.md section 3).
    fn user(&mut self) {
        for (_, block) in self.staged.take_blocks() {
            if let OwnedBlock::ToolResult { id, failed } = block {
                self.say(AgentEvent::ToolResult { id, failed });
            }
        }
    }

    fn stream(&mut self, message: Option<&str>, parent: Option<&str>, event: StreamEvent<'_>) {
        if parent.is_some() {
            return;
        }
        let message = message.map(String::from).or_else(|| self.streaming.clone());
        let Some(message) = message else { return };
        match event {
            StreamEvent::MessageStart => {
                *self.streaming = Some(message.clone());
                self.say(AgentEvent::MessageStart { message });
            }
            StreamEvent::Delta { index, kind: Delta::Text } => {
                let (text, _) = self.staged.take_text(Field::Delta, 0);
                if !text.is_empty() {
                    self.say(AgentEvent::Partial { message, block: index, text });
                }
            }
            StreamEvent::Delta { kind: Delta::Thinking, .. }
            | StreamEvent::BlockStart { kind: "thinking", .. } => self.say(AgentEvent::Thinking),
            StreamEvent::MessageStop => {
                *self.streaming = None;
                self.say(AgentEvent::MessageStop { message });
            }
            _ => {}
        }
    }

    fn result(&mut self, outcome: &Outcome<'_>) -> RunResult {
        let answer = self.staged.take_text(Field::Answer, 0);
        let (text, cut) = if answer.0.is_empty() { self.staged.errors() } else { answer };
        RunResult {
            is_error: outcome.is_error,
            subtype: outcome.subtype.into(),
            reason: outcome.reason.into(),
            text,
            cut,
            turns: small(outcome.turns),
            duration_ms: outcome.duration_ms,
            cost_usd: outcome.cost_usd,
            input_tokens: outcome.input_tokens,
            output_tokens: outcome.output_tokens,
            denials: small(outcome.denials),
        }
    }
}

/// Lines that say one thing by themselves.
fn simple(kind: LineKind<'_>) -> Option<AgentEvent> {
    Some(match kind {
        LineKind::Init { model, version } => {
            AgentEvent::Init { model: model.into(), version: version.into() }
        }
        LineKind::ApiRetry { attempt, max, delay_ms, status, error } => AgentEvent::Retry {
            attempt: small(attempt),
            max: small(max),
            delay_ms,
            status: status.and_then(|status| u16::try_from(status).ok()),
            error: error.into(),
        },
        LineKind::Status("compacting") => AgentEvent::Compacting,
        LineKind::CompactBoundary { before, after, .. } => AgentEvent::Compacted { before, after },
        LineKind::PermissionDenied { tool, message, .. } => {
            AgentEvent::Denied { tool: tool.into(), message: message.into() }
        }
        LineKind::TaskStarted(task) => step("", task.description)?,
        LineKind::TaskProgress(task) => step(task.tool, task.description)?,
        LineKind::TaskNotification(Task { status: "completed", summary, .. })
            if !summary.is_empty() =>
        {
            step("", summary)?
        }
        LineKind::TaskNotification(task) => step(task.status, task.summary)?,
        LineKind::BackgroundTasks { count } => AgentEvent::Background { alive: small(count) },
        LineKind::ThinkingTokens => AgentEvent::Thinking,
        LineKind::RateLimit { status, resets_at, kind } => AgentEvent::RateLimit {
            status: status.into(),
            resets_at: resets_at.and_then(|at| i64::try_from(at).ok()),
            kind: kind.into(),
        },
        LineKind::ControlCancel { request: Some(request) } => {
            AgentEvent::AskWithdrawn { request: request.into() }
        }
        _ => return None,
    })
}

/// A line for the view: a tool or a status, and what is said about it.
fn step(what: &str, about: &str) -> Option<AgentEvent> {
    let line = match (what, about) {
        ("", "") => return None,
        ("", only) | (only, "") => only.into(),
        (what, about) => format!("{what}: {about}"),
    };
    let (head, tail) = split(&line, NOTE);
    let text = match tail {
        "" => line,
        _ => format!("{}…", split(head, NOTE - '…'.len_utf8()).0),
    };
    Some(AgentEvent::Task { text })
}

fn control(request: &Request<'_>) -> Control {
    Control {
        request: request.id.unwrap_or_default().into(),
        subtype: request.subtype.into(),
        tool: request.tool.into(),
        tool_use: request.tool_use.unwrap_or_default().into(),
        description: request.description.into(),
        preview: request.preview.into(),
        input: raw(request.input),
        cut: request.input == Raw::Cut,
        suggestions: raw(request.suggestions),
        needs_user: request.needs_user,
    }
}

fn raw(raw: Raw<'_>) -> Option<String> {
    match raw {
        Raw::Whole(text) => Some(text.into()),
        Raw::Absent | Raw::Cut => None,
    }
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
