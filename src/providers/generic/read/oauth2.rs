//! `auth: { oauth2: … }`: where tokens come from, and what a request for one says.

use gangway_core::flow::check::Entries;
use gangway_core::flow::parse::{Key, Node, Shape};
use gangway_core::time::Millis;

use super::Reader;
use super::auth::{known, setting};
use crate::providers::generic::model::{Auth, TokenField};

/// What it takes.
pub(super) const KEYS: [&str; 10] =
    ["url", "client_id", "client_secret", "scope", "audience", "resource", "fields", "client", "json", "margin"];
/// What every such request says, or says in a way of its own.
const TAKEN: [&str; 3] = ["grant_type", "client_id", "client_secret"];

pub(super) fn read(reader: &mut Reader<'_>, entries: &Entries<'_>) -> Option<Auth> {
    entries.need(&mut reader.report, "url")?;
    let url = reader.text(entries, "url")?;
    if !url.starts_with('/') && !url.starts_with("https://") {
        let (at, _) = entries.get("url")?;
        reader.wrong(at.span.clone(), "`url` is neither a path nor an https address", "such as `/oauth/token`");
    }
    let (id, secret) = (setting(reader, entries, "client_id"), setting(reader, entries, "client_secret"));
    let mut fields = Vec::new();
    for name in ["scope", "audience", "resource"] {
        if let Some((key, node)) = entries.get(name) {
            fields.extend(field(reader, key, node));
        }
    }
    further(reader, entries, &mut fields);
    let basic = match entries.get("client") {
        Some((at, node)) => match reader.report.text(node, &at.span, "`client`")? {
            "basic" => true,
            "body" => false,
            other => {
                let help = "`body`: in the body, as usual; `basic`: as `Authorization: Basic`";
                reader.wrong(node.span.clone(), format!("a client does not show itself by `{other}`"), help);
                false
            }
        },
        None => false,
    };
    let json = reader.truth(entries, "json").unwrap_or(false);
    let margin = entries.get("margin").and_then(|(at, node)| reader.report.duration(node, &at.span, "`margin`"));
    let margin = margin.unwrap_or(Millis::secs(30));
    Some(Auth::OAuth2 { url, client_id: id?, client_secret: secret?, fields, basic, json, margin })
}

/// `fields`: whatever else the provider asks for.
fn further(reader: &mut Reader<'_>, entries: &Entries<'_>, fields: &mut Vec<(String, TokenField)>) {
    let Some((key, node)) = entries.get("fields") else { return };
    let Some(inner) = reader.report.entries(node, key.span.clone(), "`fields`") else { return };
    for (key, node) in inner.entries {
        if TAKEN.contains(&key.name.as_str()) {
            let what = format!("`{}` is said already", key.name);
            reader.wrong(key.span.clone(), what, "leave it out; `client: basic` takes id and secret out of the body");
        } else if fields.iter().any(|(known, _)| *known == key.name) {
            reader.wrong(key.span.clone(), format!("`{}` is said twice", key.name), "keep one of the two");
        } else {
            fields.extend(field(reader, key, node));
        }
    }
}

/// A text, or `{ setting: NAME }`.
fn field(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<(String, TokenField)> {
    let value = match &node.shape {
        Shape::Map(_) => {
            let inner = reader.report.entries(node, key.span.clone(), format!("`{}`", key.name))?;
            inner.only(&mut reader.report, &["setting"]);
            inner.need(&mut reader.report, "setting")?;
            let name = reader.text(&inner, "setting")?;
            if !known(reader, &name, &node.span) {
                return None;
            }
            TokenField::Setting(name)
        }
        _ => TokenField::Text(reader.report.text(node, &key.span, &format!("`{}`", key.name))?.to_owned()),
    };
    Some((key.name.clone(), value))
}
