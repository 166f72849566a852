//! The loop over the bytes: hands strings, numbers and words to their readers, everything
//! between to the grammar, and ends each line with exactly one event.

use super::decode::{Decoder, Progress};
use super::event::{Event, Why};
use super::grammar::{Grammar, Token};
use super::line::line;
use super::number::Number;
use super::walk::Walk;
use super::{PARSER, Sink};

/// Reads Claude's stdout. See the [module's doc](super) for what it promises.
#[derive(Debug)]
pub struct Parser {
    mode: Mode,
    grammar: Grammar,
    decoder: Decoder,
    number: Number,
    walk: Walk,
    /// Bytes of the current line so far.
    bytes: u64,
}

const _: () = assert!(size_of::<Parser>() <= PARSER);

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Between,
    Key,
    Text,
    Number,
    Word {
        word: &'static [u8],
        at: u8,
    },
    /// The line is malformed: nothing counts but its newline.
    Lost(Why),
}

impl Default for Parser {
    fn default() -> Self {
        Parser::new()
    }
}

impl Parser {
    /// A parser at the beginning of a line. It never allocates.
    #[must_use]
    pub const fn new() -> Self {
        Parser {
            mode: Mode::Between,
            grammar: Grammar::new(),
            decoder: Decoder::new(),
            number: Number::new(),
            walk: Walk::new(),
            bytes: 0,
        }
    }

    /// Reads on. The events do not depend on how the bytes were split into chunks.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        self.read(bytes, sink);
    }

    /// The input has ended: a complete last line without a newline counts, a cut one is
    /// malformed. The parser is at the beginning of a line again.
    pub fn finish(&mut self, sink: &mut impl FnMut(Event<'_>)) {
        self.end_line(sink);
    }

    fn read(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if first == b'\n' {
                self.end_line(sink);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let recorded = self.walk.capture();
            let used = self.step(rest, first, sink);
            let (head, tail) = rest.split_at(used.min(rest.len()));
            if let Some(capture) = recorded.or(self.walk.capture()) {
                self.walk.record(capture, head);
            }
            self.bytes += head.len() as u64;
            rest = tail;
        }
    }

    /// Reads at least one byte of `rest`, or changes the mode; the number of bytes read. It never
    /// reads the newline that ends the line.
    fn step(&mut self, rest: &[u8], first: u8, sink: &mut Sink<'_>) -> usize {
        match self.mode {
            Mode::Between => self.between(first, rest, sink),
            Mode::Key | Mode::Text => self.string(rest, sink),
            Mode::Number => self.digits(rest),
            Mode::Word { word, at } => self.word(first, word, at),
            Mode::Lost(_) => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        }
    }

    fn between(&mut self, first: u8, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        let token = self.grammar.take(first);
        let depth = self.grammar.depth();
        match token {
            Token::Between => {}
            Token::Object | Token::Array => self.walk.open(token, depth),
            Token::Close => self.walk.close(depth, sink),
            Token::Key => {
                self.walk.begin_key(depth);
                return 1 + self.begin_string(Mode::Key, rest.get(1..), sink);
            }
            Token::Text => {
                self.walk.begin_text(depth);
                return 1 + self.begin_string(Mode::Text, rest.get(1..), sink);
            }
            Token::Number => {
                self.walk.begin_scalar(depth);
                self.number.begin();
                self.mode = Mode::Number;
                return 0;
            }
            Token::Word => {
                self.walk.begin_scalar(depth);
                let word: &[u8] = match first {
                    b't' => b"true",
                    b'f' => b"false",
                    _ => b"null",
                };
                self.mode = Mode::Word { word, at: 0 };
                return 0;
            }
            Token::Wrong => {
                let early = self.grammar.is_blank();
                self.mode = Mode::Lost(if early { Why::NotAnObject } else { Why::Syntax });
            }
        }
        1
    }

    fn begin_string(&mut self, mode: Mode, rest: Option<&[u8]>, sink: &mut Sink<'_>) -> usize {
        self.mode = mode;
        self.decoder.begin();
        self.string(rest.unwrap_or_default(), sink)
    }

    fn string(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        let walk = &mut self.walk;
        let progress = if walk.skips_string() {
            self.decoder.skip(rest)
        } else {
            self.decoder.read(rest, &mut |run| walk.text(run, sink))
        };
        match progress {
            Progress::More => rest.len(),
            Progress::Closed(used) => {
                self.walk.end_string(sink);
                self.mode = Mode::Between;
                used
            }
            Progress::Broken(used) => {
                let newline = rest.get(used) == Some(&b'\n');
                if !newline {
                    self.mode = Mode::Lost(Why::Syntax);
                }
                used
            }
        }
    }

    fn digits(&mut self, rest: &[u8]) -> usize {
        let mut used = 0;
        for &byte in rest {
            if !self.number.take(byte) {
                if self.number.is_complete() {
                    self.walk.number(&self.number);
                    self.mode = Mode::Between;
                } else if byte != b'\n' {
                    self.mode = Mode::Lost(Why::Syntax);
                }
                break;
            }
            used += 1;
        }
        used
    }

    fn word(&mut self, byte: u8, word: &'static [u8], at: u8) -> usize {
        if word.get(usize::from(at)) != Some(&byte) {
            self.mode = Mode::Lost(Why::Syntax);
            return 0;
        }
        let at = at + 1;
        self.mode = Mode::Word { word, at };
        if usize::from(at) == word.len() {
            if byte == b'e' && word.len() == 4 {
                self.walk.truth();
            }
            self.mode = Mode::Between;
        }
        1
    }

    /// The newline, or the end of the input.
    fn end_line(&mut self, sink: &mut Sink<'_>) {
        let bytes = core::mem::take(&mut self.bytes);
        let why = match self.mode {
            Mode::Lost(why) => Some(why),
            _ if self.grammar.is_done() || self.grammar.is_blank() => None,
            _ => Some(Why::Cut),
        };
        match why {
            Some(why) => sink(Event::Malformed { why, bytes }),
            None if self.grammar.is_done() => sink(Event::Line(line(&self.walk.facts))),
            None => return,
        }
        self.mode = Mode::Between;
        self.grammar.begin();
        self.walk.begin();
    }
}
