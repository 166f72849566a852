//! From the slots of a complete line, or of a block, to what it says, by its `type`.

use super::event::{Block, Delta, Line, LineKind, Outcome, Request, StreamEvent, Task};
use super::facts::{Count, Facts, Flag, Owner, Str};

/// What the line says.
pub(super) fn line(facts: &Facts) -> Line<'_> {
    Line { session: facts.id(Str::Session), kind: kind(facts) }
}

fn kind(facts: &Facts) -> LineKind<'_> {
    match facts.str(Str::Type) {
        "system" => system(facts),
        "assistant" => LineKind::Assistant {
            message: facts.id(Str::MessageId),
            parent: facts.id(Str::Parent),
            model: facts.str(Str::MessageModel),
            error: facts.str(Str::Error),
            aborted: facts.flag(Flag::Aborted),
        },
        "user" => LineKind::User {
            parent: facts.id(Str::Parent),
            synthetic: facts.flag(Flag::Synthetic),
            replay: facts.flag(Flag::Replay),
        },
        "stream_event" => LineKind::Stream {
            message: facts.id(Str::ApiMessage).or(facts.id(Str::EventMessageId)),
            parent: facts.id(Str::Parent),
            event: stream_event(facts),
        },
        "result" => LineKind::Result(outcome(facts)),
        "rate_limit_event" => LineKind::RateLimit {
            status: facts.str(Str::LimitStatus),
            resets_at: facts.count(Count::ResetsAt),
            kind: facts.str(Str::LimitType),
        },
        "tool_progress" => {
            LineKind::ToolProgress { id: facts.id(Str::Parent), tool: facts.str(Str::Tool) }
        }
        "conversation_reset" => LineKind::ConversationReset { new: facts.id(Str::NewConversation) },
        "control_request" => LineKind::ControlRequest(request(facts)),
        "control_cancel_request" => LineKind::ControlCancel { request: facts.id(Str::RequestId) },
        "control_response" => LineKind::ControlResponse {
            request: facts.id(Str::ResponseRequest),
            ok: facts.str(Str::ResponseSubtype) == "success",
            error: facts.line(Str::ResponseError),
        },
        _ => LineKind::Other,
    }
}

/// What a content block is, by its `type`.
pub(super) fn block(facts: &Facts) -> Block<'_> {
    match facts.str(Str::BlockType) {
        "text" => Block::Text,
        "thinking" | "redacted_thinking" => Block::Thinking,
        "tool_use" => Block::ToolUse {
            id: facts.str(Str::BlockId),
            name: facts.str(Str::BlockName),
            preview: facts.preview(Owner::Block),
        },
        "tool_result" => Block::ToolResult {
            id: facts.str(Str::BlockResult),
            failed: facts.flag(Flag::BlockError),
        },
        _ => Block::Other,
    }
}

fn system(facts: &Facts) -> LineKind<'_> {
    match facts.str(Str::Subtype) {
        "init" => LineKind::Init { model: facts.str(Str::Model), version: facts.str(Str::Version) },
        "api_retry" => LineKind::ApiRetry {
            attempt: facts.total(Count::Attempt),
            max: facts.total(Count::MaxRetries),
            delay_ms: facts.total(Count::RetryDelay),
            status: facts.count(Count::ErrorStatus),
            error: facts.str(Str::Error),
        },
        "status" => LineKind::Status(facts.str(Str::Status)),
        "compact_boundary" => LineKind::CompactBoundary {
            trigger: facts.str(Str::CompactTrigger),
            before: facts.total(Count::PreTokens),
            after: facts.total(Count::PostTokens),
        },
        "permission_denied" => LineKind::PermissionDenied {
            tool: facts.str(Str::Tool),
            id: facts.id(Str::ToolUse),
            message: facts.line(Str::Notice),
        },
        "task_started" => LineKind::TaskStarted(task(facts, Str::Status)),
        "task_progress" => LineKind::TaskProgress(task(facts, Str::Status)),
        "task_updated" => LineKind::TaskUpdated(task(facts, Str::PatchStatus)),
        "task_notification" => LineKind::TaskNotification(task(facts, Str::Status)),
        "background_tasks_changed" => {
            LineKind::BackgroundTasks { count: facts.total(Count::Tasks) }
        }
        "thinking_tokens" => LineKind::ThinkingTokens,
        "hook_started" | "hook_progress" | "hook_response" => {
            LineKind::Hook { name: facts.str(Str::HookName), event: facts.str(Str::HookEvent) }
        }
        "informational" => LineKind::Informational {
            content: facts.line(Str::Content),
            level: facts.str(Str::Level),
        },
        _ => LineKind::Other,
    }
}

fn stream_event(facts: &Facts) -> StreamEvent<'_> {
    let index = facts.index(Count::EventIndex);
    match facts.str(Str::EventType) {
        "message_start" => StreamEvent::MessageStart,
        "content_block_start" => StreamEvent::BlockStart {
            index,
            kind: facts.str(Str::EventBlockType),
            id: facts.id(Str::EventBlockId),
            name: facts.str(Str::EventBlockName),
        },
        "content_block_delta" => {
            let kind = match facts.str(Str::DeltaType) {
                "text_delta" => Delta::Text,
                "thinking_delta" => Delta::Thinking,
                _ => Delta::Other,
            };
            StreamEvent::Delta { index, kind }
        }
        "content_block_stop" => StreamEvent::BlockStop { index },
        "message_delta" => StreamEvent::MessageDelta,
        "message_stop" => StreamEvent::MessageStop,
        _ => StreamEvent::Other,
    }
}

fn outcome(facts: &Facts) -> Outcome<'_> {
    Outcome {
        is_error: facts.flag(Flag::IsError),
        subtype: facts.str(Str::Subtype),
        reason: facts.str(Str::Reason),
        origin: facts.str(Str::OriginKind),
        api_status: facts.count(Count::ApiStatus),
        cost_usd: facts.cost.unwrap_or(0.0),
        turns: facts.total(Count::Turns),
        duration_ms: facts.total(Count::Duration),
        duration_api_ms: facts.total(Count::DurationApi),
        input_tokens: facts.total(Count::InputTokens),
        output_tokens: facts.total(Count::OutputTokens),
        cache_read_tokens: facts.total(Count::CacheRead),
        cache_creation_tokens: facts.total(Count::CacheCreation),
        denials: facts.total(Count::Denials),
        index: facts.total(Count::ResultIndex),
    }
}

fn task(facts: &Facts, status: Str) -> Task<'_> {
    Task {
        id: facts.id(Str::TaskId),
        tool_use: facts.id(Str::ToolUse),
        description: facts.line(Str::Description),
        tool: facts.str(Str::LastTool),
        status: facts.str(status),
        summary: facts.line(Str::Summary),
    }
}

fn request(facts: &Facts) -> Request<'_> {
    let (input, suggestions) = facts.raw();
    Request {
        id: facts.id(Str::RequestId),
        subtype: facts.str(Str::RequestSubtype),
        tool: facts.str(Str::RequestTool),
        tool_use: facts.id(Str::RequestToolUse),
        description: facts.line(Str::RequestDescription),
        preview: facts.preview(Owner::Request),
        input,
        suggestions,
        needs_user: facts.flag(Flag::NeedsUser),
    }
}
