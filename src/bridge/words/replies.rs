//! Short replies: refusals, acknowledgements, button toasts, questions.

use super::super::agent::Question;
use super::super::effect::Part;
use super::super::ids::{ChatId, UpdateId, UserId};
use super::Words;
use super::format::{duration, one_line};
use core::time::Duration;

impl Words {
    /// How an owner finds the id for the list.
    pub(in super::super) fn stranger(self, chat: ChatId, user: UserId) -> Vec<Part> {
        let head = self.pick(
            "You are not on this bot's list. If it is yours, put this into its .env and restart it:\n",
            "Du stehst nicht auf der Liste dieses Bots. Gehört er dir, schreibe das in seine .env und starte ihn neu:\n",
        );
        let ids = match self.0 {
            super::Lang::En => format!("\n(your user id is {user}, this chat is {chat})"),
            super::Lang::De => {
                format!("\n(deine Benutzernummer ist {user}, dieser Chat ist {chat})")
            }
        };
        vec![
            Part::Plain(head.to_owned()),
            Part::Code(format!("TELEGRAM_ALLOWED_CHAT_IDS={chat}")),
            Part::Plain(ids),
        ]
    }

    pub(in super::super) fn not_text(self, kind: &str) -> String {
        match self.0 {
            super::Lang::En => format!("I can only take text; this {kind} was not passed on."),
            super::Lang::De => {
                format!("Ich kann nur Text annehmen; das hier ({kind}) wurde nicht weitergegeben.")
            }
        }
    }

    pub(in super::super) fn blank_prompt(self) -> String {
        self.say("That message is blank: nothing to do.", "Die Nachricht ist leer: nichts zu tun.")
    }

    pub(in super::super) fn queue_full(self, most: usize) -> String {
        match self.0 {
            super::Lang::En => format!(
                "The queue is full ({most} waiting): this prompt was not taken. Send it again when one is done, or make room with /queue."
            ),
            super::Lang::De => format!(
                "Die Warteschlange ist voll ({most}): der Auftrag wurde nicht angenommen. Schick ihn wieder, wenn einer fertig ist, oder schaffe Platz mit /queue."
            ),
        }
    }

    pub(in super::super) fn not_taken(self, count: usize) -> String {
        match self.0 {
            super::Lang::En => format!(
                "Too many prompts at once: of the last ones here {count} were not taken. /queue shows what waits; send the others again later."
            ),
            super::Lang::De => format!(
                "Zu viele Aufträge auf einmal: von den letzten hier wurden {count} nicht angenommen. /queue zeigt, was wartet; schick die anderen später wieder."
            ),
        }
    }

    pub(in super::super) fn too_many_posts(self, waiting: usize) -> String {
        match self.0 {
            super::Lang::En => format!(
                "{waiting} answers wait for Telegram to take them: this prompt was not taken. Send it again when some have arrived."
            ),
            super::Lang::De => format!(
                "{waiting} Antworten warten darauf, dass Telegram sie annimmt: der Auftrag wurde nicht angenommen. Schick ihn wieder, wenn einige angekommen sind."
            ),
        }
    }

    pub(in super::super) fn too_many(self, limit: u32, wait: Duration) -> String {
        // Rounded up to minutes: "in 0 s" would be refused again.
        let wait = duration(Duration::from_secs(wait.as_secs().div_ceil(60).max(1) * 60));
        match self.0 {
            super::Lang::En => format!(
                "That is more than {limit} prompts an hour: this one was not taken. Try again in {wait}."
            ),
            super::Lang::De => format!(
                "Das sind mehr als {limit} Aufträge in der Stunde: dieser wurde nicht angenommen. Versuch es in {wait} wieder."
            ),
        }
    }

    pub(in super::super) fn disk_refusal(self, why: &str) -> String {
        match self.0 {
            super::Lang::En => format!(
                "The disk does not take anything ({why}): this prompt was not taken, since a power cut would lose it. Make room or repair it, then send the prompt again."
            ),
            super::Lang::De => format!(
                "Die disk (der Speicher) nimmt nichts an ({why}): der Auftrag wurde nicht angenommen, denn ein Stromausfall würde ihn verlieren. Schaffe Platz oder repariere sie und schick ihn dann wieder."
            ),
        }
    }

    pub(in super::super) fn set_aside(self, update: UpdateId, why: &str) -> String {
        match self.0 {
            super::Lang::En => format!(
                "Something from Telegram could not be read and was set aside (update {update}: {why}). If you miss an answer, write it again in other words."
            ),
            super::Lang::De => format!(
                "Etwas von Telegram war nicht zu lesen und wurde beiseitegelegt (Update {update}: {why}). Fehlt dir eine Antwort, schreib es noch einmal mit anderen Worten."
            ),
        }
    }

    pub(in super::super) fn queued(self, place: usize) -> String {
        match self.0 {
            super::Lang::En => {
                format!("Queued at place {place}. /queue shows and drops what waits.")
            }
            super::Lang::De => {
                format!("Wartet auf Platz {place}. /queue zeigt und verwirft, was wartet.")
            }
        }
    }

    pub(in super::super) fn edit_taken(self, place: usize) -> String {
        match self.0 {
            super::Lang::En => {
                format!("Changed: the prompt at place {place} is the edited one now.")
            }
            super::Lang::De => {
                format!("Geändert: der Auftrag auf Platz {place} ist jetzt der neue.")
            }
        }
    }

    pub(in super::super) fn edit_too_late(self) -> String {
        self.say(
            "An edit changes only a prompt that still waits. Send a new message instead.",
            "Eine Änderung wirkt nur auf einen Auftrag, der noch wartet. Schick stattdessen eine neue Nachricht.",
        )
    }

    pub(in super::super) fn edit_not_taken(self) -> String {
        self.say(
            "The edit was not taken (blank, a command, or the disk does not take it): the old text stays.",
            "Die Änderung wurde nicht angenommen (leer, ein Befehl, oder die disk nimmt sie nicht): der alte Text bleibt.",
        )
    }

    pub(in super::super) fn agent_usage(self) -> String {
        self.say(
            "Write the command behind it, with its slash: /claude /compact",
            "Schreib den Befehl dahinter, mit Schrägstrich: /claude /compact",
        )
    }

    pub(in super::super) fn new_conversation(self, busy: bool) -> String {
        if busy {
            self.say(
                "Prompts from now on start a fresh conversation; what runs or waits goes on in the old one.",
                "Aufträge ab jetzt beginnen ein neues Gespräch; was läuft oder wartet, geht im alten weiter.",
            )
        } else {
            self.say(
                "The next prompt starts a fresh conversation.",
                "Der nächste Auftrag beginnt ein neues Gespräch.",
            )
        }
    }

    pub(in super::super) fn cancelling(self, runs: bool, dropped: Option<usize>) -> String {
        let mut text = if runs {
            self.say("Stopping …", "Wird angehalten …")
        } else {
            self.say("Nothing is running.", "Es läuft nichts.")
        };
        if let Some(dropped) = dropped {
            let what = self.pick("waiting prompts dropped:", "wartende Aufträge verworfen:");
            text.push_str(&format!("\n{what} {dropped}"));
        }
        text
    }

    pub(in super::super) fn dropped(self, count: usize, by_button: bool) -> String {
        let by = match by_button {
            true => self.pick("the button", "den Taster"),
            false => "/cancel all",
        };
        match self.0 {
            super::Lang::En => {
                format!("Dropped by {by} before it could start: {count} waiting here.")
            }
            super::Lang::De => {
                format!("Durch {by} verworfen, bevor es beginnen konnte: {count} von hier.")
            }
        }
    }

    pub(in super::super) fn dropped_one(self) -> String {
        self.say("Dropped.", "Verworfen.")
    }

    pub(in super::super) fn expired(self) -> String {
        self.say("This button has expired.", "Dieser Knopf ist abgelaufen (expired).")
    }

    pub(in super::super) fn not_your_button(self) -> String {
        self.say("This button is for somebody else.", "Dieser Knopf ist für jemand anderen.")
    }

    pub(in super::super) fn not_now(self) -> String {
        self.say(
            "Not now: the queue is full or the disk does not take it.",
            "Jetzt nicht: die Warteschlange ist voll, oder die disk nimmt nichts an.",
        )
    }

    pub(in super::super) fn stopping(self) -> String {
        self.say("Stopping …", "Wird angehalten …")
    }

    pub(in super::super) fn noted(self) -> String {
        self.say("Noted.", "Notiert.")
    }

    pub(in super::super) fn choose_first(self) -> String {
        self.say("Choose at least one first.", "Wähle zuerst mindestens eines.")
    }

    pub(in super::super) fn running_again(self) -> String {
        self.say("Queued again.", "Wieder eingereiht.")
    }

    pub(in super::super) fn run_again(self) -> String {
        self.say("↻ Run again", "↻ Nochmal (Run again)")
    }

    pub(in super::super) fn stop_button(self) -> String {
        self.say("⏹ Stop", "⏹ Stop")
    }

    pub(in super::super) fn done_button(self) -> String {
        self.say("Done", "Fertig (Done)")
    }

    pub(in super::super) fn allow_deny(self) -> [String; 2] {
        [self.say("✅ Allow", "✅ Erlauben (Allow)"), self.say("🚫 Deny", "🚫 Ablehnen (Deny)")]
    }

    pub(in super::super) fn permit_question(
        self,
        tool: &str,
        input: &str,
        description: &str,
    ) -> Vec<Part> {
        let mut parts = vec![Part::Bold(format!("{} {tool}?\n", self.pick("Allow", "Erlauben:")))];
        parts.push(Part::Code(input.to_owned()));
        if !description.is_empty() && description != input {
            parts.push(Part::Plain(format!("\n{description}")));
        }
        parts
    }

    pub(in super::super) fn permit_settled(self, allow: bool) -> Vec<Part> {
        vec![Part::Bold(match allow {
            true => self.say("✅ Allowed: ", "✅ Erlaubt: "),
            false => self.say("🚫 Denied: ", "🚫 Abgelehnt: "),
        })]
    }

    /// What became of a permission request, with the request.
    pub(in super::super) fn with_tool(
        self,
        mut parts: Vec<Part>,
        tool: &str,
        preview: &str,
    ) -> Vec<Part> {
        parts.push(Part::Plain(format!("{tool} ")));
        parts.push(Part::Code(preview.to_owned()));
        parts
    }

    pub(in super::super) fn question(
        self,
        question: &Question,
        index: usize,
        of: usize,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        if of > 1 {
            parts.push(Part::Plain(format!("{}/{of} ", index + 1)));
        }
        if !question.header.is_empty() {
            parts.push(Part::Bold(format!("{}\n", one_line(&question.header))));
        }
        parts.push(Part::Plain(question.text.clone()));
        for choice in question.options.iter().filter(|choice| !choice.description.is_empty()) {
            parts.push(Part::Plain(format!("\n• {}: {}", choice.label, choice.description)));
        }
        parts.push(Part::Plain(self.say(
            "\n(or reply to this message with your own words)",
            "\n(oder antworte auf diese Nachricht mit eigenen Worten)",
        )));
        parts
    }

    pub(in super::super) fn question_settled(self, answers: &[(String, Vec<String>)]) -> Vec<Part> {
        let mut parts = Vec::new();
        for (question, answer) in answers {
            let gap = if parts.is_empty() { "" } else { "\n" };
            parts.push(Part::Plain(format!("{gap}{question}\n→ ")));
            parts.push(Part::Bold(answer.join(", ")));
        }
        parts
    }

    pub(in super::super) fn ask_withdrawn(self) -> String {
        self.say("This question is over.", "Diese Frage hat sich erledigt.")
    }

    pub(in super::super) fn ask_expired(self) -> String {
        self.say(
            "Nobody answered in time: declined. ",
            "Niemand hat rechtzeitig geantwortet: abgelehnt. ",
        )
    }
}
