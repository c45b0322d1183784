//! Every secret that the far side was given or gave out, so that a test can look for each where none may be. Values
//! enter with their kind; `GET /_secrets` lists them. Nothing here is real; none is ever taken off the list.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use serde::Serialize;

/// The secrets, each once.
#[derive(Default)]
pub(crate) struct Secrets {
    kept: Mutex<BTreeSet<Secret>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Secret {
    kind: &'static str,
    value: String,
}

impl Secrets {
    /// Notes a secret of a kind such as `password`; an empty value is ignored.
    pub(crate) fn note(&self, kind: &'static str, value: &str) {
        if !value.is_empty() {
            self.kept.lock().insert(Secret { kind, value: value.to_owned() });
        }
    }

    pub(crate) fn list(&self) -> Vec<Secret> {
        self.kept.lock().iter().cloned().collect()
    }
}
