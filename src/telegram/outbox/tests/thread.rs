//! The thread: what the handle is given goes out, and the reports come back.

use super::super::{Handle, spawn};
use super::world::{live, post, view};
use crate::bridge::effect::{Class, Post, Source};
use crate::bridge::ids::{BlobId, MessageId, Place};
use crate::bridge::input::{Input, Link, Receipt};
use crate::bridge::rules::Lang;
use crate::telegram::api::{Api, Outgoing};
use crate::telegram::error::Error;
use std::sync::mpsc::{Receiver as Gate, Sender as Key, channel};
use tokio::sync::mpsc::{Receiver, channel as inputs};

/// Takes everything; each call waits until the test lets it go.
struct Gated {
    calls: Key<String>,
    gate: Gate<()>,
    next: i64,
}

impl Gated {
    fn take(&mut self, text: String) -> Result<MessageId, Error> {
        let closed = |_| Error::Network { why: "the test is over".into() };
        self.calls.send(text).map_err(|_| Error::BadToken)?;
        self.gate.recv().map_err(closed)?;
        self.next += 1;
        Ok(MessageId(self.next))
    }
}

impl Api for Gated {
    fn send_message(&mut self, message: &Outgoing<'_>) -> Result<MessageId, Error> {
        self.take(format!("send {}", message.text))
    }
    fn edit_message(&mut self, id: MessageId, message: &Outgoing<'_>) -> Result<(), Error> {
        self.take(format!("edit {id} {}", message.text)).map(drop)
    }
    fn send_document(
        &mut self,
        _: &Outgoing<'_>,
        name: &str,
        _: &[u8],
    ) -> Result<MessageId, Error> {
        self.take(format!("file {name}"))
    }
    fn answer_tap(&mut self, _: &str, text: &str) -> Result<(), Error> {
        self.take(format!("tap {text}")).map(drop)
    }
    fn typing(&mut self, _: Place) -> Result<(), Error> {
        self.take("typing".into()).map(drop)
    }
}

struct Bench {
    handle: Handle,
    calls: Gate<String>,
    gate: Key<()>,
    reports: Receiver<Input>,
}

fn bench() -> Bench {
    let (calls_in, calls) = channel();
    let (gate, gate_out) = channel();
    let (reports_in, reports) = inputs(64);
    let api = Gated { calls: calls_in, gate: gate_out, next: 0 };
    let bodies = |blob: BlobId| match blob {
        BlobId(1) => Ok(b"from the disk".to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let handle = spawn(api, bodies, reports_in, Lang::En).unwrap();
    Bench { handle, calls, gate, reports }
}

impl Bench {
    /// The next call, let through.
    fn pass(&mut self) -> String {
        let call = self.calls.recv().unwrap();
        self.gate.send(()).unwrap();
        assert_eq!(self.reports.blocking_recv(), Some(Input::Link(Link::Up)));
        call
    }
}

#[test]
fn what_the_handle_is_given_goes_out_and_is_reported() {
    let mut bench = bench();
    assert!(bench.handle.idle());
    bench.handle.post(Post { body: Source::Blob(BlobId(1)), ..post(1, 7, "") });
    assert!(!bench.handle.idle());
    assert_eq!(bench.pass(), "send from the disk");
    let posted = bench.reports.blocking_recv();
    assert!(matches!(posted, Some(Input::Sent(Receipt::Posted { complete: true, .. }))));
    while !bench.handle.idle() {
        std::thread::yield_now();
    }
}

#[test]
fn while_a_call_hangs_orders_are_merged_and_nobody_waits() {
    let mut bench = bench();
    bench.handle.show(live(1, 7, "first"));
    let call = bench.calls.recv().unwrap();
    assert_eq!(call, "send first");
    for n in 0..10_000 {
        bench.handle.show(live(2, 7, &format!("state {n}")));
    }
    for n in 0..300 {
        bench.handle.show(view(100 + n, 8, Class::Reply, "reply"));
    }
    bench.handle.answer_tap("id".into(), "now".into());
    bench.gate.send(()).unwrap();
    assert_eq!(bench.reports.blocking_recv(), Some(Input::Link(Link::Up)));
    let shown = bench.reports.blocking_recv();
    assert!(matches!(shown, Some(Input::Sent(Receipt::Shown { .. }))));
    let call = bench.calls.recv().unwrap();
    assert_eq!(call, "tap now");
    bench.gate.send(()).unwrap();
}
