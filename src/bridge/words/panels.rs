//! The longer texts: the live view, `/status`, `/queue`, `/help`.

use super::super::effect::Part;
use super::super::progress::{Note, Progress};
use super::super::run::Run;
use super::Words;
use super::format::{duration, one_line};
use core::time::Duration;

/// What a run is doing, for its view and `/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum State {
    Starting,
    Working,
    Waiting,
    Stopping,
    /// The answer is given, so many tasks go on in the background.
    Background(u32),
}

/// How a run's view ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ending {
    Done,
    Failed,
    Stopped,
    Interrupted,
}

/// The state of a run.
pub(in super::super) fn state_of(run: &Run) -> State {
    if run.started.is_none() {
        State::Starting
    } else if run.is_stopping() {
        State::Stopping
    } else if run.is_asking() {
        State::Waiting
    } else if run.turn_over && run.background > 0 {
        State::Background(run.background)
    } else {
        State::Working
    }
}

/// What `/status` tells.
#[derive(Debug)]
pub(in super::super) struct Status<'a> {
    pub(in super::super) state: Option<State>,
    pub(in super::super) elapsed: Option<Duration>,
    pub(in super::super) tool: Option<(&'a str, &'a str)>,
    pub(in super::super) queued: usize,
    pub(in super::super) uptime: Duration,
    pub(in super::super) session: Option<String>,
    pub(in super::super) disk: Option<&'a str>,
    pub(in super::super) clock_unknown: bool,
    pub(in super::super) unsent: usize,
}

impl Words {
    fn state(self, state: State) -> String {
        match state {
            State::Starting => self.say("Starting", "Startet"),
            State::Working => self.say("Working", "Arbeitet"),
            State::Waiting => self.say("Waiting for you", "Wartet auf dich"),
            State::Stopping => self.say("Stopping", "Hält an"),
            State::Background(count) => format!(
                "{} ({count})",
                self.pick(
                    "Answered; work goes on in the background",
                    "Beantwortet; im Hintergrund läuft noch etwas"
                )
            ),
        }
    }

    /// The live view of a run.
    pub(in super::super) fn run_view(
        self,
        state: State,
        elapsed: Duration,
        progress: &Progress,
    ) -> Vec<Part> {
        let icon = match state {
            State::Waiting => "❓",
            State::Stopping => "🛑",
            _ => "⏳",
        };
        let mut parts = vec![Part::Bold(format!("{icon} {}", self.state(state)))];
        parts.push(Part::Plain(format!(" · {}", duration(elapsed))));
        for (ended, name, preview) in progress.tools() {
            let mark = match ended {
                None => "▸",
                Some(false) => "✓",
                Some(true) => "✗",
            };
            parts.push(Part::Plain(format!("\n{mark} {name} ")));
            if !preview.is_empty() {
                parts.push(Part::Code(preview.to_owned()));
            }
        }
        if let Some(note) = progress.note() {
            parts.push(Part::Plain(format!("\n{}", self.note(note))));
        }
        let text = progress.newest_text().trim();
        if !text.is_empty() {
            parts.push(Part::Plain("\n\n".into()));
            parts.push(Part::Markdown(text.to_owned()));
        }
        parts
    }

    fn note(self, note: &Note) -> String {
        match note {
            Note::Retry { attempt, max, error, status } => {
                let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
                let again = self.pick("trying again", "neuer Versuch");
                format!("🔁 {error}{status}: {again} {attempt}/{max}")
            }
            Note::Compacting => {
                self.say("🗜 Compacting the conversation", "🗜 Das Gespräch wird verdichtet")
            }
            Note::Limit { kind, resets_at } => {
                let until = resets_at
                    .map(|at| format!(", {} {}", self.pick("resets at", "frei ab"), clock(at)));
                format!("⚠️ {} {kind}{}", self.pick("limit:", "Grenze:"), until.unwrap_or_default())
            }
            Note::Denied { tool, message } => {
                format!("🚫 {tool} {}: {message}", self.pick("was refused", "wurde abgelehnt"))
            }
            Note::Task(text) => format!("↳ {text}"),
        }
    }

    /// The last frame of a run's view.
    pub(in super::super) fn view_ended(
        self,
        ending: Ending,
        elapsed: Duration,
        tools: u32,
        cost: f64,
    ) -> Vec<Part> {
        let head = match ending {
            Ending::Done => self.say("✅ Done", "✅ Fertig"),
            Ending::Failed => self.say("❌ Failed", "❌ Fehlgeschlagen"),
            Ending::Stopped => self.view_stopped(),
            Ending::Interrupted => self.view_interrupted(),
        };
        let mut rest = format!(" · {}", duration(elapsed));
        if tools > 0 {
            let word = match tools {
                1 => self.pick("tool", "Werkzeug"),
                _ => self.pick("tools", "Werkzeuge"),
            };
            rest.push_str(&format!(" · {tools} {word}"));
        }
        if cost > 0.0 {
            // Cumulative over the session (STREAM.md section 3), so it is named as that.
            // As whole parts: writing numbers with a point would bring 7 KB of code along.
            let parts = (cost * 10_000.0).round() as u64;
            let (dollars, rest_of_it) = (parts / 10_000, parts % 10_000);
            let session = self.pick("session", "Sitzung");
            rest.push_str(&format!(" · {session} ${dollars}.{rest_of_it:04}"));
        }
        vec![Part::Bold(head), Part::Plain(rest)]
    }

    pub(in super::super) fn view_stopped(self) -> String {
        self.say("🛑 Stopped", "🛑 Stopped (angehalten)")
    }

    pub(in super::super) fn view_interrupted(self) -> String {
        self.say(
            "⚡ Interrupted by a restart",
            "⚡ Interrupted (durch einen Neustart unterbrochen)",
        )
    }

    /// A run that was cut off after its answer or its end was posted.
    pub(in super::super) fn view_over(self) -> String {
        self.say("⏹ Over", "⏹ Beendet")
    }

    pub(in super::super) fn status(self, status: &Status<'_>) -> Vec<Part> {
        let head =
            status.state.map_or_else(|| self.say("Idle", "Bereit"), |state| self.state(state));
        let mut parts = vec![Part::Bold(head)];
        let mut line =
            |name: &str, value: String| parts.push(Part::Plain(format!("\n{name}: {value}")));
        if let Some(elapsed) = status.elapsed {
            line(self.pick("since", "seit"), duration(elapsed));
        }
        if let Some((name, preview)) = status.tool {
            line(self.pick("tool", "Werkzeug"), format!("{name} {preview}"));
        }
        line(self.pick("queue", "Warteschlange"), status.queued.to_string());
        line(self.pick("uptime", "läuft seit"), duration(status.uptime));
        if status.unsent > 0 {
            line(
                self.pick("waiting to be sent", "noch nicht zugestellt"),
                status.unsent.to_string(),
            );
        }
        if let Some(why) = status.disk {
            line(self.pick("⚠️ disk", "⚠️ disk (Speicher)"), why.to_owned());
        }
        if status.clock_unknown {
            line(self.pick("⚠️ clock", "⚠️ Uhr"), self.say("not set yet", "noch nicht gestellt"));
        }
        parts.push(Part::Plain(format!("\n{}: ", self.pick("session", "Sitzung"))));
        match &status.session {
            Some(session) => parts.push(Part::Code(session.clone())),
            None => parts.push(Part::Plain(self.say("none yet", "noch keine"))),
        }
        parts
    }

    pub(in super::super) fn queue(
        self,
        running: Option<String>,
        waiting: &[String],
        all: usize,
    ) -> Vec<Part> {
        let head = match &running {
            Some(prompt) => format!("▶ {prompt}"),
            None => self.say("Nothing is running.", "Es läuft nichts."),
        };
        let mut parts = vec![Part::Plain(head)];
        for (index, prompt) in waiting.iter().enumerate() {
            parts.push(Part::Plain(format!("\n{}. {prompt}", index + 1)));
        }
        if all > waiting.len() {
            let more = self.pick("more", "weitere");
            parts.push(Part::Plain(format!("\n… {} {more}", all - waiting.len())));
        }
        if all == 0 {
            parts.push(Part::Plain(self.say("\nNothing is waiting.", "\nEs wartet nichts.")));
        }
        parts
    }

    pub(in super::super) fn help(self, version: &str) -> Vec<Part> {
        let head = self.pick(
            "Any text is a prompt for the agent. One runs at a time, the others wait.\n",
            "Jeder Text ist ein Auftrag für den Agenten. Einer läuft, die anderen warten.\n",
        );
        vec![
            Part::Bold(format!("pigent {version}\n")),
            Part::Plain(format!("{head}{}", self.command_list())),
        ]
    }

    pub(in super::super) fn unknown_command(self, word: &str) -> Vec<Part> {
        let what = self.pick("is not a command. These are:", "ist kein Befehl. Es gibt:");
        vec![Part::Plain(format!("/{} {what}{}", one_line(word), self.command_list()))]
    }

    fn command_list(self) -> &'static str {
        match self.0 {
            super::Lang::En => {
                "\n/status – what is going on\
                 \n/queue – what runs and what waits\
                 \n/cancel or /stop – stop the running prompt; /cancel all empties the queue too\
                 \n/new or /clear – the next prompt starts a fresh conversation\
                 \n/claude /compact – send one of Claude's own commands\
                 \n/help – this text"
            }
            super::Lang::De => {
                "\n/status – was gerade geschieht\
                 \n/queue – was läuft und was wartet\
                 \n/cancel oder /stop – hält den laufenden Auftrag an; /cancel all leert auch die Warteschlange\
                 \n/new oder /clear – der nächste Auftrag beginnt ein neues Gespräch\
                 \n/claude /compact – schickt einen von Claudes eigenen Befehlen\
                 \n/help – dieser Text"
            }
        }
    }
}

/// `14:05 UTC`: the board's time zone is not the reader's.
fn clock(at: i64) -> String {
    let minutes = at.rem_euclid(86400) / 60;
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}
