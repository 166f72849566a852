//! Input that nobody should send: broken, endless, deep, huge, or just odd.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod stream_support;
use pigent::stream::{Event, Field, ID, INPUT, NAME, NOTICE, PIECE, Parser, SUGGESTIONS};
use stream_support::{Chance, Facts, events, facts, lines};

/// The facts of a single line.
fn one(line: &str) -> Facts {
    let mut all = facts(line.as_bytes());
    assert_eq!(all.len(), 1, "{line}");
    all.remove(0)
}

#[test]
fn a_malformed_line_is_one_event_and_the_next_line_is_read() {
    for (line, why) in [
        (&b"nonsense"[..], "NotAnObject"),
        (b"[]", "NotAnObject"),
        (b"null", "NotAnObject"),
        (b"\"text\"", "NotAnObject"),
        (b"\xef\xbb\xbf{}", "NotAnObject"),
        (b"\0", "NotAnObject"),
        (b"}", "NotAnObject"),
        (b"{", "Cut"),
        (b"{\"a", "Cut"),
        (b"{\"a\\", "Cut"),
        (b"{\"a\\u12", "Cut"),
        (b"{\"a\":-", "Cut"),
        (b"{\"a\":tru", "Cut"),
        (b"{\"a\":1", "Cut"),
        (b"{\"message\":{\"content\":[{\"text\":\"said", "Cut"),
        (b"{}{}", "Syntax"),
        (b"{},", "Syntax"),
        (b"{\"a\"}", "Syntax"),
        (b"{\"a\":}", "Syntax"),
        (b"{\"a\":1,}", "Syntax"),
        (b"{\"a\":01}", "Syntax"),
        (b"{\"a\":1.}", "Syntax"),
        (b"{\"a\":+1}", "Syntax"),
        (b"{\"a\":truE}", "Syntax"),
        (b"{\"a\":nul}", "Syntax"),
        (b"{\"a\":falsey}", "Syntax"),
        (b"{\"a\":\"\\x\"}", "Syntax"),
        (b"{\"a\":\"\\u12g4\"}", "Syntax"),
        (b"{\"skipped\":{\"b\":[1}}", "Syntax"),
        (b"{\"skipped\":[{]}", "Syntax"),
        (b"{\"skipped\":{\"b\" 1}}", "Syntax"),
        (b"{\"skipped\":\"\\q\"}", "Syntax"),
        (b"{'a':1}", "Syntax"),
    ] {
        let stream = [line, b"\n{\"type\":\"keep_alive\"}\n"].concat();
        let ends: Vec<_> = facts(&stream).into_iter().map(|facts| facts.end).collect();
        let malformed = format!("malformed: {why}, {} bytes", line.len());
        assert_eq!(ends, [malformed.as_str(), "None Other"], "{}", line.escape_ascii());
        assert_eq!(events([stream.as_slice()]), events(stream.chunks(1)));
    }
}

#[test]
fn a_malformed_line_withdraws_what_it_said() {
    let line = r#"{"message":{"content":[{"type":"text","text":"said"}]},"type":"assistant"]"#;
    assert!(one(line).texts.is_empty());
    let before = events([line.as_bytes()]);
    assert_eq!(before.len(), 3, "announced, closed, withdrawn: {before:?}");
}

#[test]
fn depth_has_no_limit_in_what_is_skipped() {
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        format!("{{\"skipped\":{open}1{close},\"type\":\"keep_alive\",\"session_id\":\"s\"}}")
    };
    assert_eq!(one(&deep("[", "]")).end, "Some(\"s\") Other");
    assert_eq!(one(&deep("{\"a\":", "}")).end, "Some(\"s\") Other");
    let inside = deep("[", "]").replace("skipped\":", "message\":{\"content\":[{\"input\":");
    let inside = inside.replace(",\"type\"", "}]},\"type\"");
    assert_eq!(one(&inside).end, "Some(\"s\") Other");
}

#[test]
fn a_newline_ends_the_line_however_deep_it_is() {
    for depth in [1, 1023, 1024, 1025, 50_000] {
        let line = format!("{{\"a\":{}", "[".repeat(depth));
        let stream = format!("{line}\n{line}1\n{line}\"x\n{{}}");
        let ends: Vec<_> = facts(stream.as_bytes()).into_iter().map(|facts| facts.end).collect();
        assert_eq!(ends.len(), 4, "{depth}");
        assert!(ends[..3].iter().all(|end| end.starts_with("malformed: Cut")), "{ends:?}");
    }
}

/// A line made of a beginning, the same chunk over and over, and an end.
fn long(begin: &str, chunk: &str, times: usize, end: &str) -> (Vec<(Field, usize)>, String) {
    let mut parser = Box::new(Parser::new());
    let mut texts: Vec<(Field, usize)> = Vec::new();
    let mut ends = Vec::new();
    let mut sink = |event: Event<'_>| match event {
        Event::Piece { field, text, end, .. } => {
            assert!(end || text.len() > PIECE - 4, "{} bytes", text.len());
            match texts.last_mut() {
                Some((last, length)) if *last == field => *length += text.len(),
                _ => texts.push((field, text.len())),
            }
        }
        Event::Line(line) => ends.push(format!("{line:?}")),
        Event::Malformed { .. } => ends.push("malformed".to_owned()),
        _ => {}
    };
    parser.feed(begin.as_bytes(), &mut sink);
    for _ in 0..times {
        parser.feed(chunk.as_bytes(), &mut sink);
    }
    parser.feed(end.as_bytes(), &mut sink);
    assert_eq!(ends.len(), 1);
    (texts, ends.remove(0))
}

#[test]
fn lines_of_6_and_32_mb_pass() {
    let chunk = "QUJD".repeat(16 * 1024);
    let end = r#"","isReplay":true,"type":"user"}"#.to_owned() + "\n";
    for megabytes in [6, 32] {
        let begin = r#"{"tool_use_result":{"file":{"base64":""#;
        let (texts, line) = long(begin, &chunk, megabytes * 16, &end.replacen('"', "\"}}", 1));
        assert!(texts.is_empty());
        assert!(line.contains("User") && line.contains("replay: true"), "{line}");
    }
}

#[test]
fn a_text_of_32_mb_arrives_whole() {
    let chunk = "drei Zeichen: ä€🚀\\n".repeat(2000);
    let (texts, line) = long(r#"{"result":""#, &chunk, 800, "\",\"type\":\"result\"}\n");
    let decoded = "drei Zeichen: ä€🚀\n".len() * 2000 * 800;
    assert!(decoded > 32_000_000);
    assert_eq!(texts, [(Field::Answer, decoded)]);
    assert!(line.contains("Result"), "{line}");
}

#[test]
fn an_endless_line_without_any_json_is_one_event() {
    let (texts, end) = long("", &"x".repeat(65_536), 100, "\n");
    assert_eq!((texts.len(), end.as_str()), (0, "malformed"));
}

#[test]
fn what_is_cut_ends_in_a_mark() {
    let line = |id: &str, name: &str, preview: &str| {
        format!(
            r#"{{"type":"assistant","message":{{"content":[{{"type":"tool_use","id":"{id}",
               "name":"{name}","input":{{"command":"{preview}"}}}}]}}}}"#
        )
        .replace('\n', " ")
    };
    let (id, name, preview) = ("i".repeat(ID), "n".repeat(NAME), "p".repeat(NOTICE));
    let fits = one(&line(&id, &name, &preview));
    assert!(!fits.blocks[0].contains('…'));
    let cut = one(&line(&(id + "i"), &(name + "n"), &(preview + "p")));
    let (id, name) = ("i".repeat(ID - 3), "n".repeat(NAME - 3));
    let preview = "p".repeat(NOTICE - 3);
    let expected =
        format!("0 ToolUse {{ id: \"{id}…\", name: \"{name}…\", preview: \"{preview}…\" }}");
    assert_eq!(cut.blocks, [expected]);
}

#[test]
fn raw_input_is_kept_whole_or_not_at_all() {
    let request = |key: &str, length: usize| {
        let text = "x".repeat(length - r#"{"a":""}"#.len());
        let value = format!(r#"{{"a":"{text}"}}"#);
        assert_eq!(value.len(), length);
        one(&format!(r#"{{"request":{{"{key}": {value} }},"type":"control_request"}}"#)).end
    };
    for (key, limit) in [("input", INPUT), ("permission_suggestions", SUGGESTIONS)] {
        assert!(request(key, limit).contains("xxx\"}"), "{key}");
        let cut = request(key, limit + 1);
        assert!(cut.contains("Cut") && !cut.contains("xxx"), "{key}");
    }
    let other =
        r#"{"request":{"input":"text","permission_suggestions":null},"type":"control_request"}"#;
    assert!(one(other).end.ends_with("Absent Absent"));
}

#[test]
fn the_preview_does_not_depend_on_order_and_is_one_line() {
    let preview = |input: &str| {
        let block = format!(r#"{{"type":"tool_use","input":{input}}}"#);
        let facts = one(&format!(r#"{{"message":{{"content":[{block}]}},"type":"assistant"}}"#));
        let (_, rest) = facts.blocks[0].split_once("preview: \"").unwrap();
        rest.strip_suffix("\" }").unwrap().to_owned()
    };
    assert_eq!(preview(r#"{"command":"ls","description":"List"}"#), "ls");
    assert_eq!(preview(r#"{"description":"List","command":"ls"}"#), "ls");
    assert_eq!(preview(r#"{"description":"List","command":" \n"}"#), "List");
    assert_eq!(preview(r#"{"description":"List","command":"ls","command":7}"#), "List");
    assert_eq!(preview(r#"{"path":"src","pattern":"fn"}"#), "fn");
    assert_eq!(preview(r#"{"command":"a\nb\t\u001b[31mc\u202ed"}"#), "a b  [31mc d");
    assert_eq!(preview(r#"{"nested":{"command":"ls"}}"#), "");
    assert_eq!(preview(r#""command""#), "");
}

#[test]
fn odd_values_are_absent_not_wrong() {
    let long = "1".repeat(100);
    let line = format!(
        r#"{{"type":"result","num_turns":-3,"duration_ms":{long},"total_cost_usd":1e999,"usage":7,
            "permission_denials":{{}},"is_error":"true","subtype":["x"],"duration_api_ms":1.9}}"#
    )
    .replace('\n', " ");
    let end = one(&line).end;
    for part in ["turns: 0", "duration_ms: 0", "cost_usd: 0.0", "is_error: false", "subtype: \"\""]
    {
        assert!(end.contains(part), "{part} in {end}");
    }
    assert!(end.contains("denials: 0") && end.contains("duration_api_ms: 1,"), "{end}");
}

#[test]
fn a_key_may_be_written_with_escapes_and_be_of_any_length() {
    let long = "k".repeat(100_000);
    let line = format!(r#"{{"{long}":1,"\u0074ype":"user","typ\u0065\u0065":"x","":"y"}}"#);
    assert!(one(&line).end.contains("User"), "{}", one(&line).end);
}

#[test]
fn text_that_is_none_is_replaced() {
    let line = b"{\"result\":\"a\xffb\\ud800c\xe2\x82\",\"type\":\"result\"}";
    let facts = facts(line);
    assert_eq!(facts[0].texts[&(Field::Answer, 0)], "a\u{fffd}b\u{fffd}c\u{fffd}");
}

#[test]
fn damaged_lines_never_panic_and_end_exactly_once() {
    let mut chance = Chance(3);
    let lines = lines();
    for _ in 0..30_000 {
        let (_, line) = &lines[chance.below(lines.len())];
        let mut line = line[..line.len().min(3000)].to_vec();
        for _ in 0..=chance.below(4) {
            let at = chance.below(line.len());
            match chance.below(4) {
                0 => line[at] = chance.below(256) as u8,
                1 => line[at] = b"{}[]\",:\\ue01"[chance.below(12)],
                2 => line.truncate(at.max(1)),
                _ => line.insert(at, b"{}[]\",:\\u"[chance.below(9)]),
            }
        }
        line.retain(|&byte| byte != b'\n');
        let blank = line.iter().all(|byte| b" \t\r".contains(byte));
        let whole = facts(&line);
        assert_eq!(whole.len(), usize::from(!blank), "{}", line.escape_ascii());
        let valid = serde_json::from_slice::<serde_json::Value>(&line);
        if valid.is_ok_and(|value| value.is_object()) {
            assert!(!whole[0].end.starts_with("malformed"), "{}", line.escape_ascii());
        }
    }
}
