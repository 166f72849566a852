//! Which paths of a line are walked, and what is wanted at the end of each: one table.
//!
//! Every path that any type of line needs is walked in every line, since `type` may come last.
//! A path that is not in [`KEYS`] is skipped whole. The tree is fixed and at most
//! [`WALKED`](super::WALKED) deep, so depth in the input cannot exhaust anything.

use super::facts::{Count, Flag, Str};
use super::{Field, PREVIEW_KEYS};

/// An object or array that is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Node {
    Root,
    Message,
    /// `message.content`, an array of [`Node::Block`].
    Content,
    Block,
    BlockInput,
    /// `errors`, an array of texts.
    Errors,
    Usage,
    Origin,
    Compact,
    Patch,
    RateLimit,
    /// `permission_denials`, counted.
    Denials,
    /// `tasks`, counted.
    Tasks,
    Request,
    RequestInput,
    Response,
    Event,
    EventMessage,
    EventBlock,
    Delta,
}

/// What is wanted of the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Nothing,
    /// A string, to be kept.
    Str(Str),
    /// A string, to be passed on in pieces.
    Piece(Field),
    /// A string of a tool's input that may become its preview: index into [`PREVIEW_KEYS`].
    Preview(u8),
    /// A number from 0 on.
    Count(Count),
    /// `total_cost_usd`.
    Cost,
    /// A boolean.
    Flag(Flag),
    /// An object, to be walked.
    Object(Node),
    /// An array, to be walked.
    Array(Node),
    /// A string or an object, as `message` can be.
    Either(Str, Node),
    /// `request.input`: its text, and its preview.
    Input,
    /// `request.permission_suggestions`: its text.
    Suggestions,
}

impl Want {
    /// The walked container it can lead to.
    pub(super) fn node(self) -> Option<Node> {
        match self {
            Want::Object(node) | Want::Array(node) | Want::Either(_, node) => Some(node),
            Want::Input => Some(Node::RequestInput),
            _ => None,
        }
    }
}

impl Node {
    /// The container around it.
    pub(super) fn parent(self) -> Node {
        match self {
            Node::Content => Node::Message,
            Node::Block => Node::Content,
            Node::BlockInput => Node::Block,
            Node::RequestInput => Node::Request,
            Node::EventMessage | Node::EventBlock | Node::Delta => Node::Event,
            _ => Node::Root,
        }
    }

    /// What is wanted of the elements, if it is an array.
    pub(super) fn element(self) -> Want {
        match self {
            Node::Content => Want::Object(Node::Block),
            Node::Errors => Want::Piece(Field::Error),
            _ => Want::Nothing,
        }
    }

    /// Its bit in a set of nodes.
    pub(super) fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// What is wanted at `name` inside `node`.
pub(super) fn want(node: Node, name: &[u8]) -> Want {
    let mut slot = hash(node, name);
    while let Some(key) = KEYS.get(INDEX[slot % SLOTS] as usize) {
        if key.node == node && key.name.as_bytes() == name {
            return key.want;
        }
        slot += 1;
    }
    Want::Nothing
}

/// Slots of [`INDEX`]: a power of two, so many that most lookups end at the first.
const SLOTS: usize = 512;

/// An open hash table over [`KEYS`], made by the compiler; [`NONE`] where it is empty.
static INDEX: [u8; SLOTS] = {
    assert!(N < NONE as usize);
    let mut index = [NONE; SLOTS];
    let mut at = 0;
    while at < N {
        let mut slot = hash(KEYS[at].node, KEYS[at].name.as_bytes()) % SLOTS;
        while index[slot] != NONE {
            slot = (slot + 1) % SLOTS;
        }
        index[slot] = at as u8;
        at += 1;
    }
    index
};

const NONE: u8 = u8::MAX;

const fn hash(node: Node, name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let letters = name[0] as usize * 5 + name[length / 2] as usize * 23 + name[length - 1] as usize;
    letters.wrapping_add(length * 61).wrapping_add(node as usize * 97) % SLOTS
}

/// One walked path.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) node: Node,
    pub(super) name: &'static str,
    pub(super) want: Want,
}

const fn key(node: Node, name: &'static str, want: Want) -> Key {
    Key { node, name, want }
}

/// How many entries [`KEYS`] has: every path, and the preview keys of both inputs.
const N: usize = LISTED.len() + 2 * PREVIEW_KEYS.len();

/// Every walked path.
pub(super) const KEYS: [Key; N] = {
    let mut keys = [key(Node::Root, "", Want::Nothing); N];
    let mut at = 0;
    while at < LISTED.len() {
        keys[at] = LISTED[at];
        at += 1;
    }
    let mut preview = 0;
    while preview < PREVIEW_KEYS.len() {
        let want = Want::Preview(preview as u8);
        keys[at] = key(Node::BlockInput, PREVIEW_KEYS[preview], want);
        keys[at + 1] = key(Node::RequestInput, PREVIEW_KEYS[preview], want);
        at += 2;
        preview += 1;
    }
    keys
};

#[rustfmt::skip]
const LISTED: &[Key] = {
    use Node::*;
    use Want::{Array, Cost, Either, Input, Object, Piece, Suggestions};
    const fn text(text: Str) -> Want { Want::Str(text) }
    const fn count(count: Count) -> Want { Want::Count(count) }
    const fn flag(flag: Flag) -> Want { Want::Flag(flag) }
    &[
        // Every line.
        key(Root, "type", text(Str::Type)),
        key(Root, "subtype", text(Str::Subtype)),
        key(Root, "session_id", text(Str::Session)),
        key(Root, "parent_tool_use_id", text(Str::Parent)),
        key(Root, "tool_use_id", text(Str::ToolUse)),
        // system/init.
        key(Root, "model", text(Str::Model)),
        key(Root, "claude_code_version", text(Str::Version)),
        // assistant, user.
        key(Root, "message", Either(Str::Notice, Message)),
        key(Root, "error", text(Str::Error)),
        key(Root, "aborted", flag(Flag::Aborted)),
        key(Root, "isSynthetic", flag(Flag::Synthetic)),
        key(Root, "isReplay", flag(Flag::Replay)),
        key(Message, "id", text(Str::MessageId)),
        key(Message, "model", text(Str::MessageModel)),
        key(Message, "content", Array(Content)),
        key(Block, "type", text(Str::BlockType)),
        key(Block, "text", Piece(Field::Text)),
        key(Block, "id", text(Str::BlockId)),
        key(Block, "name", text(Str::BlockName)),
        key(Block, "tool_use_id", text(Str::BlockResult)),
        key(Block, "is_error", flag(Flag::BlockError)),
        key(Block, "input", Object(BlockInput)),
        // result.
        key(Root, "result", Piece(Field::Answer)),
        key(Root, "errors", Array(Errors)),
        key(Root, "is_error", flag(Flag::IsError)),
        key(Root, "terminal_reason", text(Str::Reason)),
        key(Root, "total_cost_usd", Cost),
        key(Root, "num_turns", count(Count::Turns)),
        key(Root, "duration_ms", count(Count::Duration)),
        key(Root, "duration_api_ms", count(Count::DurationApi)),
        key(Root, "api_error_status", count(Count::ApiStatus)),
        key(Root, "result_index", count(Count::ResultIndex)),
        key(Root, "permission_denials", Array(Denials)),
        key(Root, "usage", Object(Usage)),
        key(Usage, "input_tokens", count(Count::InputTokens)),
        key(Usage, "output_tokens", count(Count::OutputTokens)),
        key(Usage, "cache_read_input_tokens", count(Count::CacheRead)),
        key(Usage, "cache_creation_input_tokens", count(Count::CacheCreation)),
        key(Root, "origin", Object(Origin)),
        key(Origin, "kind", text(Str::OriginKind)),
        // stream_event.
        key(Root, "api_message_id", text(Str::ApiMessage)),
        key(Root, "event", Object(Event)),
        key(Event, "type", text(Str::EventType)),
        key(Event, "index", count(Count::EventIndex)),
        key(Event, "message", Object(EventMessage)),
        key(EventMessage, "id", text(Str::EventMessageId)),
        key(Event, "content_block", Object(EventBlock)),
        key(EventBlock, "type", text(Str::EventBlockType)),
        key(EventBlock, "id", text(Str::EventBlockId)),
        key(EventBlock, "name", text(Str::EventBlockName)),
        key(Event, "delta", Object(Delta)),
        key(Delta, "type", text(Str::DeltaType)),
        key(Delta, "text", Piece(Field::Delta)),
        // system/api_retry.
        key(Root, "attempt", count(Count::Attempt)),
        key(Root, "max_retries", count(Count::MaxRetries)),
        key(Root, "retry_delay_ms", count(Count::RetryDelay)),
        key(Root, "error_status", count(Count::ErrorStatus)),
        // system/status, compact_boundary, permission_denied, informational, hooks.
        key(Root, "status", text(Str::Status)),
        key(Root, "compact_metadata", Object(Compact)),
        key(Compact, "trigger", text(Str::CompactTrigger)),
        key(Compact, "pre_tokens", count(Count::PreTokens)),
        key(Compact, "post_tokens", count(Count::PostTokens)),
        key(Root, "tool_name", text(Str::Tool)),
        key(Root, "content", text(Str::Content)),
        key(Root, "level", text(Str::Level)),
        key(Root, "hook_name", text(Str::HookName)),
        key(Root, "hook_event", text(Str::HookEvent)),
        // Tasks.
        key(Root, "task_id", text(Str::TaskId)),
        key(Root, "description", text(Str::Description)),
        key(Root, "last_tool_name", text(Str::LastTool)),
        key(Root, "summary", text(Str::Summary)),
        key(Root, "patch", Object(Patch)),
        key(Patch, "status", text(Str::PatchStatus)),
        key(Root, "tasks", Array(Tasks)),
        // rate_limit_event, conversation_reset.
        key(Root, "rate_limit_info", Object(RateLimit)),
        key(RateLimit, "status", text(Str::LimitStatus)),
        key(RateLimit, "resetsAt", count(Count::ResetsAt)),
        key(RateLimit, "rateLimitType", text(Str::LimitType)),
        key(Root, "new_conversation_id", text(Str::NewConversation)),
        // Control lines.
        key(Root, "request_id", text(Str::RequestId)),
        key(Root, "request", Object(Request)),
        key(Request, "subtype", text(Str::RequestSubtype)),
        key(Request, "tool_name", text(Str::RequestTool)),
        key(Request, "tool_use_id", text(Str::RequestToolUse)),
        key(Request, "description", text(Str::RequestDescription)),
        key(Request, "input", Input),
        key(Request, "permission_suggestions", Suggestions),
        key(Request, "requires_user_interaction", flag(Flag::NeedsUser)),
        key(Root, "response", Object(Response)),
        key(Response, "subtype", text(Str::ResponseSubtype)),
        key(Response, "request_id", text(Str::ResponseRequest)),
        key(Response, "error", text(Str::ResponseError)),
    ]
};

#[cfg(test)]
mod tests {
    use super::super::WALKED;
    use super::*;

    #[test]
    fn every_path_is_found_and_nothing_else_is() {
        for key in &KEYS {
            assert_eq!(want(key.node, key.name.as_bytes()), key.want, "{}", key.name);
        }
        for name in ["", "t", "typ", "types", "uuid", "tool_use_result"] {
            assert_eq!(want(Node::Root, name.as_bytes()), Want::Nothing, "{name}");
        }
        assert_eq!(want(Node::Delta, b"subtype"), Want::Nothing);
    }

    #[test]
    fn parents_agree_with_the_table_and_the_depth_is_bounded() {
        for key in &KEYS {
            if let Some(node) = key.want.node() {
                assert_eq!(node.parent(), key.node, "{}", key.name);
            }
            let mut depth = 1;
            let mut node = key.node;
            while node != Node::Root {
                node = node.parent();
                depth += 1;
            }
            assert!(depth <= WALKED, "{}", key.name);
        }
    }

    #[test]
    fn no_key_is_longer_than_the_key_buffer() {
        assert!(KEYS.iter().all(|key| key.name.len() <= super::super::walk::KEY));
    }
}
