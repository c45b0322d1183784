//! Ports that nothing listens on, until a test does.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

/// A port outside the range from which the system gives ports to outgoing connections, and locked against other tests,
/// also those of other processes: between two lives of its listener no other process gets it.
pub fn port() -> u16 {
    static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let mut held = HELD.lock().unwrap();
    let first = std::process::id() % u32::from(COUNT);
    for step in 0..COUNT {
        let port = FIRST + (u16::try_from(first).unwrap() + step) % COUNT;
        let path = std::env::temp_dir().join(format!("gangway-port-{port}"));
        let Ok(lock) = File::options().write(true).create(true).truncate(false).open(path) else { continue };
        if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            held.push(lock);
            return port;
        }
    }
    panic!("no port is free between {FIRST} and {}", FIRST + COUNT)
}
