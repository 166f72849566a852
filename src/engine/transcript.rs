//! Stand-in for the transcript: reads whole lines with `serde_json` and knows only what the
//! tests of the engine need. The real one, in a fixed buffer, replaces this file.

use crate::bridge::AgentEvent;
use crate::bridge::agent::RunResult;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a piece of the agent's output said.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A fact for the bridge.
    Event(AgentEvent),
    /// A request that the engine has to look at first.
    Control(Control),
}

/// A control request of the agent, not yet judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Its id, to be repeated in the answer.
    pub request: String,
    /// `can_use_tool`, `hook_callback`, ….
    pub subtype: String,
    /// The tool.
    pub tool: String,
    /// The tool call's id.
    pub tool_use: String,
    /// The agent's own words for it.
    pub description: String,
    /// One line about the input.
    pub preview: String,
    /// The input as raw JSON; `None` if it was cut or absent.
    pub input: Option<String>,
    /// The input was longer than the parser keeps.
    pub cut: bool,
    /// `permission_suggestions` as raw JSON.
    pub suggestions: Option<String>,
    /// The agent says that only the user can answer.
    pub needs_user: bool,
}

/// Bytes in, facts out.
#[derive(Debug, Default)]
pub struct Transcript(Vec<u8>);

impl Transcript {
    /// At the beginning of a run.
    #[must_use]
    pub fn new() -> Transcript {
        Transcript::default()
    }

    /// Reads the next bytes.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Heard>) {
        for byte in bytes {
            if *byte == b'\n' {
                line(&std::mem::take(&mut self.0), out);
            } else {
                self.0.push(*byte);
            }
        }
    }

    /// The output is over.
    pub fn finish(&mut self, out: &mut Vec<Heard>) {
        if !std::mem::take(&mut self.0).is_empty() {
            out.push(Heard::Event(AgentEvent::Malformed));
        }
    }
}

fn line(line: &[u8], out: &mut Vec<Heard>) {
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        return out.push(Heard::Event(AgentEvent::Malformed));
    };
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    out.push(match value["type"].as_str() {
        Some("system") if value["subtype"] == "init" => Heard::Event(AgentEvent::Init {
            model: text(&value, "model"),
            version: text(&value, "claude_code_version"),
        }),
        Some("result") => Heard::Event(AgentEvent::Result(RunResult {
            is_error: value["is_error"] == true,
            text: text(&value, "result"),
            reason: text(&value, "terminal_reason"),
            ..RunResult::default()
        })),
        Some("control_cancel_request") => {
            Heard::Event(AgentEvent::AskWithdrawn { request: text(&value, "request_id") })
        }
        Some("control_request") => {
            let ask = &value["request"];
            Heard::Control(Control {
                request: text(&value, "request_id"),
                subtype: text(ask, "subtype"),
                tool: text(ask, "tool_name"),
                description: text(ask, "description"),
                preview: text(&ask["input"], "command"),
                input: raw_input(line),
                ..Control::default()
            })
        }
        _ => Heard::Event(AgentEvent::Alive),
    });
}

fn raw_input(line: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        request: Request<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        input: &'a RawValue,
    }
    serde_json::from_slice::<Line>(line).ok().map(|line| line.request.input.get().to_owned())
}
