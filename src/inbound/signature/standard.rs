//! Standard Webhooks v1, also under the header names of Svix, its model. Version `v1a` (Ed25519) is skipped like any
//! unknown version: a delivery that carries only that is rejected.

use gangway_core::time::Timestamp;

use super::keys::{Keys, Window, read_time};
use super::{Presented, Rejected, header};
use crate::settings::webhooks::{Encoding, TimestampForm, WebhookSettings};

#[derive(Debug)]
pub(super) struct Standard {
    keys: Keys,
    window: Window,
}

impl Standard {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        Self { keys: Keys::new(settings), window: Window::new(settings) }
    }

    pub(super) fn check(&self, presented: &Presented<'_>, now: Timestamp) -> Result<(), Rejected> {
        let svix = presented.headers.iter().any(|(name, _)| name == "svix-signature");
        let plain = presented.headers.iter().any(|(name, _)| name == "webhook-signature");
        let names = if svix && !plain {
            ["svix-id", "svix-timestamp", "svix-signature"]
        } else {
            ["webhook-id", "webhook-timestamp", "webhook-signature"]
        };
        let [id, timestamp, signature] = names.map(|name| header(presented.headers, name));
        let (id, timestamp, signature) = (id?, timestamp?, signature?);
        let signed_at = read_time(TimestampForm::Seconds, timestamp)?;
        let signatures = v1(signature)?;
        let pieces = [id.as_bytes(), b".", timestamp.as_bytes(), b".", presented.body];
        if !self.keys.fits(&pieces, &signatures) {
            return Err(Rejected::NoMatch);
        }
        self.window.check(signed_at, now)
    }
}

/// The signatures of version 1 in a list `version,base64 …`. Unknown versions and what is not base64 are passed over.
fn v1(list: &str) -> Result<Vec<Vec<u8>>, Rejected> {
    let mut parts = list.split_ascii_whitespace().peekable();
    if parts.peek().is_none_or(|first| !first.contains(',')) {
        return Err(Rejected::MalformedHeader);
    }
    let texts = parts.filter_map(|part| part.strip_prefix("v1,"));
    Ok(texts.filter_map(|text| Encoding::Base64.decode(text)).collect())
}
