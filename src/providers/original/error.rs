//! What an answer means, before any action is looked at: its data, what the provider says, or why there is neither.
//! Source: docs/providers/original.md, "Errors". The status alone never decides: "exists already" and "is not valid"
//! are both 400, so `error.type` and the message are read. No personal data in causes: never the message itself.

use gangway_core::time::Millis;
use serde_json::Value;

use crate::providers::complaint::Complaint;
use crate::providers::{Reply, Stop};

const KEYS: &str = "providers.original.api_key and api_secret";

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `client_error`, "… already exists.".
    Exists(Complaint),
    /// `client_error` with 404: the thing is not there.
    NotFound,
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
    let status = reply.status;
    let unclear = |cause: String| Refusal::Stop(Stop::Unclear(cause));
    match (status, error) {
        (401, _) => Err(Stop::credentials(status, KEYS).into()),
        (403, _) => Err(Stop::denied("the provider", KEYS).into()),
        (429, _) => Err(Stop::throttled("the provider", reply.asked()).into()),
        (300..=399, _) => Err(Stop::moved("the provider", status, "providers.original.base_url").into()),
        (_, Some(error)) => Err(complaint(status, error, reply.asked())),
        (200..=299, None) => match json {
            // A search that finds no user answers `data: null`, in the SDKs' examples beside `success: false`.
            Some(Value::Object(mut body))
                if body.get("success") != Some(&Value::Bool(false)) || body.get("data") == Some(&Value::Null) =>
            {
                body.remove("data").ok_or_else(|| unclear(format!("{status} without `data`")))
            }
            Some(_) => Err(unclear(format!("{status} without success and without an error"))),
            None => Err(unclear(format!("{status} with a body that is not whole JSON"))),
        },
        (404 | 408 | 425, None) => Err(Stop::gateway("the provider", status, reply.asked()).into()),
        (503, None) => Err(gone(reply.asked()).into()),
        (500..=599, None) => Err(unclear(format!("{status} without an explanation"))),
        (_, None) => Err(Stop::Broken(format!("{status} without the provider's error format")).into()),
    }
}

/// The thing that a read asked for, if it is there.
///
/// # Errors
/// [`Stop`] when the answer does not say.
pub fn found(reply: &Reply) -> Result<Option<Value>, Stop> {
    match data(reply) {
        Ok(Value::Null) | Err(Refusal::NotFound) => Ok(None),
        Ok(thing) => Ok(Some(thing)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// `error`: `{type, detail}`, detail one `{code, message, field_name?}` or a list of them.
fn complaint(status: u16, error: &Value, asked: Option<Millis>) -> Refusal {
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let complaint = match error.get("detail") {
        Some(Value::Array(list)) => Complaint { code: words(list, "code"), reason: words(list, "message") },
        Some(one) => {
            let list = std::slice::from_ref(one);
            Complaint { code: words(list, "code"), reason: words(list, "message") }
        }
        None => Complaint::default(),
    };
    match (kind, status) {
        ("client_error", _) if complaint.reason.to_lowercase().contains("already exists") => Refusal::Exists(complaint),
        ("client_error", 404) => Refusal::NotFound,
        ("client_error" | "validation_error", _) => Refusal::Refused(complaint),
        ("server_error", 503) => gone(asked).into(),
        ("server_error", _) | (_, 500..=599) => Stop::Unclear(format!("{status} server_error")).into(),
        _ => Stop::Broken(format!("{status} with an unknown type of error")).into(),
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
    let word = |item: &'_ Value| match item {
        Value::String(text) if name == "message" => Some(text.clone()),
        _ => item.get(name).and_then(Value::as_str).map(str::to_owned),
    };
    let words: Vec<String> = list.iter().filter_map(word).collect();
    words.join("; ").chars().take(LONGEST).collect()
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
            Refusal::NotFound => Self::Broken("404, what the request names does not exist".to_owned()),
            Refusal::Refused(complaint) => Self::Broken(format!("refused: {}", complaint.code)),
            Refusal::Exists(complaint) => Self::Broken(format!("exists already: {}", complaint.code)),
        }
    }
}
