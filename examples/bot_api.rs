//! The Bot API stand-in as a program of its own, for whoever tests pigent from outside
//! (`scripts/emulate-pi` boots a board and lets it talk to this).
//!
//! Not a server for anything real: plain HTTP on loopback, one token, one user in a private chat;
//! TLS is the business of whoever stands in front of it. It listens on a free port and ends when
//! its stdin does. All it says and hears is JSON, one object a line, times in nanoseconds of
//! CLOCK_MONOTONIC:
//!
//! - out, first: `{"event":"ready","port":N,"token":"…","chat":N}`
//! - out: `{"event":"request","n":N,"at":T,"method":"…","params":{…},"violations":["…"]}` when a
//!   request has arrived, and `{"event":"answer","n":N,"at":T,"status":N,"error":"…" or null}`
//! - in: `{"say":"text"}` writes as the user; `{"offline":true}` cuts the server off, `false`
//!   brings it back. Anything else is answered with `{"event":"error","why":"…"}`.
#![allow(clippy::print_stdout)]

use pigent::emulator::{Chat, Exchange, Options, Server, World};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The one private chat.
const CHAT: i64 = 42;
/// How long to wait for a change before looking anyhow.
const LONG: Duration = Duration::from_secs(3600);

fn main() -> io::Result<()> {
    let server = Arc::new(Server::start(Options::default())?);
    server.set_chat(Chat::new(CHAT));
    let url = server.api_url();
    let port: Option<u16> = url.rsplit(':').next().and_then(|port| port.parse().ok());
    tell(&json!({ "event": "ready", "port": port, "token": server.token(), "chat": CHAT }));
    let told = Arc::clone(&server);
    thread::Builder::new().name("log".to_owned()).spawn(move || report(&told))?;
    for line in io::stdin().lock().lines() {
        if let Err(why) = obey(&server, &line?) {
            tell(&json!({ "event": "error", "why": why }));
        }
    }
    Ok(())
}

/// Does what one line asks for.
fn obey(server: &Server, line: &str) -> Result<(), String> {
    let order: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let Some(text) = order["say"].as_str() {
        server.say(CHAT, text);
    } else if let Some(offline) = order["offline"].as_bool() {
        server.offline(offline);
    } else {
        return Err("allowed are {\"say\":\"text\"} and {\"offline\":true or false}".to_owned());
    }
    Ok(())
}

/// Tells of every request and every answer, as they come.
fn report(server: &Server) {
    let (mut seen, mut open) = (0, BTreeSet::new());
    loop {
        let news = server.wait(LONG, |world| {
            let news = news(world, &mut seen, &mut open);
            (!news.is_empty()).then_some(news)
        });
        news.iter().flatten().for_each(tell);
    }
}

/// What there is to tell since the last time.
fn news(world: &World, seen: &mut usize, open: &mut BTreeSet<usize>) -> Vec<Value> {
    let began = now() - world.now();
    let mut news = Vec::new();
    for (n, one) in world.log().iter().enumerate().skip(*seen) {
        news.push(request(n, one, began));
        open.insert(n);
    }
    *seen = world.log().len();
    open.retain(|&n| match world.log().get(n) {
        Some(one) if one.done.is_none() => true,
        Some(one) => {
            news.push(answer(n, one, began));
            false
        }
        None => false,
    });
    news
}

fn request(n: usize, one: &Exchange, began: Duration) -> Value {
    json!({ "event": "request", "n": n, "at": nanoseconds(began + one.at), "method": one.method,
        "params": one.params, "violations": one.violations })
}

fn answer(n: usize, one: &Exchange, began: Duration) -> Value {
    let at = one.done.map(|done| nanoseconds(began + done));
    json!({ "event": "answer", "n": n, "at": at, "status": one.status, "error": one.error })
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

fn tell(what: &Value) {
    let mut out = io::stdout().lock();
    // Whoever does not listen any more has ended us, or will.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}
