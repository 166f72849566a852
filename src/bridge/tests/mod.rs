//! The bridge's rules, in virtual time. `world.rs` is the world around it.

mod asking;
mod chaos;
mod disk;
mod prompts;
mod restarting;
mod running;
mod stopping;
mod talking;
mod world;
