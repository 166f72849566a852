//! Styled text on its way into one message: it knows what it costs, can be cut anywhere, and
//! becomes HTML only at the end. So every tag a cut separates is closed and opened again.

use super::chars::clean;
use super::html::Html;
use super::style::{Keep, Style, escape};
use super::walk::Sink;
use std::ops::ControlFlow;

/// What one message may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// UTF-16 units of visible text.
    pub(super) units: usize,
    /// Entities: Telegram drops those after the hundredth, and finds links by itself too.
    pub(super) entities: usize,
    /// Bytes of addresses and language names, escaped.
    pub(super) arguments: usize,
}

impl Limits {
    /// A message. Raw HTML stays under Telegram's 32768 bytes by construction: 4096 characters
    /// escaped to at most 5 bytes each (20.5 KB), the arguments, and 90 pairs of tags of at
    /// most 48 bytes (`pre` with a language).
    pub(super) const MESSAGE: Limits = Limits { units: 4096, entities: 90, arguments: 7500 };
    /// The caption of a file.
    pub(super) const CAPTION: Limits = Limits { units: 1024, ..Limits::MESSAGE };
    /// For texts that are cut later.
    pub(super) const NONE: Limits =
        Limits { units: usize::MAX, entities: usize::MAX, arguments: usize::MAX };
}

/// Styled text.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    text: String,
    runs: Vec<Run>,
    /// Where paragraphs end: byte positions in `text`.
    paragraphs: Vec<usize>,
    units: usize,
    entities: usize,
    arguments: usize,
}

#[derive(Clone, Debug)]
struct Run {
    /// Byte position behind its last character.
    end: usize,
    style: Style,
}

impl Buffer {
    /// Visible text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Without the styles.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Where paragraphs end.
    pub(super) fn paragraphs(&self) -> &[usize] {
        &self.paragraphs
    }

    /// Length in UTF-16 units.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    /// Whether the formatting alone is one message's worth.
    pub(super) fn decorations_fit(&self, limits: &Limits) -> bool {
        self.entities <= limits.entities && self.arguments <= limits.arguments
    }

    /// Appends, and gives back what no longer fits.
    pub(super) fn push<'t>(&mut self, text: &'t str, style: &Style, limits: &Limits) -> &'t str {
        let mut opened = false;
        for (at, raw) in text.char_indices() {
            let Some(c) = clean(raw) else { continue };
            if self.units.saturating_add(c.len_utf16()) > limits.units
                || (!opened && !self.open(style, limits))
            {
                return text.get(at..).unwrap_or_default();
            }
            opened = true;
            self.text.push(c);
            self.units += c.len_utf16();
            if let Some(run) = self.runs.last_mut() {
                run.end = self.text.len();
            }
        }
        ""
    }

    /// Makes the last run one of this style, if that is affordable.
    fn open(&mut self, style: &Style, limits: &Limits) -> bool {
        let plain = Style::default();
        let before = self.runs.last().map_or(&plain, |run| &run.style);
        if before == style && !self.runs.is_empty() {
            return true;
        }
        let (count, bytes) = before.cost(style);
        let (entities, arguments) = (self.entities + count, self.arguments + bytes);
        if entities > limits.entities || arguments > limits.arguments {
            return false;
        }
        (self.entities, self.arguments) = (entities, arguments);
        self.runs.push(Run { end: self.text.len(), style: style.clone() });
        true
    }

    /// Appends another text.
    pub(super) fn append(&mut self, other: &Buffer) {
        for (text, style) in other.stretches() {
            self.push(text, style, &Limits::NONE);
        }
    }

    /// A paragraph ends here.
    pub(super) fn mark_paragraph(&mut self) {
        self.paragraphs.push(self.text.len());
    }

    /// The text from `from` to `to` (byte positions on character boundaries).
    pub(super) fn slice(&self, from: usize, to: usize) -> Buffer {
        let mut part = Buffer::default();
        let mut start = 0;
        for run in &self.runs {
            let text = self.text.get(start.max(from)..run.end.min(to)).unwrap_or_default();
            part.push(text, &run.style, &Limits::NONE);
            start = run.end;
        }
        let marks = self.paragraphs.iter().filter(|mark| (from..to).contains(*mark));
        part.paragraphs.extend(marks.map(|mark| mark - from));
        part
    }

    /// Where the text goes on after a cut at `at`: behind the white space there. In code only a
    /// newline is left out, because indentation counts; elsewhere Telegram would trim it.
    pub(super) fn after_break(&self, at: usize) -> usize {
        let mut position = at;
        for c in self.text.get(at..).unwrap_or_default().chars() {
            let code = self.pre_at(position);
            if !c.is_whitespace() || (code && (c != '\n' || position > at)) {
                break;
            }
            position += c.len_utf8();
        }
        position
    }

    /// Whether the character at `at` is in a code block.
    fn pre_at(&self, at: usize) -> bool {
        let run = self.runs.partition_point(|run| run.end <= at);
        self.runs.get(run).is_some_and(|run| run.style.is_pre())
    }

    /// Drops formatting.
    pub(super) fn reduce(&self, keep: Keep) -> Buffer {
        let mut reduced = Buffer::default();
        for (text, style) in self.stretches() {
            let mut style = style.clone();
            style.reduce(keep);
            reduced.push(text, &style, &Limits::NONE);
        }
        reduced
    }

    /// As Telegram wants it.
    pub(super) fn html(&self) -> Html {
        let mut html = String::with_capacity(self.text.len() + 16 * self.entities + 16);
        let plain = Style::default();
        let mut open = &plain;
        for (text, style) in self.stretches() {
            open.change(style, &mut html);
            escape(text, &mut html);
            open = style;
        }
        open.change(&plain, &mut html);
        Html::trusted(html)
    }

    /// The text with its styles, in order.
    fn stretches(&self) -> impl Iterator<Item = (&str, &Style)> {
        let mut start = 0;
        self.runs.iter().map(move |run| {
            let text = self.text.get(start..run.end).unwrap_or_default();
            start = run.end;
            (text, &run.style)
        })
    }

    /// Byte position before which there are at most `wanted` units.
    pub(super) fn position(&self, wanted: usize) -> usize {
        let mut seen = 0;
        for (at, c) in self.text.char_indices() {
            seen += c.len_utf16();
            if seen > wanted {
                return at;
            }
        }
        self.text.len()
    }

    /// Appends `…` in the style of pigent's own text.
    pub(super) fn mark_cut(&mut self) {
        let quote = self.runs.last().is_some_and(|run| run.style.quote);
        let mark =
            if self.runs.last().is_some_and(|run| run.style.is_pre()) { "\n…" } else { "…" };
        self.push(mark, &Style { quote, ..Style::default() }, &Limits::NONE);
    }
}

impl Sink for Buffer {
    fn text(&mut self, text: &str, style: &Style) -> ControlFlow<()> {
        self.push(text, style, &Limits::NONE);
        ControlFlow::Continue(())
    }

    fn paragraph(&mut self) {
        self.mark_paragraph();
    }
}

/// One style, whole text.
pub(super) fn plain(text: &str, style: &Style) -> Buffer {
    let mut buffer = Buffer::default();
    buffer.push(text, style, &Limits::NONE);
    buffer
}
