//! The way of one webhook: forged copy first, then late, held back, tried until accepted, and sent once more.
//! Which of these happen is decided by the seed and the webhook's names, once, before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Builder;

use super::post::send;
use super::record::State;
use super::{Telling, Way, Webhook};
use crate::mischief::{Kind, dice};
use crate::world::{World, lock};

const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Sends a webhook with all that is to happen to it; returns when nothing more is to be sent.
pub(crate) async fn deliver(world: &Arc<World>, webhook: Webhook, way: Way) {
    let words = ["webhook", &webhook.event, &webhook.user_uid, webhook.asset_uid.as_deref().unwrap_or_default()];
    let correlation_id = correlation_id(world, &words);
    let mischief = world.mischief();
    let strikes = |kind| world.dice.strikes(&mischief, kind, &words);
    let records = &world.webhooks.records;
    if webhook.silent || strikes(Kind::Silence) {
        let id = records.note(&webhook, &correlation_id, false, vec!["silence"]);
        return records.set_state(id, State::Silenced);
    }
    let [late, held, mut twice, forged] =
        [Kind::Delay, Kind::Reorder, Kind::Duplicate, Kind::BadSignature].map(|kind| (strikes(kind), kind));
    twice.0 |= way.twice;
    let happens = [late, held, twice, forged].into_iter().filter(|(strikes, _)| *strikes);
    let id = records.note(&webhook, &correlation_id, false, happens.map(|(_, kind)| name(kind)).collect());
    if forged.0 {
        forge(world, &webhook, &way, &correlation_id).await;
    }
    if let Some(pause) = way.late {
        tokio::time::sleep(pause).await;
    } else if late.0 {
        let unit = world.dice.unit(&[&["late"], &words[..]].concat());
        tokio::time::sleep(dice::part_of(world.options.limits.delay, unit)).await;
    }
    if held.0 {
        hold(world, &webhook.user_uid).await;
    }
    let tried = until_accepted(world, id, &webhook, &way, &correlation_id).await;
    if !held.0 {
        release(world, &webhook.user_uid);
    }
    if let (true, Some(attempt)) = (twice.0, tried) {
        once(world, id, &webhook, &way, &correlation_id, attempt + 1).await;
    }
}

/// The name in the list.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Delay => "delay",
        Kind::Reorder => "reorder",
        Kind::Duplicate => "duplicate",
        _ => "bad_signature",
    }
}

fn correlation_id(world: &World, words: &[&str]) -> String {
    let bytes = world.dice.bytes(&[&["correlation"], words].concat());
    let mut half = [0; 16];
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Builder::from_random_bytes(half).into_uuid().to_string()
}

/// Waits for the user's next webhook, but not for ever: there may be none.
pub(crate) async fn hold(world: &Arc<World>, user_uid: &str) {
    let (let_go, held) = oneshot::channel();
    lock(&world.webhooks.held).insert(user_uid.to_owned(), let_go);
    let _ = tokio::time::timeout(world.options.limits.reorder, held).await;
    let mut waiting = lock(&world.webhooks.held);
    // Timed out, or replaced by another: what nobody listens to any more is taken away.
    if waiting.get(user_uid).is_some_and(oneshot::Sender::is_closed) {
        waiting.remove(user_uid);
    }
}

/// Lets go the webhook of the user that is held back, if one is.
pub(crate) fn release(world: &World, user_uid: &str) {
    if let Some(held) = lock(&world.webhooks.held).remove(user_uid) {
        // It may have run out of patience just now; then it goes by itself.
        let _ = held.send(());
    }
}

/// Tries until a 2xx. The attempt that was accepted, or None when all were in vain.
async fn until_accepted(
    world: &Arc<World>,
    id: u64,
    webhook: &Webhook,
    way: &Way,
    correlation_id: &str,
) -> Option<u32> {
    let mut pause = world.webhooks.backoff;
    for attempt in 1..=world.webhooks.tries {
        if (way.sender.url)(world, way).is_none() {
            world.webhooks.records.set_state(id, State::NoUrl);
            return None;
        }
        if once(world, id, webhook, way, correlation_id, attempt).await {
            world.webhooks.records.set_state(id, State::Accepted);
            return Some(attempt);
        }
        if attempt < world.webhooks.tries {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_BACKOFF);
        }
    }
    world.webhooks.records.set_state(id, State::GivenUp);
    None
}

/// One genuine post; true if it was accepted.
async fn once(world: &Arc<World>, id: u64, webhook: &Webhook, way: &Way, correlation_id: &str, attempt: u32) -> bool {
    let Some(url) = (way.sender.url)(world, way) else { return false };
    let body = webhook.body.to_string();
    let telling = Telling { id: correlation_id, attempt, body: &body, forged: false };
    let outcome = tell(world, &url, way, &telling).await;
    world.webhooks.records.note_try(id, attempt, &outcome);
    outcome.is_ok_and(|status| (200..300).contains(&status))
}

async fn tell(world: &Arc<World>, url: &str, way: &Way, telling: &Telling<'_>) -> Result<u16, String> {
    let headers = (way.sender.headers)(world, telling);
    let headers: Vec<(&'static str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(world, url, &headers, telling.body).await
}

/// A forgery: the genuine correlation id, an altered body and a wrong signature. Where webhooks are not signed, a
/// secret in the path is all there is to check: then the last part of the path is wrong instead.
async fn forge(world: &Arc<World>, webhook: &Webhook, way: &Way, correlation_id: &str) {
    let records = &world.webhooks.records;
    let id = records.note(webhook, correlation_id, true, vec!["bad_signature"]);
    let Some(url) = (way.sender.url)(world, way) else { return records.set_state(id, State::NoUrl) };
    let mut body = webhook.body.clone();
    if let Value::Object(object) = &mut body {
        object.insert("forged".to_owned(), json!(true));
    }
    let body = body.to_string();
    let url = if (way.sender.signed)(world) { url } else { format!("{url}-forged") };
    let attempt = 1;
    let outcome = tell(world, &url, way, &Telling { id: correlation_id, attempt, body: &body, forged: true }).await;
    records.note_try(id, attempt, &outcome);
    let accepted = outcome.is_ok_and(|status| (200..300).contains(&status));
    records.set_state(id, if accepted { State::Accepted } else { State::TurnedAway });
}
