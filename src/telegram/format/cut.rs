//! Where to cut a text that is too long for one message.

use super::buffer::Buffer;
use super::chars::joined;

/// Characters looked at to keep one visible character whole; longer ones are torn.
const LONGEST_CHARACTER: usize = 16;

/// The byte position at which a full buffer is cut; `next` is the character that did not fit.
/// A paragraph's end if the first piece gets at least half full, else the end of a line if a
/// quarter, else a space, else between any two visible characters. Never 0 for a text of at
/// least one character.
pub(super) fn find(buffer: &Buffer, next: char) -> usize {
    let text = buffer.text();
    let paragraph = buffer.paragraphs().last().copied().filter(|at| *at >= text.len() / 2);
    let paragraph = paragraph.filter(|at| !text.get(..*at).is_none_or(blank_start));
    paragraph
        .or_else(|| space(text, next, |c| c == '\n').filter(|at| *at >= text.len() / 4))
        .or_else(|| space(text, next, char::is_whitespace))
        .unwrap_or_else(|| between_characters(text, next))
}

/// The last position before white space of the kind wanted, with something visible before it.
fn space(text: &str, next: char, wanted: impl Fn(char) -> bool) -> Option<usize> {
    if wanted(next) && !blank_start(text) {
        return Some(text.len());
    }
    let at = text.rfind(wanted)?;
    text.get(..at).filter(|before| !blank_start(before)).map(str::len)
}

fn blank_start(text: &str) -> bool {
    text.trim().is_empty()
}

fn between_characters(text: &str, next: char) -> usize {
    let mut after = next;
    for (at, c) in text.char_indices().rev().take(LONGEST_CHARACTER) {
        if !joined(c, after) {
            return at + c.len_utf8();
        }
        after = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::buffer::plain;
    use super::super::style::Style;
    use super::*;

    fn cut(text: &str, next: char) -> &str {
        &text[..find(&plain(text, &Style::default()), next)]
    }

    #[test]
    fn prefers_lines_then_words_then_characters() {
        assert_eq!(cut("one two\nthree fo", 'u'), "one two");
        assert_eq!(cut("one two three fo", 'u'), "one two three");
        assert_eq!(cut("one two", ' '), "one two");
        assert_eq!(cut("onetwo", 't'), "onetwo");
        assert_eq!(cut(" onetwo", 't'), " onetwo");
    }

    #[test]
    fn does_not_tear_what_reads_as_one_character() {
        assert_eq!(cut("ab👩\u{200d}", '💻'), "ab");
        assert_eq!(cut("abe", '\u{301}'), "ab");
    }
}
