//! What `assign_role` and `init_wallet_service` share: one `POST` as the settings write it, which may be repeated. So
//! an uncertain one is settled by sending it again.

use gangway_core::outcome::Answer;
use serde_json::{Map, Value, json};

use super::{Desk, refused};
use crate::providers::parts::{broken, done, given, object};
use crate::providers::stop::Stop;
use crate::providers::waltid::error::Refusal;
use crate::providers::waltid::template::{self, Names};
use crate::providers::{Call, Reply, Stage, Turn};
use crate::settings::waltid::Host;

/// What an input and the settings say of the names in braces.
pub fn names(desk: &Desk, call: &Call<'_>) -> Names {
    let settings = &desk.settings;
    let text = |name| given(call.input, name).map(str::to_owned);
    let mut names = Names::new();
    let known = [
        ("id", text("account_id")),
        ("email", text("email")),
        ("org", text("organization").or_else(|| settings.organization.clone())),
        ("tenant", text("tenant").or_else(|| settings.tenant.clone())),
        ("role", text("role").or_else(|| settings.role.role.clone())),
    ];
    names.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let wallet = text("wallet").or_else(|| template::text(&settings.wallet.name, &names).ok());
    names.extend(wallet.map(|wallet| ("wallet", wallet)));
    names
}

/// The request; the names are those that path and body may have.
pub fn begin(desk: &Desk, names: &Names, host: Host, path: &str, body: &Map<String, Value>) -> Turn {
    let missing = |name: String| {
        broken(&format!(
            "`{{{name}}}` is not given, neither by the flow nor by providers.waltid; see docs/providers/waltid.md"
        ))
    };
    let url = match template::url(desk.host(host), path, names) {
        Ok(Some(url)) => url,
        Ok(None) => return broken("an id that cannot be part of a path; only letters, digits, and - _ . @ +"),
        Err(name) => return missing(name),
    };
    match template::value(&Value::Object(body.clone()), names) {
        Ok(filled) => {
            let body = (!body.is_empty()).then_some(&filled);
            Turn::Send(desk.post(url, body), Stage { at: "step", memo: Value::Null })
        }
        Err(name) => missing(name),
    }
}

/// The outcome: done, also when it was done before, or refused.
pub fn resume(desk: &Desk, call: &Call<'_>, reply: &Reply, outcome: &str, fields: Value) -> Turn {
    match desk.answer(reply, call.now) {
        Ok(_) | Err(Refusal::Duplicate(_)) => {
            let mut answer = Answer::named(outcome);
            answer.fields = object(fields);
            done(answer)
        }
        Err(Refusal::Refused(complaint)) => refused(&complaint),
        Err(refusal) => Stop::from(refusal).of_a_change(),
    }
}

/// The field of an outcome that says what was given, where it was.
pub fn field(name: &str, value: Option<&String>) -> Value {
    value.map_or_else(|| json!({}), |value| json!({ name: value }))
}
