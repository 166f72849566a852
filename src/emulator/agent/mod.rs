//! The stand-in agent: a program that speaks Claude Code's stream-json without a model.
//!
//! It takes the flags and the stdin protocol of the real one, plays what the prompt asks for, and
//! idles after each result until its stdin is closed (STREAM.md sections 4 to 6). Anything it
//! does not know it answers with a recorded run in its own timing. A whole prompt that is one of
//! these lines is played instead:
//!
//! | prompt | what happens |
//! |---|---|
//! | `echo TEXT` | answers exactly TEXT |
//! | `work SECONDS`, `hang` | a command that takes so long; can be interrupted |
//! | `hang hard` | ignores interrupt, SIGINT and SIGTERM |
//! | `silent`, `silent hard` | the same without a line of output |
//! | `tree`, `tree bare` | hangs with a child in a session of its own that ignores signals, and an orphan; `bare`: they have no environment |
//! | `nohup`, `holder` | leaves a child running; `holder`: one that keeps stdout open |
//! | `ask`, `ask: COMMAND`, `insist: COMMAND` | wants to run a command, and says what it was told; `insist:` asks in bypass mode too |
//! | `question`, `questions`, `multi`, `question big` | asks the user, and says what it was told |
//! | `error`, `error: TEXT`, `login` | an answer that is an error |
//! | `crash`, `die`, `exit CODE` | ends without a result: code 3 and words on stderr; SIGKILL; this code and no output |
//! | `two results`, `background [SECONDS]` | reports once more after its result |
//! | `long KB`, `image KB`, `flood KB` | much text; one long line; so much a second until it is stopped |
//! | `retry` | the API fails twice first |
//! | `withdrawn` | text that is thrown away half-way and written anew |
//! | `empty`, `garbage` | a result without text; a line that is not JSON |
//! | `env`, `argv`, `cwd`, `session` | answers with the names in its environment, its arguments, its folder, its session |
//! | `prime`, `markdown`, `parallel`, `edit` | one of the recorded runs |
//!
//! Environment: `STAND_IN_LOG` (a file that gets a line a prompt), `STAND_IN_SESSIONS` (a folder
//! that knows the sessions there are; without it any can be resumed), `STAND_IN_PACE` (how much
//! slower than recorded a recorded run is played).

mod acts;
mod asking;
mod children;
mod flags;
mod input;
mod lines;
mod replay;
mod script;
mod sessions;
mod stage;

use flags::Flags;
use stage::{Stage, Stop};
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;

/// Runs the stand-in agent (or one of its children) with these arguments, until its stdin ends.
#[must_use]
pub fn main(args: &[String]) -> ExitCode {
    if let Some(role) = args.first().and_then(|first| first.strip_prefix("child:")) {
        return children::main(role);
    }
    let flags = match Flags::read(args) {
        Ok(flags) if flags.version => {
            println!("{} (Claude Code)", lines::VERSION);
            return ExitCode::SUCCESS;
        }
        Ok(flags) => flags,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(why) = sessions::unknown(flags.resume.as_deref()) {
        eprintln!("{why}");
        lines::print(&lines::unknown_session(&sessions::fresh(), &why));
        return ExitCode::FAILURE;
    }
    let session = flags.resume.clone().unwrap_or_else(sessions::fresh);
    serve(Stage::new(flags, session))
}

/// Plays prompt after prompt.
fn serve(mut stage: Stage) -> ExitCode {
    while let Some(prompt) = stage.next_prompt() {
        note_start(&stage, &prompt.text);
        sessions::remember(&stage.session);
        match acts::play(&mut stage, &prompt) {
            Ok(()) => {}
            Err(Stop::Interrupt) => stage.aborted(),
            Err(Stop::Signal) => {
                stage.aborted();
                return ExitCode::SUCCESS;
            }
        }
    }
    if stage.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One line for tests to count: run, resumed session or `-`, the prompt as JSON.
fn note_start(stage: &Stage, prompt: &str) {
    let Some(path) = env::var_os("STAND_IN_LOG") else { return };
    let run = env::var("PIGENT_RUN_ID").unwrap_or_else(|_| "-".to_owned());
    let resumed = stage.flags.resume.as_deref().unwrap_or("-");
    let prompt = serde_json::to_string(prompt).unwrap_or_default();
    let line = format!("start {run} {resumed} {prompt}\n");
    // One write, so that two agents never mix their lines.
    let file = OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
}
