//! Events do not depend on how the bytes were cut into chunks, and every line ends exactly once.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod stream_support;
use stream_support::{Chance, events, facts, lines, recordings};

#[test]
fn recordings_whole_and_byte_by_byte_give_the_same_events() {
    for (name, bytes) in recordings() {
        let whole = events([bytes.as_slice()]);
        assert_eq!(whole, events(bytes.chunks(1)), "{name}");
    }
}

#[test]
fn recordings_at_random_splits_give_the_same_events() {
    let mut chance = Chance(1);
    for (name, bytes) in recordings() {
        let whole = events([bytes.as_slice()]);
        for longest in [3, 100, 5000, 70_000] {
            let mut chunks = Vec::new();
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (chunk, tail) = rest.split_at((1 + chance.below(longest)).min(rest.len()));
                chunks.push(chunk);
                rest = tail;
            }
            assert_eq!(whole, events(chunks), "{name}, chunks of up to {longest}");
        }
    }
}

#[test]
fn every_recorded_line_ends_with_one_event() {
    for (name, bytes) in recordings() {
        let count = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
        assert_eq!(facts(&bytes).len(), count, "{name}");
    }
}

#[test]
fn a_line_cut_anywhere_is_one_malformed_event_and_the_next_line_is_read() {
    let next = br#"{"type":"system","subtype":"thinking_tokens","session_id":"next"}"#;
    let mut seen = std::collections::BTreeSet::new();
    for (name, line) in lines() {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&line) else { continue };
        let keys = value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
        if line.len() > 4000 || !seen.insert((value["subtype"].to_string(), keys)) {
            continue;
        }
        for cut in 1..line.len() {
            let stream = [&line[..cut], b"\n", next, b"\n"].concat();
            let ends: Vec<_> = facts(&stream).into_iter().map(|facts| facts.end).collect();
            let malformed = format!("malformed: Cut, {cut} bytes");
            assert_eq!(ends, [malformed.as_str(), "Some(\"next\") ThinkingTokens"], "{name}");
        }
    }
    assert!(seen.len() > 40, "{}", seen.len());
}

#[test]
fn the_last_line_needs_no_newline_but_must_be_complete() {
    let line = br#"{"type":"keep_alive"}"#;
    assert_eq!(facts(line)[0].end, "None Other");
    let cut = &line[..line.len() - 1];
    assert_eq!(facts(cut)[0].end, format!("malformed: Cut, {} bytes", cut.len()));
    assert!(facts(b"").is_empty());
    assert!(facts(b" \t\r").is_empty());
}

#[test]
fn blank_lines_are_nothing() {
    let ends = facts(b"\n\n \t \r\n{}\r\n\n{}");
    assert_eq!(ends.len(), 2);
}
