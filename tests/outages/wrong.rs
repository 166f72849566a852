//! The ways in which Telegram cannot be reached.

use crate::front::{Front, Way, certificate::ca_file};
use crate::hosts::with_hosts;
use crate::support::{Harness, program};
use pigent::emulator::{Fault, Options, Trouble};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A name for the server that only our own list knows.
const NAME: &str = "telegram.invalid";

/// One of them.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub name: &'static str,
    pub how: How,
    /// How soon after its end everything has to be there, in seconds.
    pub over_in: u64,
}

#[derive(Clone, Debug)]
pub enum How {
    /// Before anybody speaks HTTP; by TLS or not.
    Door(Way, &'static str),
    Server(Trouble),
    /// The name is unknown.
    Name,
    /// The board's clock is wrong, so that no certificate is valid.
    Date,
}

/// All of them.
pub fn all() -> Vec<Wrong> {
    let wrong = |name, over_in, how| Wrong { name, how, over_in };
    let server = |name, over_in, trouble| wrong(name, over_in, How::Server(trouble));
    vec![
        wrong("refused", 10, How::Door(Way::Refused, "http")),
        wrong("silent", 10, How::Door(Way::Mute, "http")),
        wrong("neither TLS nor HTTP", 10, How::Door(Way::Babble, "https")),
        wrong("certificate of 2020", 10, How::Date),
        wrong("unknown name", 10, How::Name),
        server("reset", 10, Trouble::Reset),
        server("closed", 10, Trouble::CloseBefore),
        server("hang", 10, Trouble::Hang),
        server("garbage", 10, Trouble::Garbage),
        server("500", 20, Trouble::Http(500, None)),
        server("502 with 85 KB", 20, Trouble::Http(502, Some("<html><h1>502</h1>".repeat(5000)))),
        server("401", 65, Trouble::Unauthorized),
        server("404", 65, Trouble::Http(404, Some("{\"ok\":false".to_owned()))),
        server("409", 20, Trouble::Conflict),
        server("429, 1 s", 10, Trouble::Flood(1)),
        server("drip", 10, Trouble::Drip(4, Duration::from_millis(5))),
    ]
}

/// A daemon behind a door, and the file that makes it wrong.
pub struct Closet {
    pub harness: Harness,
    pub front: Front,
    file: PathBuf,
}

impl Wrong {
    /// A daemon for which everything is still right. `None` where this cannot be tried.
    pub fn prepare(&self) -> Option<Closet> {
        let mut harness =
            Harness::prepare_of(&program(), Options::default(), &[("PIGENT_LOG", "info")]);
        let (way, scheme, host) = match &self.how {
            How::Door(_, "https") | How::Date => (Way::Tls, "https", "127.0.0.1"),
            How::Name => (Way::Open, "http", NAME),
            _ => (Way::Open, "http", "127.0.0.1"),
        };
        let front = Front::new(&harness.server, way);
        harness.set("TELEGRAM_API_URL", front.url(scheme, host));
        harness.set("PIGENT_CA_FILE", ca_file());
        let mut file = harness.home.project().with_file_name("clock");
        match self.how {
            How::Date => harness.set("STAND_IN_CLOCK", &file),
            How::Name => file = with_hosts(&mut harness)?,
            _ => {}
        }
        let closet = Closet { harness, front, file };
        self.end(&closet);
        Some(closet)
    }

    /// It begins; open connections are cut.
    pub fn begin(&self, closet: &Closet) {
        match &self.how {
            How::Door(way, _) => return closet.front.set(*way),
            How::Server(trouble) => {
                closet.harness.server.add_fault(Fault::new(trouble.clone()).forever());
            }
            How::Name => fs::write(&closet.file, "127.0.0.1 localhost\n").unwrap(),
            How::Date => fs::write(&closet.file, "0").unwrap(),
        }
        self.cut(closet);
    }

    /// Cuts what is open once more, if it takes a new connection to notice.
    pub fn again(&self, closet: &Closet) {
        if matches!(self.how, How::Name | How::Date) {
            self.cut(closet);
        }
    }

    /// It is over.
    pub fn end(&self, closet: &Closet) {
        closet.harness.server.clear_faults();
        match &self.how {
            How::Date => drop(fs::remove_file(&closet.file)),
            How::Name => fs::write(&closet.file, format!("127.0.0.1 localhost {NAME}\n")).unwrap(),
            _ => {}
        }
        if matches!(self.how, How::Door(..)) {
            self.cut(closet);
        }
    }

    fn cut(&self, closet: &Closet) {
        let tls = matches!(&self.how, How::Door(_, "https") | How::Date);
        closet.front.set(if tls { Way::Tls } else { Way::Open });
    }
}
