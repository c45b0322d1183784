//! Alive, ready, and what exactly is not. Parts report themselves; nothing here reaches out but the database's ping.
//! Never in here: addresses, credentials, what the database said (that is in the log).

use std::fmt;
use std::sync::Arc;

use gangway_core::time::Millis;
use serde::Serialize;

use crate::store::Store;

/// One thing that readiness depends on, or that people want to see with it. Answers at once, from what it knows.
pub trait Part: Send + Sync + fmt::Debug {
    /// `broker`, `breaker original.create_user`, ...
    fn name(&self) -> String;

    /// Whether it works now.
    fn ready(&self) -> bool;

    /// One line that says what is or is not; no addresses, no secrets.
    fn detail(&self) -> String;

    /// Whether this process should get no requests while it is not ready. An open breaker concerns one provider's
    /// users, and every process has the same one; taking them all out of service would help nobody.
    fn needed(&self) -> bool {
        true
    }

    /// Whether it proved a moment ago that the database takes what is written: then a slow answer to a look concerns
    /// screens only.
    fn vouches(&self) -> bool {
        false
    }
}

/// How one part is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Whether it works now.
    pub ready: bool,
    /// Whether readiness depends on it.
    pub needed: bool,
    /// One line.
    pub detail: String,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether everything that is needed works.
    pub ready: bool,
    /// Names of what is needed and does not work.
    pub missing: Vec<String>,
    /// Every part.
    pub parts: Vec<Report>,
}

impl Readiness {
    /// The readiness of a process with these parts.
    #[must_use]
    pub fn of(parts: Vec<Report>) -> Self {
        let missing: Vec<_> =
            parts.iter().filter(|part| part.needed && !part.ready).map(|part| part.name.clone()).collect();
        Self { ready: missing.is_empty(), missing, parts }
    }
}

/// Everything that readiness looks at. Clones share it.
#[derive(Clone, Debug)]
pub struct Health {
    store: Store,
    queue: usize,
    patience: Millis,
    parts: Arc<[Arc<dyn Part>]>,
}

impl Health {
    /// Looks at the database (waiting at most `patience`), the intake queue (`queue` long), and these parts.
    #[must_use]
    pub fn new(store: Store, queue: usize, patience: Millis, parts: Vec<Arc<dyn Part>>) -> Self {
        Self { store, queue, patience, parts: parts.into() }
    }

    /// How everything is now, with so many events in the queue.
    pub async fn look(&self, depth: usize) -> Readiness {
        let ping = tokio::time::timeout(std::time::Duration::from_millis(self.patience.0), self.store.ping()).await;
        let answered = match &ping {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database does not answer");
                Err("does not answer".to_owned())
            }
            Err(_) => Err(format!("does not answer within {}", self.patience)),
        };
        let report = |part: &Arc<dyn Part>| Report {
            name: part.name(),
            ready: part.ready(),
            needed: part.needed(),
            detail: part.detail(),
        };
        let parts: Vec<Report> = self.parts.iter().map(report).collect();
        // By the same look: a part reported as not ready vouches for nothing.
        let vouched = self.parts.iter().zip(&parts).any(|(part, report)| report.ready && part.vouches());
        let mut reports = vec![database(answered, !vouched), queue(depth, self.queue)];
        reports.extend(parts);
        Readiness::of(reports)
    }
}

fn database(answered: Result<(), String>, needed: bool) -> Report {
    let ready = answered.is_ok();
    let detail = answered.err().unwrap_or_else(|| "answers".to_owned());
    Report { name: "database".to_owned(), ready, needed, detail }
}

fn queue(depth: usize, length: usize) -> Report {
    let detail = format!("{depth} of {length} places taken");
    Report { name: "queue".to_owned(), ready: depth < length, needed: true, detail }
}

#[cfg(test)]
mod tests {
    use super::{Readiness, Report, database, queue};

    fn breaker(ready: bool) -> Report {
        Report { name: "breaker original.create_user".into(), ready, needed: false, detail: String::new() }
    }

    #[test]
    fn readiness_names_exactly_what_is_missing() {
        let readiness = Readiness::of(vec![database(Err("does not answer".into()), true), queue(4, 4), breaker(false)]);
        assert!(!readiness.ready);
        assert_eq!(readiness.missing, ["database", "queue"]);
    }

    #[test]
    fn an_open_breaker_is_shown_and_takes_nobody_out_of_service() {
        let readiness = Readiness::of(vec![database(Ok(()), true), queue(3, 4), breaker(false)]);
        assert!(readiness.ready);
        assert_eq!(readiness.parts.len(), 3);
    }
}
