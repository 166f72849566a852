//! What is played for which prompt. The list of prompts is in the parent module's text.

use super::asking;
use super::children::{self, Outputs};
use super::input::Prompt;
use super::lines;
use super::replay;
use super::script::{self, Act};
use super::stage::{Stage, Stop};
use serde_json::json;
use std::env;
use std::process;
use std::time::Duration;

/// How often `flood` writes.
const FLOOD_TICK: Duration = Duration::from_millis(10);

/// Plays one turn.
pub(super) fn play(stage: &mut Stage, prompt: &Prompt) -> Result<(), Stop> {
    let act = match prompt.text.starts_with('/') && !prompt.literal {
        true => Act::Slash(prompt.text.clone()),
        false => script::parse(&prompt.text),
    };
    match act {
        Act::Recorded(name) => {
            return replay::find(name).map_or(Ok(()), |recording| replay::play(stage, &recording));
        }
        Act::Silent { hard } => {
            if hard {
                stage.be_deaf();
            }
            return stage.hang();
        }
        Act::Exit(code) => {
            eprintln!("the stand-in was asked to exit with {code}");
            process::exit(code);
        }
        _ => stage.begin(),
    }
    match act {
        Act::Work(time) => work(stage, time),
        Act::Hang { hard } => hang(stage, hard),
        Act::Tree { bare } => tree(stage, bare),
        Act::Ask { command, even_in_bypass } => asking::ask(stage, &command, even_in_bypass),
        Act::Question(which) => asking::question(stage, &which),
        Act::Background(time) => background(stage, time),
        Act::Flood(bytes) => flood(stage, bytes),
        Act::Retry => retry(stage),
        quick => {
            play_quick(stage, quick);
            Ok(())
        }
    }
}

/// Turns that never wait.
fn play_quick(stage: &mut Stage, act: Act) {
    match act {
        Act::Say(text) => stage.done(&text),
        Act::Survivor { holds_stdout: false } => survivor(stage, "plain", Outputs::Null),
        Act::Survivor { holds_stdout: true } => survivor(stage, "quiet", Outputs::Stdout),
        Act::Fail(why) => error(stage, &why),
        Act::Crash => {
            stage.say("Something is wrong.");
            eprintln!("the stand-in was asked to crash");
            process::exit(3);
        }
        Act::Die => children::die(),
        Act::TwoResults => two_results(stage),
        Act::Long(bytes) => stage.done(&markdown(bytes)),
        Act::Image(bytes) => image(stage, bytes),
        Act::Withdrawn => withdrawn(stage),
        Act::Garbage => {
            lines::print("{\"type\":\"assistant\",\"message\":{\"content\":[}");
            stage.done("That line was broken.");
        }
        Act::Slash(text) => slash(stage, &text),
        Act::About(what) => stage.done(&about(stage, &what)),
        _ => stage.finish(Some(String::new()), Vec::new(), false, "completed", false),
    }
}

/// One of its own slash commands.
fn slash(stage: &mut Stage, text: &str) {
    let answer = format!("ran {text}");
    let block = lines::text_block(&answer);
    lines::print(&lines::assistant(&stage.session, "local", "<synthetic>", &block));
    stage.finish(Some(answer), Vec::new(), false, "completed", false);
}

fn work(stage: &mut Stage, time: Duration) -> Result<(), Stop> {
    let seconds = time.as_secs_f64();
    let command = format!("sleep {seconds}");
    let call = stage.call("Bash", &json!({ "command": command, "description": "Work" }));
    stage.pause(time)?;
    stage.tool_result(&call, "(Bash completed with no output)", false);
    stage.done(&format!("Worked for {seconds} s."));
    Ok(())
}

fn hang(stage: &mut Stage, hard: bool) -> Result<(), Stop> {
    if hard {
        stage.be_deaf();
    }
    stage.call("Bash", &json!({ "command": "sleep infinity", "description": "Wait for ever" }));
    stage.hang()
}

fn tree(stage: &mut Stage, bare: bool) -> Result<(), Stop> {
    stage.call("Bash", &json!({ "command": "make -j2", "description": "Start two children" }));
    let stubborn = children::start("stubborn", bare, Outputs::Stderr).unwrap_or(0);
    let orphan = children::start("orphan", bare, Outputs::Stderr).unwrap_or(0);
    stage.say(&format!("children: {stubborn} {orphan}"));
    stage.hang()
}

fn survivor(stage: &mut Stage, role: &str, outputs: Outputs) {
    let call = stage.call("Bash", &json!({ "command": "nohup server &" }));
    let pid = children::start(role, false, outputs).unwrap_or(0);
    stage.tool_result(&call, "", false);
    stage.done(&format!("left running: {pid}"));
}

/// API failures are results with `subtype: "success"` (STREAM.md section 3).
fn error(stage: &mut Stage, why: &str) {
    let block = lines::text_block(why);
    lines::print(&lines::assistant(&stage.session, "failed", "<synthetic>", &block));
    stage.finish(Some(why.to_owned()), Vec::new(), true, "api_error", false);
}

fn two_results(stage: &mut Stage) {
    stage.done("first result");
    stage.begin();
    stage.say("second result");
    stage.finish(Some("second result".to_owned()), Vec::new(), false, "completed", true);
}

/// The result comes at once, the process stays until the task is over and reports.
fn background(stage: &mut Stage, time: Duration) -> Result<(), Stop> {
    let about = "Work in the background";
    let call = stage.call("Bash", &json!({ "command": "make all", "run_in_background": true }));
    let task = json!({ "task_id": "b1", "task_type": "local_bash", "description": about });
    stage.system("background_tasks_changed", json!({ "tasks": [task] }));
    stage.tool_result(&call, "Command running in background with ID: b1.", false);
    stage.done("It runs in the background.");
    stage.pause(time)?;
    stage.system(
        "task_notification",
        json!({ "task_id": "b1", "status": "completed", "summary": about }),
    );
    stage.system("background_tasks_changed", json!({ "tasks": [] }));
    stage.begin();
    stage.say("The background work is done.");
    let text = Some("The background work is done.".to_owned());
    stage.finish(text, Vec::new(), false, "completed", true);
    Ok(())
}

/// One line of so many bytes, as a picture gives.
fn image(stage: &mut Stage, bytes: usize) {
    let call = stage.call("Read", &json!({ "file_path": "picture.png" }));
    let data = "iVBORw0KGgoAAAANSUhEUgAA".repeat(bytes / 48 + 1);
    let source = json!({ "type": "base64", "media_type": "image/png", "data": data });
    let block = json!({ "tool_use_id": call, "type": "tool_result",
        "content": [{ "type": "image", "source": source }] });
    let result = json!({ "type": "image", "file": { "base64": data, "type": "image/png" } });
    lines::print(&lines::user(&stage.session, &block, &result));
    stage.done("I have seen it.");
}

/// So many bytes of partial text a second, until it is stopped.
fn flood(stage: &mut Stage, bytes: usize) -> Result<(), Stop> {
    let message = stage.next_message();
    stage.stream(&message, "");
    let piece = "All work and no play makes Claude a dull agent. ".repeat(20);
    let share = (bytes / 100).max(1);
    loop {
        let mut written = 0;
        while written < share {
            stage.delta(&message, &piece);
            written += piece.len();
        }
        stage.pause(FLOOD_TICK)?;
    }
}

fn retry(stage: &mut Stage) -> Result<(), Stop> {
    for attempt in 1..=2 {
        let delay = 300 * attempt;
        stage.system(
            "api_retry",
            json!({ "attempt": attempt, "max_retries": 10, "retry_delay_ms": delay,
                "error_status": 529, "error": "overloaded" }),
        );
        stage.pause(Duration::from_millis(delay))?;
    }
    stage.done("It worked the third time.");
    Ok(())
}

/// A message that breaks off in the middle, and its second try under another id.
fn withdrawn(stage: &mut Stage) {
    let message = stage.next_message();
    stage.stream(&message, "this text is thrown away");
    stage.close(&message);
    stage.done("this text stays");
}

fn about(stage: &Stage, what: &str) -> String {
    match what {
        "env" => {
            let mut names: Vec<String> =
                env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
            names.sort();
            names.join("\n")
        }
        "argv" => stage.flags.all.join("\n"),
        "cwd" => env::current_dir().unwrap_or_default().to_string_lossy().into_owned(),
        _ => {
            let how = if stage.flags.resume.is_some() { "resumed" } else { "new" };
            format!("session {} is {how}", stage.session)
        }
    }
}

/// Markdown of so many bytes, with everything in it that is hard to cut.
fn markdown(bytes: usize) -> String {
    let mut text = String::new();
    let mut nth = 0;
    while text.len() < bytes {
        nth += 1;
        text.push_str(&format!(
            "## Part {nth}\n\nSome *text* with `code`, **bold** and a [link](https://example.org/).\
             \n\n- one\n- two 😀\n\n```rust\nfn part_{nth}() -> &'static str {{\n    \"<&>\"\n}}\n\
             ```\n\n"
        ));
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_have_the_length_that_was_asked_for() {
        let text = markdown(50 * 1024);
        assert!((50 * 1024 - 4..=50 * 1024).contains(&text.len()));
    }
}
