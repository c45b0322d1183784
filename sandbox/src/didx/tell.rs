//! DIDx's webhooks. An issuance and its state enter; a thin post leaves to every address that wants it.
//! Source: docs/providers/didx.md: nothing but the event and an id without `iss_`; the header `webhook-id`,
//! the same for every try; no signature.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;

use super::issuances::Issuance;
use crate::traps::didx as traps;
use crate::webhooks::{self, Sender, Way, Webhook};
use crate::world::World;

static SENDER: Sender = Sender {
    url: |world, way| way.endpoint.clone().or_else(|| world.didx.webhook_url()),
    headers: |_, telling| vec![("webhook-id", telling.id.to_owned())],
    signed: |_| false,
};

/// Tells all that listen that an issuance is in a state; one receiver for each, resolved when it is through.
pub(super) fn tell(world: &Arc<World>, issuance: &Issuance, status: &str) -> Vec<oneshot::Receiver<()>> {
    let event = format!("openid4vc.issuance.{status}");
    let endpoints = world.didx.endpoints.all();
    let registered = endpoints.iter().filter(|endpoint| endpoint.wants(&event)).map(|one| Some(one.url.clone()));
    let mut targets: Vec<Option<String>> = registered.collect();
    // The address of the options, unless it is registered too; with neither, the list says that nobody was told.
    let own = world.didx.webhook_url();
    if endpoints.is_empty() || (own.is_some() && !targets.contains(&own)) {
        targets.push(None);
    }
    let words = issuance.owner.as_ref().map(|owner| owner.words.as_str()).unwrap_or_default();
    let has = |word: &str| words.contains(word);
    let send = |endpoint| {
        let late = has(traps::LATE).then_some(world.options.didx.late);
        let way = Way { sender: &SENDER, endpoint, late, twice: has(traps::TWICE) };
        webhooks::send_and_tell(world, webhook(issuance, &event, has(traps::SILENT)), way)
    };
    targets.into_iter().map(send).collect()
}

fn webhook(issuance: &Issuance, event: &str, silent: bool) -> Webhook {
    let id = issuance.id.strip_prefix("iss_").unwrap_or(&issuance.id);
    Webhook {
        provider: "didx",
        event: event.to_owned(),
        user_uid: issuance.id.clone(),
        external_id: issuance.owner.as_ref().map(|owner| owner.name.clone()),
        asset_uid: None,
        body: json!({ "eventType": event, "payload": { "openId4VcIssuanceId": id } }),
        silent,
    }
}
