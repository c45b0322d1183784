//! Secrets enter as [`SecretString`], whose `Debug` says nothing.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// For `#[serde(deserialize_with = "secret::text")]`.
///
/// # Errors
/// When it is not text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
