//! Small forms: durations, one-liners, cuts.

use core::time::Duration;

/// The longest one-line quotation of a prompt, characters.
const LINE: usize = 60;

/// `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{minutes} min"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600..86400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// The beginning of a text on one line, marked if cut.
pub(in super::super) fn one_line(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut line = String::new();
    for word in words.by_ref() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > LINE {
            let mut cut: String = line.chars().take(LINE).collect();
            cut.push('…');
            return cut;
        }
    }
    line
}

/// The first `most` bytes of a text, up to the end of a character.
pub(in super::super) fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The last part of what a program said on stderr, short enough to be read on a phone.
pub(super) fn quote(text: &str) -> String {
    let text = text.trim();
    let kept = super::super::progress::tail(text, 1500);
    if kept.len() < text.len() { format!("…{kept}") } else { kept.to_owned() }
}

/// Whether the agent says that it does not know the session it should resume (STREAM.md section
/// 4; both generations' words).
pub(in super::super) fn is_unknown_session(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("no conversation found")
        || text.contains("valid session id")
        || (text.contains("session") && text.contains("not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_get_coarser() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 01 s"),
            (3599, "59 min 59 s"),
            (7500, "2 h 05 min"),
            (86400 * 3 + 3600 * 4, "3 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn one_line_is_one_line_and_marked_if_cut() {
        assert_eq!(one_line("  fix\n\tthe  bug "), "fix the bug");
        let long = one_line(&"ä".repeat(500));
        assert_eq!(long.chars().count(), LINE + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn cuts_are_at_characters() {
        assert_eq!(head("aäb", 2), "a");
        assert_eq!(head("aäb", 3), "aä");
        assert_eq!(head("a", 9), "a");
    }

    #[test]
    fn both_generations_words_for_an_unknown_session() {
        assert!(is_unknown_session("No conversation found with session ID: 123"));
        assert!(is_unknown_session("Error: --resume requires a valid session ID or session title"));
        assert!(!is_unknown_session("Invalid API key"));
    }
}
