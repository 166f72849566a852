//! How a stretch of text looks, and the tags Telegram has for it.
//!
//! Tags are always opened in one fixed order and closed in the reverse one, so any sequence of
//! styles gives well-nested HTML. What Telegram would silently drop (BOTAPI.md section 7: nothing
//! inside `pre` and `code`, a link is no code) is not written in the first place.

use std::fmt::Write as _;
use std::rc::Rc;

/// The look of a stretch of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Inside a block quote. There is one level only.
    pub(super) quote: bool,
    /// A link to this address.
    pub(super) link: Option<Rc<str>>,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) strike: bool,
    /// Fixed width.
    pub(super) fixed: Fixed,
}

/// Fixed width or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Fixed {
    #[default]
    No,
    /// Within a line.
    Code,
    /// A block in this language, which may be empty.
    Pre(Rc<str>),
}

/// How much of a message's formatting survives when there is too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Links, code and quotes.
    Useful,
    /// Code blocks.
    Blocks,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag<'a> {
    Quote,
    Link(&'a str),
    Code,
    Pre(&'a str),
    Bold,
    Italic,
    Strike,
}

const SLOTS: usize = 5;

impl Style {
    /// pigent's own text, plain but inside the same quote.
    pub(super) fn bare(&self) -> Style {
        Style { quote: self.quote, ..Style::default() }
    }

    pub(super) fn is_pre(&self) -> bool {
        matches!(self.fixed, Fixed::Pre(_))
    }

    pub(super) fn reduce(&mut self, keep: Keep) {
        let old = std::mem::take(self);
        match keep {
            Keep::Useful => {
                (self.quote, self.link, self.fixed) = (old.quote, old.link, old.fixed);
            }
            Keep::Blocks if matches!(old.fixed, Fixed::Pre(_)) => self.fixed = old.fixed,
            Keep::Blocks | Keep::Nothing => {}
        }
    }

    /// The tags around this text, outermost first.
    fn tags(&self) -> [Option<Tag<'_>>; SLOTS] {
        let quote = self.quote.then_some(Tag::Quote);
        let inner = match (&self.fixed, &self.link) {
            (Fixed::Pre(language), _) => Some(Tag::Pre(language)),
            (_, Some(link)) => Some(Tag::Link(link)),
            (Fixed::Code, None) => Some(Tag::Code),
            (Fixed::No, None) => None,
        };
        if matches!(inner, Some(Tag::Pre(_) | Tag::Code)) {
            return [quote, inner, None, None, None];
        }
        let bold = self.bold.then_some(Tag::Bold);
        let italic = self.italic.then_some(Tag::Italic);
        [quote, inner, bold, italic, self.strike.then_some(Tag::Strike)]
    }

    /// Writes what has to stand between text of style `self` and text of style `next`.
    pub(super) fn change(&self, next: &Style, html: &mut String) {
        let (from, to) = (self.tags(), next.tags());
        let same = common(&from, &to);
        for tag in from.iter().skip(same).rev().flatten() {
            tag.close(html);
        }
        for tag in to.iter().skip(same).flatten() {
            tag.open(html);
        }
    }

    /// What that change costs of a message's allowance: entities, and bytes of their arguments.
    pub(super) fn cost(&self, next: &Style) -> (usize, usize) {
        let (from, to) = (self.tags(), next.tags());
        let opened = to.iter().skip(common(&from, &to)).flatten();
        opened.fold((0, 0), |(count, bytes), tag| (count + 1, bytes + tag.argument()))
    }
}

fn common(from: &[Option<Tag<'_>>; SLOTS], to: &[Option<Tag<'_>>; SLOTS]) -> usize {
    from.iter().zip(to).take_while(|(from, to)| from == to).count()
}

impl Tag<'_> {
    fn open(self, html: &mut String) {
        match self {
            Tag::Quote => html.push_str("<blockquote>"),
            Tag::Link(address) => {
                html.push_str("<a href=\"");
                for part in address.split_inclusive('"') {
                    let text = part.strip_suffix('"');
                    escape(text.unwrap_or(part), html);
                    html.push_str(if text.is_some() { "&quot;" } else { "" });
                }
                html.push_str("\">");
            }
            Tag::Code => html.push_str("<code>"),
            Tag::Pre("") => html.push_str("<pre>"),
            Tag::Pre(language) => {
                // Writing into a String cannot fail; the language holds no special characters.
                let _ = write!(html, "<pre><code class=\"language-{language}\">");
            }
            Tag::Bold => html.push_str("<b>"),
            Tag::Italic => html.push_str("<i>"),
            Tag::Strike => html.push_str("<s>"),
        }
    }

    fn close(self, html: &mut String) {
        html.push_str(match self {
            Tag::Quote => "</blockquote>",
            Tag::Link(_) => "</a>",
            Tag::Code => "</code>",
            Tag::Pre("") => "</pre>",
            Tag::Pre(_) => "</code></pre>",
            Tag::Bold => "</b>",
            Tag::Italic => "</i>",
            Tag::Strike => "</s>",
        });
    }

    fn argument(self) -> usize {
        match self {
            Tag::Link(text) => text.bytes().map(|byte| escaped_length(char::from(byte))).sum(),
            Tag::Pre(text) => text.len(),
            _ => 0,
        }
    }
}

fn escaped_length(c: char) -> usize {
    match c {
        '&' => 5,
        '<' | '>' => 4,
        '"' => 6,
        _ => 1,
    }
}

/// Appends `text` so that Telegram reads it as that text.
pub(super) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_close_in_reverse_order() {
        let both = Style { bold: true, italic: true, ..Style::default() };
        let italic = Style { italic: true, ..Style::default() };
        let mut html = String::new();
        Style::default().change(&both, &mut html);
        both.change(&italic, &mut html);
        italic.change(&Style::default(), &mut html);
        assert_eq!(html, "<b><i></i></b><i></i>");
        assert_eq!(both.cost(&italic), (1, 0));
    }

    #[test]
    fn nothing_goes_into_code() {
        let style = Style { bold: true, fixed: Fixed::Code, ..Style::default() };
        let mut html = String::new();
        Style::default().change(&style, &mut html);
        assert_eq!(html, "<code>");
    }
}
