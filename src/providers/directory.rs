//! The adapters by name. They may be exchanged while gangway serves: the next lookup gets the new one, and a
//! conversation under way ends with the old one.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Adapter;

/// Adapters by name.
#[derive(Debug, Default)]
pub struct Directory {
    by_name: RwLock<BTreeMap<String, Arc<dyn Adapter>>>,
}

impl Directory {
    /// The adapter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Adapter>> {
        self.by_name.read().get(name).cloned()
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<dyn Adapter>> {
        self.by_name.read().values().cloned().collect()
    }

    /// Exchanges an adapter for the one of the same name; one that was not there is not added, because no flow was
    /// checked against it. Answers whether it was there.
    pub fn exchange(&self, adapter: Arc<dyn Adapter>) -> bool {
        let mut by_name = self.by_name.write();
        let known = by_name.get_mut(adapter.name());
        known.map(|known| *known = adapter).is_some()
    }
}

impl FromIterator<Arc<dyn Adapter>> for Directory {
    fn from_iter<T: IntoIterator<Item = Arc<dyn Adapter>>>(adapters: T) -> Self {
        let by_name = adapters.into_iter().map(|adapter| (adapter.name().to_owned(), adapter)).collect();
        Self { by_name: RwLock::new(by_name) }
    }
}
