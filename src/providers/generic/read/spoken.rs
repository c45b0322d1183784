//! How people speak of what a definition offers: texts beside actions, outcomes and facts. All of them may be absent;
//! then support reads names instead of sentences.

use gangway_core::flow::check::Entries;
use gangway_core::phrases::{ActionPhrases, FactPhrases, OutcomePhrases};

use super::Reader;

/// The keys of an action that are read here.
pub(super) const OF_ACTIONS: [&str; 3] = ["clause", "done", "happened"];
/// The keys of an outcome.
pub(super) const OF_OUTCOMES: [&str; 3] = ["clause", "headline", "help"];
/// The keys of a fact.
pub(super) const OF_FACTS: [&str; 3] = ["clause", "missing", "proves"];

/// Of an action.
pub(super) fn action(reader: &mut Reader<'_>, entries: &Entries<'_>) -> ActionPhrases {
    let mut read = |name| reader.text(entries, name).unwrap_or_default();
    ActionPhrases { clause: read("clause"), done: read("done"), happened: read("happened") }
}

/// Of an outcome.
pub(super) fn outcome(reader: &mut Reader<'_>, entries: &Entries<'_>) -> OutcomePhrases {
    let clause = reader.text(entries, "clause").unwrap_or_default();
    OutcomePhrases { clause, headline: reader.text(entries, "headline"), help: reader.text(entries, "help") }
}

/// Of a fact of this provider.
pub(super) fn fact(reader: &mut Reader<'_>, entries: &Entries<'_>, provider: &str) -> FactPhrases {
    let clause = reader.text(entries, "clause").unwrap_or_default();
    let proves = reader.text(entries, "proves").map(|action| format!("{provider}.{action}"));
    FactPhrases { clause, missing: reader.text(entries, "missing"), proves }
}
