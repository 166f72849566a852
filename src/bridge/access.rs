//! Who may talk: one check before anything else, for messages, edits and taps alike.
//!
//! Fail closed: with both lists empty nobody gets in, and the answer a stranger gets in a private
//! chat is how an owner finds the id to put into the list. The rule itself is in DESIGN.md,
//! "Access".

use super::ids::{ChatId, UserId};
use super::input::{ChatKind, Sender};
use super::rules::Access;
use super::time::Mono;
use core::time::Duration;
use std::collections::VecDeque;

/// Strangers are answered at most this often, all of them together.
const ANSWER_EVERY: Duration = Duration::from_secs(60);
/// How many answered strangers are remembered, so that each gets one answer.
const STRANGERS: usize = 64;

/// Who sent something, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) chat: ChatId,
    pub(super) kind: ChatKind,
    pub(super) from: Option<Sender>,
    pub(super) sender_chat: bool,
}

/// The gate.
#[derive(Debug, Default)]
pub(super) struct Gate {
    access: Access,
    answered: VecDeque<UserId>,
    last_answer: Option<Mono>,
}

impl Gate {
    pub(super) fn new(access: Access) -> Gate {
        Gate { access, ..Gate::default() }
    }

    /// SIGHUP.
    pub(super) fn change(&mut self, access: Access) {
        self.access = access;
    }

    /// The user who may talk from there, if one may. `aliases` are groups that became
    /// supergroups: old id, new id.
    pub(super) fn admits(
        &self,
        origin: Origin,
        aliases: &VecDeque<(ChatId, ChatId)>,
    ) -> Option<UserId> {
        let sender = origin.from.filter(|sender| !sender.is_bot && !origin.sender_chat)?;
        let chat_listed = || {
            let listed = |chat: ChatId| self.access.chats.contains(&chat);
            listed(origin.chat)
                || aliases.iter().any(|(old, new)| *new == origin.chat && listed(*old))
        };
        let user_listed = self.access.users.contains(&sender.id);
        let admitted = match origin.kind {
            ChatKind::Private => chat_listed() || user_listed,
            ChatKind::Group => chat_listed() && (self.access.users.is_empty() || user_listed),
            ChatKind::Channel => false,
        };
        admitted.then_some(sender.id)
    }

    /// Whether this chat is in the list itself.
    pub(super) fn lists_chat(&self, chat: ChatId) -> bool {
        self.access.chats.contains(&chat)
    }

    /// Whether this stranger is answered now. Only people, only in private chats, once each, one
    /// a minute over all; who was skipped is answered at a later message.
    pub(super) fn answers_stranger(&mut self, origin: Origin, now: Mono) -> Option<UserId> {
        let sender = origin.from.filter(|sender| !sender.is_bot && !origin.sender_chat)?;
        let too_soon = self.last_answer.is_some_and(|last| now.since(last) < ANSWER_EVERY);
        if origin.kind != ChatKind::Private || too_soon || self.answered.contains(&sender.id) {
            return None;
        }
        if self.answered.len() >= STRANGERS {
            self.answered.pop_front();
        }
        self.answered.push_back(sender.id);
        self.last_answer = Some(now);
        Some(sender.id)
    }

    /// The owner's chat, for what concerns nobody in particular: the first listed chat, else the
    /// private chat of the first listed user (it has the user's number).
    pub(super) fn home(&self) -> Option<ChatId> {
        let user = || self.access.users.first().map(|user| ChatId(user.0));
        self.access.chats.first().copied().or_else(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: UserId = UserId(7);
    const GROUP: ChatId = ChatId(-100);

    fn gate(chats: &[i64], users: &[i64]) -> Gate {
        let chats = chats.iter().copied().map(ChatId).collect();
        Gate::new(Access { chats, users: users.iter().copied().map(UserId).collect() })
    }

    fn private(user: i64) -> Origin {
        let from = Some(Sender { id: UserId(user), is_bot: false });
        Origin { chat: ChatId(user), kind: ChatKind::Private, from, sender_chat: false }
    }

    fn group(user: i64) -> Origin {
        Origin { chat: GROUP, kind: ChatKind::Group, ..private(user) }
    }

    fn check(gate: &Gate, origin: Origin, admitted: bool) {
        assert_eq!(gate.admits(origin, &VecDeque::new()).is_some(), admitted, "{origin:?}");
    }

    #[test]
    fn with_no_list_nobody_gets_in() {
        check(&gate(&[], &[]), private(7), false);
        check(&gate(&[], &[]), group(7), false);
    }

    #[test]
    fn private_chats_pass_by_either_list() {
        check(&gate(&[7], &[]), private(7), true);
        check(&gate(&[], &[7]), private(7), true);
        check(&gate(&[7], &[7]), private(8), false);
    }

    #[test]
    fn groups_need_the_chat_and_if_given_the_user() {
        check(&gate(&[-100], &[]), group(7), true);
        check(&gate(&[-100], &[7]), group(7), true);
        check(&gate(&[-100], &[7]), group(8), false);
        check(&gate(&[], &[7]), group(7), false);
    }

    #[test]
    fn bots_chats_and_channels_never_pass() {
        let gate = gate(&[7, -100], &[7]);
        let bot = Some(Sender { id: ME, is_bot: true });
        check(&gate, Origin { from: bot, ..private(7) }, false);
        check(&gate, Origin { sender_chat: true, ..group(7) }, false);
        check(&gate, Origin { kind: ChatKind::Channel, ..group(7) }, false);
        check(&gate, Origin { from: None, ..private(7) }, false);
    }

    #[test]
    fn a_group_that_became_a_supergroup_stays_allowed() {
        let aliases = VecDeque::from([(GROUP, ChatId(-1_000_000_000_100))]);
        let moved = Origin { chat: ChatId(-1_000_000_000_100), ..group(7) };
        assert!(gate(&[-100], &[]).admits(moved, &aliases).is_some());
        assert!(gate(&[-200], &[]).admits(moved, &aliases).is_none());
    }

    #[test]
    fn strangers_are_answered_once_and_one_a_minute() {
        let mut gate = gate(&[], &[]);
        let at = |seconds| Mono(Duration::from_secs(seconds));
        assert!(gate.answers_stranger(private(1), at(0)).is_some());
        assert!(gate.answers_stranger(private(2), at(59)).is_none());
        assert!(gate.answers_stranger(private(2), at(60)).is_some(), "who was skipped comes later");
        assert!(gate.answers_stranger(private(1), at(600)).is_none());
        assert!(gate.answers_stranger(group(3), at(700)).is_none());
    }
}
