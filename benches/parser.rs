//! How fast the parser is, beside `serde_json::from_slice::<Value>`, on the recorded streams.
//!
//! `cargo bench --bench parser` prints the figures; it asserts nothing about time.
#![allow(clippy::unwrap_used, missing_docs)]

use pigent::stream::{Event, Parser};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Chunks as they come from a pipe.
const CHUNK: usize = 64 * 1024;
const ROUNDS: usize = 15;
/// One round reads at least so much.
const ROUND_BYTES: usize = 32 * 1024 * 1024;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, so from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let image = longest_line(&recording("11_image"));
    let text = all_but("11_image");
    println!("size_of Parser        {:>8} bytes (at most 32768)", size_of::<Parser>());
    report("image line", &image);
    report("text streams", &text);
}

fn report(name: &str, stream: &[u8]) {
    let (parser, allocations) = parser_rate(stream);
    let serde = median(stream.len(), || {
        for line in stream.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            black_box(serde_json::from_slice::<serde_json::Value>(line)).ok();
        }
    });
    println!(
        "{name:<14}{:>8} KB   parser {:>6.0} MB/s   serde_json Value {:>5.0} MB/s   {:>4.1}x   \
         {allocations} allocations",
        stream.len() / 1000,
        parser / 1e6,
        serde / 1e6,
        parser / serde,
    );
}

/// Bytes a second, and how often it allocated meanwhile.
fn parser_rate(stream: &[u8]) -> (f64, u64) {
    let mut parser = Box::new(Parser::new());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut lines = 0u64;
    let rate = median(stream.len(), || {
        for chunk in stream.chunks(CHUNK) {
            parser.feed(black_box(chunk), &mut |event| {
                lines += u64::from(matches!(event, Event::Line(_)));
            });
        }
    });
    black_box(lines);
    // The list of durations is the one allocation that is the benchmark's own.
    (rate, ALLOCATIONS.load(Ordering::Relaxed) - before - 1)
}

/// Bytes a second: the median of several rounds, each of many repetitions.
fn median(bytes: usize, mut work: impl FnMut()) -> f64 {
    let repetitions = ROUND_BYTES.div_ceil(bytes);
    let mut rounds: Vec<Duration> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..repetitions {
            work();
        }
        rounds.push(start.elapsed());
    }
    rounds.sort();
    (bytes * repetitions) as f64 / rounds[ROUNDS / 2].as_secs_f64()
}

fn recording(name: &str) -> Vec<u8> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    std::fs::read(format!("{corpus}/{name}/stdout.ndjson")).unwrap()
}

fn longest_line(stream: &[u8]) -> Vec<u8> {
    let line = stream.split_inclusive(|&byte| byte == b'\n').max_by_key(|line| line.len());
    line.unwrap().to_vec()
}

fn all_but(name: &str) -> Vec<u8> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut names: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|other| other != name)
        .collect();
    names.sort();
    let mut all = Vec::new();
    for name in names {
        all.extend(recording(&name));
        if all.last().is_some_and(|&last| last != b'\n') {
            all.push(b'\n');
        }
    }
    all
}
