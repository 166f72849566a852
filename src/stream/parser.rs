//! The loop over the bytes: hands strings, numbers and words to their readers, everything
//! between to the grammar, and ends each line with exactly one event.

use super::decode::{Decoder, Progress};
use super::event::{Event, Why};
use super::grammar::{Grammar, Token};
use super::line::line;
use super::number::Number;
use super::walk::Walk;
use super::{PARSER, Sink, scan};

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
    /// What is still to come of `true`, `false` or `null`.
    Word {
        word: &'static [u8],
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
            let used = self.step(rest, sink);
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
    fn step(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        match self.mode {
            Mode::Between => self.between(rest, sink),
            Mode::Key | Mode::Text => self.string(rest, sink),
            Mode::Number => self.digits(rest),
            Mode::Word { word } => self.word(word, rest),
            Mode::Lost(_) => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        }
    }

    /// Tokens, for as long as they are complete in `rest`.
    fn between(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            let token = self.grammar.take(byte);
            if token == Token::Between {
                at += 1;
                continue;
            }
            if byte == b'\n' {
                break;
            }
            let recorded = self.walk.capture();
            at += self.token(token, rest.get(at..).unwrap_or_default(), sink);
            if self.mode != Mode::Between || self.walk.capture() != recorded {
                break;
            }
        }
        at
    }

    /// One token, which `rest` begins with.
    fn token(&mut self, token: Token, rest: &[u8], sink: &mut Sink<'_>) -> usize {
        let depth = self.grammar.depth();
        let behind = rest.get(1..).unwrap_or_default();
        match token {
            Token::Key => {
                self.walk.begin_key(depth);
                1 + self.begin_string(Mode::Key, behind, sink)
            }
            Token::Text => {
                self.walk.begin_text(depth);
                1 + self.begin_string(Mode::Text, behind, sink)
            }
            Token::Object | Token::Array => {
                self.walk.open(token, depth);
                1
            }
            Token::Close => {
                self.walk.close(depth, sink);
                1
            }
            Token::Number => {
                self.walk.begin_scalar(depth);
                self.number.begin();
                self.mode = Mode::Number;
                self.digits(rest)
            }
            Token::Word => {
                self.walk.begin_scalar(depth);
                self.begin_word(rest)
            }
            Token::Between | Token::Wrong => {
                let early = self.grammar.is_blank();
                self.mode = Mode::Lost(if early { Why::NotAnObject } else { Why::Syntax });
                0
            }
        }
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

    fn begin_word(&mut self, rest: &[u8]) -> usize {
        let words: [&[u8]; 3] = [b"true", b"false", b"null"];
        let word = words.into_iter().find(|word| word.first() == rest.first());
        if rest.first() == Some(&b't') {
            self.walk.truth();
        }
        self.word(word.unwrap_or_default(), rest)
    }

    /// `word` is what is still to come of `true`, `false` or `null`.
    fn word(&mut self, word: &'static [u8], rest: &[u8]) -> usize {
        let same = word.iter().zip(rest).take_while(|(left, right)| left == right).count();
        self.mode = match (word.get(same..), rest.get(same)) {
            (None | Some([]), _) => Mode::Between,
            (Some(word), None | Some(b'\n')) => Mode::Word { word },
            (Some(_), Some(_)) => Mode::Lost(Why::Syntax),
        };
        same
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
    let end = scan::run(near);
    if near.get(end) == Some(&b'"') { near.get(..end) } else { None }
}
