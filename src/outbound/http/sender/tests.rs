//! Against a real socket on this machine: each far end misbehaves in one way.

use std::sync::Arc;
use std::time::Duration;

use gangway_core::time::Millis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::HttpSender;
use crate::clock::{HandClock, Stopwatch, SystemClock};
use crate::outbound::http::{Limits, Transport};
use crate::providers::{HttpRequest, Rate, Reply, Stop};
use crate::settings::outbound::OutboundSettings;
use gangway_core::time::Timestamp;

/// A far end that takes connections, reads a request, writes these bytes and then does as told.
struct FarEnd {
    address: String,
    seen: Arc<std::sync::Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
enum After {
    Close,
    Hang,
}

impl FarEnd {
    async fn new(answer: Vec<u8>, after: After) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                noted.lock().unwrap().push(request);
                let _ = stream.write_all(&answer).await;
                let _ = stream.flush().await;
                if matches!(after, After::Hang) {
                    let () = std::future::pending().await;
                }
            }
        });
        Self { address, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let (mut all, mut buffer) = (Vec::new(), [0_u8; 4096]);
    while !all.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn settings() -> OutboundSettings {
    OutboundSettings { allow_private: true, reply_limit: 4096, ..OutboundSettings::default() }
}

fn sender(settings: &OutboundSettings) -> HttpSender {
    HttpSender::new(settings, Arc::new(Limits::default()), Arc::new(SystemClock)).unwrap()
}

fn request(url: String) -> HttpRequest {
    HttpRequest {
        method: "POST",
        url,
        query: vec![("email".to_owned(), "ada+1@example.com".to_owned())],
        headers: vec![("content-type", "application/json".to_owned())],
        secret_headers: vec![("x-api-key", "secret-key".to_owned().into())],
        body: Some(b"{}".to_vec()),
        effectful: true,
        named_headers: vec![("X-Of-A-Definition".to_owned(), "named".to_owned().into())],
        token: None,
        rated: None,
        loggable: &["success"],
    }
}

/// Asks a far end that behaves so; soon enough given up where the answer never comes to its end.
async fn ask(answer: &str, after: After) -> Result<Reply, Stop> {
    let far = FarEnd::new(answer.as_bytes().to_vec(), after).await;
    let soon = OutboundSettings { request_timeout: Millis(3000), ..settings() };
    sender(&if matches!(after, After::Hang) { soon } else { settings() })
        .send("original", request(format!("http://{}/user", far.address)))
        .await
}

fn cut(result: &Result<Reply, Stop>) -> bool {
    matches!(result, Err(Stop::Unclear(_)))
}

#[tokio::test]
async fn an_answer_comes_back_whole_with_lower_case_headers_whatever_its_status() {
    let answer = "HTTP/1.1 418 Teapot\r\nX-RateLimit-Limit: 9\r\ncontent-length: 4\r\n\r\n{\"a\"";
    let reply = ask(answer, After::Close).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (418, b"{\"a\"".as_slice()));
    assert!(reply.headers.contains(&("x-ratelimit-limit".to_owned(), "9".to_owned())), "{:?}", reply.headers);
}

#[tokio::test]
async fn query_and_secret_headers_arrive_encoded_and_unchanged() {
    let far = FarEnd::new(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), After::Close).await;
    sender(&settings()).send("original", request(format!("http://{}/user", far.address))).await.unwrap();
    let seen = far.seen().remove(0);
    assert!(seen.starts_with("POST /user?email=ada%2B1%40example.com HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-api-key: secret-key\r\n"), "{seen}");
}

#[tokio::test]
async fn silence_and_every_kind_of_cut_after_sending_is_a_cut() {
    assert!(cut(&ask("", After::Hang).await), "silence");
    assert!(cut(&ask("", After::Close).await), "closed before the headers");
    assert!(cut(&ask("HTTP/1.1 201 Cre", After::Close).await), "closed inside the headers");
    assert!(
        cut(&ask("HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{\"a", After::Close).await),
        "closed inside the body"
    );
    assert!(
        cut(&ask("HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{\"a", After::Hang).await),
        "hangs inside the body"
    );
    assert!(cut(&ask("220 mail.example.com ESMTP\r\n\r\n", After::Close).await), "not HTTP at all");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let inner = FarEnd::new(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), After::Close).await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", inner.address);
    assert_eq!(ask(&answer, After::Close).await.unwrap().status, 302);
    assert!(inner.seen().is_empty());
}

#[tokio::test]
async fn an_answer_of_any_length_costs_no_more_than_the_limit() {
    let told = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 50 * 1024 * 1024);
    assert!(cut(&ask(&told, After::Hang).await), "told beforehand");
    let mut untold = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    for _ in 0..5 {
        untold.push_str(&format!("400\r\n{}\r\n", "x".repeat(1024)));
    }
    let result = ask(&untold, After::Hang).await;
    assert!(matches!(&result, Err(Stop::Unclear(cause)) if cause.contains("longer than 4096")), "{result:?}");
}

#[tokio::test]
async fn before_the_connection_stands_nothing_was_sent() {
    // Bound and not listening: it refuses, and nothing else gets the port meanwhile.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let free = nobody.local_addr().unwrap();
    let sender = sender(&settings());
    let refused = sender.send("original", request(format!("http://{free}/user"))).await;
    assert!(matches!(&refused, Err(Stop::Away(..))), "{refused:?}");
    let nameless = sender.send("original", request("http://no-such-host.invalid/user".to_owned())).await;
    assert!(matches!(&nameless, Err(Stop::Away(..))), "{nameless:?}");
    let far = FarEnd::new(b"this is not TLS at all\r\n\r\n".to_vec(), After::Close).await;
    let plain = sender.send("original", request(format!("https://{}/user", far.address))).await;
    assert!(matches!(&plain, Err(Stop::Away(..))), "{plain:?}");
    for result in [refused, nameless, plain] {
        let told = format!("{result:?}");
        assert!(!told.contains("ada") && !told.contains("secret-key"), "{told}");
    }
}

#[tokio::test]
async fn an_inner_address_is_refused_as_a_literal_and_through_its_name() {
    let far = FarEnd::new(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), After::Close).await;
    let sender = sender(&OutboundSettings { allow_private: false, ..settings() });
    let port = far.address.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let result = sender.send("original", request(format!("http://{host}:{port}/user"))).await;
        assert!(matches!(&result, Err(Stop::Barred(cause)) if cause.contains("allow_private")), "{host}: {result:?}");
    }
    assert!(far.seen().is_empty());
}

#[tokio::test]
async fn what_cannot_be_sent_at_all_is_barred_and_says_which_setting() {
    let sender = sender(&settings());
    for url in ["not an address", "ftp://example.com/x", "data:text/plain,x"] {
        let result = sender.send("original", request(url.to_owned())).await;
        assert!(matches!(&result, Err(Stop::Barred(cause)) if cause.contains("base_url")), "{url}: {result:?}");
    }
    let mut bad = request("http://127.0.0.1:1/".to_owned());
    bad.secret_headers = vec![("x-api-key", "line\r\nbreak".to_owned().into())];
    assert!(matches!(sender.send("original", bad).await, Err(Stop::Barred(_))));
}

#[tokio::test]
async fn a_request_waits_for_its_turn_and_one_whose_turn_is_far_away_is_not_sent() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let far = FarEnd::new(answer.as_bytes().to_vec(), After::Close).await;
    let (limits, clock) = (Arc::new(Limits::default()), HandClock::at(Timestamp(1_000_000)));
    let sender = HttpSender::new(&settings(), Arc::clone(&limits), Arc::new(clock.clone())).unwrap();
    let send = || sender.send("acme", request(format!("http://{}/member", far.address)));
    limits.rates.set("acme", Some(Rate { requests: 5, per: Millis::secs(1) }));
    assert_eq!(send().await.unwrap().status, 200);
    let watch = Stopwatch::start();
    assert_eq!(send().await.unwrap().status, 200);
    assert!(watch.elapsed() >= Duration::from_millis(200), "{:?}", watch.elapsed());
    limits.rates.set("acme", Some(Rate { requests: 1, per: Millis::secs(60) }));
    assert!(matches!(send().await.unwrap_err(), Stop::Later(_, Some(wait)) if wait > settings().patience()));
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn after_a_429_the_provider_is_left_alone_until_it_says() {
    let answer = "HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    let far = FarEnd::new(answer.as_bytes().to_vec(), After::Close).await;
    let clock = HandClock::at(Timestamp(1_000_000));
    let sender = HttpSender::new(&settings(), Arc::new(Limits::default()), Arc::new(clock.clone())).unwrap();
    let send = || sender.send("original", request(format!("http://{}/user", far.address)));
    assert_eq!(send().await.unwrap().status, 429);
    clock.advance(Millis::secs(10));
    assert!(matches!(send().await.unwrap_err(), Stop::Later(_, Some(Millis(20_000)))));
    clock.advance(Millis::secs(20));
    assert_eq!(send().await.unwrap().status, 429);
    assert_eq!(far.seen().len(), 2);
}
