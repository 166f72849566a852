//! To come.
#[cfg(feature = "emulator")]
pub mod demo;
