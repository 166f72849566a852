//! An agent's process and its children, and how they take what is done to them.

use super::events::{Child, Nature, Says};
use pigent::bridge::agent::{AgentEvent, Choice, Exit, Question, RunResult, StartError};
use pigent::bridge::effect::{Reach, Signal};
use pigent::bridge::ids::RunId;
use pigent::bridge::input::Input;

#[derive(Debug)]
pub struct Process {
    pub run: RunId,
    pub nature: Nature,
    resumed: bool,
    heard: bool,
    init: bool,
    pub turn_over: bool,
    /// Its stdin.
    closed: bool,
    pub background: u8,
    /// Requests that wait for a verdict.
    pub asks: Vec<String>,
    numbers: u32,
    /// It is gone; the news of that may still be on its way.
    pub dead: bool,
    /// A shell of its is alive.
    pub child: bool,
    interrupted: bool,
    /// Something was done to end it.
    touched: bool,
}

impl Process {
    pub fn new(run: RunId, nature: Nature, resumed: bool) -> Process {
        Process {
            run,
            nature,
            resumed,
            heard: false,
            init: false,
            turn_over: false,
            closed: false,
            background: 0,
            asks: Vec::new(),
            numbers: 0,
            dead: false,
            child: nature.child != Child::Nobody,
            interrupted: false,
            touched: false,
        }
    }

    /// What it reports when it does that; nothing if it cannot.
    pub fn says(&mut self, says: Says) -> Vec<Input> {
        if self.dead {
            return Vec::new();
        }
        let (run, heard) = (self.run, self.heard);
        match says {
            Says::CannotStart if heard || self.touched => return Vec::new(),
            Says::CannotStart => {
                (self.dead, self.child) = (true, false);
                let why = StartError::Other { why: "no".into() };
                return vec![Input::StartFailed { run, why }];
            }
            Says::UnknownSession if !self.resumed || self.init => return Vec::new(),
            Says::UnknownSession => {
                let text = "No conversation found with session ID: s".to_owned();
                let result = RunResult { is_error: true, text, ..RunResult::default() };
                let exit = Exit { code: Some(1), ..Exit::default() };
                let event = AgentEvent::Result(result);
                return [vec![Input::Agent { run, event }], self.exits(exit)].concat();
            }
            Says::Exits => return self.exits(Exit { code: Some(0), ..Exit::default() }),
            Says::Crashes => return self.exits(Exit { code: Some(1), ..Exit::default() }),
            Says::IsKilled => {
                let exit = Exit { signal: Some(9), killed_by_other: true, ..Exit::default() };
                return self.exits(exit);
            }
            _ => {}
        }
        let Some(event) = self.event(says) else { return Vec::new() };
        self.heard = true;
        vec![Input::Agent { run, event }]
    }

    fn event(&mut self, says: Says) -> Option<AgentEvent> {
        self.numbers += 1;
        let (run, number) = (self.run, self.numbers);
        Some(match says {
            Says::Session(id) => AgentEvent::Session(format!("s{id}")),
            Says::Init => {
                (self.init, self.turn_over) = (true, false);
                AgentEvent::Init { model: "m".into(), version: "1".into() }
            }
            Says::Words => {
                AgentEvent::Partial { message: "m".into(), block: 0, text: "words ".into() }
            }
            Says::Tool => AgentEvent::ToolUse {
                id: format!("t{number}"),
                parent: None,
                name: "Bash".into(),
                preview: "ls".into(),
            },
            Says::Background(alive) => {
                self.background = alive;
                AgentEvent::Background { alive: alive.into() }
            }
            Says::Permit | Says::Question(_) if self.closed => return None,
            Says::Permit => self.permit(format!("q{number}")),
            Says::Question(multi) => self.question(format!("q{number}"), multi),
            Says::Withdraws => AgentEvent::AskWithdrawn { request: self.asks.pop()? },
            Says::Answers => self.result(format!("A{run}.{number}"), false),
            Says::LongAnswer => self.result(format!("A{run}.{number} long"), false),
            Says::Nothing => self.result(String::new(), false),
            Says::Error => self.result(format!("E{run}.{number}"), true),
            _ => AgentEvent::Alive,
        })
    }

    fn permit(&mut self, request: String) -> AgentEvent {
        self.asks.push(request.clone());
        AgentEvent::Ask {
            request,
            tool: "Bash".into(),
            preview: "rm".into(),
            input: "rm".into(),
            description: String::new(),
            cut: false,
        }
    }

    fn question(&mut self, request: String, multi: bool) -> AgentEvent {
        self.asks.push(request.clone());
        let many = if self.numbers.is_multiple_of(2) { 1 } else { 2 };
        let choice = |label: &str| Choice { label: label.into(), description: String::new() };
        let question = |text: &str| Question {
            text: text.into(),
            header: String::new(),
            options: vec![choice("one"), choice("two")],
            multi,
        };
        AgentEvent::Question {
            request,
            questions: ["a?", "b?"].into_iter().take(many).map(question).collect(),
            cut: false,
        }
    }

    fn result(&mut self, text: String, is_error: bool) -> AgentEvent {
        self.turn_over = true;
        AgentEvent::Result(RunResult { text, is_error, ..RunResult::default() })
    }

    fn exits(&mut self, exit: Exit) -> Vec<Input> {
        if core::mem::replace(&mut self.dead, true) {
            return Vec::new();
        }
        vec![Input::Exited { run: self.run, exit }]
    }

    pub fn close_input(&mut self) -> Vec<Input> {
        self.closed = true;
        let goes = self.interrupted && self.turn_over && !self.nature.lingers;
        if goes { self.exits(Exit { code: Some(0), ..Exit::default() }) } else { Vec::new() }
    }

    pub fn interrupt(&mut self) -> Vec<Input> {
        self.touched = true;
        self.asks.clear();
        if self.dead || self.nature.ignores > 0 || self.turn_over {
            return Vec::new();
        }
        (self.interrupted, self.turn_over) = (true, true);
        let text = "[ede_diagnostic] interrupted".to_owned();
        let result = RunResult { text, is_error: true, ..RunResult::default() };
        vec![Input::Agent { run: self.run, event: AgentEvent::Result(result) }]
    }

    pub fn signal(&mut self, signal: Signal, reach: Reach) -> Vec<Input> {
        self.touched = true;
        self.asks.clear();
        let (needs, number) = match signal {
            Signal::Int => (1, 2),
            Signal::Term => (2, 15),
            Signal::Kill => (u8::MAX, 9),
        };
        if reach == Reach::Tree && self.nature.child != Child::Immortal && signal == Signal::Kill {
            self.child = false;
        }
        if self.nature.ignores > needs {
            return Vec::new();
        }
        self.exits(Exit { signal: Some(number), ..Exit::default() })
    }

    /// Everything is killed; the two pieces of news may come in either order.
    pub fn sweep(&mut self) -> Vec<Input> {
        let immortal = self.nature.child == Child::Immortal && self.child;
        self.child = immortal;
        let survivors = if immortal { vec!["sh (1)".to_owned()] } else { Vec::new() };
        let mut news = self.exits(Exit { signal: Some(9), ..Exit::default() });
        news.push(Input::Swept { run: self.run, survivors });
        if self.run.0.is_multiple_of(2) {
            news.reverse();
        }
        news
    }
}
