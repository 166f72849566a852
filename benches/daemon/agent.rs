//! The agent of the benchmark: speaks just enough stream-json, and notes when it does what.
//!
//! The prompt `event` prints a tool call after a pause that no throttle outlasts, then a result;
//! `hang` waits for the interrupt. Each stamp is a line `NAME NANOSECONDS` in a file.

use super::closet::now;
use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

/// Edits of a view are 3 s apart.
const QUIET: Duration = Duration::from_millis(3500);
/// The result is an event of its own.
const PAUSE: Duration = Duration::from_millis(300);

pub fn main(stamps: &Path) {
    for line in io::stdin().lock().lines() {
        let at = now();
        let Ok(line) = line else { return };
        if line.contains("\"interrupt\"") {
            note(stamps, "interrupt", at);
            say(
                r#"{"type":"control_response","response":{"subtype":"success","request_id":"pigent-1"}}"#,
            );
            result("stopped");
        } else if line.contains("\"hang\"") {
            say(&init());
            say(&tool_call("sleep infinity"));
        } else if line.contains("\"event\"") {
            say(&init());
            event(stamps);
        }
    }
}

fn event(stamps: &Path) {
    std::thread::sleep(QUIET);
    let at = now();
    say(&tool_call(&format!("echo {at}")));
    note(stamps, "event", at);
    std::thread::sleep(PAUSE);
    let at = now();
    result(&at.to_string());
    note(stamps, "result", at);
}

fn init() -> String {
    format!(
        r#"{{"type":"system","subtype":"init","cwd":"/","{SESSION},"tools":["Bash"],"model":"bench","permissionMode":"bypassPermissions"}}"#
    )
}

fn tool_call(command: &str) -> String {
    format!(
        r#"{{"type":"assistant","message":{{"id":"m1","type":"message","role":"assistant","model":"bench","content":[{{"type":"tool_use","id":"t{}","name":"Bash","input":{{"command":"{command}"}}}}]}},"parent_tool_use_id":null,"{SESSION}}}"#,
        now()
    )
}

fn result(text: &str) {
    say(&format!(
        r#"{{"is_error":false,"duration_ms":1,"num_turns":1,"result":"{text}","{SESSION},"total_cost_usd":0,"subtype":"success","type":"result"}}"#
    ));
}

const SESSION: &str = r#"session_id":"11111111-2222-4333-8444-555555555555""#;

fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn note(stamps: &Path, name: &str, at: i64) {
    let file = OpenOptions::new().create(true).append(true).open(stamps);
    let _ = file.and_then(|mut file| file.write_all(format!("{name} {at}\n").as_bytes()));
}
