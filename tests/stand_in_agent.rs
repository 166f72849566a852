//! The stand-in agent, as the real child process that the engine starts.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

const FLAGS: [&str; 7] = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
];

/// A running agent. Dropping it ends it.
struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Agent {
    fn start(more: &[&str], env: &[(&str, &str)]) -> Agent {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pigent"))
            .arg("stand-in-agent")
            .args(FLAGS)
            .args(more)
            .env("STAND_IN_PACE", "0")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Agent { child, stdin, stdout }
    }

    fn asked(prompt: &str) -> Agent {
        let mut agent = Agent::start(&["--permission-prompt-tool", "stdio"], &[]);
        agent.prompt(prompt);
        agent
    }

    fn write(&mut self, line: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn prompt(&mut self, text: &str) {
        self.write(&json!({ "type": "user", "client_composed": true, "session_id": "",
            "message": { "role": "user", "content": text }, "parent_tool_use_id": null }));
    }

    fn interrupt(&mut self) {
        self.write(&json!({ "type": "control_request", "request_id": "stop-1",
            "request": { "subtype": "interrupt" } }));
    }

    fn answer(&mut self, request: &Value, response: &Value) {
        self.write(&json!({ "type": "control_response", "response": { "subtype": "success",
            "request_id": request["request_id"], "response": response } }));
    }

    /// The next line; `None` at the end of the output.
    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        (self.stdout.read_line(&mut line).unwrap() > 0)
            .then(|| serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}")))
    }

    /// Reads up to the first line of this type and gives it.
    fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = self.line().unwrap_or_else(|| panic!("no line of type {kind}"));
            if line["type"] == kind {
                return line;
            }
        }
    }

    /// Closes stdin and waits for the end: status and stderr.
    fn end(&mut self) -> (ExitStatus, String) {
        self.stdin = None;
        while self.line().is_some() {}
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap(), stderr)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer to one prompt.
fn answer_to(prompt: &str) -> String {
    let result = Agent::asked(prompt).until("result");
    result["result"].as_str().unwrap().to_owned()
}

#[test]
fn an_echo_is_streamed_confirmed_and_the_result() {
    let text = "hello \u{2028} wörld 😀 ".repeat(9);
    let mut agent = Agent::asked(&format!("echo {text}"));
    let session = agent.until("system")["session_id"].clone();
    let mut streamed = String::new();
    let whole = loop {
        let line = agent.line().unwrap();
        assert_eq!(line["session_id"], session);
        match line["type"].as_str().unwrap() {
            "assistant" => break line,
            _ => streamed.push_str(line["event"]["delta"]["text"].as_str().unwrap_or_default()),
        }
    };
    assert_eq!(
        (streamed.as_str(), &whole["message"]["content"][0]["text"]),
        (&*text, &json!(text))
    );
    assert_eq!(agent.until("result")["result"], text);
    assert!(agent.end().0.success());
}

#[test]
fn it_idles_after_a_result_and_takes_another_prompt() {
    let mut agent = Agent::asked("echo one");
    agent.until("result");
    agent.prompt("echo two");
    assert_eq!(agent.until("system")["subtype"], "init");
    let result = agent.until("result");
    assert_eq!((&result["result"], &result["result_index"]), (&json!("two"), &json!(1)));
}

#[test]
fn an_interrupt_is_answered_and_aborts_the_turn() {
    let mut agent = Agent::asked("hang");
    agent.until("assistant");
    agent.interrupt();
    assert_eq!(agent.until("control_response")["response"]["request_id"], "stop-1");
    let result = agent.until("result");
    assert_eq!(result["subtype"], "error_during_execution");
    assert_eq!(
        (&result["is_error"], &result["terminal_reason"]),
        (&json!(true), &json!("aborted_tools"))
    );
    agent.prompt("echo still here");
    assert_eq!(agent.until("result")["result"], "still here");
}

#[test]
fn a_recorded_run_is_played_under_the_session_that_is_resumed() {
    let id = "0123abcd-0000-4000-8000-0123456789ab";
    let mut agent = Agent::start(&["--resume", id], &[]);
    agent.prompt("please fix the notes");
    let result = agent.until("result");
    assert_eq!((&result["session_id"], &result["is_error"]), (&json!(id), &json!(false)));
    assert!(agent.end().0.success());
}

#[test]
fn an_unknown_session_is_refused_before_any_init() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = folder.path().to_str().unwrap();
    let mut agent = Agent::start(&["--resume", "nonsense"], &[("STAND_IN_SESSIONS", sessions)]);
    let only = agent.line().unwrap();
    assert_eq!((&only["type"], &only["num_turns"]), (&json!("result"), &json!(0)));
    let (status, stderr) = agent.end();
    assert!(status.code() == Some(1) && stderr.contains("does not match any session title"));
    let mut first = Agent::start(&[], &[("STAND_IN_SESSIONS", sessions)]);
    first.prompt("echo x");
    let id = first.until("result")["session_id"].as_str().unwrap().to_owned();
    let mut again = Agent::start(&["--resume", &id], &[("STAND_IN_SESSIONS", sessions)]);
    again.prompt("session");
    assert_eq!(again.until("result")["result"], format!("session {id} is resumed"));
}

#[test]
fn a_permission_is_asked_for_and_obeyed() {
    let allow = json!({ "behavior": "allow" });
    let deny = json!({ "behavior": "deny", "message": "not today" });
    for (answer, expect) in [(allow, "ran rm x"), (deny, "denied: not today")] {
        let mut agent = Agent::asked("ask: rm x");
        let request = agent.until("control_request");
        assert_eq!(request["request"]["input"]["command"], "rm x");
        agent.answer(&request, &answer);
        assert_eq!(agent.until("result")["result"], expect);
    }
}

#[test]
fn an_interrupt_withdraws_an_open_question() {
    let mut agent = Agent::asked("question");
    let request = agent.until("control_request");
    agent.interrupt();
    let withdrawn = agent.until("control_cancel_request");
    assert_eq!(withdrawn["request_id"], request["request_id"]);
    agent.until("result");
}

#[test]
fn questions_must_come_back_whole_with_their_answers() {
    let mut agent = Agent::asked("questions");
    let request = agent.until("control_request");
    let mut input = request["request"]["input"].clone();
    assert_eq!(input["questions"].as_array().unwrap().len(), 2);
    input["answers"] = json!({ "Which colour do you want?": "Blue" });
    agent.answer(&request, &json!({ "behavior": "allow", "updatedInput": input }));
    let expect = "answers: {\"Which colour do you want?\":\"Blue\"}";
    assert_eq!(agent.until("result")["result"], expect);
}

#[test]
fn bad_ends_are_told_apart() {
    let (status, stderr) = Agent::asked("crash").end();
    assert!(status.code() == Some(3) && stderr.contains("asked to crash"));
    assert_eq!(Agent::asked("exit 7").end().0.code(), Some(7));
    assert_eq!(Agent::asked("die").end().0.code(), None);
    let mut agent = Agent::asked("error: no luck");
    assert_eq!(agent.until("result")["is_error"], true);
    assert_eq!(agent.end().0.code(), Some(1));
    let (status, stderr) = Agent::start(&["--no-such-flag"], &[]).end();
    assert_eq!((status.code(), stderr.trim()), (Some(1), "error: unknown option '--no-such-flag'"));
    let mut agent = Agent::start(&[], &[]);
    agent.stdin.as_mut().unwrap().write_all(b"not json\n").unwrap();
    assert!(agent.end().1.contains("Error parsing streaming input line"));
}

#[test]
fn work_can_go_on_after_the_result() {
    let mut agent = Agent::asked("background 0.1");
    assert_eq!(agent.until("result")["result"], "It runs in the background.");
    let changed = agent.until("system");
    assert_eq!(changed["subtype"], "task_notification");
    let result = agent.until("result");
    assert_eq!(result["origin"]["kind"], "task-notification");
    let mut agent = Agent::asked("two results");
    agent.until("result");
    assert_eq!(agent.until("result")["result"], "second result");
}

#[test]
fn every_start_is_written_down_with_its_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let env = [("STAND_IN_LOG", log.to_str().unwrap()), ("PIGENT_RUN_ID", "run-1")];
    let mut agent = Agent::start(&[], &env);
    agent.prompt("echo a\nb");
    agent.until("result");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "start run-1 - \"echo a\\nb\"\n");
}

#[test]
fn slashes_are_commands_only_if_meant_as_such() {
    assert_eq!(answer_to("echo /compact"), "/compact");
    let mut agent = Agent::start(&[], &[]);
    agent.write(&json!({ "type": "user", "message": { "role": "user", "content": "/compact" } }));
    assert_eq!(agent.until("result")["result"], "ran /compact");
    let mut agent = Agent::start(&[], &[]);
    agent.prompt("/compact");
    assert_ne!(agent.until("result")["result"], "ran /compact");
}

#[test]
fn children_have_sessions_of_their_own_and_catch_what_should_end_them() {
    let mut agent = Agent::asked("tree");
    let text = loop {
        let line = agent.until("assistant");
        if let Some(text) = line["message"]["content"][0]["text"].as_str() {
            break text.to_owned();
        }
    };
    let pids: Vec<&str> = text.trim_start_matches("children: ").split(' ').collect();
    assert_eq!(pids.len(), 2);
    for pid in pids {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        assert_eq!(stat.rsplit(')').next().unwrap().split_whitespace().nth(3), Some(pid));
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        // SIGHUP, SIGINT, SIGTERM.
        assert!([1, 2, 15].iter().all(|signal| caught >> (signal - 1) & 1 == 1), "{caught:x}");
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}
