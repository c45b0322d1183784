//! Webhooks: `POST /webhooks/{provider}` and `/webhooks/{provider}/{secret}`. A 2xx leaves only after the commit.
//! A delivery that fails verification is kept apart and never becomes an event. The path is never logged: it may
//! hold a secret.

mod delivery;
mod form;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use gangway_core::time::{Millis, Timestamp};
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::answer::{answer, come_again, count, unreadable, word};
use super::aside::{Aside, Failed, Rationed};
use super::signature::{Presented, Profile, Rejected};
use super::{body, coding};
use crate::clock::Clock;
use crate::engine::{Arrival, Door, NotAccepted, Receipt};
use crate::problem::ProblemType;
use crate::providers::{Adapter, Delivery, Unreadable};
use crate::settings::IntakeSettings;

/// One provider that sends webhooks.
#[derive(Debug)]
pub struct Hook {
    /// Reads what it sends.
    pub adapter: Arc<dyn Adapter>,
    /// Tells whether it was the sender.
    pub profile: Profile,
}

/// What the handlers share.
#[derive(Debug)]
pub struct Webhooks {
    door: Door,
    providers: RwLock<HashMap<String, Arc<Hook>>>,
    clock: Arc<dyn Clock>,
    aside: Arc<dyn Aside>,
    limits: IntakeSettings,
    keeping: Semaphore,
    rationed: Rationed,
}

impl Webhooks {
    /// Handlers for these providers, by the name in their path.
    #[must_use]
    pub fn new(
        door: Door,
        providers: HashMap<String, Hook>,
        clock: Arc<dyn Clock>,
        aside: Arc<dyn Aside>,
        limits: IntakeSettings,
    ) -> Self {
        let keeping = Semaphore::new(limits.unverified_at_once);
        let rationed = Rationed::new(limits.unverified_rate);
        let providers = RwLock::new(shared(providers));
        Self { door, providers, clock, aside, limits, keeping, rationed }
    }

    /// Exchanges all handlers: settings were mended. What is under way ends with the old ones.
    pub fn exchange(&self, providers: HashMap<String, Hook>) {
        *self.providers.write() = shared(providers);
    }

    /// The sender with this name.
    #[must_use]
    pub fn hook(&self, name: &str) -> Option<Arc<Hook>> {
        self.providers.read().get(name).cloned()
    }
}

fn shared(providers: HashMap<String, Hook>) -> HashMap<String, Arc<Hook>> {
    providers.into_iter().map(|(name, hook)| (name, Arc::new(hook))).collect()
}

/// Mounts the two routes; needs `web::Data<Webhooks>`.
pub fn configure(routes: &mut web::ServiceConfig) {
    routes
        .service(web::resource("/webhooks/{provider}").route(web::post().to(receive)))
        .service(web::resource("/webhooks/{provider}/{secret}").route(web::post().to(receive)));
}

async fn receive(hooks: web::Data<Webhooks>, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let name = request.match_info().get("provider").unwrap_or_default();
    let Some(hook) = hooks.hook(name) else {
        count("webhook", "unknown");
        return answer(ProblemType::UnknownProvider, "no provider of this name sends webhooks here");
    };
    let source = format!("webhook:{name}");
    let raw = match body::read(&request, &mut payload, &hooks.limits).await {
        Ok(raw) => raw,
        Err(none) => {
            let (response, verdict) = none.told();
            count(&source, verdict);
            return response;
        }
    };
    let headers = body::headers(&request);
    let now = hooks.clock.now();
    let presented = Presented { headers: &headers, secret: request.match_info().get("secret"), body: &raw };
    let signed = match hook.profile.check(&presented, now) {
        Ok(verified) => verified.signed,
        Err(rejected) => return hooks.reject(name, &source, rejected, &presented, now).await,
    };
    // Only now: nothing of a stranger is decoded.
    let body = match coding::decoded(coding::of(&headers).as_deref(), &raw, hooks.limits.body_max) {
        Ok(body) => body,
        Err(undecoded) => {
            let (response, verdict) = body::undecoded(undecoded);
            count(&source, verdict);
            return response;
        }
    };
    match read(name, &hook, &headers, signed, (raw, &body), now) {
        Ok(arrival) => hooks.hand_in(&source, arrival).await,
        Err(Unreadable(why)) => {
            count(&source, "unreadable");
            tracing::warn!(provider = name, %why, "a verified delivery cannot be read");
            unreadable(&why)
        }
    }
}

/// What a body that was kept apart may decode to: what is kept is short.
const AGAIN_MOST: usize = 16 * 1024 * 1024;

/// A delivery that failed verification, verified again as if it came at the same time and our settings had been what
/// they are now: the arrival that it makes.
///
/// # Errors
/// Why it makes none; nothing of what it says.
pub fn again(name: &str, hook: &Hook, failed: &Failed, at: Timestamp) -> Result<Arrival, String> {
    let cut = "only its beginning was kept: have it sent again at the provider";
    let body = failed.body().ok_or(cut)?;
    let presented = failed.presented(&body);
    let verified = hook.profile.check(&presented, at).map_err(|why| format!("it is still not believed: {why}"))?;
    let headers = presented.headers.to_vec();
    let decoded = coding::decoded(coding::of(&headers).as_deref(), &body, AGAIN_MOST);
    let decoded = decoded.map_err(|undecoded| undecoded.reason().to_owned())?;
    read(name, hook, &headers, verified.signed, (body.clone(), &decoded), at).map_err(|Unreadable(why)| why)
}

fn read(
    name: &str,
    hook: &Hook,
    headers: &[(String, String)],
    signed: bool,
    (raw, body): (Bytes, &[u8]),
    received_at: Timestamp,
) -> Result<Arrival, Unreadable> {
    let json = form::read(headers, body).map_err(|why| Unreadable(why.into()))?;
    let delivery = Delivery { headers, json: &json, signed, received_at };
    let mut reading = hook.adapter.read(&delivery)?;
    if signed && !hook.profile.signs_its_id() {
        // Anyone who captured a delivery can choose a key that the signature does not cover: then what is signed
        // decides.
        let bare = hook.adapter.read(&Delivery { headers: &[], ..delivery });
        reading.key = reading.key.filter(|key| bare.is_ok_and(|bare| bare.key.as_ref() == Some(key)));
    }
    delivery::arrival(name, &delivery, reading, raw)
}

impl Webhooks {
    /// Accepts a delivery that did not arrive and was read back at its provider: it is read in the same way and gets
    /// the same key as if it had come by itself, so that it is a copy when it did. Our own credentials fetched it,
    /// which is as good as a signature.
    ///
    /// # Errors
    /// When it cannot be read, or the door cannot take it now; no personal data.
    pub async fn take_back(&self, adapter: &dyn Adapter, record: &Value) -> Result<Receipt, String> {
        let delivery = Delivery { headers: &[], json: record, signed: true, received_at: self.clock.now() };
        let reading = adapter.read(&delivery).map_err(|Unreadable(why)| why)?;
        let raw = Bytes::from(record.to_string());
        let arrival = delivery::arrival(adapter.name(), &delivery, reading, raw).map_err(|Unreadable(why)| why)?;
        self.door.accept_own(arrival).await.map_err(|error| error.to_string())
    }

    async fn hand_in(&self, source: &str, arrival: Arrival) -> HttpResponse {
        match accept(&self.door, arrival, &self.limits).await {
            Ok(receipt) => {
                count(source, word(&receipt));
                HttpResponse::Ok().json(json!({ "verdict": receipt.verdict.word(), "copy": receipt.copy }))
            }
            Err(why) => {
                count(source, "unavailable");
                come_again(&why)
            }
        }
    }

    async fn reject(
        &self,
        name: &str,
        source: &str,
        why: Rejected,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> HttpResponse {
        count(source, "unverified");
        // A flood of forgeries must not take the database from the genuine.
        let kept = if self.rationed.takes(name, now) { self.keeping.try_acquire().ok() } else { None };
        let word = if kept.is_some() { "yes" } else { "no" };
        metrics::counter!("gangway_unverified_total", "source" => source.to_owned(), "kept" => word).increment(1);
        if let Some(_permit) = kept {
            tracing::warn!(provider = name, reason = why.word(), "a delivery failed verification");
            let place = format!("unverified:{name}");
            let failed = Failed::of(presented, self.limits.unverified_bytes);
            let keep = self.aside.keep(&place, why.word(), &failed, now);
            let within = Duration::from_millis(self.limits.answer_within.0);
            let kept = tokio::time::timeout(within, keep).await.unwrap_or_else(|_| Err("it took too long".into()));
            if let Err(error) = kept {
                tracing::warn!(provider = name, %error, "a delivery that failed verification could not be kept");
            }
        }
        answer(ProblemType::Signature, &why.to_string())
    }
}

/// Accepts one event, or asks to try again when the commit takes too long: a copy is known by its key.
async fn accept(door: &Door, arrival: Arrival, limits: &IntakeSettings) -> Result<Receipt, NotAccepted> {
    let within = Duration::from_millis(limits.answer_within.0);
    tokio::time::timeout(within, door.accept(arrival)).await.unwrap_or(Err(NotAccepted::Away(Millis::secs(1))))
}
