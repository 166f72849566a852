//! Boards that are not here, in words.

use super::*;
use crate::panel::header::Functions;
use crate::panel::settings::Folders;

fn pi() -> Inventory {
    Inventory { model: "Raspberry Pi 3 Model B Rev 1.2".into(), ..Inventory::default() }
}

fn on(gpio: Gpio, lamp: u16, button: u16) -> Settings {
    let busy = Some(Wire::Pin(Pin::Number(lamp)));
    Settings { gpio, busy, button: Some(Pin::Number(button)), ..Settings::default() }
}

#[test]
fn a_chip_that_is_not_there_is_one_finding_with_a_remedy() {
    let gpio = Gpio::Gpiochip(Some("/dev/gpiochip-none".into()));
    let findings = probe(&on(gpio, 17, 27), &Inventory::default());
    let broken: Vec<_> = findings.iter().filter(|f| f.verdict == Verdict::Broken).collect();
    assert_eq!(broken.len(), 1, "{findings:?}");
    assert!(broken[0].remedy.contains("PIGENT_GPIO"), "{findings:?}");
}

#[test]
fn nothing_to_do_is_fine() {
    let findings = probe(&Settings::default(), &Inventory::default());
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Fine), "{findings:?}");
}

#[test]
fn the_board_is_named_with_its_leds() {
    let leds = vec![("ACT".into(), "mmc0".into()), ("PWR".into(), "default-on".into())];
    let board = Inventory { leds, ..pi() };
    let what = &probe(&Settings::default(), &board)[0].what;
    assert!(what.starts_with("Raspberry Pi 3") && what.contains("ACT (mmc0), PWR"), "{what}");
}

#[test]
fn pins_are_told_by_the_header_of_a_raspberry_pi_only() {
    let settings = on(Gpio::Rppal, 17, 3);
    assert_eq!(pi().name(&settings.busy.clone().unwrap(), &settings), "GPIO 17, header pin 11");
    let other = Inventory { model: "OrangePi Zero2".into(), ..Inventory::default() };
    assert_eq!(other.name(&settings.busy.clone().unwrap(), &settings), "line 17");
    let old = Inventory { model: "Raspberry Pi Model B Rev 2".into(), ..Inventory::default() };
    assert_eq!(old.name(&Wire::Pin(Pin::Number(21)), &settings), "line 21");
    assert_eq!(pi().name(&Wire::Led("ACT".into()), &settings), "the kernel's LED ACT");
    assert_eq!(pi().name(&Wire::Pin(Pin::Line("TXD1".into())), &settings), "line TXD1");
}

#[test]
fn a_pin_with_another_use_is_minded() {
    let functions = Functions { spi: true, ..Functions::default() };
    let board = Inventory { functions, ..pi() };
    let findings = pins(&on(Gpio::Rppal, 10, 3), &board);
    assert_eq!(findings[0].verdict, Verdict::Mind, "{findings:?}");
    assert!(findings[0].what.contains("header pin 19"), "{findings:?}");
    assert!(findings[0].remedy.contains("dtparam=spi=off"), "{findings:?}");
    assert_eq!(findings[1].verdict, Verdict::Fine, "{findings:?}");
    assert!(findings[1].what.contains("wakes a halted board"), "{findings:?}");
}

#[test]
fn the_button_of_a_running_pigent_is_fine_through_registers_too() {
    let held = |by: &str, registers, button| line(Ok(Some(by.into())), registers, button);
    let taken = Err(PinError::Taken { by: "RPPAL".into() });
    assert!(held("RPPAL", true, true).is_ok_and(|text| text.contains("if it runs")));
    // rppal asks the kernel for no lamp, and the character device is asked in pigent's own name.
    assert_eq!(held("RPPAL", true, false), taken);
    assert_eq!(held("RPPAL", false, true), taken);
    assert_eq!(held("pigent", false, true), Ok("in use by pigent".into()));
    assert!(held("spi0", true, true).is_err());
}

#[test]
fn a_kernel_led_is_told_with_what_it_shows_otherwise_or_why_it_is_not_there() {
    let class = tempfile::tempdir().unwrap();
    let led = class.path().join("ACT");
    std::fs::create_dir(&led).unwrap();
    for (file, text) in [("max_brightness", "1"), ("brightness", "0"), ("trigger", "[mmc0]")] {
        std::fs::write(led.join(file), text).unwrap();
    }
    let folders = Folders { leds: class.path().to_owned(), state: None };
    let (busy, idle) = (Some(Wire::Led("ACT".into())), Some(Wire::Led("PWR".into())));
    let settings = Settings { gpio: Gpio::Off, busy, idle, folders, ..Settings::default() };
    let findings = leds(&settings);
    assert!(findings[0].what.ends_with("led:ACT: shows mmc0 while pigent does not run"));
    assert_eq!(findings[1].verdict, Verdict::Broken);
    assert!(findings[1].remedy.contains("there are ACT"), "{findings:?}");
    assert_eq!(std::fs::read_to_string(led.join("trigger")).unwrap(), "[mmc0]");
}
