//! What an answer says: its data, what the provider objects to, or why it says nothing. Every known shape of either is
//! read. Source: docs/providers/didx.md, "Refusals". No personal data in causes: never a message of the provider.

use serde_json::Value;

use crate::providers::complaint::{Complaint, Refusal};
use crate::providers::said::{self, NO_REASON, in_cause};
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

/// What to mend when the provider refuses us.
const KEYS: &str = "providers.didx.client_id and client_secret, and what the provider allows them";

/// Why a status is not a good one; `None` for a good one, and its body is not looked at.
#[must_use]
pub fn refused(reply: &Reply, json: Option<&Value>) -> Option<Refusal> {
    let complaint = json.and_then(|json| complaint(reply.status, json));
    if reply.status == 403 {
        return Some(Refusal::Stop(denied(complaint.as_ref())));
    }
    if let Some(stop) = of_status(reply, KEYS, "providers.didx.base_url") {
        return Some(Refusal::Stop(stop));
    }
    match (reply.status, complaint) {
        (200..=299, _) => None,
        (status @ 400..=499, Some(complaint)) => Some(Refusal::Complaint(status, complaint)),
        (404, None) => {
            let cause = "404 from a gateway, not from the provider itself; check providers.didx.base_url and paths";
            Some(Refusal::Stop(Stop::Away(cause.to_owned(), None)))
        }
        (status @ 400..=499, None) => {
            let reason = NO_REASON.to_owned();
            Some(Refusal::Complaint(status, Complaint { code: status.to_string(), reason }))
        }
        (status, _) => {
            let cause = format!("{status}, which the provider's documentation does not know");
            Some(Refusal::Stop(Stop::Broken(cause)))
        }
    }
}

/// 403 to a request about one person: it may mean them, or what our client may do.
fn denied(complaint: Option<&Complaint>) -> Stop {
    let code = complaint.map(|complaint| in_cause(&complaint.code)).unwrap_or_default();
    let code = if code == " 403" { String::new() } else { code };
    Stop::Denied(format!(
        "the provider forbids this request (403{code}); if it forbids it for others too, check {KEYS}"
    ))
}

/// `{errors: [{code, title, detail, …}]}`, of which only `detail` is sure; the older `{error, message, details}`; or
/// any other object with words where one of these has them. `None`: it says nothing.
fn complaint(status: u16, json: &Value) -> Option<Complaint> {
    let errors = match json.get("errors") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    let (code, reason) = if errors.is_empty() {
        let code = said::code(json, "error").or_else(|| said::code(json, "code"));
        let words = |name| json.get(name).and_then(said::words);
        let issue = json.get("details").and_then(issues);
        let reason = ["message", "error_description", "detail"].into_iter().filter_map(words).chain(issue);
        (code, joined(reason).or_else(|| json.get("error").filter(|error| error.is_object()).and_then(said::words)))
    } else {
        let code = |error: &&Value| said::code(error, "code").or_else(|| said::code(error, "title"));
        let detail = |error: &&Value| error.get("detail").and_then(said::words).or_else(|| said::words(error));
        (joined(errors.iter().filter_map(code)), joined(errors.iter().filter_map(detail)))
    };
    if code.is_none() && reason.is_none() {
        return None;
    }
    Some(Complaint {
        code: code.unwrap_or_else(|| status.to_string()),
        reason: reason.unwrap_or_else(|| NO_REASON.to_owned()),
    })
}

/// `{field, issue}`, or several of them, or words of any kind.
fn issues(details: &Value) -> Option<String> {
    match details {
        Value::Array(all) => joined(all.iter().filter_map(issues)),
        one => match (said::code(one, "field"), one.get("issue").and_then(said::words)) {
            (Some(field), Some(issue)) => Some(format!("{field}: {issue}")),
            (_, issue) => issue.or_else(|| said::words(one)),
        },
    }
}

fn joined(words: impl Iterator<Item = String>) -> Option<String> {
    let all = words.collect::<Vec<_>>().join("; ");
    Some(said::short(&all)).filter(|text| !text.is_empty())
}
