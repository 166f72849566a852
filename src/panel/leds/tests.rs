//! Kernel LEDs in a folder of plain files, which unlike the kernel's only hold what was written
//! last.

use super::*;
use std::fs;
use tempfile::TempDir;

/// A class of LEDs, each with the trigger that its name says, and a state folder.
struct Closet {
    _home: TempDir,
    folders: Folders,
}

impl Closet {
    fn new(leds: &[(&str, &str)]) -> Closet {
        let home = tempfile::tempdir().unwrap();
        let (class, state) = (home.path().join("leds"), home.path().join("state"));
        fs::create_dir(&state).unwrap();
        for (name, trigger) in leds {
            let led = class.join(name);
            fs::create_dir_all(&led).unwrap();
            fs::write(led.join("max_brightness"), "255\n").unwrap();
            fs::write(led.join("brightness"), "9\n").unwrap();
            fs::write(led.join("trigger"), format!("none usb [{trigger}] timer\n")).unwrap();
        }
        Closet { _home: home, folders: Folders { leds: class, state: Some(state) } }
    }

    fn path(&self, name: &str, file: &str) -> PathBuf {
        self.folders.leds.join(name).join(file)
    }

    fn read(&self, name: &str, file: &str) -> String {
        let text = fs::read_to_string(self.path(name, file)).unwrap();
        let list = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        list.map_or(text.trim(), |(word, _)| word).to_owned()
    }

    fn write(&self, name: &str, file: &str, text: &str) {
        fs::write(self.path(name, file), text).unwrap();
    }

    fn noted(&self) -> String {
        fs::read_to_string(self.state().join("leds")).unwrap_or_default()
    }

    fn state(&self) -> PathBuf {
        self.folders.state.clone().unwrap()
    }

    /// A pigent starts, with its busy lamp on this LED.
    fn start(&self, name: &str) -> (Option<Leds>, Vec<Trouble>) {
        let busy = Some(Wire::Led(name.into()));
        let settings = Settings { busy, folders: self.folders.clone(), ..Settings::default() };
        let mut troubles = Vec::new();
        (take(&settings, &mut troubles), troubles)
    }

    fn taken(&self, name: &str) -> Leds {
        let (leds, troubles) = self.start(name);
        assert_eq!(troubles, []);
        leds.unwrap()
    }
}

#[test]
fn an_led_is_taken_over_lit_and_given_back() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    let mut leds = closet.taken("ACT");
    assert!(leds.has(Lamp::Busy) && !leds.has(Lamp::Idle));
    assert_eq!((closet.read("ACT", "trigger"), closet.read("ACT", "brightness")), two("none", "0"));
    assert!(closet.noted().contains("9 mmc0 ACT"), "{}", closet.noted());
    leds.set(Lamp::Busy, true);
    assert_eq!(closet.read("ACT", "brightness"), "255");
    leds.release();
    assert_eq!((closet.read("ACT", "trigger"), closet.read("ACT", "brightness")), two("mmc0", "0"));
    assert_eq!(closet.noted(), "");
}

fn two(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[test]
fn an_led_without_a_trigger_gets_its_brightness_back() {
    let closet = Closet::new(&[("PWR", "none")]);
    closet.taken("PWR").release();
    assert_eq!((closet.read("PWR", "trigger"), closet.read("PWR", "brightness")), two("none", "9"));
}

#[test]
fn after_a_kill_the_next_start_knows_what_it_was() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    for _ in 0..3 {
        drop(closet.taken("ACT"));
        assert_eq!(closet.read("ACT", "trigger"), "none");
        assert!(closet.noted().contains("mmc0 ACT"), "{}", closet.noted());
    }
    restore(&closet.folders);
    assert_eq!((closet.read("ACT", "trigger"), closet.noted()), two("mmc0", ""));
}

#[test]
fn an_led_that_is_no_lamp_any_more_is_put_back_by_the_next_start() {
    let closet = Closet::new(&[("ACT", "mmc0"), ("PWR", "default-on")]);
    drop(closet.taken("ACT"));
    let mut leds = closet.taken("PWR");
    assert_eq!(closet.read("ACT", "trigger"), "mmc0");
    assert!(!closet.noted().contains("ACT") && closet.noted().contains("default-on PWR"));
    leds.release();
    assert_eq!(closet.read("PWR", "trigger"), "default-on");
}

#[test]
fn a_newer_choice_of_somebody_wins_over_an_old_note() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    drop(closet.taken("ACT"));
    closet.write("ACT", "trigger", "none [timer] mmc0");
    restore(&closet.folders);
    assert_eq!((closet.read("ACT", "trigger"), closet.noted()), two("timer", ""));
    let mut leds = closet.taken("ACT");
    assert!(closet.noted().contains("timer ACT"), "{}", closet.noted());
    leds.set(Lamp::Busy, true);
    closet.write("ACT", "trigger", "none timer [usb]");
    leds.release();
    assert_eq!(
        (closet.read("ACT", "trigger"), closet.read("ACT", "brightness")),
        two("usb", "255")
    );
}

#[test]
fn after_a_power_cut_the_note_is_void() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    drop(closet.taken("ACT"));
    let (_, entries) = closet.noted().split_once('\n').map(|(a, b)| two(a, b)).unwrap();
    fs::write(closet.state().join("leds"), format!("pigent-leds-1 another-boot\n{entries}"))
        .unwrap();
    // The board's own default may be none: that is what it gets back.
    closet.write("ACT", "trigger", "[none] mmc0");
    let mut leds = closet.taken("ACT");
    leds.release();
    assert_eq!(closet.read("ACT", "trigger"), "none");
}

#[test]
fn an_led_that_goes_away_and_comes_back_is_a_lamp_again() {
    let closet = Closet::new(&[("USB", "none")]);
    let mut leds = closet.taken("USB");
    let (there, away) = (closet.folders.leds.join("USB"), closet.state().join("away"));
    fs::rename(&there, &away).unwrap();
    leds.set(Lamp::Busy, true);
    leds.set(Lamp::Busy, false);
    fs::rename(&away, &there).unwrap();
    leds.set(Lamp::Busy, true);
    assert_eq!(closet.read("USB", "brightness"), "255");
    fs::remove_dir_all(&there).unwrap();
    leds.release();
    assert_eq!(closet.noted(), "");
}

#[test]
fn what_cannot_be_put_back_stays_noted() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    let mut leds = closet.taken("ACT");
    fs::remove_file(closet.path("ACT", "trigger")).unwrap();
    fs::create_dir(closet.path("ACT", "trigger")).unwrap();
    leds.release();
    assert!(closet.noted().contains("mmc0 ACT"), "{}", closet.noted());
    fs::remove_dir(closet.path("ACT", "trigger")).unwrap();
    closet.write("ACT", "trigger", "[none] mmc0");
    restore(&closet.folders);
    assert_eq!((closet.read("ACT", "trigger"), closet.noted()), two("mmc0", ""));
}

#[test]
fn without_a_place_for_the_note_the_lamp_is_there_all_the_same() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    fs::remove_dir(closet.state()).unwrap();
    fs::write(closet.state(), "a file").unwrap();
    let mut leds = closet.taken("ACT");
    leds.release();
    assert_eq!(closet.read("ACT", "trigger"), "mmc0");
}

#[test]
fn a_missing_led_is_told_by_its_variable_and_a_broken_one_too() {
    let closet = Closet::new(&[("ACT", "mmc0")]);
    let (leds, troubles) = closet.start("PWR");
    assert!(leds.is_none());
    let told = troubles[0].to_string();
    assert!(
        told.starts_with("PIGENT_LED_BUSY=led:PWR: ") && told.contains("there are ACT"),
        "{told}"
    );
    fs::remove_file(closet.path("ACT", "brightness")).unwrap();
    fs::create_dir(closet.path("ACT", "brightness")).unwrap();
    let (leds, troubles) = closet.start("ACT");
    assert!(leds.is_none() && troubles.len() == 1);
    assert_eq!((closet.read("ACT", "trigger"), closet.noted()), two("mmc0", ""));
}

#[test]
fn an_led_of_a_kernel_without_triggers_is_a_lamp() {
    let closet = Closet::new(&[("ACT", "none")]);
    fs::remove_file(closet.path("ACT", "trigger")).unwrap();
    let mut leds = closet.taken("ACT");
    leds.release();
    assert_eq!(closet.read("ACT", "brightness"), "9");
    assert!(!closet.path("ACT", "trigger").exists());
}
