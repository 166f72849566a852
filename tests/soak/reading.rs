//! Users read what the bot writes, and see what became of their prompts.

use crate::month::{CHATS, Month};
use crate::prompt::{Outcome, Reply};
use pigent::emulator::Message;

impl Month {
    /// Looks at what came, and does what it asks for.
    pub fn tick(&mut self) {
        for chat in CHATS {
            let from = self.seen.get(&chat).copied().unwrap_or(0);
            let new: Vec<Message> =
                self.harness.server.look(|world| world.newer(chat, from).cloned().collect());
            for message in new {
                self.seen.insert(chat, message.id);
                self.reads(&message);
            }
        }
        self.answer_questions();
        self.stop_endless();
    }

    /// A user reads a message of the bot.
    fn reads(&mut self, message: &Message) {
        self.figures.read += 1;
        let Some(about) = message.reply_to.map(|to| (message.chat, to)) else { return };
        if message.silent {
            return;
        }
        self.commands.remove(&about);
        if let Some(dropped) = self.emptied.get_mut(&about) {
            let count = message.text().rsplit("dropped: ").next().and_then(|it| it.parse().ok());
            *dropped = count.or(*dropped);
        }
        let nth = self.prompts.iter().rposition(|it| (it.chat, it.message) == about);
        let Some(nth) = nth else { return };
        if !message.labels().is_empty() {
            self.questions.asked(message);
        }
        match self.prompts[nth].judge(message) {
            Some(Reply::Final(outcome)) => self.over(nth, outcome),
            Some(Reply::Other) => {}
            None => {
                let prompt = self.prompts[nth].clone();
                self.fail(&format!("{prompt:?} was answered by {:?}", message.text()))
            }
        }
    }

    fn over(&mut self, nth: usize, outcome: Outcome) {
        let prompt = &mut self.prompts[nth];
        match prompt.outcome {
            None => {
                prompt.outcome = Some(outcome);
                self.open.remove(&(prompt.chat, prompt.message));
                self.endless.retain(|endless| *endless != nth);
                self.figures.count(outcome);
            }
            // What the network has swallowed comes again, or in pieces.
            Some(known) if known == outcome => self.figures.again += 1,
            Some(known) => {
                let prompt = prompt.clone();
                self.fail(&format!("TWICE: {prompt:?} was {known:?} and is {outcome:?}"))
            }
        }
    }

    /// Stops runs that never end, once they are seen to run.
    fn stop_endless(&mut self) {
        for nth in self.endless.clone() {
            let (chat, message) = (self.prompts[nth].chat, self.prompts[nth].message);
            let view = self.harness.server.look(|world| {
                let runs = |it: &&Message| {
                    let stop = it.labels().iter().any(|label| label.contains("Stop"));
                    it.reply_to == Some(message) && it.silent && stop
                };
                world.newer(chat, message).find(runs).cloned()
            });
            if let Some(view) = view {
                self.endless.retain(|endless| *endless != nth);
                self.stop(&view);
            }
        }
    }

    fn stop(&mut self, view: &Message) {
        self.figures.stops += 1;
        match self.dice.below(3) {
            0 => self.harness.press(),
            1 => self.command(view.chat, "/cancel"),
            _ => {
                let owner = if view.chat > 0 { view.chat } else { 1000 };
                self.harness.tap_on(view, "Stop", owner);
                self.figures.messages += 1;
                self.figures.taps += 1;
            }
        }
    }
}
