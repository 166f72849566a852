//! To come.
pub mod transcript;
