//! `GET /v1/admin/accounts`: whether there is an account with this e-mail.

use gangway_core::outcome::Answer;

use super::accounts::{Found, first, search};
use super::{Desk, account_id, named};
use crate::providers::parts::{broken, done, given};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

/// The first page.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    match given(call.input, "email") {
        Some(email) => first(desk, email, "search"),
        None => broken("find_account needs email; check the flow's mapping"),
    }
}

/// The outcome, or the next page.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let email = given(call.input, "email").unwrap_or_default();
    match desk.answer(reply, call.now).and_then(|answer| search(desk, email, stage, &answer)) {
        Ok(Found::Account(account)) => match account_id(&account) {
            Some(id) => named("found", &id, &account),
            None => Stop::Unclear("an account without `_id`".to_owned()).of_a_read(),
        },
        Ok(Found::Nobody) => done(Answer::named("not_found")),
        Ok(Found::Next(turn)) => *turn,
        Err(refusal) => refusal.of_a_read(),
    }
}
