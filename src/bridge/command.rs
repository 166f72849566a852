//! What a text means: a prompt, or a command.
//!
//! A command is `/word` (letters, digits, `_`, at most 32, optionally `@botname`) at the very
//! start, followed by white space or the end. Everything else is a prompt: `/home/pi/a.py is
//! broken` and `//x` are.

/// Longest command word Telegram knows.
const LONGEST: usize = 32;

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// Words for the agent.
    Prompt,
    /// For another bot in the same group.
    NotForUs,
    /// For pigent.
    Command(Command<'a>),
}

/// A command for pigent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// `/start`, `/help`.
    Help,
    /// `/status`.
    Status,
    /// `/queue`.
    Queue,
    /// `/cancel`, `/stop`; with `all` the queue as well.
    Cancel { all: bool },
    /// `/new`, `/clear`.
    New,
    /// `/claude /compact`: one of the agent's own commands, with its arguments.
    Agent(&'a str),
    /// `/claude` without a slash command behind it.
    AgentUsage,
    /// Any other word.
    Unknown(&'a str),
}

/// Reads `text`. `botname` is ours once `getMe` has answered; until then a name is taken for ours
/// in private chats only.
pub(super) fn read<'a>(text: &'a str, botname: Option<&str>, private: bool) -> Meaning<'a> {
    let Some((word, name, rest)) = split(text) else {
        return Meaning::Prompt;
    };
    let ours = match (name, botname) {
        (None, _) => true,
        (Some(name), Some(ours)) => name.eq_ignore_ascii_case(ours),
        (Some(_), None) => private,
    };
    if !ours {
        return Meaning::NotForUs;
    }
    let rest = rest.trim();
    Meaning::Command(match word.to_ascii_lowercase().as_str() {
        "start" | "help" => Command::Help,
        "status" => Command::Status,
        "queue" => Command::Queue,
        "cancel" | "stop" => Command::Cancel { all: rest.eq_ignore_ascii_case("all") },
        "new" | "clear" => Command::New,
        "claude" if rest.len() > 1 && rest.starts_with('/') => Command::Agent(rest),
        "claude" => Command::AgentUsage,
        _ => Command::Unknown(word),
    })
}

/// Word, bot name and the rest, if `text` begins with a command.
fn split(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let body = text.strip_prefix('/')?;
    let end = body.find(char::is_whitespace).unwrap_or(body.len());
    let (head, rest) = body.split_at(end);
    let (word, name) = match head.split_once('@') {
        Some((word, name)) => (word, Some(name)),
        None => (head, None),
    };
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let fits = is_name(word) && word.len() <= LONGEST && name.is_none_or(is_name);
    fits.then_some((word, name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Meaning<'_>) {
        assert_eq!(read(text, Some("PiBot"), false), expect, "{text:?}");
    }

    #[test]
    fn words_at_the_start_are_commands() {
        check("/help", Meaning::Command(Command::Help));
        check("/start ref123", Meaning::Command(Command::Help));
        check("/STATUS", Meaning::Command(Command::Status));
        check("/queue@pibot", Meaning::Command(Command::Queue));
        check("/cancel", Meaning::Command(Command::Cancel { all: false }));
        check("/stop  all ", Meaning::Command(Command::Cancel { all: true }));
        check("/clear\n", Meaning::Command(Command::New));
        check("/x_1", Meaning::Command(Command::Unknown("x_1")));
    }

    #[test]
    fn everything_else_is_a_prompt() {
        let long = format!("/{}", "a".repeat(LONGEST + 1));
        for text in [
            "",
            "/",
            "//x",
            "/home/pi/a.py is broken",
            " /help",
            "/ help",
            "/hélp",
            "/a-b",
            "/@PiBot",
            "/help@",
            &long,
        ] {
            check(text, Meaning::Prompt);
        }
    }

    #[test]
    fn the_agents_own_commands_are_sent_on_purpose_only() {
        check(
            "/claude /compact keep names",
            Meaning::Command(Command::Agent("/compact keep names")),
        );
        check("/claude compact", Meaning::Command(Command::AgentUsage));
        check("/claude", Meaning::Command(Command::AgentUsage));
        check("/claude /", Meaning::Command(Command::AgentUsage));
        check("/compact", Meaning::Command(Command::Unknown("compact")));
    }

    #[test]
    fn another_bots_command_is_left_alone() {
        check("/help@OtherBot", Meaning::NotForUs);
        assert_eq!(read("/help@OtherBot", None, false), Meaning::NotForUs);
        assert_eq!(read("/help@OtherBot", None, true), Meaning::Command(Command::Help));
    }
}
