//! Memory, threads and open files after hundreds of exchanges that failed in every way. The only
//! test of this file: others in the same process would be counted with it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use pigent::telegram::client::Client;
use pigent::telegram::settings::Settings;
use pigent::telegram::token::Token;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Failed exchanges that are measured, after a third as many that are not.
const EXCHANGES: usize = 600;

/// Fails in one way after another, and keeps nothing.
fn fail(nth: usize, mut stream: TcpStream) {
    // The request's end is not waited for: some clients would send on, some would not.
    let _ = stream.read(&mut [0; 4096]);
    let page = "<html>bad gateway</html>".repeat(2000);
    let answer = match nth % 8 {
        0 => String::new(),
        1 => format!("HTTP/1.1 502 x\r\nContent-Length: {}\r\n\r\n{page}", page.len()),
        2 => "HTTP/1.1 200 x\r\nContent-Length: 99999\r\n\r\n{\"ok\":".to_owned(),
        3 => "HTTP/1.1 200 x\r\nContent-Length: 4\r\n\r\n\0\0\0\0".to_owned(),
        4 => "not HTTP at all\r\n\r\n".to_owned(),
        5 => "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{".to_owned(),
        6 => format!("HTTP/1.1 200 x\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
        _ => "HTTP/1.1 401 x\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
    };
    let _ = stream.write_all(answer.as_bytes());
}

/// Resident KiB, threads, open files.
fn usage() -> (u64, usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let count = |name: &str| fs::read_dir(format!("/proc/self/{name}")).unwrap().count();
    (rss.trim().trim_end_matches(" kB").parse().unwrap(), count("task"), count("fd"))
}

#[test]
fn failed_exchanges_leave_nothing_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for (nth, stream) in listener.incoming().enumerate() {
            fail(nth, stream.unwrap());
        }
    });
    let settings = Settings::new(Token::new("123456:SECRET").unwrap(), &url, None).unwrap();
    let client = Client::new(&settings);
    let patience = Duration::from_secs(60);
    let fail_often = |times: usize| {
        for _ in 0..times {
            assert!(client.get_updates(None, 20, Duration::ZERO, patience).is_err());
        }
    };
    fail_often(EXCHANGES / 3);
    let before = usage();
    fail_often(EXCHANGES);
    let after = usage();
    assert!(after.0 < before.0 + 1024, "resident: {} KiB, then {} KiB", before.0, after.0);
    assert!(after.1 <= before.1 + 1 && after.2 <= before.2 + 2, "{before:?}, {after:?}");
}
