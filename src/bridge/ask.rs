//! Permission requests and questions of the agent, as buttons.
//!
//! Each is a view of its own, with sound. A permission request waits 10 minutes and is then
//! denied; a question waits 60 and is then declined. Several questions of one request come one
//! after the other. While one is open the stale clock stands still.

use super::Bridge;
use super::agent::{AgentEvent, Question, Verdict};
use super::effect::{Button, Class, Effect, Frame, Part, View};
use super::ids::{MessageId, RunId, UserId, ViewId};
use super::memory::Job;
use super::rules::Permissions;
use super::talk::Asker;
use super::time::Mono;
use super::tokens::Action;
use core::time::Duration;

const PERMIT_WAIT: Duration = Duration::from_secs(10 * 60);
const QUESTION_WAIT: Duration = Duration::from_secs(60 * 60);
/// Requests open at the same time (parallel tools); further ones are denied.
const MOST: usize = 8;
/// Telegram shows about this much of a button's label.
const LABEL: usize = 40;

/// A request that waits for the user.
#[derive(Debug)]
pub(super) struct OpenAsk {
    request: String,
    view: ViewId,
    /// Its Telegram message, once it is known: replies to it are answers.
    message: Option<MessageId>,
    pub(super) expires: Option<Mono>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Permit { tool: String, preview: String, input: String, description: String },
    Questions(Asking),
}

/// Where a series of questions has got to.
#[derive(Debug)]
struct Asking {
    questions: Vec<Question>,
    index: usize,
    chosen: Vec<bool>,
    answers: Vec<(String, Vec<String>)>,
}

impl Asking {
    fn new(questions: Vec<Question>) -> Asking {
        Asking { questions, index: 0, chosen: Vec::new(), answers: Vec::new() }
    }

    fn current(&self) -> Option<&Question> {
        self.questions.get(self.index)
    }

    fn is_chosen(&self, option: usize) -> bool {
        self.chosen.get(option).copied().unwrap_or(false)
    }

    fn toggle(&mut self, option: usize) {
        if self.chosen.len() <= option {
            self.chosen.resize(option + 1, false);
        }
        if let Some(chosen) = self.chosen.get_mut(option) {
            *chosen = !*chosen;
        }
    }

    fn answer(&mut self, answer: Vec<String>) {
        let question = self.current().map(|question| question.text.clone()).unwrap_or_default();
        self.answers.push((question, answer));
        self.index += 1;
        self.chosen.clear();
    }
}

impl Bridge {
    /// The agent asks. What cannot be shown whole is declined at once, with a message.
    pub(super) fn asked(&mut self, event: AgentEvent) {
        let bypass = self.rules.permissions == Permissions::Bypass;
        let now = self.now.mono;
        let (request, kind, wait, cut) = match event {
            AgentEvent::Ask { request, .. } if bypass => {
                return self.verdict(request, Verdict::Allow);
            }
            AgentEvent::Ask { request, tool, preview, input, description, cut } => {
                (request, Kind::Permit { tool, preview, input, description }, PERMIT_WAIT, cut)
            }
            AgentEvent::Question { request, questions, cut } => {
                let cut = cut || questions.is_empty();
                (request, Kind::Questions(Asking::new(questions)), QUESTION_WAIT, cut)
            }
            _ => return,
        };
        if cut {
            return self.verdict(request, deny(self.words.ask_too_large()));
        }
        let view = self.view_id();
        let Some(run) = &mut self.run else { return };
        if run.asks.len() >= MOST || run.is_stopping() {
            return self.verdict(request, deny(self.words.ask_too_many()));
        }
        let expires = Some(now.after(wait));
        run.asks.push_back(OpenAsk { request, view, message: None, expires, kind });
        run.progress.changed();
        self.show_ask(view);
    }

    /// Shows an open request as it is now.
    fn show_ask(&mut self, view: ViewId) {
        let Some((run, job)) = self.run.as_ref().zip(self.memory.running.as_ref()) else { return };
        let (run_id, job) = (run.id, job.job.clone());
        let Some(ask) = run.asks.iter().find(|ask| ask.view == view) else { return };
        let (parts, labels) = match &ask.kind {
            Kind::Permit { tool, preview, input, description } => {
                let input = if input.is_empty() { preview } else { input };
                let parts = self.words.permit_question(tool, input, description);
                let [allow, deny] = self.words.allow_deny();
                let permit = |allow| Action::Permit { run: run_id, view, allow };
                (parts, vec![vec![(allow, permit(true)), (deny, permit(false))]])
            }
            Kind::Questions(asking) => match asking.current() {
                Some(question) => {
                    let parts = self.words.question(question, asking.index, asking.questions.len());
                    (parts, choices(run_id, view, asking, question, &self.words.done_button()))
                }
                None => return,
            },
        };
        let buttons = self.grant_rows(labels, &job);
        self.show_question(view, &job, Frame { parts, buttons }, false);
    }

    fn show_question(&mut self, id: ViewId, job: &Job, frame: Frame, last: bool) {
        self.out.push(Effect::Show(View {
            id,
            place: job.place,
            reply_to: Some(job.message),
            class: Class::Question,
            frame,
            message: None,
            typing: false,
            last,
        }));
    }

    /// Buttons that are shown again keep their numbers: a second tap may come from the message as
    /// it was before the first one showed.
    fn grant_rows(&mut self, rows: Vec<Vec<(String, Action)>>, job: &Job) -> Vec<Vec<Button>> {
        let (chat, user) = (job.place.chat, job.user);
        let mut grant =
            |(label, action)| Button { label, data: self.tokens.grant(action, chat, user) };
        rows.into_iter().map(|row| row.into_iter().map(&mut grant).collect()).collect()
    }

    /// Allow or Deny was tapped.
    pub(super) fn permit_tapped(&mut self, run: RunId, view: ViewId, allow: bool) -> String {
        if !self.is_current(run) || !self.has_ask(view) {
            return self.words.expired();
        }
        let verdict = if allow { Verdict::Allow } else { deny(self.words.user_said_no()) };
        self.settle(view, verdict, self.words.permit_settled(allow));
        self.words.noted()
    }

    /// An option was tapped.
    pub(super) fn choice_tapped(&mut self, run: RunId, view: ViewId, option: usize) -> String {
        let Some(asking) = self.asking(run, view) else {
            return self.words.expired();
        };
        let Some(question) = asking.current() else {
            return self.words.expired();
        };
        let Some(choice) = question.options.get(option) else {
            return self.words.expired();
        };
        if question.multi {
            asking.toggle(option);
            self.show_ask(view);
        } else {
            let answer = vec![choice.label.clone()];
            self.answered(view, answer);
        }
        self.words.noted()
    }

    /// The Done button of a question with several choices.
    pub(super) fn choices_done(&mut self, run: RunId, view: ViewId) -> String {
        let Some(asking) = self.asking(run, view) else {
            return self.words.expired();
        };
        let Some(question) = asking.current() else {
            return self.words.expired();
        };
        let options = question.options.iter().enumerate();
        let taken = options.filter(|(index, _)| asking.is_chosen(*index));
        let answer: Vec<String> = taken.map(|(_, choice)| choice.label.clone()).collect();
        if answer.is_empty() {
            return self.words.choose_first();
        }
        self.answered(view, answer);
        self.words.noted()
    }

    /// Whether this text is the free answer to an open question: a reply to its message by the
    /// user who asked for the run.
    pub(super) fn answers_question(
        &mut self,
        asker: Asker,
        reply_to: Option<MessageId>,
        text: &str,
    ) -> bool {
        let Some(run) = &self.run else { return false };
        let Some(reply_to) = reply_to else { return false };
        // A reply can be quicker than the news of which message shows the question.
        let newer = self.memory.running.as_ref().is_some_and(|it| reply_to > it.job.message);
        let known = run.asks.iter().find(|ask| ask.message == Some(reply_to));
        let unheard_of = || run.asks.iter().find(|ask| newer && ask.message.is_none());
        let Some(ask) = known.or_else(unheard_of) else { return false };
        let view = ask.view;
        let is_question = matches!(ask.kind, Kind::Questions(_));
        if !is_question || !self.asked_by(asker.user) || !self.asked_in(asker) {
            return false;
        }
        self.answered(view, vec![text.to_owned()]);
        true
    }

    fn asked_by(&self, user: UserId) -> bool {
        self.memory.running.as_ref().is_some_and(|running| running.job.user == user)
    }

    fn asked_in(&self, asker: Asker) -> bool {
        self.memory
            .running
            .as_ref()
            .is_some_and(|running| running.job.place.chat == asker.place.chat)
    }

    /// One question is answered: the next one, or the verdict.
    fn answered(&mut self, view: ViewId, answer: Vec<String>) {
        let run = self.run.as_ref().map(|run| run.id).unwrap_or_default();
        let Some(asking) = self.asking(run, view) else { return };
        asking.answer(answer);
        let (more, answers) = (asking.current().is_some(), asking.answers.clone());
        self.forget_ask_buttons(view);
        if more {
            self.show_ask(view);
        } else {
            let parts = self.words.question_settled(&answers);
            self.settle(view, Verdict::Answers(answers), parts);
        }
    }

    /// Answers the agent and turns the question into a statement.
    fn settle(&mut self, view: ViewId, verdict: Verdict, parts: Vec<Part>) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        let Some(index) = run.asks.iter().position(|ask| ask.view == view) else { return };
        let Some(ask) = run.asks.remove(index) else { return };
        run.answered_ask(now);
        let parts = match &ask.kind {
            Kind::Permit { tool, preview, .. } => self.words.with_tool(parts, tool, preview),
            Kind::Questions(_) => parts,
        };
        self.forget_ask_buttons(view);
        self.close_ask_view(view, parts);
        self.verdict(ask.request, verdict);
    }

    fn close_ask_view(&mut self, view: ViewId, parts: Vec<Part>) {
        if let Some(running) = &self.memory.running {
            let job = running.job.clone();
            self.show_question(view, &job, Frame { parts, buttons: Vec::new() }, true);
        }
    }

    fn verdict(&mut self, request: String, verdict: Verdict) {
        if let Some(run) = &self.run {
            self.out.push(Effect::Answer { run: run.id, request, verdict });
        }
    }

    /// The agent does not wait for this one any more.
    pub(super) fn ask_withdrawn(&mut self, request: &str) {
        let now = self.now.mono;
        let Some(run) = &mut self.run else { return };
        let Some(index) = run.asks.iter().position(|ask| ask.request == request) else { return };
        if let Some(ask) = run.asks.remove(index) {
            run.answered_ask(now);
            self.forget_ask_buttons(ask.view);
            let parts = vec![Part::Plain(self.words.ask_withdrawn())];
            self.close_ask_view(ask.view, parts);
        }
    }

    /// The run ends or is being stopped: nobody waits for an answer any more.
    pub(super) fn withdraw_asks(&mut self) {
        let asks = self.run.as_mut().map(|run| core::mem::take(&mut run.asks)).unwrap_or_default();
        for ask in asks {
            self.forget_ask_buttons(ask.view);
            let parts = vec![Part::Plain(self.words.ask_withdrawn())];
            self.close_ask_view(ask.view, parts);
        }
    }

    /// Denies what has waited too long.
    pub(super) fn expire_asks(&mut self) {
        let now = self.now.mono;
        loop {
            let Some(run) = &self.run else { return };
            let late = |ask: &&OpenAsk| ask.expires.is_some_and(|at| at <= now);
            let Some(view) = run.asks.iter().find(late).map(|ask| ask.view) else { return };
            let parts = vec![Part::Plain(self.words.ask_expired())];
            self.settle(view, deny(self.words.nobody_answered()), parts);
        }
    }

    /// The message of a question became known.
    pub(super) fn ask_shown(&mut self, view: ViewId, message: MessageId) {
        let asks = self.run.iter_mut().flat_map(|run| run.asks.iter_mut());
        for ask in asks.filter(|ask| ask.view == view) {
            ask.message = Some(message);
        }
    }

    fn has_ask(&self, view: ViewId) -> bool {
        self.run.as_ref().is_some_and(|run| run.asks.iter().any(|ask| ask.view == view))
    }

    fn asking(&mut self, run: RunId, view: ViewId) -> Option<&mut Asking> {
        let current = self.run.as_mut().filter(|current| current.id == run)?;
        match &mut current.asks.iter_mut().find(|ask| ask.view == view)?.kind {
            Kind::Questions(asking) => Some(asking),
            Kind::Permit { .. } => None,
        }
    }

    fn forget_ask_buttons(&mut self, view: ViewId) {
        self.tokens.forget(|grant| match &grant.action {
            Action::Permit { view: of, .. }
            | Action::Choose { view: of, .. }
            | Action::Done { view: of, .. } => *of == view,
            Action::Stop(_) | Action::Drop(_) => false,
        });
    }
}

fn deny(message: String) -> Verdict {
    Verdict::Deny { message }
}

/// A row for each option, and Done if several may be taken.
fn choices(
    run: RunId,
    view: ViewId,
    asking: &Asking,
    question: &Question,
    done: &str,
) -> Vec<Vec<(String, Action)>> {
    let mut rows: Vec<Vec<(String, Action)>> = Vec::new();
    for (option, choice) in question.options.iter().enumerate() {
        let tick = if asking.is_chosen(option) { "☑ " } else { "" };
        let label: String = choice.label.chars().take(LABEL).collect();
        let cut = if choice.label.chars().count() > LABEL { "…" } else { "" };
        rows.push(vec![(format!("{tick}{label}{cut}"), Action::Choose { run, view, option })]);
    }
    if question.multi {
        rows.push(vec![(done.to_owned(), Action::Done { run, view })]);
    }
    rows
}
