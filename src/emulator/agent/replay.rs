//! Recorded runs of the real program, played again in their own timing.
//!
//! The recordings are real lines; only the session id and the folder are changed to those of this
//! run, and partial lines are left out if they were not asked for. The timing is the recorded
//! one, multiplied by `STAND_IN_PACE`.

use super::lines;
use super::stage::{Stage, Stop};
use serde_json::Value;
use std::env;
use std::time::Duration;

/// A run's lines and the second at which each came.
pub(super) struct Recording {
    lines: &'static str,
    times: &'static str,
}

macro_rules! recording {
    ($name:literal) => {
        Recording {
            lines: include_str!(concat!("../recordings/", $name, ".ndjson")),
            times: include_str!(concat!("../recordings/", $name, ".tsv")),
        }
    };
}

/// The recording of this name.
pub(super) fn find(name: &str) -> Option<Recording> {
    Some(match name {
        "edit" => recording!("edit"),
        "prime" => recording!("prime"),
        "markdown" => recording!("markdown"),
        "parallel" => recording!("parallel"),
        _ => return None,
    })
}

/// Plays a recording.
pub(super) fn play(stage: &mut Stage, recording: &Recording) -> Result<(), Stop> {
    let pace = pace();
    let session = session_of(recording.lines);
    let folder = env::current_dir().unwrap_or_default();
    let folder = serde_json::to_string(&folder.to_string_lossy()).unwrap_or_default();
    let mut last = None;
    for (line, time) in recording.lines.lines().zip(recording.times.lines()) {
        let time = seconds(time);
        let wait = (time - last.unwrap_or(time)).max(0.0) * pace;
        last = Some(time);
        let is_partial = line.starts_with("{\"type\":\"stream_event\"");
        if is_partial && !stage.flags.partial {
            continue;
        }
        stage.pause(Duration::try_from_secs_f64(wait).unwrap_or_default())?;
        let line = line.replace("/home/pi/project", folder.trim_matches('"'));
        lines::print(&line.replace(&session, &stage.session));
    }
    stage.failed = false;
    Ok(())
}

/// `STAND_IN_PACE`; 1 if it is missing or makes no sense.
fn pace() -> f64 {
    let given = env::var("STAND_IN_PACE").ok().and_then(|pace| pace.parse().ok());
    given.filter(|pace| (0.0..=1000.0).contains(pace)).unwrap_or(1.0)
}

/// The first column of a line of the timing.
fn seconds(line: &str) -> f64 {
    line.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

fn session_of(lines: &str) -> String {
    let first = lines.lines().next().and_then(|line| serde_json::from_str::<Value>(line).ok());
    let session = first.as_ref().and_then(|first| first["session_id"].as_str());
    session.unwrap_or("no session").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_whole() {
        for name in ["edit", "prime", "markdown", "parallel"] {
            let recording = find(name).unwrap();
            assert_eq!(recording.lines.lines().count(), recording.times.lines().count(), "{name}");
            assert_eq!(session_of(recording.lines).len(), 36, "{name}");
            let last: Value =
                serde_json::from_str(recording.lines.lines().last().unwrap()).unwrap();
            assert_eq!((&last["type"], &last["is_error"]), (&"result".into(), &false.into()));
        }
        assert!(find("nothing").is_none());
    }
}
