//! pigent itself dies: the agent gets SIGTERM, and the next start ends what is left.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod engine_support;
use engine_support::*;
use pigent::engine::{Engine, Settings, end_leftovers, init};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Tells the helper below the folder it works in, and that it is wanted at all.
const FOLDER: &str = "ENGINE_DEATH_FOLDER";

/// Tells it the state folder's number.
const INSTANCE: &str = "ENGINE_DEATH_INSTANCE";

/// Not a test: the pigent that dies. It is this program again, and starts an agent for ever.
#[test]
fn helper() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    init().unwrap();
    run(async {
        let mut engine = Engine::new(Settings {
            program: "./agent".into(),
            project_dir: PathBuf::from(folder),
            instance: std::env::var(INSTANCE).unwrap().parse().unwrap(),
            ..Settings::default()
        });
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        println!("\nSTARTED");
        std::future::pending::<()>().await;
    });
}

/// Starts the helper and waits until its agent runs.
fn daemon(bench: &Bench) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper", "--nocapture"])
        .env(FOLDER, bench.dir.path())
        .env(INSTANCE, instance().to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "STARTED"), "no agent was started");
    child
}

async fn gone(pid: i32) {
    while alive(pid) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[test]
fn the_agent_is_asked_to_end_and_a_new_start_ends_the_rest() {
    let bench = bench();
    let stay = "trap \"\" TERM; while :; do sleep 0.2; done";
    bench.agent(&format!(
        "trap 'echo got > got; exit' TERM\n\
         setsid sh -c 'sh -c \"echo \\$\\$ > c; sleep 1000\" & echo $$ > a; {stay}' &\n\
         env -u PIGENT_RUN_ID setsid sh -c 'echo $$ > other; exec sleep 1000' &\n\
         echo $$ > agent.pid; wait_for a; wait_for c; wait_for other\n\
         echo \"$READY\"; while :; do sleep 0.05; done"
    ));
    let mut daemon = daemon(&bench);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    run(async {
        gone(bench.pid("agent.pid")).await;
        assert_eq!(bench.read("got").trim(), "got");
        assert!(alive(bench.pid("a")) && alive(bench.pid("c")));
        assert!(end_leftovers(instance() + 1, None).await.found.is_empty());
        let ended = end_leftovers(instance(), None).await;
        assert!(ended.survivors.is_empty(), "{ended:?}");
        assert!(ended.found.contains(&format!("sh ({})", bench.pid("a"))), "{ended:?}");
        assert!(!alive(bench.pid("a")) && !alive(bench.pid("c")));
        assert!(end_leftovers(instance(), None).await.found.is_empty());
        // Not marked as ours: left alone.
        assert!(alive(bench.pid("other")));
        kill(bench.pid("other"));
    });
}
