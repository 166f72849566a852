//! Telegram's HTML, as strict as the server: a few tags, exact nesting, byte offsets in errors.
//!
//! Gives text and entities, not a tree. What the server forgives is forgiven here too (a bare
//! `&`, unknown attributes, `</>`), and what it refuses is refused in its words (BOTAPI.md
//! section 7), since a client has to recognise them.

use super::text::{Entity, Formatted, Kind};

/// Parses `parse_mode: HTML`.
///
/// # Errors
/// The part of the description after `can't parse entities: `.
pub fn parse(source: &str) -> Result<Formatted, String> {
    let mut parser = Parser {
        source: source.as_bytes(),
        whole: source,
        at: 0,
        out: Vec::new(),
        entities: Vec::new(),
        open: Vec::new(),
        broken: false,
    };
    parser.run()?;
    Ok(Formatted { text: parser.out.into_iter().collect(), entities: parser.entities })
}

/// A tag that waits for its end.
struct Open {
    tag: &'static str,
    /// `href`, language, `emoji-id`, or that a quotation is folded.
    argument: String,
    start: usize,
}

struct Parser<'a> {
    source: &'a [u8],
    whole: &'a str,
    at: usize,
    out: Vec<char>,
    entities: Vec<Entity>,
    open: Vec<Open>,
    /// A numeric entity named half a character.
    broken: bool,
}

const TAGS: [&str; 17] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "code",
    "pre",
    "a",
    "blockquote",
    "span",
    "tg-spoiler",
    "tg-emoji",
    "tg-time",
];

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        while self.at < self.source.len() {
            match self.byte() {
                b'<' if self.source.get(self.at + 1) == Some(&b'/') => self.end_tag()?,
                b'<' => self.start_tag()?,
                _ => {
                    let letter = self.letter();
                    self.out.extend(letter);
                }
            }
        }
        if let Some(open) = self.open.last() {
            let tag = open.tag;
            return Err(format!("Can't find end tag corresponding to start tag \"{tag}\""));
        }
        match self.broken {
            false => Ok(()),
            true => Err("Text contains invalid Unicode characters after decoding HTML entities, \
                         check for unmatched surrogate code units"
                .to_owned()),
        }
    }

    /// The byte here; 0 behind the end.
    fn byte(&self) -> u8 {
        self.source.get(self.at).copied().unwrap_or(0)
    }

    fn is_blank(&self) -> bool {
        matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n' | 0x0b)
    }

    fn skip_blanks(&mut self) {
        while self.is_blank() {
            self.at += 1;
        }
    }

    /// Up to the first byte that `stop` says, a blank or the end.
    fn word(&mut self, stop: &[u8]) -> String {
        let from = self.at;
        while self.byte() != 0 && !self.is_blank() && !stop.contains(&self.byte()) {
            self.at += 1;
        }
        String::from_utf8_lossy(self.source.get(from..self.at).unwrap_or_default()).into_owned()
    }

    /// One character of text; an entity counts as what it stands for.
    fn letter(&mut self) -> Option<char> {
        if let Some((code, length)) = entity(self.source.get(self.at..).unwrap_or_default()) {
            self.at += length;
            let letter = char::from_u32(code);
            self.broken |= letter.is_none();
            return letter;
        }
        let letter = self.whole.get(self.at..).and_then(|rest| rest.chars().next());
        self.at += letter.map_or(1, char::len_utf8);
        letter
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        let name = self.word(b">").to_ascii_lowercase();
        if self.byte() == 0 {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        let known = TAGS.iter().find(|tag| **tag == name);
        let Some(tag) = known.copied() else {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
        };
        let mut argument = String::new();
        loop {
            self.skip_blanks();
            if self.byte() == b'>' {
                break;
            }
            let (name, value) = self.attribute(tag, begin)?;
            if let Some(value) = meaning(tag, &name, value) {
                argument = value;
            }
        }
        self.at += 1;
        if tag == "span" && argument != "spoiler" {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
            ));
        }
        self.open.push(Open { tag, argument, start: self.out.len() });
        Ok(())
    }

    /// One attribute and its value, if it has one.
    fn attribute(&mut self, tag: &str, begin: usize) -> Result<(String, Option<String>), String> {
        let unclosed = || format!("Unclosed start tag \"{tag}\" at byte offset {begin}");
        let name = self.word(b"=>/\"'");
        if name.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {begin}"
            ));
        }
        self.skip_blanks();
        match self.byte() {
            0 => return Err(unclosed()),
            b'=' => self.at += 1,
            _ => return Ok((name, None)),
        }
        self.skip_blanks();
        let value = match self.byte() {
            0 => return Err(unclosed()),
            quote @ (b'"' | b'\'') => self.quoted(quote),
            _ => self.unquoted()?,
        };
        match self.byte() {
            0 => Err(format!("Unclosed start tag at byte offset {begin}")),
            _ => Ok((name, Some(value))),
        }
    }

    fn quoted(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut value = String::new();
        while self.byte() != quote && self.at < self.source.len() {
            value.extend(self.letter());
        }
        self.at += 1;
        value
    }

    fn unquoted(&mut self) -> Result<String, String> {
        let from = self.at;
        while self.byte().is_ascii_alphanumeric() || matches!(self.byte(), b'.' | b'-') {
            self.at += 1;
        }
        if !self.is_blank() && self.byte() != b'>' {
            return Err(format!("Unexpected end of name token at byte offset {from}"));
        }
        let value = self.source.get(from..self.at).unwrap_or_default();
        Ok(String::from_utf8_lossy(value).to_ascii_lowercase())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        let name = self.word(b">").to_ascii_lowercase();
        self.skip_blanks();
        if self.byte() != b'>' {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !name.is_empty() && name != open.tag {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{name}>\"",
                open.tag
            ));
        }
        self.close(open)
    }

    /// Turns a finished tag into an entity, if there is anything in it.
    fn close(&mut self, open: Open) -> Result<(), String> {
        let (start, end) = (open.start, self.out.len());
        if start == end {
            return Ok(());
        }
        let inner = self.out.get(start..end).unwrap_or_default().iter().collect::<String>();
        let around = self.entities.last_mut().filter(|last| last.start == start && last.end == end);
        let language = Some(open.argument.clone()).filter(|argument| !argument.is_empty());
        // `pre` and `code` exactly around each other are one block with a language.
        if let Some(last) = around {
            match (open.tag, &last.kind, &language) {
                ("code", Kind::Pre(None), Some(_)) => {
                    last.kind = Kind::Pre(language);
                    return Ok(());
                }
                ("pre", Kind::Pre(Some(_)), _) => return Ok(()),
                _ => {}
            }
        }
        let kind = match open.tag {
            "b" | "strong" => Kind::Bold,
            "i" | "em" => Kind::Italic,
            "u" | "ins" => Kind::Underline,
            "s" | "strike" | "del" => Kind::Strike,
            "span" | "tg-spoiler" => Kind::Spoiler,
            "pre" => Kind::Pre(None),
            // A language is remembered until the `pre` around it is seen; see `settle`.
            "code" => language.map_or(Kind::Code, |language| Kind::Pre(Some(language))),
            "blockquote" => Kind::Quote(!open.argument.is_empty()),
            "tg-emoji" if open.argument.parse::<i64>().is_ok_and(|id| id != 0) => {
                Kind::Emoji(open.argument)
            }
            "tg-emoji" => return Err("Invalid custom emoji identifier specified".to_owned()),
            "a" => match link(language.unwrap_or(inner)) {
                Some(kind) => kind,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        self.entities.push(Entity { kind, start, end });
        self.settle(open.tag);
        Ok(())
    }

    /// A `code` with a language that no `pre` surrounds is only code.
    fn settle(&mut self, tag: &str) {
        let inside_pre = self.open.last().is_some_and(|open| open.tag == "pre");
        if let Some(last) = self.entities.last_mut().filter(|_| tag == "code" && !inside_pre) {
            last.kind = Kind::Code;
        }
    }
}

/// What an attribute means for its tag; `None` if nothing.
fn meaning(tag: &str, name: &str, value: Option<String>) -> Option<String> {
    match (tag, name, value) {
        ("blockquote", "expandable", _) => Some("1".to_owned()),
        ("a", "href", value) | ("tg-emoji", "emoji-id", value) => value,
        ("code", "class", Some(value)) => value.strip_prefix("language-").map(str::to_owned),
        ("span", "class", Some(value)) => value.strip_prefix("tg-").map(str::to_owned),
        _ => None,
    }
}

/// Where a link goes; `None` for what the server drops without a word (no dot in the host).
fn link(url: String) -> Option<Kind> {
    let lower = url.to_ascii_lowercase();
    for prefix in ["tg://user?id=", "tg:user?id="] {
        if let Some(id) = lower.strip_prefix(prefix) {
            return id.parse().ok().map(Kind::User);
        }
    }
    if lower.starts_with("tg:") || lower.starts_with("ton:") || lower.starts_with("tonsite:") {
        return Some(Kind::Link(url));
    }
    is_web(&url).then_some(Kind::Link(url))
}

/// The server takes this as an address on the web.
pub(super) fn is_web(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let host = rest.unwrap_or(&lower).split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit('@').next().unwrap_or_default();
    let name =
        if name.starts_with('[') { name } else { name.split(':').next().unwrap_or_default() };
    !host.contains(char::is_whitespace) && (name.contains('.') || name.starts_with('['))
}

/// The code and length of an HTML entity at the start of `source`.
fn entity(source: &[u8]) -> Option<(u32, usize)> {
    let digits = |from: usize, radix: u32| {
        let rest = source.get(from..).unwrap_or_default();
        let length = rest.iter().take_while(|b| (**b as char).is_digit(radix)).count();
        let text = core::str::from_utf8(rest.get(..length)?).ok()?;
        let code = u32::from_str_radix(text, radix).ok()?;
        ((1..0x10_ffff).contains(&code) && from + length < 10).then_some((code, from + length))
    };
    let (b'&', rest) = source.split_first()? else { return None };
    let (code, end) = match rest.get(..2)? {
        [b'#', b'x'] => digits(3, 16)?,
        [b'#', _] => digits(2, 10)?,
        _ => {
            let length = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let code = match rest.get(..length)? {
                b"lt" => '<',
                b"gt" => '>',
                b"amp" => '&',
                b"quot" => '"',
                _ => return None,
            };
            (u32::from(code), 1 + length)
        }
    };
    Some((code, end + usize::from(source.get(end) == Some(&b';'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_error(source: &str, expect: &str) {
        assert_eq!(parse(source).map(|f| f.html()), Err(expect.to_owned()));
    }

    fn check(source: &str, text: &str, html: &str) {
        let parsed = parse(source).unwrap();
        assert_eq!((parsed.text.as_str(), parsed.html().as_str()), (text, html));
    }

    #[test]
    fn errors_are_the_servers_own() {
        check_error("a <x>b</x>", "Unsupported start tag \"x\" at byte offset 2");
        check_error("ä<br>", "Unsupported start tag \"br\" at byte offset 2");
        check_error("a < b", "Unsupported start tag \"\" at byte offset 2");
        check_error("a <b", "Unclosed start tag at byte offset 2");
        check_error("1 <2> 3", "Unsupported start tag \"2\" at byte offset 2");
        check_error("<b>x", "Can't find end tag corresponding to start tag \"b\"");
        check_error("x</b>", "Unexpected end tag at byte offset 1");
        let unmatched = "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"";
        check_error("<b>x</i>", unmatched);
        check_error("<b>x</b", "Unclosed end tag at byte offset 4");
        check_error("<a href=a/b>x</a>", "Unexpected end of name token at byte offset 8");
        check_error("<a =x>x</a>", "Empty attribute name in the tag \"a\" at byte offset 0");
        let span = "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0";
        check_error("<span class=x>x</span>", span);
    }

    #[test]
    fn half_characters_are_refused() {
        assert!(parse("&#xD800;").unwrap_err().contains("unmatched surrogate code units"));
    }

    #[test]
    fn only_four_entities_have_names() {
        check(
            "&lt;&gt;&amp;&quot;&nbsp;&apos; & &#65 &#x42;",
            "<>&\"&nbsp;&apos; & A B",
            "&lt;&gt;&amp;\"&amp;nbsp;&amp;apos; &amp; A B",
        );
    }

    #[test]
    fn a_block_of_code_has_a_language_only_if_both_tags_agree() {
        let html = "<pre><code class=\"language-c\">x</code></pre>";
        check(html, "x", html);
        check("<code class=\"language-c\"><pre>x</pre></code>", "x", html);
        check("<code class=\"language-c\">x</code>", "x", "<code>x</code>");
        check("<PRE>x</PRE>", "x", "<pre>x</pre>");
    }

    #[test]
    fn links_without_a_dot_lose_their_link() {
        check(
            "<a href=\"https://a.b/c?d=1&amp;e\">x</a>",
            "x",
            "<a href=\"https://a.b/c?d=1&amp;e\">x</a>",
        );
        check("<a href=\"http://localhost:80/\">x</a>", "x", "x");
        check("<b>y</>", "y", "<b>y</b>");
    }
}
