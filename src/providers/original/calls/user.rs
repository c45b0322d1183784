//! A user as the provider shows it: finding one, and both shapes of its wallets.

use gangway_core::event::{FactReport, Trust};
use gangway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{Desk, given, text};
use crate::providers::original::error;
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Name of the fact that a user has a wallet.
pub const WALLET_CREATED: &str = "original.wallet_created";

/// What a user is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Our own id for it.
    ExternalId,
    /// The e-mail address.
    Email,
}

impl By {
    const fn field(self) -> &'static str {
        match self {
            Self::ExternalId => "user_external_id",
            Self::Email => "email",
        }
    }
}

/// The best of what the input offers to look a user up by.
pub fn best(input: &Map<String, Value>) -> Option<By> {
    [By::ExternalId, By::Email].into_iter().find(|by| given(input, by.field()).is_some())
}

/// `GET /user?user_external_id=…` or `?email=…`; 200 with `data: null` when there is none.
pub fn look_up(desk: &Desk, now: Timestamp, input: &Map<String, Value>, by: By) -> HttpRequest {
    desk.get(now, &["user"], &[(by.field(), given(input, by.field()).unwrap_or_default())])
}

/// The user that is looked up so, if there is one.
pub async fn find(desk: &Desk, call: &Call<'_>, far: &dyn Far, by: By) -> Result<Option<Value>, Stop> {
    error::found_one(&far.send(look_up(desk, far.now(), call.input, by)).await?)
}

/// Whether the user was found by an e-mail address but belongs to somebody else's external id: that is another
/// person's account, and must never be taken for this person's.
pub fn is_anothers(input: &Map<String, Value>, user: &Value) -> bool {
    match (given(input, "user_external_id"), text(user, "user_external_id")) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => false,
    }
}

/// The user's wallets: `wallets`, or the older single `wallet_address` without a network. Entries without an address
/// are not wallets yet; one alone may stand for the list.
pub fn wallets(user: &Value) -> Vec<Map<String, Value>> {
    const KEPT: [&str; 4] = ["address", "network", "chain_id", "explorer_url"];
    let list = match user.get("wallets") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let mut wallets: Vec<Map<String, Value>> = Vec::new();
    for wallet in list.iter().filter(|wallet| text(wallet, "address").is_some()) {
        let field =
            |name: &&str| Some(((*name).to_owned(), wallet.get(*name).filter(|value| !value.is_null())?.clone()));
        wallets.push(KEPT.iter().filter_map(field).collect());
    }
    if let (true, Some(address)) = (wallets.is_empty(), text(user, "wallet_address")) {
        wallets.push(Map::from_iter([("address".to_owned(), Value::String(address))]));
    }
    for wallet in &mut wallets {
        wallet.entry("network").or_insert_with(|| Value::String("unknown".to_owned()));
    }
    wallets
}

/// One fact for each wallet that a read found.
pub fn facts(uid: &str, wallets: &[Map<String, Value>], sent_at: Timestamp) -> Vec<FactReport> {
    let fact = |wallet: &Map<String, Value>| {
        let mut fields = wallet.clone();
        fields.insert("user_uid".to_owned(), Value::String(uid.to_owned()));
        FactReport {
            name: WALLET_CREATED.to_owned(),
            resource: wallet.get("address").and_then(Value::as_str).unwrap_or_default().to_owned(),
            fields,
            time: Some(sent_at),
            rank: 0,
            trust: Trust::Fact,
        }
    };
    wallets.iter().map(fact).collect()
}
