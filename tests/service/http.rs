//! The least HTTP/1.1 client that can also misbehave: any bytes, any headers, chunks without a length.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A request that is being put together.
#[derive(Clone, Debug)]
pub struct Ask {
    to: SocketAddr,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
    missing: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub text: String,
}

impl Ask {
    pub fn new(to: SocketAddr, method: &'static str, path: &str) -> Self {
        Self { to, method, path: path.to_owned(), headers: Vec::new(), body: Vec::new(), chunked: false, missing: 0 }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sends the body in chunks and never says how long it is.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Announces one byte more than it sends, and waits.
    pub fn unfinished(mut self) -> Self {
        self.missing = 1;
        self
    }

    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        match tokio::time::timeout(PATIENCE, self.exchange()).await {
            Ok(answer) => answer,
            Err(_) => panic!("{what} is not answered within {PATIENCE:?}"),
        }
    }

    async fn exchange(self) -> Answer {
        let mut stream = TcpStream::connect(self.to).await.unwrap();
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.method, self.path, self.to);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = Vec::new();
        if self.chunked {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            bytes.extend(head.as_bytes());
            for chunk in self.body.chunks(8192) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
        } else {
            head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len() + self.missing));
            bytes.extend(head.as_bytes());
            bytes.extend(&self.body);
        }
        let (mut reading, mut writing) = stream.split();
        let mut got = Vec::new();
        // A server that has heard enough answers and hangs up: the rest need not arrive.
        let (_sent, read) = tokio::join!(writing.write_all(&bytes), reading.read_to_end(&mut got));
        if got.is_empty() {
            read.unwrap();
        }
        Answer::parse(&got)
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
        let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunked(&bytes[end + 4..]) } else { bytes[end + 4..].to_vec() };
        Self { status, head, text: String::from_utf8_lossy(&body).into_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.head, self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(is, _)| is.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some(length) = length.filter(|length| *length > 0 && end + 2 + length <= rest.len()) else { break };
        body.extend(&rest[end + 2..end + 2 + length]);
        rest = rest.get(end + 4 + length..).unwrap_or_default();
    }
    body
}
