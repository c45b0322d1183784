//! Conversations without a network: a call, the answers it meets, how it ends. Bodies are in `fixtures`; those of the
//! given document stand there as it has them.

mod answers;
mod deliveries;
mod flow;
mod registration;

use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::retry::Policy;
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use super::Haven;
use crate::providers::{Adapter, Call, Reply, Request, Turn};
use crate::settings::haven::SAMPLE_KEY;

/// A status, extra headers, and a body.
type Told<'a> = (u16, &'a [(&'a str, &'a str)], &'a str);

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

const NOW: Timestamp = Timestamp(1_767_323_050_000); // 2026-01-02T03:04:10Z
const BASE: &str = "https://api.digitalassets.ibm.com";
const GIVEN_REQUEST: &str = fixture!("enduser_request.json");
const HOOK: &str = fixture!("hook_wallet_created.json");
const CHALLENGE: Told<'_> = (200, &[], fixture!("action_challenge.json"));
const SIGNED: Told<'_> = (200, &[], fixture!("action_signed.json"));
const STARTED: Told<'_> = (200, &[], fixture!("registration_started.json"));
const COMPLETED: Told<'_> = (200, &[], fixture!("enduser_completed.json"));
const EXISTS: Told<'_> = (401, &[], fixture!("user_exists.json"));
const SESSION: Told<'_> = (200, &[], "{\"token\": \"eyJ-session\"}");
const WALLETS: Told<'_> = (200, &[], fixture!("wallets.json"));
const NO_WALLETS: Told<'_> = (200, &[], "{\"items\": []}");
const ACTIVE: Told<'_> = (200, &[], fixture!("wallet_active.json"));
const INACTIVE: Told<'_> = (200, &[], fixture!("wallet_inactive.json"));
const UNKNOWN_USER: Told<'_> = (401, &[], "{\"error\": {\"message\": \"User not found.\"}}");
const BAD: Told<'_> = (400, &[], "{\"error\": {\"message\": \"email is not valid\"}}");
const MISSING: Told<'_> = (404, &[], "{\"error\": {\"message\": \"Not found.\"}}");
const HTML: &str = "<html><body>Bad gateway</body></html>";

fn adapter_with(more: &str) -> Haven {
    let text = format!(
        "base_url = \"{BASE}\"\nservice_token = \"service-token\"\ncredential_id = \"Y3ItMWYwNHM\"\n\
         origin = \"https://app.example.com\"\norg_id = \"or-1\"\nservice_key = \"\"\"{SAMPLE_KEY}\"\"\"\n{more}"
    );
    Haven::new(toml::from_str(&text).unwrap(), &Policy::default())
}

struct Talk {
    action: &'static str,
    input: Value,
    mode: Mode,
    settings: &'static str,
}

impl Talk {
    fn new(action: &'static str, input: Value) -> Self {
        Self { action, input, mode: Mode::Do, settings: "" }
    }

    fn look_up(action: &'static str, input: Value) -> Self {
        Self { mode: Mode::LookUp, ..Self::new(action, input) }
    }

    /// Every request that was sent and how it ended; a cause `barred: …` stands for a barred provider.
    fn hear(&self, told: &[Told<'_>]) -> (Vec<Request>, AttemptResult) {
        let adapter = adapter_with(self.settings);
        let input = self.input.as_object().unwrap();
        let effect = EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 };
        let call = Call { action: self.action, input, effect, mode: self.mode, uncertain_since: None, now: NOW };
        let (mut turn, mut requests, mut told) = (adapter.begin(&call), Vec::new(), told.iter());
        loop {
            let (request, stage) = match turn {
                Turn::Send(request, stage) => (request, stage),
                Turn::Ended(result) => {
                    assert!(told.next().is_none(), "{}: an answer that nothing asked for", self.action);
                    return (requests, result);
                }
                Turn::Barred(cause) => {
                    return (requests, AttemptResult::Broken { cause: format!("barred: {cause}") });
                }
            };
            requests.push(request);
            let (status, headers, body) = told.next().expect("a request that the test does not answer");
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let reply = Reply { status: *status, headers, body: body.as_bytes().to_vec(), sent_at: NOW };
            turn = adapter.resume(&call, &stage, &reply);
        }
    }

    /// The same for a change: announcing and signing it goes well.
    fn hear_signed(&self, told: &[Told<'_>]) -> (Vec<Request>, AttemptResult) {
        self.hear(&[&[CHALLENGE, SIGNED], told].concat())
    }

    /// In one word: the outcome, or `not_done`, `again`, `again free`, `unknown`, `broken`, `barred`.
    fn ends(&self, told: &[Told<'_>]) -> String {
        match self.hear(told).1 {
            AttemptResult::Done(answer) => answer.outcome,
            AttemptResult::NotDone => "not_done".to_owned(),
            AttemptResult::Again { spent: true, .. } => "again".to_owned(),
            AttemptResult::Again { .. } => "again free".to_owned(),
            AttemptResult::Unknown { .. } => "unknown".to_owned(),
            AttemptResult::Broken { cause } if cause.starts_with("barred") => "barred".to_owned(),
            AttemptResult::Broken { .. } => "broken".to_owned(),
        }
    }

    fn ends_signed(&self, told: &[Told<'_>]) -> String {
        self.ends(&[&[CHALLENGE, SIGNED], told].concat())
    }
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

fn path(request: &Request) -> String {
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let url = request.url.strip_prefix(BASE).unwrap();
    format!("{} {url}?{}", request.method, query.join("&")).trim_end_matches('?').to_owned()
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap()).unwrap()
}

fn secret<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    use secrecy::ExposeSecret as _;
    request.secret_headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.expose_secret())
}
