//! A small HTTP server for one test: it answers requests with what it was told to, in order, and
//! hands each request to the test. Not a Bot API: it understands nothing.

#[path = "../support/certificate.rs"]
mod certificate;

pub use certificate::ca_file;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Long enough for any machine; only a failing test waits for it.
const DEADLINE: Duration = Duration::from_secs(60);

/// What to do with a request.
pub enum Reply {
    /// Status, further header lines, body.
    Http(u16, &'static str, String),
    /// These bytes, then close.
    Raw(Vec<u8>),
    /// Keep it waiting for as long as the client does.
    Hang,
}

/// `{"ok":true,"result":…}`.
pub fn ok(result: &str) -> Reply {
    Reply::Http(200, "", format!(r#"{{"ok":true,"result":{result}}}"#))
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// `POST /path HTTP/1.1`.
    pub line: String,
    /// In lower case, one a line.
    pub headers: String,
    pub body: Vec<u8>,
    /// Counts connections from 0.
    pub connection: usize,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub struct Stub {
    pub url: String,
    requests: Receiver<Request>,
}

impl Stub {
    /// Answers with `replies`, then hangs.
    pub fn start(replies: Vec<Reply>) -> Stub {
        Stub::listen(replies, None)
    }

    /// The same over TLS, with a certificate under [`ca_file`].
    pub fn start_tls(replies: Vec<Reply>) -> Stub {
        Stub::listen(replies, Some(certificate::server()))
    }

    fn listen(replies: Vec<Reply>, tls: Option<Arc<ServerConfig>>) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (stream, replies, sender) = (stream.unwrap(), replies.clone(), sender.clone());
                let tls = tls.clone();
                thread::spawn(move || match tls {
                    Some(config) => {
                        let server = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(server, stream), connection, &replies, &sender);
                    }
                    None => serve(stream, connection, &replies, &sender),
                });
            }
        });
        Stub { url, requests }
    }

    /// The next request.
    pub fn request(&self) -> Request {
        self.requests.recv_timeout(DEADLINE).expect("no request came")
    }
}

fn serve<S: Read + Write>(
    stream: S,
    connection: usize,
    replies: &Mutex<VecDeque<Reply>>,
    requests: &Sender<Request>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, connection) {
        let reply = replies.lock().unwrap().pop_front().unwrap_or(Reply::Hang);
        // The test may be over already.
        let _ = requests.send(request);
        let bytes = match reply {
            Reply::Http(status, headers, body) => format!(
                "HTTP/1.1 {status} x\r\n{headers}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            Reply::Raw(bytes) => {
                let _ = stream.get_mut().write_all(&bytes);
                let _ = stream.get_mut().flush();
                return;
            }
            Reply::Hang => {
                let _ = stream.read(&mut [0]);
                return;
            }
        };
        if stream.get_mut().write_all(bytes.as_bytes()).is_err() {
            return;
        }
        let _ = stream.get_mut().flush();
    }
}

fn read(stream: &mut impl BufRead, connection: usize) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        headers.push_str(&header.to_lowercase());
    }
    let length = headers.lines().find_map(|header| header.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim().to_owned(), headers, body, connection })
}
