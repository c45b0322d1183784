//! Conversations without a network: a call, the answers it meets, how it ends. Bodies are in `fixtures`; those of the
//! given document stand there as it has them.

mod answers;
mod deliveries;
mod flow;
mod refusals;
mod registration;

use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::retry::Policy;
use serde_json::{Value, json};

use super::Haven;
use crate::providers::HttpRequest;
use crate::providers::haven::settings::SAMPLE_KEY;
use crate::providers::talk::{NOW, Talk, Told, body as sent, line};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const BASE: &str = "https://api.digitalassets.ibm.com";
const GIVEN_REQUEST: &str = fixture!("enduser_request.json");
const HOOK: &str = fixture!("hook_wallet_created.json");
const CHALLENGE: Told<'_> = (200, &[], fixture!("action_challenge.json"));
const SIGNED: Told<'_> = (200, &[], fixture!("action_signed.json"));
const STARTED: Told<'_> = (200, &[], fixture!("registration_started.json"));
/// Without what a challenge need not name, and with an older spelling.
const LEAST: Told<'_> = (200, &[], fixture!("registration_least.json"));
const COMPLETED: Told<'_> = (200, &[], fixture!("enduser_completed.json"));
const EXISTS: Told<'_> = (401, &[], fixture!("user_exists.json"));
const SESSION: Told<'_> = (200, &[], "{\"token\": \"eyJ-session\"}");
const WALLETS: Told<'_> = (200, &[], fixture!("wallets.json"));
const NO_WALLETS: Told<'_> = (200, &[], "{\"items\": []}");
const ACTIVE: Told<'_> = (200, &[], fixture!("wallet_active.json"));
const INACTIVE: Told<'_> = (200, &[], fixture!("wallet_inactive.json"));
const TRANSACTION: Told<'_> = (200, &[], fixture!("activation.json"));
const MADE: Told<'_> = (200, &[], fixture!("user_made.json"));
/// The list of users: Ada registered, Bea begun and not finished, Emil an employee, Dan deactivated.
const USERS: Told<'_> = (200, &[], fixture!("users.json"));
const NOBODY: Told<'_> = (200, &[], "{\"items\": []}");
const NO_LIST: Told<'_> = (403, &[], "{\"error\": {\"message\": \"Permission Auth:Users:Read is required.\"}}");
const FORBIDDEN: Told<'_> = (403, &[], "{\"error\": {\"message\": \"Permission Auth:Types:Employee is required.\"}}");
const UNKNOWN_USER: Told<'_> = (401, &[], "{\"error\": {\"message\": \"User not found.\"}}");
const BAD: Told<'_> = (400, &[], "{\"error\": {\"message\": \"email is not valid\"}}");
const MISSING: Told<'_> = (404, &[], "{\"error\": {\"message\": \"Not found.\"}}");
const HTML: &str = "<html><body>Bad gateway</body></html>";

fn adapter() -> Haven {
    adapter_with("")
}

fn adapter_with(more: &str) -> Haven {
    let text = format!(
        "base_url = \"{BASE}\"\nservice_token = \"service-token\"\ncredential_id = \"Y3ItMWYwNHM\"\n\
         origin = \"https://app.example.com\"\norg_id = \"or-1\"\nservice_key = \"\"\"{SAMPLE_KEY}\"\"\"\n{more}"
    );
    Haven::new(crate::providers::haven::ROW.section(&text).unwrap(), &Policy::default())
}

/// How a test names the older way to find out whether a user is registered.
const BY_LOGIN: &str = "look_up = \"login\"";

/// The answers to a change that is announced and signed well, and then those to itself.
fn signed<'a>(told: &[Told<'a>]) -> Vec<Told<'a>> {
    [&[CHALLENGE, SIGNED], told].concat()
}

fn done(result: AttemptResult) -> Answer {
    match result {
        AttemptResult::Done(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn ada() -> Value {
    json!({"email": "ada@example.org", "external_id": "u-1"})
}

fn named(email: &str) -> Value {
    json!({"email": email, "username": email})
}

fn person() -> Value {
    json!({"username": "ada@example.org", "user_id": "us-1"})
}

/// The inputs that make the request of the given document.
fn handed_in() -> Value {
    let given: Value = serde_json::from_str(GIVEN_REQUEST).unwrap();
    json!({
        "user_id": "us-1", "username": "ada@example.org", "temporary_token": "<token>",
        "first_factor": given["firstFactorCredential"], "second_factor": given["secondFactorCredential"],
        "recovery": given["recoveryCredential"], "wallets": given["wallets"],
    })
}

fn path(request: &HttpRequest) -> String {
    line(request).replacen(BASE, "", 1)
}

fn secret<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    use secrecy::ExposeSecret as _;
    request.secret_headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.expose_secret())
}
