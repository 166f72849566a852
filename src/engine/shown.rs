//! What a permission request is shown by: its whole input, as a person reads it.
//!
//! One line of it is enough to follow a run, but not to allow something: a command's second line
//! may be the one that matters. Not how it looks in the chat: that is the bridge's.

use crate::stream::PREVIEW_KEYS;
use serde_json::{Map, Value};

/// The longest input shown, in characters: with the question around it it fits a message.
pub(super) const SHOWN: usize = 3000;

/// The input (JSON text) as lines: first what the tool is known by (a command, a path) without
/// its name, then the rest by name. What the agent says about it is left out: it is shown apart.
/// Longer ones are cut and say by how much. Empty if there is nothing to show.
pub(super) fn shown(input: &str) -> String {
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(input) else {
        return cut(input.trim());
    };
    fields.remove("description");
    let known = |key: &&&str| {
        fields.get(**key).and_then(Value::as_str).is_some_and(|it| !it.trim().is_empty())
    };
    let main = PREVIEW_KEYS.iter().find(known).and_then(|key| fields.remove(*key));
    let main = main.as_ref().and_then(Value::as_str).map(str::to_owned);
    let rest = fields.iter().map(|(key, value)| named(key, value));
    cut(main.into_iter().chain(rest).collect::<Vec<_>>().join("\n").trim())
}

fn named(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('\n') => format!("{key}:\n{text}"),
        Value::String(text) => format!("{key}: {text}"),
        other => format!("{key}: {other}"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => {
            let (head, tail) = text.split_at(at);
            format!("{head}… (+{})", tail.chars().count())
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_command_is_shown() {
        let input = r#"{"command":"ls\nrm -rf ~","description":"List files","timeout":5}"#;
        assert_eq!(shown(input), "ls\nrm -rf ~\ntimeout: 5");
    }

    #[test]
    fn what_would_be_written_is_shown_under_its_path() {
        let input = r#"{"content":"a\nb\n","file_path":"/x/y"}"#;
        assert_eq!(shown(input), "/x/y\ncontent:\na\nb");
        let input = r#"{"file_path":"/x","old_string":"1","new_string":"2","replace_all":false}"#;
        assert_eq!(shown(input), "/x\nnew_string: 2\nold_string: 1\nreplace_all: false");
    }

    #[test]
    fn long_ones_are_cut_and_say_by_how_much() {
        let long = format!(r#"{{"command":"{}"}}"#, "ä".repeat(SHOWN + 7));
        assert!(shown(&long).ends_with("ä… (+7)"));
    }

    #[test]
    fn odd_inputs_are_shown_as_they_are() {
        for (input, text) in
            [("", ""), ("{}", ""), ("[1]", "[1]"), (r#"{"command":7}"#, "command: 7")]
        {
            assert_eq!(shown(input), text, "{input}");
        }
    }
}
