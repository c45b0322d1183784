//! What the far end counted: what there is, and what there is twice. Its own sums enter; nothing of gangway's does.

use gangway_sandbox::Summary;
use serde_json::{Value, json};

/// What stands twice at any provider. An account that a provider makes and loses by itself is not counted: nobody
/// asked for it a second time.
pub(super) const fn doubled(counted: &Summary) -> u64 {
    let didx = counted.didx.duplicate_users + counted.didx.duplicate_credentials + counted.didx.duplicate_offers;
    counted.duplicate_users
        + counted.duplicate_assets
        + didx
        + counted.didx.duplicate_endpoints
        + counted.guardian.duplicate_accounts
        + counted.haven.doubled
}

/// One line for people.
pub(super) fn line(counted: &Summary) -> String {
    format!(
        "at the far end: {} users, {} assets (Original); {} users, {} credentials (DIDx); {} accounts (Guardian); \
         {} accounts (walt.id); {} users, {} wallets (Haven); {} doubled; {} webhooks; {} mails",
        counted.users,
        counted.assets,
        counted.didx.users,
        counted.didx.credentials,
        counted.guardian.accounts,
        counted.waltid.accounts,
        counted.haven.registered,
        counted.haven.wallets,
        doubled(counted),
        counted.webhooks,
        counted.messages,
    )
}

/// The same for programs.
pub(super) fn value(counted: &Summary) -> Value {
    json!({
        "original": { "users": counted.users, "assets": counted.assets, "wallets": counted.wallets },
        "didx": counted.didx,
        "guardian": counted.guardian,
        "waltid": counted.waltid,
        "haven": counted.haven,
        "webhooks": counted.webhooks,
    })
}
