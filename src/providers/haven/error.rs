//! What an answer means, before any action is looked at: the data it carries, or one kind of trouble. Source:
//! docs/providers/haven.md, "Errors". The status alone never decides: 401 is both "refused" and "User already exists.",
//! so the message is read. No personal data in causes: never the message itself.

use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

use crate::providers::parts::{done, object};
use crate::providers::{Reply, Turn, wait};

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The message says "already exists".
    Exists(Complaint),
    /// 202: a policy caught the change, and it waits for somebody's approval.
    Approval,
    /// 401 with another message: whoever's token this was, it is not taken, or the user is not there.
    Unauthorised(Complaint),
    /// 403: a permission is missing.
    Forbidden(Complaint),
    /// 404 of the provider itself.
    NotFound,
    /// 400, 409, 422: permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// A redirect: we are refused as a whole.
    Moved(String),
    /// 429: nothing was done, and it is not our fault alone.
    Throttled(Option<Millis>),
    /// Nothing was done for certain, and it passes.
    Away(String, Option<Millis>),
    /// Whatever was asked may have been done.
    Unclear(String),
    /// A permanent answer that the documentation does not know.
    Strange(String),
}

/// What the provider objects to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// The HTTP status.
    pub status: u16,
    /// Its message, for people; may repeat personal data, so only in an answer's fields.
    pub text: String,
}

impl Complaint {
    /// Whether the message speaks of something that is over: a code, a challenge, a token.
    #[must_use]
    pub fn is_expiry(&self) -> bool {
        self.text.to_lowercase().contains("expired")
    }

    /// The outcome `refused`.
    #[must_use]
    pub fn refused(&self) -> Turn {
        refused(&self.status.to_string(), &self.text)
    }
}

/// The outcome `refused`, with what is objected to for those who may read it.
#[must_use]
pub fn refused(code: &str, reason: &str) -> Turn {
    let mut answer = Answer::named("refused");
    answer.fields = object(json!({"code": code, "reason": reason}));
    done(answer)
}

/// The data of a good answer, or the trouble. `exists`: texts that mean "exists already", in lower case.
///
/// # Errors
/// [`Trouble`] of the kind that the status and the body say.
pub fn data(reply: &Reply, exists: &[String], now: Timestamp) -> Result<Value, Trouble> {
    let json = serde_json::from_slice::<Value>(&reply.body).ok();
    let message = json.as_ref().and_then(message);
    let status = reply.status;
    let asked = || wait::asked(&reply.headers, true, now);
    let complaint = |text: String| Complaint { status, text };
    match (status, message) {
        (202, _) => Err(Trouble::Approval),
        (200..=299, _) => match json {
            Some(body) if body.is_object() => Ok(body),
            Some(_) => Err(Trouble::Unclear(format!("{status} with JSON that is no object"))),
            None => Err(Trouble::Unclear(format!("{status} with a body that is not whole JSON"))),
        },
        (300..=399, _) => Err(Trouble::Moved(format!(
            "the provider answers with a redirect ({status}); check providers.haven.base_url"
        ))),
        (429, _) => Err(Trouble::Throttled(asked())),
        (503, _) if asked().is_some() => Err(Trouble::Away("503, asks to come again".to_owned(), asked())),
        (500..=599, _) => Err(Trouble::Unclear(format!("{status} from the provider"))),
        (400 | 401 | 409 | 422, Some(text)) if says(&text, exists) => Err(Trouble::Exists(complaint(text))),
        (401, text) => Err(Trouble::Unauthorised(complaint(text.unwrap_or_default()))),
        (403, text) => Err(Trouble::Forbidden(complaint(text.unwrap_or_default()))),
        (404, Some(_)) => Err(Trouble::NotFound),
        (400 | 409 | 422, Some(text)) => Err(Trouble::Refused(complaint(text))),
        (404 | 408 | 425, _) => {
            Err(Trouble::Away(format!("{status} from a gateway, not from the provider itself"), asked()))
        }
        _ => Err(Trouble::Strange(format!("{status} without the provider's error format"))),
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

impl Trouble {
    /// How an attempt ends that meets this trouble with a request that changes nothing and carries the service token.
    #[must_use]
    pub fn of_a_read(self) -> Turn {
        match self {
            Self::Unclear(cause) => Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true }),
            other => other.of_a_change(),
        }
    }

    /// How an attempt ends that meets this trouble with a request that may have changed something and carries the
    /// service token.
    #[must_use]
    pub fn of_a_change(self) -> Turn {
        Turn::Ended(match self {
            Self::Moved(cause) => return Turn::Barred(cause),
            Self::Unauthorised(_) => {
                return Turn::Barred(credentials(401, "service_token, service_key, credential_id"));
            }
            Self::Forbidden(_) => return Turn::Barred(credentials(403, "the permissions of the service account")),
            Self::Throttled(retry_after) => {
                let cause = "429, the provider asks for fewer requests".to_owned();
                AttemptResult::Again { cause, retry_after, spent: false }
            }
            Self::Away(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: true },
            Self::Unclear(cause) => AttemptResult::Unknown { cause },
            Self::Strange(cause) => AttemptResult::Broken { cause },
            Self::NotFound => AttemptResult::Broken { cause: "404, what the request names does not exist".to_owned() },
            Self::Approval => AttemptResult::Broken { cause: "202, waits for an approval at the provider".to_owned() },
            Self::Refused(complaint) | Self::Exists(complaint) => AttemptResult::Broken {
                cause: format!("refused with {}; see the provider's console", complaint.status),
            },
        })
    }
}

fn credentials(status: u16, check: &str) -> String {
    format!("the provider refuses our service account ({status}); check {check} (providers.haven)")
}
