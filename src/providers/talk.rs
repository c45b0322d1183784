//! Conversations without a network, for the adapters' tests: a call and the answers it meets enter, the requests that
//! were sent and the end leave.

use gangway_core::catalogue::Catalogue;
use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::script::Script;
use super::{Adapter, Call, HttpRequest, Reply, Stop, Token};

/// A status, extra headers, and a body.
pub type Told<'a> = (u16, &'a [(&'a str, &'a str)], &'a str);

/// 2026-01-02T03:04:10Z
pub const NOW: Timestamp = Timestamp(1_767_323_050_000);

/// A call that is about to be made.
pub struct Talk {
    /// Without the provider's name.
    pub action: &'static str,
    input: Value,
    mode: Mode,
    uncertain_since: Option<Timestamp>,
}

impl Talk {
    /// A first attempt.
    pub fn new(action: &'static str, input: Value) -> Self {
        Self { action, input, mode: Mode::Do, uncertain_since: None }
    }

    /// A look-up of whether it was done.
    pub fn look_up(action: &'static str, input: Value) -> Self {
        Self { mode: Mode::LookUp, ..Self::new(action, input) }
    }

    /// This talk, to do it again or to look it up, after an attempt that ended unknown a minute ago.
    pub fn uncertain(self, mode: Mode) -> Self {
        Self { mode, ..self.uncertain_since(Timestamp(NOW.0 - 60_000)) }
    }

    /// This talk, after an attempt with an unknown end at this time.
    pub fn uncertain_since(self, time: Timestamp) -> Self {
        Self { uncertain_since: Some(time), ..self }
    }

    /// Every request that was sent, and how it ended; a cause `barred: …` stands for a barred provider,
    /// `denied: …` for a request that is forbidden to this person or to us.
    pub fn hear(&self, adapter: &dyn Adapter, told: &[Told<'_>]) -> (Vec<HttpRequest>, AttemptResult) {
        let call = Call {
            action: self.action,
            input: self.input.as_object().unwrap(),
            effect: EffectId { onboarding: OnboardingId(uuid::Uuid::nil()), n: 1 },
            attempt: 1,
            mode: self.mode,
            uncertain_since: self.uncertain_since,
        };
        let far = Script::new(NOW, told.iter().copied().map(reply));
        let ended = far.play(adapter.call(&call, &far));
        let ended = ended.unwrap_or_else(|| panic!("{:?} is not answered by the test", far.sent().last()));
        assert_eq!(far.left(), 0, "answers that nobody asked for");
        let result = match ended {
            Ok(answer) => AttemptResult::Done(answer),
            Err(Stop::Barred(cause)) => AttemptResult::Broken { cause: format!("barred: {cause}") },
            Err(Stop::Denied(cause)) => AttemptResult::Broken { cause: format!("denied: {cause}") },
            Err(stop) => stop.ended(far.doubt()),
        };
        (far.sent(), result)
    }

    /// In one word: the outcome, or `not_done`, `again`, `again free`, `unknown`, `broken`, `barred`, `denied`.
    pub fn ends(&self, adapter: &dyn Adapter, told: &[Told<'_>]) -> String {
        match self.hear(adapter, told).1 {
            AttemptResult::Done(answer) => answer.outcome,
            AttemptResult::NotDone => "not_done".to_owned(),
            AttemptResult::Again { spent: true, .. } => "again".to_owned(),
            AttemptResult::Again { .. } => "again free".to_owned(),
            AttemptResult::Unknown { .. } => "unknown".to_owned(),
            AttemptResult::Broken { cause } if cause.starts_with("barred") => "barred".to_owned(),
            AttemptResult::Broken { cause } if cause.starts_with("denied") => "denied".to_owned(),
            AttemptResult::Broken { .. } => "broken".to_owned(),
        }
    }

    /// Why it did not end with an outcome.
    pub fn cause(&self, adapter: &dyn Adapter, told: &[Told<'_>]) -> String {
        match self.hear(adapter, told).1 {
            AttemptResult::Broken { cause } | AttemptResult::Again { cause, .. } | AttemptResult::Unknown { cause } => {
                cause
            }
            other => panic!("{}: {other:?}", self.action),
        }
    }

    /// The outcome with all it carries.
    pub fn answer(&self, adapter: &dyn Adapter, told: &[Told<'_>]) -> Answer {
        match self.hear(adapter, told).1 {
            AttemptResult::Done(answer) => answer,
            other => panic!("{}: {other:?}", self.action),
        }
    }
}

/// The way to the token of this name: every request that was sent, and the token or what keeps it back.
pub fn token(adapter: &dyn Adapter, name: &str, told: &[Told<'_>]) -> (Vec<HttpRequest>, Result<Token, Stop>) {
    let far = Script::new(NOW, told.iter().copied().map(reply));
    let ended = far.play(adapter.token(name, &far)).expect("a request that the test does not answer");
    assert_eq!(far.left(), 0, "answers that nobody asked for");
    (far.sent(), ended.map_err(Stop::of_a_token))
}

/// An answer that came now.
pub fn reply((status, headers, body): Told<'_>) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: body.as_bytes().to_vec(), sent_at: NOW, received_at: NOW }
}

/// Method, whole address with its query.
pub fn line(request: &HttpRequest) -> String {
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{}", request.method, request.url, query.join("&"))
}

/// The JSON of a request.
pub fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap()).unwrap()
}

/// A header's value, secret or not.
pub fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let secret = request.secret_headers.iter().map(|(name, value)| (*name, value.expose_secret()));
    request
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(secret)
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// Checks answers against the catalogue: the action has each outcome, with exactly the fields and secrets that it
/// lists, and every listed outcome occurs.
pub fn hold(adapter: &dyn Adapter, answers: &[(&'static str, Answer)]) {
    let mut catalogue = Catalogue::default();
    adapter.describe(&mut catalogue);
    let mut unseen: Vec<String> = Vec::new();
    for (name, spec) in &catalogue.actions {
        unseen.extend(spec.outcomes.iter().map(|outcome| format!("{name} {}", outcome.name)));
    }
    for (action, answer) in answers {
        let name = format!("{}.{action}", adapter.name());
        let spec = &catalogue.actions[&name];
        let outcome = spec.outcomes.iter().find(|outcome| outcome.name == answer.outcome);
        let outcome = outcome.unwrap_or_else(|| panic!("{name} has no outcome {}", answer.outcome));
        assert!(outcome.writes.iter().all(|field| answer.fields.contains_key(field)), "{name} {answer:?}");
        let known = |field: &String| outcome.writes.contains(field) || outcome.may_write.contains(field);
        assert!(answer.fields.keys().all(known), "{name} {answer:?}");
        assert!(answer.secrets.0.keys().all(|secret| outcome.secrets.contains(secret)), "{name} {answer:?}");
        for fact in &answer.facts {
            let fields = &catalogue.facts[&fact.name].fields;
            assert!(fact.fields.keys().all(|field| fields.contains(field)), "{fact:?}");
        }
        unseen.retain(|seen| *seen != format!("{name} {}", answer.outcome));
    }
    assert_eq!(unseen, Vec::<String>::new(), "outcomes that no answer leads to");
    for fact in catalogue.facts.values() {
        let Some(confirm) = &fact.confirm else { continue };
        let input = &catalogue.actions[&confirm.action].input;
        assert!(confirm.input.keys().all(|field| input.iter().any(|known| known.name == *field)));
    }
}
