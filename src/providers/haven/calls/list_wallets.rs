//! `GET /wallets?owner=…`: the wallets of a user.

use gangway_core::outcome::Answer;

use super::{Desk, wallet};
use crate::providers::parts::{broken, done, given};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    list(desk, call).unwrap_or_else(|| {
        broken("list_wallets needs user_id or username, whichever providers.haven.wallet_owner filters by")
    })
}

fn list(desk: &Desk, call: &Call<'_>) -> Option<Turn> {
    wallet::list(desk, given(call.input, "user_id"), given(call.input, "username"))
}

/// The outcome, or the next page.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let page = match desk.data(call, reply) {
        Ok(body) => wallet::page(&body, stage, list(desk, call)),
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    match page {
        Ok(wallets) => wallet::put(Answer::named("found"), &wallets, reply.sent_at)
            .map_or_else(|| done(Answer::named("none")), done),
        Err(turn) => *turn,
    }
}
