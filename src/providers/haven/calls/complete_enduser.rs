//! `POST /auth/registration/enduser`: hands in the credentials that the person's device made, with the one-time token
//! of the registration, and gets the user and the first wallets. The session in the answer is the user's own: it is
//! never kept. Challenge and token are used up by it, so a lost answer is settled by how the user stands, never by chance.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::users::Standing;
use super::wallet::{self, Owned, Wallet};
use super::{Desk, USER_ID, USERNAME, with_body};
use crate::providers::complaint::refused;
use crate::providers::haven::error::{Refusal, is_expiry};
use crate::providers::parts::{given, object, text};
use crate::providers::{Call, Far, HttpRequest, Reply, Stop};

/// The three credentials: input, field of the request.
const CREDENTIALS: [(&str, &str); 3] = [
    ("first_factor", "firstFactorCredential"),
    ("second_factor", "secondFactorCredential"),
    ("recovery", "recoveryCredential"),
];

/// Carries out this action. The token is the user's, not ours: a refusal here says nothing about our settings.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    let Some(username) = given(call.input, "username").filter(|_| given(call.input, "user_id").is_some()) else {
        return Err(Stop::broken("complete_enduser needs user_id and username; check the flow's mapping"));
    };
    if call.mode == Mode::LookUp {
        return look_up(desk, call, far, username).await;
    }
    let Some(token) = given(call.input, "temporary_token") else {
        return Err(Stop::broken(
            "complete_enduser has no temporary_token any more; move the onboarding to where it starts again",
        ));
    };
    let body = match body(desk, call.input) {
        Ok(body) => body,
        Err(reason) => return Ok(refused("bad_credential", &reason)),
    };
    let request = desk.request_of(Some(&SecretString::from(token)), "POST", "/auth/registration/enduser");
    let reply = far.send(HttpRequest { effectful: true, ..with_body(request, body.to_string()) }).await?;
    match desk.data(&reply) {
        Ok(said) => completed(call, &said, &reply),
        Err(Refusal::Exists(_)) => Ok(Answer::named("exists")),
        Err(Refusal::Unauthorised(complaint)) => Ok(complaint.outcome("token_expired")),
        Err(Refusal::Refused(complaint)) if is_expiry(&complaint) => Ok(complaint.outcome("token_expired")),
        Err(Refusal::Approval) => Ok(Answer::named("awaiting_approval")),
        // No signature of ours goes with it.
        Err(Refusal::Action(complaint)) => Ok(complaint.refused()),
        Err(refusal) => Ok(refusal.of_person()?.refused()),
    }
}

/// Registered, and the wallets are there; they may still be on their way.
async fn look_up(desk: &Desk, call: &Call<'_>, far: &dyn Far, username: &str) -> Result<Answer, Stop> {
    let user_id = given(call.input, "user_id");
    match desk.standing(far, user_id, username).await? {
        Standing::Registered(_) => {}
        Standing::Unfinished | Standing::Unknown | Standing::Approval => return Err(Stop::NotDone),
        Standing::Refused(complaint) => return Ok(complaint.refused()),
    }
    let answer = named(call, None, None, desk.settings.org_id.clone());
    let no_wallet = || Stop::away("the user is registered and has no wallet yet");
    match desk.wallets(call, user_id, far).await? {
        Owned::Wallets(wallets, sent_at) => wallet::put(answer, &wallets, sent_at).ok_or_else(no_wallet),
        Owned::Refused(complaint) => Ok(complaint.refused()),
    }
}

fn completed(call: &Call<'_>, said: &Value, reply: &Reply) -> Result<Answer, Stop> {
    let user = said.get("user").unwrap_or(&Value::Null);
    let credential = said.get("credential").unwrap_or(&Value::Null);
    let mut answer = named(call, text(user, "id"), text(user, "username"), text(user, "orgId"));
    let kind = text(credential, "kind").or_else(|| text(credential, "credentialKind"));
    let told = [
        ("credential_uuid", text(credential, "uuid")),
        ("credential_kind", kind),
        ("credential_name", text(credential, "name")),
    ];
    answer.fields.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))));
    let answer = wallet::put(answer, &Wallet::all(said.get("wallets")), reply.sent_at);
    answer.ok_or_else(|| Stop::unclear("a completed registration without a wallet"))
}

/// The request's body, in the documented order. Credentials go out as the device made them, whatever their kind.
fn body(desk: &Desk, input: &Map<String, Value>) -> Result<Value, String> {
    let mut body = Map::new();
    for (name, field) in CREDENTIALS {
        match input.get(name).filter(|value| !value.is_null()) {
            Some(credential) => body.insert(field.to_owned(), whole(name, credential)?),
            None if name == "first_factor" => return Err("first_factor is missing".to_owned()),
            None => None,
        };
    }
    let template = &desk.settings.wallet;
    let wallets = match input.get("wallets").filter(|wallets| !wallets.is_null()) {
        Some(wallets) => wallets.clone(),
        None => {
            let mut wallet = object(json!({"network": template.network}));
            wallet.extend(template.name.iter().map(|name| ("name".to_owned(), json!(name))));
            json!([wallet])
        }
    };
    if !wallets.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(|one| text(one, "network").is_some()))
    {
        return Err("wallets must be a list of at least one, each with a network".to_owned());
    }
    body.insert("wallets".to_owned(), wallets);
    Ok(Value::Object(body))
}

/// A credential with all that the provider needs; a text is read as JSON, as front ends send it. Never repeats what is
/// in it.
fn whole(name: &str, credential: &Value) -> Result<Value, String> {
    let parsed = credential.as_str().and_then(|text| gangway_core::json::read(text.as_bytes()).ok());
    let credential = parsed.as_ref().unwrap_or(credential);
    if text(credential, "credentialKind").is_none() {
        return Err(format!("{name} has no credentialKind"));
    }
    let info = credential.get("credentialInfo").unwrap_or(&Value::Null);
    match ["credId", "clientData", "attestationData"].into_iter().find(|field| text(info, field).is_none()) {
        Some(field) => Err(format!("{name} has no credentialInfo.{field}")),
        None => Ok(credential.clone()),
    }
}

fn named(call: &Call<'_>, id: Option<String>, name: Option<String>, org_id: Option<String>) -> Answer {
    let input = |field: &str| given(call.input, field).unwrap_or_default().to_owned();
    let (id, name) = (id.unwrap_or_else(|| input("user_id")), name.unwrap_or_else(|| input("username")));
    let mut answer = Answer::named("completed");
    answer.identifiers = vec![Identifier::new(USER_ID, &*id), Identifier::new(USERNAME, &*name)];
    answer.fields = object(json!({"user_id": id, "username": name}));
    answer.fields.extend(org_id.map(|org_id| ("org_id".to_owned(), Value::String(org_id))));
    answer
}
