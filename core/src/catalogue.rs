//! What the providers offer and the templates need, as data: the flow checker refuses what is not in here.
//! Filled by `app` from the adapters, the template folder and the settings; core itself knows no provider.

use std::collections::{BTreeMap, BTreeSet};

use crate::phrases::Phrases;
use crate::retry::Policy;
use crate::secret::PasswordRule;

/// Everything a flow may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// Names of the providers; an event type that begins with one of them must be a known fact.
    pub providers: BTreeSet<String>,
    /// Actions by `PROVIDER.ACTION`.
    pub actions: BTreeMap<String, ActionSpec>,
    /// Facts by `PROVIDER.WHAT_HAPPENED`.
    pub facts: BTreeMap<String, FactSpec>,
    /// How people speak of all that; nothing is checked by it.
    pub phrases: Phrases,
    /// Mail templates by name.
    pub templates: BTreeMap<String, TemplateSpec>,
    /// How passwords are made and checked, by the name that a flow's `generate` gives: a provider's name.
    pub passwords: BTreeMap<String, PasswordRule>,
    /// How mails are retried, and what an unknown outcome leads to.
    pub mail: Policy,
    /// How publications are retried.
    pub publish: Policy,
    /// What one onboarding may ask for and remember.
    pub limits: Limits,
}

/// What one onboarding may ask for and remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Mails until a person must look.
    pub mails: u32,
    /// Calls, mails, publications and starts of flows until a person must look. Polls, confirming reads and lifecycle
    /// events do not count: a wait has a limit of its own.
    pub effects: u32,
    /// Facts of one name, each of another resource: the greatest stay.
    pub facts: u32,
    /// Identifiers of one kind: the newest stay.
    pub identifiers: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { mails: 30, effects: 500, facts: 20, identifiers: 50 }
    }
}

/// A call that a provider offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionSpec {
    /// What it does, in one sentence.
    pub about: String,
    /// Its input.
    pub input: Vec<Field>,
    /// Every outcome it can have.
    pub outcomes: Vec<OutcomeSpec>,
    /// Whether it changes anything at the provider; a read may be repeated freely.
    pub effectful: bool,
    /// Whether a look-up can find out what an unknown attempt did.
    pub look_up: bool,
    /// How it is retried.
    pub policy: Policy,
}

/// A field of an action's input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether a flow must give it.
    pub required: bool,
    /// Whether it is secret: only `secrets.NAME` may be given, and it is never journaled.
    pub secret: bool,
}

/// An outcome of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeSpec {
    /// Its name, in the provider's own words where it has one.
    pub name: String,
    /// Fields it always writes.
    pub writes: Vec<String>,
    /// Fields it sometimes writes; reading one needs `has(…)`.
    pub may_write: Vec<String>,
    /// Secret fields it may hand over: only a flow's `secrets` can name one.
    pub secrets: Vec<String>,
}

/// A fact that a provider can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactSpec {
    /// What it means, in one sentence.
    pub about: String,
    /// Fields it carries.
    pub fields: Vec<String>,
    /// The read that turns a hint of it into the fact.
    pub confirm: Option<Confirm>,
}

/// A read at the provider that confirms a hint. Its answer carries the fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirm {
    /// `PROVIDER.ACTION`.
    pub action: String,
    /// Input field -> kind of the onboarding's identifier that fills it.
    pub input: BTreeMap<String, String>,
}

/// What a mail template needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateSpec {
    /// Names it uses beyond `user`.
    pub values: Vec<String>,
    /// Languages it exists in.
    pub locales: Vec<String>,
}
