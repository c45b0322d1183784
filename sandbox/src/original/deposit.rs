//! `GET /deposit?user_uid=&collection_uid=`: where to deposit for a user.
//! Source: docs/providers/original.md, 5.6, and the README of `getoriginal/original-js` ("Get deposit details by user
//! UID", 404 for an unknown user). Whether this read alone starts the wallet is not documented: an option, off.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::reply::Answer;
use super::{chain, gate, users};
use crate::world::World;

/// For whom, and for which collection. Older revisions of the SDK sent no collection, so it is not insisted on.
#[derive(Deserialize)]
pub(crate) struct Target {
    user_uid: Option<String>,
}

/// Reads the deposit details; `wallet_address` is null until the wallet exists.
pub(crate) async fn get(world: web::Data<World>, request: HttpRequest, target: web::Query<Target>) -> HttpResponse {
    let uid = target.into_inner().user_uid;
    let about = users::about(&world, "get_deposit", uid.as_deref().unwrap_or_default());
    gate::pass(world, &request, about, move |world| {
        let Some(uid) = uid else {
            return Answer::invalid(&[("user_uid".to_owned(), "This field is required.")]);
        };
        let Some(user) = world.original.store.user(&uid) else {
            return Answer::not_found("User not found.");
        };
        if world.options.original.deposit_starts_wallet {
            chain::use_on_chain(world, &uid, None);
        }
        let code = user.wallet.as_ref().map(|address| format!("ethereum:{address}@{}", chain::CHAIN_ID));
        Answer::found(json!({
            "network": chain::NETWORK,
            "chain_id": chain::CHAIN_ID,
            "wallet_address": user.wallet,
            "qr_code_data": code,
        }))
        .about_user(&uid)
    })
    .await
}
