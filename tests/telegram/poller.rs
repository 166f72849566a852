//! The poller and the greeting as threads, against a server that answers as told. Their rules
//! are tested in virtual time beside the code.

use crate::stub::{Reply, Stub, ok};
use pigent::bridge::ids::UpdateId;
use pigent::bridge::input::{Batch, Input, Link, Told, Update};
use pigent::telegram::client::Client;
use pigent::telegram::hello;
use pigent::telegram::poller::{self, Confirms, Pace};
use pigent::telegram::settings::Settings;
use pigent::telegram::token::Token;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// Only a failing test waits for it.
const DEADLINE: Duration = Duration::from_secs(60);

fn client(stub: &Stub) -> Client {
    let token = Token::new("123456:SECRET").unwrap();
    Client::new(&Settings::new(token, &stub.url, None).unwrap())
}

fn poll(replies: Vec<Reply>) -> (Stub, Confirms, Inputs) {
    let stub = Stub::start(replies);
    let (sender, receiver) = channel(4);
    let (confirms, _) = poller::spawn(client(&stub), sender, Pace::Batches).unwrap();
    (stub, confirms, Inputs(receiver))
}

struct Inputs(Receiver<Input>);

impl Inputs {
    fn next(&mut self) -> Input {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let input = runtime.block_on(async { tokio::time::timeout(DEADLINE, self.0.recv()).await });
        input.expect("no input came").expect("the thread has ended")
    }

    fn expect(&mut self, inputs: impl IntoIterator<Item = Input>) {
        for expected in inputs {
            assert_eq!(self.next(), expected);
        }
    }
}

fn updates(ids: &[i64]) -> Reply {
    let updates: Vec<Value> = ids.iter().map(|id| json!({"update_id": id})).collect();
    ok(&json!(updates).to_string())
}

fn batch(ids: &[i64], backlog: bool) -> Input {
    let update = |&id| Update { id: UpdateId(id), what: Told::Nothing };
    let next = UpdateId(ids.last().unwrap() + 1);
    Input::Updates(Batch { updates: ids.iter().map(update).collect(), next, backlog })
}

const UP: Input = Input::Link(Link::Up);

#[test]
fn drains_what_was_waiting_and_then_waits_for_more() {
    let (stub, confirms, mut inputs) =
        poll(vec![updates(&[10, 11]), updates(&[]), updates(&[3]), Reply::Hang]);
    inputs.expect([UP, batch(&[10, 11], true)]);
    confirms.confirm(UpdateId(12));
    inputs.expect([UP, Input::Drained, UP, batch(&[3], false)]);
    confirms.confirm(UpdateId(4));

    let asked: Vec<Value> = (0..4).map(|_| stub.request().json()).collect();
    let shape = |ask: &Value| (ask["offset"].as_i64(), ask["timeout"].as_i64());
    let expect = [(None, Some(0)), (Some(12), Some(0)), (Some(12), Some(50)), (Some(4), Some(50))];
    assert_eq!(asked.iter().map(shape).collect::<Vec<_>>(), expect);
    assert!(asked.iter().all(|ask| ask["limit"] == 20 && ask["allowed_updates"].is_array()));
}

#[test]
fn looks_past_what_is_not_saved() {
    let (stub, confirms, mut inputs) =
        poll(vec![updates(&[]), updates(&[10]), updates(&[10]), updates(&[10, 11]), Reply::Hang]);
    inputs.expect([UP, Input::Drained, UP, batch(&[10], false)]);
    inputs.expect([UP, UP, batch(&[10, 11], false)]);
    confirms.confirm(UpdateId(12));
    let asked: Vec<Value> = (0..5).map(|_| stub.request().json()).collect();
    assert_eq!((&asked[2]["offset"], &asked[2]["limit"]), (&Value::Null, &json!(100)));
    assert_eq!((&asked[4]["offset"], &asked[4]["timeout"]), (&json!(12), &json!(50)));
}

#[test]
fn says_how_each_poll_ended_and_goes_on() {
    let refusal = |code: u16| {
        let body = json!({"ok": false, "error_code": code, "description": "x",
            "parameters": {"retry_after": 1}});
        Reply::Http(code, "", body.to_string())
    };
    let (_stub, _confirms, mut inputs) =
        poll(vec![refusal(401), Reply::Raw(vec![]), refusal(429), updates(&[]), refusal(409)]);
    let links = [Link::BadToken, Link::Down, Link::Up, Link::Up].map(Input::Link);
    inputs.expect(links);
    inputs.expect([Input::Drained, Input::Link(Link::Conflict)]);
}

#[test]
fn greets_until_it_works() {
    let stub = Stub::start(vec![
        Reply::Raw(vec![]),
        ok(r#"{"username":"closet_bot"}"#),
        Reply::Http(502, "", "<html>".into()),
        ok("true"),
    ]);
    let (sender, receiver) = channel(4);
    hello::spawn(client(&stub), &[("stop", "Stop")], sender).unwrap();
    let mut inputs = Inputs(receiver);
    inputs.expect([Input::Me { username: "closet_bot".into() }]);
    let lines: Vec<String> = (0..4).map(|_| stub.request().line).collect();
    let method = |line: &String| line.split(['/', ' ']).nth(3).unwrap().to_owned();
    let methods: Vec<String> = lines.iter().map(method).collect();
    assert_eq!(methods, ["getMe", "getMe", "setMyCommands", "setMyCommands"]);
}
