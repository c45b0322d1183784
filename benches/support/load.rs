//! Closed-loop HTTP load: a number of connections, each of which sends its next request when the answer is there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came of a run.
pub struct Outcome {
    pub answered: usize,
    pub refused: usize,
    pub took: Duration,
    /// Microseconds, sorted.
    pub latencies: Vec<u64>,
}

/// Sends every request once, over `connections`.
pub async fn run(to: SocketAddr, requests: Arc<Vec<Vec<u8>>>, connections: usize) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let workers: Vec<_> =
        (0..connections).map(|_| tokio::spawn(worker(to, Arc::clone(&requests), Arc::clone(&next)))).collect();
    let (mut latencies, mut refused) = (Vec::with_capacity(requests.len()), 0);
    for worker in workers {
        let (mine, bad) = worker.await.expect("a load worker ends");
        latencies.extend(mine);
        refused += bad;
    }
    let took = begin.elapsed();
    latencies.sort_unstable();
    Outcome { answered: latencies.len(), refused, took, latencies }
}

async fn worker(to: SocketAddr, requests: Arc<Vec<Vec<u8>>>, next: Arc<AtomicUsize>) -> (Vec<u64>, usize) {
    let mut stream = TcpStream::connect(to).await.expect("the service listens");
    stream.set_nodelay(true).expect("nodelay");
    let (mut latencies, mut refused, mut buffer) = (Vec::new(), 0, vec![0_u8; 16 * 1024]);
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(index) else { return (latencies, refused) };
        let begin = Instant::now();
        stream.write_all(request).await.expect("the service reads");
        let status = answer(&mut stream, &mut buffer).await;
        latencies.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
        refused += usize::from(!(200..300).contains(&status));
    }
}

/// Reads one answer to its end; its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("the service answers");
        assert!(read > 0, "the service closed the connection");
        filled += read;
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let Some(head) = find(&buffer[..filled], b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).expect("headers are text").to_ascii_lowercase();
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |value| value.trim().parse().expect("a number"));
        buffer.resize(buffer.len().max(head + 4 + length), 0);
        while filled < head + 4 + length {
            filled += stream.read(&mut buffer[filled..]).await.expect("the body comes");
        }
        return text[9..12].parse().expect("a status");
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A POST with these headers and this body, as bytes to send.
pub fn post(host: &str, path: &str, headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// A GET as bytes to send; with a token, if it is not empty.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{bearer}\r\n").into_bytes()
}
