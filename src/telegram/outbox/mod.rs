//! The outbox: everything pigent says to Telegram, in the right order and at the right time.
//!
//! The main loop says what views show and which posts must arrive; the outbox thread sends, edits,
//! waits and repeats, and reports. Not in here: what to say (`bridge/`), the wire (`client.rs`).
//!
//! # What holds
//!
//! - The main loop never waits: orders are put down under a short lock, and only the newest state
//!   of each view is kept.
//! - Posts of one chat are taken in the order in which they were given, and again and again until
//!   Telegram takes or finally refuses them. A piece whose answer was lost is sent again: at least
//!   once. The same goes for the first message of a view; edits do no harm twice.
//! - Nothing is sent beyond the flood budget, nor before a `retry_after` is over, nor when it
//!   would change nothing.
//!
//! | file | it knows |
//! |---|---|
//! | `lanes`, `choice` | what is next over all chats: with the following, all the rules, no I/O |
//! | `lane`, `answer`, `view`, `post`, `taps` | one chat, and what can wait in it |
//! | `budget`, `backoff` | how often, and how long after a failure |
//! | `call` | one call as data |
//! | `inbox`, `worker` | the way in, and the thread |

mod answer;
mod backoff;
mod budget;
mod call;
mod choice;
mod inbox;
mod lane;
mod lanes;
mod post;
mod taps;
mod view;
mod worker;

#[cfg(test)]
mod tests;

use super::api::Api;
use crate::bridge::effect::{Post, View};
use crate::bridge::ids::BlobId;
use crate::bridge::input::Input;
use crate::bridge::rules::Lang;
use core::time::Duration;
use inbox::Inbox;
use lanes::Lanes;
pub(crate) use post::laid_out;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::Sender;

/// The main loop's end of the outbox. Its methods never block; clones share one outbox.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// Starts the outbox thread. `bodies` reads a post's body when it is about to be sent; `lang` is
/// for the one sentence the outbox has to say itself. Reports leave as [`Input::Sent`] and
/// [`Input::Link`]; the thread ends when nobody receives them.
///
/// # Errors
/// The system's, if there can be no further thread.
pub fn spawn<A, B>(api: A, bodies: B, inputs: Sender<Input>, lang: Lang) -> io::Result<Handle>
where
    A: Api + Send + 'static,
    B: Fn(BlobId) -> io::Result<Vec<u8>> + Send + 'static,
{
    let shared = Arc::new(Shared::default());
    let worker = worker::Worker {
        api,
        bodies,
        lanes: Lanes::new(lang),
        shared: shared.clone(),
        inputs,
        started: Instant::now(),
    };
    std::thread::Builder::new().name("outbox".to_owned()).spawn(move || worker.run())?;
    Ok(Handle { shared })
}

impl Handle {
    /// What a view shows now. Replaces what it showed before, sent or not.
    pub fn show(&self, view: View) {
        self.shared.order(|inbox| inbox.show(view));
    }

    /// A message that must arrive. Reported piece by piece.
    pub fn post(&self, post: Post) {
        self.shared.order(|inbox| inbox.post(post));
    }

    /// Answers a button tap, before everything else.
    pub fn answer_tap(&self, tap: String, text: String) {
        self.shared.order(|inbox| inbox.answer_tap(tap, text));
    }

    /// pigent is about to leave: only posts, replies, questions and last states from now on.
    pub fn finish(&self) {
        self.shared.order(|inbox| inbox.leave = true);
    }

    /// Whether all of that was taken or refused. Steps of a run do not count.
    #[must_use]
    pub fn idle(&self) -> bool {
        let state = self.shared.lock();
        !state.busy && state.inbox.is_empty()
    }
}

/// Between the main loop and the thread.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    inbox: Inbox,
    /// The thread has something final to send.
    busy: bool,
}

impl Shared {
    fn order(&self, change: impl FnOnce(&mut Inbox)) {
        change(&mut self.lock().inbox);
        self.news.notify_one();
    }

    /// All orders; the state counts as busy until the thread has looked at them.
    fn take(&self, busy: bool) -> Inbox {
        let mut state = self.lock();
        state.busy = busy || !state.inbox.is_empty();
        std::mem::take(&mut state.inbox)
    }

    /// Until there are orders, or so long.
    fn sleep(&self, wait: Option<Duration>, busy: bool) {
        let mut state = self.lock();
        state.busy = busy;
        if !state.inbox.is_empty() {
            return;
        }
        // Waking for nothing is harmless: the lanes are asked again.
        match wait {
            Some(wait) => drop(self.news.wait_timeout(state, wait)),
            None => drop(self.news.wait(state)),
        }
    }

    /// A panic elsewhere leaves the state as good as it was: there is no step that could be half
    /// done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
