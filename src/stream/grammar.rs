//! JSON's grammar between strings, numbers and words: which byte may come next.
//!
//! It knows no keys and keeps no text. Brackets are matched down to [`LEVELS`]; what lies deeper
//! is only counted, so that depth costs nothing and has no limit.

/// How many levels are checked for matching brackets, commas and colons.
pub const LEVELS: u64 = 1024;

const WORDS: usize = (LEVELS / 64) as usize;

/// Where in the grammar the reader is.
#[derive(Debug)]
pub(super) struct Grammar {
    state: State,
    depth: u64,
    /// The innermost level is an object.
    object: bool,
    /// One bit a level: set if it is an object.
    objects: [u64; WORDS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing but blanks so far.
    Start,
    /// A value must come.
    Value,
    /// After `[`: a value, or the end.
    FirstValue,
    /// After `,` in an object: a key must come.
    Key,
    /// After `{`: a key, or the end.
    FirstKey,
    /// After a key.
    Colon,
    /// After a value.
    After,
    /// Deeper than [`LEVELS`].
    Deep,
    /// The line's object is complete.
    Done,
}

/// What a byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A blank, a comma, a colon, or anything at all where it is too deep to look.
    Between,
    /// `{`; the grammar's depth counts it already.
    Object,
    /// `[`; the same.
    Array,
    /// The innermost object or array ended; the depth does not count it any more.
    Close,
    /// The opening quote of a key.
    Key,
    /// The opening quote of a value.
    Text,
    /// The first byte of a number, to be read again.
    Number,
    /// The first byte of `true`, `false` or `null`, to be read again.
    Word,
    /// Nothing that may be here.
    Wrong,
}

impl Grammar {
    pub(super) const fn new() -> Self {
        Grammar { state: State::Start, depth: 0, object: false, objects: [0; WORDS] }
    }

    /// Begins a line.
    pub(super) fn begin(&mut self) {
        self.state = State::Start;
        self.depth = 0;
    }

    /// How many objects and arrays are open.
    pub(super) fn depth(&self) -> u64 {
        self.depth
    }

    /// Nothing but blanks has come.
    pub(super) fn is_blank(&self) -> bool {
        self.state == State::Start
    }

    /// The line's object is complete.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes the next byte that is not inside a string, number or word.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> Token {
        match (byte, self.state) {
            (b' ' | b'\t' | b'\r', _) => Token::Between,
            (b':', State::Colon) => {
                self.state = State::Value;
                Token::Between
            }
            (b',', State::After) => {
                self.state = if self.object { State::Key } else { State::Value };
                Token::Between
            }
            (b'"', State::Value | State::FirstValue) => {
                self.state = State::After;
                Token::Text
            }
            (b'"', State::Key | State::FirstKey) => {
                self.state = State::Colon;
                Token::Key
            }
            (b'}', State::After) if self.object => self.close(),
            (b']', State::After) if !self.object => self.close(),
            _ => self.rare(byte),
        }
    }

    fn rare(&mut self, byte: u8) -> Token {
        match (self.state, byte) {
            (State::Start, b'{') => self.open(Token::Object),
            (State::FirstKey, b'}') | (State::FirstValue, b']') => self.close(),
            (State::Value | State::FirstValue, _) => self.value(byte),
            (State::Deep, _) => self.deep(byte),
            _ => Token::Wrong,
        }
    }

    fn value(&mut self, byte: u8) -> Token {
        let token = match byte {
            b'{' => return self.open(Token::Object),
            b'[' => return self.open(Token::Array),
            b'-' | b'0'..=b'9' => Token::Number,
            b't' | b'f' | b'n' => Token::Word,
            _ => return Token::Wrong,
        };
        self.state = State::After;
        token
    }

    fn open(&mut self, token: Token) -> Token {
        let object = token == Token::Object;
        let (word, bit) = ((self.depth / 64) as usize, self.depth % 64);
        self.object = object;
        self.depth = self.depth.saturating_add(1);
        self.state = match self.objects.get_mut(word) {
            Some(level) => {
                *level = *level & !(1 << bit) | u64::from(object) << bit;
                if object { State::FirstKey } else { State::FirstValue }
            }
            None => State::Deep,
        };
        token
    }

    fn close(&mut self) -> Token {
        self.depth -= 1;
        self.after();
        Token::Close
    }

    fn deep(&mut self, byte: u8) -> Token {
        match byte {
            b'\n' => Token::Wrong,
            b'"' => Token::Text,
            b'{' => self.open(Token::Object),
            b'[' => self.open(Token::Array),
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == LEVELS {
                    self.after();
                }
                Token::Close
            }
            _ => Token::Between,
        }
    }

    /// A value is complete, and what is around it is innermost again.
    fn after(&mut self) {
        let Some(level) = self.depth.checked_sub(1) else {
            self.state = State::Done;
            return;
        };
        self.state = State::After;
        let word = self.objects.get((level / 64) as usize).copied().unwrap_or(0);
        self.object = word >> (level % 64) & 1 == 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strings are `""`, numbers one digit, words one letter.
    fn accepts(line: &str) -> bool {
        let mut grammar = Grammar::new();
        let mut bytes = line.bytes();
        while let Some(byte) = bytes.next() {
            match grammar.take(byte) {
                Token::Wrong => return false,
                Token::Key | Token::Text => assert_eq!(bytes.next(), Some(b'"')),
                _ => {}
            }
        }
        grammar.is_done()
    }

    #[test]
    fn takes_what_json_takes() {
        for good in [
            "{}",
            " {\t} \r",
            r#"{"":1}"#,
            r#"{"":"","":[]}"#,
            r#"{"":[1,{},[[]],t]}"#,
            r#"{"":{"":{"":n}}}"#,
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "{",
            "[]",
            "1",
            "{}}",
            "{},",
            "{}{}",
            r#"{""}"#,
            r#"{"":}"#,
            r#"{"":1,}"#,
            r#"{,"":1}"#,
            r#"{"":1 2}"#,
            r#"{"":[1,]}"#,
            r#"{"":[,]}"#,
            r#"{"":[1}"#,
            r#"{"":{]}"#,
            r#"{"":[1:2]}"#,
            r#"{1:2}"#,
            r#"{"":+}"#,
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn depth_has_no_limit_and_the_way_back_is_checked() {
        let deep = |n: usize, end: &str| {
            format!("{{\"\":{}{}{end}", "[".repeat(n), "]".repeat(n - 1)) + "}"
        };
        for n in [1022, 1023, 1024, 1025, 5000] {
            assert!(accepts(&deep(n, "]")), "{n}");
            assert!(!accepts(&deep(n, "}")), "{n}");
        }
    }
}
