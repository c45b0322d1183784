//! The way back to a user who is registered already: a delegated login tells that, and the list of wallets tells what
//! there is. Changes nothing, so it also serves as a poll.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::login::Registered;
use super::{Desk, USER_ID, USERNAME, wallet};
use crate::providers::parts::{given, need, object};
use crate::providers::{Call, Far, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (user_id, username) = (given(call.input, "user_id"), need(call, "username")?);
    match desk.registered(far, username).await? {
        Registered::Yes => {}
        Registered::No => return Ok(Answer::named("not_registered")),
        Registered::Refused(complaint) => return Ok(complaint.refused()),
        Registered::Approval => return Ok(Answer::named("awaiting_approval")),
    }
    let (wallets, sent_at) = desk.wallets(call, far).await?;
    let mut answer = Answer::named("recovered");
    answer.identifiers.extend(user_id.map(|id| Identifier::new(USER_ID, id)));
    answer.identifiers.push(Identifier::new(USERNAME, username));
    answer.fields = object(json!({"username": username}));
    answer.fields.extend(user_id.map(|id| ("user_id".to_owned(), Value::from(id))));
    Ok(wallet::put(answer, &wallets, sent_at).unwrap_or_else(|| Answer::named("no_wallet")))
}
