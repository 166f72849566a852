//! The inside of a JSON string, decoded in runs: resumable after any byte.
//!
//! Escapes are checked in every string, kept or not. What cannot be text becomes U+FFFD: a lone
//! surrogate escape, and each maximal invalid part of UTF-8 (as `String::from_utf8_lossy` does).
//! Raw control characters pass as they are, except the newline, which always ends the line.

use super::scan;
use core::str::from_utf8;

const REPLACEMENT: &str = "\u{fffd}";

/// State between two bytes of a string.
#[derive(Debug)]
pub(super) struct Decoder {
    escape: Escape,
    /// The first half of a surrogate pair, waiting for the second.
    high: Option<u16>,
    /// The beginning of a UTF-8 sequence that went over the end of a chunk.
    partial: heapless::Vec<u8, 4, u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Backslash,
    Hex { digits: u8, value: u16 },
}

/// How far the decoder came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The chunk is used up inside the string.
    More,
    /// The string ended; this many bytes were used, the closing quote included.
    Closed(usize),
    /// A byte that may not be here: a bad escape, or the newline. This many bytes precede it.
    Broken(usize),
}

impl Decoder {
    pub(super) const fn new() -> Self {
        Decoder { escape: Escape::None, high: None, partial: heapless::Vec::new() }
    }

    /// Begins a string, after its opening quote.
    pub(super) fn begin(&mut self) {
        self.escape = Escape::None;
        self.high = None;
        self.partial.clear();
    }

    /// Reads on, and gives the decoded text to `keep`.
    pub(super) fn read(&mut self, bytes: &[u8], keep: &mut dyn FnMut(&str)) -> Progress {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.escape != Escape::None {
                if !self.escaped(rest[0], keep) {
                    return Progress::Broken(at);
                }
                at += 1;
                continue;
            }
            let run = scan::run(rest);
            self.run(&rest[..run], keep);
            at += run;
            match rest.get(run) {
                None => return Progress::More,
                Some(b'"') => {
                    self.flush_high(keep);
                    self.flush_partial(keep);
                    return Progress::Closed(at + 1);
                }
                Some(b'\\') => {
                    self.flush_partial(keep);
                    self.escape = Escape::Backslash;
                    at += 1;
                }
                Some(_) => return Progress::Broken(at),
            }
        }
        Progress::More
    }

    /// The same for a string nobody wants: nothing is decoded or copied.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> Progress {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.escape != Escape::None {
                if !self.escaped(rest[0], &mut |_| {}) {
                    return Progress::Broken(at);
                }
                at += 1;
                continue;
            }
            at += scan::run(rest);
            match bytes.get(at) {
                None => return Progress::More,
                Some(b'"') => return Progress::Closed(at + 1),
                Some(b'\\') => self.escape = Escape::Backslash,
                Some(_) => return Progress::Broken(at),
            }
            at += 1;
        }
        Progress::More
    }

    /// One byte of an escape; false if it may not be there.
    fn escaped(&mut self, byte: u8, keep: &mut dyn FnMut(&str)) -> bool {
        if let Escape::Hex { digits, value } = self.escape {
            let Some(digit) = char::from(byte).to_digit(16) else { return false };
            let value = value << 4 | digit as u16;
            self.escape = Escape::Hex { digits: digits + 1, value };
            if digits == 3 {
                self.escape = Escape::None;
                self.unit(value, keep);
            }
            return true;
        }
        let plain = match byte {
            b'"' => "\"",
            b'\\' => "\\",
            b'/' => "/",
            b'b' => "\u{8}",
            b'f' => "\u{c}",
            b'n' => "\n",
            b'r' => "\r",
            b't' => "\t",
            b'u' => {
                self.escape = Escape::Hex { digits: 0, value: 0 };
                return true;
            }
            _ => return false,
        };
        self.escape = Escape::None;
        self.flush_high(keep);
        keep(plain);
        true
    }

    /// One `\uXXXX`.
    fn unit(&mut self, unit: u16, keep: &mut dyn FnMut(&str)) {
        let pair = self.high.map(|high| [high, unit]);
        if let Some(Ok(letter)) = pair.and_then(|pair| char::decode_utf16(pair).next()) {
            self.high = None;
            keep(letter.encode_utf8(&mut [0; 4]));
            return;
        }
        self.flush_high(keep);
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            let letter = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
            keep(letter.encode_utf8(&mut [0; 4]));
        }
    }

    /// Bytes that are neither quote nor escape.
    fn run(&mut self, mut bytes: &[u8], keep: &mut dyn FnMut(&str)) {
        if bytes.is_empty() {
            return;
        }
        self.flush_high(keep);
        while !self.partial.is_empty() {
            let Some((&first, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.resume(first, keep);
        }
        while !bytes.is_empty() {
            let error = match from_utf8(bytes) {
                Ok(text) => return keep(text),
                Err(error) => error,
            };
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            if let Ok(text) = from_utf8(valid)
                && !text.is_empty()
            {
                keep(text);
            }
            match error.error_len() {
                Some(bad) => {
                    keep(REPLACEMENT);
                    bytes = rest.get(bad..).unwrap_or_default();
                }
                None => {
                    // At most three bytes: they fit.
                    let _ = self.partial.extend_from_slice(rest);
                    return;
                }
            }
        }
    }

    /// One more byte for the sequence that was cut by the end of a chunk.
    fn resume(&mut self, byte: u8, keep: &mut dyn FnMut(&str)) {
        let _ = self.partial.push(byte);
        let (bad, text) = match from_utf8(&self.partial) {
            Ok(text) => (self.partial.len(), text),
            Err(error) => match error.error_len() {
                Some(bad) => (bad, REPLACEMENT),
                None => return,
            },
        };
        keep(text);
        let rest: heapless::Vec<u8, 4, u8> = self.partial.iter().skip(bad).copied().collect();
        self.partial.clear();
        for byte in rest {
            self.resume(byte, keep);
        }
    }

    fn flush_high(&mut self, keep: &mut dyn FnMut(&str)) {
        if self.high.take().is_some() {
            keep(REPLACEMENT);
        }
    }

    fn flush_partial(&mut self, keep: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            self.partial.clear();
            keep(REPLACEMENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes whole and split at every place, and expects the same.
    fn check(inside: &[u8], expect: &str) {
        let whole = [inside, b"\""].concat();
        for split in 0..whole.len() {
            let mut decoder = Decoder::new();
            decoder.begin();
            let mut text = String::new();
            let (first, second) = whole.split_at(split);
            assert_eq!(decoder.read(first, &mut |run| text.push_str(run)), Progress::More);
            let end = decoder.read(second, &mut |run| text.push_str(run));
            assert_eq!(end, Progress::Closed(second.len()), "{inside:?} at {split}");
            assert_eq!(text, expect, "{inside:?} at {split}");
        }
    }

    fn broken(inside: &[u8], at: usize) {
        let mut decoder = Decoder::new();
        assert_eq!(decoder.read(inside, &mut |_| {}), Progress::Broken(at));
        decoder.begin();
        assert_eq!(decoder.skip(inside), Progress::Broken(at));
    }

    #[test]
    fn escapes() {
        check(br#"a\"\\\/\b\f\n\r\tz"#, "a\"\\/\u{8}\u{c}\n\r\tz");
        check(br"\u0041\u00e4\u2028\u0000", "Aä\u{2028}\0");
        check(br"\uD83D\uDE80", "🚀");
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        check(br"\ud83d", "\u{fffd}");
        check(br"\ud83dx", "\u{fffd}x");
        check(br"\ud83d\n", "\u{fffd}\n");
        check(br"\ud83d\u0041", "\u{fffd}A");
        check(br"\ud83d\ud83d\ude80", "\u{fffd}🚀");
        check(br"\ude80\ud83d", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn bad_utf8_is_replaced_as_from_utf8_lossy_does() {
        for bytes in [
            "aä€🚀z".as_bytes(),
            b"a\xffz",
            b"\xe2\x82z",
            b"\xe2\x82\xe2\x82\xac",
            b"\xf0\x9f\x9a",
            b"\xc3\xc3\xa4",
            b"\xed\xa0\x80",
            b"\xf5\x80",
            b"\xf0\x80\x80\x80",
        ] {
            check(bytes, &String::from_utf8_lossy(bytes));
        }
        check(b"\xe2\\n", "\u{fffd}\n");
    }

    #[test]
    fn what_may_not_be_in_a_string() {
        broken(b"ab\n", 2);
        broken(b"\\x", 1);
        broken(b"\\\n", 1);
        broken(b"\\u00g0", 4);
    }
}
