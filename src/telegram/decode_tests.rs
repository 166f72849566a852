//! Updates as Telegram sends them, and as nobody should.

use super::*;
use serde_json::{Value, json};

fn decode(result: &Value) -> Decoded {
    let text = result.to_string();
    updates(&serde_json::from_str::<Vec<&RawValue>>(&text).unwrap())
}

fn told_of(update: Value) -> Told {
    let mut decoded = decode(&json!([update]));
    decoded.updates.pop().unwrap().what
}

/// An update with a message that has these keys besides the usual ones.
fn with(extra: Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_790_000_000, "chat": {"id": 77, "type": "private"},
        "from": {"id": 77, "is_bot": false, "first_name": "A"},
    });
    for (key, value) in extra.as_object().unwrap() {
        message[key] = value.clone();
    }
    json!({"update_id": 9, "message": message})
}

fn message_of(extra: Value) -> Message {
    match told_of(with(extra)) {
        Told::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_private_text() {
    let expect = Message {
        chat: ChatId(77),
        kind: ChatKind::Private,
        thread: None,
        id: MessageId(5),
        from: Some(Sender { id: UserId(77), is_bot: false }),
        sender_chat: false,
        date: 1_790_000_000,
        reply_to: None,
        content: Content::Text("hé\n\"there\" 🐦".into()),
    };
    assert_eq!(message_of(json!({"text": "hé\n\"there\" 🐦"})), expect);
}

#[test]
fn ids_are_52_bit_and_negative() {
    let chat = json!({"id": -1_001_234_567_890_123_i64, "type": "supergroup"});
    let message = message_of(json!({"chat": chat, "text": "x"}));
    assert_eq!((message.chat, message.kind), (ChatId(-1_001_234_567_890_123), ChatKind::Group));
}

#[test]
fn a_thread_is_a_topic_only_if_it_says_so() {
    let thread = |extra| message_of(extra).thread;
    assert_eq!(thread(json!({"message_thread_id": 4, "text": "x"})), None);
    let topic = json!({"message_thread_id": 4, "is_topic_message": true, "text": "x"});
    assert_eq!(thread(topic), Some(ThreadId(4)));
    let general = json!({"message_thread_id": 1, "is_topic_message": true, "text": "x"});
    assert_eq!(thread(general), None);
}

#[test]
fn what_a_message_replies_to() {
    let reply = |extra| message_of(extra).reply_to;
    let plain = json!({"reply_to_message": {"message_id": 3, "x": [1]}, "text": "x"});
    assert_eq!(reply(plain), Some(MessageId(3)));
    let opening = json!({"reply_to_message": {"message_id": 4}, "message_thread_id": 4,
        "is_topic_message": true, "text": "x"});
    assert_eq!(reply(opening), None);
    assert_eq!(reply(json!({"reply_to_message": {}, "text": "x"})), None);
}

#[test]
fn who_sent_it() {
    let bot = message_of(json!({"from": {"id": 3, "is_bot": true}, "text": "x"}));
    assert_eq!(bot.from, Some(Sender { id: UserId(3), is_bot: true }));
    let channel = message_of(json!({"sender_chat": {"id": -100, "type": "channel"}, "text": "x"}));
    assert!(channel.sender_chat);
}

#[test]
fn kinds_of_content() {
    let content = |extra| message_of(extra).content;
    for kind in ["photo", "voice", "audio", "video", "sticker", "video_note", "poll", "contact"] {
        assert_eq!(content(json!({kind: {"x": 1}, "caption": "c"})), Content::Other(kind));
    }
    // Both come in pairs.
    assert_eq!(content(json!({"document": {}, "animation": {}})), Content::Other("animation"));
    assert_eq!(content(json!({"location": {}, "venue": {}})), Content::Other("venue"));
    assert_eq!(content(json!({"new_chat_title": "t"})), Content::Service);
    assert_eq!(content(json!({"migrate_to_chat_id": -100})), Content::MigratedTo(ChatId(-100)));
}

#[test]
fn edits_and_what_nobody_acts_on() {
    let mut edit = with(json!({"text": "new", "edit_date": 1_790_000_009}));
    edit["edited_message"] = edit["message"].take();
    assert!(matches!(told_of(edit), Told::Edited(m) if m.content == Content::Text("new".into())));
    for kind in ["my_chat_member", "stopped_message_generation", "invented"] {
        assert_eq!(told_of(json!({"update_id": 1, kind: {"chat": {}}})), Told::Nothing);
    }
}

fn tap_of(extra: Value) -> Tap {
    let mut query = json!({"id": "4388", "from": {"id": 77, "is_bot": false}, "data": "00ff"});
    for (key, value) in extra.as_object().unwrap() {
        query[key] = value.clone();
    }
    match told_of(json!({"update_id": 1, "callback_query": query})) {
        Told::Tap(tap) => tap,
        other => panic!("{other:?}"),
    }
}

#[test]
fn taps() {
    // A message that is too old to be accessible has date 0 and not much else.
    let message = json!({"message_id": 8, "date": 0, "chat": {"id": 77, "type": "private"}});
    let tap = tap_of(json!({"message": message}));
    assert_eq!(tap.chat, Some((ChatId(77), ChatKind::Private)));
    assert_eq!((tap.message, tap.data.as_str()), (Some(MessageId(8)), "00ff"));
    assert_eq!((tap.id.as_str(), tap.from.id), ("4388", UserId(77)));

    assert_eq!(tap_of(json!({"inline_message_id": "x"})).chat, None);
    assert_eq!(tap_of(json!({"data": "x".repeat(64)})).data.len(), 64);
    assert_eq!(tap_of(json!({"data": "x".repeat(65)})).data, "");
}

#[test]
fn one_bad_update_does_not_spoil_the_others() {
    let result = json!([
        with(json!({"text": "first"})),
        {"update_id": 10, "message": {"message_id": "secret", "text": "secret"}},
        {"update_id": 11, "message": "secret"},
        {"update_id": 12, "message": {"text": "secret"}},
        {"update_id": 13, "callback_query": {"id": 7}},
        with(json!({"chat": {"id": 1, "type": "secret"}, "text": "x"})),
        with(json!({"text": {"secret": 1}})),
        {"update_id": "secret"},
        {"no": "id"},
        "secret",
        null,
        {"update_id": 14, "callback_query": null},
    ]);
    let decoded = decode(&result);
    assert_eq!(decoded.nameless, 4);
    assert_eq!(decoded.updates.len(), 8);
    for update in &decoded.updates[1..7] {
        let Told::Unreadable { why } = &update.what else { panic!("{update:?}") };
        assert!(!why.contains("secret"), "{why}");
    }
    assert_eq!(decoded.updates[1].id, UpdateId(10));
    assert_eq!(decoded.updates[7].what, Told::Nothing);
}

#[test]
fn no_depth_overflows_the_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let usual = r#""message_id":1,"date":1,"chat":{"id":1,"type":"private"}"#;
    let check = |message: String, readable: bool| {
        let text = format!(r#"[{{"update_id":1,"message":{message}}}]"#);
        let decoded = updates(&serde_json::from_str::<Vec<&RawValue>>(&text).unwrap());
        let unreadable = matches!(decoded.updates[0].what, Told::Unreadable { .. });
        assert_eq!(unreadable, !readable);
    };
    check(format!(r#"{{{usual},"text":"x","new_field":{deep}}}"#), true);
    check(format!(r#"{{{usual},"photo":{deep}}}"#), true);
    check(format!(r#"{{{usual},"text":{deep}}}"#), false);
    check(deep.clone(), false);
}

#[test]
fn a_text_that_no_message_can_hold_is_not_taken() {
    let text = |length: usize| message_of(json!({"text": "x".repeat(length)})).content;
    assert!(matches!(text(64 << 10), Content::Text(_)));
    assert!(matches!(text(4 << 20), Content::Other(_)));
    assert_eq!(tap_of(json!({"id": "7".repeat(4 << 20)})).id, "");
}

#[test]
fn the_update_of_an_answer_that_is_no_json_is_found() {
    let whole = br#"{"ok":true,"result":[{"update_id": 12,"message":{"text":}}]}"#;
    assert_eq!(garbled(whole), Some(UpdateId(12)));
    let not_utf8 = b"{\"ok\":true,\"result\":[{\"update_id\":-3,\"message\":\"\xff\"}]}";
    assert_eq!(garbled(not_utf8), Some(UpdateId(-3)));
    for cut in 0..whole.len() {
        assert_eq!(garbled(&whole[..cut]), None, "cut at {cut}: the update may be a good one");
    }
    assert_eq!(garbled(b"<html>[\"update_id\":1]}"), None);
}
