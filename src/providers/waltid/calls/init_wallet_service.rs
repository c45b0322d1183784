//! `POST /v1/{org}.{tenant}/resource-api/services/init` on the organisation's host, or as the settings write it: a
//! fresh account has no wallet. Safe to repeat with `createIfNotFound`.

use super::{Desk, step};
use crate::providers::{Call, Reply, Turn};

/// The request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let wallet = &desk.settings.wallet;
    step::begin(desk, &step::names(desk, call), wallet.host, &wallet.path, &wallet.body)
}

/// The outcome.
pub fn resume(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let names = step::names(desk, call);
    step::resume(desk, call, reply, "ready", step::field("wallet", names.get("wallet")))
}
