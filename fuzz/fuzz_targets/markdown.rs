//! Whatever the agent writes: messages that Telegram accepts, within every limit, none of them
//! empty; and in a frame pigent's own words stay whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pigent::bridge::effect::{Frame, Part};
use pigent::telegram::format::{Answer, MOST_PIECES, answer, plain_caption, render_frame, split_plain};

#[path = "../../src/telegram/format/checker.rs"]
mod checker;

use checker::accepted;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    check(&text);
    // Short inputs reach no limit by themselves; but most should be tried quickly.
    let times = usize::from(data.first().copied().unwrap_or(0));
    if times > 200 && text.len() < 200 {
        check(&text.repeat(times));
    }
});

fn check(text: &str) {
    match answer(text) {
        Answer::Messages(pieces) => {
            assert!((1..=MOST_PIECES).contains(&pieces.len()));
            for piece in pieces {
                accepted(piece.as_str(), 4096);
                assert!(units(&piece.plain(4096)) <= 4096);
            }
        }
        Answer::File { caption } => {
            let html = caption.as_str();
            if !html.is_empty() {
                accepted(html, 1024);
            }
        }
    }
    let pieces = split_plain(text);
    assert!(!pieces.is_empty() && pieces.iter().all(|piece| units(piece) <= 4096));
    assert!(units(&plain_caption(text)) <= 1024);
    let parts = vec![
        Part::Bold("Working".into()),
        Part::Plain("\n".into()),
        Part::Markdown(text.into()),
        Part::Code("</code> own".into()),
    ];
    let shown = accepted(render_frame(&Frame { parts, buttons: Vec::new() }).as_str(), 4096);
    assert!(shown.starts_with("Working\n") && shown.ends_with("</code> own"), "{shown}");
    let parts = vec![Part::Code(text.into()), Part::Bold(text.into()), Part::Plain(text.into())];
    accepted(render_frame(&Frame { parts, buttons: Vec::new() }).as_str(), 4096);
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
