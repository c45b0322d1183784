//! What an answer means, before any action is looked at: its data, what the provider says, or why there is neither; and
//! whose fault it is. Source: docs/providers/haven.md, "Errors". The status alone never decides: 401 is both "refused"
//! and "User already exists.", so the message is read. No personal data in causes: never the message itself.

use serde_json::Value;

use crate::providers::complaint::Complaint;
use crate::providers::{Reply, Stop, body};

const ACCOUNT: &str = "service_token, service_key and credential_id (providers.haven)";
const PERMISSIONS: &str = "the permissions of the service account";
/// The permission without which no change is signed.
const SIGNING: &str = "auth:action:sign";

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message says "already exists".
    Exists(Complaint),
    /// 202: a policy caught the change, and it waits for somebody's approval.
    Approval,
    /// The message speaks of the user action: our signature over this request is not taken.
    Action(Complaint),
    /// 401 with another message: the token is not accepted, whether ours or the user's, or the user is not there.
    Unauthorised(Complaint),
    /// 403 in the provider's own format: a permission is missing, ours in general or for this person.
    Forbidden(Complaint),
    /// 404 of the provider itself.
    NotFound(Complaint),
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
    let (status, came) = (reply.status, body::kind(&reply.body));
    let unclear = |cause: String| Err(Refusal::Stop(Stop::Unclear(cause)));
    let told = |text: Option<String>| Complaint {
        code: status.to_string(),
        reason: text.unwrap_or_else(|| format!("{status} with {came}, which gives no reason")),
    };
    match (status, message) {
        (202, _) => Err(Refusal::Approval),
        (200..=299, _) => match json {
            Some(body @ Value::Object(_)) => Ok(body),
            Some(Value::Array(list)) => Ok(only(list)),
            _ => unclear(format!("{status} with {came}")),
        },
        (300..=399, _) => Err(Stop::moved("the provider", status, "providers.haven.base_url").into()),
        (429, _) => Err(Stop::throttled("the provider", reply.asked()).into()),
        (503, _) if reply.asked().is_some() => Err(Stop::shut(reply.asked()).into()),
        (500..=599, _) => unclear(format!("{status} from the provider, with {came}")),
        (400 | 401 | 409 | 422, Some(text)) if says(&text, exists) => Err(Refusal::Exists(told(Some(text)))),
        (400 | 401 | 403, Some(text)) if is_of_the_action(&text) => Err(Refusal::Action(told(Some(text)))),
        (401, text) => Err(Refusal::Unauthorised(told(text))),
        (403, Some(text)) => Err(Refusal::Forbidden(told(Some(text)))),
        (403, None) => Err(Stop::denied("something before the provider", PERMISSIONS).into()),
        (404, Some(text)) => Err(Refusal::NotFound(told(Some(text)))),
        (400 | 409 | 422, Some(text)) => Err(Refusal::Refused(told(Some(text)))),
        (404 | 408 | 425, _) => Err(Stop::gateway("the provider", status, reply.asked()).into()),
        (_, Some(_)) => Err(Stop::Broken(format!("{status}, which the provider's documents do not have")).into()),
        (_, None) => Err(Stop::Broken(format!("{status} with {came} instead of the provider's error")).into()),
    }
}

/// The object of a list of one; any other list as it is.
fn only(mut list: Vec<Value>) -> Value {
    match list.pop() {
        Some(one @ Value::Object(_)) if list.is_empty() => one,
        Some(last) => {
            list.push(last);
            Value::Array(list)
        }
        None => Value::Array(list),
    }
}

/// `error.message`; also a bare `message`, `error` as text, and a list of these.
fn message(json: &Value) -> Option<String> {
    const LONGEST: usize = 300;
    let inner = json.get("error").filter(|error| !error.is_null());
    let place = inner.and_then(|error| error.get("message")).or(inner).or_else(|| json.get("message"));
    let text = words(place.or_else(|| json.get("errors"))?);
    Some(text.chars().take(LONGEST).collect::<String>()).filter(|text| !text.trim().is_empty())
}

/// The text in a text, a number, an object's `message`, or each of a list.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().map(words).filter(|text| !text.is_empty()).collect();
            all.join("; ")
        }
        Value::Object(object) => match object.get("message") {
            Some(inner @ (Value::String(_) | Value::Number(_))) => words(inner),
            _ => String::new(),
        },
        Value::Bool(_) | Value::Null => String::new(),
    }
}

fn says(message: &str, texts: &[String]) -> bool {
    let message = message.to_lowercase();
    texts.iter().any(|text| message.contains(&text.to_lowercase()))
}

fn is_of_the_action(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("user action") || message.contains("useraction")
}

/// Whether it says that the user is meant, and not whoever asks.
fn is_of_the_user(complaint: &Complaint) -> bool {
    complaint.reason.to_lowercase().contains("user")
}

impl Refusal {
    /// The answer to a signed request that names a person: what the provider objects to, which is that person's outcome
    /// and rests nothing for anybody else; or why there is no outcome.
    ///
    /// # Errors
    /// [`Stop`] for whatever is not about this person, or does not say so.
    pub fn of_person(self) -> Result<Complaint, Stop> {
        match self {
            Self::Exists(complaint) | Self::Forbidden(complaint) => Ok(complaint),
            Self::NotFound(complaint) | Self::Refused(complaint) => Ok(complaint),
            Self::Unauthorised(complaint) if is_of_the_user(&complaint) => Ok(complaint),
            // The same token has just signed, so this is no proof that it is refused.
            Self::Unauthorised(_) => Err(Stop::Denied(format!(
                "the provider refuses a request that it let us sign (401); if it refuses others' too, check {ACCOUNT}"
            ))),
            other => Err(other.into()),
        }
    }

    /// The answer to a read that names a person.
    ///
    /// # Errors
    /// As [`Self::of_person`]; a 401 that does not speak of the user is our token's.
    pub fn of_read(self) -> Result<Complaint, Stop> {
        match self {
            Self::Unauthorised(complaint) if !is_of_the_user(&complaint) => Err(Self::Unauthorised(complaint).into()),
            other => other.of_person(),
        }
    }

    /// The answer to a step of the signing, which every change needs and which names nobody.
    #[must_use]
    pub fn of_signing(self) -> Stop {
        match self {
            Self::Unauthorised(complaint) if complaint.reason.to_lowercase().contains("challenge") => {
                Stop::away("the challenge of a signature is over (401)")
            }
            Self::Forbidden(complaint) if complaint.reason.to_lowercase().contains(SIGNING) => {
                Stop::credentials(403, "the permission Auth:Action:Sign of the service account")
            }
            other => other.into(),
        }
    }
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
            Refusal::Unauthorised(_) => Self::credentials(401, ACCOUNT),
            Refusal::Forbidden(_) => Self::denied("the provider", PERMISSIONS),
            Refusal::NotFound(_) => Self::Broken("404, what the request names does not exist".to_owned()),
            Refusal::Approval => Self::Broken("202, waits for an approval at the provider".to_owned()),
            // Somebody between us and the provider sent it twice: the first may have been carried out.
            Refusal::Action(complaint) if complaint.reason.to_lowercase().contains("used") => {
                Self::unclear("the signature of this request was used already")
            }
            Refusal::Action(complaint) if is_expiry(&complaint) => Self::away("the signature of this request is over"),
            Refusal::Action(complaint) => Self::Denied(format!(
                "the provider does not take the signature of this request ({}); if it takes no other, check {ACCOUNT}",
                complaint.code
            )),
            Refusal::Refused(complaint) | Refusal::Exists(complaint) => {
                Self::Broken(format!("refused with {}; see the provider's console", complaint.code))
            }
        }
    }
}
