//! The whole of `format/`, against the checker.

use super::checker::{accepted, parse};
use super::*;
use crate::bridge::effect::{Frame, Part};
use proptest::prelude::*;

fn html(markdown: &str) -> String {
    match answer(markdown) {
        Answer::Messages(pieces) => match pieces.as_slice() {
            [one] => one.as_str().to_owned(),
            more => panic!("{} pieces", more.len()),
        },
        Answer::File { .. } => panic!("a file"),
    }
}

fn pieces(markdown: &str) -> Vec<String> {
    match answer(markdown) {
        Answer::Messages(pieces) => pieces.into_iter().map(String::from).collect(),
        Answer::File { .. } => panic!("a file"),
    }
}

fn frame(parts: Vec<Part>) -> String {
    render_frame(&Frame { parts, buttons: Vec::new() }).into()
}

#[track_caller]
fn check(markdown: &str, expected: &str) {
    let got = html(markdown);
    accepted(&got, 4096);
    assert_eq!(got, expected);
}

#[test]
fn inline_elements() {
    check("a **b** *c* ~~d~~ `e<f`", "a <b>b</b> <i>c</i> <s>d</s> <code>e&lt;f</code>");
    check("***both***", "<b><i>both</i></b>");
    check("one  \ntwo\nthree", "one\ntwo\nthree");
    check("<br>a & b &amp; c", "&lt;br&gt;a &amp; b &amp; c");
    check("<div>\nx\n</div>\n\ny", "&lt;div&gt;\nx\n&lt;/div&gt;\n\ny");
}

#[test]
fn blocks() {
    check("# Title\n\ntext\n\n---\n\nend", "<b>Title</b>\ntext\n\n──────────\n\nend");
    check("> a\n>\n> > b\n\nc", "<blockquote>a\n\nb</blockquote>\n\nc");
    check("> a\n\n> b", "<blockquote>a</blockquote>\n\n<blockquote>b</blockquote>");
    check(
        "a\n\n```rust\nfn a() {}\n\n\tb\n```\nc",
        "a\n\n<pre><code class=\"language-rust\">fn a() {}\n\n    b</code></pre>\n\nc",
    );
    check("```\nx\n```", "<pre>x</pre>");
    check("```a\"b<c\nx\n```", "<pre>x</pre>");
}

#[test]
fn lists() {
    check("- a\n- b\n  - c\n\n    more\n- [x] d", "• a\n• b\n  ◦ c\n\n    more\n\n☑ d");
    check("3. a\n4. b\n   text", "3. a\n4. b\n  text");
    check("- \n- x", "• \n• x");
    check("- a\n\n- b\n\nc", "• a\n\n• b\n\nc");
}

#[test]
fn links_and_tables() {
    check(
        "[a](https://x.org/?q=\"&b) [b](src/b.rs) <https://y.org>",
        "<a href=\"https://x.org/?q=&quot;&amp;b\">a</a> b (src/b.rs) \
         <a href=\"https://y.org\">https://y.org</a>",
    );
    check("![picture](https://x.org/p.png)", "<a href=\"https://x.org/p.png\">picture</a>");
    check("[`a`](http://localhost:1)", "<code>a</code> (http://localhost:1)");
    check("|a|b|\n|-|-:|\n|1|2|", "<pre>a │ b\n──┼──\n1 │ 2</pre>");
}

#[test]
fn an_empty_answer_is_still_a_message() {
    for empty in ["", " \n\n", "\u{200b}", "[x]: http://example.org", "```\n```"] {
        check(empty, "…");
    }
}

#[test]
fn fences_are_closed_and_opened_again() {
    let code = "let x = 1;\n".repeat(600);
    let pieces = pieces(&format!("intro\n\n```rust\n{code}```\n"));
    assert_eq!(pieces.len(), 2);
    for piece in &pieces {
        accepted(piece, 4096);
        assert!(piece.contains("<pre><code class=\"language-rust\">let x = 1;"));
        assert!(piece.ends_with("let x = 1;</code></pre>"));
    }
}

#[test]
fn cuts_at_paragraphs() {
    let paragraph = "word ".repeat(300);
    let pieces = pieces(&format!("{paragraph}\n\n{paragraph}\n\n{paragraph}"));
    let lengths: Vec<usize> = pieces.iter().map(String::len).collect();
    assert_eq!(lengths, [3000, 1499]);
}

#[test]
fn limits_count_utf16_and_keep_characters_whole() {
    let birds = pieces(&"🐦".repeat(5000));
    let lengths: Vec<usize> = birds.iter().map(|piece| piece.chars().count()).collect();
    assert_eq!(lengths, [2048, 2048, 904]);
    assert_eq!(pieces(&"x".repeat(4096)).len(), 1);
    assert_eq!(pieces(&"x".repeat(4097)).len(), 2);
}

#[test]
fn indentation_survives_at_the_start_of_a_piece_of_code() {
    let code = "    indented\n".repeat(500);
    for piece in pieces(&format!("```\n{code}```")) {
        assert!(piece.starts_with("<pre>    indented"));
    }
}

#[test]
fn too_many_entities_for_one_message_are_two() {
    let words = "`a` ".repeat(150);
    let pieces = pieces(&words);
    assert_eq!(pieces.len(), 2);
    pieces.iter().for_each(|piece| drop(accepted(piece, 4096)));
}

#[test]
fn formatting_is_given_up_before_a_short_answer_becomes_a_file() {
    let dense = "**a** `b` *c* [d](https://e.example)\n\n".repeat(300);
    let pieces = pieces(&dense);
    assert!((1..=5).contains(&pieces.len()), "{}", pieces.len());
    assert!(pieces[0].contains('b') && !pieces[0].contains("<i>"), "{}", pieces[0]);
}

#[test]
fn a_sixth_message_makes_it_a_file_with_a_head() {
    let paragraph = "word ".repeat(100);
    let long = format!("# Title\n\n{}", format!("{paragraph}\n\n").repeat(50));
    let Answer::File { caption } = answer(&long) else { panic!("not a file") };
    let text = accepted(caption.as_str(), 1024);
    assert!(text.starts_with("Title\nword") && text.ends_with('…') && text.len() > 400);
}

#[test]
fn a_frame_keeps_the_newest_of_the_agents_words() {
    let words: String = (0..2000).map(|n| format!("word{n} ")).collect();
    let parts = vec![
        Part::Bold("Working".into()),
        Part::Markdown(words),
        Part::Plain("\n<b>footer".into()),
        Part::Code("a&b".into()),
    ];
    let text = accepted(&frame(parts), 4096);
    assert!(text.starts_with("Working… word"), "{text:.40}");
    assert!(text.ends_with("word1999\n<b>footera&b"));
    assert!(text.len() > 4000);
}

#[test]
fn a_frame_knows_the_fence_it_cut_off() {
    let code = format!("```rust\n{}", "let x = 1;\n".repeat(10_000));
    let shown = frame(vec![Part::Markdown(code)]);
    accepted(&shown, 4096);
    assert!(shown.starts_with("…<pre><code class=\"language-rust\">\nlet x"), "{shown:.60}");
}

#[test]
fn the_agents_words_cannot_leave_their_part() {
    for evil in ["</b><b>Stopped</b>", "```", "**", "[x](", "<pre>", "> ", "\u{202e}"] {
        let parts = vec![Part::Markdown(evil.into()), Part::Plain("\nend".into())];
        let shown = frame(parts);
        accepted(&shown, 4096);
        assert!(shown.ends_with("\nend"), "{shown}");
    }
}

#[test]
fn too_many_entities_in_a_frame_cost_formatting_not_text() {
    let words = format!("{}\n\n```\nx\n```", "*a* `b` ".repeat(300));
    let shown = frame(vec![Part::Markdown(words)]);
    let parsed = parse(&shown).unwrap();
    assert!(parsed.entities <= 90 && shown.contains("<pre>x</pre>"));
    assert_eq!(parsed.text.matches('a').count(), 300);
}

#[test]
fn pigents_own_parts_are_cut_at_the_end_if_they_must() {
    let parts = vec![Part::Bold("Head".into()), Part::Plain("x".repeat(9000))];
    let text = accepted(&frame(parts), 4096);
    assert!(text.starts_with("Headxxx") && text.ends_with("x…"));
    assert_eq!(frame(vec![]), "…");
}

#[test]
fn plain_text_is_not_interpreted() {
    assert_eq!(split_plain("**a** <b>"), ["**a** <b>"]);
    assert_eq!(split_plain(" "), ["…"]);
    assert_eq!(split_plain(&"line\n".repeat(2000)).len(), 3);
    assert_eq!(plain_caption(""), "");
    assert_eq!(plain_caption(&"a".repeat(2000)).len(), 1022 + '…'.len_utf8());
}

/// One mebibyte of the worst there is. Quadratic work anywhere would run for hours here.
#[test]
fn hostile_markdown_of_any_size_is_only_text() {
    let units = ["`", "[", "](", ">", "> ", "*", "**a ", "- ", "<", "![", "_a", "~~", "&", "\\"];
    let more = ["|", "|-", "1. ", "`` ` ", "<!--", "[a](<", "\t", "\n", "a\n\n", "#", "[a]: x\n"];
    for unit in units.iter().chain(&more) {
        for size in [4_000, 150 * 1024, 1 << 20] {
            let text = unit.repeat(size / unit.len());
            match answer(&text) {
                Answer::Messages(pieces) => {
                    pieces.iter().for_each(|piece| drop(accepted(piece.as_str(), 4096)));
                }
                Answer::File { caption } => drop(accepted(caption.as_str(), 1024)),
            }
            accepted(&frame(vec![Part::Markdown(text)]), 4096);
        }
    }
}

/// Markdown-like text: pieces of syntax between words.
fn markdown() -> impl Strategy<Value = String> {
    let syntax = prop::sample::select(vec![
        "**",
        "*",
        "_",
        "~~",
        "`",
        "```",
        "```rust\n",
        "\n",
        "\n\n",
        "\n> ",
        "\n- ",
        "\n  - ",
        "\n1. ",
        "\n# ",
        "\n---\n",
        "[",
        "](https://a.org/x)",
        "](b)",
        "![",
        "<",
        ">",
        "</b>",
        "<b>",
        "&amp;",
        "&",
        "|",
        "\n|a|b|\n|-|-|\n|",
        "\t",
        "\\",
        "\"",
        "\n    ",
        "- [ ] ",
        "\u{202e}",
        "\0",
        "🐦",
        "👩\u{200d}💻",
        "e\u{301}",
        "日本語 ",
        "<!-- ",
        " ",
    ]);
    let word = "[a-z]{1,12} ?".prop_map(|word: String| word);
    let long = "[a-z ]{200,900}".prop_map(|text: String| text);
    let part = prop_oneof![4 => syntax.prop_map(str::to_owned), 4 => word, 1 => long];
    prop::collection::vec(part, 0..120).prop_map(|parts| parts.concat())
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Everything visible, in one go.
fn unsplit(markdown: &str) -> String {
    let mut buffer = buffer::Buffer::default();
    let _ = walk::walk(markdown, &mut buffer);
    buffer.text().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_answer_is_accepted_and_nothing_is_lost(text in markdown()) {
        if let Answer::Messages(pieces) = answer(&text) {
            prop_assert!(!pieces.is_empty() && pieces.len() <= MOST_PIECES);
            let shown: String = pieces.iter().map(|piece| accepted(piece.as_str(), 4096)).collect();
            prop_assert_eq!(letters(&shown), letters(&unsplit(&text)));
            for piece in &pieces {
                prop_assert_eq!(letters(&piece.plain(0)), letters(&accepted(piece.as_str(), 4096)));
            }
        }
    }

    #[test]
    fn every_frame_is_accepted(first in markdown(), second in markdown(), plain in ".{0,200}") {
        let parts = vec![
            Part::Plain(plain.clone()),
            Part::Markdown(first),
            Part::Bold(plain.clone()),
            Part::Markdown(second),
            Part::Code(plain),
        ];
        accepted(&frame(parts), 4096);
    }

    #[test]
    fn words_survive_in_order(words in prop::collection::vec("[a-z]{1,9}", 1..2500)) {
        let text = words.join(" ");
        if let Answer::Messages(pieces) = answer(&text) {
            let shown: Vec<String> = pieces.iter().map(|piece| accepted(piece.as_str(), 4096)).collect();
            prop_assert_eq!(shown.join(" "), text);
        }
    }
}

#[test]
fn any_number_of_parts_becomes_one_message() {
    let parts = vec![Part::Plain("x".into()); 6000];
    accepted(&frame(parts), 4096);
    accepted(&frame(vec![Part::Markdown("y ".repeat(3000)); 5]), 4096);
}

#[test]
fn an_answer_passed_for_pigents_own_message() {
    let forged = ["🛑 Stopped after 3 s.", "\u{200b}⚡ Interrupted", "# **⏱ Ran into the limit**"];
    for text in forged {
        let Answer::Messages(pieces) = answer(text) else { panic!("{text}") };
        assert!(accepted(pieces[0].as_str(), 4096).starts_with("🤖 "), "{pieces:?}");
    }
    // Also where a later message of an answer begins.
    let text = format!("{}\n\n{}", "x".repeat(4000), "🛑 Stopped. ".repeat(600));
    let Answer::Messages(pieces) = answer(&text) else { panic!("a file") };
    let shown: Vec<String> = pieces.iter().map(|piece| accepted(piece.as_str(), 4096)).collect();
    assert!(shown.len() > 1 && shown.iter().all(|text| !text.starts_with('🛑')), "{shown:?}");
    let Answer::File { caption } = answer(&"🛑 ".repeat(20_000)) else { panic!("messages") };
    assert!(accepted(caption.as_str(), 1024).starts_with("🤖 🛑"));
    let Answer::Messages(pieces) = answer("Done. 🛑") else { panic!("a file") };
    assert_eq!(pieces[0].as_str(), "Done. 🛑");
}
