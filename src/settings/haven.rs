//! `[providers.haven]`. What each value means is in docs/providers/haven.md, "Settings".

use serde::{Deserialize, Serialize};

use super::Problem;
use super::providers::ProviderSettings;

/// Values that could stand in the section, beside what all providers have in common.
pub(crate) const SAMPLE: &str = "";

/// `[providers.haven]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HavenSettings {
    /// `base_url`, `concurrency`, `retry`.
    #[serde(flatten)]
    pub common: ProviderSettings,
}

impl HavenSettings {
    /// Everything that is wrong, at once; `at` is the key of the table.
    #[must_use]
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        self.common.problems(at)
    }
}
