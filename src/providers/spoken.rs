//! How people speak of what a built-in provider offers: a table in its folder, `phrases.rs`. The table enters, phrases
//! leave. What support reads is made of them; nothing is decided by them.

use gangway_core::phrases::{ActionPhrases, FactPhrases, OutcomePhrases, Phrases};

/// The phrases of one provider. An empty text is none.
#[derive(Clone, Copy, Debug)]
pub struct Spoken {
    /// What people call it.
    pub title: &'static str,
    /// Its actions.
    pub actions: &'static [Action],
    /// The outcomes of its actions.
    pub outcomes: &'static [Outcome],
    /// Its facts.
    pub facts: &'static [Fact],
}

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// After "could not": `make the user`.
    pub clause: &'static str,
    /// After the provider's title: `made the user`.
    pub done: &'static str,
    /// A whole clause: `the user was made`.
    pub happened: &'static str,
}

/// An outcome of an action.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Name of the action.
    pub action: &'static str,
    /// Name of the outcome.
    pub name: &'static str,
    /// After a colon: `the user has no wallet yet`.
    pub clause: &'static str,
    /// A whole sentence; `{reason}` stands for the provider's own words.
    pub headline: &'static str,
    /// What mends it, in whole sentences.
    pub help: &'static str,
}

/// A fact.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Its full name.
    pub name: &'static str,
    /// A whole clause: `the wallet is there`.
    pub clause: &'static str,
    /// A whole sentence: `Original has not made the wallet yet.`
    pub missing: &'static str,
    /// The action that was performed when it is true; the name alone.
    pub proves: &'static str,
}

/// An action with its phrases.
#[must_use]
pub const fn action(name: &'static str, clause: &'static str, done: &'static str, happened: &'static str) -> Action {
    Action { name, clause, done, happened }
}

/// An outcome that needs nothing of anybody.
#[must_use]
pub const fn says(action: &'static str, name: &'static str, clause: &'static str) -> Outcome {
    Outcome { action, name, clause, headline: "", help: "" }
}

/// An outcome with which a person may be stuck.
#[must_use]
pub const fn stuck(
    action: &'static str,
    name: &'static str,
    clause: &'static str,
    headline: &'static str,
    help: &'static str,
) -> Outcome {
    Outcome { action, name, clause, headline, help }
}

impl Spoken {
    /// Adds all of it for the provider of this name.
    pub fn add(&self, provider: &str, phrases: &mut Phrases) {
        let full = |name: &str| format!("{provider}.{name}");
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        phrases.titles.insert(provider.to_owned(), self.title.to_owned());
        for action in self.actions {
            let Action { name, clause, done, happened } = *action;
            let spoken =
                ActionPhrases { clause: clause.to_owned(), done: done.to_owned(), happened: happened.to_owned() };
            phrases.actions.insert(full(name), spoken);
        }
        for outcome in self.outcomes {
            let spoken = OutcomePhrases {
                clause: outcome.clause.to_owned(),
                headline: some(outcome.headline),
                help: some(outcome.help),
            };
            phrases.outcomes.insert((full(outcome.action), outcome.name.to_owned()), spoken);
        }
        for fact in self.facts {
            let spoken = FactPhrases {
                clause: fact.clause.to_owned(),
                missing: some(fact.missing),
                proves: some(fact.proves).map(|action| full(&action)),
            };
            phrases.facts.insert(fact.name.to_owned(), spoken);
        }
    }
}
