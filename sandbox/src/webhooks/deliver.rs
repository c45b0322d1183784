//! The way of one webhook: forged copy first, then late, held back, tried until accepted, and sent once more.
//! Which of these happen is decided by the seed and the webhook's names, once, before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Builder;

use super::record::State;
use super::{Telling, Way, Webhook};
use crate::mischief::{Mishap, dice};
use crate::stage::Stage;

const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Tells of an event in the background; the receiver resolves when there is nothing more to send.
pub(crate) fn send(stage: &Arc<Stage>, webhook: Webhook, way: Way) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let later = Arc::clone(stage);
    stage.background(async move {
        deliver(&later, webhook, way).await;
        // The caller may have stopped waiting, and most never wait.
        let _ = tell.send(());
    });
    told
}

/// Sends a webhook with everything that goes wrong on the way; returns when there is nothing more to send.
async fn deliver(stage: &Stage, webhook: Webhook, way: Way) {
    let words = ["webhook", &webhook.event, &webhook.user_uid, webhook.asset_uid.as_deref().unwrap_or_default()];
    let correlation_id = correlation_id(stage, &words);
    let mischief = stage.mischief();
    let strikes = |kind| stage.dice.strikes(&mischief, kind, &words);
    let records = &stage.webhooks.records;
    if webhook.silent || strikes(Mishap::Silence) {
        let id = records.note(&webhook, &correlation_id, false, vec!["silence"]);
        return records.set_state(id, State::Silenced);
    }
    let [late, held, mut twice, forged] =
        [Mishap::Delay, Mishap::Reorder, Mishap::Duplicate, Mishap::BadSignature].map(|kind| (strikes(kind), kind));
    twice.0 |= way.twice;
    let happens = [late, held, twice, forged].into_iter().filter(|(strikes, _)| *strikes);
    let id = records.note(&webhook, &correlation_id, false, happens.map(|(_, kind)| name(kind)).collect());
    if forged.0 {
        forge(stage, &webhook, &way, &correlation_id).await;
    }
    if let Some(pause) = way.late {
        tokio::time::sleep(pause).await;
    } else if late.0 {
        let unit = stage.dice.unit(&[&["late"], &words[..]].concat());
        tokio::time::sleep(dice::part_of(stage.limits.delay, unit)).await;
    }
    if held.0 {
        stage.webhooks.hold(&webhook.user_uid).await;
    }
    let tried = until_accepted(stage, id, &webhook, &way, &correlation_id).await;
    if !held.0 {
        stage.webhooks.release(&webhook.user_uid);
    }
    if let (true, Some(attempt)) = (twice.0, tried) {
        once(stage, id, &webhook, &way, &correlation_id, attempt + 1).await;
    }
}

/// The name in the list.
pub(crate) fn name(kind: Mishap) -> &'static str {
    match kind {
        Mishap::Delay => "delay",
        Mishap::Reorder => "reorder",
        Mishap::Duplicate => "duplicate",
        _ => "bad_signature",
    }
}

fn correlation_id(stage: &Stage, words: &[&str]) -> String {
    let bytes = stage.dice.bytes(&[&["correlation"], words].concat());
    let mut half = [0; 16];
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Builder::from_random_bytes(half).into_uuid().to_string()
}

/// Tries until a 2xx. Gives the accepted attempt, or None when all failed.
async fn until_accepted(stage: &Stage, id: u64, webhook: &Webhook, way: &Way, correlation_id: &str) -> Option<u32> {
    let mut pause = stage.webhooks.backoff;
    for attempt in 1..=stage.webhooks.tries {
        if way.sender.url(way).is_none() {
            stage.webhooks.records.set_state(id, State::NoUrl);
            return None;
        }
        if once(stage, id, webhook, way, correlation_id, attempt).await {
            stage.webhooks.records.set_state(id, State::Accepted);
            return Some(attempt);
        }
        if attempt < stage.webhooks.tries {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_BACKOFF);
        }
    }
    stage.webhooks.records.set_state(id, State::GivenUp);
    None
}

/// One genuine post; true if it was accepted.
async fn once(stage: &Stage, id: u64, webhook: &Webhook, way: &Way, correlation_id: &str, attempt: u32) -> bool {
    let Some(url) = way.sender.url(way) else { return false };
    let body = webhook.body.to_string();
    let telling = Telling { id: correlation_id, attempt, body: &body, forged: false };
    let outcome = tell(stage, &url, way, &telling).await;
    stage.webhooks.records.note_try(id, attempt, &outcome);
    outcome.is_ok_and(|status| (200..300).contains(&status))
}

async fn tell(stage: &Stage, url: &str, way: &Way, telling: &Telling<'_>) -> Result<u16, String> {
    stage.webhooks.post(url, &way.sender.headers(telling), telling.body).await
}

/// A forgery: the genuine correlation id, an altered body and a wrong signature. Where webhooks are not signed, a
/// secret in the path is all there is to check: then the last part of the path is wrong instead.
async fn forge(stage: &Stage, webhook: &Webhook, way: &Way, correlation_id: &str) {
    let records = &stage.webhooks.records;
    let id = records.note(webhook, correlation_id, true, vec!["bad_signature"]);
    let Some(url) = way.sender.url(way) else { return records.set_state(id, State::NoUrl) };
    let mut body = webhook.body.clone();
    if let Value::Object(object) = &mut body {
        object.insert("forged".to_owned(), json!(true));
    }
    let body = body.to_string();
    let url = if way.sender.signed() { url } else { format!("{url}-forged") };
    let attempt = 1;
    let outcome = tell(stage, &url, way, &Telling { id: correlation_id, attempt, body: &body, forged: true }).await;
    records.note_try(id, attempt, &outcome);
    let accepted = outcome.is_ok_and(|status| (200..300).contains(&status));
    records.set_state(id, if accepted { State::Accepted } else { State::TurnedAway });
}
