//! A board of its own for `pigent service`: a folder with users, groups, a project, and a systemd
//! that writes down what it is told.
#![allow(dead_code)]

#[path = "../support/program.rs"]
pub mod program;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub const TOKEN: &str = "123456789:AAE-letters_and-digits-of-a-token12";

/// What systemd says about a service that runs.
pub const ACTIVE: &str = "LoadState=loaded\nActiveState=active\nSubState=running\nStatusText=idle\n\
    MainPID=1\nNRestarts=0\nUnitFileState=enabled\nResult=success\n";

/// A board, and a project of pi's on it.
pub struct Board {
    dir: TempDir,
    pub uid: u32,
}

/// What the command ended with and said.
pub struct Said {
    pub code: i32,
    pub text: String,
}

impl Board {
    pub fn new() -> Board {
        let board = Board { dir: tempfile::tempdir().unwrap(), uid: owner() };
        let passwd =
            format!("root:x:0:0::/root:/bin/sh\npi:x:{}:100::/home/pi:/bin/sh\n", board.uid);
        board.put("etc/passwd", &passwd);
        board.put("etc/group", "root:x:0:\nusers:x:100:\ngpio:x:997:pi\n");
        board.put("run/systemd/system/x", "");
        board.show(ACTIVE);
        board.put("log", "");
        let tell = |name: &str| format!("#!/bin/sh\necho \"{name} $*\" >> {}/log\n", board.root());
        let systemctl = format!(
            "{}case $1 in show) cat {root}/show ;; --version) echo 'systemd 252 (252.38)' ;;\n\
             restart) test ! -e {root}/broken || {{ echo 'Job failed.' >&2; exit 1; }} ;; esac\n",
            tell("systemctl"),
            root = board.root(),
        );
        board.program("systemctl", &systemctl);
        board.program("journalctl", &format!("{}echo 'the last line'\n", tell("journalctl")));
        board.program("udevadm", &tell("udevadm"));
        board.program("claude", "#!/bin/sh\n");
        fs::create_dir(board.path("project")).unwrap();
        chown(board.path("project"), Some(board.uid), None).unwrap();
        board
            .dotenv(&format!("# mine\nTELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_ALLOWED_CHAT_IDS=42\n"));
        board
    }

    pub fn root(&self) -> String {
        self.dir.path().to_str().unwrap().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn program(&self, name: &str, text: &str) {
        let path = self.path(&format!("bin/{name}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        program::script(&path, text);
    }

    pub fn dotenv(&self, text: &str) {
        self.put("project/.env", text);
        chown(self.path("project/.env"), Some(self.uid), None).unwrap();
        fs::set_permissions(self.path("project/.env"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn show(&self, text: &str) {
        self.put("show", text);
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().mode() & 0o777
    }

    /// What systemctl and the others were told since the last time.
    pub fn told(&self) -> Vec<String> {
        let told = self.read("log").lines().map(str::to_owned).collect();
        self.put("log", "");
        told
    }

    /// `pigent service …`, in the project.
    pub fn service(&self, words: &[&str]) -> Said {
        let path = format!("{}/bin:/usr/bin:/bin", self.root());
        let output = Command::new(env!("CARGO_BIN_EXE_pigent"))
            .arg("service")
            .args(words)
            .current_dir(self.path("project"))
            .env_clear()
            .envs([("PATH", path), ("STAND_IN_ROOT", self.root())])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(TOKEN), "{text}");
        Said { code: output.status.code().unwrap(), text }
    }

    /// The same, which must work.
    pub fn done(&self, words: &[&str]) -> String {
        let said = self.service(words);
        assert_eq!(said.code, 0, "{}", said.text);
        said.text
    }

    /// The same, which must not, and says this.
    pub fn refused(&self, words: &[&str], part: &str) {
        let said = self.service(words);
        assert_ne!(said.code, 0, "{}", said.text);
        assert!(said.text.contains(part), "{}", said.text);
    }

    /// Every file below etc but the users.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path("etc"), &mut found);
        let strip =
            |path: PathBuf| path.strip_prefix(self.dir.path()).unwrap().display().to_string();
        let mut names: Vec<String> = found.into_iter().map(strip).collect();
        names.retain(|name| name != "etc/passwd" && name != "etc/group");
        names.sort();
        names
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => collect(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

/// Root's tests give the project to somebody else: a service never runs as root.
fn owner() -> u32 {
    match rustix::process::geteuid() {
        uid if uid.is_root() => 1000,
        uid => uid.as_raw(),
    }
}

/// A unit as it is in the sources.
pub fn unit(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/service/units").join(name);
    fs::read_to_string(path).unwrap()
}
