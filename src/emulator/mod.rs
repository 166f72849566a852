//! Stand-ins for the world outside: a Bot API server and an agent, for `pigent demo` and tests.
//!
//! [`Server`] speaks the Bot API over real HTTP on loopback, and is as strict as the real one
//! about everything a bridge can get wrong: lengths, markup, "not modified", offsets, two pollers,
//! flood limits. Whoever holds the [`Server`] is the user: sends texts, taps buttons, reads the
//! chat, and can make the network fail. [`agent`] is a program that speaks Claude Code's
//! stream-json without any model behind it.
//!
//! Not in here: anything pigent needs in production. Binaries for boards are built without this
//! module. What the real server does comes from BOTAPI.md; where nobody knows (flood numbers, how
//! long a tap can be answered) a choice was made, and is named beside the constant.

pub mod agent;
pub mod daemon;
mod error;
pub mod faults;
pub mod flood;
mod handle;
pub mod html;
mod http;
mod methods;
mod params;
mod polling;
mod send;
mod server;
pub mod sim_panel;
mod spec;
pub mod state;
pub mod text;
mod user;

pub use daemon::{Daemon, Home};
pub use faults::{Fault, Trouble};
pub use server::{Options, Server};
pub use sim_panel::SimPanel;
pub use state::{Chat, Exchange, Message, Version, World};
pub use user::{Incoming, Sent};
