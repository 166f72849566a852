//! Stopping a run means everything of it, and only of it: real process trees.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod engine_support;
use engine_support::*;
use pigent::bridge::effect::{Reach, Signal};
use pigent::bridge::ids::RunId;
use pigent::engine::proc::Proc;
use pigent::engine::{Engine, Settings};

const RUN: RunId = RunId(1);

/// Runs the agent until it is ready, sweeps, and shows that nobody named in `pids` is left.
fn check_swept(bench: &Bench, settings: Settings, pids: &[&str]) {
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        engine.signal(RUN, Signal::Term, Reach::Agent);
        for name in pids {
            assert!(alive(bench.pid(name)), "{name} should not end by itself");
        }
        engine.sweep(RUN);
        assert_eq!(until_swept(&mut engine).await, Vec::<String>::new());
        for name in pids {
            assert!(!alive(bench.pid(name)), "{name} is left");
        }
    });
}

#[test]
fn a_grandchild_in_its_own_session_that_ignores_sigterm_ends() {
    let bench = bench();
    let stay = "trap \"\" INT TERM HUP; while :; do sleep 0.2; done";
    let settings = bench.agent(&format!(
        "trap '' TERM\n\
         setsid sh -c 'echo $$ > a; {stay}' &\n\
         sh -c 'echo $$ > b; {stay}' &\n\
         wait_for a; wait_for b; echo \"$READY\"; while :; do sleep 0.2; done"
    ));
    check_swept(&bench, settings, &["a", "b"]);
}

#[test]
fn grandchildren_that_were_reparented_end() {
    let bench = bench();
    // `a` keeps the environment, `b` has emptied it, `c` is a child of `b`.
    let stay = "trap \"\" INT TERM HUP; while :; do sleep 0.2; done";
    let settings = bench.agent(&format!(
        "trap '' TERM\n\
         (setsid sh -c 'echo $$ > a; {stay}' &)\n\
         (setsid env -i PATH=\"$PATH\" sh -c 'sh -c \"echo \\$\\$ > c; sleep 1000\" & \
             echo $$ > b; {stay}' &)\n\
         wait_for a; wait_for b; wait_for c; echo \"$READY\"; while :; do sleep 0.2; done"
    ));
    check_swept(&bench, settings, &["a", "b", "c"]);
}

#[test]
fn what_lies_behind_a_wrapper_script_ends() {
    let bench = bench();
    program::script(
        &bench.path("wrapper"),
        "#!/bin/sh\ntrap '' TERM\n./agent \"$@\"\necho over > over\n",
    );
    let inner = bench.agent(
        "trap '' TERM; setsid sh -c 'echo $$ > a; sleep 1000' & echo $$ > inner\n\
         wait_for a; wait_for inner; echo \"$READY\"; wait; wait",
    );
    let settings = Settings { program: "./wrapper".into(), ..inner };
    check_swept(&bench, settings, &["a", "inner"]);
}

#[test]
fn the_run_can_be_swept_after_its_exit() {
    let bench = bench();
    let settings = bench
        .agent("setsid sh -c 'echo $$ > a; exec sleep 1000' > /dev/null 2>&1 & wait_for a; exit 0");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_exit(&mut engine).await;
        let left = bench.pid("a");
        assert!(alive(left));
        engine.sweep(RUN);
        assert!(until_swept(&mut engine).await.is_empty());
        assert!(!alive(left));
    });
}

#[test]
fn a_signal_to_the_tree_reaches_other_sessions() {
    let bench = bench();
    let settings = bench.agent(
        "setsid sh -c 'trap \"echo got > got; exit\" TERM; echo $$ > a\n\
             while :; do sleep 0.05; done' & wait_for a; echo \"$READY\"; wait",
    );
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        engine.signal(RUN, Signal::Term, Reach::Tree);
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!(exit.signal, Some(15));
        work_until(&mut engine, || bench.has("got") && !alive(bench.pid("a"))).await;
    });
}

#[test]
fn a_survivor_of_a_finished_run_outlives_the_stop_of_a_later_one() {
    let bench = bench();
    // Both kinds: with its run id, and with an empty environment; and a child made later.
    let first = bench.agent(
        "nohup sh -c 'echo $$ > a; while [ ! -s go ]; do sleep 0.05; done\n\
             (sh -c \"echo \\$\\$ > late; exec sleep 1000\" &); exec sleep 1000' \
             > /dev/null 2>&1 &\n\
         nohup env -i PATH=\"$PATH\" sh -c 'echo $$ > b; exec sleep 1000' > /dev/null 2>&1 &\n\
         wait_for a; wait_for b; echo \"$RESULT\"",
    );
    run(async {
        let mut engine = Engine::new(first);
        engine.start(&start(1, "x"));
        until_exit(&mut engine).await;
        let _second = bench.agent(
            "setsid sh -c 'echo $$ > victim; exec sleep 1000' & wait_for victim\n\
             echo now > go; wait_for late; echo \"$READY\"; wait",
        );
        engine.start(&start(2, "y"));
        until_ready(&mut engine).await;
        engine.sweep(RunId(2));
        assert!(until_swept(&mut engine).await.is_empty());
        assert!(!alive(bench.pid("victim")));
        for name in ["a", "b", "late"] {
            assert!(alive(bench.pid(name)), "{name} was ended");
            kill(bench.pid(name));
        }
    });
}

#[test]
fn adopted_processes_that_end_are_reaped_while_idle() {
    let bench = bench();
    let settings = bench
        .agent("nohup sh -c 'echo $$ > a; exec sleep 1000' > /dev/null 2>&1 & wait_for a; exit 0");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_exit(&mut engine).await;
        let left = bench.pid("a");
        kill(left);
        work_until(&mut engine, || Proc::default().process(left).is_none()).await;
    });
}

#[test]
fn the_agents_own_exit_status_survives_the_sweep() {
    let bench = bench();
    let settings = bench.agent("echo \"$READY\"; sh -c 'sleep 1000'; exit 5");
    run(async {
        let mut engine = Engine::new(settings);
        engine.start(&start(1, "x"));
        until_ready(&mut engine).await;
        engine.sweep(RUN);
        let (_, exit) = until_exit(&mut engine).await;
        assert_eq!((exit.signal, exit.killed_by_other), (Some(9), false));
        assert!(until_swept(&mut engine).await.is_empty());
    });
}
