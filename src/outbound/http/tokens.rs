//! Tokens of the providers: got once for all requests, kept until shortly before they expire, and got anew when one is
//! refused. An adapter's conversation and the transport enter, a token leaves. Never here: a token in a log, an error
//! or a database.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use gangway_core::time::Timestamp;
use parking_lot::Mutex as Lock;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::Transport;
use crate::clock::Clock;
use crate::providers::{Adapter, Far, HttpRequest, Reply, Stop, Token};

/// More requests than any way to a token has.
const LONGEST: usize = 8;

/// The tokens of one process.
#[derive(Debug, Default)]
pub struct Tokens {
    places: Lock<HashMap<Name, Arc<Mutex<Place>>>>,
}

/// Provider, and the token's name there.
type Name = (String, String);

/// What is known of one token. Its lock is held while it is being got: the others wait and take what came.
#[derive(Debug, Default)]
struct Place {
    held: Option<Held>,
    failed: Option<(Timestamp, Stop)>,
}

#[derive(Clone, Debug)]
struct Held {
    value: SecretString,
    until: Option<Timestamp>,
}

impl Tokens {
    /// The token of this name: the known one, else a new one. A caller that waited while another failed to get one
    /// receives that error instead of trying again.
    ///
    /// # Errors
    /// [`Stop::Barred`], [`Stop::Later`] or [`Stop::Away`]: none can be had now.
    pub async fn get(
        &self,
        adapter: &dyn Adapter,
        transport: &dyn Transport,
        clock: &dyn Clock,
        name: &str,
    ) -> Result<SecretString, Stop> {
        let since = clock.now();
        let place = self.place(adapter.name(), name);
        let mut place = place.lock().await;
        let good = |held: &&Held| held.until.is_none_or(|until| clock.now() < until);
        if let Some(held) = place.held.as_ref().filter(good) {
            return Ok(held.value.clone());
        }
        if let Some((_, why)) = place.failed.as_ref().filter(|(at, _)| *at > since) {
            return Err(why.clone());
        }
        place.held = None;
        match fetch(adapter, transport, clock, name).await {
            Ok(held) => {
                let value = held.value.clone();
                (place.held, place.failed) = (Some(held), None);
                Ok(value)
            }
            Err(why) => {
                place.failed = Some((clock.now(), why.clone()));
                Err(why)
            }
        }
    }

    /// Forgets a token that was refused, unless there is a newer one already.
    pub async fn refused(&self, provider: &str, name: &str, token: &SecretString) {
        let place = self.place(provider, name);
        let mut place = place.lock().await;
        if place.held.as_ref().is_some_and(|held| held.value.expose_secret() == token.expose_secret()) {
            place.held = None;
        }
    }

    /// Forgets all tokens of a provider: its settings have changed.
    pub fn clear(&self, provider: &str) {
        self.places.lock().retain(|(of, _), _| of != provider);
    }

    fn place(&self, provider: &str, name: &str) -> Arc<Mutex<Place>> {
        let mut places = self.places.lock();
        Arc::clone(places.entry((provider.to_owned(), name.to_owned())).or_default())
    }
}

async fn fetch(adapter: &dyn Adapter, transport: &dyn Transport, clock: &dyn Clock, name: &str) -> Result<Held, Stop> {
    let far = Asking {
        provider: adapter.name(),
        transport,
        clock,
        sent: AtomicUsize::new(0),
        held_back: AtomicBool::new(false),
    };
    match adapter.token(name, &far).await {
        Ok(Token { value, good_for }) => Ok(Held { value, until: good_for.map(|length| clock.now().plus(length)) }),
        Err(stop) => Err(none(stop, far.held_back.load(Ordering::Relaxed))),
    }
}

/// Why there is no token. A wait before anything was asked (`held_back`) spends nothing; one that is asked for in an
/// answer is a failure that passes.
fn none(stop: Stop, held_back: bool) -> Stop {
    match stop {
        Stop::Later(..) if held_back => stop.said_by("no token yet"),
        other => match other.of_a_token() {
            Stop::Barred(cause) => Stop::Barred(cause),
            passing => passing.said_by("no token"),
        },
    }
}

/// The far end on the way to a token.
struct Asking<'a> {
    provider: &'a str,
    transport: &'a dyn Transport,
    clock: &'a dyn Clock,
    sent: AtomicUsize,
    held_back: AtomicBool,
}

#[async_trait]
impl Far for Asking<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn send(&self, request: HttpRequest) -> Result<Reply, Stop> {
        if self.sent.fetch_add(1, Ordering::Relaxed) == LONGEST {
            let fault = "this is a fault of the adapter";
            return Err(Stop::Away(format!("the way to a token did not end after {LONGEST} requests; {fault}"), None));
        }
        let answer = self.transport.send(self.provider, request).await;
        self.held_back.store(matches!(answer, Err(Stop::Later(..))), Ordering::Relaxed);
        answer
    }
}

#[cfg(test)]
mod tests;
