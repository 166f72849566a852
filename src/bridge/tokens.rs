//! Button tokens: what a tap may do, decided when the button is made.
//!
//! `callback_data` is a random 64-bit number and nothing else. What it stands for (which action,
//! for whom, in which chat) stays here, so that forged or old data does nothing: a modified
//! client can send any data, and old messages keep their buttons for ever.

use super::ids::{ChatId, JobId, RunId, UserId, ViewId};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};

/// Buttons that are remembered; older ones answer "expired". Enough for a `/queue` of 50, several
/// times over.
const MOST: usize = 256;

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Stop this run.
    Stop(RunId),
    /// Drop this waiting job.
    Drop(JobId),
    /// Allow or deny a tool call.
    Permit { run: RunId, view: ViewId, allow: bool },
    /// Choose an option of a question.
    Choose { run: RunId, view: ViewId, option: usize },
    /// The choices of a question are complete.
    Done { run: RunId, view: ViewId },
}

/// What a known token stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) action: Action,
    pub(super) chat: ChatId,
    /// Who may press.
    pub(super) user: UserId,
}

/// All tokens of this start.
#[derive(Debug)]
pub(super) struct Tokens {
    seed: [u64; 2],
    counter: u64,
    grants: VecDeque<(u64, Grant)>,
}

impl Tokens {
    pub(super) fn new(seed: [u64; 2]) -> Tokens {
        Tokens { seed, counter: 0, grants: VecDeque::new() }
    }

    /// A number nobody can guess: a keyed hash (SipHash) of a counter.
    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        let mut hasher = DefaultHasher::new();
        for word in [self.seed[0], self.counter, self.seed[1]] {
            hasher.write_u64(word);
        }
        hasher.finish()
    }

    /// `callback_data` for a new button.
    pub(super) fn grant(&mut self, action: Action, chat: ChatId, user: UserId) -> String {
        let token = self.number();
        if self.grants.len() >= MOST {
            self.grants.pop_front();
        }
        self.grants.push_back((token, Grant { action, chat, user }));
        data(token)
    }

    /// What `token` stands for.
    pub(super) fn find(&self, token: u64) -> Option<Grant> {
        self.grants.iter().find(|(known, _)| *known == token).map(|(_, grant)| grant.clone())
    }

    /// Forgets every button that `over` says is over.
    pub(super) fn forget(&mut self, over: impl Fn(&Action) -> bool) {
        self.grants.retain(|(_, grant)| !over(&grant.action));
    }
}

/// A token as `callback_data`.
pub(super) fn data(token: u64) -> String {
    format!("{token:016x}")
}

/// `callback_data` as a token; `None` if pigent cannot have made it.
pub(super) fn parse(data: &str) -> Option<u64> {
    let digits = data.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if data.len() == 16 && digits { u64::from_str_radix(data, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u64; 2] = [1, 2];

    #[test]
    fn data_is_parsed_back_and_nothing_else_is() {
        let mut tokens = Tokens::new(SEED);
        let text = tokens.grant(Action::Stop(RunId(7)), ChatId(1), UserId(2));
        let grant = parse(&text).and_then(|token| tokens.find(token));
        assert_eq!(grant.map(|grant| grant.action), Some(Action::Stop(RunId(7))));
        for forged in [
            "",
            "0",
            "+000000000000001",
            "00000000000000G1",
            "0000000000000000 ",
            "ABCDEF0123456789",
        ] {
            assert!(parse(forged).and_then(|token| tokens.find(token)).is_none(), "{forged}");
        }
    }

    #[test]
    fn tokens_depend_on_the_secret_and_do_not_repeat() {
        let mut one = Tokens::new(SEED);
        let mut other = Tokens::new([3, 4]);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(one.number()));
            assert!(seen.insert(other.number()));
        }
    }

    #[test]
    fn the_oldest_buttons_expire() {
        let mut tokens = Tokens::new(SEED);
        let first = tokens.grant(Action::Drop(JobId(0)), ChatId(1), UserId(2));
        for job in 0..MOST as u64 {
            tokens.grant(Action::Drop(JobId(job)), ChatId(1), UserId(2));
        }
        assert!(parse(&first).and_then(|token| tokens.find(token)).is_none());
        assert_eq!(tokens.grants.len(), MOST);
    }
}
