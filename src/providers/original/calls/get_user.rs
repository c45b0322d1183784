//! `GET /user/{uid}`, or by external id or e-mail: whether the user has a wallet. The poll of a waiting state, and
//! the read that confirms a webhook.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Value, json};

use super::{Desk, USER_UID, given, id, object, uid, user};
use crate::providers::original::error::found_one;
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let reply = far.send(request(desk, call, far)?).await?;
    let Some(user) = found_one(&reply)? else { return Ok(Answer::named("not_found")) };
    let uid = uid(&user).ok_or_else(|| Stop::unclear("a user without `uid`"))?;
    let wallets = user::wallets(&user);
    let mut answer = Answer::named(if wallets.is_empty() { "no_wallet" } else { "has_wallet" });
    answer.identifiers.push(Identifier::new(USER_UID, &*uid));
    answer.facts = user::facts(&uid, &wallets, reply.sent_at);
    answer.fields = object(json!({"uid": uid}));
    if let Some(first) = wallets.first() {
        answer.fields.extend(first.clone());
        let all = wallets.into_iter().map(Value::Object).collect();
        answer.fields.insert("wallets".to_owned(), Value::Array(all));
    }
    Ok(answer)
}

/// By `user_uid`, else by `user_external_id`, else by `email`.
fn request(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<HttpRequest, Stop> {
    if given(call.input, "user_uid").is_some() {
        let wrong = "user_uid is not an id of this provider: only letters, digits, - and _";
        let uid = id(call.input, "user_uid").ok_or_else(|| Stop::broken(wrong))?;
        return Ok(desk.get(far.now(), &["user", uid], &[]));
    }
    let nothing = "get_user needs user_uid, user_external_id or email; check the flow's mapping";
    let by = user::best(call.input).ok_or_else(|| Stop::broken(nothing))?;
    Ok(user::look_up(desk, far.now(), call.input, by))
}
