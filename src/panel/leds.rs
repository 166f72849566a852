//! Lamps that are LEDs of the kernel's: taken over, and given back as they were.
//!
//! Each has a trigger (`mmc0`: the card is busy) that would blink in between, so it becomes `none`
//! while pigent has the LED. What it was stands in a note first (`note.rs`); it is put back on
//! the way out, and, should there be no way out, by the next start or by `pigent panel --release`.
//! An LED whose trigger is not `none` then has been given a newer one by somebody: that stays.
//! One that is given while pigent has the LED does not: the kernel takes the trigger from an LED
//! that is told to be dark, and that is the next thing a lamp's pattern does.
//!
//! Polarity is the device tree's business: `PIGENT_LED_ACTIVE` does not apply.

use super::led::{self, Led};
use super::note::{Before, Note};
use super::settings::{Folders, Lamp, Settings, Wire};
use super::trouble::{PinError, Trouble};
use crate::failpoint;
use std::io;
use std::path::{Path, PathBuf};

/// The LEDs that pigent has.
pub(super) struct Leds {
    lamps: [Option<Lit>; 3],
    class: PathBuf,
    note: Option<Note>,
    /// What to put back.
    before: Vec<Before>,
}

struct Lit {
    led: Led,
    /// The last write failed, which was said.
    failing: bool,
}

/// Puts back what an earlier pigent has left; then takes what the settings name. `None` if that
/// is nothing.
pub(super) fn take(settings: &Settings, troubles: &mut Vec<Trouble>) -> Option<Leds> {
    let mut leds = Leds::restore(&settings.folders);
    let mut found = Vec::new();
    for lamp in Lamp::ALL {
        let Some(Wire::Led(name)) = settings.wire(lamp) else { continue };
        match leds.look(name) {
            Ok(led) => found.push((lamp, name, led)),
            Err(why) => troubles.push(trouble(lamp, name, why)),
        }
    }
    leds.remember();
    for (lamp, name, led) in found {
        failpoint::step("take the LED", name);
        match led.choose(led::NONE).and_then(|()| led.light(false)) {
            Ok(()) => leds.lamps[lamp as usize] = Some(Lit { led, failing: false }),
            Err(error) => troubles.push(trouble(lamp, name, led.explain("trigger", &error))),
        }
    }
    leds.lamps.iter().any(Option::is_some).then_some(leds)
}

/// Puts back what an earlier pigent has left.
pub(super) fn restore(folders: &Folders) {
    Leds::restore(folders).remember();
}

fn trouble(lamp: Lamp, name: &str, why: PinError) -> Trouble {
    Trouble { what: format!("{}=led:{name}", lamp.variable()), why }
}

impl Leds {
    /// Nothing is taken yet. What could not be put back is tried again on the way out.
    fn restore(folders: &Folders) -> Leds {
        let note = folders.state.as_deref().map(Note::new);
        let class = folders.leds.clone();
        let before = note.as_ref().map(Note::read).unwrap_or_default();
        let before = put_back(&class, before);
        Leds { lamps: [None, None, None], class, note, before }
    }

    /// Finds an LED and notes what it is, in memory.
    fn look(&mut self, name: &str) -> Result<Led, PinError> {
        let led = Led::find(&self.class, name)?;
        let trigger = led.trigger().map_err(|error| led.explain("trigger", &error))?;
        let known = self.before.iter().position(|before| before.name == name);
        // `none` is what it was left with by the pigent that could not put back the other one.
        if known.is_none() || trigger != led::NONE {
            let brightness = led.brightness().unwrap_or(0);
            let now = Before { name: name.to_owned(), trigger, brightness };
            match known.and_then(|at| self.before.get_mut(at)) {
                Some(before) => *before = now,
                None => self.before.push(now),
            }
        }
        Ok(led)
    }

    /// The note says what is in memory.
    fn remember(&self) {
        let Some(note) = &self.note else { return };
        if let Err(error) = note.write(&self.before) {
            // A lamp that tells of a bad disk is worth more than a trigger that is lost if
            // pigent is killed and the board is not restarted.
            log::warn!("what the LEDs were cannot be noted in the state folder: {error}");
        }
    }

    /// Whether this lamp is one of them.
    pub(super) fn has(&self, lamp: Lamp) -> bool {
        self.lamps[lamp as usize].is_some()
    }

    /// Lights a lamp or darkens it. One that fails is tried again at the next change.
    pub(super) fn set(&mut self, lamp: Lamp, on: bool) {
        let Some(lit) = &mut self.lamps[lamp as usize] else { return };
        match lit.led.light(on) {
            Ok(()) => lit.failing = false,
            Err(error) if !lit.failing => {
                log::error!("the {lamp} lamp fails: {}", lit.led.explain("brightness", &error));
                lit.failing = true;
            }
            Err(_) => {}
        }
    }

    /// Gives all of them back.
    pub(super) fn release(&mut self) {
        for lamp in Lamp::ALL {
            let mine = |lit: &Lit| lit.led.trigger().is_ok_and(|trigger| trigger == led::NONE);
            if self.lamps[lamp as usize].as_ref().is_some_and(mine) {
                self.set(lamp, false);
            }
        }
        self.lamps = [None, None, None];
        self.before = put_back(&self.class, std::mem::take(&mut self.before));
        self.remember();
    }
}

/// What could not be put back.
fn put_back(class: &Path, before: Vec<Before>) -> Vec<Before> {
    let failed = |before: &Before| match give(class, before) {
        Ok(()) => false,
        Err(error) => {
            log::warn!("the LED {} is not put back to {}: {error}", before.name, before.trigger);
            true
        }
    };
    before.into_iter().filter(failed).collect()
}

fn give(class: &Path, before: &Before) -> io::Result<()> {
    let led = match Led::find(class, &before.name) {
        // It was unplugged; should it come back, then with its own default.
        Err(PinError::NoLed { .. }) => return Ok(()),
        found => found.map_err(|error| io::Error::other(error.to_string()))?,
    };
    if led.trigger()? != led::NONE {
        return Ok(());
    }
    match before.trigger.as_str() {
        led::NONE => led.shine(before.brightness),
        trigger => led.choose(trigger),
    }
}

#[cfg(test)]
mod tests;
