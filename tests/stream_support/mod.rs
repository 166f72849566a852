//! What the tests of the parser share: the recordings, a seeded source of chance, and events and
//! facts as owned values that can be compared.

use pigent::stream::{Event, Field, LineKind, Outcome, Parser, Raw, Request};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Every recorded stdout: name and bytes.
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
pub fn recordings() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let bytes = std::fs::read(entry.path().join("stdout.ndjson")).unwrap();
            (entry.file_name().into_string().unwrap(), bytes)
        })
        .collect();
    all.sort();
    assert!(all.len() >= 76);
    all
}

/// Every complete recorded line, with the name of its recording.
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
pub fn lines() -> Vec<(String, Vec<u8>)> {
    let recordings = recordings();
    let lines = recordings.iter().flat_map(|(name, bytes)| {
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| (name.clone(), line.to_vec()))
    });
    lines.collect()
}

/// A seeded source of chance (splitmix64).
#[derive(Clone)]
pub struct Chance(pub u64);

#[allow(dead_code, reason = "each test binary uses its own part of this module")]
impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }

    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// The events of a stream, fed in the given chunks.
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
pub fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut parser = Box::new(Parser::new());
    let mut all = Vec::new();
    for chunk in chunks {
        parser.feed(chunk, &mut |event| all.push(format!("{event:?}")));
    }
    parser.finish(&mut |event| all.push(format!("{event:?}")));
    all
}

/// What one line came to: confirmed texts and blocks, and the event that ended it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub texts: BTreeMap<(Field, u32), String>,
    pub blocks: Vec<String>,
    pub end: String,
}

/// The facts of every line of a stream, in order.
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
pub fn facts(stream: &[u8]) -> Vec<Facts> {
    let mut all = Vec::new();
    let mut staged = Staged::default();
    let mut take = |event: Event<'_>| {
        if let Some(line) = staged.take(event) {
            all.push(line);
        }
    };
    let mut parser = Box::new(Parser::new());
    parser.feed(stream, &mut take);
    parser.finish(&mut take);
    all
}

#[derive(Default)]
struct Staged {
    texts: BTreeMap<(Field, u32), String>,
    blocks: Vec<(u32, String)>,
}

impl Staged {
    fn take(&mut self, event: Event<'_>) -> Option<Facts> {
        match event {
            Event::Piece { field, block, text, .. } => {
                self.texts.entry((field, block)).or_default().push_str(text);
            }
            Event::Block { index, kind } => self.blocks.push((index, format!("{index} {kind:?}"))),
            Event::Void { field, from } => {
                self.texts.retain(|&(f, block), _| f != field || block < from);
                if field == Field::Text {
                    self.blocks.retain(|&(index, _)| index < from);
                }
            }
            Event::Line(line) => {
                let staged = std::mem::take(self);
                let blocks = staged.blocks.into_iter().map(|(_, block)| block).collect();
                let end = format!("{:?} {}", line.session, show(line.kind));
                return Some(Facts { texts: staged.texts, blocks, end });
            }
            Event::Malformed { why, bytes } => {
                *self = Staged::default();
                let end = format!("malformed: {why:?}, {bytes} bytes");
                return Some(Facts { end, ..Facts::default() });
            }
        }
        None
    }
}

/// A line's kind, for comparison; raw JSON is shown with its keys in order, so that their order does not count.
#[allow(dead_code, reason = "each test binary uses its own part of this module")]
pub fn show(kind: LineKind<'_>) -> String {
    if let LineKind::Result(outcome) = kind {
        // `serde_json` reads doubles a little less exactly unless told otherwise.
        let cost_usd = (outcome.cost_usd * 1e9).round() / 1e9;
        return format!("{:?}", LineKind::Result(Outcome { cost_usd, ..outcome }));
    }
    let LineKind::ControlRequest(request) = kind else { return format!("{kind:?}") };
    let canonical = |raw: Raw<'_>| match raw {
        Raw::Whole(text) => serde_json::from_str::<Value>(text).unwrap().to_string(),
        other => format!("{other:?}"),
    };
    let input = canonical(request.input);
    let suggestions = canonical(request.suggestions);
    let plain = Request { input: Raw::Absent, suggestions: Raw::Absent, ..request };
    format!("{plain:?} {input} {suggestions}")
}
