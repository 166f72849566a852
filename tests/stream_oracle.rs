//! The parser against `serde_json`: every recorded line must give the facts that are in it, also
//! with its keys in any other order, written differently, and with keys that come twice.
//!
//! [`expected`] finds the facts in a `Value`, in the plainest way there is, and shares no code
//! with the parser.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod stream_support;
use pigent::stream::{Block, Delta, Field, LineKind, Outcome, PREVIEW_KEYS, Raw, Request};
use pigent::stream::{StreamEvent, Task};
use serde_json::Value;
use stream_support::{Chance, Facts, facts, lines, show};

#[test]
fn every_recorded_line_gives_the_facts_that_are_in_it() {
    let mut compared = 0;
    for (name, line) in lines() {
        let Ok(value) = serde_json::from_slice::<Value>(&line) else {
            assert_eq!(name, "23f_undrained_8s", "a line that is not JSON");
            assert!(facts(&line)[0].end.starts_with("malformed: Cut"));
            continue;
        };
        assert_eq!(facts(&line), [expected(&value)], "{name}");
        compared += 1;
    }
    assert!(compared > 640, "{compared}");
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let mut chance = Chance(7);
    for (name, line) in lines() {
        let Ok(value) = serde_json::from_slice::<Value>(&line) else { continue };
        let expected = expected(&value);
        for _ in 0..if line.len() > 10_000 { 1 } else { 8 } {
            let mut text = String::new();
            write(&value, &mut chance, &Style::default(), &mut text);
            assert_eq!(facts(text.as_bytes()), std::slice::from_ref(&expected), "{name}: {text}");
        }
    }
}

#[test]
fn blanks_and_escapes_do_not_matter() {
    let mut chance = Chance(8);
    let style = Style { escapes: true, blanks: true, ..Style::default() };
    for (name, line) in lines() {
        let Ok(value) = serde_json::from_slice::<Value>(&line) else { continue };
        // Raw JSON is kept as it was written, so that it may grow beyond what is kept.
        if line.len() > 10_000 || value["type"] == "control_request" {
            continue;
        }
        let mut text = String::new();
        write(&value, &mut chance, &style, &mut text);
        assert_eq!(facts(text.as_bytes()), [expected(&value)], "{name}: {text}");
    }
}

#[test]
fn of_keys_that_come_twice_the_last_one_wins() {
    let mut chance = Chance(9);
    let lines = lines();
    let style = Style { twice: true, ..Style::default() };
    for (name, line) in &lines {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
        if line.len() > 10_000 {
            continue;
        }
        for _ in 0..8 {
            let mut text = String::new();
            write(&value, &mut chance, &style, &mut text);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{name}");
            assert_eq!(facts(text.as_bytes()), [expected(&value)], "{name}: {text}");
        }
    }
}

/// How [`write`] writes.
#[derive(Default)]
struct Style {
    escapes: bool,
    blanks: bool,
    twice: bool,
}

/// Writes a value with the keys of every object in a random order.
fn write(value: &Value, chance: &mut Chance, style: &Style, out: &mut String) {
    blank(chance, style, out);
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            for at in (1..keys.len()).rev() {
                keys.swap(at, chance.below(at + 1));
            }
            out.push('{');
            for (at, (key, value)) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                if style.twice && chance.one_in(4) {
                    write_key(key, chance, style, out);
                    out.push_str(&decoy(value, chance));
                    out.push(',');
                }
                write_key(key, chance, style, out);
                write(value, chance, style, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, chance, style, out);
            }
            out.push(']');
        }
        Value::String(text) => write_string(text, chance, style, out),
        plain => out.push_str(&plain.to_string()),
    }
    blank(chance, style, out);
}

fn write_key(key: &str, chance: &mut Chance, style: &Style, out: &mut String) {
    blank(chance, style, out);
    write_string(key, chance, style, out);
    blank(chance, style, out);
    out.push(':');
}

fn write_string(text: &str, chance: &mut Chance, style: &Style, out: &mut String) {
    if !style.escapes {
        out.push_str(&Value::from(text).to_string());
        return;
    }
    out.push('"');
    for letter in text.chars() {
        if chance.one_in(5) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            let quoted = Value::from(letter.to_string()).to_string();
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
    out.push('"');
}

fn blank(chance: &mut Chance, style: &Style, out: &mut String) {
    if style.blanks && chance.one_in(3) {
        out.push([' ', '\t', '\r'][chance.below(3)]);
    }
}

/// A value to be overruled: the right one with other content, or something else altogether.
fn decoy(value: &Value, chance: &mut Chance) -> String {
    let others = ["null", "true", "\"decoy\"", "17", "{}", "[]", r#"[{"type":"text","text":"x"}]"#];
    if chance.one_in(3) {
        return others[chance.below(others.len())].to_owned();
    }
    let mut text = String::new();
    write(&changed(value), chance, &Style::default(), &mut text);
    text
}

/// A value of the same form that says something else everywhere.
fn changed(value: &Value) -> Value {
    match value {
        Value::Null => Value::from(3),
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Number(_) => Value::from(4711),
        // Types stay what they are: they say which of the other facts count.
        Value::String(text) if text.len() < 12 => Value::from(text.as_str()),
        Value::String(text) => Value::from(format!("not {text}")),
        Value::Array(values) => values.iter().chain(values).map(changed).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), changed(value))).collect()
        }
    }
}

/// The facts of a line, from its `Value`.
fn expected(value: &Value) -> Facts {
    let mut facts = Facts::default();
    let mut text = |field, at: usize, text: &Value| {
        if let Some(text) = text.as_str() {
            facts.texts.insert((field, at as u32), text.to_owned());
        }
    };
    text(Field::Answer, 0, &value["result"]);
    text(Field::Delta, 0, &value["event"]["delta"]["text"]);
    for (at, error) in list(&value["errors"]).iter().enumerate() {
        text(Field::Error, at, error);
    }
    let content = list(&value["message"]["content"]);
    for (at, block) in content.iter().enumerate() {
        text(Field::Text, at, &block["text"]);
        if block.is_object() {
            facts.blocks.push(expected_block(at, block));
        }
    }
    let session = cut(&value["session_id"], 128);
    let session = Some(session.as_str()).filter(|id| !id.is_empty());
    facts.end = format!("{session:?} {}", expected_kind(value));
    facts
}

fn expected_block(at: usize, block: &Value) -> String {
    let id = cut(&block["id"], 128);
    let name = flat(&block["name"], 64);
    let result = cut(&block["tool_use_id"], 128);
    let preview = preview(&block["input"]);
    let kind = match block["type"].as_str().unwrap_or_default() {
        "text" => Block::Text,
        "thinking" | "redacted_thinking" => Block::Thinking,
        "tool_use" => Block::ToolUse { id: &id, name: &name, preview: &preview },
        "tool_result" => {
            Block::ToolResult { id: &result, failed: block["is_error"] == Value::Bool(true) }
        }
        _ => Block::Other,
    };
    format!("{at} {kind:?}")
}

fn expected_kind(v: &Value) -> String {
    // Owned copies of everything a kind can borrow.
    let id = |v: &Value| Some(cut(v, 128)).filter(|id| !id.is_empty());
    let name = |v: &Value| flat(v, 64);
    let note = |v: &Value| flat(v, 256).trim().to_owned();
    let flag = |v: &Value| *v == Value::Bool(true);
    let kind = v["type"].as_str().unwrap_or_default();
    let subtype = name(&v["subtype"]);
    let parent = id(&v["parent_tool_use_id"]);
    let parent = parent.as_deref();
    match (kind, subtype.as_str()) {
        ("system", "init") => show(LineKind::Init {
            model: &name(&v["model"]),
            version: &name(&v["claude_code_version"]),
        }),
        ("assistant", _) => show(LineKind::Assistant {
            message: id(&v["message"]["id"]).as_deref(),
            parent,
            model: &name(&v["message"]["model"]),
            error: &name(&v["error"]),
            aborted: flag(&v["aborted"]),
        }),
        ("user", _) => show(LineKind::User {
            parent,
            synthetic: flag(&v["isSynthetic"]),
            replay: flag(&v["isReplay"]),
        }),
        ("result", _) => show(LineKind::Result(Outcome {
            is_error: flag(&v["is_error"]),
            subtype: &subtype,
            reason: &name(&v["terminal_reason"]),
            origin: &name(&v["origin"]["kind"]),
            api_status: number(&v["api_error_status"]),
            cost_usd: v["total_cost_usd"].as_f64().unwrap_or(0.0),
            turns: total(&v["num_turns"]),
            duration_ms: total(&v["duration_ms"]),
            duration_api_ms: total(&v["duration_api_ms"]),
            input_tokens: total(&v["usage"]["input_tokens"]),
            output_tokens: total(&v["usage"]["output_tokens"]),
            cache_read_tokens: total(&v["usage"]["cache_read_input_tokens"]),
            cache_creation_tokens: total(&v["usage"]["cache_creation_input_tokens"]),
            denials: list(&v["permission_denials"]).len() as u64,
            index: total(&v["result_index"]),
        })),
        ("stream_event", _) => {
            let own = id(&v["api_message_id"]).or(id(&v["event"]["message"]["id"]));
            let block = &v["event"]["content_block"];
            let (block_id, block_name) = (id(&block["id"]), name(&block["name"]));
            let block_kind = name(&block["type"]);
            let index = total(&v["event"]["index"]) as u32;
            let event = match v["event"]["type"].as_str().unwrap_or_default() {
                "message_start" => StreamEvent::MessageStart,
                "content_block_start" => StreamEvent::BlockStart {
                    index,
                    kind: &block_kind,
                    id: block_id.as_deref(),
                    name: &block_name,
                },
                "content_block_delta" => StreamEvent::Delta {
                    index,
                    kind: match v["event"]["delta"]["type"].as_str().unwrap_or_default() {
                        "text_delta" => Delta::Text,
                        "thinking_delta" => Delta::Thinking,
                        _ => Delta::Other,
                    },
                },
                "content_block_stop" => StreamEvent::BlockStop { index },
                "message_delta" => StreamEvent::MessageDelta,
                "message_stop" => StreamEvent::MessageStop,
                _ => StreamEvent::Other,
            };
            show(LineKind::Stream { message: own.as_deref(), parent, event })
        }
        ("system", "api_retry") => show(LineKind::ApiRetry {
            attempt: total(&v["attempt"]),
            max: total(&v["max_retries"]),
            delay_ms: total(&v["retry_delay_ms"]),
            status: number(&v["error_status"]),
            error: &name(&v["error"]),
        }),
        ("system", "status") => show(LineKind::Status(&name(&v["status"]))),
        ("system", "compact_boundary") => show(LineKind::CompactBoundary {
            trigger: &name(&v["compact_metadata"]["trigger"]),
            before: total(&v["compact_metadata"]["pre_tokens"]),
            after: total(&v["compact_metadata"]["post_tokens"]),
        }),
        ("system", "permission_denied") => show(LineKind::PermissionDenied {
            tool: &name(&v["tool_name"]),
            id: id(&v["tool_use_id"]).as_deref(),
            message: &note(&v["message"]),
        }),
        ("system", "task_started" | "task_progress" | "task_updated" | "task_notification") => {
            let status = match subtype.as_str() {
                "task_updated" => name(&v["patch"]["status"]),
                _ => name(&v["status"]),
            };
            let (task_id, tool_use) = (id(&v["task_id"]), id(&v["tool_use_id"]));
            let (description, summary) = (note(&v["description"]), note(&v["summary"]));
            let task = Task {
                id: task_id.as_deref(),
                tool_use: tool_use.as_deref(),
                description: &description,
                tool: &name(&v["last_tool_name"]),
                status: &status,
                summary: &summary,
            };
            show(match subtype.as_str() {
                "task_started" => LineKind::TaskStarted(task),
                "task_progress" => LineKind::TaskProgress(task),
                "task_updated" => LineKind::TaskUpdated(task),
                _ => LineKind::TaskNotification(task),
            })
        }
        ("system", "background_tasks_changed") => {
            show(LineKind::BackgroundTasks { count: list(&v["tasks"]).len() as u64 })
        }
        ("system", "thinking_tokens") => show(LineKind::ThinkingTokens),
        ("system", "hook_started" | "hook_response") => {
            show(LineKind::Hook { name: &name(&v["hook_name"]), event: &name(&v["hook_event"]) })
        }
        ("system", "informational") => show(LineKind::Informational {
            content: &note(&v["content"]),
            level: &name(&v["level"]),
        }),
        ("rate_limit_event", _) => show(LineKind::RateLimit {
            status: &name(&v["rate_limit_info"]["status"]),
            resets_at: number(&v["rate_limit_info"]["resetsAt"]),
            kind: &name(&v["rate_limit_info"]["rateLimitType"]),
        }),
        ("control_request", _) => {
            let request = &v["request"];
            let (own, tool_use) = (id(&v["request_id"]), id(&request["tool_use_id"]));
            let text = |v: &Value| (v.is_object() || v.is_array()).then(|| v.to_string());
            let input = text(&request["input"]);
            let suggestions = text(&request["permission_suggestions"]);
            show(LineKind::ControlRequest(Request {
                id: own.as_deref(),
                subtype: &name(&request["subtype"]),
                tool: &name(&request["tool_name"]),
                tool_use: tool_use.as_deref(),
                description: &note(&request["description"]),
                preview: &preview(&request["input"]),
                input: input.as_deref().map_or(Raw::Absent, Raw::Whole),
                suggestions: suggestions.as_deref().map_or(Raw::Absent, Raw::Whole),
                needs_user: flag(&request["requires_user_interaction"]),
            }))
        }
        ("control_response", _) => show(LineKind::ControlResponse {
            request: id(&v["response"]["request_id"]).as_deref(),
            ok: v["response"]["subtype"] == "success",
            error: &note(&v["response"]["error"]),
        }),
        ("system", "session_title_changed" | "session_state_changed")
        | ("system", "model_refusal_no_fallback") => show(LineKind::Other),
        other => panic!("no expectation for {other:?}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|v| *v >= 0.0).map(|v| v as u64))
}

fn total(value: &Value) -> u64 {
    number(value).unwrap_or(0)
}

fn cut(value: &Value, limit: usize) -> String {
    let text = value.as_str().unwrap_or_default();
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit - 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

fn flat(value: &Value, limit: usize) -> String {
    let text: String = value.as_str().unwrap_or_default().chars().map(blank_if_unseen).collect();
    cut(&Value::from(text), limit)
}

fn blank_if_unseen(letter: char) -> char {
    let unseen = "\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
                  \u{2066}\u{2067}\u{2068}\u{2069}";
    if letter.is_control() || unseen.contains(letter) { ' ' } else { letter }
}

fn preview(input: &Value) -> String {
    let mut texts = PREVIEW_KEYS.iter().map(|key| flat(&input[*key], 256).trim().to_owned());
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}
