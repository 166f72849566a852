//! Where the token is not: logs, errors, arguments, children, files; and who may read what pigent
//! stores.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::{Fault, Trouble};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use support::{CHAT, Harness, Signal};

/// The secret half of the token.
fn secret(harness: &Harness) -> String {
    harness.server.token().split(':').nth(1).unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Whatever pigent stores is closed to everybody else, and none of it is the token.
///
/// The daemon works on meanwhile: a file that is gone before it was looked at (a temporary one, just
/// renamed) holds nothing any more.
fn check_state(harness: &Harness) {
    let secret = secret(harness);
    let mut looked_at = 0;
    for path in files(&harness.home.state()) {
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(err) if err.kind() == ErrorKind::NotFound => continue,
            Err(err) => panic!("{}: {err}", path.display()),
        };
        looked_at += 1;
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o777, expected, "{}", path.display());
        let bytes = fs::read(&path).unwrap_or_default();
        assert!(!contains(&bytes, &secret), "the token is in {}", path.display());
    }
    assert!(looked_at > 1, "nothing but the folder itself");
}

#[test]
fn the_token_is_in_no_log_at_any_level_whatever_goes_wrong() {
    thread::scope(|scope| {
        for level in ["error", "info", "debug", "trace"] {
            scope.spawn(move || everything_goes_wrong(level));
        }
    });
}

fn everything_goes_wrong(level: &str) {
    let harness = Harness::with(&[("PIGENT_LOG", level)]);
    for trouble in [
        Trouble::Reset,
        Trouble::Garbage,
        Trouble::Http(404, None),
        Trouble::Http(302, Some("/bot123456:STAND-IN/getMe".to_owned())),
        Trouble::Unauthorized,
    ] {
        harness.server.add_fault(Fault::new(trouble).on("sendMessage"));
    }
    let quoting = format!("bad request: /bot{}/sendMessage", harness.server.token());
    let body = format!(r#"{{"ok":false,"error_code":400,"description":"{quoting}"}}"#);
    let refusal = Trouble::Http(400, Some(body));
    harness.server.add_fault(Fault::new(refusal).on("editMessageText").times(9));
    harness.say("work 1");
    harness.expect("answer", |message| message.text().contains("Worked"));
    let log = harness.log();
    assert!(!log.contains(&secret(&harness)), "{level}: {log}");
    check_state(&harness);
}

#[test]
fn the_token_is_in_no_child_and_no_argument() {
    let harness = Harness::with(&[("PIGENT_AGENT_ENV", "STAND_IN_HOME")]);
    harness.say("tree");
    harness.started("tree");
    let secret = secret(&harness);
    let daemon = harness.pid().unwrap();
    let children = harness.home.alive(Some(daemon));
    assert!(!children.is_empty());
    for pid in children {
        for name in ["environ", "cmdline"] {
            let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            assert!(!contains(&bytes, &secret), "{name} of a child");
        }
    }
    let line = fs::read(format!("/proc/{daemon}/cmdline")).unwrap();
    assert!(!contains(&line, &secret));
    let limits = fs::read_to_string(format!("/proc/{daemon}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "a core dump would hold it");
}

#[test]
fn an_agent_is_not_given_the_token_even_on_request() {
    let mut harness = Harness::prepare(&[("PIGENT_AGENT_ENV", "TELEGRAM_BOT_TOKEN,OTHER")]);
    harness.spawn();
    assert_eq!(harness.wait_exit().code(), Some(2));
    // The same value by another name.
    harness.set("PIGENT_AGENT_ENV", "OTHER,ANOTHER");
    harness.set("OTHER", harness.server.token().to_owned());
    harness.set("ANOTHER", format!("https://x/bot{}/", harness.server.token()));
    harness.launch();
    let names = harness.ask("env");
    assert!(!names.contains("OTHER"), "{names}");
}

#[test]
fn state_stays_closed_through_kills_crashes_and_a_loose_umask() {
    let mut harness = Harness::prepare(&[("STAND_IN_POISON", "crash now")]);
    fs::create_dir_all(harness.home.state()).unwrap();
    fs::set_permissions(harness.home.state(), fs::Permissions::from_mode(0o777)).unwrap();
    harness.launch();
    harness.say("hang");
    harness.started("hang");
    let waiting = harness.say("echo waits");
    harness.expect("a place in the queue", |m| m.reply_to == Some(waiting));
    check_state(&harness);
    harness.restart();
    check_state(&harness);
    harness.say("crash now");
    harness.wait_exit();
    assert!(harness.home.state().join("panic").exists());
    check_state(&harness);
    assert!(!harness.log().contains(&secret(&harness)));
}

#[test]
fn what_pigent_says_about_bad_settings_does_not_repeat_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = "123456789:AAE-secret_secret-secret_secret-secret";
    let secret = "AAE-secret";
    let wrong = [
        ("TELEGRAM_BOT_TOKEN", format!("{token} ")),
        ("TELEGRAM_BOT_TOKEN", format!("bot{token}")),
        ("TELEGRAM_ALLOWED_CHAT_IDS", token.to_owned()),
        ("TELEGRAM_API_URL", format!("ftp://api.telegram.org/bot{token}")),
        ("PIGENT_LOG", token.to_owned()),
        ("CLAUDE_ARGS", format!("\"{token}")),
        ("PIGENT_CA_FILE", format!("/nowhere/{token}")),
    ];
    for (name, value) in wrong {
        for subcommand in ["run", "doctor", "send"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_pigent"));
            command.arg(subcommand).current_dir(folder.path()).env_clear();
            if subcommand == "send" {
                command.arg("text");
            }
            // Nobody listens there.
            command.env("TELEGRAM_API_URL", "http://127.0.0.1:9");
            command.env("TELEGRAM_BOT_TOKEN", token).env("PIGENT_GPIO", "nonsense");
            let output = command.env(name, &value).output().unwrap();
            let shown = [output.stdout, output.stderr].concat();
            let shown = String::from_utf8_lossy(&shown);
            assert!(!shown.contains(secret), "{subcommand} {name}={value}: {shown}");
            assert!(!output.status.success());
        }
    }
}

#[test]
fn the_token_is_not_said_in_the_chat_when_it_is_revoked() {
    let harness = Harness::start();
    harness.server.add_fault(Fault::new(Trouble::Unauthorized).on("getUpdates").times(2));
    harness.server.push_update("my_chat_member", serde_json::json!({}));
    harness.logged("check TELEGRAM_BOT_TOKEN");
    let asked = harness.say("/status");
    let status = harness.answer(asked);
    assert!(!status.text().contains(&secret(&harness)));
    harness.signal(Signal::HUP);
    harness.logged("may talk now");
    assert!(!harness.log().contains(&secret(&harness)));
    let drawn = harness.server.look(|world| {
        world.from_bot(CHAT).iter().any(|one| one.text().contains(&secret(&harness)))
    });
    assert!(!drawn);
}
