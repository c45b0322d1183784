//! Everything that gangway can ask of the world: the complete list. Nothing is performed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{FactReport, OnboardingId, UserId};
use crate::time::Timestamp;

/// Names one effect: the onboarding and the effect's number in it. Every attempt carries the same name, so it is
/// also the idempotency key. What never moves its onboarding (lifecycle publications, and telling parents of the end)
/// has negative numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId {
    /// The onboarding that asked.
    pub onboarding: OnboardingId,
    /// Its number there, from 1; negative for what never moves the onboarding.
    pub n: i64,
}

impl EffectId {
    /// Names the lifecycle publication of this place (0 or 1) at this revision.
    #[must_use]
    pub fn lifecycle(onboarding: OnboardingId, revision: u64, place: u32) -> Self {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX).min(i64::MAX / 4 - 1);
        Self { onboarding, n: -(revision * 4 + i64::from(place)) }
    }

    /// Names the effect that tells the parent of this place, from 0, of the end. No lifecycle publication has its
    /// number.
    #[must_use]
    pub fn telling(onboarding: OnboardingId, place: u32) -> Self {
        Self { onboarding, n: -(i64::from(place) * 4 + 2) }
    }

    /// Whether it tells a parent of the end.
    #[must_use]
    pub const fn is_telling(self) -> bool {
        self.n < 0 && self.n.rem_euclid(4) == 2
    }
}

impl std::fmt::Display for EffectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.onboarding, self.n)
    }
}

/// Something asked of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Its onboarding and number.
    pub id: EffectId,
    /// What is asked.
    pub request: Request,
    /// Not before this time.
    pub due_at: Timestamp,
}

/// The complete list of what can be asked of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// A call of a provider's action.
    Call {
        /// `PROVIDER.ACTION`, as in the catalogue.
        action: String,
        /// The action's input, evaluated.
        input: Map<String, Value>,
        /// JSON pointer into `input` -> name of the onboarding's secret that is put there when it is performed.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, String>,
    },
    /// An e-mail.
    Mail {
        /// Name of the template.
        template: String,
        /// Address of the receiver.
        to: String,
        /// Language, such as `en` or `de-AT`; the templates' default language when absent.
        locale: Option<String>,
        /// What the template may name.
        values: Map<String, Value>,
        /// JSON pointer into `values` -> name of the onboarding's secret that is put there when it is performed.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, String>,
    },
    /// A message that a flow publishes.
    Publish {
        /// CloudEvents type, also the routing key.
        #[serde(rename = "type")]
        event_type: String,
        /// CloudEvents subject: the user's external id.
        subject: Option<String>,
        /// CloudEvents data.
        data: Value,
    },
    /// A lifecycle event of the onboarding; its outcome never moves the onboarding.
    Lifecycle {
        /// `onboarding.started`, `onboarding.moved`, ...
        #[serde(rename = "type")]
        event_type: String,
        /// The user's external id.
        subject: Option<String>,
        /// The onboarding as the API shows it, at this revision.
        data: Value,
    },
    /// Begins another flow for the same user, or joins the onboarding of it that runs.
    Start {
        /// Name of the flow.
        flow: String,
        /// The user.
        user: UserId,
        /// The child's data, evaluated.
        data: Map<String, Value>,
    },
    /// Tells a parent how this onboarding ended; its outcome never moves the onboarding.
    Tell {
        /// The onboarding that is told.
        parent: OnboardingId,
        /// The end.
        fact: FactReport,
    },
}

impl Request {
    /// Kind and target, as columns and metrics name them: (`call`, `original.create_user`).
    #[must_use]
    pub fn target(&self) -> (&'static str, &str) {
        match self {
            Self::Call { action, .. } => ("call", action),
            Self::Mail { template, .. } => ("mail", template),
            Self::Publish { event_type, .. } => ("publish", event_type),
            Self::Lifecycle { event_type, .. } => ("lifecycle", event_type),
            Self::Start { flow, .. } => ("start", flow),
            Self::Tell { fact, .. } => ("tell", &fact.name),
        }
    }

    /// The slot that it takes: requests that can delay each other share one. The provider of a call, [`slot::MAIL`],
    /// [`slot::PUBLISH`] or [`slot::FLOW`].
    #[must_use]
    pub fn slot(&self) -> &str {
        match self {
            Self::Call { action, .. } => action.split_once('.').map_or(action.as_str(), |(provider, _)| provider),
            Self::Mail { .. } => slot::MAIL,
            Self::Publish { .. } | Self::Lifecycle { .. } => slot::PUBLISH,
            Self::Start { .. } | Self::Tell { .. } => slot::FLOW,
        }
    }
}

/// Slots of what is asked of no provider.
pub mod slot {
    /// The slot of mails.
    pub const MAIL: &str = "mail";
    /// The slot of publications and lifecycle events.
    pub const PUBLISH: &str = "publish";
    /// The slot of requests between onboardings: no provider and no broker can hold it up.
    pub const FLOW: &str = "flow";
}

/// How to make the next attempt of an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Do the work.
    #[default]
    Do,
    /// Only find out whether an earlier attempt did the work.
    LookUp,
}

#[cfg(test)]
mod tests {
    use super::EffectId;
    use crate::event::OnboardingId;
    use uuid::Uuid;

    #[test]
    fn no_two_effects_that_move_nothing_have_one_number() {
        let id = OnboardingId(Uuid::nil());
        let lifecycle = (1..50).flat_map(|revision| [0, 1].map(|place| EffectId::lifecycle(id, revision, place)));
        let telling: Vec<EffectId> = (0..50).map(|place| EffectId::telling(id, place)).collect();
        assert!(telling.iter().all(|effect| effect.is_telling()));
        let mut all: Vec<EffectId> = telling;
        for effect in lifecycle {
            assert!(!effect.is_telling());
            all.push(effect);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), all.iter().all(|effect| effect.n < 0)), (count, true));
        assert!(!EffectId { onboarding: id, n: 2 }.is_telling());
        assert!(EffectId::lifecycle(id, u64::MAX, 1).n < 0);
    }
}
