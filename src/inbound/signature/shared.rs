//! Shared secrets that sign nothing: bearer, basic, a segment of the path. Digests are compared, so that neither
//! length nor content shows in the time taken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::{Presented, Rejected, header};
use crate::providers::webhook::WebhookSettings;

/// Digests of the live secrets, and where one must be shown.
pub(super) struct Shared {
    digests: Vec<[u8; 32]>,
    header: String,
    prefix: String,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets in `{}`", self.digests.len(), self.header)
    }
}

impl Shared {
    /// `Authorization: Bearer SECRET`, or the header and prefix that the settings name.
    pub(super) fn bearer(settings: &WebhookSettings) -> Self {
        if settings.header.is_empty() {
            return Self::new(settings, "authorization", "Bearer ", str::to_owned);
        }
        Self::new(settings, &settings.header.to_ascii_lowercase(), &settings.prefix, str::to_owned)
    }

    /// `Authorization: Basic BASE64(user:password)`.
    pub(super) fn basic(settings: &WebhookSettings) -> Self {
        Self::new(settings, "authorization", "Basic ", |secret| STANDARD.encode(secret))
    }

    /// A segment of the path.
    pub(super) fn path(settings: &WebhookSettings) -> Self {
        Self::new(settings, "", "", str::to_owned)
    }

    fn new(settings: &WebhookSettings, header: &str, prefix: &str, written: impl Fn(&str) -> String) -> Self {
        let digests = settings.secrets.iter().map(|secret| digest(&written(secret.expose_secret()))).collect();
        Self { digests, header: header.into(), prefix: prefix.into() }
    }

    pub(super) fn check_header(&self, presented: &Presented<'_>) -> Result<(), Rejected> {
        let value = header(presented.headers, &self.header)?;
        // The name of an authorization scheme has no case.
        match value.split_at_checked(self.prefix.len()) {
            Some((prefix, secret)) if prefix.eq_ignore_ascii_case(&self.prefix) => self.fits(secret.trim()),
            _ => Err(Rejected::MalformedHeader),
        }
    }

    pub(super) fn check_path(&self, presented: &Presented<'_>) -> Result<(), Rejected> {
        self.fits(presented.secret.ok_or(Rejected::MissingSecret)?)
    }

    fn fits(&self, shown: &str) -> Result<(), Rejected> {
        let shown = digest(shown);
        let fits = self.digests.iter().fold(Choice::from(0), |fits, digest| fits | digest.ct_eq(&shown));
        if fits.into() { Ok(()) } else { Err(Rejected::WrongSecret) }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
