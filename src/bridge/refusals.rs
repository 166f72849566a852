//! Prompts that were refused: their updates are confirmed once their writers were told.
//!
//! A refusal is a reply, which no disk remembers: until Telegram has taken it, a power cut would
//! swallow it, so the prompt has to come again (`ledger.rs` holds the confirmation back). What was
//! taken has to hold all the same if the update comes again for another's sake.

use super::Bridge;
use super::ids::{Place, PostId, ViewId};

/// The reply by which a prompt was refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) view: ViewId,
    pub(super) place: Place,
    /// The update it came with.
    pub(super) mark: Option<u64>,
}

impl Bridge {
    /// So many prompts were refused that saying so one by one would keep pigent from hearing a
    /// /cancel. A post for each place tells it of all of them, and the disk has that.
    pub(super) fn tell_a_crowd(&mut self, refusals: &mut Vec<Refusal>) -> Vec<PostId> {
        if self.posts_are_many() {
            return Vec::new();
        }
        let mut told: Vec<(Place, usize)> = Vec::new();
        for Refusal { place, mark, .. } in self.ledger.crowd(refusals).into_iter().flatten() {
            match told.iter_mut().find(|(known, _)| *known == place) {
                Some((_, count)) => *count += 1,
                None => told.push((place, 1)),
            }
            mark.into_iter().for_each(|mark| self.memory.ring.add(mark));
        }
        let first = self.memory.posts.len();
        for (place, count) in told {
            let text = self.words.not_taken(count);
            self.post_plain(place, None, &text);
        }
        self.memory.posts.iter().skip(first).map(|post| post.id).collect()
    }

    /// The refusal of a prompt was taken while its update cannot be confirmed yet: it may come again,
    /// and what its writer was told has to hold.
    pub(super) fn refusal_taken(&mut self, view: ViewId) {
        if let Some(mark) = self.ledger.replied(view) {
            self.memory.ring.add(mark);
            self.ledger.urgent();
        }
    }
}
