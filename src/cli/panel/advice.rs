//! What to check when a lamp stays dark or the button does nothing.

use crate::panel::settings::{ButtonActive, LedActive};
use crate::panel::{Gpio, Lamp, Settings, Wire};

/// `pigent doctor --board` shows the pins by name.
const WHICH: &str = "  - count the pins again: `pigent doctor --board` shows which is which";

/// A lamp that is not seen.
pub(super) fn lamp(settings: &Settings, lamp: Lamp) {
    println!("What to check:");
    if simulated(settings) {
        return;
    }
    if matches!(settings.wire(lamp), Some(Wire::Led(_))) {
        println!("  - it is small and on the board itself: a case may hide it");
        println!("  - the board may have others: `pigent doctor --board` lists them");
        return;
    }
    println!("{WHICH}");
    println!("  - turn the LED round: it lights one way only (the longer leg is plus)");
    match settings.led_active {
        LedActive::High => {
            println!("  - pin, resistor of some 330 ohm, longer leg, shorter leg, ground");
            println!("  - is it between 3.3 V and the pin instead? Set PIGENT_LED_ACTIVE=low");
        }
        LedActive::Low => {
            println!("  - 3.3 V, resistor of some 330 ohm, longer leg, shorter leg, pin");
            println!("  - is it between the pin and ground instead? Set PIGENT_LED_ACTIVE=high");
        }
    }
}

/// A button that does nothing.
pub(super) fn button(settings: &Settings) {
    println!("What to check:");
    if simulated(settings) {
        return;
    }
    println!("{WHICH}");
    println!("  - of four legs two and two are one: use two that are diagonal");
    match settings.button_active {
        ButtonActive::Low => {
            println!("  - one side to the pin, the other to ground: no resistor is needed");
            println!("  - does it go to 3.3 V instead? Set PIGENT_BUTTON_ACTIVE=high");
        }
        ButtonActive::High => {
            println!("  - one side to the pin, the other to 3.3 V, never to 5 V");
            println!("  - does it go to ground instead? Set PIGENT_BUTTON_ACTIVE=low");
        }
    }
}

/// A button that is always down.
pub(super) fn stuck(settings: &Settings) {
    let (wire, other) = match settings.button_active {
        ButtonActive::Low => ("ground", "high"),
        ButtonActive::High => ("3.3 V", "low"),
    };
    println!("What to check:");
    println!("  - does something hold it down, or do its wires touch?");
    println!("  - is the pin connected to {wire} at rest? Use two diagonal legs of the button");
    println!("  - is it one that opens when pressed? Set PIGENT_BUTTON_ACTIVE={other}");
}

fn simulated(settings: &Settings) -> bool {
    let simulated = matches!(settings.gpio, Gpio::Sim(_));
    if simulated {
        println!("  - nothing: it is simulated, see who listens at the socket");
    }
    simulated
}
