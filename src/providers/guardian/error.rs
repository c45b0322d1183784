//! What an answer says: an object, nothing at all, what the provider objects to, or why it says nothing. Source:
//! docs/providers/guardian.md, "Errors". No personal data in causes: never a message of the provider.

use serde_json::Value;

use crate::providers::complaint::{Complaint, Refusal};
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

/// What the answer says. 401 and 403 bar us here; a login as a user looks at them first.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn body(reply: &Reply) -> Result<Body, Refusal> {
    let keys = "providers.guardian: username, registry_password and demo; the account must be a Standard Registry";
    if let Some(stop) = of_status(reply, keys, "providers.guardian.base_url") {
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
        (status @ 400..=499, json) => Err(Refusal::Complaint(status, complaint(status, json.as_ref()))),
        (status, _) => {
            let cause = format!("{status}, which the provider's documentation does not know");
            Err(Refusal::Stop(Stop::Broken(cause)))
        }
    }
}

/// `{statusCode, message, error?}`, or the older `{code, message}`; `message` is a text or a list of texts.
fn complaint(status: u16, json: Option<&Value>) -> Complaint {
    const LONGEST: usize = 300;
    let word = |name: &str| json.and_then(|json| json.get(name)).and_then(Value::as_str).map(str::to_owned);
    let reason = match json.and_then(|json| json.get("message")) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        Some(Value::String(one)) => one.clone(),
        _ => "the provider gives no reason".to_owned(),
    };
    Complaint {
        code: word("error").unwrap_or_else(|| status.to_string()),
        reason: reason.chars().take(LONGEST).collect(),
    }
}

/// Whether a text holds one of these, whatever its capitals.
#[must_use]
pub fn holds(text: &str, parts: &[String]) -> bool {
    let text = text.to_lowercase();
    parts.iter().any(|part| text.contains(&part.to_lowercase()))
}
