//! One run of the agent, with real processes: pipes, exits, and what cannot be started.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod engine_support;
use engine_support::*;
use pigent::bridge::Input;
use pigent::bridge::agent::{AgentEvent, Exit, StartError, Verdict};
use pigent::bridge::effect::{Reach, Signal, Start};
use pigent::bridge::ids::RunId;
use pigent::bridge::rules::Permissions;
use pigent::engine::{Engine, Settings};
use serde_json::Value;
use std::fs;

const RUN: RunId = RunId(1);

fn answers(events: &[AgentEvent]) -> usize {
    events.iter().filter(|event| matches!(event, AgentEvent::Result(_))).count()
}

#[test]
fn a_prompt_goes_in_and_an_answer_comes_out() {
    let bench = bench();
    let settings = bench.agent("head -n 1 > prompt; echo \"$READY\"; echo \"$RESULT\"; cat > rest");
    let prompt = format!("--version\0 \"'$(id)`\\ /clear\n{}", "ü🐦\u{2028}x".repeat(15_000));
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, &prompt));
        let result =
            |input: &Input| matches!(input, Input::Agent { event: AgentEvent::Result(_), .. });
        until(&mut engine, result).await;
        // It waits for the end of its stdin.
        engine.close_input(RUN);
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!(exit, Exit { code: Some(0), ..Exit::default() });
    });
    let line: Value = serde_json::from_str(&bench.read("prompt")).unwrap();
    assert_eq!(line["message"]["content"], prompt);
    assert_eq!(line["client_composed"], true);
    assert_eq!(bench.read("rest"), "");
}

#[test]
fn the_agent_gets_its_arguments_folder_and_environment() {
    let bench = bench();
    let script = "printf '%s\\n' \"$@\" > args; pwd > folder; env > environment; cat > stdin";
    let settings = Settings {
        args: vec!["--model".into(), "two words".into()],
        agent_env: vec!["EXTRA".into()],
        dotenv: vec![("EXTRA".into(), "42".into()), ("HIDDEN".into(), "x".into())],
        ..bench.agent(script)
    };
    run(async {
        let mut engine = Engine::new(settings);
        let resume = Some("5e55".to_owned());
        engine.start(&Start { resume, slash_command: true, ..start(9, "/compact") });
        engine.close_input(RunId(9));
        until_exit(&mut engine).await;
    });
    let args = bench.read("args");
    assert!(args.ends_with("--resume\n5e55\n--model\ntwo words\n"), "{args}");
    let folder = fs::canonicalize(bench.dir.path()).unwrap();
    assert_eq!(bench.read("folder").trim(), folder.to_str().unwrap());
    let environment = bench.read("environment");
    let has = |line: &str| environment.lines().any(|known| known == line);
    let mark = format!("PIGENT_RUN_ID={:016x}-9", instance());
    assert!(has(&mark) && has("TERM=dumb"), "{environment}");
    assert!(has("EXTRA=42") && !environment.contains("HIDDEN"), "{environment}");
    assert!(!environment.contains("CARGO"), "{environment}");
    assert!(!bench.read("stdin").contains("client_composed"));
}

#[test]
fn eight_megabytes_at_once_are_read_to_the_last_line() {
    let bench = bench();
    let many = "yes '{\"type\":\"keep_alive\",\"pad\":\"x\"}' | head -n 260000; echo \"$RESULT\"";
    let settings = bench.agent(many);
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        let (events, exit) = until_exit(&mut engine).await;
        assert!(events.len() > 260_000, "{}", events.len());
        assert_eq!(answers(&events), 1);
        assert_eq!(exit.code, Some(0));
    });
}

#[test]
fn an_agent_that_never_reads_does_not_stop_the_loop() {
    let bench = bench();
    let settings = bench.agent("echo \"$READY\"; while :; do sleep 0.1; done");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, &"x".repeat(3 << 20)));
        until_ready(&mut engine).await;
        engine.interrupt(RUN);
        engine.close_input(RUN);
        engine.signal(RUN, Signal::Kill, Reach::Agent);
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!((exit.signal, exit.killed_by_other), (Some(9), false));
    });
}

#[test]
fn an_agent_may_close_its_output_and_live_on() {
    let bench = bench();
    let settings = bench.agent("echo \"$READY\"; exec >&- 2>&-; wait_for go; exit 3");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        fs::write(bench.path("go"), "now").unwrap();
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!(exit.code, Some(3));
    });
}

#[test]
fn a_child_that_holds_the_pipe_does_not_hold_the_run() {
    let bench = bench();
    let settings = bench.agent(
        "sh -c 'echo $$ > child; while :; do echo noise; sleep 0.1; done' & wait_for child\n\
         echo \"$RESULT\"; echo why >&2; exit 0",
    );
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        let (events, exit) = until_exit(&mut engine).await;
        assert_eq!((answers(&events), exit.stderr.as_str()), (1, "why"));
        let child = bench.pid("child");
        assert!(alive(child));
        engine.sweep(RUN);
        assert!(until_swept(&mut engine).await.is_empty());
        assert!(!alive(child));
    });
}

#[test]
fn what_is_in_the_pipe_at_the_exit_is_read() {
    let bench = bench();
    let lines = "yes '{\"type\":\"keep_alive\"}' | head -n 2000; printf '%s' \"$RESULT\"";
    let settings = bench.agent(&format!("({lines}; echo) > all; echo $$ > pid; cat all; exit 1"));
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        // The loop is busy elsewhere until the agent has ended: all of it is in the pipe.
        while !bench.has("pid") || alive(bench.pid("pid")) {
            std::thread::yield_now();
        }
        let (events, exit) = until_exit(&mut engine).await;
        assert!(events.len() > 2000, "{}", events.len());
        assert_eq!((answers(&events), exit.code), (1, Some(1)));
    });
}

#[test]
fn an_exit_before_any_output_quotes_stderr() {
    let bench = bench();
    let refusal = "--dangerously-skip-permissions cannot be used with root/sudo privileges";
    let settings = bench.agent(&format!(
        "yes 'some noise' | head -n 100000 >&2; printf '\\033[31m{refusal}\\033[0m\\n' >&2; exit 1"
    ));
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        let (events, exit) = until_exit(&mut engine).await;
        assert_eq!((events, exit.code), (vec![], Some(1)));
        assert!(exit.stderr.ends_with(refusal), "{}", exit.stderr);
        assert!(exit.stderr.len() <= 4096 && exit.stderr.starts_with('…'));
    });
}

#[test]
fn a_sigkill_from_elsewhere_is_told_apart() {
    let bench = bench();
    let settings = bench.agent("echo $$ > pid; echo \"$READY\"; while :; do sleep 0.1; done");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        kill(bench.pid("pid"));
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!((exit.code, exit.signal, exit.killed_by_other), (None, Some(9), true));
    });
}

#[test]
fn each_signal_of_the_ladder_arrives() {
    for (signal, name) in [(Signal::Int, "INT"), (Signal::Term, "TERM")] {
        let bench = bench();
        let settings = bench.agent(&format!(
            "trap 'echo {name} > got; exit 7' {name}; echo \"$READY\"\n\
             while :; do sleep 0.05; done"
        ));
        run(async {
            let mut engine = Engine::new(settings);
            engine.start(&start(1, "x"));
            until_ready(&mut engine).await;
            engine.signal(RUN, signal, Reach::Agent);
            let (_, exit) = until_exit(&mut engine).await;
            assert_eq!(exit.code, Some(7));
        });
        assert_eq!(bench.read("got").trim(), name);
    }
}

#[test]
fn signals_that_pigent_ignores_reach_the_agent() {
    let bench = bench();
    // What a script does that starts pigent with `&`: this test again, ignoring SIGINT.
    let again = std::env::var_os("IGNORING_SIGINT").is_some();
    if !again {
        let status = std::process::Command::new("sh")
            .args(["-c", "trap '' INT; exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg("signals_that_pigent_ignores_reach_the_agent")
            .env("IGNORING_SIGINT", "1")
            .status();
        return assert!(status.unwrap().success());
    }
    let settings = bench.agent("echo \"$READY\"; while :; do sleep 0.05; done");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        engine.signal(RUN, Signal::Int, Reach::Agent);
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!(exit.signal, Some(2));
    });
}

#[test]
fn a_permission_request_goes_out_and_the_verdict_comes_back() {
    let bench = bench();
    let ask = r#"{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"touch x"},"tool_use_id":"t"}}"#;
    let script = format!("head -n 1 > prompt; echo '{ask}'; head -n 1 > verdict");
    let settings = Settings { permissions: Permissions::Ask, ..bench.agent(&script) };
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        let asked =
            |input: &Input| matches!(input, Input::Agent { event: AgentEvent::Ask { .. }, .. });
        until(&mut engine, asked).await;
        engine.answer(RunId(77), "r1", &Verdict::Allow);
        engine.answer(RUN, "r1", &Verdict::Deny { message: "no".into() });
        engine.answer(RUN, "r1", &Verdict::Allow);
        until_exit(&mut engine).await;
    });
    let verdict: Value = serde_json::from_str(&bench.read("verdict")).unwrap();
    assert_eq!(verdict["response"]["request_id"], "r1");
    assert_eq!(verdict["response"]["response"]["behavior"], "deny");
}

#[test]
fn bypass_answers_by_itself_and_questions_still_go_out() {
    let bench = bench();
    let tool = r#"{"type":"control_request","request_id":"r1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"},"tool_use_id":"t"}}"#;
    let question = r#"{"type":"control_request","request_id":"r2","request":{"subtype":"can_use_tool","tool_name":"AskUserQuestion","input":{"questions":[{"question":"Which?","header":"H","options":[{"label":"Red","description":""},{"label":"Blue","description":""}],"multiSelect":true}]},"tool_use_id":"t"}}"#;
    let settings = bench.agent(&format!(
        "read -r prompt; echo '{tool}'; read -r one; echo \"$one\" > one\n\
         echo '{question}'; read -r two; echo \"$two\" > two"
    ));
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        let asked = |input: &Input| {
            matches!(input, Input::Agent { event: AgentEvent::Question { .. }, .. })
        };
        until(&mut engine, asked).await;
        let chosen = vec![("Which?".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()])];
        engine.answer(RUN, "r2", &Verdict::Answers(chosen));
        until_exit(&mut engine).await;
    });
    let one: Value = serde_json::from_str(&bench.read("one")).unwrap();
    assert_eq!(one["response"]["response"]["behavior"], "allow");
    let two: Value = serde_json::from_str(&bench.read("two")).unwrap();
    let updated = &two["response"]["response"]["updatedInput"];
    assert_eq!(updated["answers"]["Which?"], "Red, Blue");
    assert_eq!(updated["questions"][0]["multiSelect"], true);
}

#[test]
fn an_interrupt_is_a_line_on_stdin() {
    let bench = bench();
    let settings = bench.agent("read -r prompt; echo \"$READY\"; head -n 1 > line");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        engine.interrupt(RUN);
        until_exit(&mut engine).await;
    });
    let line: Value = serde_json::from_str(&bench.read("line")).unwrap();
    assert_eq!(line["request"]["subtype"], "interrupt");
}

#[test]
fn what_cannot_be_started_says_why() {
    let bench = bench();
    fs::write(bench.path("plain"), "#!/bin/sh\n").unwrap();
    program::script(&bench.path("text"), "neither a script nor a program\n");
    // The head of a program for another kind of machine (a number that none has: others may be emulated).
    let mut stranger = vec![0; 128];
    stranger[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xef\xbe");
    program::script(&bench.path("stranger"), stranger);
    program::script(&bench.path("orphan"), "#!/no/such/interpreter\n");
    let named = |program: &str| program.to_owned();
    let interpreter = "./orphan: its interpreter /no/such/interpreter is not installed";
    let cases = [
        ("no-such-agent", StartError::NotFound { program: named("no-such-agent") }),
        ("./no-such-agent", StartError::NotFound { program: named("./no-such-agent") }),
        ("./plain", StartError::NotExecutable { program: named("./plain") }),
        ("./text", StartError::WrongFormat { program: named("./text") }),
        ("./stranger", StartError::WrongFormat { program: named("./stranger") }),
        ("./orphan", StartError::Other { why: named(interpreter) }),
    ];
    run(async {
        for (program, why) in cases {
            let mut engine = Engine::new(bench.settings(program));
            engine.start(&start(4, "x"));
            assert_eq!(engine.next().await, Input::StartFailed { run: RunId(4), why });
        }
        let gone = Settings { project_dir: bench.path("gone"), ..bench.settings("sh") };
        let mut engine = Engine::new(gone);
        engine.start(&start(4, "x"));
        let failed = engine.next().await;
        let folder = matches!(
            &failed,
            Input::StartFailed { why: StartError::Folder { why }, .. } if why.contains("gone")
        );
        assert!(folder, "{failed:?}");
    });
}

#[test]
fn an_unknown_run_is_swept_at_once() {
    let bench = bench();
    run(async {
        let mut engine = Engine::new(bench.settings("sh"));
        engine.sweep(RunId(5));
        let swept = Input::Swept { run: RunId(5), survivors: vec![] };
        assert_eq!(engine.next().await, swept);
    });
}
