//! `POST /auth/registration/enduser`: hands in the credentials that the person's device made, with the one-time token of
//! the registration, and gets the user and the first wallets. The session in the answer is the user's own: it is never
//! kept. Challenge and token are used up by it, so a lost answer is settled by a login, never by chance.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::{Answer, AttemptResult};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::login::{self, Registered};
use super::wallet::{self, Wallet};
use super::{Desk, USER_ID, USERNAME, with_body};
use crate::providers::complaint::refused;
use crate::providers::haven::error::{Refusal, is_expiry};
use crate::providers::parts::{broken, done, given, object, send, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const COMPLETE: &str = "complete";
const LOOK_UP: &str = "login";

/// The three credentials: input, field of the request.
const CREDENTIALS: [(&str, &str); 3] = [
    ("first_factor", "firstFactorCredential"),
    ("second_factor", "secondFactorCredential"),
    ("recovery", "recoveryCredential"),
];

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    let Some(username) = given(call.input, "username").filter(|_| given(call.input, "user_id").is_some()) else {
        return broken("complete_enduser needs user_id and username; check the flow's mapping");
    };
    if call.mode == Mode::LookUp {
        return login::ask(desk, username, LOOK_UP);
    }
    let Some(token) = given(call.input, "temporary_token") else {
        return broken(
            "complete_enduser has no temporary_token any more; move the onboarding to where it starts again",
        );
    };
    let body = match body(desk, call.input) {
        Ok(body) => body,
        Err(reason) => return done(refused("bad_credential", &reason)),
    };
    let token = SecretString::from(token);
    let request = desk.request_of(Some(&token), "POST", "/auth/registration/enduser");
    let mut request = with_body(request, body.to_string());
    request.effectful = true;
    send(request, COMPLETE)
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
    let parsed = credential.as_str().and_then(|text| serde_json::from_str(text).ok());
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

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    match stage.at {
        COMPLETE => completed(desk, call, reply),
        LOOK_UP => match login::read(desk, call, reply) {
            Ok(Registered::Yes) => list(desk, call).unwrap_or_else(|| broken("the user's wallets cannot be listed")),
            Ok(_) => Turn::Ended(AttemptResult::NotDone),
            Err(turn) => *turn,
        },
        _ => match desk.data(call, reply) {
            Ok(body) => match wallet::page(&body, stage, list(desk, call)) {
                Ok(wallets) => found(desk, call, &wallets, reply),
                Err(turn) => *turn,
            },
            Err(refusal) => Stop::from(refusal).of_a_read(),
        },
    }
}

fn list(desk: &Desk, call: &Call<'_>) -> Option<Turn> {
    wallet::list(desk, given(call.input, "user_id"), given(call.input, "username"))
}

/// The token was the user's, not ours: whatever is refused here says nothing about our settings.
fn completed(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let body = match desk.data(call, reply) {
        Ok(body) => body,
        Err(Refusal::Exists(_)) => return done(Answer::named("exists")),
        Err(Refusal::Unauthorised(_)) => return done(Answer::named("token_expired")),
        Err(Refusal::Refused(complaint)) if is_expiry(&complaint) => return done(Answer::named("token_expired")),
        Err(Refusal::Refused(complaint) | Refusal::Forbidden(complaint)) => return done(complaint.refused()),
        Err(Refusal::Approval) => return done(Answer::named("awaiting_approval")),
        Err(refusal) => return Stop::from(refusal).of_a_change(),
    };
    let user = body.get("user").unwrap_or(&Value::Null);
    let credential = body.get("credential").unwrap_or(&Value::Null);
    let mut answer = named(call, text(user, "id"), text(user, "username"), text(user, "orgId"));
    let kind = text(credential, "kind").or_else(|| text(credential, "credentialKind"));
    let told = [
        ("credential_uuid", text(credential, "uuid")),
        ("credential_kind", kind),
        ("credential_name", text(credential, "name")),
    ];
    answer.fields.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))));
    match wallet::put(answer, &Wallet::all(body.get("wallets")), reply.sent_at) {
        Some(answer) => done(answer),
        None => Stop::Unclear("a completed registration without a wallet".to_owned()).of_a_change(),
    }
}

/// A look-up: registered, and the wallets are there; they may still be on their way.
fn found(desk: &Desk, call: &Call<'_>, wallets: &[Wallet], reply: &Reply) -> Turn {
    let answer = named(call, None, None, desk.settings.org_id.clone());
    wallet::put(answer, wallets, reply.sent_at).map_or_else(
        || {
            let cause = "the user is registered and has no wallet yet".to_owned();
            Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true })
        },
        done,
    )
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
