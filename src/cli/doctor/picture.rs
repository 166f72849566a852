//! `pigent doctor --board`: the header as a picture in text, chips and LEDs as lists.
//!
//! Text in, text out; what is on the board was found by `panel`.

use crate::panel::header::{Contact, HEADER, pins_of};
use crate::panel::{ChipInfo, Inventory, LineInfo, Mark};

/// Lines of one chip that are listed.
const LINES: usize = 128;

/// Everything that is known about the board. `marks` are the lines that pigent uses.
pub(super) fn picture(board: &Inventory, marks: &[Mark]) -> String {
    let mut text = match board.model.is_empty() {
        true => "a board that does not tell its name\n".to_owned(),
        false => format!("{}\n", board.model),
    };
    match (pins_of(&board.model), board.header_chip()) {
        (Some(pins), Some(chip)) => {
            text.push_str(&header(pins, chip, marks));
            let others = board.chips.iter().filter(|other| other.path != chip.path);
            text.extend(others.map(|chip| list(chip, marks)));
        }
        _ => text.extend(board.chips.iter().map(|chip| list(chip, marks))),
    }
    if board.chips.is_empty() {
        text.push_str("\nno GPIO chip, or none that this user may open\n");
    }
    text.push_str("\nkernel LEDs and what lights them (led:NAME)\n");
    text.extend(board.leds.iter().map(|(name, trigger)| format!("  {name}: {trigger}\n")));
    if board.leds.is_empty() {
        text.push_str("  none\n");
    }
    text
}

/// Two columns of pins, as they look with the header at the upper right of the board.
fn header(pins: usize, chip: &ChipInfo, marks: &[Mark]) -> String {
    let mut text = format!("\n{:>30}  {:>4} {:>4}   {:<4} {:<4}\n", "", "BCM", "pin", "pin", "BCM");
    for (row, (left, right)) in HEADER.into_iter().take(pins / 2).enumerate() {
        let pin = 2 * row + 1;
        let (name, bcm) = contact(left, chip, marks);
        text.push_str(&format!("{name:>30}  {bcm:>4} {pin:>4} o o "));
        let (name, bcm) = contact(right, chip, marks);
        let line = format!("{:<4} {bcm:<4} {name}", pin + 1);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What to write at a pin, and its number.
fn contact(contact: Contact, chip: &ChipInfo, marks: &[Mark]) -> (String, String) {
    match contact {
        Contact::V3 => ("3.3 V".to_owned(), String::new()),
        Contact::V5 => ("5 V".to_owned(), String::new()),
        Contact::Ground => ("ground".to_owned(), String::new()),
        Contact::Bcm(bcm) => {
            let unknown = LineInfo::default();
            let line = chip.lines.get(usize::from(bcm)).unwrap_or(&unknown);
            (words(line, chip, bcm.into(), marks), bcm.to_string())
        }
    }
}

/// A line's name, and who uses it.
fn words(line: &LineInfo, chip: &ChipInfo, offset: u32, marks: &[Mark]) -> String {
    let mark = marks.iter().find(|mark| mark.chip == chip.path && mark.offset == offset);
    let user = match (mark, &line.user) {
        (Some(mark), None) => format!("<{}>", mark.what),
        (Some(mark), Some(user)) if mark.is_pigent(user) => format!("<{}>", mark.what),
        (Some(mark), Some(user)) => format!("<{}> USED BY {user}", mark.what),
        (None, Some(user)) => format!("used by {user}"),
        (None, None) => String::new(),
    };
    let name: String = line.name.chars().take(30).collect();
    if user.is_empty() { name } else { format!("{user} {name}").trim_end().to_owned() }
}

/// The lines of a chip that have a name or a user.
fn list(chip: &ChipInfo, marks: &[Mark]) -> String {
    let (name, label, count) = (&chip.name, &chip.label, chip.lines.len());
    let mut text = format!("\n{name} ({label}), {count} lines\n");
    let lines = (0..).zip(&chip.lines).map(|(offset, line)| {
        let words = words(line, chip, offset, marks);
        (!words.is_empty()).then(|| format!("  {offset:>3} {words}\n"))
    });
    let mut lines = lines.flatten();
    text.extend(lines.by_ref().take(LINES));
    match lines.count() {
        0 => text,
        more => text + &format!("  … and {more} more\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(name: &str, label: &str, names: &[&str]) -> ChipInfo {
        let line = |name: &&str| LineInfo { name: (*name).to_owned(), user: None };
        ChipInfo {
            path: format!("/dev/{name}").into(),
            name: name.to_owned(),
            label: label.to_owned(),
            lines: names.iter().map(line).collect(),
        }
    }

    fn mark(what: &str, chip: &str, offset: u32) -> Mark {
        let chip = format!("/dev/{chip}").into();
        Mark { what: what.to_owned(), chip, offset, rppal: false }
    }

    #[test]
    fn the_header_of_a_raspberry_pi_is_drawn_with_what_is_where() {
        let names: Vec<String> = (0..54).map(|bcm| format!("GPIO{bcm}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut header = chip("gpiochip0", "pinctrl-bcm2835", &names);
        header.lines[2].user = Some("i2c".into());
        header.lines[18].user = Some("pwm".into());
        let board = Inventory {
            model: "Raspberry Pi 3 Model B Rev 1.2".into(),
            chips: vec![header, chip("gpiochip1", "raspberrypi-exp-gpio", &["BT_ON", ""])],
            leds: vec![("ACT".into(), "mmc0".into())],
            ..Inventory::default()
        };
        let marks = [mark("busy lamp", "gpiochip0", 17), mark("button", "gpiochip0", 18)];
        let text = picture(&board, &marks);
        for line in [
            "                 3.3 V          1 o o 2         5 V",
            "     used by i2c GPIO2     2    3 o o 4         5 V",
            "    <busy lamp> GPIO17    17   11 o o 12   18   <button> USED BY pwm GPIO18",
            "                ground         39 o o 40   21   GPIO21",
            "gpiochip1 (raspberrypi-exp-gpio), 2 lines",
            "    0 BT_ON",
            "  ACT: mmc0",
        ] {
            assert!(text.lines().any(|one| one.trim() == line.trim()), "{line}\n{text}");
        }
        assert!(text.lines().all(|line| line.len() < 100), "{text}");
        assert_eq!(text.matches(" o o ").count(), 20);
        let old = Inventory { model: "Raspberry Pi Model B Rev 2".into(), ..board };
        assert_eq!(picture(&old, &marks).matches(" o o ").count(), 13);
    }

    #[test]
    fn another_board_is_listed_chip_by_chip_and_cut_where_it_is_long() {
        let many = vec!["NC"; 200];
        let board = Inventory {
            model: "Radxa ZERO 3W".into(),
            chips: vec![
                chip("gpiochip3", "gpio3", &["", "pin-11 [GPIO3_A1]", ""]),
                chip("gpiochip4", "gpio4", &many),
            ],
            ..Inventory::default()
        };
        let text = picture(&board, &[mark("idle lamp", "gpiochip3", 2)]);
        assert!(text.contains("    1 pin-11 [GPIO3_A1]\n    2 <idle lamp>\n"), "{text}");
        assert!(text.contains("… and 72 more") && text.contains("  none\n"), "{text}");
        assert!(!text.contains(" o o "));
    }

    #[test]
    fn the_button_of_a_running_pigent_is_its_own_through_registers_too() {
        let mut header = chip("gpiochip0", "pinctrl-bcm2835", &["ID_SDA"]);
        header.lines[0].user = Some("RPPAL".into());
        let line = |rppal| {
            let marks = [Mark { rppal, ..mark("button", "gpiochip0", 0) }];
            words(&header.lines[0], &header, 0, &marks)
        };
        assert_eq!(line(true), "<button> ID_SDA");
        assert_eq!(line(false), "<button> USED BY RPPAL ID_SDA");
    }

    #[test]
    fn a_board_with_nothing_says_so() {
        let text = picture(&Inventory::default(), &[]);
        assert!(text.contains("no GPIO chip"), "{text}");
    }
}
