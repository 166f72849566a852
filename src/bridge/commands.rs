//! What commands do. All of them are answered at once, whatever a run is doing.

use super::Bridge;
use super::command::Command;
use super::effect::{Button, Class, Effect, Frame, Part, View};
use super::ids::{ChatId, MessageId, UserId, ViewId};
use super::talk::Asker;
use super::tokens::Action;
use super::words::Status;

/// Waiting prompts listed (and droppable) in one `/queue` reply.
const LISTED: usize = 50;
/// Drop buttons in a row.
const BUTTONS_IN_ROW: usize = 5;

/// The newest `/queue` reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueView {
    id: ViewId,
    asker: Asker,
}

impl Bridge {
    pub(super) fn command(&mut self, asker: Asker, command: Command<'_>) -> Option<ViewId> {
        match command {
            Command::Help => {
                let parts = self.words.help(self.rules.version);
                self.reply(asker, parts);
            }
            Command::Status => self.status(asker),
            Command::Queue => {
                self.show_queue(true);
                let id = self.view_id();
                self.queue_view = Some(QueueView { id, asker });
                self.show_queue_again();
            }
            Command::Cancel { all } => self.cancel(asker, all),
            Command::New => self.new_conversation(asker),
            Command::Agent(text) => return self.prompt(asker, None, text, true),
            Command::AgentUsage => {
                let text = self.words.agent_usage();
                self.reply(asker, vec![Part::Plain(text)]);
            }
            Command::Unknown(word) => {
                let parts = self.words.unknown_command(word);
                self.reply(asker, parts);
            }
        }
        None
    }

    fn status(&mut self, asker: Asker) {
        let now = self.now.mono;
        let run = self.run.as_ref();
        let started = run.and_then(|run| run.started);
        let current_session = run.and_then(|run| run.session.clone());
        let epoch = self.epoch(asker.place);
        let status = Status {
            state: run.map(super::words::state_of),
            elapsed: started.map(|started| now.since(started)),
            tool: run.and_then(|run| run.progress.current_tool()),
            queued: self.memory.queue.len(),
            uptime: now.since(self.born),
            session: current_session.or_else(|| self.session_for(asker.place, epoch)),
            disk: self.ledger.trouble(),
            clock_unknown: self.now.wall.is_none(),
            unsent: self.memory.posts.len(),
        };
        let parts = self.words.status(&status);
        self.reply(asker, parts);
    }

    fn new_conversation(&mut self, asker: Asker) {
        self.begin_epoch(asker.place);
        let here = |place| place == asker.place;
        let runs_here = self.memory.running.as_ref().is_some_and(|running| here(running.job.place));
        let waits_here = self.memory.queue.iter().any(|job| here(job.place));
        let text = self.words.new_conversation(runs_here || waits_here);
        self.reply(asker, vec![Part::Plain(text)]);
    }

    /// Shows the queue in the newest `/queue` reply, with a drop button a waiting job.
    pub(super) fn show_queue_again(&mut self) {
        self.show_queue(false);
    }

    /// `last`: a newer reply follows the queue from now on, and nobody has to remember this one.
    fn show_queue(&mut self, last: bool) {
        let Some(QueueView { id, asker }) = self.queue_view else { return };
        let (chat, user) = (asker.place.chat, asker.user);
        let queue = &self.memory.queue;
        self.tokens.forget(|grant| match grant.action {
            Action::Drop(job) => {
                (grant.chat, grant.user) != (chat, user) || queue.iter().all(|wait| wait.id != job)
            }
            _ => false,
        });
        let parts = self.queue_parts();
        let buttons = self.drop_buttons(asker.user, asker);
        self.out.push(Effect::Show(View {
            id,
            place: asker.place,
            reply_to: Some(asker.message),
            class: Class::Reply,
            frame: Frame { parts, buttons },
            message: None,
            typing: false,
            last,
        }));
    }

    /// A group became a supergroup.
    pub(super) fn move_queue_view(&mut self, from: ChatId, to: ChatId) {
        let place = self.queue_view.as_mut().map(|view| &mut view.asker.place);
        if let Some(place) = place.filter(|place| place.chat == from) {
            place.chat = to;
        }
    }

    fn queue_parts(&self) -> Vec<Part> {
        let text_of = |job: &super::memory::Job| {
            self.prompts
                .get(&job.prompt)
                .map(|text| super::words::one_line(text))
                .unwrap_or_default()
        };
        let running = self.memory.running.as_ref().map(|running| text_of(&running.job));
        let waiting: Vec<String> = self.memory.queue.iter().take(LISTED).map(text_of).collect();
        self.words.queue(running, &waiting, self.memory.queue.len())
    }

    fn drop_buttons(&mut self, user: UserId, asker: Asker) -> Vec<Vec<Button>> {
        let jobs: Vec<_> = self.memory.queue.iter().take(LISTED).map(|job| job.id).collect();
        let mut buttons = Vec::new();
        for (index, job) in jobs.into_iter().enumerate() {
            let data = self.tokens.grant(Action::Drop(job), asker.place.chat, user);
            buttons.push(Button { label: format!("✕ {}", index + 1), data });
        }
        buttons.chunks(BUTTONS_IN_ROW).map(<[Button]>::to_vec).collect()
    }

    /// The session of the answer in that message.
    pub(super) fn session_of(&self, chat: ChatId, message: MessageId) -> Option<String> {
        let mark =
            self.memory.answers.iter().rev().find(|mark| (mark.0, mark.1) == (chat, message))?;
        Some(mark.2.clone())
    }
}
