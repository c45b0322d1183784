//! How people speak of what providers offer: parts of sentences, filled in by the adapters and the definitions beside the
//! catalogue. Names enter, phrases leave; a name without a phrase is spoken of by its name. Nothing is decided by them.

use std::collections::BTreeMap;

/// The phrases of every provider that is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases {
    /// What people call each provider: `walt.id`.
    pub titles: BTreeMap<String, String>,
    /// By `PROVIDER.ACTION`.
    pub actions: BTreeMap<String, ActionPhrases>,
    /// By `PROVIDER.ACTION` and outcome.
    pub outcomes: BTreeMap<(String, String), OutcomePhrases>,
    /// By `PROVIDER.WHAT_HAPPENED`.
    pub facts: BTreeMap<String, FactPhrases>,
}

/// How people speak of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionPhrases {
    /// After "could not": `make the user`.
    pub clause: String,
    /// After the provider's title: `made the user`.
    pub done: String,
    /// A whole clause in which the provider does not come first: `the offer was sent`.
    pub happened: String,
}

/// How people speak of an outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomePhrases {
    /// After a colon: `the user has no wallet yet`.
    pub clause: String,
    /// What support reads first of a person who is stuck with it, a whole sentence. `{reason}` stands for the provider's
    /// own words.
    pub headline: Option<String>,
    /// What mends it, in whole sentences.
    pub help: Option<String>,
}

/// How people speak of a fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactPhrases {
    /// A whole clause: `the wallet is there`.
    pub clause: String,
    /// What support reads first of a person who waits for it, a whole sentence.
    pub missing: Option<String>,
    /// The action that was performed when this is true, `PROVIDER.ACTION`.
    pub proves: Option<String>,
}

impl Phrases {
    /// What people call a provider; its name where nobody said.
    #[must_use]
    pub fn title<'a>(&'a self, provider: &'a str) -> &'a str {
        self.titles.get(provider).map_or(provider, String::as_str)
    }

    /// The phrases of an outcome.
    #[must_use]
    pub fn outcome(&self, target: &str, outcome: &str) -> Option<&OutcomePhrases> {
        self.outcomes.get(&(target.to_owned(), outcome.to_owned()))
    }

    /// What an outcome says; its name where nobody said.
    #[must_use]
    pub fn outcome_clause(&self, target: &str, outcome: &str) -> String {
        let known = self.outcome(target, outcome).filter(|phrases| !phrases.clause.is_empty());
        known.map_or_else(|| format!("\u{201c}{}\u{201d}", outcome.replace('_', " ")), |phrases| phrases.clause.clone())
    }

    /// What a fact says; its name where nobody said.
    #[must_use]
    pub fn fact_clause(&self, name: &str) -> String {
        let known = self.facts.get(name).filter(|phrases| !phrases.clause.is_empty());
        known.map_or_else(|| format!("\u{201c}{name}\u{201d}"), |phrases| phrases.clause.clone())
    }
}
