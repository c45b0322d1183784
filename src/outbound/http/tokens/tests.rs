//! One token for everyone: adapter and transport played, time by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use gangway_core::catalogue::Catalogue;
use gangway_core::outcome::Answer;
use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::Tokens;
use crate::clock::HandClock;
use crate::outbound::http::Transport;
use crate::providers::{Adapter, Call, Delivery, Far, HttpRequest, Reading, Reply, Stop, Token, Unreadable};

/// Takes the answer's body for the token, good for a minute; 401 is a refusal.
#[derive(Debug)]
struct Plain;

#[async_trait]
impl Adapter for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn describe(&self, _: &mut Catalogue) {}

    async fn call(&self, _: &Call<'_>, _: &dyn Far) -> Result<Answer, Stop> {
        Err(Stop::NotDone)
    }

    async fn token(&self, _: &str, far: &dyn Far) -> Result<Token, Stop> {
        let reply = far.send(HttpRequest::default()).await?;
        match reply.status {
            401 => Err(Stop::Barred("credentials".to_owned())),
            429 => Err(Stop::throttled("it", None)),
            _ => {
                let value = String::from_utf8_lossy(&reply.body).into_owned().into();
                Ok(Token { value, good_for: Some(Millis::secs(60)) })
            }
        }
    }

    fn read(&self, _: &Delivery<'_>) -> Result<Reading, Unreadable> {
        Err(Unreadable(String::new()))
    }
}

/// Counts what it sends, and answers when its gate is opened.
#[derive(Debug)]
struct Wire {
    sent: AtomicUsize,
    gate: Semaphore,
    status: u16,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, _: &str, _: HttpRequest) -> Result<Reply, Stop> {
        let nth = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        let body = format!("token-{nth}").into_bytes();
        Ok(Reply { status: self.status, headers: Vec::new(), body, sent_at: Timestamp(0), received_at: Timestamp(0) })
    }
}

fn wire(status: u16, open: usize) -> Arc<Wire> {
    Arc::new(Wire { sent: AtomicUsize::new(0), gate: Semaphore::new(open), status })
}

async fn get(tokens: &Tokens, wire: &Wire, clock: &HandClock) -> Result<SecretString, Stop> {
    tokens.get(&Plain, wire, clock, "service").await
}

fn text(token: &SecretString) -> &str {
    token.expose_secret()
}

#[tokio::test]
async fn many_that_need_a_token_at_once_cause_one_request() {
    let (tokens, wire, clock) = (Arc::new(Tokens::default()), wire(200, 0), HandClock::at(Timestamp(0)));
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let (tokens, wire, clock) = (Arc::clone(&tokens), Arc::clone(&wire), clock.clone());
            tokio::spawn(async move { get(&tokens, &wire, &clock).await })
        })
        .collect();
    wire.gate.add_permits(20);
    for one in asking {
        assert_eq!(text(&one.await.unwrap().unwrap()), "token-1");
    }
    assert_eq!(wire.sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_is_kept_until_its_time_is_over_or_it_is_refused() {
    let (tokens, wire, clock) = (Tokens::default(), wire(200, 9), HandClock::at(Timestamp(0)));
    let first = get(&tokens, &wire, &clock).await.unwrap();
    clock.advance(Millis::secs(59));
    assert_eq!(text(&get(&tokens, &wire, &clock).await.unwrap()), "token-1");
    clock.advance(Millis::secs(1));
    let second = get(&tokens, &wire, &clock).await.unwrap();
    assert_eq!(text(&second), "token-2");
    tokens.refused("plain", "service", &first).await;
    assert_eq!(text(&get(&tokens, &wire, &clock).await.unwrap()), "token-2", "an old one's refusal says nothing");
    tokens.refused("plain", "service", &second).await;
    assert_eq!(text(&get(&tokens, &wire, &clock).await.unwrap()), "token-3");
    tokens.clear("plain");
    assert_eq!(text(&get(&tokens, &wire, &clock).await.unwrap()), "token-4", "the settings were mended");
}

/// A provider that takes no request now.
#[derive(Debug)]
struct NotNow(Stop);

#[async_trait]
impl Transport for NotNow {
    async fn send(&self, _: &str, _: HttpRequest) -> Result<Reply, Stop> {
        Err(self.0.clone())
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_asked_for_yet_says_when() {
    let clock = HandClock::at(Timestamp(0));
    let later = Stop::Later("its turn".to_owned(), Some(Millis::secs(3)));
    let got = Tokens::default().get(&Plain, &NotNow(later), &clock, "service").await;
    assert_eq!(got.unwrap_err(), Stop::Later("no token yet: its turn".to_owned(), Some(Millis::secs(3))));
}

#[tokio::test]
async fn refused_credentials_are_told_and_asked_for_again_by_whoever_comes_later() {
    let (tokens, wire, clock) = (Tokens::default(), wire(401, 9), HandClock::at(Timestamp(0)));
    for nth in 1..3 {
        let refused = get(&tokens, &wire, &clock).await;
        assert_eq!(refused.unwrap_err(), Stop::Barred("credentials".to_owned()));
        assert_eq!(wire.sent.load(Ordering::SeqCst), nth);
        clock.advance(Millis(1));
    }
}

#[tokio::test]
async fn a_token_that_did_not_come_is_away_also_where_the_answer_asks_to_wait() {
    let clock = HandClock::at(Timestamp(0));
    let throttled = get(&Tokens::default(), &wire(429, 9), &clock).await;
    assert!(matches!(&throttled, Err(Stop::Away(cause, None)) if cause.starts_with("no token: 429")), "{throttled:?}");
    for stop in [Stop::away("no connection"), Stop::unclear("cut off")] {
        let cause = format!("no token: {stop}");
        let got = Tokens::default().get(&Plain, &NotNow(stop), &clock, "service").await;
        assert_eq!(got.unwrap_err(), Stop::Away(cause, None));
    }
}
