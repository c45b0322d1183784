//! What an answer means, before any action is looked at. walt.id publishes neither its error bodies nor how it tells
//! a duplicate: statuses and texts for that are settings. Source: docs/providers/waltid.md, "Errors". No personal data
//! in causes: never the provider's own message.

use serde_json::Value;

use crate::providers::waltid::settings::DuplicateSettings;
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
    /// Its message, for people; may repeat personal data, so only in an answer's fields.
    pub reason: String,
}

/// The JSON of a good answer (null when its body is empty), or why there is none.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn answer(reply: &Reply, duplicate: &DuplicateSettings) -> Result<Value, Refusal> {
    let status = reply.status;
    let text = String::from_utf8_lossy(&reply.body);
    let text = text.trim();
    // A gateway's page says nothing of accounts, whatever words are in it.
    let is_page = text.starts_with('<');
    let tells = || !is_page && duplicate.texts.iter().any(|tell| text.contains(tell.as_str()));
    let complaint = || Complaint { status, reason: reason(text) };
    let barred = |cause: &str| Err(Refusal::Stop(Stop::Barred(cause.to_owned())));
    match status {
        200..=299 if text.is_empty() => Ok(Value::Null),
        200..=299 => match gangway_core::json::read(text.as_bytes()) {
            // The vendor's own tools look for an exception in the text of good answers too.
            Ok(json) if json.get("exception") == Some(&Value::Bool(true)) && tells() => {
                Err(Refusal::Duplicate(complaint()))
            }
            Ok(json) => Ok(json),
            Err(_) => Err(Stop::Unclear(format!("{status} with a body that is not whole JSON")).into()),
        },
        300..=399 => Err(Stop::moved("walt.id", status, "providers.waltid.base_url and org_url").into()),
        401 => barred("walt.id refuses our token (401); check providers.waltid.api_key, or email and password"),
        403 => Err(Stop::denied("walt.id", "our role there: registration wants a super admin").into()),
        429 => Err(Stop::throttled("walt.id", reply.asked()).into()),
        _ if duplicate.statuses.contains(&status) || tells() => Err(Refusal::Duplicate(complaint())),
        400 | 404 | 422 if !is_page => Err(Refusal::Refused(complaint())),
        404 | 408 | 425 => Err(Stop::gateway("walt.id", status, reply.asked()).into()),
        503 if reply.asked().is_some() => Err(Stop::shut(reply.asked()).into()),
        500..=599 => Err(Stop::Unclear(format!("{status} without an explanation")).into()),
        _ => Err(Stop::Broken(format!("{status}, of which nothing is known")).into()),
    }
}

/// What the body says, for people: a message where there is one, else a short plain text.
fn reason(text: &str) -> String {
    const LONGEST: usize = 300;
    let json = gangway_core::json::read(text.as_bytes()).ok();
    let told = match &json {
        Some(json) => {
            let field = |name| json.get(name).and_then(Value::as_str);
            ["message", "error", "detail"].into_iter().find_map(field).unwrap_or_default()
        }
        None if text.starts_with('<') => "",
        None => text,
    };
    told.chars().take(LONGEST).collect()
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
            Refusal::Refused(Complaint { status, .. }) => {
                Self::Broken(format!("refused ({status}); check the path in the settings"))
            }
            // Only a read has no outcome for it, and to a read it is no more than a failure.
            Refusal::Duplicate(Complaint { status, .. }) if status >= 500 => {
                Self::Away(format!("{status} to a read"), None)
            }
            Refusal::Duplicate(Complaint { status, .. }) => {
                Self::Broken(format!("said to be there already ({status})"))
            }
        }
    }
}
