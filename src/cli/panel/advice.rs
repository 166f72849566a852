//! What to check when a lamp stays dark or the button does nothing.

use crate::cli::output::say;
use crate::panel::settings::{ButtonActive, LedActive};
use crate::panel::{Gpio, Lamp, Settings, Wire};

/// `pigent doctor --board` shows the pins by name.
const WHICH: &str = "  - count the pins again: `pigent doctor --board` shows which is which";

/// A lamp that is not seen.
pub(super) fn lamp(settings: &Settings, lamp: Lamp) {
    say!("What to check:");
    if simulated(settings) {
        return;
    }
    if matches!(settings.wire(lamp), Some(Wire::Led(_))) {
        say!("  - it is small and on the board itself: a case may hide it");
        say!("  - the board may have others: `pigent doctor --board` lists them");
        return;
    }
    say!("{WHICH}");
    say!("  - turn the LED round: it lights one way only (the longer leg is plus)");
    match settings.led_active {
        LedActive::High => {
            say!("  - pin, resistor of some 330 ohm, longer leg, shorter leg, ground");
            say!("  - is it between 3.3 V and the pin instead? Set PIGENT_LED_ACTIVE=low");
        }
        LedActive::Low => {
            say!("  - 3.3 V, resistor of some 330 ohm, longer leg, shorter leg, pin");
            say!("  - is it between the pin and ground instead? Set PIGENT_LED_ACTIVE=high");
        }
    }
}

/// A button that does nothing.
pub(super) fn button(settings: &Settings) {
    say!("What to check:");
    if simulated(settings) {
        return;
    }
    say!("{WHICH}");
    say!("  - of four legs two and two are one: use two that are diagonal");
    match settings.button_active {
        ButtonActive::Low => {
            say!("  - one side to the pin, the other to ground: no resistor is needed");
            say!("  - does it go to 3.3 V instead? Set PIGENT_BUTTON_ACTIVE=high");
        }
        ButtonActive::High => {
            say!("  - one side to the pin, the other to 3.3 V, never to 5 V");
            say!("  - does it go to ground instead? Set PIGENT_BUTTON_ACTIVE=low");
        }
    }
}

/// A button that is always down.
pub(super) fn stuck(settings: &Settings) {
    let (wire, other) = match settings.button_active {
        ButtonActive::Low => ("ground", "high"),
        ButtonActive::High => ("3.3 V", "low"),
    };
    say!("What to check:");
    say!("  - does something hold it down, or do its wires touch?");
    say!("  - is the pin connected to {wire} at rest? Use two diagonal legs of the button");
    say!("  - is it one that opens when pressed? Set PIGENT_BUTTON_ACTIVE={other}");
}

fn simulated(settings: &Settings) -> bool {
    let simulated = matches!(settings.gpio, Gpio::Sim(_));
    if simulated {
        say!("  - nothing: it is simulated, see who listens at the socket");
    }
    simulated
}
