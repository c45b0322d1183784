//! A provider that answers as a test says, byte for byte: what the sandbox is too well behaved for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A request as the stub got it.
#[derive(Clone, Debug)]
pub struct Got {
    /// `POST /v1/user`, without the query.
    pub what: String,
    /// Since the stub began.
    pub at: Duration,
}

/// How many requests of this kind came before, this one not counted.
type Script = dyn Fn(&str, usize) -> Vec<u8> + Send + Sync;

/// A running stub.
pub struct Stub {
    pub address: SocketAddr,
    began: Instant,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Stub {
    /// Answers each request with what the script makes of its name and of how many of that name came before.
    pub async fn start(script: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (script, seen, began): (Arc<Script>, _, _) = (Arc::new(script), Arc::clone(&got), Instant::now());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move { answer(stream, &*script, &seen, began).await });
            }
        });
        Self { address, began, got }
    }

    /// Since it began.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Requests with names that begin like this.
    pub fn got(&self, beginning: &str) -> Vec<Got> {
        let all = self.got.lock();
        all.iter().filter(|got| got.what.starts_with(beginning)).cloned().collect()
    }
}

async fn answer(mut stream: TcpStream, script: &Script, seen: &Mutex<Vec<Got>>, began: Instant) {
    let mut bytes = Vec::new();
    let head = loop {
        let mut part = [0_u8; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend(&part[..count]),
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let mut missing = (head + length.unwrap_or(0)).saturating_sub(bytes.len());
    while missing > 0 {
        let mut part = vec![0_u8; missing];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(count) => missing -= count,
        }
    }
    let line = String::from_utf8_lossy(&bytes[..head]).lines().next().unwrap_or_default().to_owned();
    let mut words = line.split([' ', '?']);
    let what = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let before = {
        let mut seen = seen.lock();
        seen.push(Got { what: what.clone(), at: began.elapsed() });
        seen.iter().filter(|got| got.what == what).count() - 1
    };
    // A caller that has seen enough hangs up; that is its right.
    drop(stream.write_all(&script(&what, before)).await);
    drop(stream.shutdown().await);
}

/// A whole answer.
pub fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

pub fn good(status: &str, data: &Value) -> Vec<u8> {
    reply(status, "content-type: application/json\r\n", &json!({ "success": true, "data": data }).to_string())
}

/// What a provider answers that is well: each user and each asset made gets an id of its own; a wallet is there from
/// the start.
pub fn well(what: &str, before: usize) -> Vec<u8> {
    let wallet = json!({ "address": "0xabc", "network": "Amoy", "explorer_url": "https://example.com" });
    match what {
        "POST /v1/user" => good("201 Created", &json!({ "uid": (7001 + before).to_string() })),
        "POST /v1/asset" => good("201 Created", &json!({ "uid": (8001 + before).to_string() })),
        _ => match what.strip_prefix("GET /v1/user/") {
            Some(uid) => {
                let user = json!({ "uid": uid, "created_at": "2026-01-01T00:00:00Z", "wallets": [wallet] });
                good("200 OK", &user)
            }
            None => good("200 OK", &Value::Null),
        },
    }
}
