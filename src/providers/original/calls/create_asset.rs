//! `POST /asset`, and the look-up in the user's assets by which an uncertain or duplicate creation is settled.
//! May follow `create_user` at once: the first asset is what makes the provider make the wallet.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::{Map, Value, json};

use super::{ASSET_UID, Desk, broken, created_at, done, given, id, object, send, text, uid};
use crate::providers::complaint;
use crate::providers::original::error::{Refusal, data};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Request, Stage, Turn};

const CREATE: &str = "create";
const LOOK_UP: &str = "look_up";
const EXISTS: &str = "exists";

/// Fields beside `data`.
const OUTER: [&str; 3] = ["user_uid", "asset_external_id", "sale_price_in_usd"];
/// Fields inside `data`.
pub const INNER: [&str; 7] =
    ["name", "unique_name", "image_url", "store_image_on_ipfs", "description", "external_url", "attributes"];

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    if id(call.input, "user_uid").is_none() || given(call.input, "asset_external_id").is_none() {
        return broken("create_asset needs user_uid and asset_external_id; check the flow's mapping");
    }
    if call.mode == Mode::LookUp {
        return send(look_up(desk, call), LOOK_UP);
    }
    match body(desk, call.input) {
        Some(body) => send(desk.post(call.now, &["asset"], &body), CREATE),
        None => broken("no collection: give collection_uid in the flow or in providers.original.collection_uid"),
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

/// `GET /asset?user_uid=…`: all assets of the user, as the vendor's SDK reads them.
fn look_up(desk: &Desk, call: &Call<'_>) -> Request {
    desk.get(call.now, &["asset"], &[("user_uid", given(call.input, "user_uid").unwrap_or_default())])
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let data = data(reply, call.now);
    match (stage.at, data) {
        (CREATE, Ok(data)) => match uid(&data) {
            Some(uid) => named("created", uid),
            None => Stop::Unclear("a good answer without `uid`".to_owned()).of_a_change(),
        },
        (CREATE, Err(Refusal::Exists(complaint))) => {
            let memo = json!({"code": complaint.code, "reason": complaint.reason});
            Turn::Send(look_up(desk, call), Stage { at: EXISTS, memo })
        }
        (CREATE, Err(Refusal::Refused(complaint))) => done(complaint.refused()),
        (CREATE, Err(refusal)) => Stop::from(refusal).of_a_change(),
        (_, Ok(Value::Array(assets))) => listed(desk, call, stage, &assets),
        (_, Ok(Value::Null) | Err(Refusal::NotFound)) => listed(desk, call, stage, &[]),
        (_, Ok(_)) => Stop::Unclear("the user's assets are not a list".to_owned()).of_a_read(),
        (_, Err(refusal)) => Stop::from(refusal).of_a_read(),
    }
}

fn listed(desk: &Desk, call: &Call<'_>, stage: &Stage, assets: &[Value]) -> Turn {
    let wanted = given(call.input, "asset_external_id");
    let ours = assets.iter().find(|asset| text(asset, "asset_external_id").as_deref() == wanted);
    match ours.map(|asset| (uid(asset), created_at(asset))) {
        Some((Some(uid), created)) => named(if desk.may_be_ours(call, created) { "created" } else { "exists" }, uid),
        Some((None, _)) => Stop::Unclear("an asset without `uid`".to_owned()).of_a_read(),
        None if stage.at == LOOK_UP => Turn::Ended(AttemptResult::NotDone),
        // Something else of the asset is taken (its unique name): the person who wrote the flow must choose another.
        None => {
            let told = |name| text(&stage.memo, name).unwrap_or_default();
            done(complaint::refused(&told("code"), &told("reason")))
        }
    }
}

fn named(outcome: &str, uid: String) -> Turn {
    let mut answer = Answer::named(outcome);
    answer.identifiers.push(Identifier::new(ASSET_UID, &*uid));
    answer.fields = object(json!({"uid": uid}));
    done(answer)
}
