//! Prepared HMAC-SHA256 keys, and the window around the present that a time of signing must be in.

use gangway_core::time::{Millis, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use super::Rejected;
use crate::providers::webhook::{TimestampForm, WebhookSettings};

/// Live keys of one provider, each with its inner and outer block already hashed.
pub(super) struct Keys(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl Keys {
    /// The keys of these settings, which have no problems.
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        let bytes = settings.secrets.iter().filter_map(|secret| settings.key_bytes(secret).ok());
        Self(bytes.filter_map(|key| Hmac::new_from_slice(&key).ok()).collect())
    }

    /// Whether one of the signatures is that of the pieces under one of the keys. Every key is tried against every
    /// signature, so the time taken tells nothing.
    pub(super) fn fits(&self, pieces: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        let mut fits = Choice::from(0);
        for key in &self.0 {
            let mut mac = key.clone();
            pieces.iter().for_each(|piece| mac.update(piece));
            let genuine = mac.finalize().into_bytes();
            for signature in signatures {
                fits |= genuine.as_slice().ct_eq(signature);
            }
        }
        fits.into()
    }
}

/// How far the time of signing may be from ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window(Millis);

impl Window {
    pub(super) const fn new(settings: &WebhookSettings) -> Self {
        Self(settings.tolerance)
    }

    pub(super) fn check(self, signed_at: Timestamp, now: Timestamp) -> Result<(), Rejected> {
        if now.since(signed_at) > self.0 {
            return Err(Rejected::TooOld);
        }
        if signed_at.since(now) > self.0 {
            return Err(Rejected::InFuture);
        }
        Ok(())
    }
}

/// Reads a time of signing.
pub(super) fn read_time(form: TimestampForm, text: &str) -> Result<Timestamp, Rejected> {
    // Digits only: `parse` would also take a sign.
    let number = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let time = match form {
        TimestampForm::Seconds => number().and_then(|seconds| seconds.checked_mul(1000)).map(Timestamp),
        TimestampForm::Millis => number().map(Timestamp),
        TimestampForm::Rfc3339 => Timestamp::parse(text),
    };
    time.ok_or(Rejected::MalformedTimestamp)
}
