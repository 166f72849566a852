//! Final words of a run, and what the agent itself is told when a request is declined.

use super::super::agent::{Exit, RunResult, StartError};
use super::Words;
use super::format::{duration, quote};
use core::time::Duration;

/// SIGKILL.
const KILL: i32 = 9;

impl Words {
    pub(in super::super) fn stopped(self, elapsed: Option<Duration>, by_button: bool) -> String {
        let mut text = "🛑 Stopped".to_owned();
        if by_button {
            text.push_str(self.pick(" by the button", " durch den Taster (angehalten)"));
        }
        match elapsed {
            Some(elapsed) => {
                text.push_str(&format!(" {} {}", self.pick("after", "nach"), duration(elapsed)));
            }
            None => text.push_str(self.pick(" before it began", " vor dem Beginn")),
        }
        text + "."
    }

    pub(in super::super) fn interrupted(self, prompt: &str) -> String {
        let what = self.pick(
            "Interrupted by a restart of the board, before there was an answer:",
            "Interrupted: durch einen Neustart unterbrochen, bevor es eine Antwort gab:",
        );
        let then =
            self.pick("It was not run again by itself.", "Es wurde nicht von selbst wiederholt.");
        format!("⚡ {what}\n«{prompt}»\n{then}")
    }

    pub(in super::super) fn job_timed_out(self, limit: Option<Duration>) -> String {
        let limit = duration(limit.unwrap_or_default());
        match self.0 {
            super::Lang::En => format!(
                "⏱ Ran into the time limit of {limit} (PIGENT_JOB_TIMEOUT) and was stopped."
            ),
            super::Lang::De => format!(
                "⏱ Hat die Zeitgrenze von {limit} erreicht (PIGENT_JOB_TIMEOUT) und wurde angehalten."
            ),
        }
    }

    pub(in super::super) fn went_stale(self, limit: Option<Duration>) -> String {
        let limit = duration(limit.unwrap_or_default());
        match self.0 {
            super::Lang::En => {
                format!("⏱ No sign of life for {limit} (PIGENT_STALE_TIMEOUT): stopped.")
            }
            super::Lang::De => {
                format!("⏱ Kein Lebenszeichen seit {limit} (PIGENT_STALE_TIMEOUT): angehalten.")
            }
        }
    }

    pub(in super::super) fn empty_answer(self) -> String {
        self.say("✅ Done, without a text.", "✅ Fertig, ohne Text.")
    }

    pub(in super::super) fn answer_cut(self) -> String {
        self.say("\n\n… (cut: the answer is longer)", "\n\n… (gekürzt: die Antwort ist länger)")
    }

    pub(in super::super) fn prompt_lost(self) -> String {
        self.say(
            "The text of this prompt is gone from the disk: please send it again.",
            "Der Text dieses Auftrags ist von der disk verschwunden: bitte schick ihn noch einmal.",
        )
    }

    pub(in super::super) fn session_unknown(self) -> String {
        self.say(
            "Claude does not know this conversation any more: starting a fresh one.",
            "Claude kennt dieses Gespräch nicht mehr: ein neues beginnt.",
        )
    }

    pub(in super::super) fn survivors(self, names: &[String]) -> String {
        let what = self
            .pick("These processes would not die:", "Diese Prozesse ließen sich nicht beenden:");
        format!("\n⚠️ {what} {}", names.join(", "))
    }

    /// In a list of processes that would not die.
    pub(in super::super) fn the_agent(self) -> String {
        self.say("the agent itself", "der Agent selbst")
    }

    /// An error the agent reported itself.
    pub(in super::super) fn agent_error(self, result: &RunResult) -> String {
        let text = quote(&result.text);
        let lower = text.to_lowercase();
        let head = match result.subtype.as_str() {
            "error_max_turns" => self.say(
                "It used up its turns (--max-turns).",
                "Die erlaubten Runden sind verbraucht (--max-turns).",
            ),
            "error_max_budget_usd" => self.say(
                "It used up its budget (--max-budget-usd).",
                "Das Budget ist verbraucht (--max-budget-usd).",
            ),
            // A turn that was cut short is told in words for developers only (corpus 20l).
            "error_during_execution" if text.starts_with("[ede_diagnostic]") => self.say(
                "The turn was broken off before there was an answer.",
                "Die Runde wurde abgebrochen, bevor es eine Antwort gab.",
            ),
            _ if text.is_empty() => {
                self.say("The agent ended with an error.", "Der Agent endete mit einem Fehler.")
            }
            _ => text,
        };
        let hint = if lower.contains("not logged in") || lower.contains("/login") {
            self.pick(
                "\nClaude is not logged in: run it once on the board as the user pigent runs as, or set ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
                "\nClaude ist nicht angemeldet: starte es einmal auf dem Board als der Benutzer, unter dem pigent läuft, oder setze ANTHROPIC_API_KEY oder CLAUDE_CODE_OAUTH_TOKEN.",
            )
        } else if lower.contains("invalid api key") {
            self.pick("\nCheck ANTHROPIC_API_KEY.", "\nPrüfe ANTHROPIC_API_KEY.")
        } else {
            ""
        };
        format!("❌ {head}{hint}")
    }

    /// A run that ended without a result.
    pub(in super::super) fn no_result(self, exit: &Exit, heard: bool) -> String {
        let mut text = self.exit_head(exit, heard);
        let stderr = quote(&exit.stderr);
        if stderr.contains("root/sudo") {
            text.push_str(self.pick(
                "\nClaude refuses to skip permissions as root: run pigent as another user, or set PIGENT_PERMISSIONS=ask, or IS_SANDBOX=1 if this is a sandbox.",
                "\nClaude überspringt Rückfragen nicht als root: lass pigent unter einem anderen Benutzer laufen, oder setze PIGENT_PERMISSIONS=ask, oder IS_SANDBOX=1, wenn das eine Sandbox ist.",
            ));
        }
        if !stderr.is_empty() {
            text.push_str(&format!("\n\n{stderr}"));
        }
        text
    }

    fn exit_head(self, exit: &Exit, heard: bool) -> String {
        if exit.out_of_memory {
            return self.say(
                "❌ Out of memory: the system ended the agent. Close other programs, add swap, or give it less to do.",
                "❌ Zu wenig Speicher (out of memory): das System hat den Agenten beendet. Beende andere Programme, gib mehr Swap, oder gib ihm weniger zu tun.",
            );
        }
        if exit.killed_by_other {
            return self.say(
                "❌ The agent was killed (SIGKILL): probably out of memory. Close other programs, add swap, or give it less to do.",
                "❌ Der Agent wurde abgeschossen (SIGKILL): vermutlich zu wenig Speicher (out of memory). Beende andere Programme, gib mehr Swap, oder gib ihm weniger zu tun.",
            );
        }
        let how = match (exit.signal, exit.code) {
            (Some(KILL), _) => "SIGKILL".to_owned(),
            (Some(signal), _) => format!("{} {signal}", self.pick("signal", "Signal")),
            (None, code) => {
                format!("{} {}", self.pick("exit code", "Rückgabewert"), code.unwrap_or(-1))
            }
        };
        let what = match heard {
            true => self.pick("The agent ended without a result", "Der Agent endete ohne Ergebnis"),
            false => self.pick(
                "The agent ended before it said anything",
                "Der Agent endete, bevor er irgendetwas sagte",
            ),
        };
        format!("❌ {what} ({how}).")
    }

    /// A run that could not begin.
    pub(in super::super) fn start_failed(self, why: &StartError) -> String {
        let text = match why {
            StartError::NotFound { program } => format!(
                "«{program}» {}",
                self.pick(
                    "was not found. Install Claude Code, or set CLAUDE_PATH to it.",
                    "wurde nicht gefunden. Installiere Claude Code, oder setze CLAUDE_PATH darauf.",
                )
            ),
            StartError::NotExecutable { program } => format!(
                "«{program}» {}",
                self.pick("may not be executed: chmod +x it.", "darf nicht ausgeführt werden: chmod +x.")
            ),
            StartError::WrongFormat { program } => format!(
                "«{program}» {}",
                self.pick(
                    "is not a program for this system. Install the build for it, or set CLAUDE_PATH to another.",
                    "ist kein Programm für dieses System. Installiere das passende, oder setze CLAUDE_PATH auf ein anderes.",
                )
            ),
            StartError::ThirtyTwoBit { program, found, kernel64 } => {
                self.thirty_two_bit(program, *found, *kernel64)
            }
            StartError::Folder { why } => format!(
                "{} {why}",
                self.pick("The project folder cannot be entered:", "Der Projektordner ist nicht zugänglich:")
            ),
            StartError::Other { why } => why.clone(),
        };
        format!(
            "❌ {} {text}",
            self.pick("The agent could not start:", "Der Agent konnte nicht starten:")
        )
    }

    fn thirty_two_bit(self, program: &str, found: bool, kernel64: bool) -> String {
        let what = match found {
            true => self.pick("is for another machine.", "ist für eine andere Maschine."),
            false => self.pick("was not found.", "wurde nicht gefunden."),
        };
        let why = self.pick(
            "This is a 32-bit ARM system, and Claude Code has no build for it. What works: a 64-bit system",
            "Das ist ein 32-Bit-ARM-System, und dafür gibt es Claude Code nicht. Was geht: ein 64-Bit-System",
        );
        let kernel = match kernel64 {
            true => self.pick(
                " (the board can: its kernel is 64-bit already)",
                " (das Board kann es: sein Kernel ist schon 64-bittig)",
            ),
            false => "",
        };
        let others = self.pick(
            "; Claude Code on another machine, with CLAUDE_PATH set to a script that runs it over ssh; or another agent program in CLAUDE_PATH (docs/boards.md shows how).",
            "; Claude Code auf einer anderen Maschine, mit einem Skript in CLAUDE_PATH, das ihn über ssh startet; oder ein anderes Agentenprogramm in CLAUDE_PATH (docs/boards.md zeigt, wie).",
        );
        format!("«{program}» {what} {why}{kernel}{others}")
    }

    // What the model is told. In English: it is part of the protocol with the agent.

    pub(in super::super) fn ask_too_large(self) -> String {
        "The input is too large to be shown for approval (over 8 KiB). Use smaller steps.".into()
    }

    pub(in super::super) fn ask_too_many(self) -> String {
        "Too many requests wait for the user already. Ask one at a time.".into()
    }

    pub(in super::super) fn user_said_no(self) -> String {
        "The user said no.".into()
    }

    pub(in super::super) fn nobody_answered(self) -> String {
        "Nobody answered in time.".into()
    }
}
