//! Lamps that are LEDs of the kernel's, through the real process: taken, lit, given back; after a
//! SIGKILL by the next start or by `pigent panel --release`.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use pigent::emulator::daemon::until;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use support::{Harness, LONG};

/// A closet whose only lamp is this LED, which shows the card's activity otherwise.
struct Closet {
    harness: Harness,
    led: PathBuf,
    _class: tempfile::TempDir,
}

impl Closet {
    fn new() -> Closet {
        let class = tempfile::tempdir().unwrap();
        let led = class.path().join("ACT");
        fs::create_dir(&led).unwrap();
        for (file, text) in [("max_brightness", "1"), ("brightness", "0")] {
            fs::write(led.join(file), text).unwrap();
        }
        fs::write(led.join("trigger"), "none [mmc0] timer\n").unwrap();
        let settings = [
            ("PIGENT_GPIO", "off"),
            ("PIGENT_LED_BUSY", "led:ACT"),
            ("STAND_IN_LEDS", class.path().to_str().unwrap()),
        ];
        Closet { harness: Harness::prepare(&settings), led, _class: class }
    }

    fn now(&self, file: &str) -> String {
        fs::read_to_string(self.led.join(file)).unwrap().trim().to_owned()
    }

    fn wait(&self, file: &str, text: &str) {
        if until(LONG, || (self.now(file) == text).then_some(())).is_none() {
            self.harness.fail(&format!("{file} is {:?}, never {text:?}", self.now(file)));
        }
    }

    fn noted(&self) -> String {
        fs::read_to_string(self.harness.home.state().join("leds")).unwrap_or_default()
    }

    /// What the service manager runs once the daemon is gone.
    fn release(&self, settings: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pigent"))
            .args(["panel", "--release"])
            .env_clear()
            .env("STAND_IN_LEDS", self.led.parent().unwrap())
            .envs(settings.iter().copied())
            .current_dir(self.harness.home.project())
            .output()
            .unwrap()
    }
}

#[test]
fn the_led_blinks_and_is_the_boards_own_again_when_pigent_leaves() {
    let mut closet = Closet::new();
    closet.harness.launch();
    closet.wait("trigger", "none");
    closet.harness.say("hang");
    closet.harness.started("hang");
    closet.wait("brightness", "1");
    closet.wait("brightness", "0");
    assert!(closet.noted().contains("0 mmc0 ACT"), "{}", closet.noted());
    assert_eq!(closet.harness.terminate().code(), Some(0));
    assert_eq!((closet.now("trigger").as_str(), closet.now("brightness").as_str()), ("mmc0", "0"));
    assert_eq!(closet.noted(), "");
}

#[test]
fn after_a_kill_release_puts_the_led_back_and_while_a_pigent_runs_it_does_nothing() {
    let mut closet = Closet::new();
    closet.harness.launch();
    closet.wait("trigger", "none");
    let output = closet.release(&[]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing was released"));
    assert_eq!(closet.now("trigger"), "none");
    closet.harness.kill();
    assert_eq!(closet.now("trigger"), "none");
    // Even with settings that keep pigent from starting, and without any of a token.
    let output = closet.release(&[("PIGENT_LED_BUSY", "nonsense")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!((closet.now("trigger").as_str(), closet.noted().as_str()), ("mmc0", ""));
    assert!(closet.release(&[]).status.success(), "again, with nothing to do");
}

#[test]
fn after_a_kill_the_next_start_puts_the_led_back_even_if_it_is_no_lamp_any_more() {
    let mut closet = Closet::new();
    closet.harness.launch();
    closet.wait("trigger", "none");
    closet.harness.kill();
    closet.harness.launch();
    closet.wait("trigger", "none");
    assert!(closet.noted().contains("0 mmc0 ACT"), "{}", closet.noted());
    closet.harness.kill();
    closet.harness.unset("PIGENT_LED_BUSY");
    closet.harness.launch();
    closet.wait("trigger", "mmc0");
    assert_eq!(closet.harness.terminate().code(), Some(0));
    assert_eq!(closet.noted(), "");
}

#[test]
fn a_kill_between_the_note_and_the_change_costs_nothing() {
    for (step, noted) in [("rename to leds", false), ("take the LED", true)] {
        let mut closet = Closet::new();
        closet.harness.set("STAND_IN_FAILPOINT", format!("store:1:{step}"));
        closet.harness.spawn();
        assert_eq!(closet.harness.wait_exit().code(), None, "{step}");
        assert_eq!(
            (closet.now("trigger").as_str(), !closet.noted().is_empty()),
            ("none [mmc0] timer", noted)
        );
        closet.harness.unset("STAND_IN_FAILPOINT");
        closet.harness.launch();
        closet.wait("trigger", "none");
        assert_eq!(closet.harness.terminate().code(), Some(0));
        assert_eq!((closet.now("trigger").as_str(), closet.noted().as_str()), ("mmc0", ""));
    }
}

#[test]
fn an_led_that_vanishes_costs_a_lamp_and_nothing_else() {
    let mut closet = Closet::new();
    closet.harness.launch();
    closet.wait("trigger", "none");
    fs::remove_dir_all(&closet.led).unwrap();
    assert_eq!(closet.harness.ask("echo dark"), "dark");
    closet.harness.logged("the busy lamp fails");
    assert_eq!(closet.harness.terminate().code(), Some(0));
}
