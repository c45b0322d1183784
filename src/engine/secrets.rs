//! Secrets on their way through the door: cut out of messages before anything is written, kept in rows of their own for
//! as long as a state can still read them, erased in the transaction after which none can. Pure except for the
//! randomness of those that are made here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use gangway_core::event::{Body, Event, OnboardingId};
use gangway_core::outcome::AttemptResult;
use gangway_core::secret::{MARKER, Secrets};
use serde_json::Value;

use crate::clock::Chance;
use crate::store::keys::Dedupe;
use crate::store::secrets::NewSecret;

use super::door::Arrival;
use super::flows::Flows;
use super::read::Read;
use super::round::Round;

/// The arrivals with every secret cut out of their messages, and beside them instead. A marker stays, in the event and
/// in the bytes as they came; those of a message with secrets are its data, written anew.
pub(super) fn cut<'a>(flows: &Flows, arrivals: &'a [Arrival]) -> Cow<'a, [Arrival]> {
    let fields = |arrival: &Arrival| match &arrival.event.body {
        Body::Message { .. } if arrival.secrets.is_empty() => flows.secret_fields(&arrival.event.kind),
        _ => None,
    };
    if arrivals.iter().all(|arrival| fields(arrival).is_none()) {
        return Cow::Borrowed(arrivals);
    }
    let mut arrivals = arrivals.to_vec();
    for arrival in &mut arrivals {
        let Some(fields) = fields(arrival) else { continue };
        let Body::Message { data, .. } = &mut arrival.event.body else { continue };
        for path in fields.iter() {
            if let Some(value) = at(data, path)
                && !value.is_null()
            {
                let value = std::mem::replace(value, Value::String(MARKER.to_owned()));
                arrival.secrets.0.insert(path.join("."), value);
            }
        }
        if !arrival.secrets.is_empty() && !arrival.raw.is_empty() {
            arrival.raw = data.to_string().into();
        }
    }
    Cow::Owned(arrivals)
}

fn at<'v>(data: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(data, |value, key| value.get_mut(key))
}

/// Where an onboarding stood before an event: its state, and the effect whose outcome it waited for.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub state: String,
    pub pending: Option<i64>,
}

/// What becomes of secrets in a round.
#[derive(Debug, Default)]
pub(super) struct SecretWrites {
    pub new: Vec<NewSecret>,
    /// Those that nothing can read any more.
    pub gone: BTreeSet<(OnboardingId, String)>,
    /// Those of events that have no owner yet, or that wait in the journal.
    pub held: Vec<(Dedupe, Secrets)>,
    /// Onboardings that lose all their secrets.
    pub emptied: BTreeSet<OnboardingId>,
}

impl SecretWrites {
    /// Drops what is read no more and keeps what came, even under the same name.
    fn replace(&mut self, id: OnboardingId, gone: Vec<String>, kept: Vec<NewSecret>) {
        for name in gone {
            self.new.retain(|secret| secret.onboarding != id || secret.name != name);
            self.gone.insert((id, name));
        }
        for secret in kept {
            self.gone.remove(&(id, secret.name.clone()));
            self.new.push(secret);
        }
    }
}

impl Read {
    /// Where an onboarding of this round stands now.
    pub(super) fn stands(&self, id: OnboardingId) -> Option<Before> {
        let onboarding = &self.works.get(&id)?.loaded.onboarding;
        let pending = onboarding.memory.pending.as_ref().map(|pending| pending.n);
        Some(Before { state: onboarding.state.clone(), pending })
    }
}

impl Round<'_> {
    /// After an event was followed: keeps what it brought and a state can still read, and erases what none can.
    /// `before` is absent when the event began the onboarding.
    pub(super) fn keep_secrets(&mut self, id: OnboardingId, event: &Event, cut: &Secrets, before: Option<&Before>) {
        let Some(work) = self.read.works.get(&id) else { return };
        let Some(flow) = &work.flow else {
            // Cancelled without its flow: whatever it has will not be read again.
            if work.loaded.onboarding.status.ended() {
                self.writes.secrets.emptied.insert(id);
            }
            return;
        };
        if flow.secrets.is_empty() {
            return;
        }
        let mut brought: BTreeMap<&str, Value> = BTreeMap::new();
        // A second start event of a running onboarding moves nothing, so its secrets replace none.
        if before.is_none() || flow.begins_on() != Some(event.kind.as_str()) {
            for (name, path) in flow.secret_fields(&event.kind) {
                brought.extend(cut.0.get(&path.join(".")).map(|value| (name, value.clone())));
            }
        }
        if let (Body::Outcome { effect, result: AttemptResult::Done(answer), taken: None, .. }, Some(before)) =
            (&event.body, before)
            && before.pending == Some(*effect)
        {
            for (field, value) in &answer.secrets.0 {
                brought.extend(flow.secret_of(&before.state, field).map(|name| (name, value.clone())));
            }
        }
        if before.is_none() {
            for (name, spec) in &flow.secrets {
                if let Some(rule) = spec.generate.as_ref().filter(|_| !brought.contains_key(name.as_str())) {
                    brought.insert(name, rule.make(|| draw(&*self.engine.chance)).into());
                }
            }
        }
        let onboarding = &work.loaded.onboarding;
        let keeps = |name: &str| !onboarding.status.ended() && flow.keeps(&onboarding.state, name);
        // Read for the last time: no state can read it any more, or none can before a newer one comes.
        let over = |name: &str, was: &str| {
            (flow.keeps(was, name) && !keeps(name)) || (flow.needs(was, name) && !flow.needs(&onboarding.state, name))
        };
        let gone = |name: &&String| before.is_some_and(|before| over(name.as_str(), &before.state));
        let gone: Vec<String> = flow.secrets.keys().filter(gone).cloned().collect();
        let key = work.loaded.key.clone();
        let kept = brought.into_iter().filter(|(name, _)| keeps(name)).map(|(name, value)| NewSecret {
            onboarding: id,
            name: name.to_owned(),
            value: Secrets::of(name, value),
            key: key.clone(),
        });
        let kept: Vec<NewSecret> = kept.collect();
        self.writes.secrets.replace(id, gone, kept);
    }
}

fn draw(chance: &dyn Chance) -> u64 {
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
