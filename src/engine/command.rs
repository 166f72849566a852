//! The agent's arguments and environment, as pure functions of settings and run.
//!
//! Nothing is started here (that is `spawn.rs`), and the prompt is not here either: it goes over
//! stdin ([`super::protocol`]), where dashes, length and NUL mean nothing.

use super::settings::Settings;
use crate::bridge::ids::RunId;
use crate::bridge::rules::Permissions;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The variable every process of a run carries; see [`run_mark`].
pub const RUN_ID: &str = "PIGENT_RUN_ID";

/// The one variable that never reaches the agent, whoever names it.
const TOKEN: &str = "TELEGRAM_BOT_TOKEN";

/// Keeps commands in the foreground: one that goes on in the background keeps a run alive.
const NO_BACKGROUND: &str = "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS";

/// What the agent speaks, in any mode.
const PROTOCOL: [&str; 9] = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--permission-prompt-tool",
    "stdio",
];

/// Variables the agent gets if pigent has them.
const NAMES: [&str; 18] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TMPDIR",
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "IS_SANDBOX",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    NO_BACKGROUND,
];

/// Families of such variables.
const PREFIXES: [&str; 5] = ["LC_", "XDG_", "ANTHROPIC_", "CLAUDE_", "DISABLE_"];

/// A name and a value.
pub type Pair = (OsString, OsString);

/// The value of [`RUN_ID`] for one run: sixteen hexadecimal digits for the state folder, a dash,
/// the run's number.
#[must_use]
pub fn run_mark(instance: u64, run: RunId) -> String {
    format!("{}{run}", instance_mark(instance))
}

/// What every [`run_mark`] of this state folder begins with.
#[must_use]
pub fn instance_mark(instance: u64) -> String {
    format!("{instance:016x}-")
}

/// The arguments after the program's name.
///
/// A session id that begins with a dash is no session id: it is left out rather than read as an
/// option.
#[must_use]
pub fn arguments(settings: &Settings, resume: Option<&str>) -> Vec<String> {
    let mut words: Vec<String> = PROTOCOL.map(str::to_owned).into();
    match settings.permissions {
        Permissions::Bypass => words.push("--dangerously-skip-permissions".into()),
        Permissions::Ask => words.extend(mode("default")),
        Permissions::AcceptEdits => words.extend(mode("acceptEdits")),
        Permissions::Plan => words.extend(mode("plan")),
    }
    if let Some(session) = resume.filter(|id| !id.is_empty() && !id.starts_with('-')) {
        words.extend(["--resume".into(), session.into()]);
    }
    words.extend(settings.args.iter().cloned());
    words
}

fn mode(name: &str) -> [String; 2] {
    ["--permission-mode".into(), name.into()]
}

/// The agent's whole environment, made from `own`, pigent's.
///
/// A name in `PIGENT_AGENT_ENV` is taken from `own`, then from `.env`. The bot token is refused
/// under any name; `TERM` and [`RUN_ID`] are always pigent's.
#[must_use]
pub fn environment(
    settings: &Settings,
    run: RunId,
    own: impl IntoIterator<Item = Pair>,
) -> Vec<Pair> {
    let mut pairs: Vec<Pair> =
        own.into_iter().filter(|(name, _)| standard(name) || named(settings, name)).collect();
    for (name, value) in &settings.dotenv {
        if named(settings, OsStr::new(name)) && !has(&pairs, name) {
            pairs.push((name.into(), value.into()));
        }
    }
    pairs.retain(|(name, value)| {
        let ours = name == TOKEN || name == RUN_ID || name == "TERM";
        !ours && !contains(value, &settings.token)
    });
    if !has(&pairs, NO_BACKGROUND) {
        pairs.push((NO_BACKGROUND.into(), "1".into()));
    }
    pairs.push(("TERM".into(), "dumb".into()));
    pairs.push((RUN_ID.into(), run_mark(settings.instance, run).into()));
    pairs
}

fn standard(name: &OsStr) -> bool {
    let begins = |prefix: &&str| name.as_bytes().starts_with(prefix.as_bytes());
    NAMES.iter().any(|known| name == *known) || PREFIXES.iter().any(begins)
}

fn named(settings: &Settings, name: &OsStr) -> bool {
    settings.agent_env.iter().any(|known| name == known.as_str())
}

fn has(pairs: &[Pair], name: &str) -> bool {
    pairs.iter().any(|(known, _)| known == name)
}

fn contains(value: &OsStr, token: &str) -> bool {
    !token.is_empty() && memchr::memmem::find(value.as_bytes(), token.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn check_environment(settings: &Settings, own: &[(&str, &str)], expect: &[(&str, &str)]) {
        let mut found = environment(settings, RunId(7), pairs(own));
        let mut expect = pairs(expect);
        found.sort();
        expect.sort();
        assert_eq!(found, expect);
    }

    const OURS: [(&str, &str); 3] = [
        ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
        ("PIGENT_RUN_ID", "00000000000000ab-7"),
        ("TERM", "dumb"),
    ];

    fn settings() -> Settings {
        Settings { instance: 0xab, token: "1:secret".into(), ..Settings::default() }
    }

    #[test]
    fn arguments_of_each_mode() {
        let protocol = "-p --input-format stream-json --output-format stream-json --verbose \
                        --include-partial-messages --permission-prompt-tool stdio";
        for (permissions, words) in [
            (Permissions::Bypass, "--dangerously-skip-permissions"),
            (Permissions::Ask, "--permission-mode default"),
            (Permissions::AcceptEdits, "--permission-mode acceptEdits"),
            (Permissions::Plan, "--permission-mode plan"),
        ] {
            let settings = Settings { permissions, ..Settings::default() };
            assert_eq!(arguments(&settings, None).join(" "), format!("{protocol} {words}"));
        }
    }

    #[test]
    fn own_arguments_come_after_the_session() {
        let args = vec!["--model".to_owned(), "opus with space".to_owned()];
        let words = arguments(&Settings { args, ..Settings::default() }, Some("abc"));
        assert_eq!(
            words[9..],
            ["--dangerously-skip-permissions", "--resume", "abc", "--model", "opus with space"]
        );
    }

    #[test]
    fn a_session_id_is_never_an_option() {
        let words = arguments(&settings(), Some("--allow-everything"));
        assert_eq!(words, arguments(&settings(), None));
    }

    #[test]
    fn only_listed_variables_pass() {
        let mut expect = OURS.to_vec();
        expect.extend([("PATH", "/bin"), ("LC_ALL", "C"), ("ANTHROPIC_API_KEY", "k")]);
        check_environment(
            &settings(),
            &[
                ("PATH", "/bin"),
                ("LC_ALL", "C"),
                ("ANTHROPIC_API_KEY", "k"),
                ("TERM", "xterm"),
                ("PATHS", "x"),
                ("CREDENTIALS_DIRECTORY", "/run/x"),
                ("PIGENT_RUN_ID", "of another pigent"),
                ("PIGENT_LOG", "debug"),
            ],
            &expect,
        );
    }

    #[test]
    fn dotenv_gives_named_variables_only_and_the_environment_wins() {
        let settings = Settings {
            agent_env: vec!["A".into(), "B".into()],
            dotenv: vec![
                ("A".into(), "file".into()),
                ("B".into(), "file".into()),
                ("ANTHROPIC_API_KEY".into(), "file".into()),
            ],
            ..settings()
        };
        let mut expect = OURS.to_vec();
        expect.extend([("A", "own"), ("B", "file")]);
        check_environment(&settings, &[("A", "own")], &expect);
    }

    #[test]
    fn the_token_never_passes() {
        let settings = Settings {
            agent_env: vec!["TELEGRAM_BOT_TOKEN".into(), "URL".into()],
            dotenv: vec![("TELEGRAM_BOT_TOKEN".into(), "1:secret".into())],
            ..settings()
        };
        let own = [
            ("TELEGRAM_BOT_TOKEN", "9:other"),
            ("URL", "https://api.example/bot1:secret/x"),
            ("ANTHROPIC_X", "1:secret"),
        ];
        check_environment(&settings, &own, &OURS);
    }

    #[test]
    fn background_tasks_stay_as_the_user_set_them() {
        let own = [(NO_BACKGROUND, "0")];
        let expect = [OURS[1], OURS[2], (NO_BACKGROUND, "0")];
        check_environment(&settings(), &own, &expect);
    }
}
