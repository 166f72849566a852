//! What the bridge hears of a run: whole, confirmed facts, from the recordings and line by line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod stream_support;
use pigent::bridge::AgentEvent;
use pigent::bridge::agent::RunResult;
use pigent::engine::transcript::{Control, Heard, TEXT, Transcript};
use stream_support::recordings;

fn hear(stream: &[u8]) -> Vec<Heard> {
    let mut out = Vec::new();
    let mut transcript = Transcript::new();
    transcript.feed(stream, &mut out);
    transcript.finish(&mut out);
    out
}

/// What lines without a session id give.
fn check(lines: &str, expected: &[AgentEvent]) {
    let expected: Vec<_> = expected.iter().cloned().map(Heard::Event).collect();
    assert_eq!(hear(lines.as_bytes()), expected, "{lines}");
}

fn recording(name: &str) -> Vec<AgentEvent> {
    let (_, bytes) = recordings().into_iter().find(|(other, _)| other == name).unwrap();
    let heard = hear(&bytes).into_iter().filter_map(|heard| match heard {
        Heard::Event(event) => Some(event),
        Heard::Control(_) => None,
    });
    heard.collect()
}

fn controls(name: &str) -> Vec<Control> {
    let (_, bytes) = recordings().into_iter().find(|(other, _)| other == name).unwrap();
    let heard = hear(&bytes).into_iter().filter_map(|heard| match heard {
        Heard::Control(control) => Some(control),
        Heard::Event(_) => None,
    });
    heard.collect()
}

fn text(message: &str, text: &str) -> AgentEvent {
    let (message, text) = (message.into(), text.into());
    AgentEvent::Text { message, parent: None, text, synthetic: false }
}

#[test]
fn a_plain_run() {
    let events = recording("01_plain_text");
    let [AgentEvent::Session(session), AgentEvent::Init { model, version }, rest @ ..] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((session.len(), version.as_str()), (36, "2.1.328"));
    assert_eq!(model, "claude-opus-5-5");
    let [AgentEvent::Text { text, synthetic: false, parent: None, .. }, AgentEvent::Result(result)] =
        rest
    else {
        panic!("{rest:?}")
    };
    assert_eq!(text, "The answer is 4.");
    let expected = RunResult {
        subtype: "success".into(),
        reason: "completed".into(),
        text: "The answer is 4.".into(),
        turns: 1,
        duration_ms: 165,
        cost_usd: 0.002068,
        input_tokens: 12,
        output_tokens: 11,
        ..RunResult::default()
    };
    assert_eq!(result, &expected);
}

#[test]
fn every_line_of_every_recording_is_heard() {
    for (name, bytes) in recordings() {
        let mut transcript = Transcript::new();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let mut out = Vec::new();
            transcript.feed(line, &mut out);
            transcript.finish(&mut out);
            assert!(!out.is_empty(), "{name}");
        }
    }
}

#[test]
fn what_is_heard_does_not_depend_on_the_chunks() {
    for (name, bytes) in recordings() {
        let mut out = Vec::new();
        let mut transcript = Transcript::new();
        for chunk in bytes.chunks(97) {
            transcript.feed(chunk, &mut out);
        }
        transcript.finish(&mut out);
        assert_eq!(out, hear(&bytes), "{name}");
    }
}

#[test]
fn tool_calls_are_paired_with_their_results() {
    for name in ["04_bash_ok", "05_bash_fail", "09_parallel", "07_edit_write", "11_image"] {
        let (mut open, mut failures) = (Vec::new(), 0);
        for event in recording(name) {
            match event {
                AgentEvent::ToolUse { id, preview, name, .. } => {
                    assert!(!preview.is_empty() && !name.is_empty());
                    open.push(id);
                }
                AgentEvent::ToolResult { id, failed } => {
                    let at = open.iter().position(|other| *other == id).expect("a call");
                    open.remove(at);
                    failures += u32::from(failed);
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "{name}");
        assert_eq!(failures > 0, matches!(name, "05_bash_fail" | "07_edit_write"), "{name}");
    }
}

#[test]
fn streamed_text_is_the_text_that_follows() {
    let mut partial = String::new();
    let mut messages = Vec::new();
    for event in recording("15_partial") {
        match event {
            AgentEvent::MessageStart { message } => messages.push(message),
            AgentEvent::Partial { message, text, .. } => {
                assert_eq!(messages.last(), Some(&message));
                partial.push_str(&text);
            }
            AgentEvent::Text { message, text, .. } => {
                assert_eq!((messages.last(), &text), (Some(&message), &partial));
            }
            AgentEvent::MessageStop { message } => assert_eq!(messages.pop(), Some(message)),
            _ => {}
        }
    }
    assert!(!partial.is_empty() && messages.is_empty());
}

#[test]
fn a_subagent_says_whose_it_is() {
    let events = recording("10_subagent");
    let agent = events.iter().find_map(|event| match event {
        AgentEvent::ToolUse { id, name, .. } if name == "Agent" => Some(id.clone()),
        _ => None,
    });
    let inner =
        events.iter().any(|event| matches!(event, AgentEvent::ToolUse { parent: Some(_), .. }));
    assert!(agent.is_some() && inner);
    assert!(events.iter().any(|event| match event {
        AgentEvent::Text { parent, .. } | AgentEvent::ToolUse { parent, .. } => *parent == agent,
        _ => false,
    }));
    let tasks: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Task { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(tasks, ["Look around", "Bash: Running List", "I found hello.txt and big.txt."]);
}

#[test]
fn errors_and_retries() {
    let events = recording("12a_401");
    assert!(events.iter().any(|event| matches!(event, AgentEvent::Retry { attempt: 1, .. })));
    assert!(events.iter().any(|event| matches!(event, AgentEvent::Text { synthetic: true, .. })));
    let Some(AgentEvent::Result(result)) = events.last() else { panic!("{events:?}") };
    assert!(result.is_error && result.subtype == "success" && result.reason == "api_error");

    let events = recording("13_max_turns");
    let Some(AgentEvent::Result(result)) = events.last() else { panic!("{events:?}") };
    assert_eq!(result.text, "Reached maximum number of turns (1)");
    assert!(result.is_error && !result.cut);
}

#[test]
fn permission_requests_are_passed_on_whole() {
    let asked = controls("20e_stdio_perm");
    let Control { subtype, tool, input, cut, suggestions, preview, needs_user, .. } = &asked[0];
    assert_eq!((subtype.as_str(), tool.as_str()), ("can_use_tool", "Bash"));
    assert_eq!(input.as_deref(), Some(r#"{"command":"touch one.txt","description":"Touch one"}"#));
    assert_eq!(preview, "touch one.txt");
    assert!(
        !cut && !needs_user && suggestions.as_deref().is_some_and(|text| text.starts_with('['))
    );

    let asked = controls("20i_stdio_ask");
    assert!(asked[0].needs_user && asked[0].tool == "AskUserQuestion");
    let input: serde_json::Value = serde_json::from_str(asked[0].input.as_ref().unwrap()).unwrap();
    assert_eq!(input["questions"][0]["question"], "Which colour do you want?");
    check(
        r#"{"type":"control_cancel_request","request_id":"r1"}"#,
        &[AgentEvent::AskWithdrawn { request: "r1".into() }],
    );
}

#[test]
fn a_cut_request_says_so() {
    let long = "x".repeat(9000);
    let line = format!(
        r#"{{"type":"control_request","request_id":"r","request":{{"subtype":"can_use_tool",
            "tool_name":"Write","input":{{"file_path":"/a","content":"{long}"}}}}}}"#
    );
    let heard = hear(line.replace('\n', " ").as_bytes());
    let expected = Control {
        request: "r".into(),
        subtype: "can_use_tool".into(),
        tool: "Write".into(),
        preview: "/a".into(),
        cut: true,
        ..Control::default()
    };
    assert_eq!(heard, [Heard::Control(expected)]);
}

#[test]
fn the_session_is_told_when_it_changes_and_before_the_rest() {
    let lines = ["a", "a", "b", "", "b", "a"]
        .map(|id| format!(r#"{{"session_id":"{id}","type":"system","subtype":"thinking_tokens"}}"#))
        .join("\n");
    let session = |id: &str| AgentEvent::Session(id.into());
    let thinking = AgentEvent::Thinking;
    check(
        &lines,
        &[
            session("a"),
            thinking.clone(),
            thinking.clone(),
            session("b"),
            thinking.clone(),
            thinking.clone(),
            thinking.clone(),
            session("a"),
            thinking,
        ],
    );
}

#[test]
fn news_of_every_other_kind() {
    for (line, event) in [
        (r#""system","subtype":"status","status":"compacting""#, AgentEvent::Compacting),
        (r#""system","subtype":"status","status":"requesting""#, AgentEvent::Alive),
        (r#""system","subtype":"status","status":null"#, AgentEvent::Alive),
        (
            r#""system","subtype":"compact_boundary","compact_metadata":{"pre_tokens":9,"post_tokens":2}"#,
            AgentEvent::Compacted { before: 9, after: 2 },
        ),
        (
            r#""system","subtype":"api_retry","attempt":2,"max_retries":10,"retry_delay_ms":504.7,"error_status":null,"error":"unknown""#,
            AgentEvent::Retry {
                attempt: 2,
                max: 10,
                delay_ms: 504,
                status: None,
                error: "unknown".into(),
            },
        ),
        (
            r#""system","subtype":"permission_denied","tool_name":"Bash","message":"no\nway""#,
            AgentEvent::Denied { tool: "Bash".into(), message: "no way".into() },
        ),
        (
            r#""system","subtype":"task_notification","status":"failed","summary":"it broke""#,
            AgentEvent::Task { text: "failed: it broke".into() },
        ),
        (
            r#""system","subtype":"task_notification","status":"completed","summary":"""#,
            AgentEvent::Task { text: "completed".into() },
        ),
        (r#""system","subtype":"task_started""#, AgentEvent::Alive),
        (r#""system","subtype":"task_updated","patch":{"status":"killed"}"#, AgentEvent::Alive),
        (
            r#""system","subtype":"background_tasks_changed","tasks":[{},{"a":[1,2]}]"#,
            AgentEvent::Background { alive: 2 },
        ),
        (
            r#""rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795172325,"rateLimitType":"five_hour"}"#,
            AgentEvent::RateLimit {
                status: "rejected".into(),
                resets_at: Some(1_795_172_325),
                kind: "five_hour".into(),
            },
        ),
        (r#""tool_progress","tool_use_id":"x-heartbeat-0""#, AgentEvent::Alive),
        (r#""control_response","response":{"subtype":"success"}"#, AgentEvent::Alive),
        (r#""conversation_reset","new_conversation_id":"n""#, AgentEvent::Alive),
        (
            r#""something_new","message":{"content":[{"type":"text","text":"x"}]}"#,
            AgentEvent::Alive,
        ),
    ] {
        check(&format!("{{\"type\":{line}}}"), std::slice::from_ref(&event));
        let (kind, rest) = line.split_once(',').unwrap();
        check(&format!("{{{rest},\"type\":{kind}}}\n"), &[event]);
    }
}

#[test]
fn nothing_that_a_user_line_says_is_shown() {
    for mark in ["", r#","isSynthetic":true"#, r#","isReplay":true"#] {
        for content in [r#""text""#, r#"[{"type":"text","text":"x"}]"#] {
            let line = format!(
                r#"{{"type":"user","message":{{"role":"user","content":{content}}}{mark}}}"#
            );
            check(&line, &[AgentEvent::Alive]);
        }
    }
}

#[test]
fn only_what_a_line_confirms_is_heard() {
    let content = r#""message":{"id":"m","content":[{"type":"text","text":"said"}]}"#;
    check(&format!(r#"{{{content},"type":"assistant"}}"#), &[text("m", "said")]);
    check(&format!(r#"{{{content},"type":"assistant"]"#), &[AgentEvent::Malformed]);
    check(&format!(r#"{{{content},"type":"assistant""#), &[AgentEvent::Malformed]);
    check(
        &format!(r#"{{{content},"message":{{"id":"n","content":[]}},"type":"assistant"}}"#),
        &[AgentEvent::Alive],
    );
    check(
        r#"{"type":"assistant","message":{"id":"m","content":[
            {"text":"a","type":"text","text":"b"},{"text":"not a text","type":"image"},
            {"type":"text","text":"c"},{"type":"thinking","thinking":"t"}]}}"#
            .replace('\n', " ")
            .as_str(),
        &[text("m", "b"), text("m", "c"), AgentEvent::Thinking],
    );
    check(
        "{\"a\":\nnonsense\n\n{}\n",
        &[AgentEvent::Malformed, AgentEvent::Malformed, AgentEvent::Alive],
    );
}

#[test]
fn a_partial_without_a_message_of_its_own_belongs_to_the_one_that_began() {
    let delta = r#"{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"x"}}}"#;
    check(delta, &[AgentEvent::Alive]);
    let start = r#"{"type":"stream_event","event":{"type":"message_start","message":{"id":"m"}}}"#;
    check(
        &format!("{start}\n{delta}"),
        &[
            AgentEvent::MessageStart { message: "m".into() },
            AgentEvent::Partial { message: "m".into(), block: 1, text: "x".into() },
        ],
    );
}

#[test]
fn an_answer_over_the_limit_is_cut_and_marked() {
    let line = format!(r#"{{"result":"{}","type":"result"}}"#, "a".repeat(3 * TEXT));
    let heard = hear(line.as_bytes());
    let [Heard::Event(AgentEvent::Result(result))] = &heard[..] else { panic!() };
    assert!(result.cut && result.text.len() == TEXT && result.text.ends_with("a…"));
    let line = format!(r#"{{"result":"{}","type":"result"}}"#, "a".repeat(TEXT));
    let heard = hear(line.as_bytes());
    let [Heard::Event(AgentEvent::Result(result))] = &heard[..] else { panic!() };
    assert!(!result.cut && result.text.len() == TEXT);
}

#[test]
fn errors_stand_in_for_an_answer_that_is_missing() {
    let result = |line: &str| match &hear(line.as_bytes())[..] {
        [Heard::Event(AgentEvent::Result(result))] => result.text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(result(r#"{"errors":["a","b"],"type":"result"}"#), "a\nb");
    assert_eq!(result(r#"{"errors":["a","b"],"result":"","type":"result"}"#), "a\nb");
    assert_eq!(result(r#"{"errors":["a","b"],"result":"c","type":"result"}"#), "c");
    assert_eq!(result(r#"{"errors":["a"],"errors":["d",7],"type":"result"}"#), "d");
}
