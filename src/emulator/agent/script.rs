//! Which prompt asks for what. The list for readers is in the parent module's text.

use std::time::Duration;

/// What is played in a turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Say(String),
    Work(Duration),
    Hang {
        hard: bool,
    },
    Silent {
        hard: bool,
    },
    Tree {
        bare: bool,
    },
    Survivor {
        holds_stdout: bool,
    },
    Ask {
        command: String,
        even_in_bypass: bool,
    },
    Question(String),
    Fail(String),
    Crash,
    Die,
    Exit(i32),
    TwoResults,
    Background(Duration),
    Long(usize),
    Image(usize),
    Flood(usize),
    Retry,
    Withdrawn,
    Empty,
    Garbage,
    About(String),
    Slash(String),
    /// Play this recording.
    Recorded(&'static str),
}

/// What a prompt asks for. Anything that is not exactly one of the scripted lines gets a
/// recorded run, so that ordinary sentences are safe.
pub(super) fn parse(text: &str) -> Act {
    exact(text).or_else(|| with_text(text)).or_else(|| with_number(text)).unwrap_or(Act::Recorded(
        match text {
            "prime" => "prime",
            "markdown" => "markdown",
            "parallel" => "parallel",
            _ => "edit",
        },
    ))
}

fn exact(text: &str) -> Option<Act> {
    Some(match text {
        "hang" => Act::Hang { hard: false },
        "hang hard" => Act::Hang { hard: true },
        "silent" => Act::Silent { hard: false },
        "silent hard" => Act::Silent { hard: true },
        "tree" => Act::Tree { bare: false },
        "tree bare" => Act::Tree { bare: true },
        "nohup" => Act::Survivor { holds_stdout: false },
        "holder" => Act::Survivor { holds_stdout: true },
        "ask" => Act::Ask { command: "touch one.txt".to_owned(), even_in_bypass: false },
        "question" | "questions" | "multi" | "question big" => Act::Question(text.to_owned()),
        "error" => Act::Fail("API Error: 500 the stand-in was asked for an error".to_owned()),
        "login" => Act::Fail("Not logged in · Please run /login".to_owned()),
        "crash" => Act::Crash,
        "die" => Act::Die,
        "two results" => Act::TwoResults,
        "background" => Act::Background(Duration::from_secs(1)),
        "retry" => Act::Retry,
        "withdrawn" => Act::Withdrawn,
        "empty" => Act::Empty,
        "garbage" => Act::Garbage,
        "env" | "argv" | "cwd" | "session" => Act::About(text.to_owned()),
        _ => return None,
    })
}

fn with_text(text: &str) -> Option<Act> {
    let (word, rest) = text.split_once(' ')?;
    let rest = rest.to_owned();
    Some(match word {
        "echo" => Act::Say(rest),
        "ask:" => Act::Ask { command: rest, even_in_bypass: false },
        "insist:" => Act::Ask { command: rest, even_in_bypass: true },
        "error:" => Act::Fail(rest),
        _ => return None,
    })
}

fn with_number(text: &str) -> Option<Act> {
    let (word, number) = text.split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let time = Duration::try_from_secs_f64(number).ok()?;
    // Whole kilobytes, at most 64 MB.
    let bytes = usize::try_from(time.as_secs()).ok()?.min(65_536) * 1024;
    Some(match word {
        "work" => Act::Work(time),
        "background" => Act::Background(time),
        "long" => Act::Long(bytes),
        "image" => Act::Image(bytes),
        "flood" => Act::Flood(bytes),
        "exit" => Act::Exit(i32::try_from(time.as_secs()).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sentences_are_answered_with_a_recording() {
        for text in ["error in main.rs", "hello", "work on it", "long ago", "ask me", "hang on"] {
            assert_eq!(parse(text), Act::Recorded("edit"), "{text}");
        }
        assert_eq!(parse("prime"), Act::Recorded("prime"));
    }

    #[test]
    fn scripted_lines_are_understood() {
        assert_eq!(parse("echo a  b\nc"), Act::Say("a  b\nc".into()));
        assert_eq!(parse("work 0.5"), Act::Work(Duration::from_millis(500)));
        assert_eq!(parse("long 9"), Act::Long(9216));
        assert_eq!(parse("exit 7"), Act::Exit(7));
        assert_eq!(parse("work -1"), Act::Recorded("edit"));
    }
}
