//! A post on its way: which piece is next, and in which form it is tried.

use super::call::{Call, Letter, accepted};
use crate::bridge::effect::{Body, Format, Post, Source};
use crate::bridge::ids::PostId;
use crate::bridge::rules::Lang;
use crate::failpoint;
use crate::telegram::format::{self, Answer, Html};
use core::cell::Cell;
use std::sync::Arc;

/// Name of the file that a long answer becomes.
const ANSWER: &str = "answer.md";
/// UTF-16 units of a message, and of a caption.
const MESSAGE: usize = 4096;
const CAPTION: usize = 1024;

thread_local! {
    static LAID_OUT: Cell<Option<PostId>> = const { Cell::new(None) };
}

/// The post that this thread lays out right now. For the crash report: a post is remembered until
/// it is taken, so one that cannot be laid out would end every start.
pub(crate) fn laid_out() -> Option<PostId> {
    LAID_OUT.get()
}

/// A post that is not complete.
#[derive(Debug)]
pub(super) struct OpenPost {
    pub(super) post: Post,
    /// Pieces that Telegram has taken.
    pub(super) taken: u32,
    form: Form,
    prepared: Option<Prepared>,
}

/// In which form the next piece is tried: whatever Telegram has against the formatting, the text
/// arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Formatted,
    /// The same text without formatting.
    Plain,
    /// A text as a file, a file without a caption.
    File,
}

/// A post whose body was read.
#[derive(Debug)]
enum Prepared {
    Formatted(Vec<Html>),
    Plain(Vec<String>),
    File { name: String, caption: Caption, content: Body },
}

#[derive(Debug)]
enum Caption {
    Formatted(Html),
    Plain(String),
}

fn laid_out_answer(text: &str) -> Answer {
    failpoint::poison("STAND_IN_POISON_ANSWER", text);
    format::answer(text)
}

impl OpenPost {
    pub(super) fn new(post: Post) -> OpenPost {
        let taken = post.pieces_taken;
        OpenPost { post, taken, form: Form::Formatted, prepared: None }
    }

    /// Whether the body has to be given before there can be a call.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// Takes the body.
    pub(super) fn prepare(&mut self, body: Body) {
        LAID_OUT.set(Some(self.post.id));
        let prepared = self.lay_out(body);
        LAID_OUT.set(None);
        self.adopt(prepared);
    }

    fn lay_out(&self, body: Body) -> Prepared {
        let text = || String::from_utf8_lossy(&body);
        match &self.post.format {
            Format::Plain => Prepared::Plain(format::split_plain(&text())),
            Format::Markdown => match laid_out_answer(&text()) {
                Answer::Messages(pieces) => Prepared::Formatted(pieces),
                Answer::File { caption } => {
                    let caption = Caption::Formatted(caption);
                    Prepared::File { name: ANSWER.to_owned(), caption, content: body }
                }
            },
            Format::File { name, caption } => {
                let caption = Caption::Plain(format::plain_caption(caption));
                Prepared::File { name: name.clone(), caption, content: body }
            }
        }
    }

    /// The body cannot be read: saying so is all that is left.
    pub(super) fn lose(&mut self, why: &str, lang: Lang) {
        let text = match lang {
            Lang::En => {
                format!("The text of this message is lost: the disk did not give it back ({why}).")
            }
            Lang::De => format!(
                "Der Text dieser Nachricht ist verloren: die Karte (disk) gab ihn nicht zurück ({why})."
            ),
        };
        self.adopt(Prepared::Plain(format::split_plain(&text)));
    }

    /// A newer pigent may cut differently; then the last piece is sent again rather than none.
    fn adopt(&mut self, prepared: Prepared) {
        self.taken = self.taken.min(prepared.pieces().saturating_sub(1));
        self.prepared = Some(prepared);
    }

    /// Forgets the body if it can be read again: a post may wait for days.
    pub(super) fn rest(&mut self) {
        if matches!(self.post.body, Source::Blob(_)) {
            self.prepared = None;
        }
    }

    /// Tries the current piece in a simpler form; false if there is none.
    pub(super) fn simplify(&mut self) -> bool {
        self.form = match self.form {
            Form::Formatted => Form::Plain,
            Form::Plain => Form::File,
            Form::File => return false,
        };
        true
    }

    /// The current piece was taken; true if it was the last.
    pub(super) fn advance(&mut self) -> bool {
        self.taken = self.taken.saturating_add(1);
        self.form = Form::Formatted;
        self.prepared.as_ref().is_none_or(|prepared| self.taken >= prepared.pieces())
    }

    /// The call for the current piece; `None` without a body.
    pub(super) fn call(&self) -> Option<Call> {
        let prepared = self.prepared.as_ref()?;
        let index = usize::try_from(self.taken).ok()?;
        Some(match prepared {
            Prepared::Formatted(pieces) => self.message(pieces.get(index)?),
            Prepared::Plain(pieces) => self.plain(pieces.get(index)?.clone()),
            Prepared::File { name, caption, content } => {
                let (text, html) = self.caption(caption);
                Call::Document(self.letter(text, html), name.clone(), content.clone())
            }
        })
    }

    fn message(&self, piece: &Html) -> Call {
        match self.form {
            Form::Formatted => Call::Send(self.letter(piece.as_str().to_owned(), true)),
            Form::Plain | Form::File => self.plain(piece.plain(MESSAGE)),
        }
    }

    fn plain(&self, text: String) -> Call {
        match self.form {
            Form::Formatted | Form::Plain => Call::Send(self.letter(text, false)),
            Form::File => {
                let letter = self.letter(String::new(), false);
                Call::Document(letter, ANSWER.to_owned(), Arc::from(text.into_bytes()))
            }
        }
    }

    fn caption(&self, caption: &Caption) -> (String, bool) {
        match (self.form, caption) {
            (Form::File, _) => (String::new(), false),
            (Form::Formatted, Caption::Formatted(html)) => (html.as_str().to_owned(), true),
            (Form::Plain, Caption::Formatted(html)) => (html.plain(CAPTION), false),
            (_, Caption::Plain(text)) => (text.clone(), false),
        }
    }

    fn letter(&self, text: String, html: bool) -> Letter {
        let pieces = self.prepared.as_ref().map_or(1, Prepared::pieces);
        let last = self.taken.saturating_add(1) >= pieces;
        Letter {
            place: self.post.place,
            text,
            html,
            reply_to: self.post.reply_to.filter(|_| self.taken == 0),
            silent: false,
            buttons: if last { accepted(&self.post.buttons) } else { Vec::new() },
        }
    }
}

impl Prepared {
    fn pieces(&self) -> u32 {
        let pieces = match self {
            Prepared::Formatted(pieces) => pieces.len(),
            Prepared::Plain(pieces) => pieces.len(),
            Prepared::File { .. } => 1,
        };
        u32::try_from(pieces).unwrap_or(u32::MAX)
    }
}
