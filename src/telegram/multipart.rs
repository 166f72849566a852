//! `multipart/form-data` for `sendDocument`, read piece by piece: the file is not copied.

use core::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Cursor, Read};

/// A form with some texts and one file at its end.
pub(super) struct Form<'a> {
    boundary: String,
    head: String,
    content: &'a [u8],
    tail: String,
}

impl<'a> Form<'a> {
    /// A form with nothing but the file.
    pub fn new(field: &str, name: &str, content: &'a [u8]) -> Form<'a> {
        let boundary = boundary();
        let name = file_name(name);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; \
             filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Form { boundary, head, content, tail }
    }

    /// Adds a text, before the file. `field` is one of ours, `value` may be anything.
    pub fn text(mut self, field: &str, value: &str) -> Form<'a> {
        let mut part = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            part,
            "--{}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n",
            self.boundary
        );
        self.head.insert_str(0, &part);
        self
    }

    /// The header `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Bytes in all.
    pub fn length(&self) -> usize {
        self.head.len() + self.content.len() + self.tail.len()
    }

    /// The bytes.
    pub fn reader(&self) -> impl Read + '_ {
        Cursor::new(&self.head).chain(self.content).chain(Cursor::new(&self.tail))
    }
}

/// 128 bits that whoever wrote the file could not know.
fn boundary() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("pigent-{:016x}{:016x}", random(), random())
}

/// A name that stays inside its quotes. The Bot API undoes no escapes, so what cannot be written
/// is replaced; whatever comes before a slash is a folder and nobody's business.
fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = name
        .chars()
        .map(|c| match c {
            '"' => '\'',
            c if c.is_control() => '_',
            c => c,
        })
        .take(100)
        .collect();
    if shown.is_empty() { "file".into() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_form_with_the_file_last() {
        let form = Form::new("document", "a.md", b"\x00bytes").text("chat_id", "-7");
        let form = form.text("caption", "two\r\nlines");
        let mut bytes = Vec::new();
        form.reader().read_to_end(&mut bytes).unwrap();
        let boundary = form.boundary.clone();
        let expect = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\ntwo\r\nlines\
             \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n-7\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.md\"\
             \r\nContent-Type: application/octet-stream\r\n\r\n\0bytes\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expect);
        assert_eq!(form.length(), expect.len());
        assert!(form.content_type().ends_with(&boundary));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(file_name("a\"; x=\"b\r\n.md"), "a'; x='b__.md");
        assert_eq!(file_name("../etc/pass wörd.md"), "pass wörd.md");
        assert_eq!(file_name("a/"), "file");
        assert_eq!(file_name(&"x".repeat(500)).len(), 100);
    }

    #[test]
    fn boundaries_differ_and_are_short_enough() {
        assert_ne!(boundary(), boundary());
        assert!(boundary().len() <= 70);
    }
}
