//! What a kill left in the state folder: always a snapshot that can be read, with every body that
//! it names.

use crate::prompt::Prompt;
use pigent::bridge::memory::{Job, Memory};
use std::fs;
use std::path::Path;

/// Reads the folder of a daemon that was killed. `None` before the first save.
pub fn read(state: &Path, prompts: &[Prompt]) -> Result<Option<Memory>, String> {
    for entry in fs::read_dir(state).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let aside = name.strip_prefix("state.json.").is_some_and(|rest| rest != "new");
        if aside || name.starts_with("blobs.") || name.starts_with("lost-") {
            return Err(format!("{name} was set aside"));
        }
    }
    let bytes = match fs::read(state.join("state.json")) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let memory: Memory = serde_json::from_slice(&bytes)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&bytes)))?;
    for id in memory.bodies() {
        if !state.join("blobs").join(id.to_string()).exists() {
            return Err(format!("blobs/{id} is named and not there"));
        }
    }
    let running = memory.running.iter().map(|running| &running.job);
    for job in running.chain(&memory.queue).chain(memory.interrupted.iter().map(|gone| &gone.job)) {
        check_prompt(state, job, prompts)?;
    }
    Ok(Some(memory))
}

/// A job's body is what the user wrote, byte for byte.
fn check_prompt(state: &Path, job: &Job, prompts: &[Prompt]) -> Result<(), String> {
    let asked =
        |prompt: &&Prompt| (prompt.chat, prompt.message) == (job.place.chat.0, job.message.0);
    let Some(prompt) = prompts.iter().find(asked) else {
        return Err(format!("nobody asked for {job:?}"));
    };
    let body = fs::read_to_string(state.join("blobs").join(job.prompt.to_string()));
    match body {
        Ok(body) if body == prompt.text => Ok(()),
        other => Err(format!("{:?} became {other:?}", prompt.text)),
    }
}
