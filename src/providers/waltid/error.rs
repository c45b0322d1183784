//! What an answer means, before any action is looked at. walt.id publishes neither its error bodies nor how it tells
//! a duplicate: statuses and texts for that are settings. Source: docs/providers/waltid.md, "Errors". No personal data
//! in causes: never the provider's own message.

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use serde_json::Value;

use crate::providers::{Reply, Turn, wait};
use crate::settings::waltid::DuplicateSettings;

/// Why an answer is not a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is there already.
    Duplicate(Complaint),
    /// Permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// We are refused as a whole.
    Barred(String),
    /// 429: nothing was done, and it is not our fault alone.
    Throttled(Option<Millis>),
    /// Nothing was done for certain, and it passes.
    Away(String, Option<Millis>),
    /// Whatever was asked may have been done.
    Unclear(String),
    /// A permanent answer that nothing is known of.
    Strange(String),
}

/// What the provider objects to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// The status.
    pub status: u16,
    /// Its message, for people; may repeat personal data, so only in an answer's fields.
    pub reason: String,
}

/// The JSON of a good answer (null when its body is empty), or the trouble.
///
/// # Errors
/// [`Trouble`] of the kind that the status and the body say.
pub fn answer(reply: &Reply, duplicate: &DuplicateSettings, now: Timestamp) -> Result<Value, Trouble> {
    let status = reply.status;
    let asked = || wait::asked(&reply.headers, true, now);
    let text = String::from_utf8_lossy(&reply.body);
    let text = text.trim();
    // A gateway's page says nothing of accounts, whatever words are in it.
    let is_page = text.starts_with('<');
    let tells = || !is_page && duplicate.texts.iter().any(|tell| text.contains(tell.as_str()));
    let complaint = || Complaint { status, reason: reason(text) };
    match status {
        200..=299 if text.is_empty() => Ok(Value::Null),
        200..=299 => match serde_json::from_str::<Value>(text) {
            // The vendor's own tools look for an exception in the text of good answers too.
            Ok(json) if json.get("exception") == Some(&Value::Bool(true)) && tells() => {
                Err(Trouble::Duplicate(complaint()))
            }
            Ok(json) => Ok(json),
            Err(_) => Err(Trouble::Unclear(format!("{status} with a body that is not whole JSON"))),
        },
        300..=399 => Err(Trouble::Barred(format!(
            "walt.id answers with a redirect ({status}); check providers.waltid.base_url and org_url"
        ))),
        401 => Err(Trouble::Barred(
            "walt.id refuses our token (401); check providers.waltid.api_key, or email and password".to_owned(),
        )),
        403 => Err(Trouble::Barred(
            "walt.id says that our role lacks the permission (403); registration wants a super admin".to_owned(),
        )),
        429 => Err(Trouble::Throttled(asked())),
        _ if duplicate.statuses.contains(&status) || tells() => Err(Trouble::Duplicate(complaint())),
        400 | 404 | 422 if !is_page => Err(Trouble::Refused(complaint())),
        404 | 408 | 425 => Err(Trouble::Away(format!("{status} from a gateway, not from walt.id itself"), asked())),
        503 if asked().is_some() => Err(Trouble::Away("503, asks to come again".to_owned(), asked())),
        500..=599 => Err(Trouble::Unclear(format!("{status} without an explanation"))),
        _ => Err(Trouble::Strange(format!("{status}, of which nothing is known"))),
    }
}

/// What the body says, for people: a message where there is one, else a short plain text.
fn reason(text: &str) -> String {
    const LONGEST: usize = 300;
    let json = serde_json::from_str::<Value>(text).ok();
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

impl Trouble {
    /// How an attempt ends that meets this trouble with a request that changes nothing.
    #[must_use]
    pub fn of_a_read(self) -> Turn {
        match self {
            Self::Unclear(cause) => Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true }),
            Self::Duplicate(Complaint { status, .. }) if status >= 500 => {
                let cause = format!("{status} to a read");
                Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true })
            }
            other => other.of_a_change(),
        }
    }

    /// How an attempt ends that meets this trouble with a request that may have changed something.
    #[must_use]
    pub fn of_a_change(self) -> Turn {
        Turn::Ended(match self {
            Self::Barred(cause) => return Turn::Barred(cause),
            Self::Throttled(retry_after) => {
                let cause = "429, walt.id asks for fewer requests".to_owned();
                AttemptResult::Again { cause, retry_after, spent: false }
            }
            Self::Away(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: true },
            Self::Unclear(cause) => AttemptResult::Unknown { cause },
            Self::Strange(cause) => AttemptResult::Broken { cause },
            Self::Refused(Complaint { status, .. }) => {
                AttemptResult::Broken { cause: format!("refused ({status}); check the path in the settings") }
            }
            Self::Duplicate(Complaint { status, .. }) => {
                AttemptResult::Broken { cause: format!("said to be there already ({status})") }
            }
        })
    }
}
