//! What is kept of a line: strings and raw JSON in buffers of fixed size.
//!
//! Not where they come from ([`super::path`]) nor what they mean ([`super::facts`]).

use super::event::Raw;
use heapless::string::StringView;

/// What is put at the end of a text that was cut.
const MARK: char = '…';

/// Whether a string keeps its line breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As it is.
    Verbatim,
    /// Line breaks, control characters and what reverses writing direction become spaces: these
    /// texts are shown in places where a user decides by them.
    OneLine,
}

/// Appends `run` as far as it fits. What does not fit is dropped, and so is everything after it
/// (`full` remembers that); the text then ends in `…`. The outcome depends on the whole text
/// only, not on how it was split into runs.
pub(super) fn append(to: &mut StringView<u16>, run: &str, shape: Shape, full: &mut bool) {
    if *full {
        return;
    }
    let as_it_is = shape == Shape::Verbatim || run.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if as_it_is && to.push_str(run).is_ok() {
        return;
    }
    for letter in run.chars() {
        let letter = if shape == Shape::OneLine { flat(letter) } else { letter };
        if to.push(letter).is_err() {
            *full = true;
            return mark(to);
        }
    }
}

/// The first at most `room` bytes of a text, in whole characters, and the rest.
pub(crate) fn split(text: &str, room: usize) -> (&str, &str) {
    let mut at = room.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.split_at(at)
}

fn mark(to: &mut StringView<u16>) {
    while to.push(MARK).is_err() {
        if to.pop().is_none() {
            return;
        }
    }
}

fn flat(letter: char) -> char {
    let unseen = matches!(letter,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if unseen || letter.is_control() { ' ' } else { letter }
}

/// A JSON value kept as it was written, or the knowledge that it was too long.
#[derive(Debug)]
pub(super) struct RawText<const N: usize> {
    bytes: heapless::Vec<u8, N>,
    state: RawState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RawState {
    Absent,
    Here,
    Cut,
}

impl<const N: usize> RawText<N> {
    pub(super) const fn new() -> Self {
        RawText { bytes: heapless::Vec::new(), state: RawState::Absent }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.state = RawState::Absent;
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.state == RawState::Cut {
            return;
        }
        // The parser is lenient with control characters inside strings. The agent, to whom this
        // may be sent back, is not: it would end.
        let clean = bytes.iter().all(|&byte| byte >= b' ');
        self.state = match self.bytes.extend_from_slice(bytes) {
            Ok(()) if clean => RawState::Here,
            _ => RawState::Cut,
        };
    }

    /// What is being kept is not to be trusted.
    pub(super) fn spoil(&mut self) {
        self.state = RawState::Cut;
    }

    pub(super) fn get(&self) -> Raw<'_> {
        match self.state {
            RawState::Absent => Raw::Absent,
            RawState::Cut => Raw::Cut,
            RawState::Here => match core::str::from_utf8(&self.bytes) {
                Ok(text) => Raw::Whole(text),
                Err(_) => Raw::Cut,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(runs: &[&str], shape: Shape, expect: &str) {
        let mut text: heapless::String<12, u16> = heapless::String::new();
        let mut full = false;
        for run in runs {
            append(text.as_mut_view(), run, shape, &mut full);
        }
        assert_eq!(text.as_str(), expect, "{runs:?}");
    }

    #[test]
    fn cuts_at_a_character_and_marks_it_however_it_was_split() {
        check(&["twelve bytes"], Shape::Verbatim, "twelve bytes");
        check(&["thirteen byte", "s"], Shape::Verbatim, "thirteen …");
        check(&["thirteen ", "b", "yte", "s"], Shape::Verbatim, "thirteen …");
        check(&["12345678🚀more"], Shape::Verbatim, "12345678…");
        check(&["12345678", "🚀", "more"], Shape::Verbatim, "12345678…");
    }

    #[test]
    fn one_line_hides_nothing() {
        check(&["a\nb\tc\r\u{7}"], Shape::OneLine, "a b c  ");
        check(&["a\u{202e}b\u{2028}c"], Shape::OneLine, "a b c");
        check(&["a\nb"], Shape::Verbatim, "a\nb");
    }

    #[test]
    fn raw_json_is_whole_or_cut() {
        let mut raw: RawText<4> = RawText::new();
        assert_eq!(raw.get(), Raw::Absent);
        raw.append(b"{");
        raw.append(b"1}");
        assert_eq!(raw.get(), Raw::Whole("{1}"));
        raw.append(b"1}");
        raw.append(b"");
        assert_eq!(raw.get(), Raw::Cut);
        raw.clear();
        raw.append(b"\xff");
        assert_eq!(raw.get(), Raw::Cut);
        raw.clear();
        raw.append(b"\t");
        raw.append(b"1");
        assert_eq!(raw.get(), Raw::Cut);
    }
}
