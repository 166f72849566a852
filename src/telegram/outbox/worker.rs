//! The outbox thread: carries out what the lanes decide, one call at a time.
//!
//! It decides nothing. With nothing to do it sleeps without a timer.

use super::Shared;
use super::inbox::Inbox;
use super::lanes::{Lanes, Step};
use crate::bridge::ids::BlobId;
use crate::bridge::input::Input;
use crate::bridge::time::Mono;
use crate::failpoint;
use crate::haste;
use crate::telegram::api::Api;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::Sender;

/// The thread's own.
pub(super) struct Worker<A, B> {
    pub(super) api: A,
    pub(super) bodies: B,
    pub(super) lanes: Lanes,
    pub(super) shared: Arc<Shared>,
    pub(super) inputs: Sender<Input>,
    pub(super) started: Instant,
}

impl<A: Api, B: Fn(BlobId) -> io::Result<Vec<u8>>> Worker<A, B> {
    /// Runs until nobody reads the reports any more.
    pub(super) fn run(mut self) {
        loop {
            failpoint::pass("outbox");
            self.take_orders();
            match self.lanes.next(self.now()) {
                Step::Load(blob) => self.lanes.loaded((self.bodies)(blob)),
                Step::Call(call) => {
                    let outcome = call.run(&mut self.api);
                    self.lanes.done(self.now(), outcome);
                }
                Step::Wait(until) => {
                    let wait = until.map(|until| haste::takes(until.since(self.now())));
                    self.shared.sleep(wait, self.lanes.is_busy());
                }
            }
            for report in self.lanes.take_reports() {
                if self.inputs.blocking_send(report).is_err() {
                    return;
                }
            }
        }
    }

    fn now(&self) -> Mono {
        Mono(haste::passed(self.started.elapsed()))
    }

    fn take_orders(&mut self) {
        let inbox = self.shared.take(self.lanes.is_busy());
        let now = self.now();
        let Inbox { views, posts, taps, refused_views, refused_posts, leave } = inbox;
        taps.into_iter().for_each(|(tap, text)| self.lanes.answer_tap(tap, text));
        posts.into_iter().for_each(|post| self.lanes.post(post));
        views.into_iter().for_each(|view| self.lanes.show(view, now));
        refused_views.into_iter().for_each(|view| self.lanes.refuse_view(view));
        refused_posts.into_iter().for_each(|post| self.lanes.refuse_post(post));
        if leave {
            self.lanes.leave();
        }
    }
}
