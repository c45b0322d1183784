//! Everything that gangway can ask of the world: the complete list. Nothing is performed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::OnboardingId;
use crate::time::Timestamp;

/// Names one effect: the onboarding and the effect's number in it. Every attempt carries the same name, so it is
/// also the idempotency key. Lifecycle publications have negative numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId {
    /// The onboarding that asked.
    pub onboarding: OnboardingId,
    /// Its number there, from 1; negative for lifecycle publications.
    pub n: i64,
}

impl std::fmt::Display for EffectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.onboarding, self.n)
    }
}

/// Something asked of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Its name.
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
        }
    }
}

/// How the next attempt of an effect is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Do the work.
    #[default]
    Do,
    /// Only find out whether an earlier attempt did the work.
    LookUp,
}
