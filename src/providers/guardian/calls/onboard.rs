//! `POST /accounts/push/onboard`: starts a task that makes an account on the ledger, the user, and the DID. Not
//! repeatable: a second one spends the operator's funds again, or finds the username taken. So what a lost answer
//! left behind is found out by logging in as the user.

use gangway_core::effect::Mode;
use gangway_core::event::Identifier;
use gangway_core::outcome::{Answer, AttemptResult};
use serde_json::{Map, Value, json};

use super::login::{self, Login, NO_INPUT, SECOND_FACTOR};
use super::{Desk, TASK_ID, USERNAME, with_did};
use crate::providers::complaint::{Refusal, refused};
use crate::providers::guardian::error::{Body, body, holds};
use crate::providers::guardian::token::REGISTRY;
use crate::providers::parts::{broken, done, given, object, send, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};

const START: &str = "start";
const LOOK_UP: &str = "look_up";
const WHOSE: &str = "whose";

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

/// The first request.
pub fn begin(desk: &Desk, call: &Call<'_>) -> Turn {
    if call.mode == Mode::LookUp {
        return login::of_input(desk, call.input).map_or_else(|| broken(NO_INPUT), |request| send(request, LOOK_UP));
    }
    let Some(password) = given(call.input, "password") else { return broken(NO_INPUT) };
    if let Some(lacks) = desk.rule.lacks(password) {
        let mut answer = Answer::named("weak_password");
        answer.fields = object(json!({"lacks": lacks}));
        return done(answer);
    }
    match request_body(desk, call.input, password) {
        Ok(body) => {
            let mut request = desk.post(&["accounts", "push", "onboard"], &body);
            request.token = (!desk.settings.demo).then_some(REGISTRY);
            send(request, START)
        }
        Err(reason) => done(refused("not_sent", reason)),
    }
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

/// What follows from the answer.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    match stage.at {
        START => started(desk, call, reply),
        at => match login::read(reply, call.now) {
            Ok(Login::In { did, .. }) => registered(call, did.as_deref()),
            // Not registered, or another person's username: doing it again tells these two apart, by 409.
            Ok(Login::Refused) if at == LOOK_UP => Turn::Ended(AttemptResult::NotDone),
            Ok(Login::Refused) => exists(),
            Ok(Login::SecondFactor) => broken(SECOND_FACTOR),
            Err(trouble) => trouble.of_a_read(),
        },
    }
}

fn started(desk: &Desk, call: &Call<'_>, reply: &Reply) -> Turn {
    let complaint = match body(reply, call.now) {
        Ok(Body::Object(data)) if text(&data, "taskId").is_some() => {
            let id = text(&data, "taskId").unwrap_or_default();
            let mut answer = Answer::named("accepted");
            answer.identifiers = named(call);
            answer.identifiers.push(Identifier::new(TASK_ID, id.as_str()));
            answer.fields = object(json!({"task_id": id}));
            return done(answer);
        }
        Ok(_) => return Stop::Unclear("a good answer without `taskId`".to_owned()).of_a_change(),
        Err(Refusal::Stop(trouble)) => return trouble.of_a_change(),
        Err(Refusal::Complaint(404, _)) => {
            let cause =
                "this Guardian knows no unified onboarding (404); check providers.guardian.base_url and its version";
            return Turn::Barred(cause.to_owned());
        }
        Err(Refusal::Complaint(status, complaint)) => (status, complaint),
    };
    match complaint {
        (status, complaint) if status == 409 || holds(&complaint.reason, &desk.settings.texts.taken) => {
            // After an uncertain attempt the one who has taken it may be this very person, through us.
            let log_in = || login::of_input(desk, call.input).map(|request| send(request, WHOSE));
            call.uncertain_since.and_then(|_| log_in()).unwrap_or_else(exists)
        }
        (400 | 422, complaint) => done(complaint.refused()),
        (status, _) => Stop::Broken(format!("{status}, which the documentation does not know")).of_a_change(),
    }
}

fn named(call: &Call<'_>) -> Vec<Identifier> {
    given(call.input, "username").map(|name| Identifier::new(USERNAME, name)).into_iter().collect()
}

/// The account is there, and this person's own: the password is theirs.
fn registered(call: &Call<'_>, did: Option<&str>) -> Turn {
    let mut answer = with_did("registered", did);
    answer.identifiers.extend(named(call));
    done(answer)
}

fn exists() -> Turn {
    done(Answer::named("exists"))
}
