//! A checked flow. What the checker promises: every outcome of every state leads to a state that exists, every
//! state is reachable and reaches an end, every wait is limited, and every reference was written on every path.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::catalogue::{Confirm, Limits};
use crate::event::flow_of;
use crate::flow::expr::{Expr, Mapping};
use crate::flow::reach::Hears;
use crate::onboarding::FlowRef;
use crate::retry::Policy;
use crate::secret::PasswordRule;
use crate::time::Millis;

/// A checked, versioned definition.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Name and version.
    pub id: FlowRef,
    /// What people call it.
    pub title: String,
    /// SHA-256 of the text, hexadecimal: a known version with another digest is refused.
    pub digest: String,
    /// The text itself; the database keeps it for the onboardings pinned to it.
    pub text: String,
    /// How it begins.
    pub start: Start,
    /// States in the order of the file; the first one is where it begins.
    pub states: IndexMap<String, State>,
    /// What expressions read, and so what is kept: `data.X` and `states.STATE.FIELD`, as paths.
    pub reads: BTreeSet<Vec<String>>,
    /// Secrets by name: where each comes from.
    pub secrets: IndexMap<String, SecretSpec>,
    /// State -> the secrets that may be read in it or later; no other is kept.
    pub keeps: BTreeMap<String, BTreeSet<String>>,
    /// State -> the secrets that are read in it or later and do not come anew before: a secret that is needed no more
    /// was read for the last time.
    pub needs: BTreeMap<String, BTreeSet<String>>,
    /// State -> names of the facts and events that are remembered in it.
    pub hears: Hears,
    /// What one onboarding may ask for and remember.
    pub limits: Limits,
    /// When lifecycle events are published again.
    pub lifecycle: Policy,
}

/// A secret of a flow: where it comes from, and how it is made when it does not come.
#[derive(Clone, Debug)]
pub struct SecretSpec {
    /// Where it comes from; absent: it is only made.
    pub source: Option<SecretSource>,
    /// How it is made when an onboarding begins and the start event did not bring it.
    pub generate: Option<PasswordRule>,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Cut out of the data of every internal event of this type.
    Event {
        /// Type of the event.
        kind: String,
        /// Path in its data.
        field: Vec<String>,
    },
    /// Handed over by the answer that leaves this state.
    State {
        /// Name of the state.
        state: String,
        /// The answer's secret field.
        field: String,
    },
}

/// How a flow begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// The internal event that begins it; absent when only other flows start it.
    pub on: Option<StartEvent>,
    /// Whether a user whose onboarding has ended may start again.
    pub again: bool,
}

/// The internal event that begins a flow, and what it says of the user.
#[derive(Clone, Debug)]
pub struct StartEvent {
    /// Its type.
    pub event_type: String,
    /// Expression over `data` for the user's id in the internal systems.
    pub external_id: Expr,
    /// Expression for the e-mail address; absent when the data has none.
    pub email: Option<Expr>,
    /// Expression for the language.
    pub locale: Option<Expr>,
}

/// One state: its verb.
#[derive(Clone, Debug)]
pub struct State {
    /// What people call it, when the file says so.
    pub title: Option<String>,
    /// What support reads first of a person who waits here, when the file says so.
    pub headline: Option<String>,
    /// What can be done for such a person, when the file says so.
    pub help: Option<String>,
    /// What it does.
    pub verb: Verb,
}

/// Outcome -> next state.
pub type Outcomes = IndexMap<String, String>;

/// What a state does. Every verb but `End` names the next state for every outcome.
#[derive(Clone, Debug)]
pub enum Verb {
    /// Calls a provider's action.
    Call(Call),
    /// Waits for facts or internal events, with a poll if there is one.
    Await(Box<Await>),
    /// Sends an e-mail: outcomes `sent`, `refused`.
    Mail(Mail),
    /// Publishes a message: outcome `sent`.
    Publish(Publish),
    /// Asks a person; the outcomes are what the person may choose.
    Ask {
        /// The people who are asked, such as `support`.
        whom: String,
        /// What may be chosen.
        outcomes: Outcomes,
    },
    /// Decides by guards, at once: the first one that is true, else `otherwise`.
    Choose(Choose),
    /// Lets time pass: outcome `over`.
    Wait {
        /// How long.
        length: Millis,
        /// Next state for `over`.
        outcomes: Outcomes,
    },
    /// Begins another flow for the same user, for work in parallel: outcomes `started`, `running`, `ended`.
    Start(StartChild),
    /// The end.
    End(End),
}

impl Verb {
    /// Where it can lead; an end leads nowhere.
    #[must_use]
    pub const fn outcomes(&self) -> Option<&Outcomes> {
        match self {
            Self::Call(call) => Some(&call.outcomes),
            Self::Await(wait) => Some(&wait.outcomes),
            Self::Mail(mail) => Some(&mail.outcomes),
            Self::Publish(publish) => Some(&publish.outcomes),
            Self::Choose(choose) => Some(&choose.outcomes),
            Self::Start(start) => Some(&start.outcomes),
            Self::Ask { outcomes, .. } | Self::Wait { outcomes, .. } => Some(outcomes),
            Self::End(_) => None,
        }
    }
}

/// A call of a provider's action.
#[derive(Clone, Debug)]
pub struct Call {
    /// `PROVIDER.ACTION`.
    pub action: String,
    /// Its input.
    pub with: IndexMap<String, Mapping>,
    /// Next state for every outcome of the action.
    pub outcomes: Outcomes,
    /// How it is retried; from the catalogue, overlaid by the flow.
    pub policy: Policy,
    /// Whether it changes anything at the provider.
    pub effectful: bool,
    /// Whether a look-up can settle an unknown attempt.
    pub look_up: bool,
}

/// A wait.
#[derive(Clone, Debug)]
pub struct Await {
    /// Outcome -> what is awaited.
    pub arrivals: IndexMap<String, Awaited>,
    /// The poll, if there is one.
    pub poll: Option<Poll>,
    /// How long until the outcome `late`.
    pub within: Millis,
    /// What the front end of the waiting person needs.
    pub show: IndexMap<String, Mapping>,
    /// Next state for every arrival, every settling poll outcome, and `late`.
    pub outcomes: Outcomes,
}

/// What a wait is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Name of the fact, or type of the internal event.
    pub name: String,
    /// Whether it is a provider's fact (else an internal event).
    pub from_provider: bool,
    /// The read that confirms a hint of it.
    pub confirm: Option<Confirm>,
    /// How the confirming read is retried.
    pub confirm_policy: Policy,
}

/// A poll of an awaiting state: starts when the event is late, stops when it came.
#[derive(Clone, Debug)]
pub struct Poll {
    /// `PROVIDER.ACTION`; never effectful.
    pub action: String,
    /// Its input.
    pub with: IndexMap<String, Mapping>,
    /// When the first one is due, after the state is entered.
    pub after: Millis,
    /// Shortest time between two.
    pub every_min: Millis,
    /// Longest time between two; the time between doubles up to it.
    pub every_max: Millis,
    /// Poll outcome -> outcome of the wait; `None` keeps waiting (`keep` in the file).
    pub outcomes: IndexMap<String, Option<String>>,
    /// How one poll is retried.
    pub policy: Policy,
}

/// An e-mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Name of the template.
    pub template: String,
    /// Values for the template.
    pub with: IndexMap<String, Mapping>,
    /// Next state for `sent` and `refused`.
    pub outcomes: Outcomes,
    /// How it is retried; `resend_unknown` says what an unknown outcome leads to.
    pub policy: Policy,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// CloudEvents type.
    pub event_type: String,
    /// CloudEvents data.
    pub with: IndexMap<String, Mapping>,
    /// Next state for `sent`.
    pub outcomes: Outcomes,
    /// How it is retried.
    pub policy: Policy,
}

/// A decision by what is known.
#[derive(Clone, Debug)]
pub struct Choose {
    /// Outcome -> guard, in the order in which they are asked.
    pub guards: IndexMap<String, Expr>,
    /// Next state for every guard, and `otherwise`.
    pub outcomes: Outcomes,
}

/// Another flow to begin.
#[derive(Clone, Debug)]
pub struct StartChild {
    /// Its name; the newest version begins.
    pub flow: String,
    /// The child's data.
    pub with: IndexMap<String, Mapping>,
    /// Next state for `started`, `running` and `ended`.
    pub outcomes: Outcomes,
    /// How it is retried.
    pub policy: Policy,
}

/// An end.
#[derive(Clone, Debug)]
pub struct End {
    /// How it ends.
    pub status: EndStatus,
    /// What parents of the onboarding are told, besides the news that it ended.
    pub with: IndexMap<String, Mapping>,
}

impl From<EndStatus> for End {
    fn from(status: EndStatus) -> Self {
        Self { status, with: IndexMap::new() }
    }
}

/// How a flow can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    /// Well.
    Completed,
    /// Badly.
    Failed,
    /// Called off.
    Cancelled,
}

impl Flow {
    /// Name of the state in which it begins.
    #[must_use]
    pub fn initial(&self) -> &str {
        self.states.first().map_or("", |(name, _)| name)
    }

    /// Names of the providers that it calls or polls, each as often as it does.
    pub fn providers(&self) -> impl Iterator<Item = String> {
        let actions = self.states.values().flat_map(|state| match &state.verb {
            Verb::Call(call) => vec![call.action.as_str()],
            Verb::Await(wait) => wait
                .poll
                .iter()
                .map(|poll| poll.action.as_str())
                .chain(wait.arrivals.values().filter_map(|awaited| Some(awaited.confirm.as_ref()?.action.as_str())))
                .collect(),
            _ => Vec::new(),
        });
        actions.filter_map(|action| Some(action.split_once('.')?.0.to_owned())).collect::<Vec<_>>().into_iter()
    }

    /// Paths in the data of events of this type that are secret, each with the secret's name.
    pub fn secret_fields<'a>(&'a self, event: &'a str) -> impl Iterator<Item = (&'a str, &'a [String])> {
        self.secrets.iter().filter_map(move |(name, spec)| match &spec.source {
            Some(SecretSource::Event { kind, field }) if kind == event => Some((name.as_str(), field.as_slice())),
            _ => None,
        })
    }

    /// The name of the secret that the answer of this state hands over in this field, if the flow takes it.
    #[must_use]
    pub fn secret_of(&self, of_state: &str, of_field: &str) -> Option<&str> {
        self.secrets.iter().find_map(|(name, spec)| match &spec.source {
            Some(SecretSource::State { state, field }) if state == of_state && field == of_field => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether this secret, if it is there now, is what this state or a later one will read: nothing brings a newer one
    /// before.
    #[must_use]
    pub fn needs(&self, state: &str, secret: &str) -> bool {
        self.needs.get(state).is_some_and(|needed| needed.contains(secret))
    }

    /// Whether this secret may still be read in this state or later.
    #[must_use]
    pub fn keeps(&self, state: &str, secret: &str) -> bool {
        self.keeps.get(state).is_some_and(|kept| kept.contains(secret))
    }

    /// Type of the internal event that begins it, if one does.
    #[must_use]
    pub fn begins_on(&self) -> Option<&str> {
        self.start.on.as_ref().map(|on| on.event_type.as_str())
    }

    /// Names of the flows that it starts, each as often as it does.
    pub fn starts(&self) -> impl Iterator<Item = &str> {
        self.states.values().filter_map(|state| match &state.verb {
            Verb::Start(start) => Some(start.flow.as_str()),
            _ => None,
        })
    }

    /// Whether any state awaits an event or fact of this name.
    #[must_use]
    pub fn awaits(&self, name: &str) -> bool {
        self.states.values().any(|state| match &state.verb {
            Verb::Await(wait) => wait.arrivals.values().any(|awaited| awaited.name == name),
            _ => false,
        })
    }

    /// Whether the wait that an event of this name settles uses it up: internal events. What a provider said, and how a
    /// child ended, stays true.
    #[must_use]
    pub fn uses_up(&self, name: &str) -> bool {
        let internal = |wait: &Await| wait.arrivals.values().any(|one| one.name == name && !one.from_provider);
        flow_of(name).is_none()
            && self.states.values().any(|state| matches!(&state.verb, Verb::Await(wait) if internal(wait)))
    }

    /// Whether an event or fact of this name is remembered in this state: a state that can follow awaits it, or what it
    /// says is read. In a state that the flow does not have, whatever any state awaits is remembered.
    #[must_use]
    pub fn hears(&self, state: &str, name: &str) -> bool {
        self.hears.get(state).map_or_else(|| self.awaits(name), |names| names.contains(name))
    }
}
