//! How a thread of pigent begins: with a name, and with a stack that is small enough.
//!
//! Not which threads there are: each room starts its own.

use std::thread::Builder;

/// Bytes of a stack. Far more than any thread uses, and less than a huge page: with the standard
/// library's 2 MiB, a 64-bit kernel that gives out huge pages unasked makes the whole stack
/// resident at its first touch, and that is more than all the rest of pigent.
const STACK: usize = 1 << 20;

/// A thread of this name (at most 15 bytes are seen by the system).
pub(crate) fn named(name: &str) -> Builder {
    Builder::new().name(name.to_owned()).stack_size(STACK)
}
