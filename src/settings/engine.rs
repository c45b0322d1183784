//! `[engine]`: the one door's queue and batches, the sweep.

use gangway_core::catalogue::Limits;
use gangway_core::time::Millis;
use serde::Deserialize;

use super::{Fault, duration};

/// The one door, the sweep.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// Events that may wait for the writer.
    pub queue: usize,
    /// Most events of one transaction.
    pub batch: usize,
    /// Writers.
    pub writers: usize,
    /// How long a batch that cannot be written is tried in halves, or more than once again.
    #[serde(with = "duration")]
    pub patience: Millis,
    /// How long an event without an owner is held.
    #[serde(with = "duration")]
    pub hold: Millis,
    /// Most held events that one transaction adopts.
    pub adopt: u32,
    /// How often the sweep looks.
    #[serde(with = "duration")]
    pub sweep: Millis,
    /// Most rows taken in one go of the sweep.
    pub sweep_batch: u32,
    /// Failed verifications kept for each source.
    pub unverified: u32,
    /// Room that they may take for each source, in bytes.
    pub unverified_bytes: u64,
    /// Most events in quarantine.
    pub quarantine: u32,
    /// Room that they may take, in bytes.
    pub quarantine_bytes: u64,
    /// Room that events which wait for the writer may take, in bytes.
    pub queue_bytes: usize,
    /// Mails of one onboarding until a person must look.
    pub mails: u32,
    /// Calls, mails, publications and starts of flows of one onboarding until a person must look.
    pub effects: u32,
    /// Facts of one name, each of another resource, that one onboarding remembers.
    pub facts: u32,
    /// Identifiers of one kind that one onboarding remembers.
    pub identifiers: u32,
}

impl EngineSettings {
    /// Most events of one transaction that are allowed: an array statement stays well within both databases' limits.
    pub const BATCH_MAX: usize = 4096;

    /// What one onboarding may ask for and remember.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        let Self { mails, effects, facts, identifiers, .. } = *self;
        Limits { mails, effects, facts, identifiers }
    }

    /// What is wrong in it.
    #[must_use]
    pub fn faults(&self, at: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let key = |name: &str| format!("{at}.{name}");
        let counts = [
            ("queue", self.queue, "no event could come in"),
            ("batch", self.batch, "no event could be committed"),
            ("writers", self.writers, "no event could be committed"),
            ("adopt", self.adopt as usize, "held events would never find their owner"),
            ("sweep_batch", self.sweep_batch as usize, "overdue work would stay overdue"),
            ("queue_bytes", self.queue_bytes, "no event could come in"),
            ("quarantine", self.quarantine as usize, "an event that the database refuses would come again for ever"),
            ("mails", self.mails as usize, "every flow that mails would wait for a person"),
            ("effects", self.effects as usize, "every flow would wait for a person"),
            ("facts", self.facts as usize, "no flow would hear of anything"),
            ("identifiers", self.identifiers as usize, "no read could name a user"),
        ];
        for (name, value, hint) in counts {
            if value == 0 {
                faults.push(Fault::new(key(name), "is zero", format!("{hint}; 1 or more")));
            }
        }
        if self.batch > Self::BATCH_MAX {
            let hint = "one bad row would repeat too much; 256 is usual";
            faults.push(Fault::new(key("batch"), format!("is more than {}", Self::BATCH_MAX), hint));
        }
        if self.queue > 0 && self.queue < self.batch {
            let hint = "a batch is taken from the queue and could never be full; raise queue or lower batch";
            faults.push(Fault::new(key("queue"), "is less than engine.batch", hint));
        }
        if self.sweep < Millis::secs(1) {
            faults.push(Fault::new(key("sweep"), "is less than 1s", "it would keep the database busy; 60s is usual"));
        }
        if self.hold < Millis::secs(60) {
            let hint = "webhooks come before the reply that names their user; 30d is usual";
            faults.push(Fault::new(key("hold"), "is less than 1m", hint));
        }
        faults
    }
}
