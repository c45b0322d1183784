//! `[keys]`: the master key, or the file that holds it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Fault, secret};

/// The master key, or the file that holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// The key; empty: the file.
    #[serde(default, deserialize_with = "secret::deserialize")]
    pub master_key: SecretString,
    /// The file.
    #[serde(default)]
    pub key_file: String,
}

impl KeySettings {
    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let key = self.master_key.expose_secret();
        if key.is_empty() && self.key_file.is_empty() {
            let hint = "set master_key, or name a key_file";
            faults.push(Fault::new(format!("{at}.master_key"), "is empty, and so is keys.key_file", hint));
        }
        if !key.is_empty() && !is_key(key) {
            let hint = "make one with: openssl rand -base64 32";
            faults.push(Fault::new(format!("{at}.master_key"), "is not 32 bytes in base64 or hexadecimal", hint));
        }
        faults
    }
}

/// Whether this text is a key: 32 bytes in base64 or hexadecimal.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let base64 = STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    base64 || hex::decode(text).is_ok_and(|bytes| bytes.len() == 32)
}
