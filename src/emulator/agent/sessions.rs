//! Which sessions there are: a folder with one empty file each.

use std::env;
use std::fs;
use std::path::PathBuf;

/// Why a session cannot be resumed, in the real program's words; `None` if it can, or if none is
/// to be resumed.
pub(super) fn unknown(resume: Option<&str>) -> Option<String> {
    let id = resume?;
    let known = match file(id) {
        Some(path) => path.exists(),
        None => folder().is_none(),
    };
    if known {
        return None;
    }
    Some(match is_uuid(id) {
        true => format!("No conversation found with session ID: {id}"),
        false => format!(
            "Error: --resume requires a valid session ID or session title when used with \
             --print. Usage: claude -p --resume <session-id|title>. Provided value \"{id}\" is \
             not a UUID and does not match any session title."
        ),
    })
}

/// From now on it can be resumed.
pub(super) fn remember(id: &str) {
    if let Some(path) = file(id) {
        let _ = fs::write(path, "");
    }
}

/// A new id.
pub(super) fn fresh() -> String {
    let mut bytes = [0_u8; 16];
    // Without random numbers every session has the same id, which is good enough for a stand-in.
    let _ = getrandom::fill(&mut bytes);
    let number = u128::from_le_bytes(bytes);
    let digits = format!("{number:032x}");
    let mut id = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        // Version 4 of the form.
        id.push(if position == 12 { '4' } else { digit });
    }
    id
}

fn folder() -> Option<PathBuf> {
    env::var_os("STAND_IN_SESSIONS").map(PathBuf::from)
}

/// `None` without a folder, and for what is no id.
fn file(id: &str) -> Option<PathBuf> {
    Some(folder()?.join(id)).filter(|_| is_uuid(id))
}

fn is_uuid(id: &str) -> bool {
    let shape: Vec<usize> = id.split('-').map(str::len).collect();
    shape == [8, 4, 4, 4, 12] && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ids_are_uuids_and_differ() {
        let (one, other) = (fresh(), fresh());
        assert!(is_uuid(&one) && is_uuid(&other));
        assert_ne!(one, other);
        assert!(!is_uuid("nonsense"));
    }
}
