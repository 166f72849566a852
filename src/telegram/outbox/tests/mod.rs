//! The outbox in virtual time, against a stand-in that is stricter than Telegram.

mod flood;
mod network;
mod order;
mod pieces;
mod simulation;
mod thread;
mod views;
mod world;
