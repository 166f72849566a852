//! What the demo prints: the chat line by line, and the lamps.
//!
//! Works in a pipe as well. On a terminal there are colours, and the lamps blink in front of the
//! prompt; elsewhere a lamp is mentioned when it lights for the first time since the last prompt.

use crate::emulator::{Message, Server, SimPanel, World};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Lines of one message that are shown.
const LINES: usize = 14;
/// How often the followers look whether they should end.
const SLICE: Duration = Duration::from_millis(100);
/// Lamps and their colours.
const LAMPS: [(&str, &str); 3] = [("idle", "32"), ("busy", "33"), ("error", "31")];

/// The terminal, or what stands for it.
pub(super) struct Screen {
    colours: bool,
    /// A prompt is shown, with the lamps in front of it.
    prompts: bool,
    /// One writer at a time; with the lamps that are lit.
    out: Mutex<Vec<String>>,
    /// Lamps that were mentioned since the last prompt.
    mentioned: Mutex<BTreeSet<String>>,
    /// How many versions of each message were printed.
    shown: Mutex<BTreeMap<i64, usize>>,
    turn: Mutex<()>,
}

impl Screen {
    /// The standard output; `talks` if there is a user who types.
    pub fn new(talks: bool) -> Screen {
        let terminal = io::stdout().is_terminal();
        Screen {
            colours: terminal && env::var_os("NO_COLOR").is_none(),
            prompts: terminal && talks,
            out: Mutex::default(),
            mentioned: Mutex::default(),
            shown: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Prints a line as it is, and the prompt again below it.
    pub fn line(&self, text: &str) {
        let lit = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        if self.prompts {
            let _ = write!(out, "\r\x1b[2K");
        }
        let _ = writeln!(out, "{text}");
        if self.prompts {
            let _ = write!(out, "{} > ", self.lamps(&lit));
        }
        let _ = out.flush();
    }

    /// A new prompt: lamps are worth mentioning again.
    pub fn fresh(&self) {
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Prints what is new in the chat, until it is over.
    pub fn follow_chat(&self, server: &Server, chat: i64, over: &AtomicBool) {
        while !over.load(Ordering::SeqCst) {
            server.wait(SLICE, |world| (!self.news(world, chat).is_empty()).then_some(()));
            self.catch_up(server, chat);
        }
    }

    /// Prints what is new in the chat and was not printed yet.
    pub fn catch_up(&self, server: &Server, chat: i64) {
        // Held until all is printed: whoever comes second finds nothing left to do.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        for message in server.look(|world| self.news(world, chat)) {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            let known = shown.insert(message.id, message.versions.len()).is_some();
            drop(shown);
            self.message(&message, known);
        }
    }

    fn news(&self, world: &World, chat: i64) -> Vec<Message> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |message: &&Message| {
            shown.get(&message.id).is_none_or(|count| *count < message.versions.len())
        };
        world.messages(chat).into_iter().filter(is_new).cloned().collect()
    }

    /// Shows the lamps, until it is over.
    pub fn follow_lamps(&self, panel: &SimPanel, over: &AtomicBool) {
        let mut count = 0;
        while !over.load(Ordering::SeqCst) {
            if panel.wait(SLICE, |seen| (seen.len() > count).then_some(())).is_none() {
                continue;
            }
            count = panel.count();
            let lit = panel.lit();
            if self.prompts {
                self.blink(lit);
                continue;
            }
            for lamp in lit {
                let mut mentioned = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
                if mentioned.insert(lamp.clone()) {
                    drop(mentioned);
                    self.line(&format!("  lamp  {lamp}"));
                }
            }
        }
    }

    fn message(&self, message: &Message, edited: bool) {
        let (who, colour) = match (message.by_bot, edited) {
            (false, _) => ("   you", "36"),
            (true, false) => ("pigent", "1"),
            (true, true) => ("edited", "2"),
        };
        let mut text = message.text().to_owned();
        if let Some((name, bytes)) = &message.document {
            text = format!("[{name}, {} bytes] {text}", bytes.len());
        }
        let total = text.lines().count();
        let mut head = self.coloured(colour, who);
        for line in text.lines().take(LINES) {
            self.line(&format!("{head}  {}", printable(line)));
            head = "      ".to_owned();
        }
        if total > LINES {
            self.line(&format!("{head}  … {} more lines", total - LINES));
        }
        let buttons: Vec<String> =
            message.labels().iter().map(|label| format!("[{}]", printable(label))).collect();
        if !buttons.is_empty() {
            self.line(&format!("        {}", buttons.join(" ")));
        }
    }

    /// Repaints the lamps in front of the prompt, and leaves what is being typed alone.
    fn blink(&self, lit: Vec<String>) {
        let mut now = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        *now = lit;
        let mut out = io::stdout().lock();
        let _ = write!(out, "\x1b7\r{}\x1b8", self.lamps(&now));
        let _ = out.flush();
    }

    fn lamps(&self, lit: &[String]) -> String {
        let one = |(name, colour): (&str, &str)| match lit.iter().any(|lamp| lamp == name) {
            true => self.coloured(colour, &format!("●{name}")),
            false => format!("○{name}"),
        };
        LAMPS.map(one).join(" ")
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{colour}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Control characters of a message do not reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2Jb\tc"), "a [2Jb c");
    }
}
