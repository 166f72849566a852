//! Posts: pieces, files, bodies on the disk, and fall-backs.

use super::world::{World, flood, network, post};
use crate::bridge::effect::{Button, Format, Post, Source};
use crate::bridge::ids::{BlobId, MessageId, PostId, ThreadId};
use crate::bridge::input::Receipt;
use crate::telegram::error::Error;
use crate::telegram::outbox::call::Call;

fn from_disk(world: &mut World, id: u64, text: &str) -> Post {
    world.bodies.insert(BlobId(id), text.into());
    Post { body: Source::Blob(BlobId(id)), ..post(id, 7, "") }
}

fn paragraphs(count: usize) -> String {
    (0..count).map(|n| format!("{n} {}\n\n", "word ".repeat(700))).collect()
}

#[test]
fn every_piece_is_reported_and_a_restart_goes_on_where_it_stopped() {
    let mut world = World::new();
    let mut order = from_disk(&mut world, 1, &paragraphs(3));
    order.reply_to = Some(MessageId(9));
    order.buttons = vec![vec![Button { label: "x".into(), data: "0".repeat(16) }]];
    world.lanes.post(order.clone());
    world.seconds(10);
    let receipts = world.receipts();
    let pieces: Vec<(u32, bool)> = receipts
        .iter()
        .map(|receipt| match receipt {
            Receipt::Posted { post: PostId(1), pieces, complete, .. } => (*pieces, *complete),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pieces, [(1, false), (2, false), (3, true)]);
    let letters: Vec<_> = world.arrived.iter().map(|arrived| arrived.letter()).collect();
    let replies: Vec<bool> = letters.iter().map(|letter| letter.reply_to.is_some()).collect();
    let buttons: Vec<usize> = letters.iter().map(|letter| letter.buttons.len()).collect();
    assert_eq!((replies, buttons), (vec![true, false, false], vec![0, 0, 1]));
    assert!(letters.iter().all(|letter| !letter.silent && letter.html));
    assert_eq!(world.loads, 1);

    let mut restarted = World::new();
    restarted.bodies = world.bodies.clone();
    order.pieces_taken = 2;
    restarted.lanes.post(order);
    restarted.seconds(10);
    assert_eq!(restarted.texts(), world.texts()[2..]);
}

#[test]
fn an_answer_over_five_messages_is_a_file_of_exactly_its_bytes() {
    let mut world = World::new();
    let answer = paragraphs(9);
    let order = from_disk(&mut world, 1, &answer);
    world.lanes.post(order);
    world.seconds(10);
    let Call::Document(letter, name, content) = &world.arrived[0].call else { panic!() };
    assert_eq!((name.as_str(), &content[..]), ("answer.md", answer.as_bytes()));
    assert!(letter.text.starts_with("0 word") && letter.text.ends_with('…') && letter.html);
    assert!(matches!(world.receipts()[..], [Receipt::Posted { pieces: 1, complete: true, .. }]));
}

#[test]
fn pigents_own_words_are_never_interpreted_and_never_a_file() {
    let mut world = World::new();
    world.lanes.post(Post { format: Format::Plain, ..post(1, 7, &"<b>*x*</b> ".repeat(4000)) });
    world.seconds(60);
    assert!(world.arrived.len() > 5);
    assert!(world.arrived.iter().all(|arrived| matches!(&arrived.call, Call::Send(l) if !l.html)));
    assert!(world.texts()[0].starts_with("<b>*x*</b>"));
}

#[test]
fn a_file_goes_with_its_name_and_caption() {
    let mut world = World::new();
    let format = Format::File { name: "log.txt".into(), caption: "a < b".into() };
    world.lanes.post(Post { format, ..post(1, 7, "bytes") });
    world.seconds(1);
    let Call::Document(letter, name, content) = &world.arrived[0].call else { panic!() };
    assert_eq!((letter.text.as_str(), letter.html), ("a < b", false));
    assert_eq!((name.as_str(), &content[..]), ("log.txt", b"bytes".as_slice()));
}

#[test]
fn refused_formatting_goes_plain_then_as_a_file_never_into_silence() {
    let mut world = World::new();
    world.fail(Error::CantParse { why: "x".into() });
    world.fail(Error::TooLong);
    world.lanes.post(post(1, 7, "**a** & [b](https://c.org)"));
    world.seconds(10);
    assert_eq!(world.arrived[1].text(), "a & b (https://c.org)");
    let Call::Document(_, _, content) = &world.arrived[2].call else { panic!() };
    assert_eq!(&content[..], b"a & b (https://c.org)");
    assert!(matches!(world.receipts()[..], [Receipt::Posted { complete: true, .. }]));
}

#[test]
fn a_refused_caption_does_not_cost_the_file() {
    let mut world = World::new();
    world.fail(Error::CantParse { why: "x".into() });
    world.fail(Error::TooLong);
    world.lanes.post(post(1, 7, &paragraphs(9)));
    world.seconds(10);
    let forms: Vec<_> = world.arrived.iter().map(|a| (a.letter().html, a.text().len())).collect();
    assert!(forms[0].0 && !forms[1].0 && forms[1].1 > 500);
    assert_eq!(forms[2], (false, 0));
    assert!(world.arrived[2].done);
}

#[test]
fn a_lost_body_is_confessed() {
    let mut world = World::new();
    world.lanes.post(Post { body: Source::Blob(BlobId(404)), ..post(1, 7, "") });
    world.seconds(1);
    assert!(world.texts()[0].contains("disk"));
    assert!(matches!(world.receipts()[..], [Receipt::Posted { complete: true, .. }]));
}

#[test]
fn a_waiting_post_does_not_hold_its_body() {
    let mut world = World::new();
    world.fail(flood(60));
    world.fail(network());
    let order = from_disk(&mut world, 1, "text");
    world.lanes.post(order);
    world.seconds(120);
    assert_eq!((world.texts(), world.loads), (vec!["text"], 3));
}

#[test]
fn a_vanished_prompt_does_not_cost_the_answer() {
    let mut world = World::new();
    world.fail(Error::MessageGone { why: "message to be replied not found".into() });
    world.lanes.post(Post { reply_to: Some(MessageId(3)), ..post(1, 7, "text") });
    world.seconds(5);
    assert_eq!(world.texts(), ["text"]);
    assert_eq!(world.arrived[1].letter().reply_to, None);
}

#[test]
fn a_vanished_topic_does_not_cost_the_answer() {
    let mut world = World::new();
    let gone = || Error::TopicGone { why: "message thread not found".into() };
    world.fail(gone());
    let mut in_topic = post(1, 7, "text");
    (in_topic.place.thread, in_topic.reply_to) = (Some(ThreadId(8)), Some(MessageId(3)));
    world.lanes.post(in_topic);
    world.seconds(5);
    assert_eq!(world.texts(), ["text"]);
    let letter = world.arrived[1].letter();
    assert_eq!((letter.place.thread, letter.reply_to), (None, None));
    // Outside of a topic there is nothing left to try.
    world.fail(gone());
    world.lanes.post(post(2, 7, "lost"));
    world.seconds(5);
    assert!(matches!(world.receipts().last(), Some(Receipt::NotPosted { .. })));
}

#[test]
fn pieces_taken_beyond_the_end_repeat_the_last_one() {
    let mut world = World::new();
    world.lanes.post(Post { pieces_taken: 4, ..post(1, 7, "only") });
    world.seconds(5);
    assert_eq!(world.texts(), ["only"]);
    assert!(matches!(world.receipts()[..], [Receipt::Posted { pieces: 1, complete: true, .. }]));
}
