//! What `pigent doctor` says about lamps, button and board: everything is looked at, nothing is
//! touched.

use super::gpiochip;
use super::header;
use super::inventory::{Inventory, is_button, small};
use super::led::{self, Led};
use super::lines;
use super::raspberry;
use super::settings::{Gpio, Lamp, Pin, Settings, Wire};
use super::trouble::PinError;
use rustix::process::{getegid, geteuid, getgroups};

/// How something came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will do.
    Fine,
    /// It works, and could bite.
    Mind,
    /// It does not work.
    Broken,
}

/// One finding of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it came out.
    pub verdict: Verdict,
    /// What was looked at, and what was found.
    pub what: String,
    /// What to do about it; empty if nothing has to be done.
    pub remedy: String,
}

impl Finding {
    /// What to write between what was found and its remedy: nothing if there is none.
    #[must_use]
    pub fn gap(&self, gap: &'static str) -> &'static str {
        if self.remedy.is_empty() { "" } else { gap }
    }
}

/// Looks at the backend, at each pin and at each LED. A line that a running pigent holds is fine.
#[must_use]
pub fn probe(settings: &Settings, board: &Inventory) -> Vec<Finding> {
    let mut findings = vec![model(board)];
    if let Err(error) = settings.check() {
        findings.push(finding(Verdict::Broken, "wiring", &error.to_string()));
    }
    findings.extend(backend(settings));
    // Whoever cannot have any chip would only hear that again for each pin.
    if findings.iter().all(|finding| finding.verdict != Verdict::Broken) {
        findings.extend(pins(settings, board));
    }
    findings.extend(leds(settings));
    if findings.iter().any(|finding| finding.remedy.contains("gpio $USER")) {
        findings.extend(group());
    }
    findings
}

fn model(board: &Inventory) -> Finding {
    let model = if board.model.is_empty() { "no device tree: a PC?" } else { &board.model };
    let led = |(name, trigger): &(String, String)| format!("{name} ({trigger})");
    let leds: Vec<String> = board.leds.iter().take(12).map(led).collect();
    let more = if board.leds.len() > leds.len() { ", …" } else { "" };
    let leds = match leds.is_empty() {
        true => String::new(),
        false => format!("; kernel LEDs and what lights them: {}{more}", leds.join(", ")),
    };
    finding(Verdict::Fine, &format!("{model}{leds}"), "")
}

fn backend(settings: &Settings) -> Option<Finding> {
    let fine = |what: &str| Some(finding(Verdict::Fine, what, ""));
    match &settings.gpio {
        Gpio::Off if settings.any_led() => fine("GPIO off: no pins, kernel LEDs only"),
        Gpio::Off => fine("GPIO off: no lamps, no button"),
        Gpio::Sim(path) => fine(&format!("GPIO simulated at {}", path.display())),
        _ if !settings.any_pin() => fine("GPIO: no pin is named"),
        gpio if registers(settings) => {
            let way = if *gpio == Gpio::Auto { "rppal, by auto" } else { "rppal" };
            Some(judge(&format!("GPIO ({way})"), raspberry::probe().map(|()| String::new())))
        }
        gpio => {
            let found = lines::chip(gpio).and_then(|chip| lines::look(&chip));
            let found = found.map(|chip| format!("{} ({})", chip.name, chip.label));
            Some(judge("GPIO (gpiochip)", found))
        }
    }
}

/// Whether pins are had through registers.
pub(super) fn registers(settings: &Settings) -> bool {
    match settings.gpio {
        Gpio::Rppal => true,
        Gpio::Auto => !settings.any_line() && raspberry::is_one() && raspberry::probe().is_ok(),
        _ => false,
    }
}

fn pins(settings: &Settings, board: &Inventory) -> Vec<Finding> {
    if matches!(settings.gpio, Gpio::Off | Gpio::Sim(_)) {
        return Vec::new();
    }
    let registers = registers(settings);
    let look = |(pin, variable): (Pin, &'static str)| {
        let name = board.name(&Wire::Pin(pin.clone()), settings);
        let what = format!("{variable}={pin} ({name})");
        let holder = lines::place(&settings.gpio, &pin).and_then(|place| lines::holder(&place));
        let found = judge(&what, line(holder, registers, is_button(variable)));
        let Pin::Number(bcm) = pin else { return found };
        if found.verdict != Verdict::Fine || board.header(settings).is_none() {
            return found;
        }
        let button = is_button(variable);
        match header::objection(bcm, !button, board.functions) {
            Some(remedy) => finding(Verdict::Mind, &what, remedy),
            None if bcm == 3 && button => {
                finding(Verdict::Fine, &format!("{what}: a press also wakes a halted board"), "")
            }
            None => found,
        }
    };
    settings.pins().into_iter().map(look).collect()
}

/// Whether a line that `holder` has can be had.
fn line(
    holder: Result<Option<String>, PinError>,
    registers: bool,
    button: bool,
) -> Result<String, PinError> {
    match holder {
        Ok(None) => Ok("nobody else uses it".into()),
        Ok(Some(by)) if by == gpiochip::CONSUMER => Ok("in use by pigent".into()),
        // Another program with rppal has the same name.
        Ok(Some(by)) if registers && button && by == raspberry::CONSUMER => {
            Ok("in use by RPPAL: pigent, if it runs".into())
        }
        Ok(Some(by)) => Err(PinError::Taken { by }),
        // Registers need no chip; who else has the line cannot be told then.
        Err(_) if registers => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn leds(settings: &Settings) -> Vec<Finding> {
    let look = |lamp: Lamp| {
        let Some(Wire::Led(name)) = settings.wire(lamp) else { return None };
        let what = format!("{}=led:{name}", lamp.variable());
        if matches!(settings.gpio, Gpio::Sim(_)) {
            return Some(finding(Verdict::Fine, &format!("{what}: simulated"), ""));
        }
        let found = Led::find(&settings.folders.leds, name);
        let trigger = found.map(|led| match led.trigger() {
            Ok(trigger) if trigger == led::NONE => {
                "obeys brightness only, or is pigent's now".into()
            }
            Ok(trigger) => format!("shows {trigger} while pigent does not run"),
            Err(error) => error.to_string(),
        });
        Some(judge(&what, trigger))
    };
    Lamp::ALL.into_iter().filter_map(look).collect()
}

/// Whether the remedy "add the user to the group gpio" will do.
fn group() -> Option<Finding> {
    let broken = |what: &str, remedy: &str| Some(finding(Verdict::Broken, what, remedy));
    if geteuid().is_root() {
        return None;
    }
    let groups = small("/etc/group");
    let Some(line) = groups.lines().find(|line| line.starts_with("gpio:")) else {
        return broken(
            "there is no group gpio",
            "sudo groupadd --system gpio, and a udev rule for the devices: \
             SUBSYSTEM==\"gpio\", KERNEL==\"gpiochip*\", GROUP=\"gpio\", MODE=\"0660\"",
        );
    };
    let number = line.split(':').nth(2).and_then(|number| number.parse().ok());
    let has = |number: u32| {
        let mine = getgroups().unwrap_or_default();
        getegid().as_raw() == number || mine.iter().any(|group| group.as_raw() == number)
    };
    let users = line.rsplit(':').next().unwrap_or_default();
    let user = std::env::var("USER").unwrap_or_default();
    if number.is_some_and(has) || users.split(',').all(|one| one.trim() != user) {
        return None;
    }
    broken("the group gpio is this user's since the last login", "log out and in again")
}

fn finding(verdict: Verdict, what: &str, remedy: &str) -> Finding {
    Finding { verdict, what: what.to_owned(), remedy: remedy.to_owned() }
}

/// What was found is said after what was looked at; what went wrong is its remedy.
fn judge(what: &str, result: Result<String, PinError>) -> Finding {
    match result {
        Ok(found) if found.is_empty() => finding(Verdict::Fine, what, ""),
        Ok(found) => finding(Verdict::Fine, &format!("{what}: {found}"), ""),
        Err(error) => finding(Verdict::Broken, what, &error.to_string()),
    }
}

#[cfg(test)]
mod tests;
