//! Turns deliveries into readings. They are signed and complete, so a wallet that is `Active` is a fact; a delivery
//! that says less is a hint. A repeated delivery is a new record with a new id, so copies are recognised by kind,
//! object and date. There are no events about users: the wallet's id leads to its owner. Source:
//! docs/providers/haven.md, "Webhooks".

use gangway_core::event::{Identifier, Trust};
use gangway_core::time::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::calls::WALLET_ID;
use super::calls::wallet::Wallet;
use crate::providers::haven::settings::EventNames;
use crate::providers::parts::{text, words};
use crate::providers::{Delivery, Reading, Unreadable};

/// What differs between a delivery, its repetition, and the record that is read back.
const VARIES: [&str; 8] = [
    "/id",
    "/timestampSent",
    "/deliveryAttempt",
    "/retryOf",
    "/deliveryFailed",
    "/status",
    "/error",
    "/nextAttemptDate",
];

/// What a delivery says. An event of an unknown kind is a reading without facts.
///
/// # Errors
/// When there is no `kind`.
pub fn read(names: &EventNames, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let kind = text(delivery.json, "kind").ok_or_else(|| Unreadable("no `kind` in the body".to_owned()))?;
    let data = delivery.json.get("data").unwrap_or(&Value::Null);
    let date = text(delivery.json, "date");
    let occurred_at = date.as_deref().and_then(Timestamp::parse);
    let about_wallets = names.wallet_active.contains(&kind);
    let wallet = data.get("wallet").and_then(Wallet::read).or_else(|| Wallet::read(data).filter(|_| about_wallets));
    let wallet_id = wallet.as_ref().map(|wallet| wallet.id.clone()).or_else(|| wallet_id(data));
    let told = wallet.filter(|wallet| about_wallets && (wallet.is_active() || wallet.status == "unknown"));
    let trust = |wallet: &Wallet| match delivery.signed && wallet.is_active() {
        true => Trust::Fact,
        false => Trust::Hint,
    };
    Ok(Reading {
        key: date.map(|date| key(&kind, &date, data)),
        kind: named(&kind),
        occurred_at,
        identifiers: wallet_id.map(|id| Identifier::new(WALLET_ID, id)).into_iter().collect(),
        facts: told.map(|wallet| wallet.fact(occurred_at, trust(&wallet))).into_iter().collect(),
        varies: words(&VARIES),
    })
}

/// Requests and events of wallets name the wallet's id as well as their own.
fn wallet_id(data: &Value) -> Option<String> {
    let inner = data.as_object().into_iter().flat_map(|map| map.values());
    text(data, "walletId").or_else(|| inner.filter_map(|object| text(object, "walletId")).next())
}

/// Kind, object and date; where the object has no id, its content stands for it.
fn key(kind: &str, date: &str, data: &Value) -> String {
    let inner = data.as_object().into_iter().flat_map(|map| map.values());
    let object = inner.filter_map(|object| text(object, "id")).next().or_else(|| text(data, "id"));
    let object = object.unwrap_or_else(|| hex::encode(Sha256::digest(data.to_string())));
    format!("{kind}:{object}:{date}")
}

/// `wallet.transfer.requested` -> `haven.wallet_transfer_requested`.
fn named(kind: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("haven.{}", kind.chars().take(LONGEST).map(plain).collect::<String>())
}
