//! What is sent and what the answer means, by a definition. Values enter, a request or an outcome leaves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gangway_core::event::{FactReport, Identifier, Trust};
use gangway_core::flow::expr::{Expr, Mapping};
use gangway_core::outcome::Answer;
use gangway_core::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use url::Url;

use super::Generic;
use super::model::{Action, Auth, Exchange, FactRule, Pages, Piece, RequestSpec, Rule};
use crate::providers::{Call, HttpRequest, Reply};

/// Name of the token of OAuth2.
pub const TOKEN: &str = "service";

/// A page of a list that a look-up reads.
#[derive(Clone, Debug)]
pub struct Page {
    /// Counted from 1.
    pub number: u32,
    /// What the page before it gave to find this one.
    pub cursor: Value,
}

impl Page {
    /// The first one.
    #[must_use]
    pub const fn first() -> Self {
        Self { number: 1, cursor: Value::Null }
    }

    fn told(&self) -> Value {
        json!({"number": self.number, "cursor": self.cursor})
    }
}

/// Which of the requests of a conversation is written.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The effect's idempotency key, counted from 1.
    pub key: u32,
    /// The page of a look-up.
    pub page: &'a Page,
    /// When it is sent.
    pub now: Timestamp,
}

/// What an answer says by the rules.
#[derive(Debug)]
pub enum Said {
    /// This outcome.
    Outcome(Answer),
    /// The look-up tells.
    LookUp,
    /// A look-up found it not done.
    NotDone,
    /// No rule holds, or the one that does needs fields that are not there.
    Nothing(Option<String>),
}

impl Generic {
    /// The request of an exchange.
    ///
    /// # Errors
    /// What keeps it from being written, without values.
    pub(super) fn request(
        &self,
        call: &Call<'_>,
        spec: &RequestSpec,
        effectful: bool,
        turn: Turn<'_>,
    ) -> Result<HttpRequest, String> {
        let name = match turn.key {
            1 => call.effect.to_string(),
            further => format!("{}/{further}", call.effect),
        };
        let roots = roots([
            ("input", Value::Object(call.input.clone())),
            ("settings", Value::Object(self.values.clone())),
            ("effect", json!({"key": name, "attempt": call.attempt})),
            ("page", turn.page.told()),
        ]);
        let url = path(&self.settings.common.base_url, &spec.path, &roots)?;
        let mut request = HttpRequest { method: spec.method, url, effectful, ..HttpRequest::default() };
        request.query = pairs(spec.query.as_ref(), &roots)?;
        request.headers.push(("accept", "application/json".to_owned()));
        let named = pairs(spec.headers.as_ref(), &roots)?;
        request.named_headers = named.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
        if let Some(body) = &spec.body {
            let body = body.eval_in(&roots).map_err(|error| error.to_string())?.unwrap_or(Value::Null);
            let (kind, bytes) = match (spec.form, &body) {
                (true, Value::Object(map)) => {
                    let mut form = url::form_urlencoded::Serializer::new(String::new());
                    form.extend_pairs(map.iter().filter_map(|(name, value)| Some((name, scalar(value)?))));
                    ("application/x-www-form-urlencoded", form.finish().into_bytes())
                }
                _ => ("application/json", body.to_string().into_bytes()),
            };
            request.headers.push(("content-type", kind.to_owned()));
            request.body = Some(bytes);
        }
        if spec.auth {
            self.authorise(&mut request, turn.now)?;
        }
        Ok(request)
    }

    fn authorise(&self, request: &mut HttpRequest, now: Timestamp) -> Result<(), String> {
        let setting = |name: &str| self.setting(name);
        match &self.definition.auth {
            Auth::None => {}
            Auth::Bearer(token) => {
                let bearer = format!("Bearer {}", setting(token).expose_secret());
                request.secret_headers.push(("authorization", SecretString::from(bearer)));
            }
            Auth::Basic { user, password } => {
                let pair = format!("{}:{}", setting(user).expose_secret(), setting(password).expose_secret());
                let basic = format!("Basic {}", STANDARD.encode(pair));
                request.secret_headers.push(("authorization", SecretString::from(basic)));
            }
            Auth::Header { name, value } => request.named_headers.push((name.clone(), setting(value))),
            Auth::Signed(signing) => self.sign(signing, request, now)?,
            Auth::OAuth2 { .. } => request.token = Some(TOKEN),
        }
        Ok(())
    }

    /// A setting of this name, secret or not; empty when it is not given.
    pub(super) fn setting(&self, name: &str) -> SecretString {
        if let Some(secret) = self.settings.secrets.get(name) {
            return secret.0.clone();
        }
        SecretString::from(self.values.get(name).and_then(Value::as_str).unwrap_or_default())
    }

    /// Whether a guard is true of an answer. One that cannot be evaluated (its field is not there) does not hold.
    pub(super) fn holds(&self, guard: &Expr, call: &Call<'_>, action: &Action, reply: &Reply, page: &Page) -> bool {
        is_true(guard, &self.answered(call, action, reply, page))
    }

    /// The page after this one, if there is one.
    pub(super) fn next(
        &self,
        pages: &Pages,
        call: &Call<'_>,
        action: &Action,
        reply: &Reply,
        page: &Page,
    ) -> Option<Page> {
        let next = pages.next.eval_in(&self.answered(call, action, reply, page)).ok().flatten()?;
        let over = match &next {
            Value::Bool(more) => !more,
            Value::String(text) => text.is_empty(),
            other => other.is_null(),
        };
        (!over).then(|| Page { number: page.number.saturating_add(1), cursor: next })
    }

    /// What can be read of an answer.
    fn answered(&self, call: &Call<'_>, action: &Action, reply: &Reply, page: &Page) -> Map<String, Value> {
        let secret = |name: &String| action.input.iter().any(|field| field.secret && field.name == *name);
        let input = call.input.iter().filter(|(name, _)| !secret(name));
        roots([
            ("status", json!(reply.status)),
            ("body", gangway_core::json::read(&reply.body).unwrap_or(Value::Null)),
            ("headers", headers(&reply.headers)),
            ("input", input.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()),
            ("settings", Value::Object(self.values.clone())),
            ("ours", json!(call.uncertain_since.is_some())),
            ("page", page.told()),
        ])
    }

    /// What an answer says.
    pub(super) fn said(
        &self,
        call: &Call<'_>,
        action: &Action,
        exchange: &Exchange,
        reply: &Reply,
        page: &Page,
    ) -> Said {
        let roots = self.answered(call, action, reply, page);
        match exchange.rules.iter().find(|rule| is_true(&rule.when, &roots)) {
            None => Said::Nothing(None),
            Some(rule) if rule.look_up => Said::LookUp,
            Some(rule) if rule.outcome == super::NOT_DONE => Said::NotDone,
            Some(rule) => match outcome(rule, &roots, reply) {
                Ok(answer) => Said::Outcome(answer),
                Err(why) => Said::Nothing(Some(format!("{}: {why}", rule.outcome))),
            },
        }
    }
}

fn is_true(guard: &Expr, roots: &Map<String, Value>) -> bool {
    matches!(guard.eval_in(roots), Ok(Some(Value::Bool(true))))
}

fn outcome(rule: &Rule, roots: &Map<String, Value>, reply: &Reply) -> Result<Answer, String> {
    let mut answer = Answer::named(rule.outcome.as_str());
    for (name, optional, mapping) in &rule.fields {
        match mapping.eval_in(roots) {
            Ok(Some(value)) => drop(answer.fields.insert(name.clone(), value)),
            _ if *optional => {}
            _ => return Err(format!("the answer has nothing for the field `{name}`")),
        }
    }
    for (name, mapping) in &rule.secrets {
        if let Ok(Some(value)) = mapping.eval_in(roots) {
            answer.secrets.0.insert(name.clone(), value);
        }
    }
    answer.identifiers = identifiers(&rule.identifiers, roots);
    answer.facts = facts(&rule.facts, roots, Trust::Fact);
    for fact in &mut answer.facts {
        fact.time = Some(reply.sent_at);
    }
    Ok(answer)
}

/// Identifiers, where their values are there.
pub(super) fn identifiers(rules: &[(String, Mapping)], roots: &Map<String, Value>) -> Vec<Identifier> {
    let one = |(kind, mapping): &(String, Mapping)| {
        let value = mapping.eval_in(roots).ok().flatten()?;
        Some(Identifier::new(kind, scalar(&value).filter(|value| !value.is_empty())?))
    };
    rules.iter().filter_map(one).collect()
}

/// Most resources that one fact of an answer or a delivery tells of; the first ones count.
const RESOURCES_MOST: usize = 50;

/// Facts, where their guards hold; one for each item where they are about a list.
pub(super) fn facts(rules: &[FactRule], roots: &Map<String, Value>, trust: Trust) -> Vec<FactReport> {
    let mut told = Vec::new();
    for rule in rules {
        let Some(each) = &rule.each else {
            told.extend(fact(rule, roots, trust));
            continue;
        };
        let Ok(Some(Value::Array(items))) = each.eval_in(roots) else { continue };
        let mut roots = roots.clone();
        for item in items.into_iter().take(RESOURCES_MOST) {
            roots.insert("item".to_owned(), item);
            told.extend(fact(rule, &roots, trust));
        }
    }
    told
}

fn fact(rule: &FactRule, roots: &Map<String, Value>, trust: Trust) -> Option<FactReport> {
    if rule.when.as_ref().is_some_and(|when| !is_true(when, roots)) {
        return None;
    }
    let field = |(name, mapping): &(String, Mapping)| Some((name.clone(), mapping.eval_in(roots).ok().flatten()?));
    let resource = rule.resource.eval_in(roots).ok().flatten().as_ref().and_then(scalar).unwrap_or_default();
    let fields = rule.fields.iter().filter_map(field).collect();
    Some(FactReport { name: rule.name.clone(), resource, fields, time: None, rank: 0, trust })
}

/// Roots by name.
pub(super) fn roots<const N: usize>(roots: [(&str, Value); N]) -> Map<String, Value> {
    roots.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Headers by name; the first of several of a name.
pub(super) fn headers(headers: &[(String, String)]) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        map.entry(name.clone()).or_insert_with(|| Value::String(value.clone()));
    }
    Value::Object(map)
}

/// A text, number or truth value as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

pub(super) fn pairs(mapping: Option<&Mapping>, roots: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let Some(mapping) = mapping else { return Ok(Vec::new()) };
    let value = mapping.eval_in(roots).map_err(|error| error.to_string())?;
    let Some(Value::Object(map)) = value else { return Ok(Vec::new()) };
    Ok(map.iter().filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect())
}

/// The address: a value fills its segment and can never lead elsewhere.
fn path(base: &str, path: &[Vec<Piece>], roots: &Map<String, Value>) -> Result<String, String> {
    let mut url = Url::parse(base).map_err(|_| "base_url is not an address".to_owned())?;
    let mut filled = Vec::new();
    for pieces in path {
        let mut segment = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => segment.push_str(text),
                Piece::Value(root, name) => {
                    let value = roots.get(root).and_then(|root| root.get(name)).and_then(scalar);
                    let value = value.filter(|value| !value.is_empty());
                    segment
                        .push_str(&value.ok_or_else(|| format!("the path needs `{root}.{name}`, which is not given"))?);
                }
            }
        }
        if segment.chars().all(|c| c == '.') {
            return Err("a value that would lead elsewhere cannot be part of the path".to_owned());
        }
        filled.push(segment);
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(&filled);
    }
    Ok(url.into())
}
