//! What an answer means, before any action is looked at: its data, what the provider says, or why there is neither; and
//! whose fault it is. Source: docs/providers/original.md, "Errors". The status alone never decides: "exists already"
//! and "is not valid" are both 400, so `error.type` and the message are read. No personal data in causes: never the
//! message itself.

use gangway_core::time::Millis;
use serde_json::Value;

use crate::providers::complaint::Complaint;
use crate::providers::{Reply, Stop, body};

const KEYS: &str = "providers.original.api_key and api_secret";
/// Parts of codes and messages that speak of whoever asks: of our key and token, not of the person.
const OF_OUR_KEY: [&str; 4] = ["authenticat", "api key", "api-key", "token"];

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// "… already exists.", whatever the type.
    Exists(Complaint),
    /// `client_error` with 404: the thing is not there.
    NotFound(Complaint),
    /// 403 in the provider's own format that does not speak of our key.
    Forbidden(Complaint),
    /// `validation_error` or `client_error`: permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// What no word of this provider is needed for.
    Stop(Stop),
}

/// The `data` of a good answer, or why there is none.
///
/// # Errors
/// [`Refusal`] of the kind that the status and the body say.
pub fn data(reply: &Reply) -> Result<Value, Refusal> {
    let json = gangway_core::json::read(&reply.body).ok();
    let error = json.as_ref().and_then(|json| json.get("error")).filter(|error| !error.is_null());
    let (status, came) = (reply.status, body::kind(&reply.body));
    let unclear = |cause: String| Refusal::Stop(Stop::Unclear(cause));
    match (status, error) {
        (401, _) => Err(Stop::credentials(status, KEYS).into()),
        (403, None) => Err(Stop::denied("something before the provider", KEYS).into()),
        (429, _) => Err(Stop::throttled("the provider", reply.asked()).into()),
        (300..=399, _) => Err(Stop::moved("the provider", status, "providers.original.base_url").into()),
        (_, Some(error)) => Err(refusal(status, error, reply.asked())),
        (200..=299, None) => match json {
            // A search that finds no user answers `data: null`, in the SDKs' examples beside `success: false`.
            Some(Value::Object(mut body))
                if body.get("success") != Some(&Value::Bool(false)) || body.get("data") == Some(&Value::Null) =>
            {
                body.remove("data").ok_or_else(|| unclear(format!("{status} without `data`")))
            }
            Some(Value::Object(_)) => Err(unclear(format!("{status} without success and without an error"))),
            _ => Err(unclear(format!("{status} with {came}"))),
        },
        (404 | 408 | 425, None) => Err(Stop::gateway("the provider", status, reply.asked()).into()),
        (503, None) => Err(gone(reply.asked()).into()),
        (500..=599, None) => Err(unclear(format!("{status} with {came} instead of an explanation"))),
        (_, None) => Err(Stop::Broken(format!("{status} with {came} instead of the provider's error")).into()),
    }
}

/// The thing that a read asked for, if it is there.
///
/// # Errors
/// [`Stop`] when the answer does not say.
pub fn found(reply: &Reply) -> Result<Option<Value>, Stop> {
    match data(reply) {
        Ok(Value::Null) | Err(Refusal::NotFound(_)) => Ok(None),
        Ok(thing) => Ok(Some(thing)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// As [`found`], for one thing; a list of one is that one.
///
/// # Errors
/// [`Stop`] when the answer does not say, or holds several.
pub fn found_one(reply: &Reply) -> Result<Option<Value>, Stop> {
    match found(reply)? {
        Some(Value::Array(mut list)) => match (list.pop(), list.is_empty()) {
            (one, true) => Ok(one),
            _ => Err(Stop::unclear("several where one was asked for")),
        },
        one => Ok(one),
    }
}

/// `error`: `{type, detail}`, detail one `{code, message, field_name?}` or a list of them; a bare text is read too.
fn refusal(status: u16, error: &Value, asked: Option<Millis>) -> Refusal {
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let complaint = complaint(status, kind, error);
    let says =
        |text: &str| complaint.reason.to_lowercase().contains(text) || complaint.code.to_lowercase().contains(text);
    match (kind, status) {
        ("server_error", 503) => gone(asked).into(),
        ("server_error", _) => Stop::Unclear(format!("{status} server_error")).into(),
        (_, 403) if OF_OUR_KEY.iter().any(|part| says(part)) => Stop::credentials(status, KEYS).into(),
        (_, 403) => Refusal::Forbidden(complaint),
        (_, 400..=499) if says("already exists") => Refusal::Exists(complaint),
        ("client_error", 404) => Refusal::NotFound(complaint),
        ("client_error" | "validation_error", _) => Refusal::Refused(complaint),
        (_, 500..=599) => Stop::Unclear(format!("{status} with an unknown type of error")).into(),
        // A type of tomorrow: the status says that the request is at fault.
        (_, 400 | 409 | 422) => Refusal::Refused(complaint),
        _ => Stop::Broken(format!("{status} with an unknown type of error")).into(),
    }
}

/// What it objects to: never without a code and a reason.
fn complaint(status: u16, kind: &str, error: &Value) -> Complaint {
    let detail = error.get("detail").or_else(|| error.get("message").map(|_| error)).unwrap_or(error);
    let list = match detail {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let or = |text: String, otherwise: String| if text.is_empty() { otherwise } else { text };
    let named = if kind.is_empty() { status.to_string() } else { kind.to_owned() };
    Complaint {
        code: or(words(list, "code"), named),
        reason: or(words(list, "message"), format!("{status}, and the provider gives no reason")),
    }
}

/// 503, with a wait or without one.
fn gone(asked: Option<Millis>) -> Stop {
    match asked {
        Some(_) => Stop::shut(asked),
        None => Stop::Unclear("503 without saying when to try again".to_owned()),
    }
}

fn words(list: &[Value], name: &str) -> String {
    const LONGEST: usize = 300;
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let word = |item: &'_ Value| match item {
        Value::String(text) if name == "message" => Some(text.clone()),
        Value::Object(object) => match object.get(name)? {
            Value::Array(several) => Some(several.iter().filter_map(plain).collect::<Vec<_>>().join("; ")),
            one => plain(one),
        },
        _ => None,
    };
    let words: Vec<String> = list.iter().filter_map(word).filter(|word| !word.trim().is_empty()).collect();
    words.join("; ").chars().take(LONGEST).collect()
}

impl Refusal {
    /// The answer to a change that names a person: what the provider objects to, which is that person's outcome and
    /// rests nothing for anybody else; or why there is no outcome.
    ///
    /// # Errors
    /// [`Stop`] for whatever is not about this person, or does not say so.
    pub fn of_person(self) -> Result<Complaint, Stop> {
        match self {
            Self::Exists(complaint) | Self::NotFound(complaint) => Ok(complaint),
            Self::Forbidden(complaint) | Self::Refused(complaint) => Ok(complaint),
            Self::Stop(stop) => Err(stop),
        }
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
            Refusal::NotFound(_) => Self::Broken("404, what the request names does not exist".to_owned()),
            Refusal::Forbidden(_) => Self::denied("the provider", KEYS),
            Refusal::Refused(complaint) => Self::Broken(format!("refused: {}", complaint.code)),
            Refusal::Exists(complaint) => Self::Broken(format!("exists already: {}", complaint.code)),
        }
    }
}
