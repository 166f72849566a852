//! People: who they are, where they write, and what reaches Telegram.

use super::events::{Event, Mode, Text, Who};
use super::record::{Fate, one_chat};
use super::telegram::Means;
use super::world::{DATE, Step, World};
use core::time::Duration;
use pigent::bridge::ids::{ChatId, MessageId, ThreadId, UserId};
use pigent::bridge::input::{ChatKind, Content, Input, Message, SendOrder, Sender, Tap, Told};
use pigent::bridge::rules::{Access, Lang, Permissions, Rules};

/// A chat and somebody in it.
struct Seat {
    chat: ChatId,
    kind: ChatKind,
    thread: Option<ThreadId>,
    user: i64,
    is_bot: bool,
    sender_chat: bool,
}

/// Whether somebody may talk: DESIGN.md once more, in the simulator's own words.
pub fn may_talk(who: Who, mode: Mode) -> bool {
    match who {
        Who::Owner | Who::OwnerInGroup | Who::OwnerInTopic | Who::Mate => true,
        Who::Guest => mode == Mode::Open,
        Who::Stranger | Who::OtherGroup | Who::Robot | Who::Anonymous | Who::Channel => false,
    }
}

/// The settings of a start.
pub fn rules(mode: Mode, boot: u32) -> Rules {
    let (chats, users, queue_max) = match mode {
        Mode::Open => (vec![7, -100], vec![], 3),
        Mode::Listed => (vec![-100], vec![7, 8], 50),
    };
    Rules {
        access: access(&chats, &users),
        queue_max,
        rate_limit: None,
        job_timeout: Some(Duration::from_secs(7200)),
        stale_timeout: Some(Duration::from_secs(900)),
        permissions: Permissions::Ask,
        lang: Lang::En,
        seed: [u64::from(boot), 7],
        version: "0",
    }
}

fn access(chats: &[i64], users: &[i64]) -> Access {
    let chats = chats.iter().copied().map(ChatId).collect();
    Access { chats, users: users.iter().copied().map(UserId).collect() }
}

impl World {
    fn seat(&self, who: Who) -> Seat {
        let group = |user| Seat {
            chat: self.group,
            kind: ChatKind::Group,
            thread: None,
            user,
            is_bot: false,
            sender_chat: false,
        };
        let private = |user| Seat { chat: ChatId(user), kind: ChatKind::Private, ..group(user) };
        match who {
            Who::Owner => private(7),
            Who::OwnerInGroup => group(7),
            Who::OwnerInTopic => Seat { thread: Some(ThreadId(5)), ..group(7) },
            Who::Mate => group(8),
            Who::Guest => group(9),
            Who::Stranger => private(99),
            Who::OtherGroup => Seat { chat: ChatId(-200), ..group(7) },
            Who::Robot => Seat { is_bot: true, ..group(8) },
            Who::Anonymous => Seat { sender_chat: true, ..group(7) },
            Who::Channel => Seat { chat: ChatId(-300), kind: ChatKind::Channel, ..group(7) },
        }
    }

    /// Whether these are the same person.
    pub fn is_same(&self, who: Who, other: Option<Who>) -> bool {
        other.is_some_and(|other| self.seat(who).user == self.seat(other).user)
    }

    /// The next message of a chat, whoever writes it.
    pub fn next_message(&mut self, chat: ChatId) -> MessageId {
        let newest = self.messages.entry(one_chat(chat)).or_insert(10);
        *newest += 1;
        MessageId(*newest)
    }

    pub fn users(&mut self, event: Event) -> Step {
        match event {
            Event::Writes(who, text, many) => (0..many).for_each(|_| self.writes(who, text)),
            Event::Edits(nth, text) => self.edits(nth, text),
            Event::Replies(who, nth) => self.replies(who, nth),
            Event::Taps(who, nth) => self.taps(who, nth),
            Event::Forges(who) => self.tap(who, "00000000deadbeef".into(), None),
            Event::Migrates => self.migrates(),
            Event::Renumbers => self.telegram.renumber(),
            Event::Orders(many) => {
                for _ in 0..many {
                    self.orders()?;
                }
            }
            Event::Allows(mode) => {
                self.mode = mode;
                self.record.was_listed |= mode == Mode::Listed;
                return self.step(Input::Access(rules(mode, 0).access));
            }
            _ => {}
        }
        Ok(())
    }

    fn writes(&mut self, who: Who, text: Text) {
        let id = self.next_message(self.seat(who).chat);
        let (content, means) = self.content(who, id, text);
        let message = self.message(who, id, None, content);
        self.telegram.take(self.now, who, means, Told::Message(message));
    }

    fn content(&mut self, who: Who, id: MessageId, text: Text) -> (Content, Means) {
        let (text, means) = match text {
            Text::Prompt => return self.prompt(who, id, ""),
            Text::SlashPrompt => return self.prompt(who, id, "/claude "),
            Text::Photo => return (Content::Other("photo"), Means::Other),
            Text::Cancel => ("/cancel", Means::Cancel),
            Text::CancelAll => ("/cancel all", Means::CancelAll),
            Text::New => ("/new", Means::Other),
            Text::Queue => ("/queue", Means::Other),
            Text::Status => ("/status", Means::Other),
            Text::Help => ("/help", Means::Other),
            Text::Blank => (" ", Means::Other),
        };
        (Content::Text(text.into()), means)
    }

    /// A new prompt; the one with the greater number is the later one.
    fn prompt(&mut self, who: Who, message: MessageId, command: &str) -> (Content, Means) {
        let number = self.record.fates.len() as u64 + 1;
        let text = format!("{}k{number} do it", if command.is_empty() { "" } else { "/compact " });
        let texts = vec![text.clone()];
        let chat = one_chat(self.seat(who).chat);
        let fate = Fate { who: Some(who), chat, message, texts, ..Fate::default() };
        self.record.fates.insert(number, fate);
        (Content::Text(format!("{command}{text}")), Means::Prompt(number))
    }

    fn message(
        &self,
        who: Who,
        id: MessageId,
        reply_to: Option<MessageId>,
        content: Content,
    ) -> Message {
        let Seat { chat, kind, thread, user, is_bot, sender_chat } = self.seat(who);
        let from = Some(Sender { id: UserId(user), is_bot }).filter(|_| kind != ChatKind::Channel);
        let date = DATE + self.now.as_secs() as i64;
        Message { chat, kind, thread, id, from, sender_chat, date, reply_to, content }
    }

    fn edits(&mut self, nth: u8, text: Text) {
        let newest = self.record.fates.keys().rev().nth(nth.into()).copied();
        let Some(number) = newest else { return };
        let Some(fate) = self.record.fates.get_mut(&number) else { return };
        let (Some(who), message) = (fate.who, fate.message) else { return };
        let content = match text {
            Text::Prompt => {
                let text = format!("k{number} do that {}", fate.texts.len());
                fate.texts.push(text.clone());
                Content::Text(text)
            }
            Text::Cancel => Content::Text("/cancel".into()),
            _ => Content::Text(fate.texts[0].clone()),
        };
        let message = self.message(who, message, None, content);
        self.telegram.take(self.now, who, Means::Other, Told::Edited(message));
    }

    fn replies(&mut self, who: Who, nth: u8) {
        let here = one_chat(self.seat(who).chat);
        let sent = self.outbox.messages.iter().rev();
        let Some(to) = sent.filter(|it| one_chat(it.0) == here).nth(nth.into()).map(|it| it.1)
        else {
            return;
        };
        let id = self.next_message(here);
        let (content, means) = self.prompt(who, id, "");
        let message = self.message(who, id, Some(to), content);
        self.telegram.take(self.now, who, means, Told::Message(message));
    }

    fn taps(&mut self, who: Who, nth: u8) {
        let Some(button) = self.outbox.buttons.iter().rev().nth(nth.into()).cloned() else {
            return;
        };
        self.tap(who, button.data, Some(button.message));
    }

    fn tap(&mut self, who: Who, data: String, message: Option<MessageId>) {
        // A tap tells who tapped, also of an anonymous administrator.
        let who = if who == Who::Anonymous { Who::OwnerInGroup } else { who };
        let Seat { chat, kind, user, is_bot, .. } = self.seat(who);
        let id = format!("tap {}", self.next_message(ChatId(0)));
        let (from, means) = (Sender { id: UserId(user), is_bot }, Means::Tap(data.clone()));
        let tap = Tap { id, from, chat: Some((chat, kind)), message, data };
        self.telegram.take(self.now, who, means, Told::Tap(tap));
    }

    fn migrates(&mut self) {
        if self.group == ChatId(-100) {
            let id = self.next_message(self.group);
            let new = ChatId(-100_100);
            let message = self.message(Who::OwnerInGroup, id, None, Content::MigratedTo(new));
            self.telegram.take(self.now, Who::OwnerInGroup, Means::Other, Told::Message(message));
            self.group = new;
        }
    }

    fn orders(&mut self) -> Step {
        let caller = self.record.orders.len() as u64 + 1;
        self.record.orders.insert(caller, None);
        let text = format!("s{caller}");
        self.step(Input::Send(SendOrder { chat: None, text, file: None, caller }))
    }
}
