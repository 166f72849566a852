//! The Bot API client against a server that answers as told: what goes over the wire, and that
//! no failure shows the token.

use crate::stub::{Reply, Stub, ca_file, ok};
use pigent::bridge::effect::Button;
use pigent::bridge::ids::{ChatId, MessageId, Place, ThreadId, UpdateId};
use pigent::telegram::api::{Api, Outgoing};
use pigent::telegram::client::Client;
use pigent::telegram::error::Error;
use pigent::telegram::settings::Settings;
use pigent::telegram::token::Token;
use serde_json::json;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn client(url: &str, ca_file: Option<&Path>) -> Client {
    let token = Token::new("123456:SECRET").unwrap();
    Client::new(&Settings::new(token, url, ca_file).unwrap())
}

fn stub(replies: Vec<Reply>) -> (Stub, Client) {
    let stub = Stub::start(replies);
    let client = client(&stub.url, None);
    (stub, client)
}

fn topic() -> Place {
    Place { chat: ChatId(-100), thread: Some(ThreadId(5)) }
}

#[test]
fn asks_who_it_is() {
    let (stub, client) = stub(vec![ok(r#"{"id":1,"is_bot":true,"username":"closet_bot"}"#)]);
    assert_eq!(client.get_me().unwrap(), "closet_bot");
    let request = stub.request();
    assert_eq!(request.line, "POST /bot123456:SECRET/getMe HTTP/1.1");
    assert!(request.headers.contains("content-type: application/json"), "{}", request.headers);
    assert_eq!(request.text(), "{}");
}

#[test]
fn lists_its_commands() {
    let (stub, client) = stub(vec![ok("true")]);
    client.set_my_commands(&[("stop", "Stop the running job")]).unwrap();
    let expect = json!({"commands": [{"command": "stop", "description": "Stop the running job"}]});
    assert_eq!(stub.request().json(), expect);
}

#[test]
fn reads_updates() {
    let update = json!({"update_id": 7, "message": {"message_id": 1, "date": 2, "text": "hi",
        "chat": {"id": 3, "type": "private"}}});
    let (stub, client) = stub(vec![ok(&json!([update, {"update_id": 8}, {}]).to_string())]);
    let decoded = client.get_updates(Some(UpdateId(6)), 20, Duration::ZERO, LONG).unwrap();
    let ids: Vec<i64> = decoded.updates.iter().map(|update| update.id.0).collect();
    assert_eq!((ids, decoded.nameless), (vec![7, 8], 1));
    let asked = stub.request().json();
    assert_eq!((&asked["offset"], &asked["timeout"]), (&json!(6), &json!(0)));
    assert_eq!(asked["allowed_updates"].as_array().unwrap().len(), 5);
}

#[test]
fn sends_and_edits_over_one_connection() {
    let (stub, mut client) =
        stub(vec![ok(r#"{"message_id":44}"#), ok("{}"), ok("true"), ok("true")]);
    let buttons = [vec![Button { label: "Stop".into(), data: "00ff".into() }]];
    let message = Outgoing {
        place: topic(),
        text: "<b>hi</b>",
        html: true,
        reply_to: Some(MessageId(9)),
        silent: true,
        buttons: &buttons,
    };
    assert_eq!(client.send_message(&message).unwrap(), MessageId(44));
    client.edit_message(MessageId(44), &message).unwrap();
    client.answer_tap("77", "").unwrap();
    client.typing(topic()).unwrap();

    let sent = stub.request();
    assert_eq!(sent.line, "POST /bot123456:SECRET/sendMessage HTTP/1.1");
    assert_eq!(sent.json()["reply_parameters"]["allow_sending_without_reply"], json!(true));
    assert_eq!(sent.json()["message_thread_id"], json!(5));
    let edit = stub.request();
    assert_eq!(edit.line, "POST /bot123456:SECRET/editMessageText HTTP/1.1");
    assert_eq!(edit.json()["message_id"], json!(44));
    assert_eq!(stub.request().json(), json!({"callback_query_id": "77"}));
    let typing = stub.request();
    let expect = json!({"chat_id": -100, "message_thread_id": 5, "action": "typing"});
    assert_eq!((typing.json(), typing.connection), (expect, 0));
}

#[test]
fn sends_files_as_they_are() {
    let (stub, mut client) = stub(vec![ok(r#"{"message_id":45}"#)]);
    let buttons = [vec![Button { label: "Again".into(), data: "01".into() }]];
    let message = Outgoing {
        place: topic(),
        text: "ä <b>head</b>",
        html: true,
        reply_to: Some(MessageId(9)),
        silent: false,
        buttons: &buttons,
    };
    let content = vec![0xfe; 300_000];
    assert_eq!(client.send_document(&message, "answer.md", &content).unwrap(), MessageId(45));
    let request = stub.request();
    assert!(request.headers.contains("content-type: multipart/form-data; boundary=pigent-"));
    let text = request.text();
    let has = |field: &str, value: &str| {
        text.contains(&format!("name=\"{field}\"\r\n\r\n{value}\r\n--pigent-"))
    };
    assert!(has("chat_id", "-100") && has("message_thread_id", "5"));
    assert!(has("caption", "ä <b>head</b>") && has("parse_mode", "HTML"));
    assert!(has("reply_parameters", r#"{"message_id":9,"allow_sending_without_reply":true}"#));
    let keyboard = r#"{"inline_keyboard":[[{"text":"Again","callback_data":"01"}]]}"#;
    assert!(has("reply_markup", keyboard));
    let whole = request.body.windows(content.len()).any(|window| window == content);
    assert!(whole && text.contains("filename=\"answer.md\""));
}

/// The error of a `getMe` that is answered so, checked not to show where it went.
fn failure(replies: Vec<Reply>) -> Error {
    let (_stub, client) = stub(replies);
    discreet(client.get_me().unwrap_err())
}

fn discreet(error: Error) -> Error {
    let shown = format!("{error} {error:?}");
    for secret in ["SECRET", "123456", "http:", "https:", "127.0.0.1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error
}

fn network(error: Error) -> String {
    match error {
        Error::Network { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tells_refusals_apart() {
    let refusal = |status, headers, body: &str| {
        failure(vec![Reply::Http(status, headers, format!(r#"{{"ok":false,{body}}}"#))])
    };
    let flood = refusal(429, "Retry-After: 3\r\n", r#""error_code":429,"description":"x""#);
    assert_eq!(flood, Error::Flood { retry_after: Duration::from_secs(3) });
    assert_eq!(
        refusal(401, "", r#""error_code":401,"description":"Unauthorized""#),
        Error::BadToken
    );
    let bad = r#""error_code":400,"description":"see /bot123456:SECRET/getMe""#;
    assert!(matches!(discreet(refusal(400, "", bad)), Error::Refused { code: 400, .. }));
    let html = Reply::Http(502, "Content-Type: text/html\r\n", "<html>".into());
    assert_eq!(failure(vec![html]), Error::Server { status: 502 });
}

#[test]
fn follows_no_redirect() {
    let elsewhere = Stub::start(vec![ok(r#"{"username":"thief"}"#)]);
    let location = format!("Location: {}/bot123456:SECRET/getMe\r\n", elsewhere.url);
    let reply = Reply::Http(307, location.leak(), String::new());
    assert!(network(failure(vec![reply])).contains("redirect"));
}

#[test]
fn answers_that_are_none() {
    let raw = |bytes: &[u8]| network(failure(vec![Reply::Raw(bytes.to_vec())]));
    assert!(raw(b"").contains("closed before the answer"));
    assert!(raw(b"\x00\x01garbage\r\n\r\n").contains("not HTTP"));
    let cut = b"HTTP/1.1 200 x\r\nContent-Length: 99\r\n\r\n{\"ok\":true,\"result\":[";
    assert!(raw(cut).contains("closed before the answer"));
    let unending = raw(b"HTTP/1.1 200 x\r\n\r\n{\"ok\":true,\"result\":[");
    assert!(unending.contains("not the Bot API's JSON"), "{unending}");
    let huge = Reply::Http(200, "", " ".repeat((8 << 20) + 1));
    assert!(network(failure(vec![huge])).contains("longer than 8 MiB"));
}

#[test]
fn gives_up_on_silence() {
    let (_stub, client) = stub(vec![Reply::Hang]);
    let patience = Duration::from_millis(50);
    let error = client.get_updates(None, 20, Duration::from_secs(50), patience).unwrap_err();
    assert!(network(discreet(error)).contains("in time"));
}

#[test]
fn servers_that_are_not_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = client(&format!("http://{closed}"), None).get_me().unwrap_err();
    assert!(network(discreet(refused)).contains("refused"));
    let unknown = client("http://pigent.invalid", None).get_me().unwrap_err();
    assert!(matches!(discreet(unknown), Error::Network { .. }));
    let plain = Stub::start(vec![]);
    let no_tls = client(&plain.url.replace("http", "https"), None).get_me().unwrap_err();
    assert!(matches!(discreet(no_tls), Error::Network { .. }));
}

#[test]
fn trusts_the_given_root_and_no_unknown_one() {
    let me = || ok(r#"{"username":"closet_bot"}"#);
    let tls = Stub::start_tls(vec![me(), me()]);
    let trusting = client(&tls.url, Some(&ca_file()));
    assert_eq!(trusting.get_me().unwrap(), "closet_bot");
    assert_eq!(trusting.get_me().unwrap(), "closet_bot");
    assert_eq!((tls.request().connection, tls.request().connection), (0, 0), "one connection");

    let error = client(&tls.url, None).get_me().unwrap_err();
    assert!(network(discreet(error)).contains("unknown issuer"));
    let other_host = tls.url.replace("127.0.0.1", "127.0.0.2");
    let error = client(&other_host, Some(&ca_file())).get_me().unwrap_err();
    assert!(matches!(discreet(error), Error::Network { .. }));
}
