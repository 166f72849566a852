//! HTTP/1.1 as far as a Bot API client uses it: a request in, an answer out, keep-alive.
//!
//! Not a web server: no TLS, no compression, no pipelining beyond what reading in order gives.
//! Bodies come with a length or chunked, as the real front accepts both.

use std::io::{self, BufRead, Read};

/// Longest request line plus headers (BOTAPI.md section 2).
const MAX_HEAD: u64 = 256 * 1024;
/// Longest body: 50 MB of file and its wrapping. More is answered with 413.
const MAX_BODY: u64 = 50 << 20;

/// One request, whole.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// `GET` or `POST`.
    pub verb: String,
    /// Path and query as sent.
    pub target: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// There was a `Host` header.
    pub host: bool,
    /// The client wants the connection closed after the answer.
    pub close: bool,
    /// The body; empty if it was too large.
    pub body: Vec<u8>,
    /// The body was over the limit and has not been read.
    pub too_large: bool,
    /// Bytes of the body, if it comes with a length.
    pub length: u64,
    /// The body comes in chunks.
    pub chunked: bool,
}

/// Reads one request; `None` if the client closed the connection between two of them.
///
/// # Errors
/// Whatever the socket says, and `InvalidData` for what is not HTTP.
pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = from.by_ref().take(MAX_HEAD);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(verb), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Err(invalid("not a request line"));
    };
    let mut request =
        Request { verb: verb.to_owned(), target: target.to_owned(), ..Request::default() };
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(invalid("the headers have no end"));
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => request.header(name, value.trim())?,
            None if line.trim_end().is_empty() => break,
            None => return Err(invalid("not a header")),
        }
    }
    request.read_body(from)?;
    Ok(Some(request))
}

/// Head and body of an answer, in one piece so that it leaves in one packet.
pub(super) fn answer(status: u16, content_type: &str, extra: &str, body: &[u8]) -> Vec<u8> {
    let reason = reason(status);
    let mut out = format!(
        "HTTP/1.1 {status} {reason}\r\nServer: nginx/1.18.0\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\nConnection: keep-alive\r\n{extra}\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// The words after a status number.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        _ => "Error",
    }
}

impl Request {
    fn header(&mut self, name: &str, value: &str) -> io::Result<()> {
        match name.to_ascii_lowercase().as_str() {
            "host" => self.host = true,
            "content-type" => value.clone_into(&mut self.content_type),
            "connection" => self.close = value.eq_ignore_ascii_case("close"),
            "transfer-encoding" => self.chunked = value.to_ascii_lowercase().contains("chunked"),
            "content-length" => {
                self.length = value.parse().map_err(|_| invalid("not a content length"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn read_body(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        if self.chunked {
            return self.read_chunks(from);
        }
        if self.length > MAX_BODY {
            self.too_large = true;
            self.close = true;
            return Ok(());
        }
        read_exactly(from, self.length, &mut self.body)
    }

    fn read_chunks(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            from.by_ref().take(1024).read_line(&mut line)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| invalid("not a chunk length"))?;
            if self.body.len() as u64 + size > MAX_BODY {
                self.too_large = true;
                self.close = true;
                return Ok(());
            }
            read_exactly(from, size, &mut self.body)?;
            line.clear();
            from.by_ref().take(1024).read_line(&mut line)?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

fn read_exactly(from: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> io::Result<()> {
    match from.by_ref().take(length).read_to_end(into)? as u64 {
        read if read == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> io::Result<Option<Request>> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn a_body_with_a_length_is_read_whole() {
        let request = parse("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcd");
        let request = request.unwrap().unwrap();
        assert_eq!((request.verb.as_str(), request.target.as_str()), ("POST", "/x"));
        assert_eq!(request.body, b"abc");
        assert!(request.host);
    }

    #[test]
    fn chunks_are_joined() {
        let request = parse(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        );
        assert_eq!(request.unwrap().unwrap().body, b"abc");
    }

    #[test]
    fn a_cut_body_is_an_error_and_silence_is_the_end() {
        assert!(parse("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc").is_err());
        assert!(parse("").unwrap().is_none());
        assert!(parse("hello\r\n\r\n").is_err());
    }
}
