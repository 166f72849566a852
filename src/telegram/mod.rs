//! The Bot API: wire types, blocking client, poller thread, outbox thread, text formatting.
//!
//! Not in here: jobs, queues, who may talk. Updates leave as `bridge::Input`s, views and posts
//! come as `bridge::Effect`s.
pub mod api;
pub mod error;
pub mod format;
pub mod outbox;
