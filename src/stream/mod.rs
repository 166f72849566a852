//! Claude's stdout: bytes in, events out, in a fixed buffer.
//!
//! [`Parser`] reads newline-delimited JSON (STREAM.md sections 1 to 3 and 6) as it comes from the
//! pipe, in chunks of any size, and reports through a callback. It knows nothing of processes or
//! chats; `engine/transcript.rs` turns what it says into whole facts for the bridge.
//!
//! # Nothing grows
//!
//! A parser is at most [`PARSER`] bytes, asserted when it is compiled, and allocates nothing,
//! ever. A line may have any length: what no event needs is skipped without copying, and a text
//! that is needed leaves in pieces of at most [`PIECE`] bytes.
//!
//! | what | kept at most | longer ones |
//! |---|---|---|
//! | texts ([`Field`]) | [`PIECE`] at a time | come in several pieces, whole |
//! | ids | [`ID`] bytes | are cut and end in `…` |
//! | names, classes, states | [`NAME`] bytes | are cut and end in `…` |
//! | one-line texts and previews | [`NOTICE`] bytes | are cut and end in `…` |
//! | `request.input` | [`INPUT`] bytes | are dropped: [`Raw::Cut`] |
//! | `request.permission_suggestions` | [`SUGGESTIONS`] bytes | are dropped: [`Raw::Cut`] |
//! | numbers | [`NUMBER`] bytes | read as absent |
//! | nesting | no limit | brackets are matched down to [`LEVELS`], then counted |
//!
//! # A line is a transaction
//!
//! The order of keys is not fixed: `type` may come last (real `result` lines), and
//! `parent_tool_use_id` comes after the message whose owner it names. So what a line says while it
//! is being read is *provisional*, and belongs to that line:
//!
//! 1. [`Event::Piece`] and [`Event::Block`], any number of them: announced, not yet true.
//! 2. [`Event::Void`], if a key comes a second time: the last one wins, what the first one said is
//!    withdrawn.
//! 3. Exactly one of [`Event::Line`], which tells what kind of line it was and *confirms* what
//!    belongs to that kind (each [`Field`] says where it counts; the rest was never meant), or
//!    [`Event::Malformed`], which *withdraws* all of it.
//!
//! A consumer stages 1, applies 2, and acts at 3. Blank lines give nothing at all.
//!
//! A piece leaves only when the next character does not fit or its string ends, and every other
//! event at a place that the text fixes, so the events of a stream are the same however it was
//! cut into chunks.
//!
//! # What counts as a line
//!
//! A valid line gives the same facts that a JSON library would find in it. Three things are let
//! through that such a library may refuse: raw control characters and invalid UTF-8 inside
//! strings (the latter, and lone surrogates, read as U+FFFD), and numbers beyond a double.
//! Everything else that is not one JSON object up to the newline is [`Event::Malformed`], once,
//! and reading goes on behind the newline. No input can make the parser panic.

mod decode;
mod event;
mod facts;
mod grammar;
mod kept;
mod line;
mod number;
mod parser;
mod path;
mod scan;
mod walk;

pub(crate) use kept::split;

pub use event::{Block, Delta, Event, Field, Line, LineKind, Outcome, Raw, Request};
pub use event::{StreamEvent, Task, Why};
pub use grammar::LEVELS;
pub use number::NUMBER;
pub use parser::Parser;

/// Upper bound of `size_of::<Parser>()`, in bytes.
pub const PARSER: usize = 32 * 1024;

/// Longest piece of a text, in bytes.
pub const PIECE: usize = 4 * 1024;

/// Longest id, in bytes. Real ones have 24 to 40.
pub const ID: usize = 128;

/// Longest name, class or state, in bytes.
pub const NAME: usize = 64;

/// Longest one-line text, in bytes.
pub const NOTICE: usize = 256;

/// Longest `request.input`, in bytes of JSON.
pub const INPUT: usize = 8 * 1024;

/// Longest `request.permission_suggestions`, in bytes of JSON.
pub const SUGGESTIONS: usize = 4 * 1024;

/// Deepest walked path, counted in containers. The tree of paths is fixed and flatter than this;
/// what lies deeper is skipped, so no valid line is too deep.
pub const WALKED: usize = 16;

/// What a tool's input is shown by: the first of these keys that holds a text other than blanks,
/// whatever their order in the input. Line breaks become spaces.
pub const PREVIEW_KEYS: [&str; 12] = [
    "command",
    "file_path",
    "notebook_path",
    "pattern",
    "path",
    "url",
    "query",
    "subject",
    "description",
    "prompt",
    "skill",
    "plan",
];

/// The callback, inside this folder: one copy of the parser serves every closure.
type Sink<'s> = dyn FnMut(Event<'_>) + 's;
