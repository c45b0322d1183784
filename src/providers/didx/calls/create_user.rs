//! `POST /users`: makes an account, or finds the one with this e-mail address. Idempotent per e-mail, so the call
//! itself, repeated, is the look-up; but the temporary password of a lost reply is lost for good.

use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use gangway_core::secret::Secrets;
use serde_json::{Map, Value};

use super::{Api, Desk, USERNAME, refusal};
use crate::providers::complaint::{Refusal, refused};
use crate::providers::didx::error::data;
use crate::providers::parts::{given, text};
use crate::providers::{Call, Far, Stop};

/// Input fields and their names in the body.
pub(in crate::providers::didx) const FIELDS: [(&str, &str); 5] = [
    ("email", "email"),
    ("username", "username"),
    ("first_name", "firstName"),
    ("last_name", "lastName"),
    ("external_identifier", "externalIdentifier"),
];

/// Carries out this action; a look-up is the same call. New and existing are both 201, told apart by `tempPassword`
/// only.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let (email, username) = (given(call.input, "email"), given(call.input, "username"));
    if email.is_none() && username.is_none() {
        return Ok(refused("missing", "neither an e-mail address nor a username is given"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !username.is_none_or(|name| name.chars().all(plain)) {
        return Ok(refused("username", "a username may have letters, digits, `.`, `-` and `_` only"));
    }
    let field = |(ours, theirs): (&str, &str)| Some((theirs.to_owned(), given(call.input, ours)?.into()));
    let body: Map<String, Value> = FIELDS.into_iter().filter_map(field).collect();
    let reply = far.send(desk.post(Api::Onboarding, &["users"], Some(&body.into()))).await?;
    let data = match data(&reply) {
        Ok(data) => data,
        Err(Refusal::Complaint(409, complaint)) => return Ok(complaint.outcome("conflict")),
        Err(other) => return refusal(other),
    };
    let password = match data.get("tempPassword") {
        Some(Value::String(password)) => password.clone(),
        Some(Value::Number(password)) => password.to_string(),
        other => {
            let read = if other.is_none() { "is missing" } else { "is no text" };
            return Err(Stop::Broken(format!(
                "`tempPassword` of the provider's answer {read}, so a new account cannot be told from an existing one; \
                 ask the provider whether its API has changed, then move the onboarding on"
            )));
        }
    };
    let mut answer = Answer::named(match (password.is_empty(), call.uncertain_since) {
        (false, _) => "created",
        (true, None) => "exists",
        (true, Some(_)) => "exists_after_unknown",
    });
    if !password.is_empty() {
        answer.secrets = Secrets::of("temp_password", password);
    }
    for name in ["email", "username"] {
        if let Some(value) = text(&data, name).or_else(|| given(call.input, name).map(str::to_owned)) {
            answer.fields.insert(name.to_owned(), value.into());
        }
    }
    if let Some(username) = answer.fields.get("username").and_then(Value::as_str) {
        answer.identifiers.push(Identifier::new(USERNAME, username));
    }
    Ok(answer)
}
