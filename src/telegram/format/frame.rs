//! A view's frame as one message.
//!
//! What is too long loses the beginning of the agent's words, never pigent's own parts, as long
//! as those fit. The agent's words are cut and formatted on their own, so whatever they hold,
//! pigent's parts come out as pigent wrote them.

use super::buffer::{Buffer, Limits, plain};
use super::chars::{blank, floor};
use super::html::Html;
use super::style::{Fixed, Keep, Style};
use super::walk::walk;
use crate::bridge::effect::{Frame, Part};

/// Bytes at the end of the agent's words that are looked at: more than one message's worth.
const TAIL: usize = 24 * 1024;
/// A cut moves on to the next line or word if that is not farther away than so many bytes.
const TIDY: usize = 160;

/// One message: at most 4096 UTF-16 units, 32768 bytes and 90 entities, and never empty.
#[must_use]
pub fn render_frame(frame: &Frame) -> Html {
    let mut parts: Vec<Piece> = frame.parts.iter().map(piece).collect();
    shorten(&mut parts);
    let mut whole = Buffer::default();
    for part in &parts {
        whole.append(&part.buffer);
    }
    if blank(whole.text()) {
        return plain("…", &Style::default()).html();
    }
    for keep in [Keep::Useful, Keep::Blocks, Keep::Nothing] {
        if whole.decorations_fit(&Limits::MESSAGE) {
            break;
        }
        whole = whole.reduce(keep);
    }
    whole.html()
}

struct Piece {
    buffer: Buffer,
    agent: bool,
}

fn piece(part: &Part) -> Piece {
    let style = Style::default();
    let buffer = match part {
        Part::Plain(text) => plain(front(text), &style),
        Part::Bold(text) => plain(front(text), &Style { bold: true, ..style }),
        Part::Code(text) => plain(front(text), &Style { fixed: Fixed::Code, ..style }),
        Part::Markdown(text) => return Piece { buffer: agent(text), agent: true },
    };
    Piece { buffer, agent: false }
}

/// More than one message's worth of the beginning.
fn front(text: &str) -> &str {
    floor(text, TAIL)
}

fn agent(markdown: &str) -> Buffer {
    let mut buffer = Buffer::default();
    let (fence, tail) = tail(markdown);
    // An unlimited buffer never ends the walk.
    let _ = match fence {
        Some(fence) => walk(&format!("{fence}\n{tail}"), &mut buffer),
        None => walk(tail, &mut buffer),
    };
    if tail.len() < markdown.len() { cut_front(&buffer, 0) } else { buffer }
}

/// The end of a long text, and the code fence that is open where it begins.
fn tail(markdown: &str) -> (Option<&str>, &str) {
    if markdown.len() <= TAIL {
        return (None, markdown);
    }
    let mut start = floor(markdown, markdown.len() - TAIL).len();
    let line = markdown.get(start..).and_then(|rest| rest.find('\n'));
    start += line.filter(|line| *line < TAIL / 2).map_or(0, |line| line + 1);
    let (before, tail) = markdown.split_at(start);
    (open_fence(before), tail)
}

/// The line that opened a fence which `text` does not close.
fn open_fence(text: &str) -> Option<&str> {
    let mut open: Option<&str> = None;
    for line in text.lines().map(str::trim) {
        let length = |mark: char| line.len() - line.trim_start_matches(mark).len();
        let ticks = length('`').max(length('~'));
        open = match open {
            None if ticks >= 3 && !line.get(ticks..).is_some_and(|s| s.contains('`')) => Some(line),
            Some(fence) if ticks == line.len() && ticks >= 3 && closes(fence, line) => None,
            other => other,
        };
    }
    open
}

fn closes(fence: &str, line: &str) -> bool {
    let mark = fence.chars().next().unwrap_or('`');
    let length = fence.len() - fence.trim_start_matches(mark).len();
    line.starts_with(mark) && line.len() >= length
}

/// Makes the parts fit together: the agent's words first, then the longest of pigent's own.
fn shorten(parts: &mut [Piece]) {
    let mut total: usize = parts.iter().map(|part| part.buffer.units()).sum();
    for part in parts.iter_mut().filter(|part| part.agent) {
        let over = total.saturating_sub(Limits::MESSAGE.units);
        if over == 0 {
            return;
        }
        total -= part.buffer.units();
        part.buffer = cut_front(&part.buffer, over);
        total += part.buffer.units();
    }
    while total > Limits::MESSAGE.units {
        let Some(part) = parts.iter_mut().max_by_key(|part| part.buffer.units()) else { return };
        total -= part.buffer.units();
        part.buffer = cut_back(&part.buffer, total);
        total += part.buffer.units();
    }
}

/// Drops at least `over` units from the beginning, and marks that.
fn cut_front(buffer: &Buffer, over: usize) -> Buffer {
    // A character is at most two units and the mark is one, so this is enough.
    let at = if over == 0 { 0 } else { tidy(buffer.text(), buffer.position(over + 2)) };
    let mut shorter = plain("…", &Style::default());
    shorter.append(&buffer.slice(at, buffer.text().len()));
    shorter
}

/// The next beginning of a line or word.
fn tidy(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let near = floor(rest, TIDY);
    let found = near.find('\n').or_else(|| near.find(' '));
    // The line break itself stays: the mark has a line of its own then.
    found.map_or(at, |found| at + found)
}

/// Shortens one of pigent's parts at its end, by as much as is over and at least by half.
fn cut_back(buffer: &Buffer, others: usize) -> Buffer {
    const MARK: usize = 2;
    let room = Limits::MESSAGE.units.saturating_sub(others).min(buffer.units() / 2);
    if room <= MARK {
        return Buffer::default();
    }
    let mut shorter = buffer.slice(0, buffer.position(room - MARK));
    shorter.mark_cut();
    shorter
}
