//! pigent puts a coding agent in a closet.
//!
//! # Layout
//!
//! | module | it knows |
//! |---|---|
//! | [`bridge`] | the rules: a pure state machine, no I/O |
//! | [`stream`] | Claude's stdout: bytes in, events out, in a fixed buffer |
//! | [`engine`] | how to run and stop the agent |
//! | [`telegram`] | the Bot API: client, poller, outbox, formatting |
//! | [`panel`] | lamps and the button |
//! | [`store`] | what must survive a power cut |
//! | [`config`] | environment and `.env` → one validated `Config` |
//! | [`runtime`] | the wiring: threads, channels, the loop, signals |
//! | [`cli`] | one file a subcommand |
//! | `failpoint` | where tests make the real process die; empty in binaries for boards |
//! | `haste` | how tests make time pass faster; empty in binaries for boards |
//!
//! Arrows point inwards: the shells use the types of [`bridge`], and `bridge` uses nobody's.

pub mod bridge;
pub mod cli;
pub mod config;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod engine;
mod failpoint;
mod haste;
pub mod panel;
pub mod runtime;
pub mod store;
pub mod stream;
pub mod telegram;
