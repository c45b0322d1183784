//! A way to a server that can fall silent, or lose one answer: what a fail-over behind an address, a firewall that
//! forgot a connection, or a lost host look like from here. Bytes enter and leave; nothing of them is kept.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::Result;
use crate::error::Doing;

/// A way to a server. Dropping it ends every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    way: Arc<Way>,
}

#[derive(Debug, Default)]
struct Way {
    /// Connections with a lower number are silent.
    silent_below: AtomicU64,
    /// New connections are silent too.
    all_silent: AtomicBool,
    /// The next answer to one of these words is lost.
    losing: Mutex<Option<Vec<u8>>>,
    lost: AtomicU64,
    connections: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Proxy {
    /// Listens on a free port of this machine and passes on to this server.
    ///
    /// # Errors
    /// When no port is free.
    pub fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").doing("listening for a proxy")?;
        let (address, way) = (listener.local_addr().doing("asking for the proxy's port")?, Arc::new(Way::default()));
        let shared = Arc::clone(&way);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(server) = TcpStream::connect(server) {
                    shared.pass(client, server);
                }
            }
        });
        Ok(Self { address, way })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that exist now stay open and bring nothing any more, either way; new ones work.
    pub fn silence_existing(&self) {
        self.way.silent_below.store(self.way.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// From now on new connections are silent too, or none but those that were silent before.
    pub fn silence_all(&self, silent: bool) {
        self.way.all_silent.store(silent, Ordering::SeqCst);
        self.silence_existing();
    }

    /// The connection on which these bytes go to the server next ends before their answer comes back.
    pub fn lose_answer_to(&self, words: &[u8]) {
        *self.way.losing.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.to_vec());
    }

    /// How many answers were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.way.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        for stream in self.way.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl Way {
    fn pass(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { return };
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend([&client, &server].into_iter().filter_map(|stream| stream.try_clone().ok()));
        let losing = Arc::new(AtomicBool::new(false));
        let (way, mark) = (Arc::clone(self), Arc::clone(&losing));
        thread::spawn(move || way.copy(number, from_client, server, |way, bytes| way.arm(bytes, &mark)));
        let way = Arc::clone(self);
        thread::spawn(move || {
            way.copy(number, from_server, client, |way, _| {
                let lose = losing.load(Ordering::SeqCst);
                way.lost.fetch_add(u64::from(lose), Ordering::SeqCst);
                !lose
            });
        });
    }

    /// Whether the bytes may pass; notes when their answer must be lost.
    fn arm(&self, bytes: &[u8], losing: &AtomicBool) -> bool {
        let mut wanted = self.losing.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = wanted.as_ref().is_some_and(|words| bytes.windows(words.len()).any(|part| part == words.as_slice()));
        if hit {
            *wanted = None;
            losing.store(true, Ordering::SeqCst);
        }
        true
    }

    fn silent(&self, number: u64) -> bool {
        number < self.silent_below.load(Ordering::SeqCst) || self.all_silent.load(Ordering::SeqCst)
    }

    /// Passes on until either side ends or `may` says no; what comes on a silent connection goes nowhere, its end too.
    fn copy(&self, number: u64, mut from: TcpStream, mut to: TcpStream, may: impl Fn(&Self, &[u8]) -> bool) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let Some(bytes) = buffer.get(..length) else { break };
            if self.silent(number) {
                continue;
            }
            if !may(self, bytes) || to.write_all(bytes).is_err() {
                drop(from.shutdown(Shutdown::Both));
                break;
            }
        }
        if !self.silent(number) {
            drop(to.shutdown(Shutdown::Both));
        }
    }
}
