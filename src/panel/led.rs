//! One of the kernel's own LEDs, through the files of its folder in `/sys/class/leds`.
//!
//! Not when it is lit, and not what has to be remembered of it: that is `leds.rs`. The files are
//! small, and writing to one is done when the call returns. They are opened anew each time, so an
//! LED whose driver went and came back is there again.

use super::trouble::PinError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// A longer name is none of the kernel's (it ends at 63 bytes).
const NAME: usize = 64;
/// A longer trigger is none of the kernel's (it ends at 49 bytes).
const TRIGGER: usize = 64;
/// What is read of the list of triggers, bytes: a board with many processors has some hundred.
const LIST: u64 = 64 << 10;
/// Names of other LEDs that an error tells.
const TOLD: usize = 12;
/// The trigger of an LED that only obeys.
pub(super) const NONE: &str = "none";

/// Whether this can be the name of an LED: that of one folder, in one printable line.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |letter: char| letter != '/' && !letter.is_control();
    (1..=NAME).contains(&text.len()) && !text.starts_with('.') && text.chars().all(plain)
}

/// Whether this can be the name of a trigger.
pub(super) fn is_trigger(text: &str) -> bool {
    let plain = |letter: char| !matches!(letter, '[' | ']') && letter.is_ascii_graphic();
    (1..=TRIGGER).contains(&text.len()) && text.chars().all(plain)
}

/// An LED that is there and may be used.
#[derive(Debug)]
pub(super) struct Led {
    folder: PathBuf,
    full: u32,
}

impl Led {
    /// Looks for it, and changes nothing. `class` is `/sys/class/leds`.
    ///
    /// # Errors
    /// There is none of that name (the error tells which there are), or its files may not be
    /// written.
    pub(super) fn find(class: &Path, name: &str) -> Result<Led, PinError> {
        let missing = || PinError::NoLed { there: there(class) };
        if !is_name(name) {
            return Err(missing());
        }
        let folder = class.join(name);
        let full = match read(&folder.join("max_brightness")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing()),
            other => other.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1),
        };
        let led = Led { folder, full };
        for file in ["brightness", "trigger"] {
            match led.open(file) {
                // A kernel without triggers: there is nothing to change.
                Err(error) if file == "trigger" && error.kind() == ErrorKind::NotFound => {}
                other => drop(other.map_err(|error| led.explain(file, &error))?),
            }
        }
        Ok(led)
    }

    /// What lights it when nobody writes its brightness: `mmc0`, `heartbeat`, `none`, …
    ///
    /// # Errors
    /// The file cannot be read, or says nothing that could be a trigger.
    pub(super) fn trigger(&self) -> io::Result<String> {
        trigger_of(&self.folder)
    }

    /// Gives it a trigger.
    ///
    /// # Errors
    /// What the system said: `Invalid argument` for a trigger that it does not know.
    pub(super) fn choose(&self, trigger: &str) -> io::Result<()> {
        match self.write("trigger", trigger) {
            Err(error) if error.kind() == ErrorKind::NotFound && trigger == NONE => Ok(()),
            other => other,
        }
    }

    /// How bright it is, 0 to its own maximum.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn brightness(&self) -> io::Result<u32> {
        let text = read(&self.folder.join("brightness"))?;
        text.trim().parse().map_err(|_| ErrorKind::InvalidData.into())
    }

    /// Makes it as bright as this, or as it can be.
    ///
    /// # Errors
    /// What the system said: `No such device`, say, when it was unplugged.
    pub(super) fn shine(&self, brightness: u32) -> io::Result<()> {
        self.write("brightness", &brightness.min(self.full).to_string())
    }

    /// All it can, or dark.
    ///
    /// # Errors
    /// As [`Led::shine`].
    pub(super) fn light(&self, on: bool) -> io::Result<()> {
        self.shine(if on { u32::MAX } else { 0 })
    }

    /// An error of one of its files, in our words.
    pub(super) fn explain(&self, file: &str, error: &io::Error) -> PinError {
        let file = self.folder.join(file);
        match error.kind() {
            ErrorKind::PermissionDenied => PinError::LedDenied { file },
            _ => PinError::Other(format!("{}: {error}", file.display())),
        }
    }

    fn open(&self, file: &str) -> io::Result<File> {
        // Never created: where there is no such file, there is no LED.
        OpenOptions::new().write(true).open(self.folder.join(file))
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut open = options.write(true).truncate(true).open(self.folder.join(file))?;
        open.write_all(format!("{text}\n").as_bytes())
    }
}

/// The trigger of the LED with this folder; as [`Led::trigger`], for one that need not be ours.
pub(super) fn trigger_of(folder: &Path) -> io::Result<String> {
    let list = match read(&folder.join("trigger")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(NONE.to_owned()),
        other => other?,
    };
    chosen(&list).map(str::to_owned).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// The word in brackets. Plain files, which tests have in place of the kernel's, hold no more
/// than the word that was written last.
fn chosen(list: &str) -> Option<&str> {
    let bracketed = list.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let word = bracketed.map_or(list.trim(), |(word, _)| word);
    is_trigger(word).then_some(word)
}

/// Every LED's name in order, at most 256: what the kernel has.
pub(super) fn names(class: &Path) -> Vec<String> {
    let entries = fs::read_dir(class).into_iter().flatten().take(256);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_name(name)).collect();
    names.sort();
    names
}

/// The first of them, as a sentence's part.
fn there(class: &Path) -> String {
    let mut names = names(class);
    let more = if names.len() > TOLD { ", …" } else { "" };
    names.truncate(TOLD);
    names.join(", ") + more
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trigger_is_the_word_in_brackets() {
        assert_eq!(chosen("none rc-feedback [mmc0] timer\n"), Some("mmc0"));
        assert_eq!(chosen("[none] mmc0"), Some("none"));
        assert_eq!(chosen("none\n"), Some("none"));
        for strange in ["", "[]", "[a b]", "none mmc0", "[\u{1b}]", "[a[b]"] {
            assert_eq!(chosen(strange), None, "{strange:?}");
        }
        assert_eq!(chosen(&format!("[{}]", "x".repeat(65))), None);
    }

    #[test]
    fn only_a_folder_of_the_class_is_a_name() {
        for name in ["ACT", "input3::capslock", "beaglebone:green:usr0", "led 1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "a\nb", &"x".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn an_error_tells_what_there_is_and_what_to_do() {
        let class = tempfile::tempdir().unwrap();
        for number in 10..24 {
            fs::create_dir(class.path().join(format!("led{number}"))).unwrap();
        }
        let error = Led::find(class.path(), "ACT").unwrap_err().to_string();
        assert!(error.contains("led10, led11") && error.contains("led21, …"), "{error}");
        let led = Led { folder: class.path().join("led10"), full: 1 };
        let denied = led.explain("trigger", &ErrorKind::PermissionDenied.into()).to_string();
        assert!(denied.contains("60-pigent-leds.rules"), "{denied}");
    }
}
