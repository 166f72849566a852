//! The slots in which a line's facts wait until it is known what the line says.

use super::event::{Field, Raw};
use super::kept::{RawText, Shape};
use super::{ID, INPUT, NAME, NOTICE, PREVIEW_KEYS, SUGGESTIONS};
use heapless::string::StringView;

/// Declares the kept strings: one slot each.
macro_rules! strings {
    ($($name:ident: $size:ident $shape:ident,)*) => {
        /// Names of the kept strings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Str { $($name,)* }

        #[derive(Debug)]
        #[allow(non_snake_case, reason = "one field a variant, of the same name")]
        struct Strings { $($name: heapless::String<$size, u16>,)* }

        impl Strings {
            const fn new() -> Self {
                Strings { $($name: heapless::String::new(),)* }
            }

            fn get(&self, name: Str) -> &str {
                match name { $(Str::$name => self.$name.as_str(),)* }
            }

            fn slot(&mut self, name: Str) -> (&mut StringView<u16>, Shape) {
                match name { $(Str::$name => (self.$name.as_mut_view(), Shape::$shape),)* }
            }

            fn clear(&mut self) {
                $(self.$name.clear();)*
            }
        }
    };
}

strings! {
    Type: NAME Verbatim,
    Subtype: NAME Verbatim,
    Session: ID Verbatim,
    Parent: ID Verbatim,
    ToolUse: ID Verbatim,
    Model: NAME OneLine,
    Version: NAME OneLine,
    Error: NAME OneLine,
    Notice: NOTICE OneLine,
    MessageId: ID Verbatim,
    MessageModel: NAME OneLine,
    BlockType: NAME Verbatim,
    BlockId: ID Verbatim,
    BlockName: NAME OneLine,
    BlockResult: ID Verbatim,
    Reason: NAME OneLine,
    OriginKind: NAME OneLine,
    ApiMessage: ID Verbatim,
    EventType: NAME Verbatim,
    EventMessageId: ID Verbatim,
    EventBlockType: NAME Verbatim,
    EventBlockId: ID Verbatim,
    EventBlockName: NAME OneLine,
    DeltaType: NAME Verbatim,
    Status: NAME OneLine,
    CompactTrigger: NAME OneLine,
    Tool: NAME OneLine,
    Content: NOTICE OneLine,
    Level: NAME OneLine,
    HookName: NAME OneLine,
    HookEvent: NAME OneLine,
    TaskId: ID Verbatim,
    Description: NOTICE OneLine,
    LastTool: NAME OneLine,
    Summary: NOTICE OneLine,
    PatchStatus: NAME OneLine,
    LimitStatus: NAME OneLine,
    LimitType: NAME OneLine,
    NewConversation: ID Verbatim,
    RequestId: ID Verbatim,
    RequestSubtype: NAME Verbatim,
    RequestTool: NAME OneLine,
    RequestToolUse: ID Verbatim,
    RequestDescription: NOTICE OneLine,
    ResponseSubtype: NAME Verbatim,
    ResponseRequest: ID Verbatim,
    ResponseError: NOTICE OneLine,
}

/// Names of the kept numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Turns,
    Duration,
    DurationApi,
    ApiStatus,
    ResultIndex,
    InputTokens,
    OutputTokens,
    CacheRead,
    CacheCreation,
    EventIndex,
    Attempt,
    MaxRetries,
    RetryDelay,
    ErrorStatus,
    PreTokens,
    PostTokens,
    ResetsAt,
    /// Elements of `permission_denials`.
    Denials,
    /// Elements of `tasks`.
    Tasks,
}

const COUNTS: usize = Count::Tasks as usize + 1;

/// Names of the kept booleans; false if absent or no boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Aborted,
    Synthetic,
    Replay,
    BlockError,
    IsError,
    NeedsUser,
}

/// Whose input: a tool call's, or a control request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Block,
    Request,
}

/// The values of the preview keys of one input. All are kept until the input ends, so that the
/// choice does not depend on their order.
type Candidates = [heapless::String<NOTICE, u16>; PREVIEW_KEYS.len()];

/// All slots of a line.
#[derive(Debug)]
pub(super) struct Facts {
    strings: Strings,
    counts: [Option<u64>; COUNTS],
    pub(super) cost: Option<f64>,
    flags: u8,
    previews: [Candidates; 2],
    pub(super) input: RawText<INPUT>,
    pub(super) suggestions: RawText<SUGGESTIONS>,
}

impl Facts {
    pub(super) const fn new() -> Self {
        const EMPTY: heapless::String<NOTICE, u16> = heapless::String::new();
        Facts {
            strings: Strings::new(),
            counts: [None; COUNTS],
            cost: None,
            flags: 0,
            previews: [const { [EMPTY; PREVIEW_KEYS.len()] }; 2],
            input: RawText::new(),
            suggestions: RawText::new(),
        }
    }

    /// Forgets the line.
    pub(super) fn clear(&mut self) {
        self.strings.clear();
        self.counts = [None; COUNTS];
        self.cost = None;
        self.flags = 0;
        self.clear_previews(Owner::Block);
        self.clear_previews(Owner::Request);
        self.input.clear();
        self.suggestions.clear();
    }

    /// A string; empty if absent.
    pub(super) fn str(&self, name: Str) -> &str {
        self.strings.get(name)
    }

    /// A string that is an id: absent if empty.
    pub(super) fn id(&self, name: Str) -> Option<&str> {
        Some(self.strings.get(name)).filter(|id| !id.is_empty())
    }

    /// One line of text, without blanks around it.
    pub(super) fn line(&self, name: Str) -> &str {
        self.strings.get(name).trim()
    }

    pub(super) fn slot(&mut self, name: Str) -> (&mut StringView<u16>, Shape) {
        self.strings.slot(name)
    }

    pub(super) fn count(&self, name: Count) -> Option<u64> {
        self.counts.get(name as usize).copied().flatten()
    }

    /// A number that is 0 if absent.
    pub(super) fn total(&self, name: Count) -> u64 {
        self.count(name).unwrap_or(0)
    }

    /// An index of a content block.
    pub(super) fn index(&self, name: Count) -> u32 {
        u32::try_from(self.total(name)).unwrap_or(u32::MAX)
    }

    pub(super) fn set_count(&mut self, name: Count, value: Option<u64>) {
        if let Some(slot) = self.counts.get_mut(name as usize) {
            *slot = value;
        }
    }

    pub(super) fn flag(&self, flag: Flag) -> bool {
        self.flags & 1 << flag as u8 != 0
    }

    pub(super) fn set_flag(&mut self, flag: Flag, value: bool) {
        self.flags = self.flags & !(1 << flag as u8) | u8::from(value) << flag as u8;
    }

    pub(super) fn candidate(&mut self, owner: Owner, key: u8) -> Option<&mut StringView<u16>> {
        let candidates = self.previews.get_mut(owner as usize)?;
        candidates.get_mut(usize::from(key)).map(|candidate| candidate.as_mut_view())
    }

    pub(super) fn clear_previews(&mut self, owner: Owner) {
        for candidate in self.previews.iter_mut().skip(owner as usize).take(1).flatten() {
            candidate.clear();
        }
    }

    /// The first candidate that says something.
    pub(super) fn preview(&self, owner: Owner) -> &str {
        let candidates = self.previews.iter().skip(owner as usize).take(1).flatten();
        let mut texts = candidates.map(|candidate| candidate.trim());
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    pub(super) fn raw(&self) -> (Raw<'_>, Raw<'_>) {
        (self.input.get(), self.suggestions.get())
    }
}

/// Which texts have been begun in a line, as a set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun(u8);

impl Begun {
    pub(super) const fn new() -> Self {
        Begun(0)
    }

    pub(super) fn add(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }

    /// Removes `field`; whether it was there.
    pub(super) fn remove(&mut self, field: Field) -> bool {
        let was = self.0 & 1 << field as u8 != 0;
        self.0 &= !(1 << field as u8);
        was
    }
}
