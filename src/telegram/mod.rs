//! The Bot API: wire types, blocking client, poller thread, outbox thread, text formatting.
//!
//! Not in here: jobs, queues, who may talk. Updates leave as `bridge::Input`s, views and posts
//! come as `bridge::Effect`s.
mod answer;
pub mod api;
pub mod backoff;
pub mod client;
pub mod decode;
pub mod error;
pub mod format;
pub mod hello;
mod http;
mod multipart;
pub mod outbox;
pub mod poller;
mod polling;
mod resolve;
pub mod settings;
pub mod tls;
pub mod token;
mod wire;
