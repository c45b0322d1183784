//! One attempt of a call: the adapter's conversation, carried out. Which of its requests may have done something is
//! remembered, so that whatever cuts it off leaves the right doubt behind.

use async_trait::async_trait;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use secrecy::{ExposeSecret, SecretString};

use super::Attempted;
use crate::clock::Clock;
use crate::outbound::breaker::Health;
use crate::outbound::http::{Tokens, Transport};
use crate::providers::{Adapter, Call, Far, HttpRequest, Reply, Stop};

/// More requests than any conversation has; an adapter that asks for more goes in a circle.
const LONGEST: usize = 24;

/// How far a conversation came; outlives one that is cut off by its time limit.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Trace>);

#[derive(Clone, Debug, Default)]
struct Trace {
    sent: usize,
    sent_at: Option<Timestamp>,
    /// Something may have been done.
    touched: bool,
    /// What is unclear now may have been done: by the request that was answered, or, without an answer, by any so far.
    doubt: bool,
    status: Option<u16>,
    /// What the missing answer says of the far end.
    missing: Option<Health>,
}

impl Progress {
    fn trace(&self) -> MutexGuard<'_, Trace> {
        self.0.lock()
    }

    /// Notes a request that is about to be sent: whether an earlier one may have done something.
    fn sending(&self, now: Timestamp, effectful: bool) -> Result<bool, Stop> {
        let mut trace = self.trace();
        if trace.sent == LONGEST {
            let fault = "this is a fault of the adapter";
            return Err(Stop::Broken(format!("the conversation did not end after {LONGEST} requests; {fault}")));
        }
        let before = trace.touched;
        // The first effectful request decides since when something may have been done.
        if trace.sent_at.is_none() || (effectful && !before) {
            trace.sent_at = Some(now);
        }
        trace.sent += 1;
        trace.touched |= effectful;
        Ok(before)
    }

    fn answered(&self, status: u16, effectful: bool) {
        let mut trace = self.trace();
        (trace.status, trace.missing, trace.doubt) = (Some(status), None, effectful);
    }

    /// What a missing answer means. `before`: an earlier request of this conversation may have done something.
    fn unanswered(&self, stop: Stop, before: bool) -> Stop {
        let mut trace = self.trace();
        if !matches!(stop, Stop::Unclear(_)) {
            trace.touched = before;
        }
        trace.doubt = trace.touched;
        trace.missing = Some(match &stop {
            Stop::Barred(_) | Stop::Denied(_) | Stop::Later(..) => Health::Unsaid,
            other => Health::Failing(other.cause().to_owned()),
        });
        if trace.touched { Stop::unclear(stop.cause()) } else { stop }
    }

    /// Whether something may have been done.
    pub(super) fn touched(&self) -> bool {
        self.trace().touched
    }

    fn ended(&self, ended: Result<Answer, Stop>, now: Timestamp) -> Attempted {
        let Trace { sent_at, doubt, status, missing, .. } = self.trace().clone();
        let sent_at = sent_at.unwrap_or(now);
        let health = match &ended {
            Err(Stop::Barred(cause)) => Health::Barred(cause.clone()),
            Err(Stop::Denied(cause)) => Health::Denied(cause.clone()),
            _ => missing.unwrap_or_else(|| health_of(status)),
        };
        let result = ended.map_or_else(|stop| stop.ended(doubt), AttemptResult::Done);
        Attempted { result, sent_at, health }
    }

    /// The end of a conversation that took too long as a whole.
    pub fn timed_out(&self, limit: Millis, now: Timestamp) -> Attempted {
        let cause = format!("not finished within {limit}");
        let Trace { sent_at, touched, .. } = *self.trace();
        let result = Stop::unclear(&cause).ended(touched);
        Attempted { result, sent_at: sent_at.unwrap_or(now), health: Health::Failing(cause) }
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
pub async fn converse(way: Way<'_>, clock: &dyn Clock, call: &Call<'_>, progress: &Progress) -> Attempted {
    let ended = way.adapter.call(call, &Line { way, clock, progress }).await;
    progress.ended(ended, clock.now())
}

/// The far end of one conversation.
struct Line<'a> {
    way: Way<'a>,
    clock: &'a dyn Clock,
    progress: &'a Progress,
}

#[async_trait]
impl Far for Line<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn send(&self, request: HttpRequest) -> Result<Reply, Stop> {
        let effectful = request.effectful;
        let before = self.progress.sending(self.clock.now(), effectful)?;
        match self.answer(request, before).await {
            Ok(reply) => {
                self.progress.answered(reply.status, effectful);
                Ok(reply)
            }
            Err(stop) => Err(self.progress.unanswered(stop.said_by(self.way.adapter.name()), before)),
        }
    }
}

impl Line<'_> {
    /// The answer to a request, sent with its token if it needs one. A 401 may only mean that the token was taken back:
    /// it did nothing, so the request is sent once more with a new one.
    async fn answer(&self, request: HttpRequest, before: bool) -> Result<Reply, Stop> {
        let Some(name) = request.token else { return self.transmit(request).await };
        let token = self.token(name, before).await?;
        let reply = self.transmit(with_token(request.clone(), &token)).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        self.way.tokens.refused(self.way.adapter.name(), name, &token).await;
        let token = self.token(name, before).await?;
        self.transmit(with_token(request, &token)).await
    }

    /// In the middle of a conversation, a token that cannot be had is a failure, whatever the cause.
    async fn token(&self, name: &str, before: bool) -> Result<SecretString, Stop> {
        let Way { adapter, transport, tokens } = self.way;
        let token = tokens.get(adapter, transport, self.clock, name).await;
        token.map_err(|stop| if before { Stop::away(stop.cause()) } else { stop })
    }

    async fn transmit(&self, request: HttpRequest) -> Result<Reply, Stop> {
        self.way.transport.send(self.way.adapter.name(), request).await
    }
}

fn with_token(mut request: HttpRequest, token: &SecretString) -> HttpRequest {
    let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
    request.secret_headers.push(("authorization", bearer));
    request
}

fn health_of(status: Option<u16>) -> Health {
    match status {
        Some(status @ 500..=599) => Health::Failing(format!("answered {status}")),
        Some(429) | None => Health::Unsaid,
        Some(_) => Health::Well,
    }
}

#[cfg(test)]
mod tests;
