//! The Telegram room from outside: real HTTP and TLS on loopback, against a server that answers as
//! told (`stub.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod client;
mod poller;
mod stub;
