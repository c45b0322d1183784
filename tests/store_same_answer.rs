//! A random history applied to both databases gives the same answers, one by one.
//!
//! `GANGWAY_TEST_SEED` repeats one history; the seed is in the name of every failure. Numbers of the journal may have
//! gaps on PostgreSQL, so events are compared by their keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "support/db.rs"]
mod db;
#[path = "store/fixtures.rs"]
mod fixtures;

use std::collections::BTreeMap;
use std::sync::Arc;

use gangway::clock::{Chance, SeededChance, SystemChance};
use gangway::store::search::{Filter, JournalEntry};
use gangway::store::types::{Claim, EffectFollowUp, Lease, Loaded, LoadedUser, NewEvent, Owner};
use gangway::store::{Keyring, Store, Tx};
use gangway_core::decision::{FollowUp, Verdict};
use gangway_core::effect::Mode;
use gangway_core::event::{Identifier, OnboardingId, UserId};
use gangway_core::onboarding::Status;
use gangway_core::time::{Millis, Timestamp};
use uuid::Uuid;

use db::TestDb;
use fixtures::{adopted, at, call, claim, held, held_on, locked, message, onboarding, person, row};

const STEPS: u64 = 150;
const STATES: [&str; 4] = ["first", "second", "third", "last"];

/// One history on one database.
struct World {
    store: Store,
    chance: SeededChance,
    people: Vec<LoadedUser>,
    onboardings: Vec<OnboardingId>,
    keys: BTreeMap<i64, String>,
    leases: Vec<(OnboardingId, i64, Lease)>,
    said: Vec<String>,
}

impl World {
    async fn new(db: &TestDb, seed: u64) -> Self {
        let keys = Keyring::new(&db::MASTER_KEY.to_owned().into()).unwrap();
        let store = Store::open(&db.options(), keys, Arc::new(SystemChance)).await.unwrap();
        let (people, onboardings, leases) = (Vec::new(), Vec::new(), Vec::new());
        let chance = SeededChance::new(seed);
        Self { store, chance, people, onboardings, keys: BTreeMap::new(), leases, said: Vec::new() }
    }

    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0_u8; 8];
        self.chance.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % limit.max(1) as u64).unwrap()
    }

    fn id(&self) -> Uuid {
        self.chance.id(at(0))
    }

    fn time(&self) -> Timestamp {
        at(self.below(100) as u64)
    }

    fn some_onboarding(&self) -> Option<OnboardingId> {
        self.onboardings.get(self.below(self.onboardings.len())).copied()
    }

    fn identifier(&self) -> Identifier {
        Identifier::new("original.user_uid", self.below(8).to_string())
    }

    fn say(&mut self, what: &str, answer: impl std::fmt::Debug) {
        self.said.push(format!("{what}: {answer:?}"));
    }

    async fn step(&mut self) {
        match self.below(10) {
            0 => self.start().await,
            1..=3 => self.receive().await,
            4 => self.claim_and_adopt().await,
            5 => self.change().await,
            6 => self.ask().await,
            7 => self.lease().await,
            8 => self.follow_up().await,
            _ => self.sweep().await,
        }
    }

    /// One in eight transactions is given up instead.
    async fn end(&mut self, tx: Tx) -> bool {
        if self.below(8) == 0 {
            tx.rollback().await.unwrap();
            return false;
        }
        tx.commit().await.unwrap();
        true
    }

    async fn start(&mut self) {
        let mut tx = self.store.begin().await.unwrap();
        let mut user = person(&tx, ["ann", "bob", "cleo", "dan", "eve"][self.below(5)]);
        user.user.id = UserId(self.id());
        user.user.email = user.user.email.filter(|_| self.below(2) == 0);
        let added = tx.insert_users(std::slice::from_ref(&user)).await.unwrap();
        self.say("users", &added);
        let user = if added.is_empty() { self.people.get(self.below(self.people.len())).cloned() } else { Some(user) };
        let Some(user) = user else { return tx.rollback().await.unwrap() };
        let mut row = onboarding(&user, ["wallet", "identity"][self.below(2)]);
        row.onboarding.id = OnboardingId(self.id());
        let started = tx.insert_onboardings(std::slice::from_ref(&row)).await.unwrap();
        self.say("onboardings", &started);
        if self.end(tx).await {
            self.onboardings.extend(started);
            if !added.is_empty() {
                self.people.push(user);
            }
        }
    }

    async fn loaded(&self, tx: &mut Tx, id: Option<OnboardingId>) -> Option<Loaded> {
        locked(tx, &[id?]).await.pop()
    }

    async fn receive(&mut self) {
        let mut tx = self.store.begin().await.unwrap();
        let owner = self.some_onboarding();
        let owner = self.loaded(&mut tx, owner).await;
        let mut rows: Vec<NewEvent> = Vec::new();
        for _ in 0..=self.below(5) {
            let key = format!("key {}", self.below(60));
            let mut new = match (&owner, self.below(3)) {
                (_, 0) | (None, _) => held(&self.store, &key, &[&self.identifier(), &self.identifier()]),
                (Some(owner), _) => row(&self.store, message(&key, "said"), Some(owner)),
            };
            new.event.received_at = self.time();
            if rows.iter().all(|row| row.dedupe != new.dedupe) {
                rows.push(new);
            }
        }
        let placeholders: Vec<Claim> = rows
            .iter()
            .flat_map(|row| &row.held_on)
            .map(|blind| Claim { blind: *blind, kind: "original.user_uid".into(), owner: None, since: at(0) })
            .collect();
        let owners = tx.claim(&placeholders).await.unwrap();
        self.say("placeholders", owners.into_iter().collect::<BTreeMap<_, _>>());
        let known = tx.known(&rows.iter().map(|row| row.dedupe).collect::<Vec<_>>()).await.unwrap();
        let copies: Vec<_> = known.values().map(|known| (known.seq, 2)).collect();
        let added = tx.insert_events(&rows).await.unwrap();
        tx.add_copies(&copies).await.unwrap();
        let mut names: Vec<_> = rows.iter().filter_map(|row| Some((added.get(&row.dedupe)?, &row.event.key))).collect();
        names.sort();
        self.said.push(format!("events: {:?}", names.iter().map(|(_, key)| key).collect::<Vec<_>>()));
        let names: Vec<(i64, String)> = names.into_iter().map(|(seq, key)| (*seq, key.clone())).collect();
        if self.end(tx).await {
            self.keys.extend(names);
        }
    }

    async fn claim_and_adopt(&mut self) {
        let mut tx = self.store.begin().await.unwrap();
        let owner = self.some_onboarding();
        let Some(owner) = self.loaded(&mut tx, owner).await else { return tx.rollback().await.unwrap() };
        let wanted = [self.identifier(), self.identifier()];
        let claims: Vec<_> = wanted.iter().map(|identifier| claim(&self.store, identifier, Some(&owner))).collect();
        let owners = tx.claim(&claims).await.unwrap();
        let mine = Some(Owner::Onboarding(owner.onboarding.id));
        let won: Vec<_> = owners.iter().filter(|(_, of)| **of == mine).map(|(blind, _)| *blind).collect();
        self.say("owners", owners.into_iter().collect::<BTreeMap<_, _>>());
        let found = held_on(&mut tx, &won, 3).await;
        self.say("held", found.iter().map(|held| (held.found_by, &held.event, &held.raw)).collect::<Vec<_>>());
        tx.adopt(&adopted(&owner, found)).await.unwrap();
        self.end(tx).await;
    }

    async fn change(&mut self) {
        let mut tx = self.store.begin().await.unwrap();
        let ids: Vec<_> = (0..3).filter_map(|_| self.some_onboarding()).collect();
        let mut rows = locked(&mut tx, &ids).await;
        self.say("locked", rows.iter().map(|row| &row.onboarding).collect::<Vec<_>>());
        for row in rows.iter_mut().filter(|row| row.onboarding.ended_at.is_none()) {
            row.onboarding.revision += 1;
            row.onboarding.state = STATES[self.below(4)].into();
            row.onboarding.status = Status::ALL[self.below(6)];
            row.onboarding.ended_at = row.onboarding.status.ended().then(|| self.time());
            row.onboarding.wake_at = (self.below(2) == 0).then(|| self.time());
            row.onboarding.memory.asked += 1;
        }
        tx.update_onboardings(&rows).await.unwrap();
        self.end(tx).await;
    }

    async fn ask(&mut self) {
        let mut tx = self.store.begin().await.unwrap();
        let owner = self.some_onboarding();
        let Some(owner) = self.loaded(&mut tx, owner).await else { return tx.rollback().await.unwrap() };
        let n = 1 + self.below(9) as i64;
        let lease = (self.below(2) == 0).then(|| Lease { token: self.id(), length: Millis::secs(3_600) });
        tx.insert_effects(&[call(&owner, n, self.time(), lease)]).await.unwrap();
        if self.end(tx).await {
            self.leases.extend(lease.map(|lease| (owner.onboarding.id, n, lease)));
        }
    }

    async fn lease(&mut self) {
        let lease = Lease { token: self.id(), length: Millis::secs(3_600) };
        let free = self.below(3) as u32;
        let leased = self.store.lease_due_at(self.time(), &[("original".into(), free)], lease).await.unwrap();
        self.leases.extend(leased.iter().map(|effect| (effect.id.onboarding, effect.id.n, lease)));
        self.say("leased", leased);
    }

    async fn follow_up(&mut self) {
        let Some((onboarding, n, lease)) = self.leases.get(self.below(self.leases.len())).copied() else { return };
        if self.below(4) == 0 {
            let id = gangway_core::effect::EffectId { onboarding, n };
            return self.store.release(&[id], lease).await.unwrap();
        }
        let what = match self.below(2) {
            0 => FollowUp::Settled { n, outcome: "created".into() },
            _ => FollowUp::Due { n, at: self.time(), mode: Mode::LookUp, uncertain_since: Some(self.time()) },
        };
        let mut tx = self.store.begin().await.unwrap();
        tx.follow_up(&[EffectFollowUp { onboarding, what }]).await.unwrap();
        self.end(tx).await;
    }

    async fn sweep(&mut self) {
        let time = self.time();
        let expired = if self.below(4) == 0 { self.store.expire_held(time, 2).await.unwrap() } else { 0 };
        let wakes = self.store.claim_wakes(time, Millis::secs(20), 5).await.unwrap();
        let due = (self.store.next_wake().await.unwrap(), self.store.next_effect_due().await.unwrap());
        let lost = self.store.without_reason(20).await.unwrap();
        let owned = self.store.held_with_owner(20).await.unwrap();
        let figures = self.store.figures(time).await.unwrap();
        self.say("sweep", (expired, wakes, due, lost, owned, figures));
    }

    fn entry(&self, mut entry: JournalEntry) -> String {
        let key = self.keys[&std::mem::take(&mut entry.seq)].clone();
        format!("{key} {entry:?}")
    }

    /// Everything that can be read at the end.
    async fn everything(&mut self) {
        let all = self.store.onboardings(&Filter { limit: 1_000, ..Filter::default() }).await.unwrap();
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        for onboarding in &all {
            let history = self.store.history(onboarding.id).await.unwrap();
            let history: Vec<_> = history.into_iter().map(|(entry, event)| (self.entry(entry), event)).collect();
            self.say("history", history);
        }
        self.say("all", all);
        for verdict in Verdict::ALL {
            let found = self.store.events_by_verdict(verdict.word(), None, 1_000).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|entry| self.entry(entry)).collect();
            self.say(verdict.word(), found);
        }
        for number in 0..8 {
            let identifier = Identifier::new("original.user_uid", number.to_string());
            let found = self.store.users_by(&[identifier]).await.unwrap();
            self.say("owner", found);
        }
    }
}

async fn transcript(db: &TestDb, seed: u64) -> Vec<String> {
    let mut world = World::new(db, seed).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.everything().await;
    world.said
}

fn seeds() -> Vec<u64> {
    if let Ok(seed) = std::env::var("GANGWAY_TEST_SEED") {
        return vec![seed.parse().expect("GANGWAY_TEST_SEED is a number")];
    }
    let mut bytes = [0_u8; 8];
    SystemChance.fill(&mut bytes);
    let first = u64::from_le_bytes(bytes) >> 16;
    (first..first + 4).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_history_has_the_same_answers_on_both_databases() {
    for seed in seeds() {
        eprintln!("GANGWAY_TEST_SEED={seed}");
        let sqlite = transcript(&TestDb::sqlite().await, seed).await;
        let postgres = transcript(&TestDb::postgres().await, seed).await;
        for (line, (sqlite, postgres)) in sqlite.iter().zip(&postgres).enumerate() {
            assert_eq!(sqlite, postgres, "line {line} with GANGWAY_TEST_SEED={seed}");
        }
        assert_eq!(sqlite.len(), postgres.len(), "with GANGWAY_TEST_SEED={seed}");
    }
}
