//! Loaded flows by version. Onboardings keep the version they began with; a start takes the newest of its flow.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use gangway_core::flow::model::{Flow, SecretSource};
use gangway_core::onboarding::FlowRef;

/// The flows that this process knows. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    by_version: HashMap<FlowRef, Arc<Flow>>,
    by_start: HashMap<String, Arc<Flow>>,
    /// Type of event -> paths of its data that some flow says are secret.
    secret: HashMap<String, Arc<BTreeSet<Vec<String>>>>,
    by_name: HashMap<String, Arc<Flow>>,
}

impl Flows {
    /// Adds a flow; `current` ones are the ones that start events and other flows begin.
    pub fn add(&self, flow: Flow, current: bool) {
        let flow = Arc::new(flow);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for spec in flow.secrets.values() {
            if let Some(SecretSource::Event { kind, field }) = &spec.source {
                Arc::make_mut(inner.secret.entry(kind.clone()).or_default()).insert(field.clone());
            }
        }
        inner.by_version.insert(flow.id.clone(), Arc::clone(&flow));
        if !current {
            return;
        }
        if inner.by_name.get(&flow.id.name).is_none_or(|known| known.id.version < flow.id.version) {
            inner.by_name.insert(flow.id.name.clone(), Arc::clone(&flow));
        }
        if let Some(on) = flow.begins_on().map(str::to_owned) {
            inner.by_start.insert(on, flow);
        }
    }

    /// The flow of this version.
    #[must_use]
    pub fn get(&self, id: &FlowRef) -> Option<Arc<Flow>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_version.get(id).cloned()
    }

    /// The flow that begins with events of this type.
    #[must_use]
    pub fn starting(&self, event_type: &str) -> Option<Arc<Flow>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_start.get(event_type).cloned()
    }

    /// Paths in the data of events of this type that any flow says are secret.
    #[must_use]
    pub fn secret_fields(&self, event_type: &str) -> Option<Arc<BTreeSet<Vec<String>>>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).secret.get(event_type).cloned()
    }

    /// The newest version of the flow of this name. Of one that no file has any more, the newest that is stored: an
    /// onboarding pinned to an older version of another flow may still start it.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<Arc<Flow>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let stored = || {
            let versions = inner.by_version.values().filter(|flow| flow.id.name == name);
            versions.max_by_key(|flow| flow.id.version)
        };
        inner.by_name.get(name).or_else(stored).cloned()
    }

    /// All known versions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Flow>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).by_version.values().cloned().collect()
    }
}
