//! User actions: `POST /auth/action/init` gives a challenge for a call to come, `POST /auth/action` takes the service
//! account's signature over it and gives a token for that one call. Source: docs/providers/haven.md, user action
//! signing. A challenge is answered once; a token is good for one call with the very bytes that were announced.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::auth::{self, Signed, below_base};
use super::{Haven, error, ids, traps};
use crate::clock;
use crate::door::pass::pass;
use crate::door::{Answer, Body};

/// base64url with or without padding.
pub(crate) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A challenge that was given out.
#[derive(Clone)]
struct Pending {
    challenge: String,
    call: Signed,
    end: i64,
}

/// What became of a token.
enum Given {
    Open(Signed, i64),
    Used,
}

/// Challenges and tokens.
pub(crate) struct Actions {
    pending: Mutex<HashMap<String, Pending>>,
    given: Mutex<HashMap<String, Given>>,
    cap: usize,
}

impl Actions {
    pub(crate) fn new(cap: usize) -> Self {
        Self { pending: Mutex::default(), given: Mutex::default(), cap }
    }

    /// Takes a token for a call. 400 for one that was used, 403 for one that was made for something else.
    pub(crate) fn spend(&self, token: &str, call: &Signed) -> Result<(), Answer> {
        let mut given = self.given.lock();
        match given.get(token) {
            Some(Given::Used) => Err(error(StatusCode::BAD_REQUEST, "User action has already been used.")),
            Some(Given::Open(_, end)) if *end <= clock::now().timestamp() => {
                Err(error(StatusCode::FORBIDDEN, "User action has expired."))
            }
            Some(Given::Open(signed, _)) if signed != call => {
                Err(error(StatusCode::FORBIDDEN, "User action was signed for another request."))
            }
            Some(Given::Open(..)) => {
                given.insert(token.to_owned(), Given::Used);
                Ok(())
            }
            None => Err(error(StatusCode::FORBIDDEN, "User action signature is not valid.")),
        }
    }

    fn announce(&self, identifier: &str, pending: Pending) {
        let mut all = self.pending.lock();
        if all.len() >= self.cap {
            all.clear();
        }
        all.insert(identifier.to_owned(), pending);
    }

    fn pending(&self, identifier: &str) -> Option<Pending> {
        self.pending.lock().get(identifier).cloned()
    }

    /// Gives a token for an answered challenge; false if another answer was quicker.
    fn give(&self, identifier: &str, token: &str, call: Signed, end: i64) -> bool {
        let first = self.pending.lock().remove(identifier).is_some();
        let mut given = self.given.lock();
        if given.len() >= self.cap {
            given.clear();
        }
        if first {
            given.insert(token.to_owned(), Given::Open(call, end));
        }
        first
    }
}

/// `POST /auth/action/init`.
pub(crate) async fn init(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let call = match (text("userActionPayload"), text("userActionHttpMethod"), text("userActionHttpPath")) {
        (Some(payload), Some(method), Some(path)) if text("userActionServerKind").as_deref() == Some("Api") => {
            Some(Signed { payload, method, path: below_base(&path).to_owned() })
        }
        _ => None,
    };
    let announced = call.as_ref().and_then(|call| serde_json::from_str(&call.payload).ok()).unwrap_or_default();
    let about = auth::about(&haven, "init_action", &announced);
    let admitted = auth::service(&haven, &request);
    pass(haven, about, admitted, move |haven| {
        let Some(call) = call else {
            let wanted = "userActionPayload, userActionHttpMethod, userActionHttpPath and userActionServerKind Api";
            return error(StatusCode::BAD_REQUEST, &format!("Required: {wanted}."));
        };
        let name = [call.method.as_str(), &call.path, &call.payload].join("\n");
        let (challenge, identifier) = (ids::token(haven, "challenge", &name), ids::token(haven, "identifier", &name));
        let end = end(haven);
        haven.actions.announce(&identifier, Pending { challenge: challenge.clone(), call, end });
        Answer::found(json!({ "challenge": challenge, "challengeIdentifier": identifier }))
    })
    .await
}

fn end(haven: &Haven) -> i64 {
    let lifetime = i64::try_from(haven.options.action_lifetime.as_secs()).unwrap_or(i64::MAX);
    clock::now().timestamp().saturating_add(lifetime)
}

/// `POST /auth/action`.
pub(crate) async fn sign(haven: web::Data<Haven>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let identifier = body.get("challengeIdentifier").and_then(Value::as_str).unwrap_or_default().to_owned();
    let pending = haven.actions.pending(&identifier);
    let announced =
        pending.as_ref().and_then(|pending| serde_json::from_str(&pending.call.payload).ok()).unwrap_or_default();
    let about = auth::about(&haven, "sign_action", &announced);
    let mut admitted = auth::service(&haven, &request);
    let named = [&about.external_id, &about.email].into_iter().flatten().any(|name| name.contains(traps::TOKEN.word));
    if named
        && admitted.is_ok()
        && haven.stage.nth(&["haven", "refused", about.external_id.as_deref().unwrap_or_default()]) == 1
    {
        admitted = Err(error(StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    pass(haven, about, admitted, move |haven| {
        let Some(pending) = pending.filter(|pending| pending.end > clock::now().timestamp()) else {
            return error(StatusCode::UNAUTHORIZED, "Challenge is not known, or has expired.");
        };
        if let Err(refusal) = answered(haven, &body, &pending.challenge) {
            return refusal;
        }
        let token = ids::token(haven, "action", &identifier);
        if !haven.actions.give(&identifier, &token, pending.call, end(haven)) {
            return error(StatusCode::BAD_REQUEST, "Challenge has already been used.");
        }
        haven.stage.secrets.note("haven_user_action", &token);
        Answer::made(StatusCode::OK, Body::Json(json!({ "userAction": token })))
    })
    .await
}

/// Whether the first factor answers the challenge under the service account's key.
fn answered(haven: &Haven, body: &Value, challenge: &str) -> Result<(), Answer> {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    if text("/firstFactor/kind") != Some("Key") {
        return Err(error(StatusCode::BAD_REQUEST, "firstFactor.kind must be Key."));
    }
    let assertion = |name: &str| text(&format!("/firstFactor/credentialAssertion/{name}"));
    let bytes = |name: &str| assertion(name).and_then(|text| BASE64URL.decode(text).ok());
    let (Some(credential), Some(data), Some(signature)) =
        (assertion("credId"), bytes("clientData"), bytes("signature"))
    else {
        return Err(error(StatusCode::BAD_REQUEST, "credentialAssertion needs credId, clientData and signature."));
    };
    let refused = |message: &str| Err(error(StatusCode::UNAUTHORIZED, message));
    if credential != haven.options.credential_id {
        return refused("Credential is not known.");
    }
    if !haven.key.signed(&data, &signature) {
        return refused("Signature is not valid.");
    }
    let data: Value = serde_json::from_slice(&data).unwrap_or_default();
    let same_origin = data.get("crossOrigin").is_none_or(|crossed| *crossed == json!(false));
    if data.get("type") != Some(&json!("key.get")) || !same_origin {
        return refused("Client data is not of a key's use.");
    }
    // An origin is documented, but not sent by every vendor's client.
    if !data.get("origin").is_none_or(Value::is_string) {
        return refused("Origin is not valid.");
    }
    if data.get("challenge") != Some(&json!(challenge)) {
        return refused("Challenge is not the one that was given.");
    }
    Ok(())
}
