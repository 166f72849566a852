//! Which conversation a prompt goes on in.
//!
//! The newest session id seen is kept per place. `/new` counts the place's *epoch* up: prompts
//! accepted before it still go on in the old conversation, those after it begin a fresh one,
//! whatever order runs and updates come in.

use super::Bridge;
use super::ids::{ChatId, Place};
use super::memory::{Memory, Session};

/// Places whose session is remembered; the one that was not used for longest goes first.
const SESSIONS: usize = 32;
/// Places whose `/new` count is remembered.
const EPOCHS: usize = 32;

impl Bridge {
    pub(super) fn epoch(&self, place: Place) -> u32 {
        let known = self.memory.epochs.iter().find(|(at, _)| *at == place);
        known.map_or(0, |(_, epoch)| *epoch)
    }

    /// `/new`: the next prompt of this place starts a fresh session.
    pub(super) fn begin_epoch(&mut self, place: Place) {
        let epoch = self.epoch(place).wrapping_add(1);
        self.memory.epochs.retain(|(at, _)| *at != place);
        if self.memory.epochs.len() >= EPOCHS {
            self.memory.epochs.pop_front();
        }
        self.memory.epochs.push_back((place, epoch));
        self.prune_sessions();
        self.ledger.urgent();
    }

    pub(super) fn session_for(&self, place: Place, epoch: u32) -> Option<String> {
        let is_it = |session: &&Session| session.place == place && session.epoch == epoch;
        self.memory.sessions.iter().find(is_it).map(|session| session.id.clone())
    }

    pub(super) fn remember_session(&mut self, place: Place, epoch: u32, id: String) {
        let is_it = |session: &Session| session.place == place && session.epoch == epoch;
        if self.memory.sessions.iter().any(|session| is_it(session) && session.id == id) {
            return;
        }
        self.memory.sessions.retain(|session| !is_it(session));
        if self.memory.sessions.len() >= SESSIONS {
            self.memory.sessions.pop_front();
        }
        self.memory.sessions.push_back(Session { place, epoch, id });
        self.ledger.news(self.now.mono);
    }

    /// Claude does not know it any more.
    pub(super) fn forget_session(&mut self, place: Place, epoch: u32) {
        self.memory.sessions.retain(|session| (session.place, session.epoch) != (place, epoch));
        self.ledger.news(self.now.mono);
    }

    /// Forgets sessions of earlier epochs that no job goes on in.
    pub(super) fn prune_sessions(&mut self) {
        let memory = &mut self.memory;
        let needed = |session: &Session| {
            let key = (session.place, session.epoch);
            let newest = memory.epochs.iter().find(|(at, _)| *at == session.place);
            let running = memory.running.iter().map(|running| &running.job);
            newest.map_or(0, |(_, epoch)| *epoch) == session.epoch
                || running.chain(&memory.queue).any(|job| (job.place, job.epoch) == key)
        };
        memory.sessions.retain(needed);
    }
}

impl Memory {
    /// A group became a supergroup with another id.
    pub(super) fn move_chat(&mut self, from: ChatId, to: ChatId) {
        let running = self.running.iter_mut().map(|running| &mut running.job.place);
        let queue = self.queue.iter_mut().map(|job| &mut job.place);
        let posts = self.posts.iter_mut().map(|post| &mut post.place);
        let sessions = self.sessions.iter_mut().map(|session| &mut session.place);
        let epochs = self.epochs.iter_mut().map(|(place, _)| place);
        let gone = self.interrupted.iter_mut().map(|gone| &mut gone.job.place);
        let places = running.chain(queue).chain(posts).chain(sessions).chain(epochs).chain(gone);
        for place in places.filter(|place| place.chat == from) {
            place.chat = to;
        }
    }
}
