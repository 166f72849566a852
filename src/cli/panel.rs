//! `pigent panel`: try the wiring, each lamp in turn, then the button.

use super::{Failure, no_words, start_log};
use crate::bridge::effect::{Signs, Work};
use crate::bridge::{Input, input::Press};
use crate::config::{Config, Sources};
use crate::panel::settings::Gpio;
use crate::{panel, store};
use core::time::Duration;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::sync::Arc;
use std::thread;

/// How long each lamp shows its pattern.
const LOOK: Duration = Duration::from_secs(4);
const NOTHING: &str = "no lamp and no button to try: name their pins with PIGENT_LED_BUSY, \
                       PIGENT_LED_IDLE, PIGENT_LED_ERROR and PIGENT_BUTTON";

pub(super) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    no_words(args)?;
    let config = Config::load(&Sources::read()).map_err(Failure::Config)?;
    start_log(config.log);
    // Two programs on the same pins would show nothing that can be believed.
    let _lock = store::lock::take(&config.state_dir)
        .map_err(|_| Failure::Other("the daemon runs and has the pins: stop it first".into()))?;
    let mut broken = false;
    for found in panel::probe(&config.panel) {
        broken |= !found.ok;
        let colon = if found.remedy.is_empty() { "" } else { ": " };
        println!("{}{colon}{}", found.what, found.remedy);
    }
    let simulated = matches!(config.panel.gpio, Gpio::Sim(_));
    if config.panel.gpio == Gpio::Off || !(simulated || config.panel.any_wire()) {
        return Err(Failure::Other(NOTHING.into()));
    }
    let (sender, presses) = tokio::sync::mpsc::channel(16);
    let handle = Arc::new(panel::spawn(config.panel, sender).map_err(Failure::other)?);
    release_at_signal(handle.clone()).map_err(Failure::other)?;
    show(&handle);
    listen(presses);
    handle.release();
    if broken { Err(Failure::Other("not everything could be opened".into())) } else { Ok(()) }
}

/// Ctrl-C is how most people end this: no lamp may stay lit.
fn release_at_signal(panel: Arc<panel::Handle>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            panel.release();
            std::process::exit(0);
        }
    });
    Ok(())
}

fn show(panel: &panel::Handle) {
    let idle = Signs::default();
    for (name, signs) in [
        ("idle: a short blip every 4 s", idle),
        ("busy: once a second", Signs { work: Work::Busy, ..idle }),
        ("waiting for you: double blink", Signs { work: Work::Waiting, ..idle }),
        ("stopping: very fast", Signs { work: Work::Stopping, ..idle }),
        ("error: three short and a pause", Signs { error: true, ..idle }),
        ("offline: 3 s on, 3 s off", Signs { offline: true, ..idle }),
    ] {
        println!("{name}");
        panel.show(signs);
        thread::sleep(LOOK);
    }
    panel.show(idle);
}

/// Prints presses until the terminal's line ends.
fn listen(mut presses: tokio::sync::mpsc::Receiver<Input>) {
    println!("Now press the button (Enter ends).");
    thread::spawn(move || {
        while let Some(input) = presses.blocking_recv() {
            match input {
                Input::Press(Press::Down) => println!("pressed"),
                Input::Press(Press::Held) => println!("held for 3 s"),
                _ => {}
            }
        }
    });
    let _ = std::io::stdin().read_line(&mut String::new());
}
