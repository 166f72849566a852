//! Keys that come twice: the last one wins, and what the first one left is void.

use super::{Walk, owner};
use crate::stream::Sink;
use crate::stream::event::{Event, Field};
use crate::stream::facts::Count;
use crate::stream::path::{KEYS, Node, Want};

impl Walk {
    /// Voids what an earlier value of the same key in `node` has left: the last one wins.
    pub(super) fn forget(&mut self, node: Node, want: Want, sink: &mut Sink<'_>) {
        match want {
            Want::Nothing => {}
            Want::Str(name) => self.facts.slot(name).0.clear(),
            Want::Count(name) => self.facts.set_count(name, None),
            Want::Cost => self.facts.cost = None,
            Want::Flag(flag) => self.facts.set_flag(flag, false),
            Want::Suggestions => self.facts.suggestions.clear(),
            Want::Preview(key) => {
                if let Some(slot) = self.facts.candidate(owner(node), key) {
                    slot.clear();
                }
            }
            Want::Piece(field) => {
                if self.begun.remove(field) {
                    let from = if field == Field::Text { self.block() } else { 0 };
                    sink(Event::Void { field, from });
                }
            }
            Want::Object(inner) | Want::Array(inner) => self.forget_inside(inner, sink),
            Want::Either(name, inner) => {
                self.facts.slot(name).0.clear();
                self.forget_inside(inner, sink);
            }
            Want::Input => {
                self.facts.input.clear();
                self.forget_inside(Node::RequestInput, sink);
            }
        }
    }

    pub(super) fn forget_inside(&mut self, node: Node, sink: &mut Sink<'_>) {
        if self.seen & node.bit() == 0 {
            return;
        }
        self.seen &= !node.bit();
        match node {
            Node::Content if self.told => {
                self.told = false;
                self.begun.remove(Field::Text);
                sink(Event::Void { field: Field::Text, from: 0 });
            }
            Node::Errors => self.forget(node, Want::Piece(Field::Error), sink),
            Node::Denials => self.facts.set_count(Count::Denials, None),
            Node::Tasks => self.facts.set_count(Count::Tasks, None),
            _ => {}
        }
        for key in KEYS.iter().filter(|key| key.node == node) {
            self.forget(node, key.want, sink);
        }
    }
}
