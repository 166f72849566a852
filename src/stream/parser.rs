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

/// How far to look for the end of a short string, in bytes.
const SHORT: usize = 64;

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
            if let Some(capture) = recorded {
                self.walk.record(capture, head);
            }
            self.bytes += head.len() as u64;
            rest = tail;
        }
    }

    /// Reads at least one byte of `rest`, or changes the mode; the number of bytes read. It never
    /// reads the newline that ends the line, and stops where a recording begins or ends.
    fn step(&mut self, rest: &[u8], first: u8, sink: &mut Sink<'_>) -> usize {
        match self.mode {
            Mode::Between => self.between(rest, sink),
            Mode::Key | Mode::Text => self.string(rest, sink),
            Mode::Number => self.digits(rest),
            Mode::Word { word, at } => self.word(first, word, at),
            Mode::Lost(_) => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        }
    }

    /// Tokens, for as long as they are complete in `rest`.
    fn between(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        let mut at = 0;
        while let Some((&byte, behind)) = rest.get(at..).and_then(<[u8]>::split_first) {
            if byte == b'\n' {
                break;
            }
            let token = self.grammar.take(byte);
            match token {
                Token::Between => {
                    at += 1;
                    continue;
                }
                Token::Key => at += 1 + self.begin_key(behind, sink),
                Token::Text => at += 1 + self.begin_text(behind, sink),
                Token::Object | Token::Array | Token::Close => {
                    at += 1;
                    if self.bracket(token, sink) {
                        break;
                    }
                    continue;
                }
                Token::Number => self.begin_number(),
                Token::Word => self.begin_word(byte),
                Token::Wrong => self.wrong(),
            }
            if self.mode != Mode::Between {
                break;
            }
        }
        at
    }

    /// An object or array opens or closes; whether a recording begins or ends with it.
    fn bracket(&mut self, token: Token, sink: &mut Sink<'_>) -> bool {
        let depth = self.grammar.depth();
        let recorded = self.walk.capture();
        if token == Token::Close {
            self.walk.close(depth, sink);
        } else {
            self.walk.open(token, depth);
        }
        self.walk.capture() != recorded
    }

    /// A byte that may not be here.
    fn wrong(&mut self) {
        let early = self.grammar.is_blank();
        self.mode = Mode::Lost(if early { Why::NotAnObject } else { Why::Syntax });
    }

    fn begin_number(&mut self) {
        self.walk.begin_scalar(self.grammar.depth());
        self.number.begin();
        self.mode = Mode::Number;
    }

    fn begin_word(&mut self, first: u8) {
        self.walk.begin_scalar(self.grammar.depth());
        let word: &[u8] = match first {
            b't' => b"true",
            b'f' => b"false",
            _ => b"null",
        };
        self.mode = Mode::Word { word, at: 0 };
    }

    fn begin_key(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        self.walk.begin_key(self.grammar.depth());
        self.begin_string(Mode::Key, rest, sink)
    }

    fn begin_text(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        self.walk.begin_text(self.grammar.depth());
        self.begin_string(Mode::Text, rest, sink)
    }

    /// Most strings are short, whole and without escapes: for these the decoder is not needed.
    fn begin_string(&mut self, mode: Mode, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        if let Some(inside) = plain(rest)
            && self.walk.whole_string(inside, sink)
        {
            return inside.len() + 1;
        }
        self.mode = mode;
        self.decoder.begin();
        self.string(rest, sink)
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

/// The string that `rest` begins with, if it ends soon and needs no decoding.
fn plain(rest: &[u8]) -> Option<&[u8]> {
    let near = rest.get(..SHORT).unwrap_or(rest);
    let end = memchr::memchr3(b'"', b'\\', b'\n', near)?;
    if near.get(end) == Some(&b'"') { near.get(..end) } else { None }
}
