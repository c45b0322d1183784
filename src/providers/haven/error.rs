//! What an answer means, before any action is looked at: its data, what the provider says, or why there is neither.
//! Source: docs/providers/haven.md, "Errors". The status alone never decides: 401 is both "refused" and "User already
//! exists.", so the message is read. No personal data in causes: never the message itself.

use serde_json::Value;

use crate::providers::complaint::Complaint;
use crate::providers::{Reply, Stop};

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message says "already exists".
    Exists(Complaint),
    /// 202: a policy caught the change, and it waits for somebody's approval.
    Approval,
    /// 401 with another message: the token is not accepted, whether ours or the user's, or the user is not there.
    Unauthorised(Complaint),
    /// 403: a permission is missing.
    Forbidden(Complaint),
    /// 404 of the provider itself.
    NotFound,
    /// 400, 409, 422: permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// What no word of this provider is needed for.
    Stop(Stop),
}

/// Whether the message speaks of something that is over: a code, a challenge, a token.
#[must_use]
pub fn is_expiry(complaint: &Complaint) -> bool {
    complaint.reason.to_lowercase().contains("expired")
}

/// The data of a good answer, or why there is none. `exists`: texts that mean "exists already", in lower case.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn data(reply: &Reply, exists: &[String]) -> Result<Value, Refusal> {
    let json = gangway_core::json::read(&reply.body).ok();
    let message = json.as_ref().and_then(message);
    let status = reply.status;
    let complaint = |reason: String| Complaint { code: status.to_string(), reason };
    let unclear = |cause: String| Err(Refusal::Stop(Stop::Unclear(cause)));
    match (status, message) {
        (202, _) => Err(Refusal::Approval),
        (200..=299, _) => match json {
            Some(body) if body.is_object() => Ok(body),
            Some(_) => unclear(format!("{status} with JSON that is not an object")),
            None => unclear(format!("{status} with a body that is not whole JSON")),
        },
        (300..=399, _) => Err(Stop::moved("the provider", status, "providers.haven.base_url").into()),
        (429, _) => Err(Stop::throttled("the provider", reply.asked()).into()),
        (503, _) if reply.asked().is_some() => Err(Stop::shut(reply.asked()).into()),
        (500..=599, _) => unclear(format!("{status} from the provider")),
        (400 | 401 | 409 | 422, Some(text)) if says(&text, exists) => Err(Refusal::Exists(complaint(text))),
        (401, text) => Err(Refusal::Unauthorised(complaint(text.unwrap_or_default()))),
        (403, text) => Err(Refusal::Forbidden(complaint(text.unwrap_or_default()))),
        (404, Some(_)) => Err(Refusal::NotFound),
        (400 | 409 | 422, Some(text)) => Err(Refusal::Refused(complaint(text))),
        (404 | 408 | 425, _) => Err(Stop::gateway("the provider", status, reply.asked()).into()),
        _ => Err(Stop::Broken(format!("{status} without the provider's error format")).into()),
    }
}

/// `error.message`; also a bare `message`, and `error` as text.
fn message(json: &Value) -> Option<String> {
    const LONGEST: usize = 300;
    let inner = json.get("error");
    let text = inner.and_then(|error| error.get("message")).or(inner).or_else(|| json.get("message"));
    text.and_then(Value::as_str).map(|text| text.chars().take(LONGEST).collect())
}

fn says(message: &str, texts: &[String]) -> bool {
    let message = message.to_lowercase();
    texts.iter().any(|text| message.contains(&text.to_lowercase()))
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// How to take an answer to a request of the service account when it stands for no outcome of the action.
impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Stop(stop) => stop,
            Refusal::Unauthorised(_) => Self::Barred(format!(
                "the provider refuses our service account (401); check {}",
                "service_token, service_key, credential_id (providers.haven)"
            )),
            Refusal::Forbidden(_) => Self::denied("the provider", "the permissions of the service account"),
            Refusal::NotFound => Self::Broken("404, what the request names does not exist".to_owned()),
            Refusal::Approval => Self::Broken("202, waits for an approval at the provider".to_owned()),
            Refusal::Refused(complaint) | Refusal::Exists(complaint) => {
                Self::Broken(format!("refused with {}; see the provider's console", complaint.code))
            }
        }
    }
}
