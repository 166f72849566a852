//! Formatted text as the server keeps it: cleaned, trimmed, with entities.
//!
//! Lengths count code points, as the server's check does; the positions of entities are code
//! points in here and become UTF-16 units only in the JSON (BOTAPI.md section 7). Links,
//! mentions and commands are not looked for: pigent does not read them.

use super::error::ApiError;
use serde_json::{Value, json};

/// Longest raw text, in bytes, before anything is parsed.
const MAX_RAW: usize = 32_768;
/// More entities than this are dropped without a word.
const MAX_ENTITIES: usize = 100;

/// Text and what its parts look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    /// Without markup.
    pub text: String,
    /// By start, longer ones first.
    pub entities: Vec<Entity>,
}

/// A formatted range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// How it looks.
    pub kind: Kind,
    /// First code point.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
}

/// How a range looks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A quotation; `true`: folded.
    Quote(bool),
    /// A block of code and its language.
    Pre(Option<String>),
    /// Code in a line.
    Code,
    /// A link and where it goes.
    Link(String),
    /// A user.
    User(i64),
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strike,
    /// Hidden until tapped.
    Spoiler,
    /// A custom emoji.
    Emoji(String),
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Kind::Quote(false) => "blockquote",
            Kind::Quote(true) => "expandable_blockquote",
            Kind::Pre(_) => "pre",
            Kind::Code => "code",
            Kind::Link(_) => "text_link",
            Kind::User(_) => "text_mention",
            Kind::Bold => "bold",
            Kind::Italic => "italic",
            Kind::Underline => "underline",
            Kind::Strike => "strikethrough",
            Kind::Spoiler => "spoiler",
            Kind::Emoji(_) => "custom_emoji",
        }
    }

    fn is_code(&self) -> bool {
        matches!(self, Kind::Pre(_) | Kind::Code)
    }

    fn tags(&self) -> (String, &'static str) {
        let (open, close) = match self {
            Kind::Quote(false) => ("<blockquote>", "</blockquote>"),
            Kind::Quote(true) => ("<blockquote expandable>", "</blockquote>"),
            Kind::Pre(None) => ("<pre>", "</pre>"),
            Kind::Pre(Some(language)) => {
                let open = format!("<pre><code class=\"language-{}\">", escape(language));
                return (open, "</code></pre>");
            }
            Kind::Code => ("<code>", "</code>"),
            Kind::Link(url) => return (format!("<a href=\"{}\">", escape(url)), "</a>"),
            Kind::Bold => ("<b>", "</b>"),
            Kind::Italic => ("<i>", "</i>"),
            Kind::Underline => ("<u>", "</u>"),
            Kind::Strike => ("<s>", "</s>"),
            Kind::Spoiler => ("<tg-spoiler>", "</tg-spoiler>"),
            Kind::User(_) | Kind::Emoji(_) => ("", ""),
        };
        (open.to_owned(), close)
    }
}

impl Formatted {
    /// Text without any formatting, as a user's phone sends it. Nothing is cleaned.
    #[must_use]
    pub fn plain(text: &str) -> Formatted {
        Formatted { text: text.to_owned(), entities: Vec::new() }
    }

    /// Code points.
    #[must_use]
    pub fn length(&self) -> usize {
        self.text.chars().count()
    }

    /// The formatting as HTML with as few tags as possible: what a reader would see.
    #[must_use]
    pub fn html(&self) -> String {
        let mut out = String::new();
        let mut open: Vec<&Entity> = Vec::new();
        let mut next = self.entities.iter().peekable();
        for (position, letter) in self.text.chars().map(Some).chain([None]).enumerate() {
            while open.last().is_some_and(|entity| entity.end <= position) {
                out.push_str(open.pop().map_or("", |entity| entity.kind.tags().1));
            }
            while let Some(entity) = next.next_if(|entity| entity.start <= position) {
                out.push_str(&entity.kind.tags().0);
                open.push(entity);
            }
            match letter {
                Some('<') => out.push_str("&lt;"),
                Some('>') => out.push_str("&gt;"),
                Some('&') => out.push_str("&amp;"),
                Some(other) => out.push(other),
                None => {}
            }
        }
        out
    }

    /// The entities as the Bot API writes them: offsets in UTF-16 units.
    #[must_use]
    pub fn entities_json(&self) -> Value {
        let mut offsets = vec![0];
        for letter in self.text.chars() {
            offsets.push(offsets.last().copied().unwrap_or(0) + letter.len_utf16());
        }
        let at = |position: usize| offsets.get(position).or(offsets.last()).copied().unwrap_or(0);
        let one = |entity: &Entity| {
            let (start, end) = (at(entity.start), at(entity.end));
            let mut one =
                json!({ "type": entity.kind.name(), "offset": start, "length": end - start });
            match &entity.kind {
                Kind::Pre(Some(language)) => one["language"] = json!(language),
                Kind::Link(url) => one["url"] = json!(url),
                Kind::Emoji(id) => one["custom_emoji_id"] = json!(id),
                Kind::User(id) => {
                    one["user"] = json!({ "id": id, "is_bot": false, "first_name": "User" });
                }
                _ => {}
            }
            one
        };
        self.entities.iter().map(one).collect()
    }
}

/// Refuses what is too long to look at.
pub(super) fn check_raw(raw: &str) -> Result<(), ApiError> {
    if raw.len() > MAX_RAW {
        return Err(ApiError::bad("Text is too long"));
    }
    Ok(())
}

/// What the server does to every text before it looks at anything else. `None`: nothing is left.
#[must_use]
pub fn clean(given: Formatted) -> Option<Formatted> {
    let (letters, moved) = replace_letters(&given.text);
    let end = letters.iter().rposition(|c| !matches!(c, ' ' | '\n'))? + 1;
    let mut entities: Vec<Entity> = given
        .entities
        .into_iter()
        .map(|entity| Entity {
            start: moved.get(entity.start).copied().unwrap_or(end),
            end: moved.get(entity.end).copied().unwrap_or(end).min(end),
            ..entity
        })
        .filter(|entity| entity.start < entity.end)
        .collect();
    let blank = letters.iter().take_while(|c| matches!(c, ' ' | '\n')).count();
    let lead = entities.iter().map(|entity| entity.start).chain([blank]).min().unwrap_or(0);
    for entity in &mut entities {
        entity.start -= lead;
        entity.end -= lead;
    }
    let text = letters.get(lead..end)?.iter().collect();
    Some(Formatted { text, entities: nested(entities) })
}

/// Control characters become spaces, some others vanish. With the new position of every old one.
fn replace_letters(text: &str) -> (Vec<char>, Vec<usize>) {
    let mut letters = Vec::with_capacity(text.len());
    let mut moved = Vec::with_capacity(text.len() + 1);
    for letter in text.chars() {
        moved.push(letters.len());
        match letter {
            '\r' | '\u{2028}'..='\u{202e}' | '\u{333}' | '\u{33f}' | '\u{30a}' => {}
            '\n' => letters.push('\n'),
            '\0'..='\u{1f}' => letters.push(' '),
            other => letters.push(other),
        }
    }
    moved.push(letters.len());
    (letters, moved)
}

/// Drops what may not stand inside something else, and joins what touches.
fn nested(mut entities: Vec<Entity>) -> Vec<Entity> {
    entities.sort_by(|a, b| {
        (a.start, core::cmp::Reverse(a.end), &a.kind).cmp(&(
            b.start,
            core::cmp::Reverse(b.end),
            &b.kind,
        ))
    });
    let mut kept: Vec<Entity> = Vec::new();
    for entity in entities {
        let overlaps = |other: &&Entity| entity.start < other.end && other.start < entity.end;
        let is_quote = matches!(entity.kind, Kind::Quote(_));
        let in_code = kept.iter().filter(|other| other.kind.is_code()).any(|o| overlaps(&o));
        let in_quote = is_quote
            && kept.iter().filter(|o| matches!(o.kind, Kind::Quote(_))).any(|o| overlaps(&o));
        if in_code || in_quote {
            continue;
        }
        let twin = kept.iter_mut().find(|o| {
            o.kind == entity.kind && entity.start <= o.end && !entity.kind.is_code() && !is_quote
        });
        match twin {
            Some(twin) => twin.end = twin.end.max(entity.end),
            None => kept.push(entity),
        }
    }
    kept.truncate(MAX_ENTITIES);
    kept
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::html;

    fn check(raw: &str, expect: &str) {
        let cleaned = clean(html::parse(raw).unwrap()).unwrap();
        assert_eq!(cleaned.html(), expect);
    }

    #[test]
    fn control_characters_and_blanks_around_are_cleaned() {
        check("  a\tb\r\nc \n ", "a b\nc");
        check("<pre>  x\n</pre>", "<pre>  x</pre>");
        assert_eq!(clean(Formatted::plain(" \n\t")), None);
    }

    #[test]
    fn nothing_is_formatted_inside_code() {
        check("<code>a<b>b</b></code>", "<code>ab</code>");
        check("<b>a<i>b</i></b>", "<b>a<i>b</i></b>");
        check("<b>a</b><b>b</b>", "<b>ab</b>");
    }

    #[test]
    fn offsets_are_utf16_and_lengths_are_characters() {
        let text = clean(html::parse("😀 <b>😀x</b>").unwrap()).unwrap();
        assert_eq!(text.length(), 4);
        let bold = json!([{ "type": "bold", "offset": 3, "length": 3 }]);
        assert_eq!(text.entities_json(), bold);
    }

    #[test]
    fn what_is_shown_is_escaped() {
        check("1 &lt; 2 &amp; <b>3 > 2</b>", "1 &lt; 2 &amp; <b>3 &gt; 2</b>");
        check(
            "<pre><code class=\"language-rs\">x</code></pre>",
            "<pre><code class=\"language-rs\">x</code></pre>",
        );
    }
}
