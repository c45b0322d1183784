//! `GET /asset/{uid}`: whether the asset is minted. A poll, and the read that confirms a webhook.

use gangway_core::event::{FactReport, Identifier, Trust};
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{ASSET_UID, Desk, object, uid};
use crate::providers::original::error::found_one;
use crate::providers::parts::need_id;
use crate::providers::{Call, Far, Stop};

/// Name of the fact that an asset is minted.
pub const MINTED: &str = "original.asset_minted";
/// Name of the fact that an asset is burned.
pub const BURNED: &str = "original.asset_burned";
/// What is kept of a minted asset, where the provider says it.
pub const KEPT: [&str; 5] = ["token_id", "token_address", "token_uri", "explorer_url", "owner_address"];

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let reply = far.send(desk.get(far.now(), &["asset", need_id(call, "asset_uid")?], &[])).await?;
    let Some(asset) = found_one(&reply)? else { return Ok(Answer::named("not_found")) };
    let uid = uid(&asset).ok_or_else(|| Stop::unclear("an asset without `uid`"))?;
    let is = |name: &str| match asset.get(name) {
        Some(Value::Bool(is)) => *is,
        Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
        _ => false,
    };
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
    Ok(answer)
}
