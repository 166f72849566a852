//! Markdown to styled text: what each element looks like in a chat that has neither headings,
//! lists nor tables.
//!
//! Not in here: tags, lengths, cuts. Text goes to a [`Sink`] piece by piece, so whoever has seen
//! enough stops the walk. HTML inside Markdown is text like any other.

use super::link::{Target, target};
use super::list::Lists;
use super::style::{Fixed, Style};
use super::table::Table;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::ControlFlow;
use std::rc::Rc;

/// Takes the text.
pub(super) trait Sink {
    /// The next stretch; `Break` ends the walk.
    fn text(&mut self, text: &str, style: &Style) -> ControlFlow<()>;
    /// A paragraph ends here: a good place for a cut.
    fn paragraph(&mut self);
}

/// Columns from one tab stop to the next, in code.
const TAB: usize = 4;
const RULE: &str = "──────────";

/// Walks through `markdown` from its beginning.
pub(super) fn walk(markdown: &str, sink: &mut impl Sink) -> ControlFlow<()> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut walker = Walker::new(sink);
    for event in Parser::new_ext(markdown, options) {
        walker.event(event)?;
    }
    ControlFlow::Continue(())
}

struct Walker<'s, S> {
    sink: &'s mut S,
    style: Style,
    // How many elements around the current text ask for it.
    quotes: u32,
    bold: u32,
    italic: u32,
    strike: u32,
    links: Vec<Target>,
    lists: Lists,
    table: Option<Table>,
    gap: Gap,
    /// Nothing was written yet.
    first: bool,
    /// The next character begins a line.
    line_start: bool,
    /// A newline of a code or HTML block that is written only if more of the block follows.
    newline: bool,
    /// Column in a code block, for tab stops.
    column: usize,
}

/// Line breaks between what was written and what comes next.
#[derive(Default)]
struct Gap {
    lines: usize,
    /// It was asked for outside of any quote, so it separates quotes.
    outside: bool,
}

impl<'s, S: Sink> Walker<'s, S> {
    fn new(sink: &'s mut S) -> Self {
        Walker {
            sink,
            style: Style::default(),
            quotes: 0,
            bold: 0,
            italic: 0,
            strike: 0,
            links: Vec::new(),
            lists: Lists::default(),
            table: None,
            gap: Gap::default(),
            first: true,
            line_start: true,
            newline: false,
            column: 0,
        }
    }

    fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Start(tag) => {
                self.start(tag);
                ControlFlow::Continue(())
            }
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.style.is_pre() => self.block(&text),
            Event::Html(text) => self.block(&text),
            Event::Code(text) => self.code(&text),
            Event::SoftBreak | Event::HardBreak => self.emit("\n"),
            Event::Rule => self.rule(),
            Event::TaskListMarker(done) => {
                self.lists.set_marker(if done { "☑ " } else { "☐ " });
                ControlFlow::Continue(())
            }
            Event::Text(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.emit(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.want(2);
                self.bold += 1;
            }
            Tag::BlockQuote(_) => {
                self.want(1);
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.want(1);
                self.style.fixed = Fixed::Pre(language(&kind));
                (self.newline, self.column) = (false, 0);
            }
            Tag::HtmlBlock => self.newline = false,
            Tag::List(first) => {
                self.want(1);
                self.lists.open(first);
            }
            Tag::Item => {
                self.want(1);
                self.lists.item();
            }
            Tag::Table(alignments) => {
                self.want(1);
                self.table = Some(Table::new(alignments));
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.iter_mut().for_each(Table::start_row);
            }
            inline => self.start_inline(inline),
        }
        self.restyle();
    }

    fn start_inline(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.italic += 1,
            Tag::Strong => self.bold += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { link_type, dest_url, .. } => {
                let shown = matches!(link_type, LinkType::Autolink | LinkType::Email);
                self.links.push(target(&dest_url, shown));
            }
            Tag::Image { dest_url, .. } => self.links.push(target(&dest_url, false)),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) -> ControlFlow<()> {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.want(2),
            TagEnd::Heading(_) => {
                self.bold = self.bold.saturating_sub(1);
                self.want(1);
            }
            TagEnd::BlockQuote(_) => {
                self.quotes = self.quotes.saturating_sub(1);
                self.want(2);
            }
            TagEnd::CodeBlock => {
                self.style.fixed = Fixed::No;
                self.want(2);
            }
            TagEnd::List(_) => {
                self.lists.close();
                self.want(if self.lists.any() { 1 } else { 2 });
            }
            TagEnd::Item => {
                if self.lists.has_marker() {
                    self.marker()?;
                }
                self.want(1);
            }
            TagEnd::TableCell => self.table.iter_mut().for_each(Table::end_cell),
            TagEnd::Table => self.end_table()?,
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.close_link()?,
            _ => {}
        }
        self.restyle();
        ControlFlow::Continue(())
    }

    /// Brings the style in line with the elements that are open.
    fn restyle(&mut self) {
        self.style.quote = self.quotes > 0;
        self.style.bold = self.bold > 0;
        self.style.italic = self.italic > 0;
        self.style.strike = self.strike > 0;
        self.style.link = self.links.iter().find_map(Target::address);
    }

    /// At least so many line breaks before whatever comes next.
    fn want(&mut self, lines: usize) {
        self.gap.lines = self.gap.lines.max(lines);
        self.gap.outside |= self.quotes == 0;
    }

    /// Text of the current element.
    fn emit(&mut self, text: &str) -> ControlFlow<()> {
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        if let Some(target) = self.links.last_mut() {
            target.shows(text);
        }
        if let Some(table) = &mut self.table {
            table.text(text);
            return ControlFlow::Continue(());
        }
        self.marker()?;
        if self.line_start && !self.style.is_pre() && text != "\n" {
            let indent = self.lists.indent();
            self.sink.text(indent, &self.style.bare())?;
        }
        self.line_start = text.ends_with('\n');
        self.sink.text(text, &self.style)
    }

    /// What stands before the text: the gap, and the list item's bullet.
    fn marker(&mut self) -> ControlFlow<()> {
        let marker = self.lists.take_marker();
        let gap = std::mem::take(&mut self.gap);
        if gap.lines > 0 && !self.first {
            if gap.lines > 1 {
                self.sink.paragraph();
            }
            let quote = self.quotes > 0 && !gap.outside;
            let breaks = if gap.lines > 1 { "\n\n" } else { "\n" };
            self.sink.text(breaks, &Style { quote, ..Style::default() })?;
            self.line_start = true;
        }
        if let Some(marker) = marker {
            let bare = Style { quote: self.quotes > 0, ..Style::default() };
            self.sink.text(self.lists.outdent(), &bare)?;
            self.sink.text(&marker, &bare)?;
            self.line_start = false;
        }
        self.first = false;
        ControlFlow::Continue(())
    }

    fn code(&mut self, text: &str) -> ControlFlow<()> {
        let outer = std::mem::replace(&mut self.style.fixed, Fixed::Code);
        let flow = self.emit(text);
        self.style.fixed = outer;
        flow
    }

    fn rule(&mut self) -> ControlFlow<()> {
        self.want(2);
        self.emit(RULE)?;
        self.want(2);
        ControlFlow::Continue(())
    }

    /// A part of a code or HTML block; the block's last newline is not part of it.
    fn block(&mut self, text: &str) -> ControlFlow<()> {
        if std::mem::take(&mut self.newline) {
            self.emit("\n")?;
            self.column = 0;
        }
        let line = text.strip_suffix('\n');
        self.newline = line.is_some();
        let line = line.unwrap_or(text);
        if self.style.is_pre() { self.tabs(line) } else { self.emit(line) }
    }

    /// Telegram makes one space of a tab, which would flatten indented code.
    fn tabs(&mut self, line: &str) -> ControlFlow<()> {
        for part in line.split_inclusive(['\t', '\n']) {
            let text = part.strip_suffix('\t');
            self.emit(text.unwrap_or(part))?;
            self.column += text.unwrap_or(part).chars().count();
            if text.is_some() {
                let spaces = TAB - self.column % TAB;
                self.emit("    ".get(..spaces).unwrap_or_default())?;
                self.column += spaces;
            } else if part.ends_with('\n') {
                self.column = 0;
            }
        }
        ControlFlow::Continue(())
    }

    fn close_link(&mut self) -> ControlFlow<()> {
        let Some(target) = self.links.pop() else { return ControlFlow::Continue(()) };
        self.restyle();
        match target.rest(self.table.is_some()) {
            Some(rest) => self.emit(&rest),
            None => ControlFlow::Continue(()),
        }
    }

    fn end_table(&mut self) -> ControlFlow<()> {
        let Some(table) = self.table.take() else { return ControlFlow::Continue(()) };
        self.style.fixed = Fixed::Pre(Rc::from(""));
        for (index, line) in table.lines().enumerate() {
            if index > 0 {
                self.emit("\n")?;
            }
            self.emit(&line)?;
        }
        self.style.fixed = Fixed::No;
        self.want(2);
        ControlFlow::Continue(())
    }
}

/// The language of a code block, as far as it can be written in a tag.
fn language(kind: &CodeBlockKind<'_>) -> Rc<str> {
    let CodeBlockKind::Fenced(info) = kind else { return Rc::from("") };
    let word = info.split([' ', ',', '{']).next().unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || "+-#._".contains(c);
    let fits = word.len() <= 24 && word.chars().all(known);
    Rc::from(if fits { word } else { "" })
}
