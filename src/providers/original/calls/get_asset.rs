//! `GET /asset/{uid}`: whether the asset is minted. A poll, and the read that confirms a webhook.

use gangway_core::event::{FactReport, Identifier, Trust};
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{ASSET_UID, Desk, broken, done, id, object, send, uid};
use crate::providers::original::error::{Refusal, data};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Turn};

/// Name of the fact that an asset is minted.
pub const MINTED: &str = "original.asset_minted";
/// Name of the fact that an asset is burned.
pub const BURNED: &str = "original.asset_burned";
/// What is kept of a minted asset, where the provider says it.
pub const KEPT: [&str; 5] = ["token_id", "token_address", "token_uri", "explorer_url", "owner_address"];

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match id(call.input, "asset_uid") {
        Some(uid) => send(desk.get(call.now, &["asset", uid], &[]), "read"),
        None => broken("get_asset needs asset_uid, of letters, digits, - and _; check the flow's mapping"),
    }
}

/// The outcome.
pub fn resume(call: &Call<'_>, reply: &Reply) -> Turn {
    let asset = match data(reply, call.now) {
        Ok(Value::Null) | Err(Refusal::NotFound) => return done(Answer::named("not_found")),
        Ok(asset) => asset,
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    let Some(uid) = uid(&asset) else {
        return Stop::Unclear("an asset without `uid`".to_owned()).of_a_read();
    };
    let is = |name: &str| asset.get(name) == Some(&Value::Bool(true));
    let mut answer = Answer::named(if is("is_minted") { "minted" } else { "not_minted" });
    answer.identifiers.push(Identifier::new(ASSET_UID, &*uid));
    let kept = |name: &&str| Some(((*name).to_owned(), asset.get(*name).filter(|value| !value.is_null())?.clone()));
    let kept: Map<String, Value> = KEPT.iter().filter_map(kept).collect();
    for (name, _) in [(MINTED, "is_minted"), (BURNED, "is_burned")].into_iter().filter(|(_, flag)| is(flag)) {
        let mut fields = kept.clone();
        fields.insert("asset_uid".to_owned(), json!(uid));
        answer.facts.push(FactReport {
            name: name.to_owned(),
            resource: uid.clone(),
            fields,
            time: Some(reply.sent_at),
            rank: 0,
            trust: Trust::Fact,
        });
    }
    answer.fields = object(json!({"uid": uid}));
    if is("is_minted") {
        answer.fields.extend(kept);
    }
    done(answer)
}
