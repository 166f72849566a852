//! The decisions, without I/O: state, now and one [`Input`] in; [`Effect`]s out.
pub mod agent;
pub mod effect;
pub mod ids;
pub mod input;
pub mod memory;
mod packed;
pub mod rules;
pub mod time;

pub use agent::AgentEvent;
pub use effect::Effect;
pub use input::Input;
pub use memory::Memory;
