//! What is wrong with a service, in words, from what systemd tells about it. Pure.

use super::place::Place;
use super::systemd::Properties;

/// Exit codes of systemd's own: it could not get as far as starting pigent. (systemd.exec(5))
const BEFORE: [(&str, &str); 7] = [
    (
        "200",
        "the project folder is not there, or its user may not enter it: say install again with --project",
    ),
    (
        "203",
        "the program is not where it was, or its user may not run it: say install again with the one to use",
    ),
    ("216", "its group is gone: say install again"),
    ("217", "its user is gone: say install again with --user"),
    (
        "226",
        "systemd could not prepare what it may see: a folder in project.conf may be gone; say install again",
    ),
    (
        "243",
        "the token's file is gone: put the token into the project's .env and say install again",
    ),
    ("2", "its settings are wrong: the log names them; once they are right it starts by itself"),
];

/// What pigent's own status begins with while it holds on with wrong settings.
const WRONG: &str = "wrong settings";

/// What keeps the service from its work; `None` if nothing does.
pub(super) fn trouble(place: &Place, found: &Properties) -> Option<String> {
    let unit = place.unit();
    if found.get("LoadState") != "loaded" {
        return Some(super::status::not_installed(place));
    }
    let starting = found.get("ActiveState") == "activating";
    if starting && found.get("StatusText").starts_with(WRONG) {
        return Some(format!(
            "it says: {}; it looks again every half minute",
            found.get("StatusText")
        ));
    }
    if found.get("ActiveState") != "active" && !place.drop_in().exists() {
        return Some(format!(
            "nothing says who it should run as: sudo pigent service install{}",
            place.name().option()
        ));
    }
    match found.get("ActiveState") {
        "active" => doubt(found),
        "inactive" => Some(stopped(found, &unit)),
        "activating" if found.get("SubState") != "auto-restart" => {
            Some("it is starting: look again in a moment".into())
        }
        "deactivating" => Some("it is stopping".into()),
        _ => Some(ended(found)),
    }
}

/// It runs, and says itself that something is wrong.
fn doubt(found: &Properties) -> Option<String> {
    let text = found.get("StatusText");
    let restarts = found.get("NRestarts").parse::<u32>().unwrap_or(0);
    if text.contains("trouble") || text.contains("cannot be reached") {
        return Some(format!("it says: {text}; the chat, the log and pigent doctor tell why"));
    }
    (restarts > 0).then(|| format!("it was started again {restarts} times: the log tells why"))
}

fn stopped(found: &Properties, unit: &str) -> String {
    match found.get("UnitFileState") {
        "enabled" => format!("it was stopped: sudo systemctl start {unit}"),
        _ => format!(
            "it was stopped, and will not start with the board: sudo systemctl enable --now {unit}"
        ),
    }
}

fn ended(found: &Properties) -> String {
    let restarts = found.get("NRestarts");
    let again = match found.get("SubState") {
        "auto-restart" => format!("it is started again and again ({restarts} times so far)"),
        _ => "it has ended".to_owned(),
    };
    let why = match found.get("Result") {
        "exit-code" => exit(found.get("ExecMainStatus")),
        "watchdog" => "it made no progress, so the watchdog ended it".into(),
        "oom-kill" => "memory ran out: close other programs, or add swap".into(),
        "timeout" => "it took too long to start or stop".into(),
        "signal" | "core-dump" => format!("signal {}", found.get("ExecMainStatus")),
        // Assert…=, or an error before a process was there.
        "resources" => "systemd could not start a process: the log tells why".into(),
        other => format!("result: {other}"),
    };
    format!("{again}: {why}")
}

fn exit(code: &str) -> String {
    match BEFORE.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("it ended with exit code {code}: the log tells why"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Name;
    use super::*;
    use std::path::Path;

    fn check(text: &str, expect: Option<&str>) {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::below(dir.path(), Name::default());
        std::fs::create_dir_all(place.drop_in().parent().unwrap()).unwrap();
        std::fs::write(place.drop_in(), "").unwrap();
        let text = format!("LoadState=loaded\n{}", text.replace("; ", "\n"));
        let found = trouble(&place, &Properties::from(&text));
        match (&found, expect) {
            (Some(found), Some(expect)) => assert!(found.contains(expect), "{found}"),
            _ => assert_eq!(found.as_deref(), expect, "{text}"),
        }
    }

    #[test]
    fn a_healthy_service_has_no_trouble() {
        check("ActiveState=active; SubState=running; NRestarts=0; StatusText=idle", None);
        check("ActiveState=active; NRestarts=2", Some("2 times"));
        check("ActiveState=active; StatusText=idle,trouble", Some("doctor"));
    }

    #[test]
    fn every_end_has_its_reason() {
        let again = "ActiveState=activating; SubState=auto-restart; NRestarts=7; Result=exit-code";
        check(&format!("{again}; ExecMainStatus=2"), Some("settings are wrong"));
        check(&format!("{again}; ExecMainStatus=203"), Some("(7 times so far)"));
        check(&format!("{again}; ExecMainStatus=1"), Some("exit code 1"));
        check("ActiveState=failed; Result=watchdog", Some("no progress"));
        check("ActiveState=failed; Result=signal; ExecMainStatus=9", Some("signal 9"));
        check(
            "ActiveState=inactive; UnitFileState=enabled",
            Some("systemctl start pigent.service"),
        );
        check("ActiveState=inactive; UnitFileState=disabled", Some("enable --now"));
        check("ActiveState=activating; SubState=start", Some("starting"));
        let wrong = "ActiveState=activating; SubState=start; StatusText=wrong settings: X";
        check(wrong, Some("it says: wrong settings: X;"));
    }

    #[test]
    fn a_unit_without_a_user_is_not_set_up() {
        let place = Place::below(Path::new("/nowhere"), Name::default());
        let text = "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n";
        let found = trouble(&place, &Properties::from(text)).unwrap();
        assert!(found.contains("sudo pigent service install"), "{found}");
    }

    #[test]
    fn what_is_not_there_is_said_to_be_not_installed() {
        let place = Place::below(Path::new("/nowhere"), Name::default());
        let found = trouble(&place, &Properties::from("LoadState=not-found\n")).unwrap();
        assert!(found.contains("sudo pigent service install"), "{found}");
    }
}
