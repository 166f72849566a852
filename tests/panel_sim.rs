//! The panel through the sim socket, as the demo and any script use it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use pigent::bridge::effect::{Signs, Work};
use pigent::bridge::input::{Input, Press};
use pigent::panel::{self, Gpio, Handle, Settings};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

/// Far longer than anything takes on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

struct Rig {
    _home: TempDir,
    socket: PathBuf,
    panel: Handle,
    inputs: Receiver<Input>,
}

impl Rig {
    fn new(prepare: impl FnOnce(&Path)) -> Rig {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("panel.sock");
        prepare(&socket);
        let settings = Settings { gpio: Gpio::Sim(socket.clone()), ..Settings::default() };
        let (sender, inputs) = channel(1);
        let panel = panel::spawn(settings, sender).unwrap();
        Rig { _home: home, socket, panel, inputs }
    }

    fn client(&self) -> Client {
        let started = Instant::now();
        loop {
            match UnixStream::connect(&self.socket) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(DEADLINE)).unwrap();
                    let reader = BufReader::new(stream.try_clone().unwrap());
                    return Client { stream, reader };
                }
                Err(error) => assert!(started.elapsed() < DEADLINE, "{error}"),
            }
            std::thread::yield_now();
        }
    }

    fn show(&self, work: Work) {
        self.panel.show(Signs { work, error: false, offline: false });
    }

    fn press(&mut self) -> Press {
        match self.inputs.blocking_recv() {
            Some(Input::Press(press)) => press,
            other => panic!("{other:?}"),
        }
    }
}

struct Client {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Client {
    fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next line as lamp, state and time.
    fn lamp(&mut self) -> (String, bool, u64) {
        let line = self.line().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let [lamp, name, state, time] = words[..] else { panic!("{line:?}") };
        assert_eq!(lamp, "lamp");
        (name.to_owned(), state == "on", time.parse().unwrap())
    }

    fn first_three(&mut self) {
        let names = [(); 3].map(|()| self.lamp().0);
        assert_eq!(names, ["busy", "idle", "error"]);
    }

    /// Reads until this lamp is in this state; gives the time.
    fn until(&mut self, name: &str, on: bool) -> u64 {
        loop {
            let (lamp, state, time) = self.lamp();
            if (lamp.as_str(), state) == (name, on) {
                return time;
            }
        }
    }
}

#[test]
fn every_client_hears_the_state_and_then_each_change() {
    let rig = Rig::new(|_| {});
    let (mut first, mut second) = (rig.client(), rig.client());
    first.first_three();
    second.first_three();
    rig.show(Work::Busy);
    let on = first.until("busy", true);
    let off = first.until("busy", false);
    assert!(off > on, "microseconds of one clock");
    assert_eq!(second.until("busy", true), on, "both hear the same");
    let mode = std::fs::metadata(&rig.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_press_goes_out_once_and_a_lamp_shows_it() {
    let mut rig = Rig::new(|_| {});
    let mut client = rig.client();
    client.first_three();
    client.say("press\n");
    assert_eq!(rig.press(), Press::Down);
    // No signs were shown: the lamp's only reason is the press.
    client.until("busy", true);
    client.until("busy", false);
    client.say("release\ntap\n");
    assert_eq!(rig.press(), Press::Down);
    client.until("busy", true);
}

#[test]
fn no_press_is_lost_while_the_loop_is_busy() {
    let mut rig = Rig::new(|_| {});
    let mut client = rig.client();
    client.say("tap\ntap\ntap\ntap\n");
    client.first_three();
    // The channel takes one; the lamp shows that the others were accepted meanwhile.
    for _ in 0..4 {
        client.until("busy", true);
    }
    let presses = [(); 4].map(|()| rig.press());
    assert_eq!(presses, [Press::Down; 4]);
}

#[test]
fn a_button_that_is_held_says_so_once() {
    let mut rig = Rig::new(|_| {});
    let mut client = rig.client();
    client.say("press\n");
    assert_eq!([rig.press(), rig.press()], [Press::Down, Press::Held]);
    client.say("release\ntap\n");
    assert_eq!(rig.press(), Press::Down);
}

#[test]
fn nonsense_is_answered_and_ends_nothing() {
    let mut rig = Rig::new(|_| {});
    let mut client = rig.client();
    client.first_three();
    client.say("presss\n");
    assert!(client.line().unwrap().starts_with("error"));
    let mut endless = rig.client();
    endless.first_three();
    endless.say(&"x".repeat(300));
    assert!(endless.line().unwrap().starts_with("error"));
    assert_eq!(endless.line(), None, "dropped");
    client.say("tap\n");
    assert_eq!(rig.press(), Press::Down);
}

#[test]
fn who_has_said_all_is_still_told_and_who_left_is_forgotten() {
    let rig = Rig::new(|_| {});
    let mut listener = rig.client();
    listener.first_three();
    listener.stream.shutdown(std::net::Shutdown::Write).unwrap();
    for _ in 0..100 {
        let mut visitor = rig.client();
        visitor.first_three();
        // The visitor leaves; with it goes its place among the clients, sooner or later.
    }
    let mut last = rig.client();
    last.first_three();
    rig.show(Work::Busy);
    last.until("busy", true);
}

#[test]
fn a_slow_client_holds_nobody_up() {
    let rig = Rig::new(|_| {});
    let mut slow = rig.client();
    slow.first_three();
    let mut quick = rig.client();
    quick.first_three();
    for _ in 0..10_000 {
        rig.show(Work::Busy);
        quick.until("busy", true);
        rig.show(Work::Idle);
        quick.until("busy", false);
    }
    // Dropped: after what its buffer took comes the end.
    while slow.line().is_some() {}
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_is_left_behind() {
    let rig = Rig::new(|socket| drop(UnixListener::bind(socket).unwrap()));
    let mut client = rig.client();
    client.first_three();
    rig.show(Work::Busy);
    client.until("busy", true);
    assert!(rig.panel.release());
    client.until("busy", false);
    assert_eq!(client.line(), None);
    assert!(!rig.socket.exists());
    assert!(rig.panel.release(), "again, from a panic hook");
}

#[test]
fn a_file_in_the_way_is_left_alone_and_the_panel_goes_without() {
    let rig = Rig::new(|socket| std::fs::write(socket, "precious").unwrap());
    rig.show(Work::Busy);
    assert!(rig.panel.release());
    assert_eq!(std::fs::read_to_string(&rig.socket).unwrap(), "precious");
}
