//! What users do besides asking for something.

use crate::month::{CHATS, Month};
use crate::prompt::Kind;
use pigent::emulator::Message;
use std::process::{Command, Stdio};

#[derive(Clone, Copy)]
enum Deed {
    Command(&'static str),
    CancelAll,
    DropOne,
    Edit,
    OldEdit,
    OldTap,
    ForgedTap,
    Stranger,
    Photo,
    Press,
    Send,
    Reload,
}

const DEEDS: [(u64, Deed); 16] = [
    (300, Deed::Command("/status")),
    (200, Deed::Command("/queue")),
    (80, Deed::Command("/help")),
    (60, Deed::Command("/new")),
    (4, Deed::Command("/cancel")),
    (20, Deed::Command("/claude")),
    (4, Deed::CancelAll),
    (4, Deed::DropOne),
    (60, Deed::Edit),
    (40, Deed::OldEdit),
    (60, Deed::OldTap),
    (30, Deed::ForgedTap),
    (80, Deed::Stranger),
    (40, Deed::Photo),
    (2, Deed::Press),
    (2, Deed::Send),
];

impl Month {
    /// The next one.
    pub fn deed(&mut self) {
        let chat = self.dice.pick(&CHATS[..CHATS.len() - 1]);
        match self.pick_deed() {
            Deed::Command(text) => self.command(chat, text),
            Deed::CancelAll | Deed::DropOne | Deed::Send | Deed::Reload if self.outage => {
                self.command(chat, "/status");
            }
            Deed::CancelAll => self.empty_the_queue(chat),
            Deed::DropOne => self.drop_one(chat),
            Deed::Edit => self.edit(),
            Deed::OldEdit => self.edit_an_old_one(),
            Deed::OldTap => self.tap_an_old_button(chat),
            Deed::ForgedTap => {
                self.harness.server.tap_data(chat, 1, "00000000deadbeef", chat);
                self.figures.messages += 1;
                self.figures.taps += 1;
            }
            Deed::Stranger => self.stranger(),
            Deed::Photo => {
                let message = self.harness.server.send_other(chat, "photo").message;
                self.commands.insert((chat, message));
                self.figures.messages += 1;
            }
            Deed::Press => self.harness.press(),
            Deed::Send => self.send(chat),
            Deed::Reload => self.harness.signal(crate::support::Signal::HUP),
        }
    }

    fn pick_deed(&mut self) -> Deed {
        // Reading the list again is no message: beside the others, not one of them.
        if self.dice.below(500) == 0 {
            return Deed::Reload;
        }
        let all: u64 = DEEDS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.dice.below(all);
        for (weight, deed) in DEEDS {
            if at < weight {
                return deed;
            }
            at -= weight;
        }
        Deed::Stranger
    }

    /// Some prompts, and `/cancel all` behind them. Told apart at rest.
    fn empty_the_queue(&mut self, chat: i64) {
        for _ in 0..self.dice.below(5) + 2 {
            self.ask();
        }
        let message = self.harness.server.say(chat, "/cancel all").message;
        self.commands.insert((chat, message));
        self.emptied.insert((chat, message), None);
        self.figures.messages += 1;
        self.figures.commands += 1;
        self.rest();
    }

    /// A prompt that waits behind a long one is dropped by its button.
    fn drop_one(&mut self, chat: i64) {
        self.rest();
        self.say(Kind::Hang);
        let waits = self.dice.pick(&[Kind::Echo, Kind::Work]);
        self.say_in(chat, waits);
        let queue = self.harness.server.say(chat, "/queue").message;
        self.figures.messages += 1;
        self.figures.commands += 1;
        let list =
            self.harness.expect_in(chat, "list of what waits", |it| it.reply_to == Some(queue));
        if let Some(label) = list.labels().first() {
            let tap = self.harness.tap_on(&list, label, chat);
            self.drops.push(tap);
            self.figures.messages += 1;
            self.figures.taps += 1;
        }
        self.rest();
    }

    /// Of a prompt that may still wait.
    fn edit(&mut self) {
        let mut echoes =
            self.open.values().copied().filter(|nth| self.prompts[*nth].kind == Kind::Echo);
        let Some(nth) = echoes.next_back() else { return self.edit_an_old_one() };
        let text = format!("echo number {nth}, edited {}", self.figures.messages);
        let prompt = &mut self.prompts[nth];
        prompt.texts.push(text.clone());
        self.harness.server.edit(prompt.chat, prompt.message, &text);
        self.figures.messages += 1;
        self.figures.edits += 1;
    }

    /// Of one that is over: never starts anything.
    fn edit_an_old_one(&mut self) {
        let over = |nth: &usize| self.prompts[*nth].outcome.is_some();
        let newest = (0..self.prompts.len()).rev().take(200).filter(over).nth(20);
        let Some(nth) = newest else { return self.stranger() };
        let prompt = &self.prompts[nth];
        self.harness.server.edit(prompt.chat, prompt.message, "echo an edit that is too late");
        self.figures.messages += 1;
        self.figures.edits += 1;
    }

    /// A button of long ago.
    fn tap_an_old_button(&mut self, chat: i64) {
        let from = self.prompts.len().saturating_sub(400);
        let from = self.prompts.get(from).map_or(0, |prompt| prompt.message);
        let old = self.harness.server.look(|world| {
            let all = world.newer(chat, from).take(20);
            let buttons = |it: &Message| it.versions.first().map(|first| first.buttons.clone());
            all.filter_map(buttons).flatten().flatten().next()
        });
        let data = old.map_or("00000000deadbeef".to_owned(), |(_, data)| data);
        self.harness.server.tap_data(chat, from.max(1), &data, chat);
        self.figures.messages += 1;
        self.figures.taps += 1;
    }

    /// Somebody who is not on the list: answered now and then, and nothing else.
    pub fn stranger(&mut self) {
        let who = 900 + self.dice.below(90) as i64;
        self.harness.server.say(who, "echo let me in");
        self.figures.messages += 1;
        self.figures.strangers += 1;
    }

    /// `pigent send`, as a script does.
    fn send(&mut self, chat: i64) {
        let sent = Command::new(&self.harness.program)
            .args(["send", "--chat", &chat.to_string(), "the backup is done"])
            .env_clear()
            .env("TELEGRAM_BOT_TOKEN", self.harness.server.token())
            .env("TELEGRAM_API_URL", self.harness.server.api_url())
            .env("TELEGRAM_ALLOWED_CHAT_IDS", chat.to_string())
            .env("PIGENT_PROJECT_DIR", self.harness.home.project())
            .stdin(Stdio::null())
            .output()
            .expect("pigent");
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
        self.figures.sends += 1;
    }
}
