//! The arguments of a call, as the server sees them: every one is a string.
//!
//! They come from the query, from JSON, from a form or from multipart. A JSON value that is not a
//! string is kept as its text, so that `null` is the four letters "null" (BOTAPI.md section 2).

use super::error::ApiError;
use super::http::Request;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A file that came with the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
}

/// All arguments of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    values: BTreeMap<String, Given>,
    pub files: BTreeMap<String, File>,
}

/// How an argument was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    /// In a query, a form or multipart.
    Text(String),
    /// As a member of the JSON body.
    Json(Value),
}

impl Params {
    /// Reads query and body.
    pub fn read(request: &Request) -> Result<Params, ApiError> {
        let mut params = Params::default();
        if let Some((_, query)) = request.target.split_once('?') {
            params.read_form(query);
        }
        let kind = request.content_type.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            _ if request.body.is_empty() => {}
            "application/json" => params.read_json(&request.body)?,
            "application/x-www-form-urlencoded" => {
                params.read_form(&String::from_utf8_lossy(&request.body));
            }
            "multipart/form-data" => params.read_multipart(request)?,
            _ => {}
        }
        Ok(params)
    }

    /// The argument as the server's string; empty if it is missing.
    pub fn text(&self, name: &str) -> String {
        match self.values.get(name) {
            Some(Given::Text(text) | Given::Json(Value::String(text))) => text.clone(),
            Some(Given::Json(value)) => value.to_string(),
            None => String::new(),
        }
    }

    /// There is such an argument, and it is not empty.
    pub fn has(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// The leading digits of the argument; 0 if there are none.
    pub fn number(&self, name: &str) -> i64 {
        let text = self.text(name);
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let end = length + text.len() - digits.len();
        text.get(..end).and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// `true`, `yes` and `1` in any case.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).to_ascii_lowercase().as_str(), "true" | "yes" | "1")
    }

    /// An object, real or as JSON in a string.
    pub fn object(&self, name: &str, what: &str) -> Result<Option<Map<String, Value>>, ApiError> {
        match self.json(name, what)? {
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(ApiError::bad(&format!("Object expected as {what}"))),
            None => Ok(None),
        }
    }

    /// Any JSON, real or in a string.
    pub fn json(&self, name: &str, what: &str) -> Result<Option<Value>, ApiError> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |_| ApiError::bad(&format!("Can't parse {what} JSON object"));
        serde_json::from_str(&text).map(Some).map_err(wrong)
    }

    /// Names and values, for the check against what the method takes.
    pub fn given(&self) -> impl Iterator<Item = (&str, &Given)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// For the log: values as sent, files as name and size.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in &self.values {
            let value = match value {
                Given::Text(text) => json!(text),
                Given::Json(value) => value.clone(),
            };
            all.insert(name.clone(), value);
        }
        for (name, file) in &self.files {
            let file = json!({ "name": file.name, "bytes": file.bytes.len() });
            all.insert(name.clone(), file);
        }
        all
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => {
                let values = object.into_iter().map(|(name, value)| (name, Given::Json(value)));
                self.values.extend(values);
                Ok(())
            }
            _ => Err(ApiError::bad("JSON object expected")),
        }
    }

    fn read_form(&mut self, form: &str) {
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.values.insert(unescape(name), Given::Text(unescape(value)));
        }
    }

    fn read_multipart(&mut self, request: &Request) -> Result<(), ApiError> {
        let boundary = request.content_type.split("boundary=").nth(1).unwrap_or_default();
        let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
        if boundary.is_empty() {
            return Err(ApiError::bad("boundary in multipart/form-data not found"));
        }
        let mark = format!("\r\n--{boundary}").into_bytes();
        let body = [b"\r\n".as_slice(), &request.body].concat();
        let cuts: Vec<usize> = memchr::memmem::find_iter(&body, &mark).collect();
        if !body
            .get(cuts.last().map_or(0, |at| at + mark.len())..)
            .is_some_and(|b| b.starts_with(b"--"))
        {
            return Err(ApiError::bad("end boundary not found"));
        }
        for pair in cuts.windows(2) {
            let &[from, to] = pair else { continue };
            self.read_part(body.get(from + mark.len() + 2..to).unwrap_or_default())?;
        }
        Ok(())
    }

    fn read_part(&mut self, part: &[u8]) -> Result<(), ApiError> {
        let split = memchr::memmem::find(part, b"\r\n\r\n").unwrap_or(part.len());
        let head = String::from_utf8_lossy(part.get(..split).unwrap_or_default());
        let bytes = part.get(split + 4..).unwrap_or_default().to_vec();
        let Some(name) = quoted(&head, "name") else {
            return Err(ApiError::bad("field name in multipart/form-data not found"));
        };
        match quoted(&head, "filename") {
            Some(file) => {
                let lower = head.to_ascii_lowercase();
                let mime = lower.split("content-type:").nth(1).unwrap_or_default();
                let mime = mime.split(['\r', ';']).next().unwrap_or_default().trim().to_owned();
                self.files.insert(name, File { name: file, mime, bytes });
            }
            None => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.values.insert(name, Given::Text(text));
            }
        }
        Ok(())
    }
}

/// The value of `name="…"` in a part's headers.
fn quoted(head: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let mut places = head
        .match_indices(&start)
        .filter(|(at, _)| head.get(..*at).is_some_and(|before| before.ends_with([' ', ';'])));
    let (at, _) = places.next()?;
    let rest = head.get(at + start.len()..)?;
    rest.split('"').next().map(str::to_owned)
}

/// Decodes `%41` and `+`.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| core::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &[u8]) -> Result<Params, ApiError> {
        Params::read(&Request {
            target: "/x?offset=-5".to_owned(),
            content_type: content_type.to_owned(),
            body: body.to_vec(),
            ..Request::default()
        })
    }

    #[test]
    fn everything_becomes_a_string() {
        let body = br#"{"n":12,"t":"x","b":true,"null":null,"o":{"a":1},"s":"7x"}"#;
        let params = read("application/json; charset=utf-8", body).unwrap();
        assert_eq!(params.number("offset"), -5);
        assert_eq!((params.number("n"), params.number("s"), params.number("t")), (12, 7, 0));
        assert_eq!((params.text("null"), params.text("o")), ("null".into(), "{\"a\":1}".into()));
        assert!(params.flag("b") && !params.flag("t"));
        assert!(params.object("o", "thing").unwrap().is_some());
        let refused = params.object("null", "reply markup").unwrap_err();
        assert_eq!(refused.description, "Bad Request: object expected as reply markup");
    }

    #[test]
    fn forms_are_decoded() {
        let params = read("application/x-www-form-urlencoded", b"text=a%20b+%c3%a4&y=%zz").unwrap();
        assert_eq!((params.text("text"), params.text("y")), ("a b ä".into(), "%zz".into()));
    }

    #[test]
    fn multipart_gives_fields_and_files_byte_for_byte() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n5\r\n\
            --B\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.md\"\r\n\
            Content-Type: text/markdown\r\n\r\n\r\n-\0\r\n\r\n--B--\r\n";
        let params = read("multipart/form-data; boundary=B", body).unwrap();
        assert_eq!(params.number("chat_id"), 5);
        let file = params.files.get("document").unwrap();
        assert_eq!((file.name.as_str(), file.mime.as_str()), ("a.md", "text/markdown"));
        assert_eq!(file.bytes, b"\r\n-\0\r\n");
    }

    #[test]
    fn a_cut_multipart_body_is_refused() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n5\r\n";
        assert!(read("multipart/form-data; boundary=B", body).is_err());
        assert!(read("multipart/form-data", body).is_err());
        assert!(read("application/json", b"[]").is_err());
    }
}
