//! Every variable, its default, and what is said about values that cannot be.

use super::{Config, Problem, Sources, TOKEN, VARIABLES};
use crate::bridge::ids::{ChatId, UserId};
use crate::bridge::rules::{Lang, Permissions};
use core::time::Duration;
use std::ffi::OsString;
use std::fs;

const SECRET: &str = "123456:SECRET-token";

/// Sources of a project folder with this `.env`, and this environment.
fn sources(dotenv: &str, environment: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".env"), dotenv).unwrap();
    let project = ("PIGENT_PROJECT_DIR", dir.path().to_str().unwrap());
    let pairs = environment.iter().chain([&project]);
    let pairs = pairs.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let sources = Sources::from_environment(pairs);
    (dir, sources)
}

fn load(environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let mut pairs = vec![(TOKEN, SECRET)];
    pairs.extend(environment);
    Config::load(&sources("", &pairs).1)
}

/// What is said about this one variable.
fn complaint(name: &str, value: &str) -> String {
    let problems = load(&[(name, value)]).expect_err("a problem");
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    text.join("\n")
}

#[test]
fn defaults_are_those_of_the_readme() {
    let config = load(&[]).unwrap();
    assert_eq!(config.rules.queue_max, 50);
    assert_eq!(config.rules.rate_limit, Some(60));
    assert_eq!(config.rules.job_timeout, Some(Duration::from_secs(7200)));
    assert_eq!(config.rules.stale_timeout, Some(Duration::from_secs(900)));
    assert_eq!((config.rules.permissions, config.rules.lang), (Permissions::Bypass, Lang::En));
    assert_eq!(config.engine.program, "claude");
    assert_eq!(config.state_dir, config.project_dir.join(".pigent"));
    assert!(config.rules.access.chats.is_empty() && config.rules.access.users.is_empty());
    let readme = include_str!("../../README.md");
    for (name, default, _) in VARIABLES {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in the README");
        assert!(default.is_empty() || readme.contains(default), "{name}={default}");
    }
}

#[test]
fn every_value_is_taken() {
    let config = load(&[
        ("TELEGRAM_ALLOWED_CHAT_IDS", "1, -1001234567890,"),
        ("TELEGRAM_ALLOWED_USER_IDS", "7"),
        ("CLAUDE_ARGS", "--model 'opus 4' --add-dir \"a b\""),
        ("PIGENT_AGENT_ENV", "GH_TOKEN,FOO BAR"),
        ("PIGENT_STATE_DIR", "/var/lib/pigent"),
        ("PIGENT_PERMISSIONS", "accept-edits"),
        ("PIGENT_JOB_TIMEOUT", "0"),
        ("PIGENT_STALE_TIMEOUT", "1h30m"),
        ("PIGENT_RATE_LIMIT", "0"),
        ("PIGENT_LANG", "de"),
        ("PIGENT_GPIO", "sim:/tmp/p.sock"),
        ("PIGENT_LED_BUSY", "17"),
    ])
    .unwrap();
    assert_eq!(config.rules.access.chats, [ChatId(1), ChatId(-1_001_234_567_890)]);
    assert_eq!(config.rules.access.users, [UserId(7)]);
    assert_eq!(config.engine.args, ["--model", "opus 4", "--add-dir", "a b"]);
    assert_eq!(config.engine.agent_env, ["GH_TOKEN", "FOO", "BAR"]);
    assert_eq!(config.state_dir.to_str(), Some("/var/lib/pigent"));
    assert_eq!(config.rules.permissions, Permissions::AcceptEdits);
    assert_eq!((config.rules.job_timeout, config.rules.rate_limit), (None, None));
    assert_eq!(config.rules.stale_timeout, Some(Duration::from_secs(5400)));
}

#[test]
fn a_bad_value_names_the_variable_the_value_and_what_is_allowed() {
    for (name, value, allowed) in [
        ("TELEGRAM_ALLOWED_CHAT_IDS", "me", "numbers separated by commas"),
        ("TELEGRAM_ALLOWED_USER_IDS", "0", "numbers separated by commas"),
        ("CLAUDE_ARGS", "'open", "every quote closed"),
        ("PIGENT_AGENT_ENV", "A-B", "names of variables"),
        ("PIGENT_AGENT_ENV", TOKEN, "the agent never gets it"),
        ("PIGENT_PERMISSIONS", "yolo", "bypass, ask, accept-edits, plan"),
        ("PIGENT_JOB_TIMEOUT", "soon", "1h30m"),
        ("PIGENT_STALE_TIMEOUT", "-1", "15m"),
        ("PIGENT_QUEUE_MAX", "many", "from 0 to 1000"),
        ("PIGENT_RATE_LIMIT", "-1", "a number from 0"),
        ("PIGENT_GPIO", "on", "gpiochip:/dev/gpiochipN"),
        ("PIGENT_LED_BUSY", "GPIO17", "led:NAME"),
        ("PIGENT_BUTTON", "x", "a BCM number"),
        ("PIGENT_LED_ACTIVE", "up", "high, low"),
        ("PIGENT_LANG", "fr", "en, de"),
        ("PIGENT_LOG", "loud", "debug"),
    ] {
        let text = complaint(name, value);
        for part in [name, value, allowed] {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}

#[test]
fn long_values_are_cut_in_errors() {
    let text = complaint("PIGENT_LANG", &"x".repeat(5000));
    assert!(text.len() < 300 && text.contains('…'), "{text}");
}

#[test]
fn unknown_names_are_errors_with_a_guess() {
    assert!(complaint("PIGENT_LED_BUZY", "17").contains("did you mean PIGENT_LED_BUSY?"));
    assert!(complaint("PIGENT_COLOUR_OF_THE_SKY", "1").contains("see the README"));
    assert!(load(&[("PIGENT_RUN_ID", "x"), ("PATH", "/bin"), ("FOO", "1")]).is_ok());
    let (_dir, sources) = sources("PIGENT_FOO=1\n", &[(TOKEN, SECRET)]);
    assert!(Config::load(&sources).is_err(), "in .env too");
}

#[test]
fn the_environment_wins_over_dotenv_and_empty_is_unset() {
    let dotenv = format!("{TOKEN}={SECRET}\nPIGENT_LANG=de\nPIGENT_QUEUE_MAX=7\n");
    let environment = [("PIGENT_LANG", "en"), ("PIGENT_QUEUE_MAX", "")];
    let config = Config::load(&sources(&dotenv, &environment).1).unwrap();
    assert_eq!((config.rules.lang, config.rules.queue_max), (Lang::En, 7));
    let config = Config::load(&sources(&dotenv, &[]).1).unwrap();
    assert_eq!((config.rules.lang, config.rules.queue_max), (Lang::De, 7));
}

#[test]
fn all_problems_are_reported_at_once_and_no_secret_is_in_them() {
    let bad = "SECRET-without-a-colon";
    let pairs = [(TOKEN, bad), ("PIGENT_LANG", "fr"), ("PIGENT_LOG", "loud")];
    let problems = Config::load(&sources("", &pairs).1).expect_err("problems");
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(text.len(), 3, "{text:?}");
    assert!(!text.concat().contains("SECRET"), "{text:?}");
    let (_dir, sources) = sources("TELEGRAM_BOT_TOKEN=\"123456:SECRET-open\nA=1\n", &[]);
    let text = format!("{:?} {sources:?}", Config::load(&sources).expect_err("problems"));
    assert!(text.contains("line 1") && !text.contains("SECRET"), "{text}");
}

#[test]
fn the_project_folder_cannot_be_set_inside_itself() {
    let dotenv = format!("{TOKEN}={SECRET}\nPIGENT_PROJECT_DIR=/elsewhere\n");
    let problems = Config::load(&sources(&dotenv, &[]).1).expect_err("a problem");
    assert!(problems.contains(&Problem::ProjectDirInDotenv));
}

#[test]
fn a_project_folder_that_is_not_there_is_said() {
    let pairs = [(TOKEN, SECRET), ("PIGENT_PROJECT_DIR", "/nonexistent/x")];
    let pairs = pairs.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let problems = Config::load(&Sources::from_environment(pairs)).expect_err("a problem");
    assert!(problems[0].to_string().contains("/nonexistent/x"));
}

#[test]
fn the_token_can_come_from_a_systemd_credential() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("telegram-bot-token"), format!("{SECRET}\n")).unwrap();
    let folder = dir.path().to_str().unwrap();
    assert!(Config::load(&sources("", &[("CREDENTIALS_DIRECTORY", folder)]).1).is_ok());
    assert!(Config::load(&sources("", &[]).1).is_err());
}

#[test]
fn hangup_reads_only_who_may_talk() {
    let (_dir, sources) = sources("TELEGRAM_ALLOWED_CHAT_IDS=5\nPIGENT_LANG=xx\n", &[]);
    assert_eq!(Config::access(&sources).unwrap().chats, [ChatId(5)]);
}
