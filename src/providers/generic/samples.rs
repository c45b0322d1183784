//! Samples of a definition: conversations and deliveries of the provider's documentation, held against it when it is
//! loaded. One that ends otherwise than it says keeps the definition from loading.

use std::collections::BTreeMap;
use std::sync::Arc;

use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::{FactReport, Identifier, OnboardingId};
use gangway_core::flow::diagnostic::{Code, Diagnostic};
use gangway_core::flow::parse::Span;
use gangway_core::outcome::AttemptResult;
use gangway_core::retry::Policy;
use gangway_core::time::Timestamp;
use secrecy::ExposeSecret as _;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Generic;
use super::model::Definition;
use super::settings::{GenericSettings, Scalar, SecretScalar};
use crate::providers::common::{ProviderSettings, RetryOverlay};
use crate::providers::script::Script;
use crate::providers::{Adapter, Call, Delivery, HttpRequest, Reply, Stop};

/// Where samples pretend that the provider is.
const BASE: &str = "https://provider.invalid";
/// When samples pretend that it is.
const NOW: Timestamp = Timestamp(1_767_323_050_000);

/// A sample, and where it stands.
#[derive(Debug)]
pub(super) struct Sample {
    pub at: Span,
    pub told: Told,
}

/// What it tells.
#[derive(Debug)]
pub(super) enum Told {
    /// An action.
    Action(Box<ActionSample>),
    /// A delivery.
    Hook(Box<HookSample>),
}

impl Told {
    /// Reads a sample: one with `webhook` is a delivery, any other an action.
    ///
    /// # Errors
    /// The key that is missing, or that it does not take.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        let told = match value.get("webhook") {
            Some(_) => serde_json::from_value(value).map(Self::Hook),
            None => serde_json::from_value(value).map(Self::Action),
        };
        told.map_err(|error| error.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionSample {
    action: String,
    #[serde(default)]
    input: Map<String, Value>,
    /// Begins with the look-up.
    #[serde(default)]
    look_up: bool,
    /// An earlier attempt may have done it.
    #[serde(default)]
    uncertain: bool,
    /// What the requests must be, one after the other, as far as the sample says; a map says it of the first.
    #[serde(default, deserialize_with = "one_or_more")]
    sends: Vec<Sends>,
    answers: Vec<Answered>,
    ends: String,
    #[serde(default)]
    fields: Option<Map<String, Value>>,
    #[serde(default)]
    secrets: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    identifiers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    facts: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sends {
    method: Option<String>,
    path: Option<String>,
    query: Option<BTreeMap<String, String>>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Value>,
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Sends>, D::Error> {
    let told = match Value::deserialize(from)? {
        Value::Array(items) => items,
        one => vec![one],
    };
    told.into_iter().map(|one| serde_json::from_value(one).map_err(D::Error::custom)).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HookSample {
    webhook: Delivered,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    identifiers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    facts: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivered {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Value,
}

/// Every sample that does not hold.
pub(super) fn run(definition: &Definition, samples: &[Sample]) -> Vec<Diagnostic> {
    let Some(adapter) = pretended(definition) else { return Vec::new() };
    let failed = |sample: &Sample| {
        let result = match &sample.told {
            Told::Action(told) => told.holds(&adapter),
            Told::Hook(told) => told.holds(&adapter),
        };
        let why = result.err()?;
        Some(Diagnostic::new(Code::BadSample, sample.at.clone(), why).help("mend the sample, or the definition"))
    };
    samples.iter().filter_map(failed).collect()
}

/// The adapter with settings that stand for any.
fn pretended(definition: &Definition) -> Option<Generic> {
    let common = ProviderSettings { base_url: BASE.to_owned(), concurrency: 1, retry: RetryOverlay::default() };
    let (values, secrets) = (BTreeMap::new(), BTreeMap::new());
    let mut settings = GenericSettings { common, definition: "sample".into(), values, secrets };
    for setting in &definition.settings {
        let value = setting.default.clone().unwrap_or_else(|| format!("sample-{}", setting.name));
        if setting.secret {
            settings.secrets.insert(setting.name.clone(), SecretScalar(value.into()));
        } else {
            settings.values.insert(setting.name.clone(), Scalar(value));
        }
    }
    Some(Generic::new(Arc::new(definition.clone()), settings, &Policy::default()))
}

fn lower(headers: &BTreeMap<String, String>) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

impl ActionSample {
    fn holds(&self, adapter: &Generic) -> Result<(), String> {
        let effect = EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 };
        let (mode, uncertain) = if self.look_up { (Mode::LookUp, true) } else { (Mode::Do, self.uncertain) };
        let uncertain_since = uncertain.then_some(NOW);
        let call = Call { action: &self.action, input: &self.input, effect, attempt: 1, mode, uncertain_since };
        let far = Script::new(NOW, self.answers.iter().map(Answered::reply));
        let ended = far.play(adapter.call(&call, &far));
        let sent = far.sent();
        if sent.len() < self.sends.len() {
            return Err(format!("{} requests are sent, where the sample says {}", sent.len(), self.sends.len()));
        }
        self.sends.iter().zip(&sent).try_for_each(|(sends, request)| sends.fit(request))?;
        let ended = ended.ok_or("the sample has no answer for another request")?;
        if let Err(Stop::Barred(cause)) = &ended {
            return self.ends_as("barred", cause);
        }
        if let Err(Stop::Denied(cause)) = &ended {
            return self.ends_as("denied", cause);
        }
        if far.left() > 0 {
            return Err(format!("{} of the sample's answers were never asked for", far.left()));
        }
        let answer = match ended.map_err(|stop| stop.ended(far.doubt())) {
            Ok(answer) | Err(AttemptResult::Done(answer)) => answer,
            Err(AttemptResult::NotDone) => return self.ends_as("not_done", ""),
            Err(AttemptResult::Again { cause, .. }) => return self.ends_as("again", &cause),
            Err(AttemptResult::Unknown { cause }) => return self.ends_as("unknown", &cause),
            Err(AttemptResult::Broken { cause }) => return self.ends_as("broken", &cause),
        };
        self.ends_as(&answer.outcome, "")?;
        same("fields", self.fields.as_ref(), &answer.fields)?;
        same("secrets", self.secrets.as_ref(), &answer.secrets.0)?;
        same("identifiers", self.identifiers.as_ref(), &short(adapter, &answer.identifiers))?;
        same("facts", self.facts.as_ref(), &named(adapter, &answer.facts))
    }

    fn ends_as(&self, end: &str, cause: &str) -> Result<(), String> {
        if self.ends == end {
            return Ok(());
        }
        let because = if cause.is_empty() { String::new() } else { format!(" ({cause})") };
        Err(format!("this sample of `{}` ends as `{end}`{because}, not as `{}`", self.action, self.ends))
    }
}

impl Answered {
    fn reply(&self) -> Reply {
        let body = match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        Reply { status: self.status, headers: lower(&self.headers), body, sent_at: NOW, received_at: NOW }
    }
}

impl Sends {
    fn fit(&self, request: &HttpRequest) -> Result<(), String> {
        let path = request.url.strip_prefix(BASE).unwrap_or(&request.url).to_owned();
        let body = request.body.as_deref().map(|bytes| {
            let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
            gangway_core::json::read(bytes).unwrap_or_else(|_| text())
        });
        same("`method`", self.method.as_ref(), &request.method.to_owned())?;
        same("`path`", self.path.as_ref(), &path)?;
        for (name, value) in self.headers.iter().flatten() {
            same(&format!("the header `{name}`"), Some(value), &header_of(request, &name.to_ascii_lowercase()))?;
        }
        same("`query`", self.query.as_ref(), &request.query.iter().cloned().collect())?;
        same("`body`", self.body.as_ref(), &body.unwrap_or(Value::Null))
    }
}

/// The value of a header of a request; empty where it is not sent. Secrets of samples are made up.
fn header_of(request: &HttpRequest, name: &str) -> String {
    let plain = request.headers.iter().filter(|(given, _)| *given == name).map(|(_, value)| value.clone());
    let secret = request.secret_headers.iter().filter(|(given, _)| *given == name).map(|(_, value)| value);
    let named = request.named_headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
    let hidden = secret.chain(named.map(|(_, value)| value)).map(|value| value.expose_secret().to_owned());
    plain.chain(hidden).next().unwrap_or_default()
}

impl HookSample {
    fn holds(&self, adapter: &Generic) -> Result<(), String> {
        let headers = lower(&self.webhook.headers);
        let delivery = Delivery { headers: &headers, json: &self.webhook.body, signed: true, received_at: NOW };
        let reading = adapter.read(&delivery).map_err(|why| why.0)?;
        let prefix = format!("{}.", adapter.name());
        same("type", Some(&self.kind), &reading.kind.strip_prefix(&prefix).unwrap_or_default().to_owned())?;
        let time = reading.occurred_at.map(|time| time.to_string());
        same("key", self.key.as_ref(), &reading.key.unwrap_or_default())?;
        let wanted = self.time.as_deref().map(|time| Timestamp::parse(time).map(|time| time.to_string()));
        same("time", wanted.as_ref(), &time)?;
        same("identifiers", self.identifiers.as_ref(), &short(adapter, &reading.identifiers))?;
        same("facts", self.facts.as_ref(), &named(adapter, &reading.facts))
    }
}

fn short(adapter: &Generic, identifiers: &[Identifier]) -> BTreeMap<String, String> {
    let prefix = format!("{}.", adapter.name());
    let short = |kind: &str| kind.strip_prefix(&prefix).unwrap_or(kind).to_owned();
    identifiers.iter().map(|identifier| (short(&identifier.kind), identifier.value.to_string())).collect()
}

fn named(adapter: &Generic, facts: &[FactReport]) -> Vec<String> {
    let prefix = format!("{}.", adapter.name());
    facts.iter().map(|fact| fact.name.strip_prefix(&prefix).unwrap_or(&fact.name).to_owned()).collect()
}

/// Whether it is as the sample says; both are told as they stand in JSON.
fn same<T: PartialEq + Serialize>(what: &str, wanted: Option<&T>, is: &T) -> Result<(), String> {
    let told = |value: &T| serde_json::to_string(value).unwrap_or_default();
    match wanted {
        Some(wanted) if wanted != is => Err(format!("{what}: {}, where the sample says {}", told(is), told(wanted))),
        _ => Ok(()),
    }
}
