//! `POST /asset`, `GET /asset/{uid}` and `GET /asset?user_uid=`.
//!
//! Source: docs/providers/original.md, 5.6; the list from `getoriginal/original-js`, `src/client.ts`
//! (`getAssetsByUserUid`, "empty if none found"), and `getoriginal/original-dotnet`, which asks for
//! `asset?user_uid=…`; the fields from `src/types/asset.ts`. Whether a second asset with the same external id is
//! refused is not documented: it is made, unless the options say otherwise, so that a caller's repeat can be counted.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fields::{self, Check, Wrong};
use super::store::{Asset, NotAdded, User};
use super::{Original, auth, chain, reply, traps, users};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer};
use crate::mischief::Mishap;

/// Makes an asset for a user. Its first one starts the wallet; the asset is minted when both are there.
pub(crate) async fn create(original: web::Data<Original>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body = fields::object(&body);
    let peek = |name: &str| body.as_ref().ok().and_then(|object| fields::peek(object, name));
    let mut about = users::about(&original, "create_asset", &peek("user_uid").unwrap_or_default());
    about.asset_external_id = peek("asset_external_id");
    let trapped = about.external_id.as_deref().or(about.email.as_deref()).unwrap_or_default();
    about.trap = trapped.contains(traps::ASSET_LOST.word).then_some((Mishap::LostDone, false));
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| make(original, body)).await
}

fn make(original: &Arc<Original>, body: Result<Map<String, Value>, Wrong>) -> Answer {
    let asset = match body.map_err(|wrong| vec![wrong]).and_then(|object| read(&object)) {
        Ok(asset) => asset,
        Err(wrong) => return reply::invalid(&wrong),
    };
    let user_uid = asset.user_uid.clone();
    match original.store.add_asset(asset, original.options.refuse_asset_twice) {
        Ok(uid) => {
            chain::use_on_chain(original, &user_uid, Some(&uid));
            reply::created(&uid).about_user(&user_uid).about_asset(&uid)
        }
        Err(NotAdded::NoUser) => reply::not_found("User not found."),
        Err(NotAdded::SameExternalId | NotAdded::SameEmail) => reply::client_error("Asset already exists."),
        Err(NotAdded::Full) => reply::server_error(actix_web::http::StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn read(object: &Map<String, Value>) -> Result<Asset, Vec<Wrong>> {
    let mut check = Check::new(object, "");
    let (user_uid, collection_uid) = (check.required("user_uid"), check.required("collection_uid"));
    let external_id = check.required("asset_external_id");
    let price = check.number("sale_price_in_usd");
    let data = check.nested("data").cloned().unwrap_or_default();
    let mut wrong = check.wrong;
    if object.get("data").is_some_and(Value::is_object) {
        let mut check = Check::new(&data, "data.");
        check.required("name");
        check.boolean("unique_name");
        check.required("image_url");
        check.boolean("store_image_on_ipfs");
        check.optional("description");
        check.optional("external_url");
        check.attributes("attributes");
        wrong.append(&mut check.wrong);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let (uid, data, created_at) = (String::new(), Value::Object(data), clock::now());
    Ok(Asset { uid, external_id, user_uid, collection_uid, data, price, created_at, token_id: None })
}

/// Reads an asset by its uid.
pub(crate) async fn get(original: web::Data<Original>, request: HttpRequest, uid: web::Path<String>) -> HttpResponse {
    let uid = uid.into_inner();
    let asset = original.store.asset(&uid);
    let about = users::about(&original, "get_asset", asset.as_ref().map_or("", |asset| &asset.user_uid));
    let about = About { asset_external_id: asset.map(|asset| asset.external_id), ..about };
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| match original.store.asset(&uid) {
        Some(asset) => {
            let user = original.store.user(&asset.user_uid);
            reply::found(shape(&asset, user.as_ref())).about_user(&asset.user_uid).about_asset(&uid)
        }
        None => reply::not_found("Asset not found."),
    })
    .await
}

/// The user of the assets.
#[derive(Deserialize)]
pub(crate) struct Owner {
    user_uid: Option<String>,
}

/// Lists a user's assets, oldest first; an empty list for a user without any, and for an unknown user.
pub(crate) async fn list(
    original: web::Data<Original>,
    request: HttpRequest,
    owner: web::Query<Owner>,
) -> HttpResponse {
    let uid = owner.into_inner().user_uid;
    let about = users::about(&original, "list_assets", uid.as_deref().unwrap_or_default());
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| {
        let Some(uid) = uid else {
            return reply::invalid(&[("user_uid".to_owned(), "This field is required.")]);
        };
        let user = original.store.user(&uid);
        let assets = original.store.assets_of(&uid);
        reply::found(assets.iter().map(|asset| shape(asset, user.as_ref())).collect()).about_user(&uid)
    })
    .await
}

/// An asset as the reads show it (`getoriginal/original-js`, `src/types/asset.ts` and its README).
fn shape(asset: &Asset, owner: Option<&User>) -> Value {
    let minted = asset.token_id.is_some();
    let wallet = owner.and_then(|owner| owner.wallet.clone());
    let name = asset.data.get("name");
    let image = asset.data.get("image_url");
    let mut metadata = Map::new();
    for (field, value) in [("name", name), ("image", image), ("org_image_url", image)] {
        metadata.insert(field.to_owned(), json!(value));
    }
    metadata.insert("original_id".to_owned(), json!(asset.uid));
    for field in ["description", "external_url", "attributes"] {
        if let Some(value) = asset.data.get(field).filter(|value| !value.is_null()) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    json!({
        "uid": asset.uid,
        "name": name,
        "asset_external_id": asset.external_id,
        "collection_uid": asset.collection_uid,
        "collection_name": "Sandbox collection",
        "token_id": asset.token_id.map(|id| id.to_string()),
        "created_at": clock::print(asset.created_at),
        "is_minted": minted,
        "is_burned": false,
        "is_transferring": false,
        "is_transferable": minted,
        "is_editing": false,
        "mint_for_user_uid": asset.user_uid,
        "mint_for_address": wallet,
        "owner_user_uid": minted.then_some(&asset.user_uid),
        "owner_address": wallet.filter(|_| minted),
        "sale_price_in_usd": asset.price,
        "metadata": metadata,
    })
}
