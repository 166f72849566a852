//! What `pigent doctor` says about the panel: everything is looked at, nothing is touched.

use super::gpiochip::{chip_path, holder};
use super::pins::{PinError, lamp_pins};
use super::raspberry;
use super::settings::{Gpio, Settings};
use std::path::Path;

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// It will do.
    pub ok: bool,
    /// What is wrong and what to do about it; with `ok`, a remark or nothing.
    pub remedy: String,
}

/// Looks at the backend and at each pin. A line that a running pigent holds is fine.
#[must_use]
pub fn probe(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = settings.check() {
        findings.push(Finding { what: "wiring".into(), ok: false, remedy: error.to_string() });
    }
    match &settings.gpio {
        Gpio::Off => findings.push(fine("GPIO", "off: no lamps, no button")),
        Gpio::Sim(path) => {
            findings.push(fine("GPIO", &format!("simulated at {}", path.display())));
        }
        _ if !settings.any_pin() => {
            findings.push(fine("GPIO", "no pin is named: no lamps, no button"));
        }
        Gpio::Rppal => look(settings, true, &mut findings),
        Gpio::Gpiochip(_) => look(settings, false, &mut findings),
        Gpio::Auto => {
            let registers = raspberry::is_one() && raspberry::probe().is_ok();
            look(settings, registers, &mut findings);
        }
    }
    findings
}

fn look(settings: &Settings, registers: bool, findings: &mut Vec<Finding>) {
    let chip = chip_path(&settings.gpio);
    if registers {
        findings.push(judge("GPIO (rppal)", raspberry::probe().map(|()| String::new())));
    } else {
        let what = format!("GPIO (gpiochip, {})", chip.display());
        findings.push(judge(&what, holder(&chip, 0).map(|_| String::new())));
    }
    // Whoever cannot open the chip would only repeat that for each pin.
    if findings.iter().any(|finding| !finding.ok) {
        return;
    }
    let lamps = lamp_pins(settings).into_iter().map(|(lamp, pin)| (lamp.variable(), pin));
    for (name, pin) in lamps.chain(settings.button.map(|pin| ("PIGENT_BUTTON", pin))) {
        findings.push(judge(&format!("{name}={pin}"), line(&chip, pin, registers)));
    }
}

/// Whether a line can be had.
fn line(chip: &Path, pin: u8, registers: bool) -> Result<String, PinError> {
    match holder(chip, pin) {
        Ok(None) => Ok(String::new()),
        Ok(Some(by)) if by == super::gpiochip::CONSUMER => Ok("in use by pigent".into()),
        Ok(Some(by)) => Err(PinError::Taken { by }),
        // Registers need no chip; who else has the line cannot be told then.
        Err(_) if registers => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn fine(what: &str, remark: &str) -> Finding {
    Finding { what: what.into(), ok: true, remedy: remark.into() }
}

fn judge(what: &str, result: Result<String, PinError>) -> Finding {
    let ok = result.is_ok();
    let remedy = result.unwrap_or_else(|error| error.to_string());
    Finding { what: what.into(), ok, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::settings::Wire;

    #[test]
    fn a_chip_that_is_not_there_is_one_finding_with_a_remedy() {
        let settings = Settings {
            gpio: Gpio::Gpiochip(Some("/dev/gpiochip-none".into())),
            busy: Some(Wire::Bcm(17)),
            button: Some(27),
            ..Settings::default()
        };
        let findings = probe(&settings);
        assert_eq!(findings.len(), 1);
        assert!(!findings[0].ok && findings[0].remedy.contains("PIGENT_GPIO"), "{findings:?}");
    }

    #[test]
    fn nothing_to_do_is_fine() {
        assert!(probe(&Settings::default()).iter().all(|finding| finding.ok));
    }
}
