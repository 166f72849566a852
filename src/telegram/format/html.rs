//! HTML as Telegram's parser accepts it, and the way back to plain text.

/// Text with Telegram's HTML tags, always valid: every `<` that is not a tag is escaped, every
/// tag is closed. Only this folder makes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    pub(super) fn trusted(html: String) -> Html {
        Html(html)
    }

    /// For `text` with `parse_mode: HTML`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same without formatting, for a server that refuses the formatting. Addresses of links
    /// follow in parentheses as long as the text stays within `limit` UTF-16 units.
    #[must_use]
    pub fn plain(&self, limit: usize) -> String {
        let full = strip(&self.0, true);
        if super::chars::units(&full) <= limit { full } else { strip(&self.0, false) }
    }
}

impl From<Html> for String {
    fn from(html: Html) -> String {
        html.0
    }
}

fn strip(html: &str, addresses: bool) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut address: Option<String> = None;
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(&unescape(before));
        let (tag, tail) = after.split_once('>').unwrap_or((after, ""));
        if let Some(value) = tag.strip_prefix("a href=\"") {
            address = Some(unescape(value.trim_end_matches('"')));
        } else if tag == "/a" {
            let address =
                address.take().filter(|address| addresses && !plain.ends_with(address.as_str()));
            if let Some(address) = address {
                plain.push_str(" (");
                plain.push_str(&address);
                plain.push(')');
            }
        }
        rest = tail;
    }
    plain.push_str(&unescape(rest));
    plain
}

fn unescape(text: &str) -> String {
    // `&amp;` last: what it gives must not be read again.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_keeps_everything_that_was_visible() {
        let html = Html("<b>a &amp;lt; b</b> <a href=\"http://x.org/?a&amp;b\">x</a>".into());
        assert_eq!(html.plain(100), "a &lt; b x (http://x.org/?a&b)");
        assert_eq!(html.plain(10), "a &lt; b x");
    }

    #[test]
    fn formatting_inside_a_link_does_not_lose_its_address() {
        let html = Html("<a href=\"http://x.org\">y<b>x</b></a>.".into());
        assert_eq!(html.plain(100), "yx (http://x.org).");
    }
}
