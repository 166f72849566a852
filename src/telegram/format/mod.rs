//! Text for Telegram: the agent's Markdown and pigent's frames, as valid HTML of valid length.
//!
//! Not in here: sending, buttons, what a message says. Pure functions; what Telegram accepts is
//! in BOTAPI.md section 7, and a second, strict reading of it is in `checker.rs`, against which
//! everything here is tested with random text.
//!
//! | file | it knows |
//! |---|---|
//! | `frame` | a view's parts as one message, cut at the agent's beginning |
//! | `split` | an answer as messages, or the head of its file |
//! | `walk`, `list`, `table`, `link` | what Markdown looks like in a chat |
//! | `buffer`, `cut` | what one message holds, where to cut |
//! | `style`, `html` | tags, and the way back to plain text |
//! | `chars` | single characters |

mod buffer;
mod chars;
mod cut;
mod frame;
mod html;
mod link;
mod list;
mod split;
mod style;
mod table;
mod walk;

#[cfg(test)]
mod checker;
#[cfg(test)]
mod tests;

pub use frame::render_frame;
pub use html::Html;
pub use split::{Answer, MOST_PIECES, answer, plain_caption, split_plain};
