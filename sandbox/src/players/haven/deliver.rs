//! The way of one event to each webhook that wants it: forged copy first, then late, held back, tried until answered
//! with 200, and once more. Each try is an event with an id of its own, which names the one before it; the date stays
//! (docs/providers/haven.md, webhooks). Which mischief happens is decided once, before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::chain::Happening;
use super::events::Event;
use super::sign::signature;
use super::traps;
use super::{Haven, ids};
use crate::clock;
use crate::mischief::{Mishap, dice};
use crate::webhooks::record::State;
use crate::webhooks::{Webhook, deliver as others};

const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Sends an event to every webhook that wants it; returns when there is nothing more to send.
pub(crate) async fn deliver(haven: &Arc<Haven>, happening: Happening) {
    let hooks = haven.hooks.wanting(happening.kind);
    if hooks.is_empty() {
        let record = listed(&happening, false);
        let id = haven.stage.webhooks.records.note(&record, "", false, Vec::new());
        haven.stage.webhooks.records.set_state(id, State::NoUrl);
    }
    join_all(hooks.iter().map(|hook| Delivery { haven, hook, happening: &happening }.go())).await;
}

/// One event for one webhook.
struct Delivery<'a> {
    haven: &'a Arc<Haven>,
    hook: &'a str,
    happening: &'a Happening,
}

impl Delivery<'_> {
    async fn go(self) {
        let Self { haven, happening, .. } = self;
        let words = ["haven webhook", self.hook, happening.kind, happening.wallet_id.as_str()];
        let mischief = haven.stage.mischief();
        let strikes = |kind| haven.stage.dice.strikes(&mischief, kind, &words);
        let records = &haven.stage.webhooks.records;
        let missed = happening.user.trapped(traps::MISSED.word);
        let record = listed(happening, missed);
        let first = self.event(1, None);
        if missed || strikes(Mishap::Silence) {
            let id = records.note(&record, &first.id, false, vec!["silence"]);
            records.set_state(id, State::Silenced);
            let error = Some("The endpoint could not be reached".to_owned());
            return haven.hooks.keep(self.hook, Event { failed: true, error, ..first });
        }
        let all = [Mishap::Delay, Mishap::Reorder, Mishap::Duplicate, Mishap::BadSignature];
        let [late, held, twice, forged] = all.map(strikes);
        let happens = all.into_iter().zip([late, held, twice, forged]).filter(|(_, strikes)| *strikes);
        let id = records.note(&record, &first.id, false, happens.map(|(kind, _)| others::name(kind)).collect());
        if forged {
            self.forge(&record, &first).await;
        }
        if late {
            let unit = haven.stage.dice.unit(&[&["late"], &words[..]].concat());
            tokio::time::sleep(dice::part_of(haven.stage.limits.delay, unit)).await;
        }
        if held {
            haven.stage.webhooks.hold(&happening.user.id).await;
        }
        let last = self.until_accepted(id).await;
        if !held {
            haven.stage.webhooks.release(&happening.user.id);
        }
        if let (true, Some(last)) = (twice, last) {
            self.once(id, last.attempt + 1, Some(last.id), false).await;
        }
    }

    /// The event of one try.
    fn event(&self, attempt: u32, retry_of: Option<String>) -> Event {
        let Happening { kind, date, data, wallet_id, .. } = self.happening;
        Event {
            id: ids::id(self.haven.stage.dice, "whe", &[self.hook, kind, wallet_id, date, &attempt.to_string()]),
            kind: (*kind).to_owned(),
            date: date.clone(),
            data: data.clone(),
            sent: clock::now().timestamp(),
            attempt,
            retry_of,
            failed: false,
            status: None,
            error: None,
            next: None,
        }
    }

    /// Tries until a 200. Gives the accepted event, or None when all failed.
    async fn until_accepted(&self, id: u64) -> Option<Event> {
        let (limits, records) = (&self.haven.stage.limits, &self.haven.stage.webhooks.records);
        let mut pause = limits.webhook_backoff;
        let tries = self.haven.options.webhook_tries.max(1);
        let (mut before, mut accepted) = (None, None);
        for attempt in 1..=tries {
            // The trap: the answer of a first try that was accepted does not arrive.
            let deaf = attempt == 1 && tries > 1 && self.happening.user.trapped(traps::AGAIN.word);
            let event = self.once(id, attempt, before.take(), deaf).await;
            if !event.failed {
                accepted = Some(event);
                break;
            }
            before = Some(event.id);
            if attempt < tries {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_BACKOFF);
            }
        }
        records.set_state(id, if accepted.is_some() { State::Accepted } else { State::GivenUp });
        accepted
    }

    /// One genuine post, kept for reading back.
    async fn once(&self, id: u64, attempt: u32, retry_of: Option<String>, deaf: bool) -> Event {
        let mut event = self.event(attempt, retry_of);
        let body = Value::Object(event.payload()).to_string();
        let outcome = match self.haven.hooks.address(self.hook) {
            Some((url, secret)) => {
                self.haven.stage.secrets.note("haven_webhook_secret", &secret);
                post(self.haven, &url, signature(&secret, &body), &body).await
            }
            None => Err("The webhook is gone".to_owned()),
        };
        self.haven.stage.webhooks.records.note_try(id, attempt, &outcome);
        event.failed = deaf || outcome != Ok(200);
        match outcome {
            Ok(_) if deaf => event.error = Some("The answer did not arrive in time".to_owned()),
            Ok(status) => event.status = Some(status.to_string()),
            Err(error) => event.error = Some(error),
        }
        if event.failed && attempt < self.haven.options.webhook_tries {
            event.next = Some(ids::print(clock::now() + self.haven.stage.limits.webhook_backoff));
        }
        self.haven.hooks.keep(self.hook, event.clone());
        event
    }

    /// A forgery: the genuine id, an altered body, and a signature under another secret.
    async fn forge(&self, record: &Webhook, event: &Event) {
        let records = &self.haven.stage.webhooks.records;
        let id = records.note(record, &event.id, true, vec!["bad_signature"]);
        let Some((url, secret)) = self.haven.hooks.address(self.hook) else { return };
        let mut body = event.payload();
        body.insert("forged".to_owned(), json!(true));
        let body = Value::Object(body).to_string();
        let outcome = post(self.haven, &url, signature(&format!("not {secret}"), &body), &body).await;
        records.note_try(id, 1, &outcome);
        let accepted = outcome.is_ok_and(|status| (200..300).contains(&status));
        records.set_state(id, if accepted { State::Accepted } else { State::TurnedAway });
    }
}

/// The test event of a ping. Its kind is not documented; a receiver that does not know it should answer 200 all the
/// same.
pub(crate) async fn ping(haven: &Arc<Haven>, url: &str, secret: &str) -> Result<u16, String> {
    let id = format!("whe-{}", ids::token(haven, "ping", url));
    let (date, sent) = (ids::print(clock::now()), clock::now().timestamp());
    let body = json!({
        "id": id, "kind": "webhook.ping", "date": date, "data": {}, "timestampSent": sent, "deliveryAttempt": 1,
    });
    let body = body.to_string();
    post(haven, url, signature(secret, &body), &body).await
}

async fn post(haven: &Arc<Haven>, url: &str, signature: String, body: &str) -> Result<u16, String> {
    haven.stage.webhooks.post(url, &[("x-dfns-webhook-signature", signature)], body).await
}

/// The event in the list of all webhooks.
fn listed(happening: &Happening, silent: bool) -> Webhook {
    Webhook {
        provider: super::ROLE.name,
        event: happening.kind.to_owned(),
        user_uid: happening.user.id.clone(),
        external_id: happening.user.external_id.clone().or_else(|| Some(happening.user.username.clone())),
        asset_uid: Some(happening.wallet_id.clone()),
        body: Value::Null,
        silent,
    }
}
