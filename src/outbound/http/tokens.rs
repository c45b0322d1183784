//! Tokens of the providers: got once for everyone who needs one, kept until shortly before they expire, and got anew
//! when one is refused. An adapter's conversation and the transport enter, a token leaves. Never here: a token in a
//! log, an error or a database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::{SendError, Transport};
use crate::clock::Clock;
use crate::providers::{Adapter, TokenTurn};

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
    failed: Option<(Timestamp, NoToken)>,
}

#[derive(Clone, Debug)]
struct Held {
    value: SecretString,
    until: Option<Timestamp>,
}

/// Why there is no token. Causes hold no personal data and no secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The provider refuses us as a whole: the settings must be mended.
    #[error("{0}")]
    Barred(String),
    /// It is not the time to ask for one: nothing was sent.
    #[error("no token yet: {cause}")]
    NotYet {
        /// Why.
        cause: String,
        /// How long to wait.
        wait: Millis,
    },
    /// Passing.
    #[error("no token: {cause}")]
    Away {
        /// What happened.
        cause: String,
        /// The provider asked to wait this long.
        retry_after: Option<Millis>,
    },
}

impl Tokens {
    /// The token of this name: the one that is known, else a new one. Whoever waited while somebody else failed to
    /// get one is told the same instead of trying again.
    ///
    /// # Errors
    /// [`NoToken`].
    pub async fn get(
        &self,
        adapter: &dyn Adapter,
        transport: &dyn Transport,
        clock: &dyn Clock,
        name: &str,
    ) -> Result<SecretString, NoToken> {
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

    /// Forgets a token that was refused, unless somebody has got a newer one already.
    pub async fn refused(&self, provider: &str, name: &str, token: &SecretString) {
        let place = self.place(provider, name);
        let mut place = place.lock().await;
        if place.held.as_ref().is_some_and(|held| held.value.expose_secret() == token.expose_secret()) {
            place.held = None;
        }
    }

    /// Forgets all tokens of a provider: its settings have changed.
    pub fn clear(&self, provider: &str) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != provider);
    }

    fn place(&self, provider: &str, name: &str) -> Arc<Mutex<Place>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry((provider.to_owned(), name.to_owned())).or_default())
    }
}

async fn fetch(
    adapter: &dyn Adapter,
    transport: &dyn Transport,
    clock: &dyn Clock,
    name: &str,
) -> Result<Held, NoToken> {
    let mut turn = adapter.token(name, clock.now());
    for _ in 0..LONGEST {
        let (request, stage) = match turn {
            TokenTurn::Send(request, stage) => (request, stage),
            TokenTurn::Token { value, good_for } => {
                return Ok(Held { value, until: good_for.map(|length| clock.now().plus(length)) });
            }
            TokenTurn::Barred(cause) => return Err(NoToken::Barred(cause)),
            TokenTurn::Away { cause, retry_after } => return Err(NoToken::Away { cause, retry_after }),
        };
        turn = match transport.send(adapter.name(), request).await {
            Ok(reply) => adapter.token_reply(name, &stage, &reply, clock.now()),
            Err(SendError::Barred(cause)) => return Err(NoToken::Barred(cause)),
            Err(error @ (SendError::Throttled(wait) | SendError::NotYet(wait))) => {
                return Err(NoToken::NotYet { cause: error.to_string(), wait });
            }
            Err(SendError::NotSent(cause) | SendError::Cut(cause)) => {
                return Err(NoToken::Away { cause, retry_after: None });
            }
        };
    }
    let cause = format!("the way to a token did not end after {LONGEST} requests; this is a fault of the adapter");
    Err(NoToken::Away { cause, retry_after: None })
}

#[cfg(test)]
mod tests;
