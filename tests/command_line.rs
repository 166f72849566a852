//! What a person or a script meets on the command line: words, exit codes, `pigent send`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Fault, Trouble};
use rustix::process::Pid;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use support::{CHAT, Harness, Signal};

/// Runs pigent with these words and settings and nothing else, and with this on its stdin.
fn pigent(words: &[&str], settings: &[(&str, &str)], stdin: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pigent"))
        .args(words)
        .env_clear()
        .envs(settings.iter().copied())
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends before it has read all is part of the question.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn to(harness: &Harness) -> [(&'static str, String); 3] {
    [
        ("TELEGRAM_BOT_TOKEN", harness.server.token().to_owned()),
        ("TELEGRAM_API_URL", harness.server.api_url()),
        ("TELEGRAM_ALLOWED_CHAT_IDS", CHAT.to_string()),
    ]
}

#[test]
fn wrong_words_exit_with_two_and_say_what_is_wrong() {
    for (words, part) in [
        (&["frobnicate"][..], "not a command"),
        (&["run", "now"], "too many"),
        (&["send"], "TEXT"),
        (&["send", "--chat", "me", "hello"], "--chat me: a chat id is a number"),
    ] {
        let output = pigent(words, &[], b"");
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(said(&output).contains(part), "{words:?}: {}", said(&output));
    }
}

#[test]
fn a_command_that_is_asked_for_help_gives_it() {
    for words in [&["--help"][..], &["run", "--help"], &["send", "-h"], &["init", "--help"]] {
        let output = pigent(words, &[], b"");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("Usage: pigent COMMAND"), "{words:?}: {text}");
    }
}

#[test]
fn what_stdout_does_not_take_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str], out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pigent"));
        command.args(words).env_clear().current_dir(folder.path()).stdout(out);
        command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap()
    };
    for words in [&["--version"][..], &["--help"], &["doctor", "--board"], &["service", "--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = run(words, full.into());
        assert_eq!(output.status.code(), Some(1), "{words:?}: {}", said(&output));
        assert!(said(&output).contains("stdout takes no more"), "{words:?}: {}", said(&output));
        // `| head` has what it wanted.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(words, writer.into());
        assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()), "{words:?}");
    }
}

#[test]
fn a_bad_api_url_is_named_with_what_is_allowed_unless_it_may_hold_the_token() {
    let token = ("TELEGRAM_BOT_TOKEN", "123456789:AAFakeTokenForTestsOnly_abcdefghijklm");
    let bad = |url: &str| pigent(&["run"], &[token, ("TELEGRAM_API_URL", url)], b"");
    let output = bad("ftp://x");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("TELEGRAM_API_URL=ftp://x: allowed: http://"));
    let pasted = said(&bad(&format!("api.telegram.org/bot{}", token.1)));
    assert!(pasted.contains("TELEGRAM_API_URL") && !pasted.contains("AAFake"), "{pasted}");
}

#[test]
fn a_text_that_is_too_long_is_refused_before_anything_is_sent() {
    let harness = Harness::prepare(&[]);
    let settings = to(&harness);
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    for bytes in [vec![b'x'; 65 * 1024], "\u{20ac}".repeat(200_000).into_bytes()] {
        let output = pigent(&["send", "-"], &settings, &bytes);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("64 KiB"), "{}", said(&output));
    }
    assert!(harness.server.look(|world| world.from_bot(CHAT).is_empty()));
}

#[test]
fn send_without_a_daemon_waits_as_long_as_telegram_asks() {
    let harness = Harness::prepare(&[]);
    harness.server.add_fault(Fault::new(Trouble::Flood(1)).on("sendMessage"));
    let settings = to(&harness);
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let output = pigent(&["send", "hello"], &settings, b"");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(harness.server.look(|world| world.from_bot(CHAT).len()), 1);
}

#[test]
fn the_panel_command_gives_the_lamps_back_when_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sim");
    let mut child = Command::new(env!("CARGO_BIN_EXE_pigent"))
        .arg("panel")
        .env_clear()
        .env("TELEGRAM_BOT_TOKEN", "1:x")
        .env("PIGENT_GPIO", format!("sim:{}", socket.display()))
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut words = BufReader::new(child.stdout.take().unwrap());
    while !line.contains("busy") {
        line.clear();
        assert!(words.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let pid = Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists(), "the way out is the orderly one");
}

#[test]
fn the_panel_command_says_when_there_is_nothing_to_try() {
    let settings = [("TELEGRAM_BOT_TOKEN", "1:x"), ("PIGENT_GPIO", "off")];
    let output = pigent(&["panel"], &settings, b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("PIGENT_LED_BUSY"), "{}", said(&output));
}
