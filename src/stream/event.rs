//! What the parser reports: borrowed, bounded, and valid only during the callback.
//!
//! These are the words of Claude's stream-json (STREAM.md section 3), not the bridge's;
//! `engine/transcript.rs` turns them into whole facts. The protocol between the variants of
//! [`Event`] is told in the [module's doc](super).

/// One thing the parser has read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A piece of a text, provisional until its line ends.
    Piece {
        /// Which text.
        field: Field,
        /// Which one of several: the index of the content block or of the `errors` entry, else 0.
        block: u32,
        /// At most [`PIECE`](super::PIECE) bytes; empty only if the whole text is.
        text: &'a str,
        /// The text is complete.
        end: bool,
    },
    /// A content block of a message closed, provisional until its line ends.
    Block {
        /// Index inside `message.content`.
        index: u32,
        /// What it is.
        kind: Block<'a>,
    },
    /// A key came a second time: what this line has said of `field` from this block on is void.
    Void {
        /// Which text; [`Field::Text`] stands for the blocks as well.
        field: Field,
        /// The first index that is void.
        from: u32,
    },
    /// The line is complete: everything it said is confirmed.
    Line(Line<'a>),
    /// The line could not be read: everything it said is withdrawn.
    Malformed {
        /// What is wrong with it.
        why: Why,
        /// Its length without the newline.
        bytes: u64,
    },
}

/// Which text a [`Event::Piece`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `message.content[].text`; counts only if its block turns out to be [`Block::Text`].
    Text,
    /// `result`, the answer; counts only in a [`LineKind::Result`].
    Answer,
    /// `errors[]`; counts only in a [`LineKind::Result`].
    Error,
    /// `event.delta.text`; counts only in a [`StreamEvent::Delta`] of kind [`Delta::Text`].
    Delta,
}

/// A content block of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Text, which came as pieces of [`Field::Text`] with this block's index.
    Text,
    /// Thinking, redacted or not. Its text is skipped.
    Thinking,
    /// A tool is called.
    ToolUse {
        /// The call.
        id: &'a str,
        /// The tool.
        name: &'a str,
        /// One line of its input, see [`PREVIEW_KEYS`](super::PREVIEW_KEYS).
        preview: &'a str,
    },
    /// A tool call ended.
    ToolResult {
        /// The call.
        id: &'a str,
        /// `is_error`.
        failed: bool,
    },
    /// Of a type that is not known here (pictures, server tools, what comes later).
    Other,
}

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its first byte is not `{`: not one of the agent's lines at all.
    NotAnObject,
    /// JSON's grammar is broken in it.
    Syntax,
    /// It ends before its object does.
    Cut,
}

/// The facts of a complete line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// `session_id`. The newest one counts; control lines have none.
    pub session: Option<&'a str>,
    /// What the line says.
    pub kind: LineKind<'a>,
}

/// What a line says, by its `type` and `subtype`. Texts that the line does not have are empty,
/// ids and numbers are `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineKind<'a> {
    /// `system/init`: a turn begins.
    Init {
        /// Model name.
        model: &'a str,
        /// `claude_code_version`.
        version: &'a str,
    },
    /// `assistant`: content blocks of a message (the CLI sends one a line).
    Assistant {
        /// `message.id`.
        message: Option<&'a str>,
        /// Set if a subagent said it: the call that runs it.
        parent: Option<&'a str>,
        /// `message.model`; `<synthetic>` if the program itself wrote it.
        model: &'a str,
        /// Class of the API error it reports.
        error: &'a str,
        /// Cut by an interrupt.
        aborted: bool,
    },
    /// `user`: tool results, and texts nobody typed.
    User {
        /// Set if it belongs to a subagent.
        parent: Option<&'a str>,
        /// `isSynthetic`: the harness wrote it.
        synthetic: bool,
        /// `isReplay`: an echo.
        replay: bool,
    },
    /// `result`: the end of a turn.
    Result(Outcome<'a>),
    /// `stream_event`: the model is writing.
    Stream {
        /// `api_message_id`, or the id inside a `message_start`.
        message: Option<&'a str>,
        /// Set if it belongs to a subagent (never seen).
        parent: Option<&'a str>,
        /// What happened.
        event: StreamEvent<'a>,
    },
    /// `system/api_retry`.
    ApiRetry {
        /// This attempt, from 1.
        attempt: u64,
        /// How many at most.
        max: u64,
        /// Milliseconds until it.
        delay_ms: u64,
        /// HTTP status; `None` if there was no answer.
        status: Option<u64>,
        /// Class of the error.
        error: &'a str,
    },
    /// `system/status`: `requesting`, `compacting`, or empty when that is over.
    Status(&'a str),
    /// `system/compact_boundary`.
    CompactBoundary {
        /// `auto` or `manual`.
        trigger: &'a str,
        /// Tokens before.
        before: u64,
        /// Tokens after.
        after: u64,
    },
    /// `system/permission_denied`: a call was refused without asking.
    PermissionDenied {
        /// The tool.
        tool: &'a str,
        /// The call.
        id: Option<&'a str>,
        /// Why, one line.
        message: &'a str,
    },
    /// `system/task_started`.
    TaskStarted(Task<'a>),
    /// `system/task_progress`.
    TaskProgress(Task<'a>),
    /// `system/task_updated`; `status` is that of its patch.
    TaskUpdated(Task<'a>),
    /// `system/task_notification`: a task ended.
    TaskNotification(Task<'a>),
    /// `system/background_tasks_changed`.
    BackgroundTasks {
        /// How many there are now.
        count: u64,
    },
    /// `system/thinking_tokens`: the model thinks.
    ThinkingTokens,
    /// `system/hook_started`, `hook_progress` or `hook_response`.
    Hook {
        /// Its name.
        name: &'a str,
        /// What it hooks.
        event: &'a str,
    },
    /// `system/informational`.
    Informational {
        /// One line.
        content: &'a str,
        /// `notice`, `warning`, ….
        level: &'a str,
    },
    /// `rate_limit_event`.
    RateLimit {
        /// `allowed`, `allowed_warning` or `rejected`.
        status: &'a str,
        /// Seconds since 1970.
        resets_at: Option<u64>,
        /// Which limit.
        kind: &'a str,
    },
    /// `control_request`: the agent asks.
    ControlRequest(Request<'a>),
    /// `control_cancel_request`: it no longer wants an answer.
    ControlCancel {
        /// To what.
        request: Option<&'a str>,
    },
    /// `control_response`: the answer to a request of ours.
    ControlResponse {
        /// To what.
        request: Option<&'a str>,
        /// It was done.
        ok: bool,
        /// Why not, one line.
        error: &'a str,
    },
    /// `tool_progress`: a sign of life from a long call.
    ToolProgress {
        /// The call. (Its `tool_use_id` is not one, STREAM.md section 3.)
        id: Option<&'a str>,
        /// The tool.
        tool: &'a str,
    },
    /// `conversation_reset`: later lines have another session id.
    ConversationReset {
        /// `new_conversation_id`.
        new: Option<&'a str>,
    },
    /// Anything else that is an object.
    Other,
}

/// A `result` line. Its text came as pieces of [`Field::Answer`] and [`Field::Error`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome<'a> {
    /// The only sign of failure.
    pub is_error: bool,
    /// `success`, `error_during_execution`, ….
    pub subtype: &'a str,
    /// `terminal_reason`.
    pub reason: &'a str,
    /// `origin.kind`: what began this turn, if it was not a prompt.
    pub origin: &'a str,
    /// `api_error_status`.
    pub api_status: Option<u64>,
    /// US dollars, cumulative over the session.
    pub cost_usd: f64,
    /// `num_turns`.
    pub turns: u64,
    /// Milliseconds.
    pub duration_ms: u64,
    /// Milliseconds of it that the API took.
    pub duration_api_ms: u64,
    /// Tokens read, not counting the cache.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from the cache.
    pub cache_read_tokens: u64,
    /// Tokens written to the cache.
    pub cache_creation_tokens: u64,
    /// Entries of `permission_denials`.
    pub denials: u64,
    /// `result_index`: which result of this process it is, from 0.
    pub index: u64,
}

/// An event of the API's own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// A message begins.
    MessageStart,
    /// A block begins.
    BlockStart {
        /// Index inside the message.
        index: u32,
        /// `text`, `thinking`, `tool_use`, ….
        kind: &'a str,
        /// The call, if it is one.
        id: Option<&'a str>,
        /// The tool, if it is one.
        name: &'a str,
    },
    /// A block grows.
    Delta {
        /// Index inside the message.
        index: u32,
        /// By what.
        kind: Delta,
    },
    /// A block is complete.
    BlockStop {
        /// Index inside the message.
        index: u32,
    },
    /// Stop reason and usage.
    MessageDelta,
    /// A message is over, complete or thrown away.
    MessageStop,
    /// Anything else.
    Other,
}

/// By what a block grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// By the pieces of [`Field::Delta`].
    Text,
    /// By thinking; skipped.
    Thinking,
    /// By a part of a tool's input, or anything else; skipped.
    Other,
}

/// A subagent or a command that may outlast its call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Task<'a> {
    /// The task.
    pub id: Option<&'a str>,
    /// The call that started it.
    pub tool_use: Option<&'a str>,
    /// One line.
    pub description: &'a str,
    /// What it did last.
    pub tool: &'a str,
    /// `completed`, `failed`, `stopped`, ….
    pub status: &'a str,
    /// What came of it, one line.
    pub summary: &'a str,
}

/// A `control_request`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// To be repeated in the answer.
    pub id: Option<&'a str>,
    /// `can_use_tool`, ….
    pub subtype: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// The call.
    pub tool_use: Option<&'a str>,
    /// The agent's words for it, one line.
    pub description: &'a str,
    /// One line of its input, as in [`Block::ToolUse`].
    pub preview: &'a str,
    /// The input.
    pub input: Raw<'a>,
    /// `permission_suggestions`.
    pub suggestions: Raw<'a>,
    /// `requires_user_interaction`: no rule may answer for the user.
    pub needs_user: bool,
}

/// An object or array as it was written: valid JSON text on one line, fit to be sent back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Raw<'a> {
    /// The line has none.
    #[default]
    Absent,
    /// All of it.
    Whole(&'a str),
    /// Longer than is kept, not UTF-8, with raw control characters, or deeper than
    /// [`LEVELS`](super::LEVELS); nothing of it is kept.
    Cut,
}
