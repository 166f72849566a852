//! A long text as messages: at paragraphs, else lines, else words, else characters.
//!
//! The same text always gives the same pieces, so that after a restart piece n is still piece n.

use super::buffer::{Buffer, Limits};
use super::chars::{blank, floor, invisible};
use super::cut;
use super::html::Html;
use super::style::{Keep, Style};
use super::walk::{Sink, walk};
use std::ops::ControlFlow;

/// Messages an answer may take; a longer one goes as a file.
pub const MOST_PIECES: usize = 5;
/// Bytes of Markdown that five messages can hold at most. What is longer is a file unread.
const MOST_SOURCE: usize = MOST_PIECES * 32_768;
/// Bytes of Markdown looked at for the head of a file.
const HEAD_SOURCE: usize = 8 * 1024;

/// How an answer goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As at least one message.
    Messages(Vec<Html>),
    /// As a file with this caption, its first paragraphs.
    File {
        /// At most 1024 characters.
        caption: Html,
    },
}

/// Decides how an answer goes out, and formats it. What fits five messages by its length goes as
/// messages, if need be with less formatting (Telegram takes 100 entities a message). Costs time
/// and memory in proportion to the text, at most 160 KiB of it.
#[must_use]
pub fn answer(markdown: &str) -> Answer {
    if markdown.len() <= MOST_SOURCE {
        for keep in [None, Some(Keep::Useful), Some(Keep::Blocks), Some(Keep::Nothing)] {
            if let Some(pieces) = messages(markdown, keep) {
                return Answer::Messages(pieces);
            }
        }
    }
    Answer::File { caption: head(markdown) }
}

/// All of it as messages, if it fits.
fn messages(markdown: &str, keep: Option<Keep>) -> Option<Vec<Html>> {
    let whole = pieces(markdown, keep, Limits::MESSAGE)?;
    if !whole.iter().any(poses) {
        return Some(whole.iter().map(Buffer::html).collect());
    }
    let units = Limits::MESSAGE.units - MARK_UNITS;
    let shorter = pieces(markdown, keep, Limits { units, ..Limits::MESSAGE })?;
    Some(shorter.iter().map(marked).collect())
}

fn pieces(markdown: &str, keep: Option<Keep>, limits: Limits) -> Option<Vec<Buffer>> {
    let mut splitter = Splitter { keep, ..Splitter::new(limits, MOST_PIECES) };
    let fits = walk(markdown, &mut splitter).is_continue() && splitter.finish().is_continue();
    fits.then_some(splitter.pieces)
}

/// What pigent's own messages about a run begin with: stopped, interrupted, out of time, failed.
const SIGNS: [char; 4] = ['🛑', '⚡', '⏱', '❌'];
/// What the agent's words begin with where they would begin with one of those.
const MARK: &str = "🤖 ";
/// Its length in UTF-16.
const MARK_UNITS: usize = 3;

/// Whether the agent's words could pass for pigent's.
fn poses(piece: &Buffer) -> bool {
    let seen = piece.text().chars().find(|c| !invisible(*c));
    seen.is_some_and(|c| SIGNS.contains(&c))
}

fn marked(piece: &Buffer) -> Html {
    let html = piece.html();
    if poses(piece) { Html::trusted(format!("{MARK}{}", html.as_str())) } else { html }
}

/// pigent's own words, cut into messages of plain text. At least one.
#[must_use]
pub fn split_plain(text: &str) -> Vec<String> {
    plain_pieces(text, Limits::MESSAGE, usize::MAX)
}

/// The beginning of a plain text as a caption of at most 1024 characters, marked if cut.
#[must_use]
pub fn plain_caption(text: &str) -> String {
    if blank(text) {
        return String::new();
    }
    let units = Limits::CAPTION.units - 2;
    let mut pieces = plain_pieces(text, Limits { units, ..Limits::CAPTION }, 1);
    if pieces.len() > 1 {
        pieces.truncate(1);
        pieces.push("…".to_owned());
    }
    pieces.concat()
}

fn plain_pieces(text: &str, limits: Limits, most: usize) -> Vec<String> {
    let mut splitter = Splitter::new(limits, most);
    let _ = splitter.text(text, &Style::default());
    let _ = splitter.finish();
    splitter.pieces.into_iter().map(Buffer::into_text).collect()
}

/// The first paragraphs, marked as cut.
fn head(markdown: &str) -> Html {
    let units = Limits::CAPTION.units - MARK_UNITS - 2;
    let mut splitter = Splitter::new(Limits { units, ..Limits::CAPTION }, 0);
    let source = floor(markdown, HEAD_SOURCE);
    if walk(source, &mut splitter).is_continue() {
        let _ = splitter.finish();
    }
    let mut first = splitter.pieces.into_iter().next().unwrap_or_default();
    first.mark_cut();
    marked(&first)
}

struct Splitter {
    limits: Limits,
    most: usize,
    /// How much formatting survives; `None` is all of it.
    keep: Option<Keep>,
    open: Buffer,
    /// Complete ones; more than `most` if the text did not fit.
    pieces: Vec<Buffer>,
}

impl Splitter {
    fn new(limits: Limits, most: usize) -> Splitter {
        Splitter { limits, most, keep: None, open: Buffer::default(), pieces: Vec::new() }
    }

    /// The open buffer is full; `next` does not fit any more.
    fn cut(&mut self, next: char) -> ControlFlow<()> {
        let at = cut::find(&self.open, next);
        let tail = self.open.slice(self.open.after_break(at), self.open.text().len());
        let piece = self.open.slice(0, at);
        self.open = tail;
        self.complete(&piece)
    }

    /// Takes a piece, unless there is nothing to see in it: Telegram refuses empty messages.
    fn complete(&mut self, piece: &Buffer) -> ControlFlow<()> {
        if !blank(piece.text()) {
            self.pieces.push(piece.slice(piece.after_break(0), piece.text().trim_end().len()));
        }
        if self.pieces.len() > self.most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// The text is over. There is at least one piece afterwards.
    fn finish(&mut self) -> ControlFlow<()> {
        let rest = std::mem::take(&mut self.open);
        let flow = self.complete(&rest);
        if self.pieces.is_empty() {
            self.pieces.push(super::buffer::plain("…", &Style::default()));
        }
        flow
    }
}

impl Sink for Splitter {
    fn text(&mut self, text: &str, style: &Style) -> ControlFlow<()> {
        let mut style = style.clone();
        if let Some(keep) = self.keep {
            style.reduce(keep);
        }
        let mut rest = self.open.push(text, &style, &self.limits);
        while let Some(next) = rest.chars().next() {
            self.cut(next)?;
            rest = self.open.push(rest, &style, &self.limits);
        }
        ControlFlow::Continue(())
    }

    fn paragraph(&mut self) {
        self.open.mark_paragraph();
    }
}
