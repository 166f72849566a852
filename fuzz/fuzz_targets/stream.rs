//! Whatever the bytes: no panic, the same events however they are split, one end a line, and no
//! valid line called malformed. Raw JSON that is kept is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::engine::transcript::Transcript;
use pigent::stream::{Event, LineKind, Parser, Raw};
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let whole = events([data]);
    assert_eq!(whole, events(data.chunks(1)), "byte by byte");
    // The first byte also says where to split, so that the fuzzer can choose.
    let at = usize::from(data.first().copied().unwrap_or(0)).min(data.len());
    let (head, tail) = data.split_at(at);
    assert_eq!(whole, events([head, tail]), "split at {at}");

    let ends: Vec<bool> = ends(data);
    let mut lines = data.split(|&byte| byte == b'\n').filter(|line| !is_blank(line));
    for fine in &ends {
        let line = lines.next().expect("no more ends than lines");
        let value = serde_json::from_slice::<serde_json::Value>(line);
        assert!(*fine || !value.is_ok_and(|value| value.is_object()), "refused a valid line");
    }
    assert!(lines.next().is_none(), "a line without an end");

    let mut heard = Vec::new();
    let mut transcript = Transcript::new();
    transcript.feed(data, &mut heard);
    transcript.finish(&mut heard);
    assert!(heard.len() >= ends.len());
});

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| b" \t\r".contains(byte))
}

fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut parser = Box::new(Parser::new());
    let mut all = Vec::new();
    for chunk in chunks {
        parser.feed(chunk, &mut |event| all.push(format!("{event:?}")));
    }
    parser.finish(&mut |event| all.push(format!("{event:?}")));
    all
}

/// For every line: whether it was confirmed.
fn ends(data: &[u8]) -> Vec<bool> {
    let mut all = Vec::new();
    let mut take = |event: Event<'_>| match event {
        Event::Line(line) => {
            if let LineKind::ControlRequest(request) = line.kind {
                check_raw(request.input);
                check_raw(request.suggestions);
            }
            all.push(true);
        }
        Event::Malformed { .. } => all.push(false),
        _ => {}
    };
    let mut parser = Box::new(Parser::new());
    parser.feed(data, &mut take);
    parser.finish(&mut take);
    all
}

fn check_raw(raw: Raw<'_>) {
    if let Raw::Whole(text) = raw {
        serde_json::from_str::<&RawValue>(text).expect("raw JSON is JSON");
        assert!(text.bytes().all(|byte| byte >= b' '));
    }
}
