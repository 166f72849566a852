//! The Bot API stand-in, over real HTTP: what it must refuse, and how it waits and fails.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use pigent::emulator::{Chat, Fault, Options, Server, Trouble};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

const CHAT: i64 = 42;
const LONG: Duration = Duration::from_secs(20);

/// One connection to the server.
struct Client {
    stream: BufReader<TcpStream>,
    path: String,
}

impl Client {
    fn new(server: &Server) -> Client {
        let stream = TcpStream::connect(server.api_url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Client { stream: BufReader::new(stream), path: format!("/bot{}", server.token()) }
    }

    /// Sends a call and gives status and body.
    fn call(&mut self, method: &str, params: Value) -> (u16, Value) {
        let (status, body) = self.raw(method, &params.to_string()).unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    fn raw(&mut self, method: &str, body: &str) -> io::Result<(u16, String)> {
        self.send(method, "application/json", body.as_bytes())?;
        self.receive()
    }

    fn send(&mut self, method: &str, kind: &str, body: &[u8]) -> io::Result<()> {
        let head = format!(
            "POST {}/{method} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat())
    }

    fn receive(&mut self) -> io::Result<(u16, String)> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        while line.trim() != "" {
            line.clear();
            self.stream.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    fn error(&mut self, method: &str, params: Value) -> String {
        let (status, body) = self.call(method, params);
        assert_eq!(body["error_code"], status, "{body}");
        body["description"].as_str().unwrap().to_owned()
    }

    fn send_text(&mut self, text: &str) -> i64 {
        let (status, body) = self.call("sendMessage", json!({ "chat_id": CHAT, "text": text }));
        assert_eq!(status, 200, "{body}");
        body["result"]["message_id"].as_i64().unwrap()
    }
}

fn start(flood: bool) -> (Server, Client) {
    let server = Server::start(Options { flood, ..Options::default() }).unwrap();
    server.set_chat(Chat::new(CHAT));
    let client = Client::new(&server);
    (server, client)
}

#[test]
fn a_message_is_delivered_with_its_formatting_and_its_buttons() {
    let (server, mut client) = start(false);
    let (status, body) = client.call(
        "sendMessage",
        json!({ "chat_id": CHAT, "text": "<b>hi</b> <a href=\"https://a.b\">x</a>",
            "parse_mode": "HTML", "disable_notification": true,
            "reply_markup": { "inline_keyboard": [[{ "text": "Stop", "callback_data": "d" }]] } }),
    );
    assert_eq!((status, &body["result"]["text"]), (200, &json!("hi x")));
    server.look(|world| {
        let message = world.messages(CHAT)[0];
        assert_eq!(message.now().html, "<b>hi</b> <a href=\"https://a.b\">x</a>");
        assert_eq!((message.labels(), message.silent), (vec!["Stop"], true));
    });
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn refusals_have_the_real_servers_words() {
    let (server, mut client) = start(false);
    let own = client.send_text("hello");
    let theirs = server.say(CHAT, "hi").message;
    let check = |client: &mut Client, method: &str, params: Value, expect: &str| {
        let mut all = json!({ "chat_id": CHAT });
        all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        assert_eq!(client.error(method, all), expect);
    };
    let keyboard = |data: String| {
        json!({ "text": "x", "reply_markup":
            { "inline_keyboard": [[{ "text": "y", "callback_data": data }]] } })
    };
    let edit = |id: i64, text: &str| json!({ "message_id": id, "text": text });
    let cases = [
        ("sendMessage", json!({}), "Bad Request: message text is empty"),
        ("sendMessage", json!({ "text": " \n\t" }), "Bad Request: text must be non-empty"),
        ("sendMessage", json!({ "text": "x".repeat(4097) }), "Bad Request: message is too long"),
        ("sendMessage", json!({ "text": "x".repeat(32_769) }), "Bad Request: text is too long"),
        ("sendMessage", json!({ "chat_id": 5, "text": "x" }), "Bad Request: chat not found"),
        (
            "sendMessage",
            json!({ "text": "<b>x", "parse_mode": "HTML" }),
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            "sendMessage",
            json!({ "text": "x", "reply_markup": null }),
            "Bad Request: object expected as reply markup",
        ),
        (
            "sendMessage",
            json!({ "text": "x", "parse_mode": null }),
            "Bad Request: unsupported parse_mode",
        ),
        ("sendMessage", keyboard("x".repeat(65)), "Bad Request: BUTTON_DATA_INVALID"),
        (
            "sendMessage",
            json!({ "text": "x", "reply_parameters": { "message_id": 99 } }),
            "Bad Request: message to be replied not found",
        ),
        (
            "sendMessage",
            json!({ "text": "x", "message_thread_id": 9 }),
            "Bad Request: message thread not found",
        ),
        ("editMessageText", edit(own, &"x".repeat(4097)), "Bad Request: MESSAGE_TOO_LONG"),
        (
            "editMessageText",
            edit(own, " hello\r "),
            "Bad Request: message is not modified: specified \
            new message content and reply markup are exactly the same as a current content and \
            reply markup of the message",
        ),
        ("editMessageText", edit(99, "x"), "Bad Request: message to edit not found"),
        ("editMessageText", edit(theirs, "x"), "Bad Request: message can't be edited"),
        ("sendCake", json!({}), "Not Found: method not found"),
        (
            "answerCallbackQuery",
            json!({ "callback_query_id": "1" }),
            "Bad Request: query is too old \
            and response timeout expired or query ID is invalid",
        ),
    ];
    for (method, params, expect) in cases {
        check(&mut client, method, params, expect);
    }
}

#[test]
fn lengths_are_counted_in_characters_after_parsing() {
    let (_server, mut client) = start(false);
    let text = format!("<b>{}</b>", "😀".repeat(4096));
    let params = json!({ "chat_id": CHAT, "text": text, "parse_mode": "HTML" });
    assert_eq!(client.call("sendMessage", params).0, 200);
}

#[test]
fn a_wrong_token_is_401_and_none_at_all_is_404() {
    let (_server, mut client) = start(false);
    client.path = "/bot123456:WRONG".to_owned();
    assert_eq!(client.error("getMe", json!({})), "Unauthorized");
    client.path = "/botnothing".to_owned();
    assert_eq!(client.error("getMe", json!({})), "Not Found");
}

#[test]
fn chats_can_be_closed_and_upgraded() {
    let (server, mut client) = start(false);
    server.close_chat(CHAT, "bot was blocked by the user");
    let params = json!({ "chat_id": CHAT, "text": "x" });
    assert_eq!(client.error("sendMessage", params), "Forbidden: bot was blocked by the user");
    server.migrate(-5, -1_000_000_000_005);
    let (status, body) = client.call("sendMessage", json!({ "chat_id": -5, "text": "x" }));
    assert_eq!(status, 400);
    assert_eq!(body["parameters"]["migrate_to_chat_id"], -1_000_000_000_005_i64);
}

#[test]
fn a_long_poll_waits_and_confirms() {
    let (server, mut client) = start(false);
    thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let params = json!({ "timeout": 20, "allowed_updates": ["message"] });
            client.call("getUpdates", params)
        });
        server.wait(LONG, |world| world.polled().then_some(())).unwrap();
        server.say(CHAT, "hello");
        let (_, body) = poll.join().unwrap();
        assert_eq!(body["result"][0]["message"]["text"], "hello");
    });
    let id = server.say(CHAT, "again").update.unwrap();
    assert_eq!(server.look(|world| world.unconfirmed()), 2);
    let (_, body) = client.call("getUpdates", json!({ "offset": id, "timeout": 0 }));
    assert_eq!(body["result"].as_array().unwrap().len(), 1);
    assert_eq!(server.look(|world| world.unconfirmed()), 1);
}

#[test]
fn the_older_of_two_pollers_hears_of_the_conflict() {
    let (server, mut older) = start(false);
    let mut newer = Client::new(&server);
    older.send("getUpdates", "application/json", b"{\"timeout\":50}").unwrap();
    server.wait(LONG, |world| world.polled().then_some(())).unwrap();
    newer.send("getUpdates", "application/json", b"{\"timeout\":50}").unwrap();
    let (status, body) = older.receive().unwrap();
    assert!(status == 409 && body.contains("terminated by other getUpdates request"), "{body}");
    server.say(CHAT, "hello");
    assert_eq!(newer.receive().unwrap().0, 200);
}

#[test]
fn a_tap_reaches_the_bot_and_can_be_answered_once() {
    let (server, mut client) = start(false);
    let markup = json!({ "inline_keyboard": [[{ "text": "Stop", "callback_data": "d" }]] });
    let params = json!({ "chat_id": CHAT, "text": "x", "reply_markup": markup });
    let id = client.call("sendMessage", params).1["result"]["message_id"].as_i64().unwrap();
    assert!(server.tap(CHAT, id, "Go", 0).is_err());
    let tap = server.tap(CHAT, id, "Stop", 7).unwrap();
    let (_, body) = client.call("getUpdates", json!({ "timeout": 5 }));
    let query = &body["result"][0]["callback_query"];
    assert_eq!((&query["data"], &query["from"]["id"]), (&json!("d"), &json!(7)));
    let params = json!({ "callback_query_id": tap, "text": "stopping" });
    assert_eq!(client.call("answerCallbackQuery", params.clone()).0, 200);
    assert_eq!(client.call("answerCallbackQuery", params).0, 400);
    let answer = server.look(|world| world.tap(&tap).unwrap().answer.clone());
    assert_eq!(answer.as_deref(), Some("stopping"));
}

#[test]
fn a_document_arrives_byte_for_byte() {
    let (server, mut client) = start(false);
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{CHAT}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"document\"; filename=\"a.md\"\r\n\
         Content-Type: text/markdown\r\n\r\n# A\r\n\0\r\n--B--\r\n"
    );
    client.send("sendDocument", "multipart/form-data; boundary=B", body.as_bytes()).unwrap();
    assert_eq!(client.receive().unwrap().0, 200);
    let document = server.look(|world| world.messages(CHAT)[0].document.clone());
    assert_eq!(document, Some(("a.md".to_owned(), b"# A\r\n\0".to_vec())));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn too_many_messages_are_refused_and_coming_back_early_is_noticed() {
    let (server, mut client) = start(true);
    let refused = (0..50).find_map(|nth| {
        let params = json!({ "chat_id": CHAT, "text": format!("{nth}") });
        let (status, body) = client.call("sendMessage", params);
        (status == 429).then_some(body)
    });
    let refused = refused.expect("fifty messages at once are too many");
    assert_eq!(refused["parameters"]["retry_after"], 3);
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_eq!(client.call("sendMessage", json!({ "chat_id": CHAT, "text": "x" })).0, 429);
    assert!(server.violations()[0].contains("before retry_after was over"));
}

#[test]
fn faults_happen_when_and_where_they_were_asked_for() {
    let (server, mut client) = start(false);
    let params = json!({ "chat_id": CHAT, "text": "x" }).to_string();
    server.add_fault(Fault::new(Trouble::CloseBefore).on("sendMessage"));
    assert_eq!(client.call("getMe", json!({})).0, 200);
    assert!(client.raw("sendMessage", &params).is_err());
    assert_eq!(server.look(|world| world.messages(CHAT).len()), 0);
    for (trouble, arrived) in
        [(Trouble::CloseAfter, 1), (Trouble::Truncate, 2), (Trouble::Reset, 2)]
    {
        server.add_fault(Fault::new(trouble.clone()));
        assert!(Client::new(&server).raw("sendMessage", &params).is_err(), "{trouble:?}");
        assert_eq!(server.look(|world| world.messages(CHAT).len()), arrived, "{trouble:?}");
    }
    let mut client = Client::new(&server);
    server.add_fault(Fault::new(Trouble::Http(502, None)));
    let (status, body) = client.raw("getMe", "{}").unwrap();
    assert!(status == 502 && body.starts_with("<html>"), "{body}");
    server.add_fault(Fault::new(Trouble::Garbage));
    let (_, body) = client.raw("getMe", "{}").unwrap();
    assert!(serde_json::from_str::<Value>(&body).is_err());
    server.add_fault(Fault::new(Trouble::Flood(9)));
    assert_eq!(client.call("getMe", json!({})).1["parameters"]["retry_after"], 9);
    server.add_fault(Fault::new(Trouble::Drip(10, Duration::ZERO)));
    assert_eq!(client.call("getMe", json!({})).0, 200);
}

#[test]
fn a_hanging_call_ends_when_the_faults_are_cleared() {
    let (server, mut client) = start(false);
    server.add_fault(Fault::new(Trouble::Hang));
    client.send("getMe", "application/json", b"{}").unwrap();
    server.wait(LONG, |world| (!world.log().is_empty()).then_some(())).unwrap();
    server.clear_faults();
    assert!(client.receive().is_err());
}

#[test]
fn a_dead_network_cuts_every_connection_and_comes_back() {
    let (server, mut client) = start(false);
    client.send("getUpdates", "application/json", b"{\"timeout\":50}").unwrap();
    server.wait(LONG, |world| world.polled().then_some(())).unwrap();
    server.offline(true);
    assert!(client.receive().is_err());
    assert!(Client::new(&server).raw("getMe", "{}").is_err());
    server.offline(false);
    assert_eq!(Client::new(&server).call("getMe", json!({})).0, 200);
}

#[test]
fn what_the_real_server_ignores_is_written_down() {
    let (server, mut client) = start(false);
    client.call("sendMessage", json!({ "chat_id": CHAT, "text": "x", "silent": true }));
    client.call("getme", json!({}));
    assert_eq!(
        server.violations(),
        ["sendMessage: unknown argument silent", "getMe: spelled getme"]
    );
    server.look(|world| assert_eq!(world.log()[0].params["text"], "x"));
}
