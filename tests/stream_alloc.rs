//! Parsing allocates nothing: not for any recorded line, a broken one, or one of 32 MB.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod stream_support;
use pigent::stream::{Event, PARSER, Parser};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Allocations of this thread: the test harness has others, which may allocate meanwhile.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
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

#[test]
fn parsing_allocates_nothing() {
    assert!(size_of::<Parser>() <= PARSER && PARSER == 32 * 1024);
    let recordings = stream_support::recordings();
    let broken = b"{\"result\":\"\\ud800\xff\",\"a\":]}\nnonsense\n";
    let chunk = [b'A'; 65_536];

    let (mut lines, mut malformed) = (0, 0);
    let before = ALLOCATIONS.get();
    let mut parser = Parser::new();
    let mut sink = |event: Event<'_>| match event {
        Event::Line(_) => lines += 1,
        Event::Malformed { .. } => malformed += 1,
        _ => {}
    };
    for (_, bytes) in &recordings {
        for chunk in bytes.chunks(1000) {
            parser.feed(chunk, &mut sink);
        }
        parser.finish(&mut sink);
        parser.feed(broken, &mut sink);
    }
    parser.feed(b"{\"tool_use_result\":\"", &mut sink);
    for _ in 0..512 {
        parser.feed(&chunk, &mut sink);
    }
    parser.feed(b"\",\"result\":\"", &mut sink);
    for _ in 0..512 {
        parser.feed(&chunk, &mut sink);
    }
    parser.feed(b"\"}\n", &mut sink);
    let after = ALLOCATIONS.get();

    assert_eq!(after - before, 0);
    assert!(before > 0, "the counter counts");
    assert_eq!(malformed, 2 * recordings.len() + 1, "and one recording that was cut");
    assert!(lines > 640);
}
