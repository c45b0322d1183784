//! `[providers.NAME]` of a provider that a definition file describes. What each value means is in
//! docs/guides/your-own-provider.md.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::providers::common::ProviderSettings;
use crate::settings::{Fault, text};

/// `[providers.NAME]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GenericSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
    /// The definition file; a relative path begins where gangway is started.
    pub definition: PathBuf,
    /// Settings that the definition names, but the secret ones.
    pub values: BTreeMap<String, Scalar>,
    /// Secret settings that the definition names.
    #[serde(serialize_with = "masked")]
    pub secrets: BTreeMap<String, SecretScalar>,
}

/// A text, or a number or truth value taken as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scalar(pub String);

/// The values of secret settings.
#[derive(Clone, Debug)]
pub struct SecretScalar(pub SecretString);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Text(String),
            Whole(i64),
            Fraction(f64),
            Truth(bool),
        }
        Ok(Self(match Any::deserialize(deserializer)? {
            Any::Text(text) => text,
            Any::Whole(number) => number.to_string(),
            Any::Fraction(number) => number.to_string(),
            Any::Truth(truth) => truth.to_string(),
        }))
    }
}

impl<'de> Deserialize<'de> for SecretScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scalar::deserialize(deserializer).map(|Scalar(text)| Self(SecretString::from(text)))
    }
}

fn masked<S: Serializer>(secrets: &BTreeMap<String, SecretScalar>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(secrets.keys().map(|name| (name, "(secret)")))
}

impl GenericSettings {
    /// What is wrong without knowing the definition, at once; `at` is the key of the table.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = self.common.faults(at);
        if !self.definition.is_file() {
            let what = format!("{} is not a file", text::name(&self.definition));
            let hint = "a relative path begins where gangway is started";
            faults.push(Fault::new(format!("{at}.definition"), what, hint));
        }
        faults
    }
}
