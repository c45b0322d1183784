//! What an answer means, before any action is looked at: the data it carries, or one of eight kinds of trouble.
//! Source: docs/providers/original.md, "Errors". The status alone never decides: "exists already" and "is not valid"
//! are both 400, so `error.type` and the message are read. No personal data in causes: never the message itself.

use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use serde_json::Value;

use crate::providers::{Reply, Turn, wait};

/// Why an answer carries no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// `client_error`, "… already exists.".
    Exists(Complaint),
    /// `client_error` with 404: the thing is not there.
    NotFound,
    /// `validation_error` or `client_error`: permanent, the request is at fault. Nothing was done.
    Refused(Complaint),
    /// 401, 403, or a redirect: we are refused as a whole.
    Barred(String),
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
    /// Its codes, such as `invalid`.
    pub codes: String,
    /// Its messages, for people; may repeat personal data, so only in an answer's fields.
    pub text: String,
}

/// The `data` of a good answer, or the trouble.
///
/// # Errors
/// [`Trouble`] of the kind that the status and the body say.
pub fn data(reply: &Reply, now: Timestamp) -> Result<Value, Trouble> {
    let json = serde_json::from_slice::<Value>(&reply.body).ok();
    let error = json.as_ref().and_then(|json| json.get("error")).filter(|error| !error.is_null());
    let status = reply.status;
    let asked = || wait::asked(&reply.headers, true, now);
    match (status, error) {
        (401 | 403, _) => Err(Trouble::Barred(format!(
            "the provider refuses our credentials ({status}); check providers.original.api_key and api_secret"
        ))),
        (429, _) => Err(Trouble::Throttled(asked())),
        (300..=399, _) => Err(Trouble::Barred(format!(
            "the provider answers with a redirect ({status}); check providers.original.base_url"
        ))),
        (_, Some(error)) => Err(complaint(status, error, asked())),
        (200..=299, None) => match json {
            // A search that finds nobody answers `data: null`, in the SDKs' examples beside `success: false`.
            Some(Value::Object(mut body))
                if body.get("success") != Some(&Value::Bool(false)) || body.get("data") == Some(&Value::Null) =>
            {
                body.remove("data").ok_or_else(|| Trouble::Unclear(format!("{status} without `data`")))
            }
            Some(_) => Err(Trouble::Unclear(format!("{status} without success and without an error"))),
            None => Err(Trouble::Unclear(format!("{status} with a body that is not whole JSON"))),
        },
        (404 | 408 | 425, None) => {
            Err(Trouble::Away(format!("{status} from a gateway, not from the provider itself"), asked()))
        }
        (503, None) => Err(gone(asked())),
        (500..=599, None) => Err(Trouble::Unclear(format!("{status} without an explanation"))),
        (_, None) => Err(Trouble::Strange(format!("{status} without the provider's error format"))),
    }
}

/// `error`: `{type, detail}`, detail one `{code, message, field_name?}` or a list of them.
fn complaint(status: u16, error: &Value, asked: Option<Millis>) -> Trouble {
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let complaint = match error.get("detail") {
        Some(Value::Array(list)) => Complaint { codes: words(list, "code"), text: words(list, "message") },
        Some(one) => {
            let list = std::slice::from_ref(one);
            Complaint { codes: words(list, "code"), text: words(list, "message") }
        }
        None => Complaint::default(),
    };
    match (kind, status) {
        ("client_error", _) if complaint.text.to_lowercase().contains("already exists") => Trouble::Exists(complaint),
        ("client_error", 404) => Trouble::NotFound,
        ("client_error" | "validation_error", _) => Trouble::Refused(complaint),
        ("server_error", 503) => gone(asked),
        ("server_error", _) | (_, 500..=599) => Trouble::Unclear(format!("{status} server_error")),
        _ => Trouble::Strange(format!("{status} with an unknown type of error")),
    }
}

/// 503 with a wait is a door that was shut before us; without one it may be a gateway whose back end went on working.
fn gone(asked: Option<Millis>) -> Trouble {
    match asked {
        Some(_) => Trouble::Away("503, asks to come again".to_owned(), asked),
        None => Trouble::Unclear("503 without saying when to come again".to_owned()),
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

impl Trouble {
    /// How an attempt ends that meets this trouble with a request that changes nothing.
    #[must_use]
    pub fn of_a_read(self) -> Turn {
        match self {
            Self::Unclear(cause) => Turn::Ended(AttemptResult::Again { cause, retry_after: None, spent: true }),
            other => other.of_a_change(),
        }
    }

    /// How an attempt ends that meets this trouble with a request that may have changed something.
    #[must_use]
    pub fn of_a_change(self) -> Turn {
        Turn::Ended(match self {
            Self::Barred(cause) => return Turn::Barred(cause),
            Self::Throttled(retry_after) => {
                let cause = "429, the provider asks for fewer requests".to_owned();
                AttemptResult::Again { cause, retry_after, spent: false }
            }
            Self::Away(cause, retry_after) => AttemptResult::Again { cause, retry_after, spent: true },
            Self::Unclear(cause) => AttemptResult::Unknown { cause },
            Self::Strange(cause) => AttemptResult::Broken { cause },
            Self::NotFound => AttemptResult::Broken { cause: "404, what the request names does not exist".to_owned() },
            Self::Refused(complaint) => AttemptResult::Broken { cause: format!("refused: {}", complaint.codes) },
            Self::Exists(complaint) => AttemptResult::Broken { cause: format!("exists already: {}", complaint.codes) },
        })
    }
}
