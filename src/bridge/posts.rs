//! Messages: posts, which must arrive, and replies and notes, which are said once.
//!
//! A post is a record in the memory and a body in `blobs/`; it is given to the outbox when both
//! are on the disk, and forgotten when Telegram has taken its last piece.

use super::Bridge;
use super::effect::{Body, Button, Class, Effect, Format, Frame, Part, Post, Source, View};
use super::ids::{BlobId, JobId, MessageId, Place, PostId, ViewId};
use super::input::{Receipt, SendOrder};
use super::memory::{AnswerMark, PostKind, PostRecord};
use super::talk::Asker;
use super::tokens;
use std::sync::Arc;

/// Posts that may wait. What is not an answer or an error is refused a little earlier.
const MOST: usize = 200;
/// Room kept for final posts.
const KEPT: usize = 60;
/// Room kept for what no prompt asked for: reports, processes that would not die.
const SPARE: usize = 10;
/// Answers whose message is remembered with its session.
const ANSWERS: usize = 50;

impl Bridge {
    /// Replies to somebody, with sound, at once. Not stored: a reply lost to a power cut is
    /// asked for again.
    pub(super) fn reply(&mut self, asker: Asker, parts: Vec<Part>) -> ViewId {
        self.reply_at(asker.place, Some(asker.message), parts)
    }

    pub(super) fn reply_at(
        &mut self,
        place: Place,
        to: Option<MessageId>,
        parts: Vec<Part>,
    ) -> ViewId {
        let frame = Frame { parts, buttons: Vec::new() };
        self.once(place, to, Class::Reply, frame)
    }

    /// Says something without sound.
    pub(super) fn note(&mut self, asker: Asker, parts: Vec<Part>) {
        let frame = Frame { parts, buttons: Vec::new() };
        self.once(asker.place, Some(asker.message), Class::Note, frame);
    }

    fn once(
        &mut self,
        place: Place,
        reply_to: Option<MessageId>,
        class: Class,
        frame: Frame,
    ) -> ViewId {
        let id = self.view_id();
        self.out.push(Effect::Show(View {
            id,
            place,
            reply_to,
            class,
            frame,
            message: None,
            typing: false,
            last: true,
        }));
        id
    }

    /// A post in pigent's own words.
    pub(super) fn post_plain(&mut self, place: Place, reply_to: Option<MessageId>, text: &str) {
        self.post(place, reply_to, PostKind::Plain, text, None, None);
    }

    /// A post: remembered first, then given to the outbox.
    pub(super) fn post(
        &mut self,
        place: Place,
        reply_to: Option<MessageId>,
        kind: PostKind,
        text: &str,
        again: Option<JobId>,
        session: Option<String>,
    ) {
        self.post_bytes(place, reply_to, kind, Arc::from(text.as_bytes()), again, session);
    }

    fn post_bytes(
        &mut self,
        place: Place,
        reply_to: Option<MessageId>,
        kind: PostKind,
        body: Body,
        again: Option<JobId>,
        session: Option<String>,
    ) {
        let (id, blob) = (PostId(self.number()), BlobId(self.number()));
        let record =
            PostRecord { id, place, reply_to, kind, body: blob, pieces_taken: 0, again, session };
        let post = self.as_post(&record);
        self.memory.posts.push_back(record);
        self.ledger.body(blob, body.clone());
        self.out.extend(self.ledger.hold_post(post, body).map(Effect::Post));
    }

    /// A record as the outbox wants it.
    pub(super) fn as_post(&self, record: &PostRecord) -> Post {
        let again = record.again.and_then(|job| self.again_button(job));
        Post {
            id: record.id,
            place: record.place,
            reply_to: record.reply_to,
            format: match &record.kind {
                PostKind::Markdown => Format::Markdown,
                PostKind::Plain => Format::Plain,
                PostKind::File { name, caption } => {
                    Format::File { name: name.clone(), caption: caption.clone() }
                }
            },
            body: Source::Blob(record.body),
            buttons: again.map(|button| vec![button]).into_iter().collect(),
            pieces_taken: record.pieces_taken,
        }
    }

    fn again_button(&self, job: JobId) -> Option<Button> {
        let gone = self.memory.interrupted.iter().find(|gone| gone.job.id == job)?;
        Some(Button { label: self.words.run_again(), data: tokens::data(gone.token) })
    }

    pub(super) fn posts_are_many(&self) -> bool {
        self.memory.posts.len() >= MOST - KEPT
    }

    /// No answer may be lost, so no prompt is taken whose answer there would be no room for.
    pub(super) fn owes_too_much(&self) -> bool {
        let running = self.memory.running.iter().filter(|running| !running.answered).count();
        self.memory.posts.len() + self.memory.queue.len() + running >= MOST - SPARE
    }

    /// The outbox reports.
    pub(super) fn receipt(&mut self, receipt: Receipt) {
        match receipt {
            Receipt::Shown { view, message } => self.shown(view, message),
            Receipt::NotShown { view, why } => {
                self.refusal_taken(view);
                self.log(log::Level::Warn, format!("a message could not be shown: {why}"));
            }
            Receipt::Posted { post, pieces, message, complete } => {
                self.posted(post, pieces, message, complete);
            }
            Receipt::NotPosted { post, why } => {
                self.log(log::Level::Error, format!("post {post} is refused for good: {why}"));
                self.forget_post(post);
            }
            Receipt::Migrated { from, to } => self.migrated(from, to),
        }
    }

    fn shown(&mut self, view: ViewId, message: MessageId) {
        self.refusal_taken(view);
        self.ask_shown(view, message);
        if let Some(running) = &mut self.memory.running
            && running.view == view
            && running.view_message != Some(message)
        {
            running.view_message = Some(message);
            self.ledger.news(self.now.mono);
        }
    }

    fn posted(&mut self, post: PostId, pieces: u32, message: MessageId, complete: bool) {
        let Some(record) = self.memory.posts.iter_mut().find(|record| record.id == post) else {
            return;
        };
        record.pieces_taken = pieces;
        let (chat, session) = (record.place.chat, record.session.clone());
        if let Some(session) = session {
            if self.memory.answers.len() >= ANSWERS {
                self.memory.answers.pop_front();
            }
            self.memory.answers.push_back(AnswerMark(chat, message, session));
        }
        if post.0 < self.first_number {
            // It came a second time perhaps: another power cut must not make it a third.
            self.ledger.urgent();
        }
        self.ledger.news(self.now.mono);
        if complete {
            self.forget_post(post);
        }
    }

    fn forget_post(&mut self, post: PostId) {
        self.memory.posts.retain(|record| record.id != post);
        self.ledger.post_over(post);
        self.ledger.news(self.now.mono);
    }

    /// `pigent send`: taken once it is remembered.
    pub(super) fn send_order(&mut self, order: SendOrder) {
        let caller = order.caller;
        match self.send_place(&order) {
            Err(why) => self.out.push(Effect::SendResult { caller, result: Err(why) }),
            Ok(place) => {
                match order.file {
                    None => self.post_plain(place, None, &order.text),
                    Some((name, content)) => {
                        let kind = PostKind::File { name, caption: order.text };
                        self.post_bytes(place, None, kind, Arc::from(content), None, None);
                    }
                }
                self.ledger.hold_send_result(caller);
            }
        }
    }

    fn send_place(&self, order: &SendOrder) -> Result<Place, String> {
        if let Some(why) = self.ledger.trouble() {
            return Err(format!("the state folder cannot be written ({why}): nothing was sent"));
        }
        if self.posts_are_many() {
            let waiting = self.memory.posts.len();
            return Err(format!("{waiting} posts wait for Telegram already: try again later"));
        }
        let no_chat = "no chat: give --chat ID or set TELEGRAM_ALLOWED_CHAT_IDS";
        let chat = order.chat.or_else(|| self.gate.home()).ok_or(no_chat)?;
        Ok(Place { chat, thread: None })
    }

    /// Something the owner should hear of once. The log has it in any case: nothing that nobody
    /// asked for may take the room of an answer.
    pub(super) fn report(&mut self, text: &str) {
        self.log(log::Level::Warn, text.to_owned());
        if self.memory.posts.len() < MOST
            && let Some(chat) = self.gate.home()
        {
            self.post_plain(Place { chat, thread: None }, None, text);
        }
    }
}
