//! One attempt of a call: the adapter's conversation, carried out. Which of its requests may have done something is
//! remembered, so that whatever cuts it off leaves the right doubt behind.

use std::sync::{Mutex, PoisonError};

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::attempt::Attempted;
use super::breaker::Health;
use super::http::{NoToken, SendError, Tokens, Transport};
use crate::clock::Clock;
use crate::providers::{Adapter, Call, Reply, Request, Turn};
use crate::store::types::LeasedEffect;

/// More requests than any conversation has; an adapter that asks for more goes in a circle.
const LONGEST: usize = 24;

/// How far a conversation came; outlives one that is cut off by its time limit.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Trace>);

#[derive(Clone, Debug, Default)]
struct Trace {
    sent_at: Option<Timestamp>,
    touched: bool,
    status: Option<u16>,
}

impl Progress {
    fn sending(&self, now: Timestamp, effectful: bool) {
        let mut trace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first effectful request decides since when something may have been done.
        if trace.sent_at.is_none() || (effectful && !trace.touched) {
            trace.sent_at = Some(now);
        }
        trace.touched |= effectful;
    }

    fn answered(&self, status: u16) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).status = Some(status);
    }

    fn not_sent(&self, touched_before: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).touched = touched_before;
    }

    /// Whether something may have been done.
    pub(super) fn touched(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).touched
    }

    fn ended(&self, result: AttemptResult, health: Option<Health>, now: Timestamp) -> Attempted {
        let trace = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let health = health.unwrap_or_else(|| health_of(trace.status));
        Attempted { result, sent_at: trace.sent_at.unwrap_or(now), health }
    }

    /// The end of a conversation that took too long as a whole.
    pub fn timed_out(&self, limit: Millis, now: Timestamp) -> Attempted {
        let cause = format!("not finished within {limit}");
        self.ended(undecided(self.touched(), cause.clone()), Some(Health::Failing(cause)), now)
    }
}

/// A provider and the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Translates.
    pub adapter: &'a dyn Adapter,
    /// Sends.
    pub transport: &'a dyn Transport,
    /// Keeps its tokens.
    pub tokens: &'a Tokens,
}

/// Carries out one attempt.
pub async fn converse(
    way: Way<'_>,
    clock: &dyn Clock,
    (effect, action, input): (&LeasedEffect, &str, &Map<String, Value>),
    progress: &Progress,
) -> Attempted {
    let action = action.split_once('.').map_or(action, |(_, action)| action);
    let adapter = way.adapter;
    let call = |now| Call {
        action,
        input,
        effect: effect.id,
        mode: effect.mode,
        uncertain_since: effect.uncertain_since,
        now,
    };
    let mut turn = adapter.begin(&call(clock.now()));
    for _ in 0..LONGEST {
        let (request, stage) = match turn {
            Turn::Send(request, stage) => (request, stage),
            Turn::Ended(result) => return progress.ended(result, None, clock.now()),
            Turn::Barred(cause) => return progress.ended(barred(&cause), Some(Health::Barred(cause)), clock.now()),
        };
        let (touched, effectful) = (progress.touched(), request.effectful);
        progress.sending(clock.now(), effectful);
        match way.send(clock, request).await {
            Ok(reply) => {
                progress.answered(reply.status);
                turn = adapter.resume(&call(clock.now()), &stage, &reply);
            }
            Err(Unsent::NoToken(why)) => {
                progress.not_sent(touched);
                let (result, health) = without_token(adapter.name(), why, touched);
                return progress.ended(result, Some(health), clock.now());
            }
            Err(Unsent::Error(error)) => {
                if !matches!(error, SendError::Cut(_)) {
                    progress.not_sent(touched);
                }
                let (result, health) = unanswered(adapter.name(), error, effectful, touched);
                return progress.ended(result, Some(health), clock.now());
            }
        }
    }
    let cause = format!("the conversation did not end after {LONGEST} requests; this is a fault of the adapter");
    progress.ended(AttemptResult::Broken { cause }, None, clock.now())
}

/// Why a request has no answer.
enum Unsent {
    NoToken(NoToken),
    Error(SendError),
}

impl Way<'_> {
    /// Sends a request, with its token if it needs one. A 401 may only mean that the token was taken back: it did
    /// nothing, so it is sent once more with a new one.
    async fn send(&self, clock: &dyn Clock, request: Request) -> Result<Reply, Unsent> {
        let Some(name) = request.token else { return self.transmit(request).await };
        let token = self.token(clock, name).await?;
        let reply = self.transmit(with_token(request.clone(), &token)).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        self.tokens.refused(self.adapter.name(), name, &token).await;
        let token = self.token(clock, name).await?;
        self.transmit(with_token(request, &token)).await
    }

    async fn token(&self, clock: &dyn Clock, name: &str) -> Result<SecretString, Unsent> {
        self.tokens.get(self.adapter, self.transport, clock, name).await.map_err(Unsent::NoToken)
    }

    async fn transmit(&self, request: Request) -> Result<Reply, Unsent> {
        self.transport.send(self.adapter.name(), request).await.map_err(Unsent::Error)
    }
}

fn with_token(mut request: Request, token: &SecretString) -> Request {
    let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
    request.secret_headers.push(("authorization", bearer));
    request
}

/// What a missing token means: the request was not sent.
fn without_token(provider: &str, why: NoToken, touched: bool) -> (AttemptResult, Health) {
    let cause = format!("{provider}: {why}");
    match why {
        _ if touched => (AttemptResult::Unknown { cause: cause.clone() }, Health::Failing(cause)),
        NoToken::Barred(_) => (barred(&cause), Health::Barred(cause)),
        NoToken::NotYet { wait, .. } => {
            (AttemptResult::Again { cause, retry_after: Some(wait), spent: false }, Health::Unsaid)
        }
        NoToken::Away { retry_after, .. } => {
            (AttemptResult::Again { cause: cause.clone(), retry_after, spent: true }, Health::Failing(cause))
        }
    }
}

/// What a missing answer means. `touched`: an earlier request of this conversation may have done something.
fn unanswered(provider: &str, error: SendError, effectful: bool, touched: bool) -> (AttemptResult, Health) {
    let cause = format!("{provider}: {error}");
    match error {
        SendError::NotSent(_) => (undecided(touched, cause.clone()), Health::Failing(cause)),
        SendError::Cut(_) => (undecided(touched || effectful, cause.clone()), Health::Failing(cause)),
        _ if touched => (AttemptResult::Unknown { cause }, Health::Unsaid),
        SendError::Barred(_) => (barred(&cause), Health::Barred(cause)),
        SendError::Throttled(wait) | SendError::NotYet(wait) => {
            (AttemptResult::Again { cause, retry_after: Some(wait), spent: false }, Health::Unsaid)
        }
    }
}

fn undecided(may_be_done: bool, cause: String) -> AttemptResult {
    if may_be_done {
        AttemptResult::Unknown { cause }
    } else {
        AttemptResult::Again { cause, retry_after: None, spent: true }
    }
}

fn barred(cause: &str) -> AttemptResult {
    AttemptResult::Again { cause: cause.to_owned(), retry_after: None, spent: false }
}

fn health_of(status: Option<u16>) -> Health {
    match status {
        Some(status @ 500..=599) => Health::Failing(format!("answered {status}")),
        Some(429) | None => Health::Unsaid,
        Some(_) => Health::Well,
    }
}

#[cfg(test)]
mod tests {
    use super::{health_of, unanswered, without_token};
    use crate::outbound::breaker::Health;
    use crate::outbound::http::{NoToken, SendError};
    use gangway_core::outcome::AttemptResult;
    use gangway_core::time::Millis;

    #[test]
    fn a_missing_answer_leaves_doubt_only_where_something_may_have_been_done() {
        let not_sent = || SendError::NotSent("refused".to_owned());
        let cut = || SendError::Cut("time-out".to_owned());
        let barred = || SendError::Barred("inside".to_owned());
        let throttled = || SendError::Throttled(Millis::secs(3));
        let rows = [
            (not_sent(), true, false, "again"),
            (not_sent(), false, false, "again"),
            (not_sent(), false, true, "unknown"),
            (cut(), true, false, "unknown"),
            (cut(), false, false, "again"),
            (cut(), false, true, "unknown"),
            (barred(), true, false, "free"),
            (barred(), true, true, "unknown"),
            (throttled(), true, false, "free"),
            (throttled(), false, true, "unknown"),
            (SendError::NotYet(Millis::secs(3)), true, false, "free"),
            (SendError::NotYet(Millis::secs(3)), true, true, "unknown"),
        ];
        for (error, effectful, touched, ends) in rows {
            let (result, _) = unanswered("original", error.clone(), effectful, touched);
            let word = match result {
                AttemptResult::Unknown { .. } => "unknown",
                AttemptResult::Again { spent: true, .. } => "again",
                AttemptResult::Again { .. } => "free",
                _ => "other",
            };
            assert_eq!(word, ends, "{error:?}, effectful {effectful}, touched {touched}");
        }
    }

    #[test]
    fn a_token_that_must_wait_for_its_turn_spends_no_attempt() {
        let later = || NoToken::NotYet { cause: "its turn".to_owned(), wait: Millis::secs(3) };
        let (result, health) = without_token("acme", later(), false);
        assert!(matches!(result, AttemptResult::Again { retry_after: Some(Millis(3_000)), spent: false, .. }));
        assert_eq!(health, Health::Unsaid);
        assert!(matches!(without_token("acme", later(), true).0, AttemptResult::Unknown { .. }));
    }

    #[test]
    fn only_an_answer_of_the_far_end_itself_says_that_it_is_well() {
        assert_eq!(health_of(Some(400)), Health::Well);
        assert_eq!(health_of(Some(201)), Health::Well);
        assert_eq!(health_of(Some(502)), Health::Failing("answered 502".to_owned()));
        assert_eq!((health_of(Some(429)), health_of(None)), (Health::Unsaid, Health::Unsaid));
    }
}
