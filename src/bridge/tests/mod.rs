//! The bridge's rules, in virtual time. `world.rs` is the world around it.
//! Whole deployments with everything going wrong are simulated in `tests/simulation/`.

mod asking;
mod disk;
mod found;
mod prompts;
mod restarting;
mod running;
mod stopping;
mod talking;
mod world;
