//! `[keys]`: the master key, or the file that holds it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::pasted::bare;
use super::{Fault, secret};

/// With or without padding: tools differ, and 32 bytes are 32 bytes.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What a key is not, and what to do; another key would not open what this one sealed.
const HINT: &str = "copy the whole key again, 44 characters of base64 or 64 of hexadecimal, and make no other one for \
                    data that there is; for a new installation: openssl rand -base64 32";

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
        if !key.is_empty()
            && let Err(what) = bytes(key)
        {
            faults.push(Fault::new(format!("{at}.master_key"), what, HINT));
        }
        faults
    }
}

/// The 32 bytes of a key: base64 of either alphabet, padded or not, or hexadecimal. What surrounds it is no part of it.
///
/// # Errors
/// What is wrong, without the text.
pub fn bytes(text: &str) -> Result<[u8; 32], String> {
    let digits: String = bare(text).split_whitespace().collect();
    let hexadecimal = hex::decode(&digits).ok();
    let base64 = || BASE64.decode(&digits).or_else(|_| BASE64_URL.decode(&digits)).ok();
    let fits = |bytes: &Vec<u8>| bytes.len() == 32;
    // 64 hexadecimal digits are base64 as well, of 48 bytes.
    let found = hexadecimal.clone().filter(fits).or_else(base64).or(hexadecimal);
    let found = found.ok_or("is neither base64 nor hexadecimal: it holds a character that is neither")?;
    found.try_into().map_err(|other: Vec<u8>| format!("is {} bytes in base64 or hexadecimal, not 32", other.len()))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn one_key_is_the_same_in_every_way_that_tools_write_it() {
        let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
        let key = bytes(standard).unwrap();
        let url = standard.replace('+', "-").replace('/', "_");
        let hexadecimal = hex::encode(key);
        for text in [
            url.clone(),
            url.trim_end_matches('=').to_owned(),
            standard.trim_end_matches('=').to_owned(),
            format!("{standard}\r\n"),
            format!("\u{feff}\"{standard}\"\n"),
            format!("{}\n{}\n", &standard[..20], &standard[20..]),
            hexadecimal.to_uppercase(),
            hexadecimal,
        ] {
            assert_eq!(bytes(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_told_by_its_length_or_its_characters_alone() {
        for (text, says) in [("c2VjcmV0", "is 6 bytes"), ("secret!", "neither"), ("+_", "neither"), ("abcd12", "bytes")]
        {
            let what = bytes(text).unwrap_err();
            assert!(what.contains(says) && !what.contains(text), "{text}: {what}");
        }
    }
}
