//! DIDx's webhooks. An issuance and its state enter; a thin post leaves to every address that wants it.
//! Source: docs/providers/didx.md: nothing but the event and an id without `iss_`; the header `webhook-id`,
//! the same for every try; no signature.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;

use super::issuances::Issuance;
use super::{Didx, ROLE, traps};
use crate::webhooks::deliver::send;
use crate::webhooks::{Sender, Telling, Way, Webhook};

impl Sender for Didx {
    fn url(&self, way: &Way) -> Option<String> {
        way.endpoint.clone().or_else(|| self.webhook_url())
    }

    fn headers(&self, telling: &Telling<'_>) -> Vec<(&'static str, String)> {
        vec![("webhook-id", telling.id.to_owned())]
    }

    fn signed(&self) -> bool {
        false
    }
}

/// Tells all that listen that an issuance is in a state; one receiver for each, resolved when it is through.
pub(super) fn tell(didx: &Arc<Didx>, issuance: &Issuance, status: &str) -> Vec<oneshot::Receiver<()>> {
    let event = format!("openid4vc.issuance.{status}");
    let endpoints = didx.endpoints.all();
    let registered = endpoints.iter().filter(|endpoint| endpoint.wants(&event)).map(|one| Some(one.url.clone()));
    let mut targets: Vec<Option<String>> = registered.collect();
    // The address of the options, unless it is registered too; with neither, the list says that it was never sent.
    let own = didx.webhook_url();
    if endpoints.is_empty() || (own.is_some() && !targets.contains(&own)) {
        targets.push(None);
    }
    let words = issuance.owner.as_ref().map(|owner| owner.words.as_str()).unwrap_or_default();
    let has = |word: &str| words.contains(word);
    let tell = |endpoint| {
        let late = has(traps::LATE.word).then_some(didx.options.late);
        let sender = Arc::clone(didx);
        let way = Way { sender, endpoint, late, twice: has(traps::TWICE.word) };
        send(&didx.stage, webhook(issuance, &event, has(traps::SILENT.word)), way)
    };
    targets.into_iter().map(tell).collect()
}

fn webhook(issuance: &Issuance, event: &str, silent: bool) -> Webhook {
    let id = issuance.id.strip_prefix("iss_").unwrap_or(&issuance.id);
    Webhook {
        provider: ROLE.name,
        event: event.to_owned(),
        user_uid: issuance.id.clone(),
        external_id: issuance.owner.as_ref().map(|owner| owner.name.clone()),
        asset_uid: None,
        body: json!({ "eventType": event, "payload": { "openId4VcIssuanceId": id } }),
        silent,
    }
}
