//! `POST /asset`, and the look-up in the user's assets by which an uncertain or duplicate creation is settled.
//! May follow `create_user` at once: the first asset is what makes the provider make the wallet.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{ASSET_UID, Desk, created_at, given, id, object, text, uid};
use crate::providers::original::error::{Refusal, data, found};
use crate::providers::{Call, Far, Stop};

/// Fields beside `data`.
const OUTER: [&str; 3] = ["user_uid", "asset_external_id", "sale_price_in_usd"];
/// Fields inside `data`.
pub const INNER: [&str; 7] =
    ["name", "unique_name", "image_url", "store_image_on_ipfs", "description", "external_url", "attributes"];

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    if id(call.input, "user_uid").is_none() || given(call.input, "asset_external_id").is_none() {
        return Err(Stop::broken("create_asset needs user_uid and asset_external_id; check the flow's mapping"));
    }
    if call.mode == Mode::LookUp {
        return existing(desk, call, far).await?.ok_or(Stop::NotDone);
    }
    let nowhere = "no collection: give collection_uid in the flow or in providers.original.collection_uid";
    let body = body(desk, call.input).ok_or_else(|| Stop::broken(nowhere))?;
    let reply = far.send(desk.post(far.now(), &["asset"], &body)).await?;
    match data(&reply) {
        Ok(asset) => {
            let uid = uid(&asset).ok_or_else(|| Stop::unclear("a good answer without `uid`"))?;
            Ok(named("created", uid))
        }
        // When it is not one of the user's, something else of the asset is taken (its unique name): the flow's author
        // must choose another.
        Err(Refusal::Exists(complaint)) => Ok(existing(desk, call, far).await?.unwrap_or_else(|| complaint.refused())),
        Err(refusal) => Ok(refusal.of_person()?.refused()),
    }
}

fn body(desk: &Desk, input: &Map<String, Value>) -> Option<Value> {
    let collection = given(input, "collection_uid").or(desk.settings.collection_uid.as_deref())?;
    let pick = |names: &[&str]| -> Map<String, Value> {
        let field =
            |name: &&str| Some(((*name).to_owned(), input.get(*name).filter(|value| !value.is_null())?.clone()));
        names.iter().filter_map(field).collect()
    };
    let mut body = pick(&OUTER);
    body.insert("collection_uid".to_owned(), json!(collection));
    body.insert("data".to_owned(), Value::Object(pick(&INNER)));
    Some(Value::Object(body))
}

/// `GET /asset?user_uid=…`: all assets of the user, as the vendor's SDK reads them. The one with this external id, if
/// there is one, is ours if it was made since our uncertain attempt.
async fn existing(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Option<Answer>, Stop> {
    let query = [("user_uid", given(call.input, "user_uid").unwrap_or_default())];
    let assets = match found(&far.send(desk.get(far.now(), &["asset"], &query)).await?)? {
        Some(Value::Array(assets)) => assets,
        Some(_) => return Err(Stop::unclear("the user's assets are not a list")),
        None => Vec::new(),
    };
    let wanted = given(call.input, "asset_external_id");
    let ours = assets.iter().find(|asset| text(asset, "asset_external_id").as_deref() == wanted);
    let Some(asset) = ours else { return Ok(None) };
    let uid = uid(asset).ok_or_else(|| Stop::unclear("an asset without `uid`"))?;
    Ok(Some(named(if desk.may_be_ours(call, created_at(asset)) { "created" } else { "exists" }, uid)))
}

fn named(outcome: &str, uid: String) -> Answer {
    let mut answer = Answer::named(outcome);
    answer.identifiers.push(Identifier::new(ASSET_UID, &*uid));
    answer.fields = object(json!({"uid": uid}));
    answer
}
