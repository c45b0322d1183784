//! Where a delivery goes that failed verification: apart from the journal, so that a forgery never makes the genuine
//! event a duplicate. A little of each is kept and few in a minute: strangers send them. `app` implements the keeping
//! over the store, with its cap.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gangway_core::time::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::signature::Presented;

/// Keeps what failed verification.
#[async_trait]
pub trait Aside: Send + Sync + fmt::Debug {
    /// Keeps this delivery of `unverified:PROVIDER`; `reason` is a word of the fixed catalogue.
    ///
    /// # Errors
    /// Why it could not be kept, for the log. The sender gets the same answer either way.
    async fn keep(&self, source: &str, reason: &str, failed: &Failed, at: Timestamp) -> Result<(), String>;
}

/// What is kept of a delivery that failed verification: all of it, when it is as short as providers' are, so that it
/// can be verified again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Its headers; none when it was cut.
    headers: Vec<(String, String)>,
    /// The secret segment of its path.
    secret: Option<String>,
    /// Its body, or the beginning of it.
    body: String,
    /// How long the body was.
    length: u64,
    /// SHA-256 of the whole body.
    digest: String,
    /// Whether this is all of it.
    whole: bool,
}

impl Failed {
    /// What a delivery showed, at most this many bytes of it.
    #[must_use]
    pub fn of(presented: &Presented<'_>, most: usize) -> Self {
        let headers: usize = presented.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let length = presented.body.len();
        let whole = headers + presented.secret.map_or(0, str::len) + length <= most;
        let kept = if whole { presented.body } else { presented.body.get(..most.min(length)).unwrap_or_default() };
        Self {
            headers: if whole { presented.headers.to_vec() } else { Vec::new() },
            secret: presented.secret.filter(|_| whole).map(str::to_owned),
            body: STANDARD.encode(kept),
            length: length as u64,
            digest: hex::encode(Sha256::digest(presented.body)),
            whole,
        }
    }

    /// As bytes, which are only ever sealed: a wrong secret may be someone else's right one.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads such bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Its body, when it was kept whole.
    #[must_use]
    pub fn body(&self) -> Option<Bytes> {
        STANDARD.decode(&self.body).ok().filter(|_| self.whole).map(Bytes::from)
    }

    /// What it showed, with the body that [`Failed::body`] gave.
    #[must_use]
    pub fn presented<'a>(&'a self, body: &'a Bytes) -> Presented<'a> {
        Presented { headers: &self.headers, secret: self.secret.as_deref(), body }
    }
}

/// How many are kept in a minute, by provider. The names are those of providers that are set up, so there are few.
#[derive(Debug)]
pub(crate) struct Rationed {
    a_minute: u32,
    left: Mutex<HashMap<String, (f64, Timestamp)>>,
}

impl Rationed {
    pub(crate) fn new(a_minute: u32) -> Self {
        Self { a_minute, left: Mutex::new(HashMap::new()) }
    }

    /// Whether one more of this provider is kept now.
    pub(crate) fn takes(&self, provider: &str, now: Timestamp) -> bool {
        let most = f64::from(self.a_minute);
        let mut all = self.left.lock();
        let (left, since) = all.entry(provider.to_owned()).or_insert((most, now));
        *left = (*left + now.since(*since).0 as f64 / 60_000.0 * most).min(most);
        *since = now;
        let takes = *left >= 1.0;
        if takes {
            *left -= 1.0;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::{Failed, Rationed};
    use crate::inbound::signature::Presented;
    use gangway_core::time::Timestamp;

    #[test]
    fn so_many_are_kept_in_a_minute_and_one_provider_takes_nothing_from_another() {
        let rationed = Rationed::new(3);
        let taken = |provider, at: i64| (0..9).filter(|_| rationed.takes(provider, Timestamp(at))).count();
        assert_eq!((taken("original", 1_000), taken("didx", 1_000)), (3, 3));
        assert_eq!((taken("original", 500), taken("original", 20_600), taken("original", 9_000_000)), (0, 1, 3));
    }

    #[test]
    fn what_is_short_is_kept_whole_and_of_what_is_long_only_the_beginning() {
        let headers = vec![("x-signature".to_owned(), "abc".to_owned())];
        let of = |body: &[u8]| Failed::of(&Presented { headers: &headers, secret: Some("s"), body }, 64);
        let short = of(b"{}");
        assert_eq!(Failed::read(&short.written()), Some(short.clone()));
        let body = short.body().unwrap();
        assert_eq!((short.presented(&body).secret, &body[..]), (Some("s"), &b"{}"[..]));
        let long = of(&[b'x'; 5000]);
        assert_eq!((long.body(), long.length), (None, 5000));
        assert!(long.written().len() < 400, "{}", long.written().len());
    }
}
