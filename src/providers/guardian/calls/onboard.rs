//! `POST /accounts/push/onboard`: starts a task that makes an account on the ledger, the user, and the DID. Not
//! repeatable: a second one spends the operator's funds again, or finds the username taken. So what a lost answer
//! left behind is found out by logging in as the user.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::login::NO_INPUT;
use super::{Desk, TASK_ID, USERNAME, with_did};
use crate::providers::complaint::{Complaint, Refusal, refused};
use crate::providers::guardian::error::{Body, body, complaint as complaint_of, holds};
use crate::providers::guardian::token::REGISTRY;
use crate::providers::parts::{given, object, text};
use crate::providers::{Call, Far, HttpRequest, Stop};

/// Input fields that every task needs.
pub(in crate::providers::guardian) const NEEDED: [&str; 2] = ["username", "role"];
/// Input fields that it may have.
pub(in crate::providers::guardian) const OPTIONAL: [&str; 7] = [
    "parent",
    "hedera_account_id",
    "vc_document",
    "did_document",
    "use_fireblocks_signing",
    "fireblocks_vault_id",
    "fireblocks_asset_id",
];
/// Secret ones among them.
pub(in crate::providers::guardian) const OPTIONAL_SECRETS: [&str; 4] =
    ["hedera_account_key", "did_keys", "fireblocks_api_key", "fireblocks_private_key"];

/// The four parts of a Fireblocks configuration; the last one is spelt so in the provider's source.
const FIREBLOCKS: [(&str, &str); 4] = [
    ("fireblocks_vault_id", "fireBlocksVaultId"),
    ("fireblocks_asset_id", "fireBlocksAssetId"),
    ("fireblocks_api_key", "fireBlocksApiKey"),
    ("fireblocks_private_key", "fireBlocksPrivateiKey"),
];

/// Carries out this action.
pub async fn call(desk: &Desk, call: &Call<'_>, far: &dyn Far) -> Result<Answer, Stop> {
    if call.mode == Mode::LookUp {
        // Not registered, or another person's username: doing it again tells these two apart, by 409.
        let session = desk.is_user(call, far).await?.ok_or(Stop::NotDone)?;
        return Ok(registered(call, session.did.as_deref()));
    }
    let password = given(call.input, "password").ok_or_else(|| Stop::broken(NO_INPUT))?;
    if let Some(lacks) = desk.rule.lacks(password) {
        let mut answer = Answer::named("weak_password");
        let reason = format!("the password lacks {lacks}");
        answer.fields = object(json!({"lacks": lacks, "code": "weak_password", "reason": reason}));
        return Ok(answer);
    }
    let request = match request_body(desk, call.input, password) {
        Ok(body) => desk.post(&["accounts", "push", "onboard"], &body),
        Err(reason) => return Ok(refused("not_sent", reason)),
    };
    let token = (!desk.settings.demo).then_some(REGISTRY);
    let reply = far.send(HttpRequest { token, ..request }).await?;
    let is_taken = |complaint: &Complaint| holds(&complaint.reason, &desk.settings.texts.taken);
    let (status, complaint) = match body(&reply) {
        Ok(started) => return accepted(call, &started),
        // Guardian says "already exists" with 500, too.
        Err(Refusal::Stop(_)) if reply.status >= 500 && is_taken(&complaint_of(&reply)) => (409, complaint_of(&reply)),
        Err(Refusal::Stop(stop)) => return Err(stop),
        Err(Refusal::Complaint(404, _)) => {
            let cause =
                "this Guardian knows no unified onboarding (404); check providers.guardian.base_url and its version";
            return Err(Stop::Denied(cause.to_owned()));
        }
        Err(Refusal::Complaint(status, complaint)) => (status, complaint),
    };
    if status == 409 || is_taken(&complaint) {
        // After an uncertain attempt, this very person may have taken it, through us.
        if call.uncertain_since.is_some()
            && let Some(session) = desk.is_user(call, far).await?
        {
            return Ok(registered(call, session.did.as_deref()));
        }
        return Ok(complaint.outcome("exists"));
    }
    Ok(complaint.refused())
}

/// The body, or what is missing: a task that fails half-way cannot be taken back, so what can be seen is checked here.
fn request_body(desk: &Desk, input: &Map<String, Value>, password: &str) -> Result<Value, &'static str> {
    let username = given(input, "username").ok_or("there is no username")?;
    let role = given(input, "role").ok_or("there is no role")?;
    let mut body = object(json!({
        "username": username, "password": password, "password_confirmation": password, "role": role,
    }));
    let of_settings = || desk.settings.parent.as_deref().filter(|_| role == "USER");
    match given(input, "parent").or_else(of_settings) {
        Some(parent) => drop(body.insert("parent".to_owned(), parent.into())),
        None if role == "USER" => return Err("a USER needs a parent, the username of a Standard Registry"),
        None => {}
    }
    if let Some(account) = given(input, "hedera_account_id") {
        let key = given(input, "hedera_account_key").ok_or("a Hedera account needs its key")?;
        if account.split('.').count() != 3 || !account.split('.').all(is_number) {
            return Err("a Hedera account is written like 0.0.4532001");
        }
        body.insert("hederaAccountId".to_owned(), account.into());
        body.insert("hederaAccountKey".to_owned(), key.into());
    }
    let there = |name: &str| input.get(name).filter(|value| !value.is_null());
    for (ours, theirs) in [("vc_document", "vcDocument"), ("did_document", "didDocument")] {
        let Some(document) = there(ours) else { continue };
        if !document.is_object() {
            return Err("vc_document and did_document are maps");
        }
        body.insert(theirs.to_owned(), document.clone());
    }
    if let Some(keys) = there("did_keys") {
        if !keys.is_array() {
            return Err("did_keys is a list");
        }
        body.insert("didKeys".to_owned(), keys.clone());
    }
    if let Some(signing) = there("use_fireblocks_signing") {
        let signing = signing.as_bool().ok_or("use_fireblocks_signing is true or false")?;
        body.insert("useFireblocksSigning".to_owned(), signing.into());
        if signing {
            body.insert("fireblocksConfig".to_owned(), fireblocks(input)?);
        }
    }
    Ok(Value::Object(body))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn fireblocks(input: &Map<String, Value>) -> Result<Value, &'static str> {
    let part = |(ours, theirs): (&str, &str)| Some((theirs.to_owned(), Value::from(given(input, ours)?)));
    let config: Option<Map<String, Value>> = FIREBLOCKS.into_iter().map(part).collect();
    config.map(Value::Object).ok_or("signing with Fireblocks needs its vault, asset, API key and private key")
}

fn accepted(call: &Call<'_>, started: &Body) -> Result<Answer, Stop> {
    let id = match started {
        Body::Object(started) => text(started, "taskId"),
        Body::Empty => None,
    };
    let id = id.ok_or_else(|| Stop::unclear("a good answer without `taskId`"))?;
    let mut answer = Answer::named("accepted");
    answer.identifiers = named(call);
    answer.identifiers.push(Identifier::new(TASK_ID, id.as_str()));
    answer.fields = object(json!({"task_id": id}));
    Ok(answer)
}

fn named(call: &Call<'_>) -> Vec<Identifier> {
    given(call.input, "username").map(|name| Identifier::new(USERNAME, name)).into_iter().collect()
}

/// The account is there, and this person's own: the password is theirs.
fn registered(call: &Call<'_>, did: Option<&str>) -> Answer {
    let mut answer = with_did("registered", did);
    answer.identifiers.extend(named(call));
    answer
}
