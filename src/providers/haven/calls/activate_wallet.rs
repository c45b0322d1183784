//! `PUT /wallets/{id}/activate`: some networks want a wallet's account deployed before it can be used. Looked up by
//! reading the wallet.

use gangway_core::effect::Mode;
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::json;

use super::wallet::Wallet;
use super::{Desk, get_wallet};
use crate::providers::haven::error::Refusal;
use crate::providers::haven::sign::{self, Change};
use crate::providers::parts::{broken, done, id, send};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const ACTIVATE: &str = "activate";

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let Some(wallet_id) = id(call.input, "wallet_id") else {
        return broken("activate_wallet needs wallet_id, of letters, digits, - and _; check the flow's mapping");
    };
    if call.mode == Mode::LookUp {
        return send(desk.request("GET", &format!("/wallets/{wallet_id}")), "read");
    }
    let (path, body) = (format!("/wallets/{wallet_id}/activate"), json!({}));
    sign::begin(desk, Change { method: "PUT", path: &path, body: &body, effectful: true, then: ACTIVATE })
}

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let data = desk.data(call, reply);
    if stage.at == ACTIVATE {
        return match data {
            Ok(body) => get_wallet::read(&body, "activated", reply).unwrap_or_else(Stop::of_a_change),
            Err(Refusal::Approval) => done(Answer::named("awaiting_approval")),
            Err(Refusal::NotFound) => done(Answer::named("not_found")),
            Err(Refusal::Refused(complaint) | Refusal::Exists(complaint)) => done(complaint.refused()),
            Err(refusal) => Stop::from(refusal).of_a_change(),
        };
    }
    match data {
        Ok(body) if Wallet::read(&body).is_some_and(|wallet| wallet.is_active()) => {
            get_wallet::read(&body, "activated", reply).unwrap_or_else(Stop::of_a_read)
        }
        Ok(_) | Err(Refusal::NotFound) => Turn::Ended(AttemptResult::NotDone),
        Err(refusal) => Stop::from(refusal).of_a_read(),
    }
}
