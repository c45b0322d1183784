//! The way back to a user who is registered already: how the user stands, and what wallets there are. Changes nothing,
//! so it also serves as a poll.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::users::Standing;
use super::wallet::Owned;
use super::{Desk, USERNAME, users, wallet};
use crate::providers::parts::{given, need, object};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (known, username) = (given(call.input, "user_id"), need(call, "username")?);
    let told = match desk.standing(far, known, username).await? {
        Standing::Registered(id) => id,
        Standing::Unfinished | Standing::Unknown => return Ok(Answer::named("not_registered")),
        Standing::Refused(complaint) => return Ok(complaint.refused()),
        Standing::Approval => return Ok(Answer::named("awaiting_approval")),
    };
    let user_id = known.or(told.as_deref());
    let (wallets, sent_at) = match desk.wallets(call, user_id, far).await? {
        Owned::Wallets(wallets, sent_at) => (wallets, sent_at),
        Owned::Refused(complaint) => return Ok(complaint.refused()),
    };
    let mut answer = Answer::named("recovered");
    answer.identifiers.extend(user_id.map(users::identified));
    answer.identifiers.push(Identifier::new(USERNAME, username));
    answer.fields = object(json!({"username": username}));
    answer.fields.extend(user_id.map(|id| ("user_id".to_owned(), Value::from(id))));
    Ok(wallet::put(answer, &wallets, sent_at).unwrap_or_else(|| Answer::named("no_wallet")))
}
