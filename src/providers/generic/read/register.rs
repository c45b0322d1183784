//! The action by which `gangway webhooks register` tells the provider our address: what the command gives it, and what
//! it must bring.

use gangway_core::flow::parse::Key;

use super::Reader;
use crate::providers::generic::model::{Action, REGISTERED};

/// What the command gives: our address, and kinds of events when it was told some.
const GIVEN: [&str; 2] = ["url", "events"];

/// Adds what is wrong with it.
pub(super) fn check(reader: &mut Reader<'_>, key: &Key, action: &Action) {
    let mut wrong = |what: String, help: &str| reader.wrong(key.span.clone(), what, help);
    let has_url = action.input.iter().any(|field| field.name == "url" && !field.secret);
    if !has_url {
        wrong(format!("`{}` has no input `url`", key.name), "our address is what it registers: `url: required`");
    }
    let strange = action.input.iter().find(|field| field.required && !GIVEN.contains(&field.name.as_str()));
    if let Some(field) = strange {
        let what = format!("`{}` needs `{}`, which the command cannot give", key.name, field.name);
        wrong(what, "it gives `url`, and `events` when it is told some; take a setting for the rest");
    }
    let registered = || action.exchange.rules.iter().filter(|rule| rule.outcome == REGISTERED);
    let named = |name: &str, optional: bool| name == "webhook_id" && !optional;
    let has_id = registered().all(|rule| rule.fields.iter().any(|(name, optional, _)| named(name, *optional)));
    if registered().count() == 0 || !has_id {
        let help = "`registered: { when: …, fields: { webhook_id: … }, secrets: { webhook_secret: … } }`";
        wrong(format!("`{}` has no outcome `{REGISTERED}` that writes `webhook_id`", key.name), help);
    }
}
