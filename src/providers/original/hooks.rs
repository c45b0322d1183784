//! Deliveries into readings. Thin and of an unpublished signature, so what they say is a hint unless the operator's
//! own profile verified them and nothing is missing. Source: docs/providers/original.md, "Webhooks".

use gangway_core::event::{FactReport, Identifier, Trust};
use serde_json::{Map, Value};

use super::calls::get_asset::{BURNED, MINTED};
use super::calls::user::WALLET_CREATED;
use super::calls::{ASSET_UID, USER_UID, text, user};
use crate::providers::original::settings::EventNames;
use crate::providers::{Delivery, Reading, Unreadable, wait};

/// What a delivery says. An event of an unknown name is a reading without facts.
///
/// # Errors
/// When there is no `event` name.
pub fn read(names: &EventNames, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let event = delivery.json.get("event").and_then(Value::as_str).map(str::trim).filter(|event| !event.is_empty());
    let event = event.ok_or_else(|| Unreadable("no `event` name in the body".to_owned()))?;
    let data = delivery.json.get("data").unwrap_or(&Value::Null);
    let known = [(WALLET_CREATED, &names.wallet_created), (MINTED, &names.asset_minted), (BURNED, &names.asset_burned)];
    // The names are not all published, and written in several ways: `wallet.created`, "Wallet Created".
    let fact = known.iter().find(|(_, accepted)| accepted.iter().any(|name| is_same(name, event)));
    let is_wallet = fact.is_some_and(|(name, _)| *name == WALLET_CREATED);
    let user_uid = user_uid(data, is_wallet);
    let asset_uid = data.get("asset").and_then(|asset| text(asset, "uid"));
    let facts = fact.map_or_else(Vec::new, |(name, _)| match *name {
        WALLET_CREATED => vec![wallet_fact(data, user_uid.as_deref(), delivery.signed)],
        // What is minted is in a wallet: a hint to read the user then, because no event may tell of the wallet itself.
        MINTED => {
            let wallet = report(WALLET_CREATED, String::new(), Map::new(), false);
            vec![asset_fact(name, asset_uid.as_deref(), delivery.signed), wallet]
        }
        _ => vec![asset_fact(name, asset_uid.as_deref(), delivery.signed)],
    });
    let identifiers = [(USER_UID, user_uid), (ASSET_UID, asset_uid)];
    Ok(Reading {
        kind: fact.map_or_else(|| kind(event), |(name, _)| (*name).to_owned()),
        key: wait::header(delivery.headers, "x-webhook-correlation-id")
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
        occurred_at: None,
        identifiers: identifiers.into_iter().filter_map(|(kind, uid)| Some(Identifier::new(kind, uid?))).collect(),
        facts,
        varies: Vec::new(),
    })
}

/// `data.user.uid`, `data.wallet.user_uid`, and, where the event is about a user, `data.uid`.
fn user_uid(data: &Value, is_wallet: bool) -> Option<String> {
    let of_user = data.get("user").and_then(|user| text(user, "uid"));
    let of_wallet = || data.get("wallet").and_then(|wallet| text(wallet, "user_uid"));
    let own = || text(data, "uid").filter(|_| is_wallet);
    of_user.or_else(of_wallet).or_else(own)
}

/// Only a body with the address and the user, under a verified signature, is more than a hint.
fn wallet_fact(data: &Value, user_uid: Option<&str>, signed: bool) -> FactReport {
    let inside = data.get("user").map(user::wallets).unwrap_or_default().into_iter().next();
    let beside = || {
        user::wallets(&Value::Object(Map::from_iter([("wallets".to_owned(), list(data.get("wallet")))])))
            .into_iter()
            .next()
    };
    let flat = || user::wallets(data).into_iter().next();
    let mut fields = inside.or_else(beside).or_else(flat).unwrap_or_default();
    let address = fields.get("address").and_then(Value::as_str).map(str::to_owned);
    if let Some(uid) = user_uid {
        fields.insert("user_uid".to_owned(), Value::String(uid.to_owned()));
    }
    let complete = signed && address.is_some() && user_uid.is_some();
    report(WALLET_CREATED, address.unwrap_or_default(), fields, complete)
}

fn list(one: Option<&Value>) -> Value {
    Value::Array(one.into_iter().cloned().collect())
}

/// That an asset is minted is complete with its uid.
fn asset_fact(name: &str, uid: Option<&str>, signed: bool) -> FactReport {
    let uid = uid.unwrap_or_default();
    let fields = Map::from_iter([("asset_uid".to_owned(), Value::String(uid.to_owned()))]);
    report(name, uid.to_owned(), fields, signed && !uid.is_empty())
}

fn report(name: &str, resource: String, fields: Map<String, Value>, complete: bool) -> FactReport {
    let trust = if complete { Trust::Fact } else { Trust::Hint };
    FactReport { name: name.to_owned(), resource, fields, time: None, rank: 0, trust }
}

/// Whether two names of events have the same letters, and any.
fn is_same(one: &str, other: &str) -> bool {
    let letters =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect() };
    letters(one) == letters(other) && one.chars().any(char::is_alphabetic)
}

/// `reward.claimed` -> `original.reward_claimed`. A name that the settings do not accept never gets a fact's type.
fn kind(event: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let kind = format!("original.{}", event.chars().take(LONGEST).map(plain).collect::<String>());
    if [WALLET_CREATED, MINTED, BURNED].contains(&kind.as_str()) { format!("{kind}_unaccepted") } else { kind }
}
