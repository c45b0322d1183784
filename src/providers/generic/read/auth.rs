//! `auth`: what goes along with every request. Its texts name settings, never values.

use gangway_core::flow::check::Entries;
use gangway_core::flow::parse::{Node, Shape, Span};
use gangway_core::flow::words::{did_you_mean, listed};
use gangway_core::time::Millis;

use super::Reader;
use crate::providers::generic::model::Auth;

const KINDS: &str = "write `none`, `{ bearer: SETTING }`, `{ basic: { user: SETTING, password: SETTING } }`, \
    `{ header: { name: X-Api-Key, value: SETTING } }` or `{ oauth2: { url, client_id, client_secret } }`";

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, at: &Span) -> Option<Auth> {
    if matches!(&node.shape, Shape::Text(text) if text == "none") {
        return Some(Auth::None);
    }
    let entries = reader.report.entries(node, at.clone(), "`auth`")?;
    let [(key, node)] = entries.entries.as_slice() else {
        reader.wrong(at.clone(), "`auth` is of one kind", KINDS);
        return None;
    };
    let inner = |reader: &mut Reader<'_>, known: &[&str]| {
        let entries = reader.report.entries(node, key.span.clone(), format!("`{}`", key.name))?;
        entries.only(&mut reader.report, known);
        Some(entries)
    };
    match key.name.as_str() {
        "bearer" => {
            let name = reader.report.text(node, &key.span, "`bearer`")?.to_owned();
            secret(reader, &name, &node.span).then_some(Auth::Bearer(name))
        }
        "basic" => {
            let entries = inner(reader, &["user", "password"])?;
            let (user, password) = (setting(reader, &entries, "user"), setting(reader, &entries, "password"));
            Some(Auth::Basic { user: user?, password: password? })
        }
        "header" => {
            let entries = inner(reader, &["name", "value"])?;
            let value = setting(reader, &entries, "value");
            let (at, node) = entries.need(&mut reader.report, "name")?;
            let name = reader.report.text(node, &at.span, "`name`")?.to_ascii_lowercase();
            Some(Auth::Header { name: header(reader, name, &node.span)?, value: value? })
        }
        "oauth2" => {
            let entries = inner(reader, &["url", "client_id", "client_secret", "scope", "margin"])?;
            entries.need(&mut reader.report, "url")?;
            let url = reader.text(&entries, "url")?;
            if !url.starts_with('/') && !url.starts_with("https://") {
                let (at, _) = entries.get("url")?;
                reader.wrong(at.span.clone(), "`url` is neither a path nor an https address", "such as `/oauth/token`");
            }
            let (id, secret) = (setting(reader, &entries, "client_id"), setting(reader, &entries, "client_secret"));
            let scope = reader.text(&entries, "scope");
            let margin =
                entries.get("margin").and_then(|(at, node)| reader.report.duration(node, &at.span, "`margin`"));
            let margin = margin.unwrap_or(Millis::secs(30));
            Some(Auth::OAuth2 { url, client_id: id?, client_secret: secret?, scope, margin })
        }
        other => {
            reader.wrong(key.span.clone(), format!("there is no auth `{other}`"), KINDS);
            None
        }
    }
}

/// A header's name.
pub(super) fn header(reader: &mut Reader<'_>, name: String, at: &Span) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(plain) {
        return Some(name);
    }
    reader.wrong(at.clone(), format!("`{name}` is not a header's name"), "letters, digits, `-` and `_`");
    None
}

/// The name of a setting under a key that must be there.
fn setting(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str) -> Option<String> {
    let (at, node) = entries.need(&mut reader.report, key)?;
    let name = reader.report.text(node, &at.span, &format!("`{key}`"))?.to_owned();
    known(reader, &name, &node.span).then_some(name)
}

fn known(reader: &mut Reader<'_>, name: &str, at: &Span) -> bool {
    let names: Vec<String> = reader.settings.iter().map(|setting| setting.name.clone()).collect();
    if names.iter().any(|known| known == name) {
        return true;
    }
    let names = names.iter().map(String::as_str);
    let help = did_you_mean(name, names.clone()).unwrap_or_else(|| format!("`settings` has {}", listed(names)));
    reader.wrong(at.clone(), format!("`settings` has no `{name}`"), help);
    false
}

fn secret(reader: &mut Reader<'_>, name: &str, at: &Span) -> bool {
    if !known(reader, name, at) {
        return false;
    }
    let is_secret = reader.settings.iter().any(|setting| setting.name == name && setting.secret);
    if !is_secret {
        let help = format!("declare it so: `settings: {{ {name}: secret }}`");
        reader.wrong(at.clone(), format!("the setting `{name}` is sent as a token, and is not secret"), help);
    }
    is_secret
}
