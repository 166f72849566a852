//! What an agent can report, in the bridge's words: whole, confirmed facts.
//!
//! Not the wire format: `stream/` reads Claude's lines in a fixed buffer, `engine/transcript.rs`
//! puts the pieces of one line together, and only what that line confirmed becomes an
//! [`AgentEvent`]. Texts are owned and bounded (see each field); a text that was cut ends in `…`.

/// One thing the agent said or did. Every line of its output gives at least one event
/// ([`AgentEvent::Alive`] if it says nothing of interest), since every line resets the stale
/// clock.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// A session id that differs from the one reported before it in this run.
    Session(String),
    /// `system/init`: a turn begins. There is one a turn, not one a process.
    Init {
        /// Model name, at most 64 bytes.
        model: String,
        /// Version of the agent program, at most 64 bytes.
        version: String,
    },
    /// The model begins a message; partial text of an earlier, unfinished one is void.
    MessageStart {
        /// API message id.
        message: String,
    },
    /// Text that arrives while the model writes, to be appended to this message's live text.
    Partial {
        /// API message id.
        message: String,
        /// Index of the content block inside the message.
        block: u32,
        /// The new piece.
        text: String,
    },
    /// The streamed message is over: partial text that no [`AgentEvent::Text`] of the same
    /// message has confirmed was thrown away (an error in mid-stream; the retry has a new id).
    MessageStop {
        /// API message id.
        message: String,
    },
    /// A whole text block. It replaces what was streamed of this message.
    Text {
        /// API message id.
        message: String,
        /// Set if a subagent said it: the tool call that runs the subagent.
        parent: Option<String>,
        /// The text, at most 1 MiB.
        text: String,
        /// Written by the program, not by the model (an error message, "No response requested").
        synthetic: bool,
    },
    /// The model thinks. The text is not kept.
    Thinking,
    /// A tool is called.
    ToolUse {
        /// The call's id, which its result repeats.
        id: String,
        /// Set if a subagent calls it.
        parent: Option<String>,
        /// `Bash`, `Edit`, `mcp__server__tool`, …; at most 64 bytes.
        name: String,
        /// One line: command, path, pattern, url or description; at most 256 bytes.
        preview: String,
    },
    /// A tool call ended.
    ToolResult {
        /// The call's id.
        id: String,
        /// The tool said so itself, was denied or interrupted.
        failed: bool,
    },
    /// The API refused or failed, and the agent tries again by itself.
    Retry {
        /// This attempt, from 1.
        attempt: u32,
        /// How many there will be at most.
        max: u32,
        /// Milliseconds until the next attempt.
        delay_ms: u64,
        /// HTTP status; `None` if there was no answer.
        status: Option<u16>,
        /// Class of the error (`overloaded`, `rate_limit`, …).
        error: String,
    },
    /// The conversation is being compacted.
    Compacting,
    /// The conversation was compacted.
    Compacted {
        /// Tokens before.
        before: u64,
        /// Tokens after.
        after: u64,
    },
    /// A subscription limit was reported.
    RateLimit {
        /// `allowed`, `allowed_warning` or `rejected`.
        status: String,
        /// When it resets, seconds since 1970.
        resets_at: Option<i64>,
        /// Which limit (`five_hour`, …).
        kind: String,
    },
    /// A tool call was refused without asking.
    Denied {
        /// The tool.
        tool: String,
        /// Why, one line, at most 256 bytes.
        message: String,
    },
    /// A subagent or a long command started, made a step, or ended: one line for the view.
    Task {
        /// The line, at most 256 bytes.
        text: String,
    },
    /// The whole set of tasks that go on in the background was replaced.
    Background {
        /// How many there are now.
        alive: u32,
    },
    /// The agent wants to run a tool and asks.
    Ask {
        /// To be repeated in the verdict.
        request: String,
        /// The tool.
        tool: String,
        /// One line, as in [`AgentEvent::ToolUse`].
        preview: String,
        /// What would be allowed, all of it: lines of text, cut and marked at 3000 characters.
        input: String,
        /// The agent's own words for it, at most 256 bytes; may be empty.
        description: String,
        /// Its input did not fit the parser (8 KiB): only "deny" is an honest answer.
        cut: bool,
    },
    /// The agent asks the user something (its tool AskUserQuestion).
    Question {
        /// To be repeated in the verdict.
        request: String,
        /// The questions, in order; empty if they could not be read.
        questions: Vec<Question>,
        /// The input did not fit the parser (8 KiB): it must be declined.
        cut: bool,
    },
    /// The agent no longer wants an answer to this request.
    AskWithdrawn {
        /// The request.
        request: String,
    },
    /// The end of a turn, not of the process.
    Result(RunResult),
    /// A line that could not be read. Its length is known, its content is not kept.
    Malformed,
    /// A line without news.
    Alive,
}

/// One question of AskUserQuestion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The question itself; also the key of its answer.
    pub text: String,
    /// A word or two above it; may be empty.
    pub header: String,
    /// The choices, in order.
    pub options: Vec<Choice>,
    /// Several choices may be taken.
    pub multi: bool,
}

/// One choice of a [`Question`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What the agent wants back.
    pub label: String,
    /// What it means; may be empty.
    pub description: String,
}

/// A `result` line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunResult {
    /// The only sign of failure: API errors carry `subtype: "success"` (STREAM.md section 3).
    pub is_error: bool,
    /// `success`, `error_during_execution`, `error_max_turns`, …
    pub subtype: String,
    /// `completed`, `api_error`, `aborted_tools`, …; may be empty.
    pub reason: String,
    /// The answer, at most 1 MiB; the entries of `errors[]`, a line each, if there is none.
    pub text: String,
    /// The text was longer and is cut.
    pub cut: bool,
    /// Turns of this result.
    pub turns: u32,
    /// Milliseconds.
    pub duration_ms: u64,
    /// US dollars, cumulative over the process and over `--resume`.
    pub cost_usd: f64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tool calls refused in this turn.
    pub denials: u32,
}

/// The user's word on an [`AgentEvent::Ask`] or [`AgentEvent::Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Run the tool.
    Allow,
    /// Do not; the message is shown to the model.
    Deny {
        /// Why.
        message: String,
    },
    /// Answers to the questions: question text and the chosen labels or free text.
    Answers(Vec<(String, Vec<String>)>),
}

/// How a run's own process ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// That signal was SIGKILL and pigent did not send it: most likely the out-of-memory killer.
    pub killed_by_other: bool,
    /// It was for certain: the kernel has counted it.
    pub out_of_memory: bool,
    /// The end of stderr, at most 4 KiB, without control characters.
    pub stderr: String,
}

/// Why a run could not be started at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// There is no such program on the PATH.
    NotFound {
        /// As configured.
        program: String,
    },
    /// It is there, and may not be executed.
    NotExecutable {
        /// As configured.
        program: String,
    },
    /// It is for another machine (a 64-bit program on a 32-bit system, say).
    WrongFormat {
        /// As configured.
        program: String,
    },
    /// It is missing or for another machine, and this is a 32-bit ARM system, for which Claude Code
    /// has no build.
    ThirtyTwoBit {
        /// As configured.
        program: String,
        /// It is there, for another machine.
        found: bool,
        /// The kernel is 64-bit.
        kernel64: bool,
    },
    /// The project folder is gone or closed.
    Folder {
        /// The folder and what the system said.
        why: String,
    },
    /// Anything else the system said.
    Other {
        /// What it said.
        why: String,
    },
}
