//! Is this delivery genuine? A delivery's headers, path secret and raw bytes enter; `Verified` or a reason leaves.
//! Constant time, over the bytes as they came, against several live secrets. The clock is handed in. A reason never
//! holds a secret or anything that the sender wrote.

mod hmac;
mod keys;
#[cfg(test)]
mod laws;
mod public;
#[cfg(test)]
mod public_tests;
mod shared;
mod standard;
#[cfg(test)]
mod vectors;

use gangway_core::time::Timestamp;

use self::hmac::HmacScheme;
use self::shared::Shared;
use self::standard::Standard;
use crate::providers::webhook::{Verify, WebhookSettings};
use crate::settings::Fault;

/// What a delivery shows.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// The secret segment of the path, where there was one.
    pub secret: Option<&'a str>,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// It showed what the profile asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether a signature over the whole body was right; a shared secret alone is not that.
    pub signed: bool,
}

/// Why a delivery is not believed: the whole catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejected {
    /// No such header.
    #[error("the header with the signature or secret is missing")]
    MissingHeader,
    /// The header is there twice, or is not written as the profile says.
    #[error("the header with the signature or secret is not well formed")]
    MalformedHeader,
    /// No signature fits any live secret.
    #[error("no signature fits")]
    NoMatch,
    /// The path has no secret segment.
    #[error("the secret segment of the path is missing")]
    MissingSecret,
    /// The shared secret is not one of the live ones.
    #[error("the secret does not fit")]
    WrongSecret,
    /// The time of signing is missing.
    #[error("the time of signing is missing")]
    MissingTimestamp,
    /// The time of signing cannot be read.
    #[error("the time of signing is not well formed")]
    MalformedTimestamp,
    /// Signed too long ago: perhaps a replay.
    #[error("signed too long ago")]
    TooOld,
    /// Signed in the future: one of the clocks is wrong.
    #[error("signed in the future")]
    InFuture,
}

impl Rejected {
    /// The word for logs, metrics and what is kept apart.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::MalformedHeader => "malformed_header",
            Self::NoMatch => "no_match",
            Self::MissingSecret => "missing_secret",
            Self::WrongSecret => "wrong_secret",
            Self::MissingTimestamp => "missing_timestamp",
            Self::MalformedTimestamp => "malformed_timestamp",
            Self::TooOld => "too_old",
            Self::InFuture => "in_future",
        }
    }
}

/// How one provider's deliveries are verified. Built once; keys are prepared and only cloned per delivery.
#[derive(Debug)]
pub struct Profile(Scheme);

#[derive(Debug)]
enum Scheme {
    Standard(Standard),
    Hmac(HmacScheme),
    Header(Shared),
    Path(Shared),
    Open,
}

impl Profile {
    /// The profile of these settings.
    ///
    /// # Errors
    /// Every problem of the settings; `at` is the key of their table.
    pub fn new(settings: &WebhookSettings, at: &str) -> Result<Self, Vec<Fault>> {
        let faults = settings.unusable(at);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self(match settings.verify {
            Verify::Standard => Scheme::Standard(Standard::new(settings)),
            Verify::Hmac
            | Verify::Stripe
            | Verify::Github
            | Verify::Dfns
            | Verify::Ecdsa
            | Verify::Rsa
            | Verify::RsaPss => Scheme::Hmac(HmacScheme::new(&settings.written_out())),
            Verify::Bearer => Scheme::Header(Shared::bearer(settings)),
            Verify::Basic => Scheme::Header(Shared::basic(settings)),
            Verify::SecretPath => Scheme::Path(Shared::path(settings)),
            Verify::Defined => {
                let what = "only a provider with a definition file can leave its rule to that";
                return Err(vec![Fault::new(format!("{at}.verify"), what, "name one; see docs/reference/webhooks.md")]);
            }
            Verify::None => Scheme::Open,
        }))
    }

    /// Whether this delivery is genuine.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn check(&self, presented: &Presented<'_>, now: Timestamp) -> Result<Verified, Rejected> {
        match &self.0 {
            Scheme::Standard(scheme) => scheme.check(presented, now).map(|()| Verified { signed: true }),
            Scheme::Hmac(scheme) => scheme.check(presented, now).map(|()| Verified { signed: true }),
            Scheme::Header(scheme) => scheme.check_header(presented).map(|()| Verified { signed: false }),
            Scheme::Path(scheme) => scheme.check_path(presented).map(|()| Verified { signed: false }),
            Scheme::Open => Ok(Verified { signed: false }),
        }
    }
}

impl Profile {
    /// Whether a signature covers the delivery's id in a header. If none does, anyone who captured a delivery can send
    /// it again under another id.
    #[must_use]
    pub fn signs_its_id(&self) -> bool {
        match &self.0 {
            Scheme::Standard(_) => true,
            Scheme::Hmac(scheme) => scheme.signs_its_id(),
            Scheme::Header(_) | Scheme::Path(_) | Scheme::Open => false,
        }
    }
}

/// The one value of this header.
fn header<'a>(headers: &'a [(String, String)], name: &str) -> Result<&'a str, Rejected> {
    let mut values = headers.iter().filter(|(given, _)| given == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Ok(value),
        (None, _) => Err(Rejected::MissingHeader),
        // Which of two would the sender have signed? Neither is believed.
        (Some(_), Some(_)) => Err(Rejected::MalformedHeader),
    }
}
