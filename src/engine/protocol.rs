//! What goes over the agent's stdin: one JSON object a line.
//!
//! Only text is made here; `stdin.rs` sends it. Anything may be in a prompt, so every text
//! goes through the JSON encoder, and what comes from the agent as raw JSON is checked before it
//! is sent back: a line that is not JSON kills the real CLI (STREAM.md section 6).

use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A prompt. As a slash command the agent interprets it; otherwise it is taken literally.
#[must_use]
pub fn prompt(text: &str, slash_command: bool) -> Vec<u8> {
    line(&User {
        kind: "user",
        message: Content { role: "user", content: text },
        parent_tool_use_id: (),
        session_id: "",
        client_composed: !slash_command,
    })
}

/// Asks the agent to stop its turn; `number` tells requests of one run apart.
#[must_use]
pub fn interrupt(number: u64) -> Vec<u8> {
    line(&Request {
        kind: "control_request",
        request_id: &format!("pigent-{number}"),
        request: Subtype { subtype: "interrupt" },
    })
}

/// Lets a tool run, with the input the agent asked for. Suggestions are never returned: some of
/// them write into the project's settings.
#[must_use]
pub fn allow(request: &str) -> Vec<u8> {
    success(request, Behavior { behavior: "allow", message: None, updated_input: None })
}

/// Refuses; `message` is shown to the model.
#[must_use]
pub fn deny(request: &str, message: &str) -> Vec<u8> {
    success(request, Behavior { behavior: "deny", message: Some(message), updated_input: None })
}

/// Answers an AskUserQuestion whose input was `input` (raw JSON): the same input with `answers`
/// added, several choices joined with a comma. `None` if the input is no JSON object.
#[must_use]
pub fn answers(request: &str, input: &str, answers: &[(String, Vec<String>)]) -> Option<Vec<u8>> {
    let answers: BTreeMap<&str, String> =
        answers.iter().map(|(question, labels)| (question.as_str(), labels.join(", "))).collect();
    let answers = serde_json::to_string(&answers).ok()?;
    // Spliced as text: whatever else is in the input goes back byte for byte. Should it have
    // answers already, the last ones count.
    let fields = input.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let comma = if fields.is_empty() { "" } else { "," };
    let merged = format!("{{{fields}{comma}\"answers\":{answers}}}");
    let merged = RawValue::from_string(merged).ok()?;
    let updated_input = Some(merged.as_ref());
    Some(success(request, Behavior { behavior: "allow", message: None, updated_input }))
}

/// Answers a request that pigent does not know.
#[must_use]
pub fn error(request: &str, error: &str) -> Vec<u8> {
    respond(Response { subtype: "error", request_id: request, error: Some(error), response: None })
}

fn success(request: &str, behavior: Behavior) -> Vec<u8> {
    let response = Some(behavior);
    respond(Response { subtype: "success", request_id: request, error: None, response })
}

fn respond(response: Response) -> Vec<u8> {
    line(&Envelope { kind: "control_response", response })
}

/// One line. Line separators of Unicode are escaped too: some readers split at them.
fn line(value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut text = match text.contains(['\u{2028}', '\u{2029}']) {
        true => text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"),
        false => text,
    };
    text.push('\n');
    text.into_bytes()
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: Content<'a>,
    parent_tool_use_id: (),
    session_id: &'static str,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    client_composed: bool,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    request_id: &'a str,
    request: Subtype,
}

#[derive(Serialize)]
struct Subtype {
    subtype: &'static str,
}

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
struct Response<'a> {
    subtype: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Behavior<'a>>,
}

#[derive(Serialize)]
struct Behavior<'a> {
    behavior: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(rename = "updatedInput", skip_serializing_if = "Option::is_none")]
    updated_input: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(line: &[u8]) -> Value {
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn a_prompt_is_only_text() {
        let long = "x\"\\\n".repeat(30_000);
        for text in ["--version", "/clear", "a\0b", "\u{2028}\u{2029}\r\n", "@file ü 🐦", &long]
        {
            let value = read(&prompt(text, false));
            assert_eq!(value["message"]["content"], text);
            assert_eq!(value["client_composed"], true);
        }
        let separators = prompt("\u{2028}", false);
        assert!(!String::from_utf8(separators).unwrap().contains('\u{2028}'));
    }

    #[test]
    fn a_slash_command_is_not_composed() {
        let value = read(&prompt("/compact", true));
        assert_eq!(value.get("client_composed"), None);
        let expect = json!({"type": "user", "message": {"role": "user", "content": "/compact"},
            "parent_tool_use_id": null, "session_id": ""});
        assert_eq!(value, expect);
    }

    #[test]
    fn verdicts() {
        let with = |response: Value| {
            json!({"type": "control_response", "response":
                {"subtype": "success", "request_id": "r\"1", "response": response}})
        };
        assert_eq!(read(&allow("r\"1")), with(json!({"behavior": "allow"})));
        let denied = json!({"behavior": "deny", "message": "no\nway"});
        assert_eq!(read(&deny("r\"1", "no\nway")), with(denied));
    }

    #[test]
    fn unknown_requests_get_an_error() {
        let expect = json!({"type": "control_response", "response":
            {"subtype": "error", "request_id": "r", "error": "why"}});
        assert_eq!(read(&error("r", "why")), expect);
    }

    #[test]
    fn interrupts_are_numbered() {
        let expect = json!({"type": "control_request", "request_id": "pigent-3",
            "request": {"subtype": "interrupt"}});
        assert_eq!(read(&interrupt(3)), expect);
    }

    #[test]
    fn answers_leave_the_rest_of_the_input_alone() {
        let input = r#" {"n":1.0, "big":18446744073709551616 } "#;
        let given = [("Which?".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()])];
        let line = String::from_utf8(answers("r", input, &given).unwrap()).unwrap();
        let expect = r#"{"n":1.0, "big":18446744073709551616,"answers":{"Which?":"Red, Blue"}}"#;
        assert!(line.contains(expect), "{line}");
        read(line.as_bytes());
    }

    #[test]
    fn answers_to_an_empty_and_to_a_broken_input() {
        assert!(answers("r", "{}", &[]).is_some());
        for input in ["", "[]", "{", "{\"a\"}", "{},{}"] {
            assert_eq!(answers("r", input, &[]), None, "{input}");
        }
    }
}
