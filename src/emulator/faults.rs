//! What can be made to go wrong on the way to and from the server.
//!
//! A [`Fault`] waits for requests it applies to, and spoils as many of them as it was told to.
//! Whether the request is carried out before it is spoiled matters (a lost answer is not a lost
//! message) and is part of the [`Trouble`].

use core::time::Duration;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is closed; nothing was done.
    CloseBefore,
    /// It was done; the connection is closed without an answer.
    CloseAfter,
    /// The connection is reset; nothing was done.
    Reset,
    /// No answer, until the fault is cleared or the server stops; nothing was done.
    Hang,
    /// It is done and answered, later.
    Delay(Duration),
    /// Another status, with a page in HTML as the proxy in front writes it, or this body.
    Http(u16, Option<String>),
    /// Status 200, and a body that is not JSON; nothing was done.
    Garbage,
    /// It was done; half of the answer's body is sent, then the connection is closed.
    Truncate,
    /// It was done; the answer comes in pieces of this many bytes, with this pause between them.
    Drip(usize, Duration),
    /// 429 with these seconds.
    Flood(u64),
    /// 409.
    Conflict,
    /// 401.
    Unauthorized,
}

impl Trouble {
    /// The request is carried out all the same.
    #[must_use]
    pub fn carries_out(&self) -> bool {
        matches!(
            self,
            Trouble::CloseAfter | Trouble::Delay(_) | Trouble::Truncate | Trouble::Drip(..)
        )
    }
}

/// Which requests are spoiled, and how. Made with [`Fault::new`]: the next request of any method,
/// once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    trouble: Trouble,
    method: Option<&'static str>,
    chat: Option<i64>,
    skip: u32,
    count: Option<u32>,
}

impl Fault {
    /// The next request of any method, once.
    #[must_use]
    pub fn new(trouble: Trouble) -> Fault {
        Fault { trouble, method: None, chat: None, skip: 0, count: Some(1) }
    }

    /// Only this method.
    #[must_use]
    pub fn on(self, method: &'static str) -> Fault {
        Fault { method: Some(method), ..self }
    }

    /// Only requests with this `chat_id`.
    #[must_use]
    pub fn in_chat(self, chat: i64) -> Fault {
        Fault { chat: Some(chat), ..self }
    }

    /// Lets so many pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Fault {
        Fault { skip, ..self }
    }

    /// So many requests.
    #[must_use]
    pub fn times(self, count: u32) -> Fault {
        Fault { count: Some(count), ..self }
    }

    /// Until the faults are cleared.
    #[must_use]
    pub fn forever(self) -> Fault {
        Fault { count: None, ..self }
    }

    fn hits(&self, method: &str, chat: Option<i64>) -> bool {
        self.count != Some(0)
            && self.method.is_none_or(|name| name.eq_ignore_ascii_case(method))
            && (self.chat.is_none() || self.chat == chat)
    }
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    /// Counted up when they are cleared: what hangs looks at it.
    pub cleared: u64,
}

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    pub fn clear(&mut self) {
        self.list.clear();
        self.cleared += 1;
    }

    /// The trouble for this request, if there is one for it.
    pub fn pick(&mut self, method: &str, chat: Option<i64>) -> Option<Trouble> {
        for fault in self.list.iter_mut().filter(|fault| fault.hits(method, chat)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(left) = &mut fault.count {
                *left -= 1;
            }
            return Some(fault.trouble.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_for_its_method_skips_and_counts() {
        let mut faults = Faults::default();
        faults.add(Fault::new(Trouble::Reset).on("sendMessage").after(1).times(2));
        let mut picks = |method| faults.pick(method, None).is_some();
        assert!(!picks("getMe"));
        assert!(!picks("sendmessage"));
        assert!(picks("sendMessage"));
        assert!(picks("sendMessage"));
        assert!(!picks("sendMessage"));
    }

    #[test]
    fn a_fault_of_one_chat_spares_the_others() {
        let mut faults = Faults::default();
        faults.add(Fault::new(Trouble::Conflict).in_chat(5).forever());
        assert_eq!(faults.pick("sendMessage", Some(6)), None);
        assert_eq!(faults.pick("sendMessage", Some(5)), Some(Trouble::Conflict));
        assert_eq!(faults.pick("sendMessage", Some(5)), Some(Trouble::Conflict));
    }
}
