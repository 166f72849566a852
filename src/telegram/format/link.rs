//! Links of the agent's Markdown: which ones Telegram shows as links, and what is written for the
//! others so that no address is lost.

use std::rc::Rc;

/// Longer addresses are written out, so that a message's formatting stays within bounds.
const LONGEST: usize = 1024;
/// Shown text that is remembered to compare it with the address.
const SHOWN: usize = 256;

/// An open link.
#[derive(Debug)]
pub(super) struct Target {
    address: Rc<str>,
    /// Telegram takes it.
    works: bool,
    /// The shown text is the address.
    bare: bool,
    shown: String,
}

/// Looks at a link's address; `bare` if the text of the link is the address itself.
pub(super) fn target(address: &str, bare: bool) -> Target {
    Target { address: Rc::from(address), works: works(address), bare, shown: String::new() }
}

impl Target {
    /// The address, if Telegram takes it.
    pub(super) fn address(&self) -> Option<Rc<str>> {
        self.works.then(|| self.address.clone())
    }

    /// This text is shown for the link.
    pub(super) fn shows(&mut self, text: &str) {
        if self.shown.len() < SHOWN {
            self.shown.push_str(text);
        }
    }

    /// What must still be written after the shown text; `no_links` where nothing can be a link.
    pub(super) fn rest(&self, no_links: bool) -> Option<String> {
        let told = self.bare || self.address.is_empty() || *self.address == *self.shown;
        match (self.shown.is_empty(), told || (self.works && !no_links)) {
            (true, _) => Some(self.address.to_string()),
            (false, true) => None,
            (false, false) => Some(format!(" ({})", self.address)),
        }
    }
}

/// Telegram silently drops a link whose host has no dot (BOTAPI.md section 7).
fn works(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let good = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c == '-' || c == '_' || c.is_alphanumeric())
    };
    address.len() <= LONGEST
        && !address.chars().any(|c| c.is_whitespace() || c.is_control())
        && host.contains('.')
        && host.split('.').all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_with_a_dotted_host_are_links() {
        assert!(works("https://example.org/a?b=c#d"));
        assert!(works("http://192.168.1.2:8080"));
        for address in ["http://localhost/", "src/main.rs", "javascript:alert(1)", "https://a.", ""]
        {
            assert!(!works(address), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_no_link_is_written_out() {
        let mut file = target("src/main.rs", false);
        file.shows("main");
        assert_eq!(file.rest(false).as_deref(), Some(" (src/main.rs)"));
        let mut same = target("src/main.rs", false);
        same.shows("src/main.rs");
        assert_eq!(same.rest(false), None);
    }
}
