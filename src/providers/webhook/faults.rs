//! What keeps a webhook profile from being used, all of it at once, and what deserves a warning. No secret is shown.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Piece, TimestampPlace, Verify, WebhookSettings, forms, without_version};
use crate::settings::Fault;

/// A secret in a path is guessable below this length.
const PATH_SECRET_LEAST: usize = 16;
/// A key that is shorter can be found out: 128 bits are what HMAC-SHA256 is trusted with.
const KEY_BYTES: usize = 16;
/// What Standard Webhooks asks of a key.
const KEY_LEAST_BYTES: usize = 24;

impl WebhookSettings {
    /// Everything that is wrong in it; `at` is the key of this table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut found = self.unusable(at);
        let key = format!("{at}.secrets");
        if !found.iter().any(|fault| fault.key == key) {
            let short = self.secrets.iter().filter_map(|secret| self.too_short(secret));
            found.extend(short.map(|(what, hint)| Fault::new(&key, what, hint)));
        }
        found
    }

    /// Everything that keeps it from being used. Also what a provider handed over itself counts here, and that may be
    /// as short as it likes: nobody here could make it longer.
    #[must_use]
    pub fn unusable(&self, at: &str) -> Vec<Fault> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, what: &str, hint: &str| found.push(Fault::new(format!("{at}.{key}"), what, hint));
        if self.verify != Verify::None && self.secrets.is_empty() && !self.registered {
            wrong("secrets", "no secret is given", "give at least one, or choose verify = \"none\" knowingly");
        }
        for secret in &self.secrets {
            if let Some((what, hint)) = self.secret_problem(secret) {
                wrong("secrets", what, hint);
            }
        }
        if let Some(key) = self.key_beside_rule() {
            let what = "is part of the rule that `verify` names";
            wrong(key, what, "leave it out, or write the whole rule with verify = \"hmac\"");
        }
        if self.verify.is_described() {
            if self.header.is_empty() {
                wrong("header", "the header with the signature is not named", "such as header = \"x-signature\"");
            }
            self.hmac_problems(&mut wrong);
        }
        if !self.header.is_empty() && !forms::is_header_name(&self.header) {
            wrong("header", "this is not a header's name", "letters, digits and `-`");
        }
        found
    }

    /// What works and yet deserves a line in the log at start.
    #[must_use]
    pub fn warnings(&self, at: &str) -> Vec<Fault> {
        let mut found = Vec::new();
        if self.verify == Verify::None {
            let what = "deliveries are not verified: anybody can write them";
            found.push(Fault::new(format!("{at}.verify"), what, "choose \"secret_path\" at least"));
        }
        if matches!(self.written_out().verify, Verify::Standard | Verify::Hmac) {
            let short = |key: Vec<u8>| key.len() < KEY_LEAST_BYTES;
            if self.secrets.iter().any(|secret| self.key_bytes(secret).is_ok_and(short)) {
                let what = "a key is shorter than 24 bytes";
                found.push(Fault::new(format!("{at}.secrets"), what, "ask the provider for a longer one"));
            }
        }
        let outside = matches!(self.place(), Ok(Some(TimestampPlace::Header(_) | TimestampPlace::Field(_))));
        let signed = self.template().is_ok_and(|pieces| pieces.contains(&Piece::Timestamp));
        if self.verify.is_described() && outside && !signed {
            let what = "the time of signing is not signed itself: it prevents no replay";
            found.push(Fault::new(format!("{at}.signed"), what, "name {timestamp}, if the provider signs it"));
        }
        found
    }

    fn secret_problem(&self, secret: &SecretString) -> Option<(&'static str, &'static str)> {
        let text = secret.expose_secret();
        match self.verify {
            _ if text.is_empty() => Some(("a secret is empty", "remove it or fill it in")),
            Verify::SecretPath if text.len() < PATH_SECRET_LEAST => {
                Some(("a secret of the path is shorter than 16 characters", "make one with `openssl rand -hex 16`"))
            }
            Verify::SecretPath if !text.bytes().all(forms::is_plain_in_paths) => {
                Some(("a secret of the path has characters that a path escapes", "letters, digits, `-`, `_`, `.`, `~`"))
            }
            Verify::Basic if !text.contains(':') => Some(("a secret has no colon", "write it as `user:password`")),
            Verify::Bearer if self.header.is_empty() && starts_with(text, "bearer ") => {
                Some(("a secret begins with `Bearer `", "leave that out: it stands before the secret in the header"))
            }
            Verify::Bearer if !self.prefix.is_empty() && text.starts_with(&self.prefix) => {
                Some(("a secret begins with what `prefix` says", "leave it out of the secret"))
            }
            Verify::SecretPath | Verify::Bearer | Verify::Basic | Verify::Defined | Verify::None => None,
            _ => self.key_problem(secret),
        }
    }

    /// A secret that can be used and found out.
    fn too_short(&self, secret: &SecretString) -> Option<(&'static str, &'static str)> {
        let length = secret.expose_secret().len();
        match self.verify {
            Verify::Bearer | Verify::Basic if length < KEY_BYTES => {
                Some(("a secret is shorter than 16 characters", "choose a longer one, and give it to the sender too"))
            }
            Verify::SecretPath | Verify::Bearer | Verify::Basic | Verify::Defined | Verify::None => None,
            _ => self.key_bytes(secret).is_ok_and(|key| key.len() < KEY_BYTES).then_some((
                "a key is shorter than 16 bytes",
                "copy the whole secret, and see `key`, or make a longer one",
            )),
        }
    }

    fn key_problem(&self, secret: &SecretString) -> Option<(&'static str, &'static str)> {
        let text = secret.expose_secret();
        if self.verify != Verify::Standard && text != without_version(text) {
            let hint = "it is one of Standard Webhooks: verify = \"standard\"; or copy what stands after `v1,`";
            return Some(("a secret begins with a version, `v1,`", hint));
        }
        match self.key_bytes(secret) {
            Ok(key) if key.is_empty() => Some(("a key has no bytes", "copy the whole secret")),
            Ok(_) => None,
            Err(what) if self.verify.is_public() => Some((what, "copy the sender's whole public key, as it gives it")),
            Err(what) => Some((what, "copy the whole secret, and see `key`")),
        }
    }

    fn hmac_problems(&self, wrong: &mut impl FnMut(&str, &str, &str)) {
        let place = self.place().unwrap_or_else(|what| {
            wrong("timestamp", &what, "`header:NAME`, `body:/JSON/POINTER` or `field:NAME`");
            None
        });
        if matches!(place, Some(TimestampPlace::Field(_))) && self.field.is_empty() {
            wrong("field", "the time is in a field of the header, the signature is not", "such as field = \"v1\"");
        }
        let pieces = match self.template() {
            Ok(pieces) => pieces,
            Err(what) => return wrong("signed", &what, "such as \"{timestamp}.{body}\""),
        };
        if !pieces.contains(&Piece::Body) {
            wrong("signed", "the body is not signed", "name {body}");
        }
        if pieces.contains(&Piece::Timestamp)
            && !matches!(place, Some(TimestampPlace::Header(_) | TimestampPlace::Field(_)))
        {
            wrong("timestamp", "{timestamp} is signed but its place is not known", "`header:NAME` or `field:NAME`");
        }
        if pieces.contains(&Piece::Id) && !forms::is_header_name(&self.id_header) {
            wrong("id_header", "{id} is signed but this is not a header's name", "such as \"webhook-id\"");
        }
    }
}

/// Whether it begins so, in either case.
fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
