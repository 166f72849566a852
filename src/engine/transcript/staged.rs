//! What the current line has announced and nothing has confirmed yet: bounded, on the heap.

use super::{ENTRIES, TEXT};
use crate::stream::{Block, Field, split};

const MARK: &str = "…";

/// Texts and blocks of one line.
#[derive(Debug, Default)]
pub(super) struct Staged {
    texts: Vec<Text>,
    blocks: Vec<(u32, OwnedBlock)>,
}

#[derive(Debug)]
struct Text {
    field: Field,
    block: u32,
    text: String,
    cut: bool,
}

/// A content block that the bridge may want to hear of.
#[derive(Debug)]
pub(super) enum OwnedBlock {
    Text,
    Thinking,
    ToolUse { id: String, name: String, preview: String },
    ToolResult { id: String, failed: bool },
}

impl Staged {
    /// Adds a piece to its text. Once [`TEXT`] is used up, the text ends in `…` and the rest is
    /// dropped.
    pub(super) fn piece(&mut self, field: Field, block: u32, piece: &str) {
        if !self.texts.last().is_some_and(|text| text.is(field, block)) {
            if self.texts.len() >= ENTRIES {
                return;
            }
            self.texts.push(Text { field, block, text: String::new(), cut: false });
        }
        // A byte between two of them, so that they can be joined within the limit.
        let joints = self.texts.len() - 1;
        let used = joints + self.texts.iter().map(|text| text.text.len()).sum::<usize>();
        if let Some(text) = self.texts.last_mut().filter(|text| !text.cut) {
            text.push(piece, TEXT.saturating_sub(used));
        }
    }

    pub(super) fn block(&mut self, index: u32, kind: Block<'_>) {
        let owned = match kind {
            Block::Text => OwnedBlock::Text,
            Block::Thinking => OwnedBlock::Thinking,
            Block::ToolUse { id, name, preview } => {
                OwnedBlock::ToolUse { id: id.into(), name: name.into(), preview: preview.into() }
            }
            Block::ToolResult { id, failed } => OwnedBlock::ToolResult { id: id.into(), failed },
            Block::Other => return,
        };
        if self.blocks.len() < ENTRIES {
            self.blocks.push((index, owned));
        }
    }

    /// Withdraws a part of the line.
    pub(super) fn void(&mut self, field: Field, from: u32) {
        self.texts.retain(|text| text.field != field || text.block < from);
        if field == Field::Text {
            self.blocks.retain(|&(index, _)| index < from);
        }
    }

    /// Withdraws the line, or forgets what was not taken out of it.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.blocks.clear();
    }

    /// Takes the blocks out, in their order.
    pub(super) fn take_blocks(&mut self) -> Vec<(u32, OwnedBlock)> {
        core::mem::take(&mut self.blocks)
    }

    /// Takes one text out, and whether it was cut.
    pub(super) fn take_text(&mut self, field: Field, block: u32) -> (String, bool) {
        let text = self.texts.iter_mut().find(|text| text.is(field, block));
        text.map(|text| (core::mem::take(&mut text.text), text.cut)).unwrap_or_default()
    }

    /// The entries of `errors[]`, a line each, and whether one was cut.
    pub(super) fn errors(&self) -> (String, bool) {
        let errors = || self.texts.iter().filter(|text| text.field == Field::Error);
        let lines: Vec<&str> = errors().map(|text| text.text.as_str()).collect();
        (lines.join("\n"), errors().any(|text| text.cut))
    }
}

impl Text {
    fn is(&self, field: Field, block: u32) -> bool {
        self.field == field && self.block == block
    }

    fn push(&mut self, piece: &str, room: usize) {
        let (head, tail) = split(piece, room);
        self.text.push_str(head);
        if !tail.is_empty() {
            let kept = split(&self.text, self.text.len().saturating_sub(MARK.len())).0.len();
            self.text.truncate(kept);
            self.text.push_str(MARK);
            self.cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_the_limit_and_says_so() {
        let mut staged = Staged::default();
        for _ in 0..2 * TEXT / 4096 {
            staged.piece(Field::Answer, 0, &"ä".repeat(2048));
        }
        let (text, cut) = staged.take_text(Field::Answer, 0);
        assert!(cut);
        assert!(text.len() <= TEXT && text.len() > TEXT - 8, "{}", text.len());
        assert!(text.ends_with("ä…"));
    }

    #[test]
    fn a_line_of_many_blocks_stays_bounded() {
        let mut staged = Staged::default();
        for index in 0..100_000 {
            staged.piece(Field::Error, index, "x");
            staged.block(index, Block::Text);
        }
        assert_eq!(staged.errors().0.len(), 2 * ENTRIES - 1);
        assert_eq!(staged.take_blocks().len(), ENTRIES);
    }

    #[test]
    fn void_takes_back_from_a_block_on() {
        let mut staged = Staged::default();
        for index in 0..3 {
            staged.piece(Field::Text, index, "said");
            staged.block(index, Block::Text);
        }
        staged.piece(Field::Answer, 0, "answer");
        staged.void(Field::Text, 1);
        assert_eq!(staged.take_text(Field::Text, 0).0, "said");
        assert_eq!(staged.take_text(Field::Text, 1).0, "");
        assert_eq!(staged.take_blocks().len(), 1);
        assert_eq!(staged.take_text(Field::Answer, 0).0, "answer");
    }
}
