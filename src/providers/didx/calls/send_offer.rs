//! `POST /orgs/credentials`: hands an offer to a person's wallet. Success is 201 with an empty body.

use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{Api, Desk, refusal};
use crate::providers::complaint::refused;
use crate::providers::didx::error::refused as not_good;
use crate::providers::parts::{given, object};
use crate::providers::{Call, Far, Stop};

/// What `identifier_type` may be; the provider takes `email` when it is left out.
const TYPES: [&str; 3] = ["email", "username", "externalIdentifier"];

/// Carries out this action. The body of a good answer is not needed; only a page that no API sends leaves a doubt.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(offer) = given(call.input, "offer_uri") else {
        return Err(Stop::broken("the offer is no longer kept here; issue another one"));
    };
    let Some(recipient) = given(call.input, "recipient") else {
        return Ok(refused("missing", "there is no recipient"));
    };
    let mut body: Map<String, Value> = object(json!({"credentialOffer": offer, "recipient": recipient}));
    match given(call.input, "identifier_type") {
        Some(kind) if !TYPES.contains(&kind) => {
            let cause = "identifier_type must be email, username or externalIdentifier; check the flow's mapping";
            return Err(Stop::broken(cause));
        }
        Some(kind) => drop(body.insert("identifierType".to_owned(), kind.into())),
        None => {}
    }
    let reply = far.send(desk.post(Api::Wallet, &["orgs", "credentials"], Some(&body.into()))).await?;
    let json = gangway_core::json::read(&reply.body).ok();
    if let Some(other) = not_good(&reply, json.as_ref()) {
        return refusal(other);
    }
    match reply.status {
        201 | 204 => Ok(Answer::named("sent")),
        _ if reply.body.is_empty() || json.is_some() => Ok(Answer::named("sent")),
        status => Err(Stop::Unclear(format!("{status} with a body that is not JSON"))),
    }
}
