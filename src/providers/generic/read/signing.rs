//! `auth: { hmac: … }`: what of a request is signed, and where the signature goes.

use gangway_core::flow::check::Entries;
use gangway_core::flow::parse::Shape;

use super::Reader;
use super::auth::{header, secret};
use super::values::Place;
use crate::providers::generic::model::{Hash, Signing};
use crate::providers::webhook::{Encoding, KeyForm};

/// What it takes.
pub(super) const KEYS: [&str; 8] = ["key", "key_form", "sign", "hash", "header", "prefix", "encoding", "headers"];

pub(super) fn read(reader: &mut Reader<'_>, entries: &Entries<'_>) -> Option<Signing> {
    let key = entries.need(&mut reader.report, "key").and_then(|(at, node)| {
        let name = reader.report.text(node, &at.span, "`key`")?.to_owned();
        secret(reader, &name, &node.span).then_some(name)
    });
    let sign = entries
        .need(&mut reader.report, "sign")
        .and_then(|(at, node)| reader.expr(node, &at.span, Place::Signature, "`sign`"));
    let name = entries.need(&mut reader.report, "header").and_then(|(at, node)| {
        let name = reader.report.text(node, &at.span, "`header`")?.to_ascii_lowercase();
        header(reader, name, &node.span)
    });
    let headers = match entries.get("headers") {
        Some((at, node)) if matches!(node.shape, Shape::Map(_)) => {
            let inner = reader.report.entries(node, at.span.clone(), "`headers`")?;
            for (key, _) in inner.entries {
                header(reader, key.name.clone(), &key.span);
            }
            reader.mapping(node, &at.span, Place::Signature)
        }
        Some((at, node)) => {
            reader.report.wrong_shape(node, &at.span, "`headers`", "a map");
            None
        }
        None => None,
    };
    let form = word(reader, entries, "key_form", KeyForm::Text, "`text`, `base64` or `hex`");
    let hash = word(reader, entries, "hash", Hash::Sha256, "`sha256`, `sha384` or `sha512`");
    let encoding = word(reader, entries, "encoding", Encoding::Hex, "`hex`, `base64` or `base64url`");
    let prefix = reader.text(entries, "prefix").unwrap_or_default();
    Some(Signing { key: key?, form, sign: sign?, hash, header: name?, prefix, encoding, headers })
}

/// One of some words.
fn word<T: serde::de::DeserializeOwned>(
    reader: &mut Reader<'_>,
    entries: &Entries<'_>,
    key: &str,
    usual: T,
    words: &str,
) -> T {
    let Some((at, node)) = entries.get(key) else { return usual };
    let Some(text) = reader.report.text(node, &at.span, &format!("`{key}`")) else { return usual };
    match serde_json::from_value(serde_json::Value::String(text.to_owned())) {
        Ok(read) => read,
        Err(_) => {
            reader.wrong(node.span.clone(), format!("`{key}` cannot be `{text}`"), words);
            usual
        }
    }
}
