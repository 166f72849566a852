//! Walks one line along the paths of [`super::path`]: what is wanted goes into its slot, or out
//! as an event; the rest is passed over.
//!
//! The tree of walked containers is fixed, so the way back from one needs no stack: a container
//! ends when the depth falls below its own, and its parent is known.

use super::event::{Event, Field};
use super::facts::{Begun, Count, Facts, Owner, Str};
use super::grammar::{LEVELS, Token};
use super::kept::{Shape, append, split};
use super::line::block;
use super::path::{self, Node, Want};
use super::{PIECE, Sink};

mod void;

/// Longest key that can be wanted, in bytes; longer ones are skipped.
pub(super) const KEY: usize = 32;

/// The place inside a line, and what was found so far.
#[derive(Debug)]
pub(super) struct Walk {
    /// The innermost walked container, and its depth; anything deeper is skipped.
    node: Node,
    depth: u64,
    /// The containers entered in this line.
    seen: u32,
    /// What is wanted of the value that comes next.
    want: Want,
    /// Where the current string goes.
    aim: Aim,
    /// The current string was cut, or the current key is too long.
    full: bool,
    key: heapless::String<KEY, u16>,
    piece: heapless::String<PIECE, u16>,
    /// Elements seen of `message.content` and of `errors`.
    blocks: u32,
    errors: u32,
    begun: Begun,
    /// Something was reported of `message.content`.
    told: bool,
    capture: Option<Capture>,
    pub(super) facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Skip,
    Key,
    Keep(Str),
    Piece(Field),
    Preview(Owner, u8),
}

/// A value that is recorded as it is written, and the depth at which it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    Input(u64),
    Suggestions(u64),
}

impl Walk {
    pub(super) const fn new() -> Self {
        Walk {
            node: Node::Root,
            depth: 0,
            seen: 0,
            want: Want::Object(Node::Root),
            aim: Aim::Skip,
            full: false,
            key: heapless::String::new(),
            piece: heapless::String::new(),
            blocks: 0,
            errors: 0,
            begun: Begun::new(),
            told: false,
            capture: None,
            facts: Facts::new(),
        }
    }

    /// Begins a line.
    pub(super) fn begin(&mut self) {
        self.node = Node::Root;
        self.depth = 0;
        self.seen = 0;
        self.want = Want::Object(Node::Root);
        self.begun = Begun::new();
        self.told = false;
        self.capture = None;
        self.facts.clear();
    }

    /// Whether what lies at this depth is passed over.
    pub(super) fn skips(&self, depth: u64) -> bool {
        depth > self.depth
    }

    /// Whether the current string is passed over.
    pub(super) fn skips_string(&self) -> bool {
        self.aim == Aim::Skip
    }

    /// What is being recorded.
    pub(super) fn capture(&self) -> Option<Capture> {
        self.capture
    }

    /// Records bytes as they are, from behind the opening bracket to the closing one.
    pub(super) fn record(&mut self, capture: Capture, bytes: &[u8]) {
        match capture {
            Capture::Input(_) => self.facts.input.append(bytes),
            Capture::Suggestions(_) => self.facts.suggestions.append(bytes),
        }
    }

    /// An object or array opened; `depth` counts it already.
    pub(super) fn open(&mut self, token: Token, depth: u64) {
        if self.skips(depth - 1) {
            if depth > LEVELS {
                self.spoil();
            }
            return;
        }
        self.arrive();
        let object = token == Token::Object;
        let capture = match self.want {
            Want::Input => Some(Capture::Input(depth)),
            Want::Suggestions => Some(Capture::Suggestions(depth)),
            _ => None,
        };
        if let Some(capture) = capture {
            self.capture = Some(capture);
            self.record(capture, if object { b"{" } else { b"[" });
        }
        let fits = match self.want {
            Want::Array(_) => !object,
            _ => object,
        };
        if let Some(node) = self.want.node().filter(|_| fits) {
            self.enter(node, depth);
        }
    }

    /// What is being recorded is deeper than brackets are checked.
    fn spoil(&mut self) {
        match self.capture {
            Some(Capture::Input(_)) => self.facts.input.spoil(),
            Some(Capture::Suggestions(_)) => self.facts.suggestions.spoil(),
            None => {}
        }
    }

    fn enter(&mut self, node: Node, depth: u64) {
        self.node = node;
        self.depth = depth;
        self.seen |= node.bit();
        match node {
            Node::Content => self.blocks = 0,
            Node::Errors => self.errors = 0,
            Node::Denials => self.facts.set_count(Count::Denials, Some(0)),
            Node::Tasks => self.facts.set_count(Count::Tasks, Some(0)),
            _ => {}
        }
    }

    /// An object or array closed; `depth` does not count it any more.
    pub(super) fn close(&mut self, depth: u64, sink: &mut Sink<'_>) {
        if let Some(Capture::Input(begun) | Capture::Suggestions(begun)) = self.capture
            && depth < begun
        {
            self.capture = None;
        }
        if depth < self.depth {
            if self.node == Node::Block {
                self.told = true;
                sink(Event::Block { index: self.block(), kind: block(&self.facts) });
            }
            self.node = self.node.parent();
            self.depth = depth;
        }
    }

    /// A value begins in a walked container: in an array it is wanted by its place.
    fn arrive(&mut self) {
        match self.node {
            Node::Content => {
                self.blocks = self.blocks.saturating_add(1);
                self.forget_inside(Node::Block, &mut |_| {});
            }
            Node::Errors => self.errors = self.errors.saturating_add(1),
            Node::Denials => self.add_one(Count::Denials),
            Node::Tasks => self.add_one(Count::Tasks),
            _ => return,
        }
        self.want = self.node.element();
    }

    fn add_one(&mut self, count: Count) {
        let more = self.facts.total(count).saturating_add(1);
        self.facts.set_count(count, Some(more));
    }

    /// A key in a container at `depth` begins.
    pub(super) fn begin_key(&mut self, depth: u64) {
        self.aim = if self.skips(depth) { Aim::Skip } else { Aim::Key };
        self.full = false;
        self.key.clear();
    }

    /// A key was read: the value that comes is wanted or not, and an earlier one is void.
    pub(super) fn key(&mut self, name: &[u8], sink: &mut Sink<'_>) {
        self.want = path::want(self.node, name);
        self.forget(self.node, self.want, sink);
    }

    /// A string value in a container at `depth` begins.
    pub(super) fn begin_text(&mut self, depth: u64) {
        self.aim = Aim::Skip;
        if self.skips(depth) {
            return;
        }
        self.arrive();
        self.full = false;
        self.piece.clear();
        self.aim = match self.want {
            Want::Str(name) | Want::Either(name, _) => Aim::Keep(name),
            Want::Preview(key) => Aim::Preview(owner(self.node), key),
            Want::Piece(field) => {
                self.begun.add(field);
                self.told |= field == Field::Text;
                Aim::Piece(field)
            }
            _ => Aim::Skip,
        };
    }

    /// A decoded run of the current string.
    pub(super) fn text(&mut self, run: &str, sink: &mut Sink<'_>) {
        match self.aim {
            Aim::Skip => {}
            Aim::Key => self.full |= self.key.push_str(run).is_err(),
            Aim::Keep(name) => {
                let (slot, shape) = self.facts.slot(name);
                append(slot, run, shape, &mut self.full);
            }
            Aim::Preview(owner, key) => {
                if let Some(slot) = self.facts.candidate(owner, key) {
                    append(slot, run, Shape::OneLine, &mut self.full);
                }
            }
            Aim::Piece(field) => self.pour(field, run, sink),
        }
    }

    /// Fills the piece buffer, and empties it whenever the next character does not fit.
    fn pour(&mut self, field: Field, mut run: &str, sink: &mut Sink<'_>) {
        while self.piece.push_str(run).is_err() {
            let (head, tail) = split(run, PIECE - self.piece.len());
            let _ = self.piece.push_str(head);
            self.emit(field, false, sink);
            run = tail;
        }
    }

    fn emit(&mut self, field: Field, end: bool, sink: &mut Sink<'_>) {
        let block = match field {
            Field::Text => self.block(),
            Field::Error => self.errors.saturating_sub(1),
            Field::Answer | Field::Delta => 0,
        };
        sink(Event::Piece { field, block, text: &self.piece, end });
        self.piece.clear();
    }

    /// The current string is this, if that is text; otherwise false, and nothing has happened.
    pub(super) fn whole_string(&mut self, inside: &[u8], sink: &mut Sink<'_>) -> bool {
        match self.aim {
            Aim::Skip => {}
            Aim::Key => self.key(inside, sink),
            _ => {
                let Ok(text) = core::str::from_utf8(inside) else { return false };
                self.text(text, sink);
                self.end_string(sink);
            }
        }
        true
    }

    /// The current string, key or value, is complete.
    pub(super) fn end_string(&mut self, sink: &mut Sink<'_>) {
        match self.aim {
            Aim::Key if self.full => self.key(b"", sink),
            Aim::Key => {
                let key = self.key.clone();
                self.key(key.as_bytes(), sink);
            }
            Aim::Piece(field) => self.emit(field, true, sink),
            _ => {}
        }
    }

    /// A number, true, false or null begins in a container at `depth`.
    pub(super) fn begin_scalar(&mut self, depth: u64) {
        if self.skips(depth) {
            self.want = Want::Nothing;
        } else {
            self.arrive();
        }
    }

    /// A number is complete.
    pub(super) fn number(&mut self, number: &super::number::Number) {
        match self.want {
            Want::Count(name) => self.facts.set_count(name, number.count()),
            Want::Cost => self.facts.cost = number.value(),
            _ => {}
        }
    }

    /// `true` begins. If it does not end as it should, the line is malformed anyway.
    pub(super) fn truth(&mut self) {
        if let Want::Flag(flag) = self.want {
            self.facts.set_flag(flag, true);
        }
    }

    /// Index of the current content block.
    fn block(&self) -> u32 {
        self.blocks.saturating_sub(1)
    }
}

/// Whose previews the keys of `node` are.
fn owner(node: Node) -> Owner {
    if node == Node::RequestInput { Owner::Request } else { Owner::Block }
}
