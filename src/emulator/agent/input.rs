//! What reaches the agent: lines on stdin and signals, as one stream of events.

use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, BufRead};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// A user message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// Its text.
    pub text: String,
    /// The text is only text: no slash command.
    pub literal: bool,
}

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Prompt(Prompt),
    /// Stop the turn; the id to be answered.
    Interrupt(String),
    /// Any other control request: id and subtype.
    Unsupported(String, String),
    /// The answer to a request of ours: its id, and the answer if it is a proper one.
    Answer(String, Option<Value>),
    /// SIGINT.
    Signal,
    /// stdin is at its end.
    End,
}

/// Starts to listen. While `deaf` is set, signals do nothing.
pub(super) fn listen(deaf: &Arc<AtomicBool>) -> Receiver<Event> {
    let (sender, receiver) = channel();
    let signals = sender.clone();
    let deaf = Arc::clone(deaf);
    thread::spawn(move || read_stdin(&sender));
    if let Ok(mut caught) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        thread::spawn(move || {
            for signal in caught.forever() {
                match signal {
                    _ if deaf.load(Ordering::SeqCst) => {}
                    SIGINT => drop(signals.send(Event::Signal)),
                    other => process::exit(128 + other),
                }
            }
        });
    }
    receiver
}

fn read_stdin(sender: &Sender<Event>) {
    for line in io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { break };
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&line) else {
            let length = line.len();
            eprintln!(
                "Error parsing streaming input line (type=unknown, {length} chars): SyntaxError"
            );
            process::exit(1);
        };
        if let Some(event) = understand(&value) {
            let _ = sender.send(event);
        }
    }
    let _ = sender.send(Event::End);
}

/// One line of stdin; `None` for kinds that are ignored.
fn understand(line: &Value) -> Option<Event> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match line["type"].as_str()? {
        "user" => {
            let content = &line["message"]["content"];
            let blocks = content.as_array().into_iter().flatten();
            let joined: String = blocks.filter_map(|block| block["text"].as_str()).collect();
            let text = content.as_str().map_or(joined, str::to_owned);
            let literal = line["client_composed"].as_bool() == Some(true);
            Some(Event::Prompt(Prompt { text, literal }))
        }
        "control_request" => {
            let id = text(&line["request_id"]);
            match text(&line["request"]["subtype"]).as_str() {
                "interrupt" => Some(Event::Interrupt(id)),
                other => Some(Event::Unsupported(id, other.to_owned())),
            }
        }
        "control_response" => {
            let response = &line["response"];
            let good = response["subtype"] == "success";
            let answer = good.then(|| response["response"].clone());
            Some(Event::Answer(text(&response["request_id"]), answer))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_prompt_is_a_text_or_blocks() {
        let plain = json!({ "type": "user", "client_composed": true,
            "message": { "role": "user", "content": "/x" } });
        let prompt = Prompt { text: "/x".into(), literal: true };
        assert_eq!(understand(&plain), Some(Event::Prompt(prompt)));
        let blocks = json!({ "type": "user", "message": { "role": "user",
            "content": [{ "type": "text", "text": "a" }, { "type": "image" }] } });
        let prompt = Prompt { text: "a".into(), literal: false };
        assert_eq!(understand(&blocks), Some(Event::Prompt(prompt)));
    }

    #[test]
    fn control_lines_keep_their_ids() {
        let line = json!({ "type": "control_request", "request_id": "7",
            "request": { "subtype": "interrupt" } });
        assert_eq!(understand(&line), Some(Event::Interrupt("7".into())));
        let line = json!({ "type": "control_response",
            "response": { "subtype": "error", "request_id": "8", "error": "no" } });
        assert_eq!(understand(&line), Some(Event::Answer("8".into(), None)));
        assert_eq!(understand(&json!({ "type": "weather" })), None);
    }
}
