//! The lines of stream-json, with their members in the order in which the real program has them.
//!
//! The order matters to a reader that has one buffer: a real `result` has its `type` near the
//! end, a real message has its text before the session it belongs to (STREAM.md section 1).

use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The version it says it is.
pub(super) const VERSION: &str = "2.1.328";
/// The model it says it is.
pub(super) const MODEL: &str = "claude-opus-5-5";

/// An object that keeps the order of its members.
#[derive(Debug, Default)]
pub(super) struct Object(String);

impl Object {
    /// Adds a member.
    pub fn put(self, name: &str, value: impl Serialize) -> Object {
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.raw(name, &value)
    }

    /// Adds a member that is JSON already.
    pub fn raw(mut self, name: &str, json: &str) -> Object {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&format!("\"{name}\":{json}"));
        self
    }

    /// The object. Line separators are escaped, as the real program does.
    pub fn end(self) -> String {
        let text = if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" };
        text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    }
}

/// Writes one line. A reader that is gone does not end the real program, nor this one.
pub(super) fn print(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes());
    let _ = out.write_all(b"\n");
    let _ = out.flush();
}

/// What every line of a session ends with.
fn finish(object: Object, session: &str) -> String {
    let uuid = super::sessions::fresh();
    object.put("session_id", session).put("uuid", uuid).end()
}

/// `system/<subtype>` with these members.
pub(super) fn system(session: &str, subtype: &str, members: Value) -> String {
    let mut object = Object::default().put("type", "system").put("subtype", subtype);
    for (name, value) in members.as_object().into_iter().flatten() {
        object = object.put(name, value);
    }
    finish(object, session)
}

/// `system/init`.
pub(super) fn init(session: &str, model: &str, mode: &str) -> String {
    let cwd = std::env::current_dir().unwrap_or_default();
    let object = Object::default()
        .put("type", "system")
        .put("subtype", "init")
        .put("cwd", cwd.to_string_lossy())
        .put("session_id", session)
        .put("tools", ["Task", "AskUserQuestion", "Bash", "Edit", "Read", "Write"])
        .put("mcp_servers", json!([]))
        .put("model", model)
        .put("permissionMode", mode)
        .put("slash_commands", ["compact", "context", "cost"])
        .put("apiKeySource", "none")
        .put("claude_code_version", VERSION)
        .put("output_style", "default");
    object.put("uuid", super::sessions::fresh()).end()
}

/// An assistant line with one block of content.
pub(super) fn assistant(session: &str, message: &str, model: &str, block: &str) -> String {
    let message = Object::default()
        .put("id", message)
        .put("type", "message")
        .put("role", "assistant")
        .put("model", model)
        .raw("content", &format!("[{block}]"))
        .put("stop_reason", Value::Null)
        .put("usage", json!({ "input_tokens": 12, "output_tokens": 1 }))
        .end();
    let object = Object::default()
        .put("type", "assistant")
        .raw("message", &message)
        .put("parent_tool_use_id", Value::Null);
    finish(object, session)
}

/// A text block.
pub(super) fn text_block(text: &str) -> String {
    Object::default().put("type", "text").put("text", text).end()
}

/// A tool call.
pub(super) fn tool_block(id: &str, name: &str, input: &Value) -> String {
    let object = Object::default().put("type", "tool_use").put("id", id).put("name", name);
    object.put("input", input).end()
}

/// A user line: the result of a tool, or a mark of an interrupt.
pub(super) fn user(session: &str, block: &Value, result: &Value) -> String {
    let message = Object::default().put("role", "user").put("content", [block]).end();
    let mut object = Object::default()
        .put("type", "user")
        .raw("message", &message)
        .put("parent_tool_use_id", Value::Null);
    if !result.is_null() {
        object = object.put("tool_use_result", result);
    }
    finish(object, session)
}

/// A piece of a message while it is written.
pub(super) fn partial(session: &str, message: &str, event: &Value) -> String {
    // `type` comes first in real events; a plain value would sort it behind `delta`.
    let mut inner = Object::default().put("type", &event["type"]);
    for (name, value) in event.as_object().into_iter().flatten().filter(|(n, _)| *n != "type") {
        inner = inner.put(name, value);
    }
    let object = Object::default()
        .put("type", "stream_event")
        .raw("event", &inner.end())
        .put("session_id", session)
        .put("parent_tool_use_id", Value::Null)
        .put("uuid", super::sessions::fresh());
    object.put("api_message_id", message).end()
}

/// What a result says.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The answer; `None`: there are `errors` instead.
    pub text: Option<String>,
    pub errors: Vec<String>,
    pub is_error: bool,
    pub reason: &'static str,
    pub turns: u32,
    pub index: u32,
    /// It reports on background work.
    pub notice: bool,
}

/// A `result` line.
pub(super) fn result(session: &str, outcome: &Outcome) -> String {
    let success = outcome.text.is_some();
    let turns = outcome.turns;
    let usage = json!({ "input_tokens": 12, "output_tokens": 49,
        "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 0 });
    let mut object = Object::default()
        .put("duration_api_ms", 26)
        .put("stop_reason", "end_turn")
        .put("session_id", session)
        .put("total_cost_usd", 0.002_828 * f64::from(outcome.index + 1))
        .put("usage", usage)
        .put("modelUsage", json!({ MODEL: { "inputTokens": 12, "outputTokens": 49 } }))
        .put("permission_denials", json!([]))
        .put("terminal_reason", outcome.reason)
        .put("is_error", outcome.is_error)
        .put("num_turns", turns)
        .put("subtype", if success { "success" } else { "error_during_execution" });
    object = match &outcome.text {
        Some(text) => object.put("api_error_status", Value::Null).put("result", text),
        None => object.put("errors", &outcome.errors),
    };
    if outcome.notice {
        object = object.put("origin", json!({ "kind": "task-notification" }));
    }
    let object = object.put("type", "result").put("duration_ms", 640);
    object.put("uuid", super::sessions::fresh()).put("result_index", outcome.index).end()
}

/// The only line of a run that was to resume a session nobody knows.
pub(super) fn unknown_session(session: &str, why: &str) -> String {
    let object = Object::default()
        .put("type", "result")
        .put("subtype", "error_during_execution")
        .put("duration_ms", 0)
        .put("duration_api_ms", 0)
        .put("is_error", true)
        .put("num_turns", 0)
        .put("stop_reason", Value::Null)
        .put("session_id", session)
        .put("total_cost_usd", 0)
        .put("usage", json!({ "input_tokens": 0, "output_tokens": 0 }))
        .put("modelUsage", json!({}))
        .put("permission_denials", json!([]))
        .put("uuid", super::sessions::fresh());
    object.put("errors", [why]).put("result_index", 0).end()
}

/// An answer to a control request.
pub(super) fn control_answer(id: &str, answer: Result<Value, String>) -> String {
    let response = match answer {
        Ok(value) => json!({ "subtype": "success", "request_id": id, "response": value }),
        Err(why) => json!({ "subtype": "error", "request_id": id, "error": why,
            "error_code": "unsupported_request" }),
    };
    Object::default().put("type", "control_response").put("response", response).end()
}

/// `can_use_tool`.
pub(super) fn can_use(id: &str, call: &str, tool: &str, input: &Value, about: &str) -> String {
    let mut request = Object::default()
        .put("subtype", "can_use_tool")
        .put("tool_name", tool)
        .put("display_name", tool)
        .put("input", input);
    request = match tool {
        "AskUserQuestion" => {
            request.put("tool_use_id", call).put("requires_user_interaction", true)
        }
        _ => {
            let rule = json!([{ "type": "setMode", "mode": "acceptEdits",
                "destination": "session" }]);
            let request = request.put("description", about);
            request.put("permission_suggestions", rule).put("tool_use_id", call)
        }
    };
    let object = Object::default().put("type", "control_request").put("request_id", id);
    object.raw("request", &request.end()).end()
}

/// A request of ours that needs no answer any more.
pub(super) fn withdraw(id: &str) -> String {
    Object::default().put("type", "control_cancel_request").put("request_id", id).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_separators_are_escaped() {
        let line = Object::default().put("z", 1).put("a", "\u{2028}").end();
        assert_eq!(line, "{\"z\":1,\"a\":\"\\u2028\"}");
        assert_eq!(Object::default().end(), "{}");
    }

    #[test]
    fn every_line_is_json_and_a_result_does_not_begin_with_its_type() {
        let line = result("s", &Outcome { text: Some("x".into()), ..Outcome::default() });
        assert!(!line.starts_with("{\"type\""));
        let lines = [
            line,
            init("s", MODEL, "default"),
            assistant("s", "m", MODEL, &text_block("x")),
            partial("s", "m", &json!({ "type": "message_stop" })),
            can_use("r", "c", "Bash", &json!({ "command": "ls" }), "List"),
            unknown_session("s", "why"),
        ];
        for line in lines {
            assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
        }
    }
}
