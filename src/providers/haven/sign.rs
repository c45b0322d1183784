//! User action signing: every change by the service account is announced, its challenge signed, and only then sent.
//! A change enters; the three requests leave one after the other. The body is serialised once, and the same bytes are
//! announced and sent. Only the change itself can have done something. Source: docs/providers/haven.md, "Signing".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::calls::{Desk, with_body};
use super::error::data;
use crate::providers::parts::{broken, text};
use crate::providers::stop::Stop;
use crate::providers::{Call, Reply, Stage, Turn};
use crate::settings::haven::key::ServiceKey;

const ANNOUNCED: &str = "action_announced";
const SIGNED: &str = "action_signed";

/// Signs what a challenge asks for. A key in the settings does; another keeper of keys could.
pub trait Signs: Send + Sync + std::fmt::Debug {
    /// The signature over these bytes; none when there can be none now.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>>;
}

impl Signs for ServiceKey {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Self::sign(self, message)
    }
}

/// A change that needs a signature.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// Path below the base address.
    pub path: &'a str,
    /// Its body.
    pub body: &'a Value,
    /// Whether it may have done something when its answer is lost.
    pub effectful: bool,
    /// The stage of its answer.
    pub then: &'static str,
}

/// The stages that answers to changes come back with; a stage is named by what is in the program, never by what was
/// remembered.
const THEN: [&str; 6] = ["create", "restart", "login", "login_exists", "activate", "register"];

/// Announces the change.
pub fn begin(desk: &Desk, change: Change<'_>) -> Turn {
    let Change { method, path, body, effectful, then } = change;
    let body = body.to_string();
    let announced = json!({
        "userActionPayload": body,
        "userActionHttpMethod": method,
        "userActionHttpPath": path,
        "userActionServerKind": "Api",
    });
    let memo = json!({"method": method, "path": path, "body": body, "effectful": effectful, "then": then});
    let request = with_body(desk.request("POST", "/auth/action/init"), announced.to_string());
    Turn::Send(request, Stage { at: ANNOUNCED, memo })
}

/// Whether the answer belongs to the signing and not yet to the change.
#[must_use]
pub fn is_one_of(stage: &Stage) -> bool {
    matches!(stage.at, ANNOUNCED | SIGNED)
}

/// Signs the challenge, or sends the change. Nothing was done so far, whatever is answered.
pub fn resume(desk: &Desk, call: &Call<'_>, stage: &Stage, reply: &Reply) -> Turn {
    let body = match data(reply, &desk.settings.exists, call.now) {
        Ok(body) => body,
        Err(refusal) => return Stop::from(refusal).of_a_read(),
    };
    if stage.at == ANNOUNCED { assert(desk, &body, stage) } else { change(desk, &body, stage) }
}

fn assert(desk: &Desk, body: &Value, stage: &Stage) -> Turn {
    let (Some(challenge), Some(identifier)) = (text(body, "challenge"), text(body, "challengeIdentifier")) else {
        return Stop::Unclear("a challenge without `challenge` and `challengeIdentifier`".to_owned()).of_a_read();
    };
    let client_data = json!({
        "type": "key.get", "challenge": challenge, "origin": desk.settings.origin, "crossOrigin": false,
    })
    .to_string();
    let Some(signature) = desk.signer.as_ref().and_then(|signer| signer.sign(client_data.as_bytes())) else {
        return broken("the challenge cannot be signed; check providers.haven.service_key");
    };
    let asserted = json!({
        "challengeIdentifier": identifier,
        "firstFactor": {
            "kind": "Key",
            "credentialAssertion": {
                "credId": desk.settings.credential_id,
                "clientData": URL_SAFE_NO_PAD.encode(&client_data),
                "signature": URL_SAFE_NO_PAD.encode(signature),
            },
        },
    });
    let request = with_body(desk.request("POST", "/auth/action"), asserted.to_string());
    Turn::Send(request, Stage { at: SIGNED, memo: stage.memo.clone() })
}

fn change(desk: &Desk, body: &Value, stage: &Stage) -> Turn {
    let Some(action) = text(body, "userAction") else {
        return Stop::Unclear("a signed action without `userAction`".to_owned()).of_a_read();
    };
    let remembered = |name: &str| stage.memo.get(name).and_then(Value::as_str).unwrap_or_default();
    let method = if remembered("method") == "PUT" { "PUT" } else { "POST" };
    let Some(then) = THEN.into_iter().find(|then| *then == remembered("then")) else {
        return broken("a signed change without a stage; this is a fault of gangway");
    };
    let mut request = with_body(desk.request(method, remembered("path")), remembered("body").to_owned());
    request.secret_headers.push(("x-dfns-useraction", SecretString::from(action)));
    request.effectful = stage.memo.get("effectful") == Some(&Value::Bool(true));
    Turn::Send(request, Stage { at: then, memo: Value::Null })
}
