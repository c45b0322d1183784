//! What an answer says: its data, what the provider objects to, or why it says nothing. Both known shapes of either are
//! read. Source: docs/providers/didx.md, "Errors". No personal data in causes: never a message of the provider.

use serde_json::Value;

use crate::providers::complaint::{Complaint, Refusal};
use crate::providers::stop::of_status;
use crate::providers::{Reply, Stop};

/// The data of a good answer: `data` where it is wrapped, else the whole.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn data(reply: &Reply) -> Result<Value, Refusal> {
    let json = gangway_core::json::read(&reply.body).ok();
    match (refused(reply, json.as_ref()), json) {
        (Some(refusal), _) => Err(refusal),
        (None, Some(Value::Object(mut body))) => match body.remove("data") {
            Some(data @ Value::Object(_)) => Ok(data),
            _ => Ok(Value::Object(body)),
        },
        (None, Some(_)) => Err(Refusal::Stop(Stop::Unclear(format!("{} without an object", reply.status)))),
        (None, None) => {
            let cause = format!("{} with a body that is not whole JSON", reply.status);
            Err(Refusal::Stop(Stop::Unclear(cause)))
        }
    }
}

/// Why a status is not a good one; `None` for a good one, and its body is not looked at.
#[must_use]
pub fn refused(reply: &Reply, json: Option<&Value>) -> Option<Refusal> {
    let keys = "providers.didx.client_id and client_secret, and what the provider allows them";
    if let Some(stop) = of_status(reply, keys, "providers.didx.base_url") {
        return Some(Refusal::Stop(stop));
    }
    let complaint = json.and_then(complaint);
    match (reply.status, complaint) {
        (200..=299, _) => None,
        (status @ 400..=499, Some(complaint)) => Some(Refusal::Complaint(status, complaint)),
        (status @ (400 | 409 | 422), None) => {
            let reason = "the provider gives no reason".to_owned();
            Some(Refusal::Complaint(status, Complaint { code: status.to_string(), reason }))
        }
        (404, None) => {
            let cause = "404 from a gateway, not from the provider itself; check providers.didx.base_url and paths";
            Some(Refusal::Stop(Stop::Away(cause.to_owned(), None)))
        }
        (status, None) => {
            let cause = format!("{status}, which the provider's documentation does not know");
            Some(Refusal::Stop(Stop::Broken(cause)))
        }
        (status, Some(_)) => {
            Some(Refusal::Stop(Stop::Broken(format!("{status}, which is neither good nor a known error"))))
        }
    }
}

/// `{errors: [{code, title, detail, …}]}`, of which only `detail` is sure, or the older `{error, message, details}`.
fn complaint(json: &Value) -> Option<Complaint> {
    if let Some(errors) = json.get("errors").and_then(Value::as_array) {
        let code = |error: &Value| word(error, "code").or_else(|| word(error, "title"));
        return Some(Complaint {
            code: joined(errors.iter().filter_map(code)),
            reason: joined(errors.iter().filter_map(|error| word(error, "detail"))),
        });
    }
    let code = word(json, "error")?;
    let details = json.get("details");
    let issue = details.and_then(|details| {
        let issue = word(details, "issue")?;
        Some(word(details, "field").map_or_else(|| issue.clone(), |field| format!("{field}: {issue}")))
    });
    Some(Complaint { code, reason: joined(word(json, "message").into_iter().chain(issue)) })
}

fn word(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn joined(words: impl Iterator<Item = String>) -> String {
    const LONGEST: usize = 300;
    words.collect::<Vec<_>>().join("; ").chars().take(LONGEST).collect()
}
