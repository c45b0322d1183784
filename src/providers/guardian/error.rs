//! What an answer says: an object, nothing at all, what the provider objects to, or why it says nothing. Source:
//! docs/providers/guardian.md, "Refusals". No personal data in causes: never a message of the provider.

use serde_json::Value;

use crate::providers::complaint::{Complaint, Refusal};
use crate::providers::said::{self, NO_REASON, in_cause};
use crate::providers::stop::of_status;
use crate::providers::{Reply, Stop};

/// What a good answer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing: this Guardian's answer both to "no such task" and to "not yours".
    Empty,
    /// An object.
    Object(Value),
}

/// What to mend when the registry's account is refused.
const KEYS: &str = "providers.guardian: username, registry_password and demo; the account must be a Standard Registry";

/// What the answer says. 401 bars us here, 403 means this person or us; a login as a user looks at both first.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn body(reply: &Reply) -> Result<Body, Refusal> {
    if reply.status == 403 {
        let code = in_cause(&complaint(reply).code);
        let code = if code == " 403" { String::new() } else { code };
        let cause = format!("Guardian forbids this request (403{code}); if it forbids it for others too, check {KEYS}");
        return Err(Refusal::Stop(Stop::Denied(cause)));
    }
    if let Some(stop) = of_status(reply, KEYS, "providers.guardian.base_url") {
        return Err(Refusal::Stop(stop));
    }
    let json = gangway_core::json::read(&reply.body).ok();
    match (reply.status, json) {
        (200..=299, Some(Value::Object(map))) if !map.is_empty() => Ok(Body::Object(Value::Object(map))),
        (200..=299, Some(Value::Object(_) | Value::Null)) => Ok(Body::Empty),
        (200..=299, None) if reply.body.trim_ascii().is_empty() => Ok(Body::Empty),
        (200..=299, _) => {
            let cause = format!("{} with a body that is not a whole JSON object", reply.status);
            Err(Refusal::Stop(Stop::Unclear(cause)))
        }
        (404, json) if json.as_ref().and_then(|json| json.get("message")).is_none() => {
            let cause = "404 from a gateway, not from Guardian itself; check providers.guardian.base_url";
            Err(Refusal::Stop(Stop::Away(cause.to_owned(), None)))
        }
        (status @ 400..=499, _) => Err(Refusal::Complaint(status, complaint(reply))),
        (status, _) => {
            let cause = format!("{status}, which the provider's documentation does not know");
            Err(Refusal::Stop(Stop::Broken(cause)))
        }
    }
}

/// `{statusCode, message, error?}`, or the older `{code, message}`; `message` is a text, a list of texts, or a list of
/// objects.
#[must_use]
pub fn complaint(reply: &Reply) -> Complaint {
    let json = gangway_core::json::read(&reply.body).unwrap_or(Value::Null);
    let code = ["error", "code", "statusCode"].into_iter().find_map(|name| said::code(&json, name));
    let reason = ["message", "error"].into_iter().find_map(|name| said::words(json.get(name)?));
    Complaint {
        code: code.unwrap_or_else(|| reply.status.to_string()),
        reason: reason.unwrap_or_else(|| NO_REASON.to_owned()),
    }
}

/// Whether a text holds one of these, whatever its capitals.
#[must_use]
pub fn holds(text: &str, parts: &[String]) -> bool {
    let text = text.to_lowercase();
    parts.iter().any(|part| text.contains(&part.to_lowercase()))
}

/// Whether a field says yes, as itself or as a text.
#[must_use]
pub fn is_true(json: &Value, name: &str) -> bool {
    matches!(json.get(name), Some(Value::Bool(true))) || json.get(name).and_then(Value::as_str) == Some("true")
}

/// The DID in a field of this name. Anything else there is none.
#[must_use]
pub fn did(json: &Value) -> Option<String> {
    json.get("did").and_then(Value::as_str).filter(|did| did.starts_with("did:")).map(str::to_owned)
}
