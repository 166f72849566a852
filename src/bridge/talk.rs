//! Updates: what users write, edit and tap, after the gate has let them in.

use super::Bridge;
use super::access::Origin;
use super::command::{self, Command, Meaning};
use super::effect::{Effect, Part};
use super::ids::{ChatId, MessageId, Place, UpdateId, UserId, ViewId};
use super::input::{Batch, ChatKind, Content, Message, Tap, Told, Update};
use super::refusals::Refusal;
use super::time::Mono;
use super::tokens::{self, Action, Grant};
use core::time::Duration;

/// The owner hears of updates that cannot be read at most this often.
const UNREADABLE_EVERY: Duration = Duration::from_secs(3600);

/// One admitted message: who wants what answered where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) place: Place,
    pub(super) user: UserId,
    pub(super) message: MessageId,
    /// When Telegram took the message, if it comes from the backlog and may be old.
    pub(super) backlog_date: Option<i64>,
}

impl Bridge {
    /// Takes a batch in. While pigent is leaving nothing is taken: what is not confirmed comes
    /// again at the next start.
    pub(super) fn updates(&mut self, batch: Batch) {
        if self.leaving.is_some() {
            return;
        }
        let mut refusals = Vec::new();
        for update in batch.updates {
            let mark = fingerprint(&update);
            if self.seen.holds(mark) || self.memory.ring.holds(mark) {
                continue;
            }
            self.seen.add(mark);
            let place = place_of(&update);
            let view = self.update(update, batch.backlog);
            let refusal =
                view.zip(place).map(|(view, place)| Refusal { view, place, mark: Some(mark) });
            for fresh in &mut self.fresh {
                fresh.mark.get_or_insert(mark);
            }
            // Here too, so that a batch means what its messages would one by one: the first
            // prompt takes no place in the queue, and a /cancel behind it finds it.
            self.pump();
            // A refused prompt is not remembered as accepted: if the power fails before the
            // refusal is read, the prompt comes again and is not passed over in silence.
            if self.ledger.is_urgent() && refusal.is_none() {
                self.memory.ring.add(mark);
            }
            refusals.extend(refusal);
        }
        self.memory.offset = Some(batch.next.0);
        let crowd = self.tell_a_crowd(&mut refusals);
        self.ledger.confirm(batch.next, refusals);
        crowd.into_iter().for_each(|post| self.ledger.confirm_needs_post(post));
    }

    /// One update. Answers the reply that has to be taken before it may be confirmed, if it was a
    /// prompt that is refused.
    fn update(&mut self, update: Update, backlog: bool) -> Option<ViewId> {
        match update.what {
            Told::Message(message) => return self.message(message, backlog),
            Told::Edited(message) => self.edited(message),
            Told::Tap(tap) => self.tap(tap),
            Told::Nothing => {}
            Told::Unreadable { why } => {
                self.unreadable(update.id, &why);
            }
        }
        None
    }

    /// Confirmed like any other, logged, and told to the owner, who may miss an answer.
    fn unreadable(&mut self, update: UpdateId, why: &str) {
        self.log(log::Level::Warn, format!("update {update} is set aside: {why}"));
        let recent = |told: Mono| self.now.mono.since(told) < UNREADABLE_EVERY;
        let Some(chat) = self.gate.home().filter(|_| !self.told_unreadable.is_some_and(recent))
        else {
            return;
        };
        self.told_unreadable = Some(self.now.mono);
        let parts = vec![Part::Plain(self.words.set_aside(update, why))];
        self.reply_at(Place { chat, thread: None }, None, parts);
    }

    fn message(&mut self, message: Message, backlog: bool) -> Option<ViewId> {
        if let Content::MigratedTo(new) = message.content {
            self.migrated(message.chat, new);
            return None;
        }
        let user = self.admit(message_origin(&message), Some(message.id))?;
        let asker = Asker {
            place: Place { chat: message.chat, thread: message.thread },
            user,
            message: message.id,
            backlog_date: backlog.then_some(message.date),
        };
        match message.content {
            Content::Text(text) => self.text(asker, message.kind, message.reply_to, text),
            Content::Other(kind) => {
                let words = self.words.not_text(kind);
                self.reply(asker, vec![Part::Plain(words)]);
                None
            }
            Content::MigratedTo(_) | Content::Service => None,
        }
    }

    fn text(
        &mut self,
        asker: Asker,
        kind: ChatKind,
        reply_to: Option<MessageId>,
        text: String,
    ) -> Option<ViewId> {
        let private = kind == ChatKind::Private;
        let meaning = command::read(&text, self.username.as_deref(), private);
        match meaning {
            Meaning::NotForUs => None,
            Meaning::Command(command) => self.command(asker, command),
            Meaning::Prompt if self.answers_question(asker, reply_to, &text) => {
                // Remembered like a prompt: after a power cut the question is gone, and the
                // answer that comes again must not be taken for a prompt.
                self.ledger.urgent();
                None
            }
            Meaning::Prompt => self.prompt(asker, reply_to, &text, false),
        }
    }

    fn edited(&mut self, message: Message) {
        let Some(user) = self.admit(message_origin(&message), None) else {
            return;
        };
        let Content::Text(text) = message.content else {
            return;
        };
        let place = Place { chat: message.chat, thread: message.thread };
        let asker = Asker { place, user, message: message.id, backlog_date: None };
        let private = message.kind == ChatKind::Private;
        match command::read(&text, self.username.as_deref(), private) {
            Meaning::Prompt => self.edit_prompt(asker, &text, false),
            Meaning::Command(Command::Agent(text)) => self.edit_prompt(asker, text, true),
            Meaning::Command(_) => self.edit_into_command(asker),
            Meaning::NotForUs => {}
        }
    }

    fn tap(&mut self, tap: Tap) {
        let origin = tap.chat.map(|(chat, kind)| Origin {
            chat,
            kind,
            from: Some(tap.from),
            sender_chat: false,
        });
        let Some(user) = origin.and_then(|origin| self.admit(origin, None)) else {
            return self.answer_tap(tap.id, String::new());
        };
        let chat = tap.chat.map(|(chat, _)| chat);
        let text = match tokens::parse(&tap.data) {
            Some(token) => self.press_button(token, user, chat),
            None => self.words.expired(),
        };
        self.answer_tap(tap.id, text);
    }

    /// What a button does, and what its presser is told.
    fn press_button(&mut self, token: u64, user: UserId, chat: Option<ChatId>) -> String {
        if let Some(text) = self.run_again(token, user, chat) {
            return text;
        }
        let Some(Grant { action, chat: made_for, user: may }) = self.tokens.find(token) else {
            return self.words.expired();
        };
        if chat != Some(made_for) {
            return self.words.expired();
        }
        if user != may {
            return self.words.not_your_button();
        }
        match action {
            Action::Stop(run) => self.stop_tapped(run),
            Action::Drop(job) => self.drop_tapped(job),
            Action::Permit { run, view, allow } => self.permit_tapped(run, view, allow),
            Action::Choose { run, view, option } => self.choice_tapped(run, view, option),
            Action::Done { run, view } => self.choices_done(run, view),
        }
    }

    fn answer_tap(&mut self, tap: String, text: String) {
        self.out.push(Effect::AnswerTap { tap, text });
    }

    /// The gate. Strangers are logged by their numbers, never by their words.
    fn admit(&mut self, origin: Origin, message: Option<MessageId>) -> Option<UserId> {
        let admitted = self.gate.admits(origin, &self.memory.aliases);
        if admitted.is_none() {
            self.stranger(origin, message);
        }
        admitted
    }

    fn stranger(&mut self, origin: Origin, message: Option<MessageId>) {
        let user = origin.from.map_or(0, |sender| sender.id.0);
        let line = format!("ignored a stranger: user {user} in chat {}", origin.chat);
        self.log(log::Level::Info, line);
        // Only a message is answered: a stranger's tap or edit has nothing to reply to.
        let Some(message) = message else { return };
        let Some(user) = self.gate.answers_stranger(origin, self.now.mono) else {
            return;
        };
        let parts = self.words.stranger(origin.chat, user);
        let place = Place { chat: origin.chat, thread: None };
        self.reply_at(place, Some(message), parts);
    }

    /// A group became a supergroup: everything that belongs to it moves along.
    pub(super) fn migrated(&mut self, from: ChatId, to: ChatId) {
        let known = self.memory.aliases.contains(&(from, to));
        if known || !self.gate.lists_chat(from) {
            return;
        }
        if self.memory.aliases.len() >= 8 {
            self.memory.aliases.pop_front();
        }
        self.memory.aliases.push_back((from, to));
        self.memory.move_chat(from, to);
        self.tokens.move_chat(from, to);
        self.move_queue_view(from, to);
        self.ledger.urgent();
        self.log(log::Level::Info, format!("the group {from} is the supergroup {to} now"));
    }
}

/// Where a message came from.
fn place_of(update: &Update) -> Option<Place> {
    match &update.what {
        Told::Message(message) => Some(Place { chat: message.chat, thread: message.thread }),
        _ => None,
    }
}

fn message_origin(message: &Message) -> Origin {
    Origin {
        chat: message.chat,
        kind: message.kind,
        from: message.from,
        sender_chat: message.sender_chat,
    }
}

/// What identifies an update for ever: its id alone does not, Telegram may start anew after a
/// week of silence (BOTAPI.md section 4).
fn fingerprint(update: &Update) -> u64 {
    let UpdateId(id) = update.id;
    let mut hash = mix(id as u64);
    match &update.what {
        Told::Message(message) | Told::Edited(message) => {
            hash = mix(hash ^ message.chat.0 as u64);
            mix(hash ^ message.id.0 as u64)
        }
        Told::Tap(tap) => tap.id.bytes().fold(hash, |hash, byte| mix(hash ^ u64::from(byte))),
        Told::Nothing | Told::Unreadable { .. } => hash,
    }
}

/// The finalizer of SplitMix64: the same on every board and in every version, which a snapshot
/// that outlives an update of pigent needs.
pub(super) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
