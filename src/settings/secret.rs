//! Serde for a [`secrecy::SecretString`], which shows nothing in `Debug`: read from text, never written out.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serializer};

/// Reads the secret.
///
/// # Errors
/// When it is not text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Writes that there is one.
///
/// # Errors
/// Errors of the serializer.
pub fn serialize<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(secret)")
}

/// For a secret that may be left out; add `#[serde(default)]`.
pub mod option {
    use secrecy::SecretString;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Reads the secret.
    ///
    /// # Errors
    /// When it is not text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
    }

    /// Writes whether there is one.
    ///
    /// # Errors
    /// Errors of the serializer.
    pub fn serialize<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(_) => serializer.serialize_str("(secret)"),
            None => serializer.serialize_none(),
        }
    }
}
