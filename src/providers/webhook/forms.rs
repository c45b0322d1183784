//! The small languages inside a webhook profile: what is signed, where the time is, how keys and signatures are
//! written.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

/// With or without padding: providers differ, and the bytes are what is compared.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What an Ed25519 public key of Standard Webhooks v1a begins with.
pub(crate) const PUBLIC_KEY: &str = "whpk_";

/// What a secret of Standard Webhooks begins with.
pub(super) const SECRET_KEY: &str = "whsec_";

/// A secret without the version that some senders write before it: a comma is no digit of base64.
pub(crate) fn without_version(secret: &str) -> &str {
    secret.strip_prefix("v1,").or_else(|| secret.strip_prefix("v1a,")).unwrap_or(secret)
}

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The raw body.
    Body,
    /// The time of signing, as it was written.
    Timestamp,
    /// The delivery's id.
    Id,
    /// These characters.
    Text(String),
}

/// Where the time of signing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimestampPlace {
    /// In this header.
    Header(String),
    /// In the body, at this JSON pointer.
    Body(String),
    /// In this field of the signature's header.
    Field(String),
}

/// How the time of signing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampForm {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// RFC 3339.
    Rfc3339,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Base64, padded or not.
    Base64,
    /// Base64 with `-` and `_`, padded or not.
    Base64url,
}

/// How a secret becomes key bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// The characters themselves, prefix included.
    Text,
    /// Base64.
    Base64,
    /// Hexadecimal.
    Hex,
}

impl Encoding {
    /// These bytes as text, in lower case or with padding.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64url => BASE64_URL.encode(bytes),
        }
    }

    /// The bytes that this text stands for.
    #[must_use]
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => hex::decode(text).ok(),
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Base64url => BASE64_URL.decode(text).ok(),
        }
    }
}

impl KeyForm {
    /// The key that this secret stands for.
    ///
    /// # Errors
    /// What is wrong, without the secret.
    pub fn bytes(self, secret: &str) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Text => Ok(secret.as_bytes().to_vec()),
            Self::Base64 => {
                let digits = secret.strip_prefix(SECRET_KEY).unwrap_or(secret);
                // Which of the two alphabets it is, the digits themselves say.
                let bytes = BASE64.decode(digits).or_else(|_| BASE64_URL.decode(digits));
                bytes.map_err(|_| "a secret is not base64")
            }
            Self::Hex => hex::decode(secret).map_err(|_| "a secret is not hexadecimal"),
        }
    }

    /// The key of a Standard Webhooks secret: base64, after `whsec_` where that stands before it, or the 32 bytes of a
    /// public key after `whpk_`. Some senders write the version before it: `v1,whsec_…`.
    ///
    /// # Errors
    /// What is wrong, without the secret.
    pub fn standard(secret: &str) -> Result<Vec<u8>, &'static str> {
        let secret = without_version(secret);
        if let Some(public) = secret.strip_prefix(PUBLIC_KEY) {
            let key = Self::Base64.bytes(public).map_err(|_| "a public key is not base64")?;
            return if key.len() == 32 { Ok(key) } else { Err("a public key is not 32 bytes long") };
        }
        if secret.starts_with("whsk_") {
            return Err("a secret is the sender's private key; give its public one, which begins with `whpk_`");
        }
        Self::Base64.bytes(secret)
    }
}

pub(super) fn parse_template(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        let (name, after) = after.split_once('}').ok_or("a `{` is not closed")?;
        pieces.push(match name {
            "body" => Piece::Body,
            "timestamp" => Piece::Timestamp,
            "id" => Piece::Id,
            _ => return Err("only {body}, {timestamp} and {id} can be named".into()),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    Ok(pieces)
}

pub(super) fn parse_place(text: &str) -> Result<Option<TimestampPlace>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.split_once(':') {
        Some(("header", name)) if is_header_name(name) => Ok(Some(TimestampPlace::Header(name.to_ascii_lowercase()))),
        Some(("body", pointer)) if pointer.starts_with('/') => Ok(Some(TimestampPlace::Body(pointer.into()))),
        Some(("field", name)) if !name.is_empty() => Ok(Some(TimestampPlace::Field(name.into()))),
        _ => Err("this is not a place for a time".into()),
    }
}

pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub(super) const fn is_plain_in_paths(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}
