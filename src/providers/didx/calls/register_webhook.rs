//! `POST /endpoints`: tells the provider where to deliver. Asked for by an operator, never by a flow, so it is not in
//! the catalogue. No secret comes back: it is in the address itself.

use gangway_core::outcome::Answer;
use serde_json::{Value, json};
use url::Url;

use super::{Api, Desk, refusal};
use crate::providers::didx::error::data;
use crate::providers::parts::{given, object, text};
use crate::providers::{Call, Far, Stop};

/// Carries out this action. Input is `url`, and `events`, the names to be told of; left out: all accepted names of the
/// settings.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(url) = given(call.input, "url").filter(|url| reachable(url)) else {
        return Err(Stop::broken("the provider delivers to https addresses only: give `url`, beginning with https://"));
    };
    let names = &desk.settings.events;
    let accepted = [
        &names.issuance_offered,
        &names.issuance_completed,
        &names.issuance_partially_issued,
        &names.issuance_failed,
        &names.issuance_expired,
    ];
    let events = match call.input.get("events") {
        Some(events @ Value::Array(_)) => events.clone(),
        _ => json!(accepted.into_iter().flatten().collect::<Vec<_>>()),
    };
    let body = json!({"url": url, "filterTypes": events});
    let reply = far.send(desk.post(Api::Credentials, &["endpoints"], Some(&body))).await?;
    let data = match data(&reply) {
        Ok(data) => data,
        Err(other) => return refusal(other),
    };
    let id = text(&data, "id").ok_or_else(|| Stop::unclear("a good answer without the address's `id`"))?;
    let mut answer = Answer::named("registered");
    answer.fields = object(json!({"webhook_id": id}));
    Ok(answer)
}

/// The provider itself takes https only; an address on this machine is for trying things out.
fn reachable(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
