//! Where the files of a service are. Names and paths only; nothing is read or written here.

use super::accounts;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the service that needs no name.
const PLAIN: &str = "pigent";

/// Letters of a name, at most: it becomes part of file names.
const LONGEST: usize = 40;

/// Where a person's own units are, and where packages put theirs.
const OWN: &str = "/etc/systemd/system";
const PACKAGED: [&str; 2] = ["/usr/lib/systemd/system", "/lib/systemd/system"];

/// What a service is called: lower-case letters, digits, `-` and `_`, so that it needs no quoting
/// in any file, command or unit name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Default for Name {
    fn default() -> Name {
        Name(PLAIN.to_owned())
    }
}

impl TryFrom<OsString> for Name {
    type Error = String;

    fn try_from(text: OsString) -> Result<Name, String> {
        let text = text.to_string_lossy().into_owned();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let good = text.chars().all(allowed) && text.len() <= LONGEST;
        match good && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            true => Ok(Name(text)),
            false => Err("--name takes lower-case letters, digits, - and _, 40 at most".into()),
        }
    }
}

impl Name {
    /// Whether it is one of several (`pigent@NAME`).
    pub(super) fn is_instance(&self) -> bool {
        self.0 != PLAIN
    }

    /// ` --name NAME`, if it takes that to name it.
    pub(super) fn option(&self) -> String {
        if self.is_instance() { format!(" --name {}", self.0) } else { String::new() }
    }
}

/// One service on one system.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    name: Name,
}

impl Place {
    pub(super) fn new(name: Name) -> Place {
        Place { root: root(), name }
    }

    #[cfg(test)]
    pub(super) fn below(root: &Path, name: Name) -> Place {
        Place { root: root.to_owned(), name }
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// `pigent.service`, `pigent@NAME.service`.
    pub(super) fn unit(&self) -> String {
        match self.name.is_instance() {
            true => format!("pigent@{}.service", self.name.0),
            false => "pigent.service".into(),
        }
    }

    /// The unit's text, and the name of its file.
    pub(super) fn unit_text(&self) -> (&'static str, &'static str) {
        match self.name.is_instance() {
            true => (include_str!("units/pigent@.service"), "pigent@.service"),
            false => (include_str!("units/pigent.service"), "pigent.service"),
        }
    }

    /// The unit's file as install writes it.
    pub(super) fn unit_file(&self) -> PathBuf {
        self.at(OWN).join(self.unit_text().1)
    }

    /// Where a package may have put it.
    pub(super) fn packaged(&self) -> [PathBuf; 2] {
        PACKAGED.map(|folder| self.at(folder).join(self.unit_text().1))
    }

    /// What differs from project to project.
    pub(super) fn drop_in(&self) -> PathBuf {
        self.at(OWN).join(format!("{}.d", self.unit())).join("project.conf")
    }

    /// Every service of pigent's that was set up on this system, by name.
    pub(super) fn all(&self) -> Vec<Place> {
        let entries = fs::read_dir(self.at(OWN)).into_iter().flatten().flatten();
        let set_up = entries.filter(|entry| entry.path().join("project.conf").exists());
        let names = set_up.filter_map(|entry| name_in(entry.file_name().to_str()?));
        names.map(|name| Place { root: self.root.clone(), name }).collect()
    }

    /// What only root reads.
    pub(super) fn secrets(&self) -> PathBuf {
        self.at("/etc/pigent").join(&self.name.0)
    }

    pub(super) fn token(&self) -> PathBuf {
        self.secrets().join("telegram-bot-token")
    }

    pub(super) fn env(&self) -> PathBuf {
        self.secrets().join("pigent.env")
    }

    /// The rule that gives lamps of the kernel's to the group gpio, and where a package may have
    /// put it.
    pub(super) fn led_rule(&self) -> [PathBuf; 2] {
        ["/etc", "/usr/lib"].map(|top| self.at(top).join("udev/rules.d/60-pigent-leds.rules"))
    }

    /// A path of the system's.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Whether this process may write there.
    pub(super) fn is_ours(&self) -> bool {
        self.root != Path::new("/") || accounts::is_root()
    }
}

/// The service whose drop-ins are in a folder of this name.
fn name_in(folder: &str) -> Option<Name> {
    match folder.strip_prefix("pigent")?.strip_suffix(".service.d")? {
        "" => Some(Name::default()),
        name => Name::try_from(OsString::from(name.strip_prefix('@')?)).ok(),
    }
}

/// Tests write somewhere else; a board's binary cannot.
#[cfg(feature = "emulator")]
fn root() -> PathBuf {
    std::env::var_os("STAND_IN_ROOT").map_or_else(|| "/".into(), PathBuf::from)
}

#[cfg(not(feature = "emulator"))]
fn root() -> PathBuf {
    "/".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_no_quoting_anywhere() {
        for good in ["a", "web-2", "x_y", "0"] {
            assert!(Name::try_from(OsString::from(good)).is_ok(), "{good}");
        }
        for bad in ["", "-x", "A", "a b", "a/b", "..", "a.b", "ä", "a%i", &"x".repeat(41)] {
            assert!(Name::try_from(OsString::from(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_makes_an_instance_and_pigent_is_the_plain_one() {
        let of = |name: &str| {
            let name = Name::try_from(OsString::from(name)).unwrap();
            Place { root: "/".into(), name }
        };
        assert_eq!(of("pigent").unit(), "pigent.service");
        assert_eq!(of("pigent").token(), Path::new("/etc/pigent/pigent/telegram-bot-token"));
        assert_eq!(of("web").unit_file(), Path::new("/etc/systemd/system/pigent@.service"));
        let drop_in = Path::new("/etc/systemd/system/pigent@web.service.d/project.conf");
        assert_eq!(of("web").drop_in(), drop_in);
        assert_eq!(
            (of("web").name.option(), of("pigent").name.option()),
            (" --name web".into(), String::new())
        );
    }
}
