//! `pigent service` on a board of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod service_board;

use service_board::{Board, TOKEN, program, unit};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

const RULE: &str = "etc/udev/rules.d/60-pigent-leds.rules";

#[test]
fn install_writes_everything_and_starts_it() {
    let board = Board::new();
    let said = board.done(&["install"]);
    assert_eq!(
        board.files(),
        [
            "etc/pigent/pigent/telegram-bot-token",
            "etc/systemd/system/pigent.service",
            "etc/systemd/system/pigent.service.d/project.conf",
        ]
    );
    assert_eq!(board.read("etc/systemd/system/pigent.service"), unit("pigent.service"));
    let drop_in = board.read("etc/systemd/system/pigent.service.d/project.conf");
    let project = board.path("project").canonicalize().unwrap();
    for line in [
        "User=pi".to_owned(),
        "Group=users".to_owned(),
        "SupplementaryGroups=gpio".to_owned(),
        format!("WorkingDirectory={}", project.display()),
        format!("ExecStart=\"{}\" run", env!("CARGO_BIN_EXE_pigent")),
    ] {
        assert!(drop_in.lines().any(|known| known == line), "{line} in {drop_in}");
    }
    assert!(!drop_in.contains("RestartSteps"), "systemd 252 would warn: {drop_in}");
    let told = board.told();
    let expect = ["daemon-reload", "enable --quiet pigent.service", "restart pigent.service"];
    let asked: Vec<&String> = told.iter().filter(|one| !one.contains("--version")).collect();
    for (found, expect) in asked.iter().zip(expect) {
        assert_eq!(**found, format!("systemctl {expect}"));
    }
    assert!(said.contains("running   pigent.service as pi"), "{said}");
}

#[test]
fn the_token_moves_out_of_the_project_and_nothing_else_does() {
    let board = Board::new();
    let said = board.done(&["install"]);
    assert_eq!(board.read("etc/pigent/pigent/telegram-bot-token").trim(), TOKEN);
    assert_eq!(board.mode("etc/pigent/pigent/telegram-bot-token"), 0o600);
    assert_eq!(board.mode("etc/pigent/pigent"), 0o700);
    let dotenv = board.read("project/.env");
    assert_eq!(dotenv, "# mine\nTELEGRAM_BOT_TOKEN=\nTELEGRAM_ALLOWED_CHAT_IDS=42\n");
    let about = fs::metadata(board.path("project/.env")).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o777), (board.uid, 0o600));
    assert!(said.contains("blanked   the token in"), "{said}");
}

#[test]
fn installing_again_changes_what_has_changed() {
    let board = Board::new();
    board.done(&["install"]);
    let again = board.done(&["install"]);
    assert_eq!(again.matches("unchanged").count(), 3, "{again}");
    assert!(!again.contains("wrote"), "{again}");
    // A new token, and a kernel LED.
    let new = TOKEN.replace("12", "34");
    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={new}\nPIGENT_LED_BUSY=led:ACT\n"));
    board.told();
    let again = board.done(&["install"]);
    assert_eq!(board.read("etc/pigent/pigent/telegram-bot-token").trim(), new);
    assert_eq!(board.read(RULE), unit("60-pigent-leds.rules"));
    assert!(board.told().contains(&"udevadm trigger --subsystem-match=leds".to_owned()));
    assert!(again.contains("nobody may talk"), "{again}");
}

#[test]
fn settings_of_a_card_are_kept_outside_the_project() {
    let board = Board::new();
    board.dotenv("");
    let card = format!(
        "\u{feff}# from a laptop\r\nTELEGRAM_BOT_TOKEN={TOKEN}\r\nTELEGRAM_ALLOWED_CHAT_IDS=42\r\n\
         PIGENT_LANG=\r\nCLAUDE_ARGS=\"--model 'opus'\"\r\nANTHROPIC_API_KEY=k\r\n"
    );
    board.put("boot/pigent.env", &card);
    let file = board.path("boot/pigent.env");
    let said = board.done(&["install", "--env", file.to_str().unwrap()]);
    let env = board.read("etc/pigent/pigent/pigent.env");
    let lines: Vec<&str> = env.lines().skip(1).collect();
    let expect = [
        "TELEGRAM_ALLOWED_CHAT_IDS='42'",
        "CLAUDE_ARGS=\"--model 'opus'\"",
        "ANTHROPIC_API_KEY='k'",
    ];
    assert_eq!(lines, expect);
    assert_eq!(board.mode("etc/pigent/pigent/pigent.env"), 0o600);
    assert_eq!(board.read("boot/pigent.env"), card.replace(TOKEN, ""));
    assert!(said.contains("boot/pigent.env"), "{said}");
    // Without the file they stay; with it, and no token in it, the token does.
    board.done(&["install"]);
    assert_eq!(board.read("etc/pigent/pigent/pigent.env"), env);
    board.done(&["install", "--env", file.to_str().unwrap()]);
    assert_eq!(board.read("etc/pigent/pigent/telegram-bot-token").trim(), TOKEN);
}

#[test]
fn a_named_service_is_an_instance_and_removing_it_leaves_the_others() {
    let board = Board::new();
    board.done(&["install"]);
    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={TOKEN}\n"));
    board.done(&["install", "--name", "web"]);
    assert_eq!(board.read("etc/systemd/system/pigent@.service"), unit("pigent@.service"));
    assert!(board.has("etc/systemd/system/pigent@web.service.d/project.conf"));
    assert!(board.has("etc/pigent/web/telegram-bot-token"));
    board.told();
    let said = board.done(&["remove", "--name", "web"]);
    assert_eq!(board.told()[0], "systemctl disable --now --quiet pigent@web.service");
    assert!(said.contains("project"), "{said}");
    let left: Vec<String> = board.files().into_iter().filter(|name| name.contains("web")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(!board.has("etc/systemd/system/pigent@.service"));
    assert!(board.has("etc/systemd/system/pigent.service"));
    board.refused(&["remove", "--name", "web"], "installed here: pigent.service");
}

#[test]
fn remove_takes_away_only_what_install_wrote() {
    let board = Board::new();
    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={TOKEN}\nPIGENT_LED_BUSY=led:ACT\n"));
    board.put("project/.pigent/state.json", "{}");
    board.put("etc/systemd/system/other.service", "");
    board.done(&["install"]);
    board.put("etc/systemd/system/pigent.service.d/override.conf", "mine");
    board.done(&["remove"]);
    let expect =
        ["etc/systemd/system/other.service", "etc/systemd/system/pigent.service.d/override.conf"];
    assert_eq!(board.files(), expect);
    assert!(!board.has("etc/pigent"));
    assert!(board.has("project/.pigent/state.json") && board.has("project/.env"));

    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={TOKEN}\n"));
    board.done(&["install"]);
    board.done(&["remove", "--keep-token"]);
    assert_eq!(board.read("etc/pigent/pigent/telegram-bot-token").trim(), TOKEN);
    // And it is found again.
    board.done(&["install"]);
}

#[test]
fn a_unit_that_a_package_has_brought_is_used() {
    let board = Board::new();
    board.done(&["install"]);
    board.put("usr/lib/systemd/system/pigent.service", &unit("pigent.service"));
    let said = board.done(&["install"]);
    assert!(said.contains("packaged"), "{said}");
    assert!(!board.has("etc/systemd/system/pigent.service"), "it would hide the package's");
    board.put("usr/lib/systemd/system/pigent.service", "[Unit]\n# an older one\n");
    board.done(&["install"]);
    assert!(board.has("etc/systemd/system/pigent.service"));
    // A unit that somebody wrote by hand is not ours to remove.
    board.put("etc/systemd/system/pigent.service", "[Unit]\nDescription=by hand\n");
    board.done(&["remove"]);
    assert!(board.has("etc/systemd/system/pigent.service"));
}

#[test]
fn what_would_not_run_is_refused_before_anything_is_written() {
    let board = Board::new();
    board.refused(&["install", "--user", "root"], "never runs as root");
    board.refused(&["install", "--user", "nobody-here"], "adduser");
    board.refused(&["install", "--project", "/nowhere/at/all"], "--project");
    board.refused(&["install", "--env", "/nowhere/pigent.env"], "there is no file");
    board.refused(&["install", "--name", "a b"], "lower-case");
    board.dotenv(&format!("TELEGRAM_BOT_TOKEN={TOKEN}\nPIGENT_LED_BUSY=99\n"));
    board.refused(&["install"], "PIGENT_LED_BUSY=99");
    board.dotenv("TELEGRAM_ALLOWED_CHAT_IDS=42\n");
    board.refused(&["install"], "TELEGRAM_BOT_TOKEN is not set");
    assert_eq!(board.files(), Vec::<String>::new());
    let told = board.told();
    assert!(told.iter().all(|one| one.contains("--version")), "{told:?}");
}

#[test]
fn a_project_of_roots_is_refused() {
    let board = Board::new();
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can give a folder to root");
        return;
    }
    chown(board.path("project"), Some(0), None).unwrap();
    board.refused(&["install"], "chown -R USER");
    let said = board.done(&["install", "--user", "pi"]);
    assert!(said.contains("pi does not own"), "{said}");
}

#[test]
fn a_link_in_place_of_dotenv_is_not_followed() {
    let board = Board::new();
    let dotenv = board.path("project/.env");
    fs::rename(&dotenv, board.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(board.path("elsewhere"), &dotenv).unwrap();
    board.refused(&["install"], "it is a link");
    assert!(board.read("elsewhere").contains(TOKEN));
}

#[test]
fn a_service_that_does_not_start_shows_its_log_and_why() {
    let board = Board::new();
    board.put("broken", "");
    board.show(
        "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\n\
         ExecMainStatus=203\nNRestarts=1\n",
    );
    board.refused(&["install"], "the program is not where it was");
    assert!(board.service(&["install"]).text.contains("the last line"));
}

#[test]
fn no_start_only_enables() {
    let board = Board::new();
    // A system that is being prepared: systemd does not run there.
    fs::remove_dir_all(board.path("run")).unwrap();
    board.refused(&["install"], "docs/service.md");
    board.done(&["install", "--no-start"]);
    let told = board.told();
    assert!(told.contains(&"systemctl enable --quiet pigent.service".to_owned()), "{told:?}");
    assert!(!told.iter().any(|one| one.contains("restart") || one.contains("reload")), "{told:?}");
}

#[test]
fn status_says_what_it_does_and_what_is_wrong() {
    let board = Board::new();
    board.done(&["install"]);
    let said = board.done(&["status"]);
    for part in [
        "pigent.service: active (running)",
        "does            idle",
        "wrong           nothing",
        "the last line",
    ] {
        assert!(said.contains(part), "{said}");
    }
    board.show("LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=watchdog\n");
    board.refused(&["status"], "it made no progress");
    board.show("LoadState=not-found\n");
    board.refused(&["status", "--name", "web"], "sudo pigent service install --name web");
}

#[test]
fn a_state_folder_elsewhere_is_waited_for_and_must_be_there_where_systemd_wants_it() {
    let board = Board::new();
    let token = format!("TELEGRAM_BOT_TOKEN={TOKEN}\n");
    board.dotenv(&format!("{token}PIGENT_STATE_DIR=/usr/no-such-state\n"));
    board.refused(&["install"], "sudo install -d -o pi /usr/no-such-state");
    assert_eq!(board.files(), Vec::<String>::new());
    board.dotenv(&format!("{token}PIGENT_STATE_DIR=../stick\n"));
    fs::create_dir(board.path("stick")).unwrap();
    board.done(&["install"]);
    let drop_in = board.read("etc/systemd/system/pigent.service.d/project.conf");
    let stick = board.path("stick").canonicalize().unwrap();
    let line = format!("RequiresMountsFor=\"{}\"", stick.display());
    assert!(drop_in.lines().any(|known| known == line), "{drop_in}");
}

fn pigent(board: &Board, words: &[&str]) -> Command {
    let path = format!("{}/bin:/usr/bin:/bin", board.root());
    let mut command = Command::new(env!("CARGO_BIN_EXE_pigent"));
    command.args(words).current_dir(board.path("project")).stdin(Stdio::null()).env_clear();
    command.envs([("PATH", path), ("STAND_IN_ROOT", board.root())]);
    command.env("TELEGRAM_API_URL", "http://127.0.0.1:9");
    command
}

fn doctor(board: &Board) -> String {
    String::from_utf8(pigent(board, &["doctor"]).output().unwrap().stdout).unwrap()
}

#[test]
fn doctor_and_panel_know_the_settings_that_the_service_keeps() {
    let board = Board::new();
    board.dotenv("TELEGRAM_ALLOWED_CHAT_IDS=\n");
    let card = format!(
        "TELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_ALLOWED_CHAT_IDS=42\nPIGENT_LED_BUSY=led:NONE\n"
    );
    board.put("boot/pigent.env", &card);
    board.done(&["install", "--env", board.path("boot/pigent.env").to_str().unwrap()]);
    let said = doctor(&board);
    assert!(said.contains("ok   access: listed chats: 1"), "{said}");
    assert!(said.contains("PIGENT_LED_BUSY=led:NONE"), "{said}");
    let panel = |command: &mut Command| {
        let output = command.output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let said = panel(&mut pigent(&board, &["panel"]));
    assert!(said.contains("PIGENT_LED_BUSY=led:NONE"), "{said}");
    // What the command itself is given wins.
    let said = panel(pigent(&board, &["panel"]).env("PIGENT_LED_BUSY", "led:OTHER"));
    assert!(said.contains("PIGENT_LED_BUSY=led:OTHER"), "{said}");
}

#[test]
fn who_may_not_read_what_the_service_keeps_is_told_who_may() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become somebody else");
        return;
    }
    let board = Board::new();
    board.dotenv("");
    board.put("boot/pigent.env", &format!("TELEGRAM_BOT_TOKEN={TOKEN}\nPIGENT_LANG=en\n"));
    board.done(&["install", "--env", board.path("boot/pigent.env").to_str().unwrap()]);
    fs::set_permissions(board.root(), fs::Permissions::from_mode(0o755)).unwrap();
    // A copy, since others may not be able to reach the one of the build.
    program::copy_of_pigent(&board.path("bin/pigent"));
    let as_owner = |word: &str| {
        let mut command = Command::new(board.path("bin/pigent"));
        std::os::unix::process::CommandExt::uid(&mut command, board.uid);
        let path = format!("{}/bin:/usr/bin:/bin", board.root());
        command.arg(word).current_dir(board.path("project")).stdin(Stdio::null()).env_clear();
        command.envs([("PATH", path), ("STAND_IN_ROOT", board.root())]);
        let output = command.output().unwrap();
        (String::from_utf8([output.stdout, output.stderr].concat()).unwrap(), output.status.code())
    };
    let (said, code) = as_owner("doctor");
    assert!(said.contains("ok   token: pigent.service has it"), "{said}");
    assert!(said.contains("mind access: not in .env: pigent.service may have"), "{said}");
    assert_eq!(code, Some(0), "{said}");
    let (said, code) = as_owner("panel");
    assert!(said.contains("pigent.service may have the settings: sudo pigent panel"), "{said}");
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn doctor_knows_that_the_service_has_the_token() {
    let board = Board::new();
    board.done(&["install"]);
    let said = doctor(&board);
    assert!(said.contains("ok   configuration") && !said.contains(TOKEN), "{said}");
    assert!(said.contains("token: could not be checked"), "{said}");
    // Who is not root cannot read it.
    fs::remove_file(board.path("etc/pigent/pigent/telegram-bot-token")).unwrap();
    let said = doctor(&board);
    assert!(said.contains("ok   token: pigent.service has it"), "{said}");
    board.done(&["remove"]);
    assert!(doctor(&board).contains("TELEGRAM_BOT_TOKEN is not set"));
}

#[test]
fn doctor_as_root_runs_nothing_of_another_users() {
    let board = Board::new();
    board.program("claude", &format!("#!/bin/sh\ntouch {}/ran\necho 1.2.3\n", board.root()));
    if rustix::process::geteuid().is_root() {
        let said = doctor(&board);
        assert!(said.contains("bin/claude (not run as root)"), "{said}");
        assert!(!board.has("ran"));
        chown(board.path("project"), Some(0), None).unwrap();
    }
    assert!(doctor(&board).contains("1.2.3") && board.has("ran"));
}

#[test]
fn what_will_be_in_the_way_of_the_service_is_told() {
    let board = Board::new();
    fs::set_permissions(board.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let state = board.path("data/pigent");
    board.put("data/x", "");
    let settings = format!("TELEGRAM_BOT_TOKEN={TOKEN}\nPIGENT_STATE_DIR={}\n", state.display());
    board.dotenv(&format!("{settings}# the old one was {TOKEN}\n"));
    let said = board.done(&["install"]);
    let left = format!("mind      {}/.env still holds the token", board.path("project").display());
    assert!(said.contains(&left), "{said}");
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let told = format!("cannot make {0}: sudo install -d -o pi {0}", state.display());
    assert!(said.contains(&told), "{said}");
    fs::set_permissions(board.root(), fs::Permissions::from_mode(0o700)).unwrap();
    let said = board.done(&["install"]);
    let told = format!("mind      pi may not enter {}, and ", board.root());
    assert!(said.contains(&told), "{said}");
}

#[test]
fn who_is_not_root_is_told_the_command() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become nobody");
        return;
    }
    // A copy, since others may not be able to reach the one of the build.
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.path().join("pigent");
    program::copy_of_pigent(&program);
    let mut command = Command::new(&program);
    std::os::unix::process::CommandExt::uid(&mut command, 65534);
    let output =
        command.args(["service", "install", "--name", "x"]).current_dir("/").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let has_systemd = Path::new("/run/systemd/system").is_dir();
    let expect = match has_systemd {
        true => format!("sudo {} service install --name x", program.display()),
        false => "docs/service.md".to_owned(),
    };
    assert!(text.contains(&expect), "{text}");
}
