//! Performs one leased effect, whatever its kind, within a time limit. A result always comes out; nothing is stored.

pub mod call; // an adapter's conversation, carried out
pub mod outcome; // how an attempt ended, as an event
mod safe; // until when something may begin
pub mod secrets; // put where an effect names them

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::effect::Request;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};

use self::call::{Progress, Way};
use self::safe::Safe;
use self::secrets::SecretSource;
use super::breaker::Health;
use super::http::{Tokens, Transport};
use crate::clock::{Clock, Moment};
use crate::providers::Call;
use crate::providers::directory::Directory;
use crate::store::types::LeasedEffect;

/// How an attempt ended, and what it says about the far end.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempted {
    /// How it ended.
    pub result: AttemptResult,
    /// When the request was sent that decides (the first that may have changed something).
    pub sent_at: Timestamp,
    /// For the breakers.
    pub health: Health,
}

/// Performs effects of one kind: what `mail`, `publish` and `children` do.
#[async_trait]
pub trait Performs: Send + Sync + std::fmt::Debug {
    /// Performs an effect of its kind, within its own time limit.
    async fn perform(&self, effect: &LeasedEffect) -> Attempted;
}

/// Everything that can perform something.
#[derive(Clone, Debug)]
pub struct Performers {
    /// Adapters by name.
    pub adapters: Arc<Directory>,
    /// The way to the providers.
    pub transport: Arc<dyn Transport>,
    /// Their tokens.
    pub tokens: Arc<Tokens>,
    /// Opens what effects name and do not hold.
    pub secrets: Arc<dyn SecretSource>,
    /// Sends mails, where a server is set.
    pub mail: Option<Arc<dyn Performs>>,
    /// Publishes, where a broker is set.
    pub publish: Option<Arc<dyn Performs>>,
    /// Begins children and tells parents.
    pub children: Arc<dyn Performs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Longest time for one attempt as a whole.
    pub limit: Millis,
}

impl Performers {
    /// Performs one effect that was leased at this moment; nothing of it begins after the lease's safe end.
    pub async fn perform(&self, effect: &LeasedEffect, leased: Moment) -> Attempted {
        let safe = Safe::new(leased, self.limit, Arc::clone(&self.clock));
        if safe.over() {
            return self.not_begun();
        }
        let progress = Progress::default();
        let attempted = safe.during(self.perform_in_time(effect, &progress)).await;
        attempted.unwrap_or_else(|| self.cut_off(effect, &progress, &safe))
    }

    async fn perform_in_time(&self, effect: &LeasedEffect, progress: &Progress) -> Attempted {
        match secrets::filled(&*self.secrets, effect).await {
            Ok(None) => self.perform_filled(effect, progress).await,
            Ok(Some(filled)) => self.perform_filled(&filled, progress).await,
            Err(cause) => self.ended(AttemptResult::Again { cause, retry_after: None, spent: false }),
        }
    }

    /// Its lease was as good as over before anything was begun: another may have taken it up by now.
    fn not_begun(&self) -> Attempted {
        let cause = "not begun: its lease was nearly over, this process was held up".to_owned();
        self.ended(AttemptResult::Again { cause, retry_after: None, spent: false })
    }

    /// The safe part of its lease was over while it was being performed.
    fn cut_off(&self, effect: &LeasedEffect, progress: &Progress, safe: &Safe) -> Attempted {
        match effect.request {
            Request::Call { .. } if safe.overslept() && !progress.touched() => self.not_begun(),
            Request::Call { .. } => progress.timed_out(self.limit, self.clock.now()),
            // Handed in, or published, twice it is one event.
            Request::Publish { .. } | Request::Lifecycle { .. } | Request::Start { .. } | Request::Tell { .. } => {
                self.not_begun()
            }
            Request::Mail { .. } => {
                let cause = format!("not finished within {}", self.limit);
                self.ended(AttemptResult::Unknown { cause })
            }
        }
    }

    async fn perform_filled(&self, effect: &LeasedEffect, progress: &Progress) -> Attempted {
        match &effect.request {
            Request::Call { action, input, .. } => {
                let provider = action.split_once('.').map_or("", |(provider, _)| provider);
                let Some(adapter) = self.adapters.get(provider) else {
                    return self.missing(format!("providers.{provider} is not set up; add its settings and restart"));
                };
                let call = Call {
                    action: action.split_once('.').map_or(action, |(_, action)| action),
                    input,
                    effect: effect.id,
                    attempt: effect.attempt,
                    mode: effect.mode,
                    uncertain_since: effect.uncertain_since,
                };
                let way = Way { adapter: &*adapter, transport: &*self.transport, tokens: &self.tokens };
                call::converse(way, &*self.clock, &call, progress).await
            }
            Request::Mail { .. } => match &self.mail {
                Some(mail) => mail.perform(effect).await,
                None => self.missing("no mail server is set up; set mail.url and restart".to_owned()),
            },
            Request::Publish { .. } => match &self.publish {
                Some(publish) => publish.perform(effect).await,
                None => self.missing("no broker is set up; set amqp.url and restart".to_owned()),
            },
            Request::Lifecycle { .. } => match &self.publish {
                Some(publish) => publish.perform(effect).await,
                None => self.ended(AttemptResult::Done(Answer::named("skipped"))),
            },
            Request::Start { .. } | Request::Tell { .. } => self.children.perform(effect).await,
        }
    }

    /// Permanent until an operator acts; a person is asked rather than attempts spent.
    fn missing(&self, cause: String) -> Attempted {
        self.ended(AttemptResult::Broken { cause })
    }

    fn ended(&self, result: AttemptResult) -> Attempted {
        Attempted { result, sent_at: self.clock.now(), health: Health::Unsaid }
    }
}
