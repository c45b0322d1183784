//! The way of one event to each webhook that wants it: forged copy first, then late, held back, tried until answered
//! with 200, and once more. Each try is an event with an id of its own, which names the one before it; the date stays
//! (docs/providers/haven.md, webhooks). Which mischief happens is decided once, before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::chain::Happening;
use super::events::Event;
use super::ids;
use super::sign::signature;
use crate::mischief::{Kind, dice};
use crate::webhooks::deliver::{hold, release};
use crate::webhooks::post::send;
use crate::webhooks::record::State;
use crate::webhooks::{Webhook, deliver as others};
use crate::world::World;
use crate::{clock, traps};

const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Sends an event to every webhook that wants it; returns when nothing more is to be sent.
pub(crate) async fn deliver(world: &Arc<World>, happening: Happening) {
    let hooks = world.haven.hooks.wanting(happening.kind);
    if hooks.is_empty() {
        let record = listed(&happening, false);
        let id = world.webhooks.records.note(&record, "", false, Vec::new());
        world.webhooks.records.set_state(id, State::NoUrl);
    }
    join_all(hooks.iter().map(|hook| Delivery { world, hook, happening: &happening }.go())).await;
}

/// One event for one webhook.
struct Delivery<'a> {
    world: &'a Arc<World>,
    hook: &'a str,
    happening: &'a Happening,
}

impl Delivery<'_> {
    async fn go(self) {
        let Self { world, happening, .. } = self;
        let words = ["haven webhook", self.hook, happening.kind, happening.wallet_id.as_str()];
        let mischief = world.mischief();
        let strikes = |kind| world.dice.strikes(&mischief, kind, &words);
        let records = &world.webhooks.records;
        let missed = happening.user.trapped(traps::H_MISSED);
        let record = listed(happening, missed);
        let first = self.event(1, None);
        if missed || strikes(Kind::Silence) {
            let id = records.note(&record, &first.id, false, vec!["silence"]);
            records.set_state(id, State::Silenced);
            let error = Some("The endpoint could not be reached".to_owned());
            return world.haven.hooks.keep(self.hook, Event { failed: true, error, ..first });
        }
        let all = [Kind::Delay, Kind::Reorder, Kind::Duplicate, Kind::BadSignature];
        let [late, held, twice, forged] = all.map(strikes);
        let happens = all.into_iter().zip([late, held, twice, forged]).filter(|(_, strikes)| *strikes);
        let id = records.note(&record, &first.id, false, happens.map(|(kind, _)| others::name(kind)).collect());
        if forged {
            self.forge(&record, &first).await;
        }
        if late {
            let unit = world.dice.unit(&[&["late"], &words[..]].concat());
            tokio::time::sleep(dice::part_of(world.options.limits.delay, unit)).await;
        }
        if held {
            hold(world, &happening.user.id).await;
        }
        let last = self.until_accepted(id).await;
        if !held {
            release(world, &happening.user.id);
        }
        if let (true, Some(last)) = (twice, last) {
            self.once(id, last.attempt + 1, Some(last.id), false).await;
        }
    }

    /// The event of one try.
    fn event(&self, attempt: u32, retry_of: Option<String>) -> Event {
        let Happening { kind, date, data, wallet_id, .. } = self.happening;
        Event {
            id: ids::id(self.world.dice, "whe", &[self.hook, kind, wallet_id, date, &attempt.to_string()]),
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

    /// Tries until a 200. The event that was accepted, or None when all were in vain.
    async fn until_accepted(&self, id: u64) -> Option<Event> {
        let (limits, records) = (&self.world.options.limits, &self.world.webhooks.records);
        let mut pause = limits.webhook_backoff;
        let tries = self.world.options.haven.webhook_tries.max(1);
        let (mut before, mut accepted) = (None, None);
        for attempt in 1..=tries {
            // The trap: the answer of a first try that was accepted does not arrive.
            let deaf = attempt == 1 && tries > 1 && self.happening.user.trapped(traps::H_AGAIN);
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
        let outcome = match self.world.haven.hooks.address(self.hook) {
            Some((url, secret)) => {
                self.world.secrets.note("haven_webhook_secret", &secret);
                post(self.world, &url, &signature(&secret, &body), &body).await
            }
            None => Err("The webhook is gone".to_owned()),
        };
        self.world.webhooks.records.note_try(id, attempt, &outcome);
        event.failed = deaf || outcome != Ok(200);
        match outcome {
            Ok(_) if deaf => event.error = Some("The answer did not arrive in time".to_owned()),
            Ok(status) => event.status = Some(status.to_string()),
            Err(error) => event.error = Some(error),
        }
        if event.failed && attempt < self.world.options.haven.webhook_tries {
            event.next = Some(ids::print(clock::now() + self.world.options.limits.webhook_backoff));
        }
        self.world.haven.hooks.keep(self.hook, event.clone());
        event
    }

    /// A forgery: the genuine id, an altered body, and a signature under another secret.
    async fn forge(&self, record: &Webhook, event: &Event) {
        let records = &self.world.webhooks.records;
        let id = records.note(record, &event.id, true, vec!["bad_signature"]);
        let Some((url, secret)) = self.world.haven.hooks.address(self.hook) else { return };
        let mut body = event.payload();
        body.insert("forged".to_owned(), json!(true));
        let body = Value::Object(body).to_string();
        let outcome = post(self.world, &url, &signature(&format!("not {secret}"), &body), &body).await;
        records.note_try(id, 1, &outcome);
        let accepted = outcome.is_ok_and(|status| (200..300).contains(&status));
        records.set_state(id, if accepted { State::Accepted } else { State::TurnedAway });
    }
}

/// The test event of a ping. Its kind is not documented; whoever does not know it is to answer 200 all the same.
pub(crate) async fn ping(world: &Arc<World>, url: &str, secret: &str) -> Result<u16, String> {
    let id = format!("whe-{}", ids::token(world, "ping", url));
    let (date, sent) = (ids::print(clock::now()), clock::now().timestamp());
    let body = json!({
        "id": id, "kind": "webhook.ping", "date": date, "data": {}, "timestampSent": sent, "deliveryAttempt": 1,
    });
    let body = body.to_string();
    post(world, url, &signature(secret, &body), &body).await
}

async fn post(world: &Arc<World>, url: &str, signature: &str, body: &str) -> Result<u16, String> {
    send(world, url, &[("x-dfns-webhook-signature", signature)], body).await
}

/// The event in the list of all webhooks.
fn listed(happening: &Happening, silent: bool) -> Webhook {
    Webhook {
        provider: super::PROVIDER.name,
        event: happening.kind.to_owned(),
        user_uid: happening.user.id.clone(),
        external_id: happening.user.external_id.clone().or_else(|| Some(happening.user.username.clone())),
        asset_uid: Some(happening.wallet_id.clone()),
        body: Value::Null,
        silent,
    }
}
