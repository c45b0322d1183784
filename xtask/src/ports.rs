//! Free ports on loopback, and whether anything answers there.

use crate::Result;
use crate::error::Doing;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Loopback answers at once or not at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// As many different free ports as asked for.
///
/// All are bound before the first is released, so that they differ. Another process may take one before it is used:
/// code that starts a server then tries other ports.
///
/// # Errors
/// When the system has no free port.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("no free port on loopback")?;
        *port = listener.local_addr().doing("no free port on loopback")?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Whether anything listens on `port`.
#[must_use]
pub fn is_open(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER_WITHIN).is_ok()
}

/// Whether an AMQP 0-9-1 broker on `port` answers the protocol header with its first method frame.
#[must_use]
pub fn speaks_amqp(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER_WITHIN)
    else {
        return false;
    };
    let mut kind = [0];
    stream.set_read_timeout(Some(ANSWER_WITHIN)).is_ok()
        && stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok()
        && stream.read_exact(&mut kind).is_ok()
        && kind == [1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_asked_for_together_differ() {
        let [a, b, c] = free().unwrap();
        assert!(a != b && b != c && a != c);
    }

    #[test]
    fn a_listener_that_answers_something_else_is_not_a_broker() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 400").unwrap();
        });
        assert!(!speaks_amqp(port));
        server.join().unwrap();
    }
}
