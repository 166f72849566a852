//! The units and the guide's files for other inits, as files: by systemd's own check where it is
//! there.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod service_board;

use service_board::{Board, TOKEN, unit};
use std::fs;
use std::path::Path;
use std::process::Command;

const UNITS: [&str; 2] = ["pigent.service", "pigent@.service"];

#[test]
fn every_line_of_the_units_is_there_once_and_both_say_the_same() {
    let lines = |name: &str| -> Vec<String> {
        let text = unit(name);
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| line.replace("@%i", "").replace("%i", "pigent").replace(" (pigent)", ""))
            .collect()
    };
    let [plain, template] = UNITS.map(lines);
    assert_eq!(plain, template);
    let key = |line: &String| line.split('=').next().unwrap().to_owned();
    let mut keys: Vec<String> = plain.iter().map(key).collect();
    keys.sort();
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count, "{plain:?}");
    for line in [
        "Type=notify",
        "Restart=always",
        "TimeoutStopSec=15",
        "KillMode=mixed",
        "Delegate=yes",
        "OOMPolicy=continue",
        "ProtectSystem=full",
        "LoadCredential=telegram-bot-token:/etc/pigent/pigent/telegram-bot-token",
        "After=network-online.target",
    ] {
        assert!(plain.iter().any(|known| known == line), "{line}");
    }
    // Each of these would end sudo for the agent: systemd gives up new privileges for it.
    let ends_sudo = [
        "NoNewPrivileges",
        "LockPersonality",
        "MemoryDenyWriteExecute",
        "PrivateDevices",
        "ProtectClock",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "RestrictAddressFamilies",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "SystemCallArchitectures",
        "SystemCallFilter",
    ];
    assert!(!keys.iter().any(|key| ends_sudo.contains(&key.as_str())), "{keys:?}");
}

#[test]
fn the_guides_files_for_other_inits_are_shell() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/service.md");
    let guide = fs::read_to_string(guide).unwrap();
    let blocks: Vec<&str> = guide.split("```sh\n").skip(1).collect();
    assert!(blocks.iter().any(|block| block.starts_with("#!/sbin/openrc-run")));
    for block in blocks {
        let text = block.split("```").next().unwrap();
        let output = Command::new("sh").args(["-n", "-c", text]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
    }
}

#[test]
fn systemd_itself_finds_nothing_wrong_with_what_is_installed() {
    let found = Command::new("systemd-analyze").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there is no systemd-analyze");
        return;
    }
    let board = Board::new();
    board.done(&["install"]);
    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={TOKEN}\n"));
    board.done(&["install", "--name", "web"]);
    let folder = board.path("etc/systemd/system");
    // Found by name, as the real ones are; the board's own units stay out of it.
    let output = Command::new("systemd-analyze")
        .args(["verify", "pigent.service", "pigent@web.service"])
        .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let about_ours: Vec<&str> = text.lines().filter(|line| line.contains("pigent")).collect();
    assert!(output.status.success() && about_ours.is_empty(), "{text}");
}
