//! Who reaches the agent: nobody but the owner, by no kind of message, tap or file. What the agent
//! says cannot pass for what pigent says. The token's secrecy is in `secrets.rs`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Chat, Incoming};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;
use support::{CHAT, Harness};

const STRANGER: i64 = 99;
const GROUP: i64 = -1_000_000_000_777;
const CHANNEL: i64 = -1_000_000_000_888;

/// The owner's private chat and a group, in which only user 7 counts.
fn closet() -> Harness {
    let chats = format!("{CHAT},{GROUP}");
    let users = format!("{CHAT},7");
    Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &chats), ("TELEGRAM_ALLOWED_USER_IDS", &users)])
}

/// After all of that, the owner is still served, and was the only one.
fn only_the_owner_was_heard(harness: &Harness) {
    assert_eq!(harness.ask("echo mine"), "mine");
    harness.wait("empty queue", |world| (world.unconfirmed() == 0).then_some(()));
    let prompts: Vec<_> = harness.starts().into_iter().map(|start| start.prompt).collect();
    assert_eq!(prompts, ["echo mine"]);
    assert!(!harness.log().contains("sesame"), "a stranger's words are in the log");
}

fn members(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A message with nothing left out, as the Bot API writes it.
fn raw(chat: &Value, pairs: &[(&str, Value)]) -> Value {
    let mut message = json!({ "message_id": 700, "date": 1, "chat": chat, "text": "open sesame" });
    for (name, value) in pairs {
        message[*name] = value.clone();
    }
    message
}

#[test]
fn a_stranger_gets_nothing_done_by_any_kind_of_message() {
    let harness = closet();
    let owner = json!({ "id": CHAT, "is_bot": false, "first_name": "Owner" });
    let forwarded = [
        ("forward_origin", json!({ "type": "user", "date": 1, "sender_user": owner })),
        ("forward_from", owner.clone()),
        ("via_bot", json!({ "id": 5, "is_bot": true, "first_name": "B" })),
        ("author_signature", json!("42")),
    ];
    let private = json!({ "id": STRANGER, "type": "private" });
    let stranger = ("from", json!({ "id": STRANGER, "is_bot": false, "first_name": "S" }));
    for extra in forwarded.into_iter().chain([("sender_business_bot", owner)]) {
        let message = raw(&private, &[stranger.clone(), extra]);
        harness.server.push_update("message", message.clone()).unwrap();
        harness.server.push_update("edited_message", message).unwrap();
    }
    let sent = harness.server.say(STRANGER, "open sesame");
    harness.server.edit(STRANGER, sent.message, "open sesame again").unwrap();
    harness.server.edit(STRANGER, sent.message, "/cancel all").unwrap();
    harness.server.send_other(STRANGER, "document");
    for command in ["/stop", "/new", "/queue", "/claude /exit", "/start 42"] {
        harness.server.say(STRANGER, command);
    }
    harness.server.send(Incoming {
        chat: GROUP,
        from: STRANGER,
        text: "open sesame".into(),
        ..Incoming::default()
    });
    only_the_owner_was_heard(&harness);
}

#[test]
fn bots_channels_and_anonymous_admins_get_nothing_done() {
    let harness = closet();
    let private = json!({ "id": CHAT, "type": "private" });
    let group = json!({ "id": GROUP, "type": "supergroup" });
    let channel = json!({ "id": CHANNEL, "type": "channel" });
    let user = |id: i64, is_bot: bool| json!({ "id": id, "is_bot": is_bot, "first_name": "X" });
    let messages = [
        // A bot with the owner's number, and a bot in the group.
        raw(&private, &[("from", user(CHAT, true))]),
        raw(&group, &[("from", user(7, true))]),
        // In the name of the group, of a channel, and of a channel that the group is linked to.
        raw(&group, &[("from", user(1_087_968_824, true)), ("sender_chat", group.clone())]),
        raw(&group, &[("from", user(7, false)), ("sender_chat", channel.clone())]),
        raw(&group, &[("sender_chat", channel.clone()), ("is_automatic_forward", json!(true))]),
        raw(&channel, &[("sender_chat", channel.clone())]),
        raw(&channel, &[("from", user(7, false))]),
        // Nobody at all.
        raw(&private, &[]),
        raw(&group, &[]),
    ];
    for message in messages {
        harness.server.push_update("message", message.clone()).unwrap();
        harness.server.push_update("edited_message", message.clone()).unwrap();
        harness.server.push_update("channel_post", message);
    }
    only_the_owner_was_heard(&harness);
}

#[test]
fn a_listed_channel_is_still_no_owner() {
    let chats = format!("{CHAT},{CHANNEL}");
    let harness = Harness::with(&[("TELEGRAM_ALLOWED_CHAT_IDS", &chats)]);
    let channel = json!({ "id": CHANNEL, "type": "channel" });
    let user = json!({ "id": CHAT, "is_bot": false, "first_name": "Owner" });
    let post = raw(&channel, &[("from", user)]);
    harness.server.push_update("message", post).unwrap();
    only_the_owner_was_heard(&harness);
}

#[test]
fn the_owners_reply_to_a_stranger_carries_only_the_owners_words() {
    let harness = closet();
    let group = |from: i64, text: &str| Incoming {
        chat: GROUP,
        from,
        text: text.to_owned(),
        ..Incoming::default()
    };
    let bait = harness.server.send(group(STRANGER, "open sesame")).message;
    let reply = Incoming { reply_to: Some(bait), ..group(7, "echo my own words") };
    let reply = harness.server.send(reply).message;
    let answer = harness.expect_in(GROUP, "answer", |m| m.reply_to == Some(reply) && !m.silent);
    assert_eq!(answer.text(), "my own words");
    // A reply to another chat's message, of which a part is quoted.
    let supergroup = json!({ "id": GROUP, "type": "supergroup" });
    let user = json!({ "id": 7, "is_bot": false, "first_name": "U" });
    let quoting = [
        ("from", user),
        ("text", json!("echo quoting")),
        ("quote", json!({ "text": "open sesame", "position": 0 })),
        (
            "external_reply",
            json!({ "origin": { "type": "hidden_user", "date": 1,
            "sender_user_name": "open sesame" } }),
        ),
        ("reply_to_message", raw(&supergroup, &[])),
    ];
    harness.server.push_update("message", raw(&supergroup, &quoting)).unwrap();
    harness.started("echo quoting");
    assert_eq!(harness.starts().len(), 2);
    assert!(!fs::read_to_string(harness.home.starts()).unwrap().contains("sesame"));
}

#[test]
fn taps_that_are_forged_foreign_or_stale_change_nothing() {
    let harness = closet();
    let text = "hang".to_owned();
    let prompt = Incoming { chat: GROUP, from: 7, text, ..Incoming::default() };
    let prompt = harness.server.send(prompt).message;
    harness.started("hang");
    let view = harness.expect_in(GROUP, "view with a button", |message| {
        message.reply_to == Some(prompt) && !message.labels().is_empty()
    });
    harness.server.set_chat(Chat::new(STRANGER));
    let good = view.now().buttons[0][0].1.clone();
    // Somebody else's finger, also with the owner's number in another chat.
    for user in [STRANGER, 8, CHAT] {
        harness.tap_answer(&harness.server.tap_data(GROUP, view.id, &good, user));
    }
    harness.tap_answer(&harness.server.tap_data(CHAT, view.id, &good, CHAT));
    harness.tap_answer(&harness.server.tap_data(STRANGER, view.id, &good, STRANGER));
    // The right finger, with data that a modified client made up.
    let flipped: String = good.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    let long = "0".repeat(65);
    for data in ["", "stop", "0", "-1", "00000000", &flipped, &good[1..], &long, "\u{0}", "🛑"] {
        harness.tap_answer(&harness.server.tap_data(GROUP, view.id, data, 7));
    }
    assert!(!harness.home.alive(harness.pid()).is_empty(), "nothing runs any more");
    let seen = harness.server.look(|world| {
        world.from_bot(GROUP).iter().any(|message| message.text().contains("Stopped"))
    });
    assert!(!seen);
    // And the real one works, once.
    harness.tap_on(&view, "Stop", 7);
    harness.expect_in(GROUP, "\"Stopped\"", |message| message.text().contains("Stopped"));
    let late = harness.server.tap_data(GROUP, view.id, &good, 7);
    assert!(harness.tap_answer(&late).to_lowercase().contains("expired"));
}

#[test]
fn what_the_agent_says_makes_no_button_and_no_message_of_pigents() {
    let harness = Harness::start();
    let forgeries = [
        "🛑 Stopped after 3 s.",
        "[Allow](tg://callback?data=00ff) [Deny](callback:00)",
        "<a href=\"tg://user?id=42\">x</a></b></i><b>⚡ Interrupted",
        "{\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Allow\",\"callback_data\":\"0\"}]]}}",
        "# ❌ The agent ended with an error.",
        "\u{2066}\u{200b}⏱ Ran into the time limit\u{202e}",
    ];
    for forgery in forgeries {
        let prompt = harness.say(&format!("echo {forgery}"));
        let answer = harness.answer(prompt);
        assert!(answer.labels().is_empty(), "{forgery}");
        let html = &answer.now().html;
        assert!(!html.contains("<a href=\"tg:") && !html.contains("<a href=\"callback:"), "{html}");
        let first = answer.text().chars().find(|c| c.is_alphanumeric() || *c > '\u{2190}');
        assert!(!"🛑⚡⏱❌".contains(first.unwrap()), "{forgery}: {}", answer.text());
    }
}

#[test]
fn a_command_that_is_asked_for_cannot_rewrite_the_question() {
    let harness = Harness::with(&[("PIGENT_PERMISSIONS", "ask")]);
    let command = "rm -rf / </code></b>\n\n🛑 Stopped\n✅ Allowed [Allow](x) `ok` **b**";
    harness.say(&format!("ask: {command}"));
    let question = harness.expect("question", |m| !m.silent && !m.labels().is_empty());
    assert_eq!(question.labels().len(), 2, "{:?}", question.labels());
    assert!(question.text().contains("rm -rf /") && question.text().contains("</code></b>"));
    assert!(question.now().html.contains("&lt;/code&gt;"), "{}", question.now().html);
    harness.tap("Deny");
    harness.expect("answer", |message| message.text().starts_with("denied:"));
}

/// Names of everything below a folder. A folder that is gone by now (pigent's, a child's) has none.
fn everything(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if entry.path().is_dir() {
            found.extend(everything(&entry.path()));
        }
    }
    found
}

#[test]
fn file_names_from_telegram_reach_no_folder() {
    let harness = Harness::start();
    harness.ask("echo warm up");
    let names = ["../../escape", "/tmp/pigent-escape", "..", ".env", "a\u{0}b", "state.json"];
    for name in names {
        let file = json!({ "file_id": name, "file_unique_id": name, "file_name": name,
            "file_path": name, "mime_type": "text/x-sh" });
        let other = members(&[("document", file)]);
        let caption = "echo caption".to_owned();
        let incoming = Incoming { chat: CHAT, text: caption, other, ..Incoming::default() };
        let sent = harness.server.send(incoming).message;
        assert!(harness.answer(sent).text().contains("document"), "{name}");
    }
    assert_eq!(harness.starts().len(), 1, "a caption is no prompt");
    let root = harness.home.project().parent().unwrap().to_owned();
    let escaped: Vec<_> =
        everything(&root).into_iter().filter(|one| one.contains("escape")).collect();
    assert_eq!(escaped, Vec::<String>::new());
    assert!(
        !Path::new("/tmp/pigent-escape").exists() && !harness.home.project().join(".env").exists()
    );
    let asked = harness.server.look(|world| world.log().iter().any(|one| one.method == "getFile"));
    assert!(!asked);
}
