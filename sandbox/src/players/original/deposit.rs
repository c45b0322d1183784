//! `GET /deposit?user_uid=&collection_uid=`: where to deposit for a user.
//! Source: docs/providers/original.md, 5.6, and the README of `getoriginal/original-js` ("Get deposit details by user
//! UID", 404 for an unknown user). Whether this read alone starts the wallet is not documented: an option, off.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{Original, auth, chain, reply, users};
use crate::door::pass::pass;

/// The user and the collection. Older revisions of the SDK sent no collection, so it is optional.
#[derive(Deserialize)]
pub(crate) struct Target {
    user_uid: Option<String>,
}

/// Reads the deposit details; `wallet_address` is null until the wallet exists.
pub(crate) async fn get(
    original: web::Data<Original>,
    request: HttpRequest,
    target: web::Query<Target>,
) -> HttpResponse {
    let uid = target.into_inner().user_uid;
    let about = users::about(&original, "get_deposit", uid.as_deref().unwrap_or_default());
    let admitted = auth::admitted(&original, &request);
    pass(original, about, admitted, move |original| {
        let Some(uid) = uid else {
            return reply::invalid(&[("user_uid".to_owned(), "This field is required.")]);
        };
        let Some(user) = original.store.user(&uid) else {
            return reply::not_found("User not found.");
        };
        if original.options.deposit_starts_wallet {
            chain::use_on_chain(original, &uid, None);
        }
        let code = user.wallet.as_ref().map(|address| format!("ethereum:{address}@{}", chain::CHAIN_ID));
        reply::found(json!({
            "network": chain::NETWORK,
            "chain_id": chain::CHAIN_ID,
            "wallet_address": user.wallet,
            "qr_code_data": code,
        }))
        .about_user(&uid)
    })
    .await
}
