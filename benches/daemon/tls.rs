//! TLS in front of the stand-in Telegram, with the tests' certificate.

#[path = "../../tests/support/certificate.rs"]
mod certificate;

pub use certificate::ca_file;
use rustix::event::{PollFd, PollFlags, poll};
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Accepts TLS on a free port and passes everything on to `url` (`http://ADDRESS`).
pub fn serve(url: &str) -> u16 {
    let config = certificate::server();
    let behind = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, behind) = (config.clone(), behind.clone());
            // A connection that breaks is the client's to notice.
            thread::spawn(move || relay(config, stream, TcpStream::connect(behind)?));
        }
    });
    port
}

/// Both directions on one thread: whoever has something to say is listened to.
fn relay(config: Arc<ServerConfig>, mut tls: TcpStream, mut plain: TcpStream) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    tls.set_nodelay(true)?;
    plain.set_nodelay(true)?;
    let mut buffer = vec![0; 16 << 10];
    loop {
        let (from_client, from_server) = readable(&tls, &plain)?;
        if from_client {
            if connection.read_tls(&mut tls)? == 0 {
                return Ok(());
            }
            let state = connection.process_new_packets().map_err(io::Error::other)?;
            let mut decrypted = vec![0; state.plaintext_bytes_to_read()];
            connection.reader().read_exact(&mut decrypted)?;
            plain.write_all(&decrypted)?;
        }
        if from_server {
            let read = plain.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            connection.writer().write_all(&buffer[..read])?;
        }
        while connection.wants_write() {
            connection.write_tls(&mut tls)?;
        }
    }
}

fn readable(tls: &TcpStream, plain: &TcpStream) -> io::Result<(bool, bool)> {
    let mut both = [PollFd::new(tls, PollFlags::IN), PollFd::new(plain, PollFlags::IN)];
    poll(&mut both, None)?;
    Ok((!both[0].revents().is_empty(), !both[1].revents().is_empty()))
}
