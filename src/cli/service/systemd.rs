//! Asks systemctl, journalctl and udevadm. What they say is shown, never interpreted, but for
//! `systemctl show`, which is made for that.

use super::place::Place;
use crate::cli::Failure;
use crate::cli::output::say;
use std::process::{Command, Output, Stdio};

/// Where a person reads on without systemd.
const GUIDE: &str = "docs/service.md has service files for OpenRC and for a plain init";

/// Whether systemd is there: running, or at least installed if nothing is to be started (a system
/// that is being prepared).
///
/// # Errors
/// A text that says what to do instead.
pub(super) fn check(place: &Place, offline: bool) -> Result<(), Failure> {
    if place.at("/run/systemd/system").is_dir() || offline && version() > 0 {
        return Ok(());
    }
    Err(Failure::Other(format!("this system was not started by systemd: {GUIDE}")))
}

/// systemd's version; 0 if it cannot be told.
pub(super) fn version() -> u32 {
    let output = Command::new("systemctl").arg("--version").stdin(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    // `systemd 252 (252.38-1~deb12u1)`
    let number = text.split_whitespace().nth(1).unwrap_or_default();
    number.split('.').next().unwrap_or_default().parse().unwrap_or(0)
}

/// Lets systemctl do something.
///
/// # Errors
/// What it said.
pub(super) fn systemctl(words: &[&str]) -> Result<(), Failure> {
    let output = output("systemctl", words)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Other(format!("systemctl {}: {}", words.join(" "), said.trim())))
}

/// Lets the kernel's LEDs come by once more, now that there is a rule for them.
pub(super) fn apply_led_rule() {
    for words in [&["control", "--reload"][..], &["trigger", "--subsystem-match=leds"]] {
        if !output("udevadm", words).is_ok_and(|output| output.status.success()) {
            say!("note      the rule for LEDs counts from the next start of the board on");
            return;
        }
    }
}

/// What systemd knows about a unit: `Name=value` lines.
#[derive(Debug, Default)]
pub(super) struct Properties(String);

/// The properties that are asked for.
const ASKED: &str = "LoadState,ActiveState,SubState,UnitFileState,StatusText,Result,MainPID,\
    NRestarts,ActiveEnterTimestamp,ExecMainStatus,ExecMainCode,ControlGroup";

impl Properties {
    /// Asks for them.
    ///
    /// # Errors
    /// There is no systemctl, or it fails.
    pub(super) fn of(unit: &str) -> Result<Properties, Failure> {
        let output = output("systemctl", &["show", unit, "--property", ASKED])?;
        match output.status.success() {
            true => Ok(Properties(String::from_utf8_lossy(&output.stdout).into_owned())),
            false => Err(Failure::Other(format!(
                "systemctl show: {} (sudo pigent service status may tell more)",
                String::from_utf8_lossy(&output.stderr).trim()
            ))),
        }
    }

    #[cfg(test)]
    pub(super) fn from(text: &str) -> Properties {
        Properties(text.to_owned())
    }

    /// One of them; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let mut values =
            self.0.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_default()
    }
}

/// The last lines of a unit's log, as they are.
pub(super) fn log(unit: &str, lines: u32) -> String {
    let lines = lines.to_string();
    let words = ["--unit", unit, "--lines", &lines, "--no-pager", "--output", "short"];
    let text = output("journalctl", &words).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

fn output(program: &str, words: &[&str]) -> Result<Output, Failure> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    output.map_err(|error| Failure::Other(format!("{program}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_told_apart() {
        let found = Properties::from("Result=success\nStatusText=idle = fine\nMainPID=7\n");
        assert_eq!(found.get("StatusText"), "idle = fine");
        assert_eq!(found.get("MainPID"), "7");
        assert_eq!(found.get("Main"), "");
    }
}
