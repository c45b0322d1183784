//! Loaded flows by version. Onboardings keep the version they began with; a start takes the newest of its flow.
//! A version that is met and not loaded is read from where definitions are; one that cannot be loaded is remembered
//! with the cause until the next sweep. Never asked inside a transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;

use gangway_core::flow::model::{Flow, SecretSource};
use gangway_core::onboarding::FlowRef;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::child;
use crate::store::StoreError;

/// Where definitions are: every version that an onboarding can be pinned to.
#[async_trait]
pub trait Library: Send + Sync + std::fmt::Debug {
    /// Every version that is there.
    ///
    /// # Errors
    /// Errors of the store.
    async fn versions(&self) -> Result<Vec<FlowRef>, StoreError>;

    /// Loads one version; the inner error says why it does not load here.
    ///
    /// # Errors
    /// Those of the store: it may load at the next try.
    async fn load(&self, id: &FlowRef) -> Result<Result<Flow, String>, StoreError>;
}

/// The flows that this process knows. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    inner: Arc<RwLock<Inner>>,
    library: Option<Arc<dyn Library>>,
}

#[derive(Debug, Default)]
struct Inner {
    by_version: HashMap<FlowRef, Arc<Flow>>,
    /// Versions that were met and do not load here, and why.
    refused: BTreeMap<FlowRef, String>,
    /// People whom the last sweep could not step, by cause.
    stuck: BTreeMap<String, usize>,
    by_start: HashMap<String, Arc<Flow>>,
    /// Type of event -> paths of its data that some flow says are secret.
    secret: HashMap<String, Arc<BTreeSet<Vec<String>>>>,
    by_name: HashMap<String, Arc<Flow>>,
}

impl Inner {
    fn newest(&self, name: &str) -> Option<&Arc<Flow>> {
        let stored = || {
            let versions = self.by_version.values().filter(|flow| flow.id.name == name);
            versions.max_by_key(|flow| flow.id.version)
        };
        self.by_name.get(name).or_else(stored)
    }
}

impl Flows {
    /// Flows from this library; none is loaded yet.
    #[must_use]
    pub fn of(library: Arc<dyn Library>) -> Self {
        Self { library: Some(library), ..Self::default() }
    }

    /// Loads those of these versions that are neither loaded nor known not to load.
    ///
    /// # Errors
    /// Those of the store; what it did not answer is asked for again when it is met again.
    pub async fn meet(&self, met: impl IntoIterator<Item = FlowRef>) -> Result<(), StoreError> {
        for id in met {
            if self.get(&id).is_none() && self.refusal(&id).is_none() {
                self.fetch(id).await?;
            }
        }
        Ok(())
    }

    /// Loads what came since the last look, and tries again what did not load.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let Some(library) = &self.library else { return Ok(()) };
        let stored = library.versions().await?.into_iter().chain(self.refused());
        for id in stored.collect::<BTreeSet<_>>() {
            if self.get(&id).is_none() {
                self.fetch(id).await?;
            }
        }
        Ok(())
    }

    async fn fetch(&self, id: FlowRef) -> Result<(), StoreError> {
        let loaded = match &self.library {
            Some(library) => library.load(&id).await?,
            None => Err("its definition is not here".to_owned()),
        };
        match loaded {
            Ok(flow) => {
                tracing::info!(flow = id.name, version = id.version, "a stored flow was loaded");
                self.add(flow, false);
            }
            Err(why) => self.refuse(id, why),
        }
        Ok(())
    }

    /// Notes that this version does not load here, and why.
    pub fn refuse(&self, id: FlowRef, why: String) {
        let mut inner = self.write();
        if inner.refused.get(&id) != Some(&why) {
            tracing::error!(
                flow = id.name,
                version = id.version,
                why,
                "a stored flow does not load; what comes is kept"
            );
        }
        inner.refused.insert(id, why);
    }

    /// Why this version does not load here; `None` when it does, or was not met yet.
    #[must_use]
    pub fn refusal(&self, id: &FlowRef) -> Option<String> {
        self.read().refused.get(id).cloned()
    }

    /// The versions that do not load here.
    #[must_use]
    pub fn refused(&self) -> Vec<FlowRef> {
        self.read().refused.keys().cloned().collect()
    }

    /// Notes how many people the sweep could not step, by cause.
    pub fn note_stuck(&self, stuck: BTreeMap<String, usize>) {
        self.write().stuck = stuck;
    }

    /// How many people the last sweep could not step, by cause.
    #[must_use]
    pub fn stuck(&self) -> BTreeMap<String, usize> {
        self.read().stuck.clone()
    }

    /// How many versions are loaded; only grows.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.read().by_version.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write()
    }

    /// Adds a flow; `current` ones are the ones that start events and other flows begin.
    pub fn add(&self, flow: Flow, current: bool) {
        let flow = Arc::new(flow);
        let mut inner = self.write();
        inner.refused.remove(&flow.id);
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
        self.read().by_version.get(id).cloned()
    }

    /// The flow that begins with events of this type.
    #[must_use]
    pub fn starting(&self, event_type: &str) -> Option<Arc<Flow>> {
        self.read().by_start.get(event_type).cloned()
    }

    /// Types of events that begin a flow, those by which other flows begin one too.
    #[must_use]
    pub fn starts(&self) -> Vec<String> {
        let inner = self.read();
        let names: BTreeSet<&String> = inner.by_version.keys().map(|id| &id.name).collect();
        names.into_iter().map(|name| child::kind(name)).chain(inner.by_start.keys().cloned()).collect()
    }

    /// Paths in the data of events of this type that any flow says are secret.
    #[must_use]
    pub fn secret_fields(&self, event_type: &str) -> Option<Arc<BTreeSet<Vec<String>>>> {
        self.read().secret.get(event_type).cloned()
    }

    /// The newest version of the flow of this name. When no file has the flow any more, the newest that is stored: an
    /// onboarding pinned to an older version of another flow may still start it.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<Arc<Flow>> {
        self.read().newest(name).cloned()
    }

    /// Flows whose newest version awaits events of this type from its first state on.
    #[must_use]
    pub fn awaiting(&self, event_type: &str) -> Vec<Arc<Flow>> {
        let inner = self.read();
        let names: BTreeSet<&str> = inner.by_version.keys().map(|id| id.name.as_str()).collect();
        let newest = names.into_iter().filter_map(|name| inner.newest(name));
        newest.filter(|flow| flow.hears(flow.initial(), event_type)).cloned().collect()
    }

    /// All known versions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Flow>> {
        self.read().by_version.values().cloned().collect()
    }
}
