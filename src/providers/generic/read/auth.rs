//! `auth`: what goes along with every request. Its texts name settings, never values.

use gangway_core::flow::check::Entries;
use gangway_core::flow::parse::{Node, Shape, Span};
use gangway_core::flow::words::{did_you_mean, listed};

use super::{Reader, oauth2, signing};
use crate::providers::generic::model::Auth;

const KINDS: &str = "write `none`, `{ bearer: SETTING }`, `{ basic: { user: SETTING, password: SETTING } }`, \
    `{ header: { name: X-Api-Key, value: SETTING } }`, `{ hmac: { key: SETTING, header, sign } }` or `{ oauth2: { url, client_id, client_secret } }`";

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
        "hmac" => {
            let entries = inner(reader, &signing::KEYS)?;
            signing::read(reader, &entries).map(Auth::Signed)
        }
        "oauth2" => {
            let entries = inner(reader, &oauth2::KEYS)?;
            oauth2::read(reader, &entries)
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
pub(super) fn setting(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str) -> Option<String> {
    let (at, node) = entries.need(&mut reader.report, key)?;
    let name = reader.report.text(node, &at.span, &format!("`{key}`"))?.to_owned();
    known(reader, &name, &node.span).then_some(name)
}

pub(super) fn known(reader: &mut Reader<'_>, name: &str, at: &Span) -> bool {
    let names: Vec<String> = reader.settings.iter().map(|setting| setting.name.clone()).collect();
    if names.iter().any(|known| known == name) {
        return true;
    }
    let names = names.iter().map(String::as_str);
    let help = did_you_mean(name, names.clone()).unwrap_or_else(|| format!("`settings` has {}", listed(names)));
    reader.wrong(at.clone(), format!("`settings` has no `{name}`"), help);
    false
}

pub(super) fn secret(reader: &mut Reader<'_>, name: &str, at: &Span) -> bool {
    if !known(reader, name, at) {
        return false;
    }
    let is_secret = reader.settings.iter().any(|setting| setting.name == name && setting.secret);
    if !is_secret {
        let help = format!("declare it so: `settings: {{ {name}: secret }}`");
        reader.wrong(at.clone(), format!("the setting `{name}` stands for us, and is not secret"), help);
    }
    is_secret
}
