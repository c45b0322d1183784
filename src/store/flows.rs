//! Definitions live in the database: a version is written once and never changed.

use gangway_core::onboarding::FlowRef;

use super::{Store, StoreError};

/// A stored definition.
#[derive(Clone, Debug)]
pub struct StoredFlow {
    /// Name and version.
    pub id: FlowRef,
    /// Digest of the text.
    pub digest: String,
    /// The text.
    pub text: String,
}

impl Store {
    /// All stored definitions.
    pub async fn flows(&self) -> Result<Vec<StoredFlow>, StoreError> {
        todo!()
    }

    /// Stores definitions that are not there yet; answers those whose version is there with another digest.
    pub async fn add_flows(&self, _flows: &[StoredFlow]) -> Result<Vec<FlowRef>, StoreError> {
        todo!()
    }
}
