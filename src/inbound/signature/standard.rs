//! Standard Webhooks, also under the header names of Svix, its model: v1 (HMAC-SHA256) and v1a (Ed25519). Keys of both
//! may be live at once; a signature of either version that fits is enough. Unknown versions are passed over.

use gangway_core::time::Timestamp;
use ring::signature::{ED25519, UnparsedPublicKey};
use secrecy::ExposeSecret as _;

use super::keys::{Keys, Window, read_time};
use super::{Presented, Rejected, header};
use crate::providers::webhook::{Encoding, PUBLIC_KEY, TimestampForm, WebhookSettings, without_version};

#[derive(Debug)]
pub(super) struct Standard {
    keys: Keys,
    public_keys: Vec<UnparsedPublicKey<Vec<u8>>>,
    window: Window,
}

impl Standard {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        let is_public =
            |secret: &secrecy::SecretString| without_version(secret.expose_secret()).starts_with(PUBLIC_KEY);
        let (public, secret): (Vec<_>, Vec<_>) = settings.secrets.iter().cloned().partition(is_public);
        let public = public.iter().filter_map(|key| settings.key_bytes(key).ok());
        let public_keys = public.map(|key| UnparsedPublicKey::new(&ED25519, key)).collect();
        let keys = Keys::new(&WebhookSettings { secrets: secret, ..settings.clone() });
        Self { keys, public_keys, window: Window::new(settings) }
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
        let signatures = listed(signature)?;
        let pieces = [id.as_bytes(), b".", timestamp.as_bytes(), b".", presented.body];
        let fits = self.keys.fits(&pieces, &of_version(&signatures, "v1"));
        if !fits && !self.fits_public(&pieces, &of_version(&signatures, "v1a")) {
            return Err(Rejected::NoMatch);
        }
        self.window.check(signed_at, now)
    }

    /// Whether one of the signatures is one of the pieces by one of the public keys. Nothing in it is secret.
    fn fits_public(&self, pieces: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        if self.public_keys.is_empty() || signatures.is_empty() {
            return false;
        }
        let message = pieces.concat();
        self.public_keys.iter().any(|key| signatures.iter().any(|signature| key.verify(&message, signature).is_ok()))
    }
}

/// The parts of a list `version,base64 …`.
fn listed(list: &str) -> Result<Vec<(&str, &str)>, Rejected> {
    let mut parts = list.split_ascii_whitespace().peekable();
    if parts.peek().is_none_or(|first| !first.contains(',')) {
        return Err(Rejected::MalformedHeader);
    }
    Ok(parts.filter_map(|part| part.split_once(',')).collect())
}

/// The signatures of this version; what is not base64 is passed over.
fn of_version(listed: &[(&str, &str)], version: &str) -> Vec<Vec<u8>> {
    let texts = listed.iter().filter(|(given, _)| *given == version).map(|(_, text)| text);
    texts.filter_map(|text| Encoding::Base64.decode(text)).collect()
}
