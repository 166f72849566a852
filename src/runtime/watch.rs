//! What the service manager sees: ready, a line of status, and a sign of life.
//!
//! The watchdog is fed only while there is progress: by the loop itself, so a stuck loop stops
//! it, and only while the poller's attempts end, well or badly. A dead network or a slow disk is
//! no standstill and must not restart a healthy board. Without systemd nothing happens here.

use crate::bridge::effect::{Signs, Work};
use crate::telegram::poller::Pulse;
use core::time::Duration;
use sd_notify::NotifyState;
use tokio::time::{Instant, sleep_until};

/// The loop must come by this often, whatever systemd allows.
const LOOP: Duration = Duration::from_secs(10);

/// What [`hold`] waits: less than systemd waits for a service to be ready.
const HOLD: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(super) struct Watch {
    pulse: Pulse,
    /// `None` without a watchdog.
    every: Option<Duration>,
    next: Instant,
    warned: bool,
}

impl Watch {
    /// pigent is up: everything is open, and the first poll is under way.
    pub(super) fn ready(pulse: Pulse) -> Watch {
        let allowed = sd_notify::watchdog_enabled();
        tell(NotifyState::Ready);
        // Half of what is allowed, so that one late loop is not the end.
        let every = allowed.map(|allowed| (allowed / 2).min(LOOP));
        Watch { pulse, every, next: Instant::now(), warned: false }
    }

    /// When [`Watch::feed`] is due; never without a watchdog.
    pub(super) async fn due(&self) {
        match self.every {
            Some(_) => sleep_until(self.next).await,
            None => core::future::pending().await,
        }
    }

    /// The loop came by.
    pub(super) fn feed(&mut self) {
        let Some(every) = self.every else { return };
        self.next = Instant::now() + every;
        if self.pulse.is_alive() {
            self.warned = false;
            tell(NotifyState::Watchdog);
        } else if !core::mem::replace(&mut self.warned, true) {
            log::error!("the poller makes no progress: the watchdog is not fed any more");
        }
    }

    /// What `systemctl status` shows.
    pub(super) fn status(&self, signs: Signs) {
        let work = match signs.work {
            Work::Idle => "idle",
            Work::Busy => "working",
            Work::Waiting => "waiting for the user",
            Work::Stopping => "stopping",
        };
        let offline = if signs.offline { ", Telegram cannot be reached" } else { "" };
        let error = if signs.error { ", trouble (see the log)" } else { "" };
        tell(NotifyState::Status(&format!("{work}{offline}{error}")));
    }

    /// pigent leaves in order.
    pub(super) fn leaving(&self) {
        tell(NotifyState::Stopping);
    }
}

/// pigent cannot run: tells the service manager why, and waits with the end if there is one, which
/// would start it again within seconds, and fill the card with logs. A signal ends the wait.
#[cold]
pub fn hold(why: &str) {
    if std::env::var_os("NOTIFY_SOCKET").is_some() {
        tell(NotifyState::Status(why));
        std::thread::sleep(HOLD);
    }
}

/// Nobody may be there to hear it; that is no error.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::debug!("the service manager cannot be told: {error}");
    }
}
