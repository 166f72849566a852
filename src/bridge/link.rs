//! How Telegram is reached: up, offline, or with a token it does not know.
//!
//! Offline means: failing and no completed exchange for 20 s, or none at all for 75 s (a long
//! poll of 50 s that is merely silent is not offline).

use super::Bridge;
use super::input::Link;
use super::time::Mono;
use core::time::Duration;

const FAILING: Duration = Duration::from_secs(20);
const SILENT: Duration = Duration::from_secs(75);

/// What is known of the way to Telegram.
#[derive(Debug)]
pub(super) struct LinkState {
    last_good: Mono,
    failing: bool,
    bad_token: bool,
    conflict: bool,
    /// The next moment at which [`LinkState::offline`] may change by itself has passed.
    told_offline: bool,
}

impl LinkState {
    pub(super) fn new(now: Mono) -> LinkState {
        LinkState {
            last_good: now,
            failing: false,
            bad_token: false,
            conflict: false,
            told_offline: false,
        }
    }

    pub(super) fn offline(&self, now: Mono) -> bool {
        now >= self.offline_at()
    }

    pub(super) fn bad_token(&self) -> bool {
        self.bad_token
    }

    fn offline_at(&self) -> Mono {
        self.last_good.after(if self.failing { FAILING } else { SILENT })
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        (!self.told_offline).then(|| self.offline_at())
    }
}

impl Bridge {
    pub(super) fn link(&mut self, link: Link) {
        let was_offline = self.link.told_offline;
        match link {
            Link::Up => {
                let now = self.now.mono;
                self.link = LinkState::new(now);
            }
            Link::Down => self.link.failing = true,
            Link::BadToken => {
                if !self.link.bad_token {
                    let line = "Telegram does not know the bot token: check TELEGRAM_BOT_TOKEN";
                    self.log(log::Level::Error, line.into());
                }
                // It answered: the network is there.
                self.link = LinkState { bad_token: true, ..LinkState::new(self.now.mono) };
            }
            Link::Conflict => {
                if !self.link.conflict {
                    let line = "another program polls with this bot token; trying again for ever";
                    self.log(log::Level::Warn, line.into());
                }
                self.link = LinkState { conflict: true, ..LinkState::new(self.now.mono) };
            }
        }
        if was_offline && !self.link.offline(self.now.mono) {
            self.log(log::Level::Info, "Telegram is reached again".into());
        }
    }

    /// Notes, once, that Telegram cannot be reached.
    pub(super) fn watch_link(&mut self) {
        if self.link.offline(self.now.mono) && !self.link.told_offline {
            self.link.told_offline = true;
            self.log(log::Level::Warn, "Telegram cannot be reached".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn silence_is_offline_after_75_seconds() {
        let link = LinkState::new(at(0));
        assert!(!link.offline(at(74)));
        assert!(link.offline(at(75)));
    }

    #[test]
    fn failing_is_offline_20_seconds_after_the_last_exchange() {
        let link = LinkState { failing: true, ..LinkState::new(at(100)) };
        assert!(!link.offline(at(119)));
        assert!(link.offline(at(120)));
        assert_eq!(link.deadline(), Some(at(120)));
    }
}
