//! What the far end counted: what there is, and what there is twice. Its own sums enter; nothing of gangway's does.

use gangway_sandbox::{ROLES, Summary};
use serde_json::{Map, Value};

use super::play;

/// What stands twice at any provider.
pub(super) fn doubled(counted: &Summary) -> u64 {
    play::providers().map(|one| (one.doubled)(counted)).sum()
}

/// One line for people.
pub(super) fn line(counted: &Summary) -> String {
    let title = |name| ROLES.iter().find(|role| role.name == name).map_or(name, |role| role.title);
    let parts: Vec<String> =
        play::providers().map(|one| format!("{} ({})", (one.line)(counted), title(one.name))).collect();
    let (doubled, webhooks, mails) = (doubled(counted), counted.webhooks, counted.messages);
    format!("at the far end: {}; {doubled} doubled; {webhooks} webhooks; {mails} mails", parts.join("; "))
}

/// The counts as JSON, for programs.
pub(super) fn value(counted: &Summary) -> Value {
    let mut all: Map<String, Value> =
        play::providers().map(|one| (one.name.to_owned(), (one.value)(counted))).collect();
    all.insert("webhooks".to_owned(), counted.webhooks.into());
    Value::Object(all)
}
