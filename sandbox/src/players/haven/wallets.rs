//! `GET /wallets?owner=`, `GET /wallets/{id}`, `POST /wallets/{id}/activate`, and how a wallet and a list look.
//! Source: the given answer; docs/providers/haven.md, step 3 and recovery.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::{self, Claim};
use super::store::{User, Wallet};
use super::{Haven, chain, error, ids, traps};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{About, Answer, Body};

/// Networks with keys on the curve ed25519; all others are played with secp256k1.
const ED25519: [&str; 6] = ["Algorand", "Cardano", "Near", "Polkadot", "Solana", "Stellar"];

/// A part of a list. How many there are without a limit is not documented.
#[derive(Clone, Deserialize)]
pub(crate) struct Page {
    limit: Option<usize>,
    #[serde(rename = "paginationToken")]
    token: Option<String>,
}

/// The part that was asked for, and where the next begins if there is one.
pub(crate) fn page(all: Vec<Value>, wanted: &Page) -> Value {
    const USUAL: usize = 100;
    let from: usize = wanted.token.as_deref().and_then(|token| token.strip_prefix("at-")?.parse().ok()).unwrap_or(0);
    let count = wanted.limit.unwrap_or(USUAL).max(1);
    let more = all.len() > from.saturating_add(count);
    let items: Vec<Value> = all.into_iter().skip(from).take(count).collect();
    if more {
        json!({ "items": items, "nextPageToken": format!("at-{}", from + count) })
    } else {
        json!({ "items": items })
    }
}

/// The owner of the wallets; the last two are older names of the first.
#[derive(Deserialize)]
pub(crate) struct Owner {
    owner: Option<String>,
    #[serde(rename = "ownerId")]
    owner_id: Option<String>,
    #[serde(rename = "ownerUsername")]
    owner_username: Option<String>,
}

/// A user's wallets, or all users'. An owner is named by id or by username.
pub(crate) async fn list(
    haven: web::Data<Haven>,
    request: HttpRequest,
    owner: web::Query<Owner>,
    wanted: web::Query<Page>,
) -> HttpResponse {
    let Owner { owner, owner_id, owner_username } = owner.into_inner();
    let owner = owner.or(owner_id).or(owner_username);
    let store = &haven.store;
    let user = owner.as_deref().and_then(|owner| store.by_id(owner).or_else(|| store.by_username(owner)));
    let about = auth::about_user("list_wallets", user.as_ref());
    let about = About { user_uid: about.user_uid.or_else(|| owner.clone()), ..about };
    let admitted = auth::service(&haven, &request);
    pass(haven, about, admitted, move |haven| {
        let all = match (&owner, &user) {
            (Some(_), None) => Vec::new(),
            (_, user) => haven.store.wallets(user.as_ref().map(|user| user.id.as_str())),
        };
        Answer::found(page(all.iter().map(|wallet| shape(haven, wallet)).collect(), &wanted))
    })
    .await
}

/// One wallet and its owner, by the wallet's id.
fn owned(haven: &Haven, id: &str) -> Option<(Wallet, User)> {
    let wallet = haven.store.wallet(id)?;
    let user = haven.store.by_id(&wallet.owner)?;
    Some((wallet, user))
}

/// One wallet.
pub(crate) async fn get(haven: web::Data<Haven>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let user = owned(&haven, &id).map(|(_, user)| user);
    let (about, admitted) = (auth::about_user("get_wallet", user.as_ref()), auth::service(&haven, &request));
    pass(haven, about, admitted, move |haven| match haven.store.wallet(&id) {
        Some(wallet) => Answer::found(shape(haven, &wallet)),
        None => error(StatusCode::NOT_FOUND, "Wallet not found."),
    })
    .await
}

/// Activates a wallet by a transaction, which is the answer; the wallet is active when that is confirmed. Both SDKs post,
/// and read a transaction. What becomes of one that is active is not documented: it is refused.
pub(crate) async fn activate(
    haven: web::Data<Haven>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let claim = Claim::of(&request, &body);
    let user = owned(&haven, &id).map(|(_, user)| user);
    let (about, admitted) = (auth::about_user("activate_wallet", user.as_ref()), auth::service(&haven, &request));
    pass(haven, about, admitted, move |haven| {
        if let Err(refusal) = claim.check(haven) {
            return refusal;
        }
        let Some(user) = user else {
            return error(StatusCode::NOT_FOUND, "Wallet not found.");
        };
        let Some(wallet) = haven.store.wallet(&id).filter(|wallet| !wallet.active) else {
            return error(StatusCode::BAD_REQUEST, "Wallet is active already.");
        };
        if !user.trapped(traps::NEVER.word) {
            chain::confirmed(haven, user.clone(), id.to_string());
        }
        let transaction = json!({
            "id": ids::id(haven.stage.dice, "tx", &[&id, "activate"]),
            "walletId": wallet.id,
            "network": wallet.network,
            "requester": { "userId": user.id },
            "requestBody": { "kind": "Activate" },
            "status": "Pending",
            "dateRequested": ids::print(clock::now()),
        });
        Answer::made(StatusCode::OK, Body::Json(transaction)).about_user(&user.id)
    })
    .await
}

/// As the given answer shows it. Address and name are left out where there is none.
pub(crate) fn shape(haven: &Haven, wallet: &Wallet) -> Value {
    let hexadecimal = |what: &str, bytes: usize| {
        hex::encode(haven.stage.dice.bytes(&["haven", what, &wallet.id]).get(..bytes).unwrap_or_default())
    };
    let edwards = ED25519.iter().any(|network| wallet.network.starts_with(network));
    let mut shape = Map::new();
    let mut set = |name: &str, value: Value| shape.insert(name.to_owned(), value);
    set("id", json!(wallet.id));
    set("network", json!(wallet.network));
    if wallet.active || wallet.addressed {
        let address = if edwards { hexadecimal("address", 32) } else { format!("0x{}", hexadecimal("address", 20)) };
        set("address", json!(address));
    }
    if let Some(name) = &wallet.name {
        set("name", json!(name));
    }
    let (scheme, curve) = if edwards { ("EdDSA", "ed25519") } else { ("ECDSA", "secp256k1") };
    let public = hexadecimal("public key", 32);
    let key = json!({
        "id": ids::id(haven.stage.dice, "key", &[&wallet.id]),
        "scheme": scheme,
        "curve": curve,
        "publicKey": if edwards { public } else { format!("02{public}") },
    });
    set("signingKey", key);
    set("status", json!(if wallet.active { "Active" } else { "Inactive" }));
    set("dateCreated", json!(ids::print(wallet.created)));
    set("custodial", json!(haven.options.custodial));
    set("tags", json!([]));
    Value::Object(shape)
}
