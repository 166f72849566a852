//! The demo with somebody at the keyboard.

use super::screen::Screen;
use super::{CHAT, Demo, SLICE};
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

const WELCOME: &str = "\
pigent runs, with a stand-in for Telegram and one for the agent. Nothing leaves this machine.
  TEXT     send it, as from the phone: any sentence, or /status, /queue, /cancel, /help
           (the agent plays a recorded run; it also knows: work 20, hang, question, error)
  b        tap the button in the closet: stop
  !LABEL   tap a button in the chat, for example !Stop
  q        quit
";

/// Until `q`, the end of the input, or a signal.
pub(super) fn play(demo: &Demo, screen: &Screen) -> Result<(), String> {
    for line in WELCOME.lines() {
        screen.line(line);
    }
    let lines = read_lines();
    loop {
        match lines.recv_timeout(SLICE) {
            Ok(line) => match line.trim() {
                "" => screen.line(""),
                "q" => break,
                "b" => press(demo, screen),
                text => send(demo, screen, text),
            },
            Err(RecvTimeoutError::Disconnected) => break,
            // The terminal sends Ctrl-C to pigent as well: both just leave.
            Err(RecvTimeoutError::Timeout) => {
                if demo.interrupted.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
                demo.still_runs()?;
            }
        }
    }
    demo.leave()
}

fn send(demo: &Demo, screen: &Screen, text: &str) {
    screen.fresh();
    match text.strip_prefix('!') {
        None => drop(demo.server.say(CHAT, text)),
        Some(label) => {
            let found = demo.server.look(|world| {
                let all = world.from_bot(CHAT).into_iter().rev();
                let mut buttons = all.flat_map(|message| {
                    message.labels().into_iter().map(|label| (message.id, label.to_owned()))
                });
                buttons.find(|(_, one)| one.to_lowercase().contains(&label.to_lowercase()))
            });
            match found {
                Some((message, label)) => drop(demo.server.tap(CHAT, message, &label, 0)),
                None => screen.line(&format!("there is no button {label:?} in the chat")),
            }
        }
    }
}

fn press(demo: &Demo, screen: &Screen) {
    screen.fresh();
    match demo.panel.send("tap") {
        Ok(()) => screen.line("(the button is tapped)"),
        Err(why) => screen.line(&format!("the button is not connected: {why}")),
    }
}

/// The thread is never joined: nothing can wake it from reading a terminal.
fn read_lines() -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
