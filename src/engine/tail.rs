//! The end of the agent's stderr, in a bounded place, as text that can be quoted.

use std::collections::VecDeque;

/// Bytes of the text.
const TEXT_MAX: usize = 4096;

/// Raw bytes kept: more than the text, since control sequences are taken out of them.
const KEPT_MAX: usize = 2 * TEXT_MAX;

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub struct Tail {
    bytes: VecDeque<u8>,
    /// Something before `bytes` was forgotten.
    cut: bool,
}

impl Tail {
    /// Adds `bytes`, and forgets the oldest ones if there are too many.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        if let Some(excess) = self.bytes.len().checked_sub(KEPT_MAX).filter(|excess| *excess > 0) {
            self.bytes.drain(..excess);
            self.cut = true;
        }
    }

    /// As text, at most 4 KiB: without control characters and terminal sequences, except that
    /// lines stay lines (blank ones are left out). `…` stands for a beginning that is gone.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let plain = without_sequences(&text);
        let lines: Vec<&str> =
            plain.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        last(&lines.join("\n"), self.cut)
    }
}

/// The end of `text`, marked if anything before it is missing.
fn last(text: &str, cut: bool) -> String {
    const MARK: char = '…';
    if !cut && text.len() <= TEXT_MAX {
        return text.to_owned();
    }
    let mut start = text.len().saturating_sub(TEXT_MAX - MARK.len_utf8());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    format!("{MARK}{}", text.get(start..).unwrap_or_default())
}

/// Takes out terminal sequences (`ESC [ … letter`) and control characters, keeps line breaks.
fn without_sequences(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' if letters.next_if_eq(&'[').is_some() => {
                let ends = |letter: &char| ('@'..='~').contains(letter);
                letters.by_ref().find(ends);
            }
            '\n' => plain.push('\n'),
            '\t' => plain.push(' '),
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: &str) {
        let mut tail = Tail::default();
        tail.push(bytes);
        assert_eq!(tail.text(), expect);
    }

    #[test]
    fn control_characters_go_and_lines_stay() {
        check(b"\x1b[31mError:\x1b[0m no\r\n\n\tsuch \x07thing\n", "Error: no\n such thing");
        check(b"", "");
        check(b"\x1b[", "");
        check(b"\xff ok", "\u{fffd} ok");
    }

    #[test]
    fn the_end_is_kept_and_the_cut_is_marked() {
        let mut tail = Tail::default();
        for _ in 0..10_000 {
            tail.push("noise and ü\n".as_bytes());
        }
        tail.push(b"the reason");
        let text = tail.text();
        assert!(text.len() <= TEXT_MAX, "{}", text.len());
        assert!(text.starts_with('…') && text.ends_with("the reason"), "{text}");
        assert!(tail.bytes.len() <= KEPT_MAX);
    }

    #[test]
    fn a_text_that_grows_while_it_is_read_is_cut_too() {
        let mut tail = Tail::default();
        tail.push(&[0xff; KEPT_MAX]);
        assert!(tail.text().len() <= TEXT_MAX);
    }
}
