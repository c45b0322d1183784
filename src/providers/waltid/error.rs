//! What an answer means, before any action is looked at. walt.id publishes neither its error bodies nor how it tells
//! a duplicate: settings list what says so to each request. Source: docs/providers/waltid.md, "Refusals". Causes hold
//! no personal data: never the provider's own message.

use serde_json::Value;

use crate::providers::said::{self, NO_REASON, in_cause, is_page};
use crate::providers::{Reply, Stop};

/// Why an answer is not a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is there already.
    Duplicate(Complaint),
    /// Permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// What no word of this provider is needed for.
    Stop(Stop),
}

/// What the provider objects to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// The status.
    pub status: u16,
    /// Its short name for it; else the status.
    pub code: String,
    /// Its message, for people; may repeat personal data, so only in an answer's fields.
    pub reason: String,
}

/// What says "there already" to one request. A 404 never does, whatever words are in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tells<'a> {
    /// Statuses that say so, whatever the text.
    pub statuses: &'a [u16],
    /// Texts in an error's body that say so, whatever the status (but 401, 403, 404 and 429).
    pub texts: &'a [String],
}

/// The JSON of a good answer (null when its body is empty), or why there is none.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn answer(reply: &Reply, tells: Tells<'_>) -> Result<Value, Refusal> {
    let text = String::from_utf8_lossy(&reply.body);
    let text = text.trim();
    let json = gangway_core::json::read(text.as_bytes()).ok();
    // A gateway's page says nothing of accounts, whatever words are in it.
    let page = is_page(&reply.body);
    let told = || !page && tells.texts.iter().any(|tell| text.contains(tell.as_str()));
    let status = match (reply.status, &json) {
        (200..=299, None) if text.is_empty() => return Ok(Value::Null),
        (200..=299, None) => {
            return Err(Stop::Unclear(format!("{} with a body that is not whole JSON", reply.status)).into());
        }
        // The vendor's own tools look for an exception in the text of good answers too.
        (status @ 200..=299, Some(json)) if json.get("exception") == Some(&Value::Bool(true)) => {
            match said::code(json, "code").and_then(|code| code.parse().ok()) {
                Some(inner @ (400 | 404..=428 | 430..=499)) => inner,
                _ if told() => 409,
                _ => return Err(Stop::Unclear(format!("{status} with an exception in it")).into()),
            }
        }
        (200..=299, Some(_)) => return json.map_or(Ok(Value::Null), Ok),
        (status, _) => status,
    };
    let complaint = || complaint(status, json.as_ref(), if page { "" } else { text });
    match status {
        300..=399 => Err(Stop::moved("walt.id", status, "providers.waltid.base_url and org_url").into()),
        401 => {
            let cause = "walt.id refuses our token (401); check providers.waltid.api_key, or email and password";
            Err(Stop::Barred(cause.to_owned()).into())
        }
        403 => {
            let code = in_cause(&complaint().code);
            Err(denied(&format!("403{}", code.trim_end_matches(" 403"))).into())
        }
        429 => Err(Stop::throttled("walt.id", reply.asked()).into()),
        408 | 425 => Err(Stop::gateway("walt.id", status, reply.asked()).into()),
        404 if page => Err(Stop::gateway("walt.id", status, reply.asked()).into()),
        404 => Err(Refusal::Refused(complaint())),
        _ if tells.statuses.contains(&status) || told() => Err(Refusal::Duplicate(complaint())),
        400..=499 => Err(Refusal::Refused(complaint())),
        503 if reply.asked().is_some() => Err(Stop::shut(reply.asked()).into()),
        500..=599 => Err(Stop::Unclear(format!("{status} without an explanation")).into()),
        _ => Err(Stop::Broken(format!("{status}, of which nothing is known")).into()),
    }
}

/// 403 to a request about one person: their own doing, or the role of our account.
fn denied(what: &str) -> Stop {
    Stop::Denied(format!(
        "walt.id forbids this request ({what}); if it forbids it for others too, give the account of providers.waltid \
         the permission there: registration wants a super admin"
    ))
}

/// What the body says, for people: its message, else a short plain text.
fn complaint(status: u16, json: Option<&Value>, text: &str) -> Complaint {
    let code = |name| json.and_then(|json| said::code(json, name));
    // `error` is a name of the kind at one time and a sentence at another.
    let named = || code("error").filter(|error| !in_cause(error).is_empty());
    // The name of an exception, and no number of one.
    let kind = code("id").filter(|id| !id.bytes().any(|byte| byte.is_ascii_digit()));
    let reason = match json {
        Some(json) => said::words(json),
        None => Some(said::short(text)).filter(|text| !text.is_empty()),
    };
    Complaint {
        status,
        code: kind.or_else(named).or_else(|| code("code")).unwrap_or_else(|| status.to_string()),
        reason: reason.unwrap_or_else(|| NO_REASON.to_owned()),
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What an answer is where no outcome of the action is meant by it.
impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Stop(stop) => stop,
            Refusal::Refused(Complaint { status, code, .. }) => {
                let code = in_cause(&code);
                Self::Broken(format!("refused ({status}{code}); check the path in the settings"))
            }
            Refusal::Duplicate(Complaint { status, .. }) => {
                Self::Broken(format!("said to be there already ({status})"))
            }
        }
    }
}
