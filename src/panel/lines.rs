//! The chips and lines that the kernel knows, and which of them a setting means.
//!
//! Only looks: no line is asked for. A line has an offset on its chip and mostly a name, which is
//! the board's own word for it (`PIN_11`, `P9_12`, `GPIO17`); some names go on in brackets
//! (`pin-11 [GPIO3_A1]`), so a name's first word is enough if it is that of one line only.

use super::settings::{Gpio, Pin};
use super::trouble::PinError;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Lines of a chip that are looked at; no board has more.
const LINES: u32 = 1024;
/// Chips or names that an error tells.
const TOLD: usize = 12;

/// One chip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChipInfo {
    /// `/dev/gpiochip0`.
    pub path: PathBuf,
    /// `gpiochip0`.
    pub name: String,
    /// What it is: `pinctrl-bcm2835`.
    pub label: String,
    /// Its lines by offset.
    pub lines: Vec<LineInfo>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInfo {
    /// The board's word for it; may be empty.
    pub name: String,
    /// Who has it, if anybody.
    pub user: Option<String>,
}

/// Where a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) chip: PathBuf,
    pub(super) offset: u32,
}

/// Every chip that may be opened, with its lines.
pub(super) fn chips() -> Vec<ChipInfo> {
    let paths = gpiocdev::chip::chips().unwrap_or_default();
    paths.iter().filter_map(|path| look(path).ok()).collect()
}

/// One chip with its lines.
pub(super) fn look(path: &Path) -> Result<ChipInfo, PinError> {
    let chip = gpiocdev::Chip::from_path(path).map_err(|error| explain(&error, path))?;
    let info = chip.info().map_err(|error| explain(&error, path))?;
    let line = |offset| match chip.line_info(offset) {
        Ok(info) => {
            let user = info.used.then(|| user(info.consumer));
            LineInfo { name: printable(info.name), user }
        }
        Err(_) => LineInfo::default(),
    };
    let lines = (0..info.num_lines.min(LINES)).map(line).collect();
    let (name, label) = (printable(info.name), printable(info.label));
    Ok(ChipInfo { path: path.to_owned(), name, label, lines })
}

fn user(consumer: String) -> String {
    if consumer.is_empty() { "the kernel".to_owned() } else { printable(consumer) }
}

fn printable(text: String) -> String {
    text.replace(char::is_control, "?")
}

/// Who has this line, if anybody has.
pub(super) fn holder(place: &Place) -> Result<Option<String>, PinError> {
    let chip = gpiocdev::Chip::from_path(&place.chip);
    let info = chip.and_then(|chip| chip.line_info(place.offset));
    let info = info.map_err(|error| explain(&error, &place.chip))?;
    Ok(info.used.then(|| user(info.consumer)))
}

/// The line that a pin means.
///
/// # Errors
/// There is no such chip or line, or there are several; the error tells which there are.
pub(super) fn place(gpio: &Gpio, pin: &Pin) -> Result<Place, PinError> {
    match pin {
        Pin::Number(offset) => Ok(Place { chip: chip(gpio)?, offset: (*offset).into() }),
        Pin::Line(wanted) => {
            let chips = named_chip(gpio).map_or_else(
                || Ok(chips()),
                |name| find_chip(name).and_then(|path| Ok(vec![look(&path)?])),
            )?;
            if chips.is_empty() {
                // Either there is none, or none may be opened: asking for one tells.
                return Err(look(&chip(gpio)?).err().unwrap_or_else(|| no_chip("GPIO chip")));
            }
            find_line(&chips, wanted)
        }
    }
}

/// The chip of numbers: the one the settings name, the one of a Raspberry Pi's header, or the
/// first.
///
/// # Errors
/// There is none of that name.
pub(super) fn chip(gpio: &Gpio) -> Result<PathBuf, PinError> {
    if let Some(name) = named_chip(gpio) {
        return find_chip(name);
    }
    let header = |path: &PathBuf| label(path).is_some_and(|(_, label)| is_header(&label));
    let chips = gpiocdev::chip::chips().unwrap_or_default();
    let found = chips.into_iter().find(header);
    Ok(found.unwrap_or_else(|| PathBuf::from("/dev/gpiochip0")))
}

/// Whether a chip of this label has the lines of a Raspberry Pi's header.
pub(super) fn is_header(label: &str) -> bool {
    label.starts_with("pinctrl-bcm2") || label.starts_with("pinctrl-rp1")
}

fn named_chip(gpio: &Gpio) -> Option<&str> {
    match gpio {
        Gpio::Gpiochip(name) => name.as_deref(),
        _ => None,
    }
}

/// A chip by its path, name or label.
fn find_chip(wanted: &str) -> Result<PathBuf, PinError> {
    if wanted.starts_with('/') {
        return Ok(wanted.into());
    }
    let is_it =
        |path: &PathBuf| label(path).is_some_and(|(name, label)| name == wanted || label == wanted);
    let chips = gpiocdev::chip::chips().unwrap_or_default();
    chips.into_iter().find(is_it).ok_or_else(|| no_chip(wanted))
}

fn label(path: &Path) -> Option<(String, String)> {
    let info = gpiocdev::Chip::from_path(path).and_then(|chip| chip.info()).ok()?;
    Some((info.name, info.label))
}

fn no_chip(wanted: &str) -> PinError {
    let chips = gpiocdev::chip::chips().unwrap_or_default();
    let name = |path: &PathBuf| match label(path) {
        Some((name, label)) => format!("{name} ({})", printable(label)),
        None => format!("{} (may not be opened)", path.display()),
    };
    PinError::NoChip { wanted: wanted.to_owned(), there: told(chips.iter().map(name)) }
}

/// By the whole name, by `CHIP/OFFSET`, or by a name's first word, in this order.
fn find_line(chips: &[ChipInfo], wanted: &str) -> Result<Place, PinError> {
    let first_word = |name: &str| name.split_whitespace().next() == Some(wanted);
    let mut found = by_name(chips, |name| name == wanted);
    if found.is_empty() {
        found = by_offset(chips, wanted).into_iter().collect();
    }
    if found.is_empty() {
        found = by_name(chips, first_word);
    }
    match found.as_slice() {
        [place] => Ok(place.clone()),
        [] => {
            let names = chips.iter().flat_map(|chip| &chip.lines).map(|line| &line.name);
            let names = names.filter(|name| !name.is_empty()).cloned();
            Err(PinError::NoLine { there: told(names) })
        }
        several => {
            let name = |place: &Place| {
                let chip = place.chip.file_name().unwrap_or_default().to_string_lossy();
                format!("{chip}/{}", place.offset)
            };
            Err(PinError::ManyLines { there: told(several.iter().map(name)) })
        }
    }
}

fn by_name(chips: &[ChipInfo], is_it: impl Fn(&str) -> bool) -> Vec<Place> {
    let mut found = Vec::new();
    for chip in chips {
        for (offset, line) in (0..).zip(&chip.lines) {
            if is_it(&line.name) {
                found.push(Place { chip: chip.path.clone(), offset });
            }
        }
    }
    found
}

fn by_offset(chips: &[ChipInfo], wanted: &str) -> Option<Place> {
    let (name, offset) = wanted.rsplit_once('/')?;
    let chip = chips.iter().find(|chip| chip.name == name || chip.label == name)?;
    let offset = offset.parse().ok().filter(|offset| (*offset as usize) < chip.lines.len())?;
    Some(Place { chip: chip.path.clone(), offset })
}

/// The first of these, in a row.
fn told(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.take(TOLD + 1).collect();
    let more = if names.len() > TOLD { ", …" } else { "" };
    names.truncate(TOLD);
    names.join(", ") + more
}

/// The kernel's words in ours.
pub(super) fn explain(error: &gpiocdev::Error, chip: &Path) -> PinError {
    match errno(error) {
        Some(Errno::ACCESS | Errno::PERM) => PinError::Denied { device: chip.to_owned() },
        Some(Errno::NOENT) => no_chip(&chip.display().to_string()),
        Some(Errno::INVAL) => PinError::NoSuchLine { chip: chip.to_owned() },
        _ => PinError::Other(error.to_string()),
    }
}

/// The errno behind an error. Most come inside a type of a crate that gpiocdev does not pass on,
/// so the number is taken from the text that the standard library writes for it.
pub(super) fn errno(error: &gpiocdev::Error) -> Option<Errno> {
    let text = error.to_string();
    let (_, rest) = text.rsplit_once("(os error ")?;
    let digits = rest.split_once(')')?.0;
    digits.parse().ok().map(Errno::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(name: &str, label: &str, lines: &[&str]) -> ChipInfo {
        let line = |name: &&str| LineInfo { name: (*name).to_owned(), user: None };
        ChipInfo {
            path: format!("/dev/{name}").into(),
            name: name.into(),
            label: label.into(),
            lines: lines.iter().map(line).collect(),
        }
    }

    /// As on a Radxa Zero 3 and a BeagleBone: chips of one board, names with and without more.
    fn board() -> [ChipInfo; 3] {
        [
            chip("gpiochip0", "gpio0", &["", "pin-10 [GPIO0_D0]", "NC", "NC"]),
            chip("gpiochip3", "gpio3", &["", "pin-11 [GPIO3_A1]", "P9_12", "P9_12 [old]"]),
            chip("gpiochip4", "gpio4", &["pin-1 a", "pin-1 b", "gpio0/9"]),
        ]
    }

    fn find(wanted: &str) -> Result<(String, u32), String> {
        let found = find_line(&board(), wanted).map_err(|error| error.to_string())?;
        Ok((found.chip.file_name().unwrap().to_string_lossy().into_owned(), found.offset))
    }

    #[test]
    fn a_line_is_found_by_name_first_word_or_chip_and_offset() {
        for (wanted, chip, offset) in [
            ("pin-11 [GPIO3_A1]", "gpiochip3", 1),
            ("pin-11", "gpiochip3", 1),
            ("P9_12", "gpiochip3", 2),
            ("gpiochip0/3", "gpiochip0", 3),
            ("gpio4/0", "gpiochip4", 0),
            ("gpio0/9", "gpiochip4", 2),
        ] {
            assert_eq!(find(wanted), Ok((chip.to_owned(), offset)), "{wanted}");
        }
    }

    #[test]
    fn what_is_not_one_line_is_told_with_what_there_is() {
        for wanted in ["pin", "pin-12", "gpio0/4", "gpio9/0", "gpio0/-1", "[old]"] {
            let error = find(wanted).unwrap_err();
            assert!(error.contains("pin-10 [GPIO0_D0], NC"), "{wanted:?}: {error}");
        }
        let error = find("NC").unwrap_err();
        assert!(error.contains("gpiochip0/2, gpiochip0/3"), "{error}");
        assert!(find("pin-1").unwrap_err().contains("gpiochip4/0, gpiochip4/1"));
        let many = (0..20).map(|number| format!("L{number}"));
        assert!(told(many).ends_with("L11, …"));
    }

    #[test]
    fn the_errno_is_found_in_the_text() {
        let busy = std::io::Error::from_raw_os_error(Errno::BUSY.raw_os_error());
        assert_eq!(errno(&gpiocdev::Error::from(busy)), Some(Errno::BUSY));
        assert_eq!(errno(&gpiocdev::Error::NoGpioChips()), None);
    }

    #[test]
    fn a_chip_that_is_not_there_is_told_by_path_and_by_name() {
        for name in ["/dev/gpiochip-none", "pinctrl-none"] {
            let gpio = Gpio::Gpiochip(Some(name.into()));
            for pin in [Pin::Number(3), Pin::Line("PIN_11".into())] {
                let found = place(&gpio, &pin).and_then(|place| holder(&place));
                let error = found.unwrap_err().to_string();
                assert!(error.contains(name) && error.contains("PIGENT_GPIO"), "{error}");
            }
        }
    }
}
