//! Single characters: how Telegram counts, cleans and shows them.
//!
//! Not in here: HTML, Markdown, where to cut a text. Facts from BOTAPI.md section 7.

/// Length in UTF-16 units. Telegram's server counts code points and its clients UTF-16 units:
/// the larger number is safe with both.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// What becomes of a character before it is counted. Telegram does the same on its side and a
/// little more; nothing here depends on that, since it only ever shortens.
pub(super) fn clean(c: char) -> Option<char> {
    match c {
        '\n' => Some('\n'),
        '\r' => None,
        '\u{2028}' | '\u{2029}' => Some('\n'),
        // Direction overrides would reach beyond the agent's words, into pigent's own.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c < ' ' || c == '\u{7f}' => Some(' '),
        c => Some(c),
    }
}

/// At most the first `bytes` of a text, whole characters only.
pub(super) fn floor(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Whether Telegram could find nothing to show in `text`: such a message is refused as empty.
pub(super) fn blank(text: &str) -> bool {
    text.chars().all(invisible)
}

/// Whether Telegram, or a reader, takes this for nothing.
pub(super) fn invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a cut between these two would tear what a reader takes for one character. Only the
/// common cases: accents, emoji sequences, skin tones, flags.
pub(super) fn joined(before: char, after: char) -> bool {
    const JOINER: char = '\u{200d}';
    let flag = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    before == JOINER
        || matches!(after,
            JOINER | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}'
            | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0020}'..='\u{e007f}')
        || (flag(before) && flag(after))
}

/// Columns a character takes in fixed width, roughly: 2 for East Asian and emoji, 0 for accents.
pub(super) fn columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_utf16_units() {
        assert_eq!(units("aä€"), 3);
        assert_eq!(units("🐦"), 2);
    }

    #[test]
    fn direction_overrides_and_controls_do_not_pass() {
        let cleaned: String = "a\u{202e}b\rc\td\0e\u{2028}f".chars().filter_map(clean).collect();
        assert_eq!(cleaned, "abc d e\nf");
    }

    #[test]
    fn knows_what_shows_nothing() {
        assert!(blank(" \n\t\u{200b}\u{feff}"));
        assert!(!blank(" . "));
    }
}
