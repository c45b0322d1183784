//! Rows for the tests of the store: people, onboardings, events, effects.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use bytes::Bytes;
use gangway::clock::{Chance, SystemChance};
use gangway::store::types::{
    Adopted, Claim, EventOwner, Held, Lease, Loaded, LoadedUser, NewEffect, NewEvent, Owner, Unknown,
};
use gangway::store::{Blind, Store, Tx};
use gangway_core::decision::Verdict;
use gangway_core::effect::{Effect, EffectId, Request};
use gangway_core::event::{Body, Event, Identifier, OnboardingId, UserId};
use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
use gangway_core::time::{Millis, Timestamp};
use serde_json::json;
use uuid::Uuid;

pub const START: Timestamp = Timestamp(1_700_000_000_000);

pub fn at(seconds: u64) -> Timestamp {
    START.plus(Millis::secs(seconds))
}

pub fn id() -> Uuid {
    SystemChance.id(START)
}

pub fn person(tx: &Tx, name: &str) -> LoadedUser {
    let user = User {
        id: UserId(id()),
        external_id: format!("ext-{name}"),
        email: Some(format!("{name}@mail.example")),
        locale: Some("de".into()),
        created_at: START,
    };
    LoadedUser { user, key: tx.new_data_key() }
}

pub fn onboarding(user: &LoadedUser, flow: &str) -> Loaded {
    let onboarding = Onboarding {
        id: OnboardingId(id()),
        user: user.user.clone(),
        flow: FlowRef { name: flow.into(), version: 1 },
        state: "first".into(),
        status: Status::Active,
        since: START,
        wake_at: None,
        revision: 1,
        created_at: START,
        ended_at: None,
        memory: Memory::default(),
    };
    Loaded { onboarding, key: user.key.clone(), unknown: Unknown::default() }
}

/// A user with one onboarding, committed.
pub async fn settled_person(store: &Store, name: &str) -> Loaded {
    let mut tx = store.begin().await.unwrap();
    let user = person(&tx, name);
    let row = onboarding(&user, "wallet");
    assert_eq!(tx.insert_users(std::slice::from_ref(&user)).await.unwrap(), [user.user.id]);
    assert_eq!(tx.insert_onboardings(std::slice::from_ref(&row)).await.unwrap(), [row.onboarding.id]);
    tx.commit().await.unwrap();
    row
}

pub fn message(key: &str, text: &str) -> Event {
    Event {
        source: "crm".into(),
        key: key.into(),
        kind: "user.touched".into(),
        received_at: START,
        occurred_at: Some(START),
        body: Body::Message { subject: None, data: json!({ "text": text }) },
    }
}

pub fn row(store: &Store, event: Event, owner: Option<&Loaded>) -> NewEvent {
    let raw = Bytes::from(format!("raw:{}", event.key));
    NewEvent {
        dedupe: store.keys().dedupe(&event.source, &event.key),
        digest: store.keys().digest(&raw),
        event,
        raw,
        owner: owner.map(|loaded| EventOwner {
            user: loaded.onboarding.user.id,
            onboarding: Some(loaded.onboarding.id),
            key: Some(loaded.key.clone()),
        }),
        verdict: Verdict::Noted,
        from: Some("first".into()),
        to: Some("first".into()),
        detail: "nothing moved".into(),
        revision: Some(1),
        decided_at: None,
        held_on: Vec::new(),
        copies: 1,
    }
}

pub fn held(store: &Store, key: &str, identifiers: &[&Identifier]) -> NewEvent {
    let held_on = identifiers.iter().map(|identifier| store.keys().blind(identifier)).collect();
    let row = row(store, message(key, "early"), None);
    NewEvent { verdict: Verdict::Held, from: None, to: None, revision: None, held_on, ..row }
}

/// These onboardings, locked and opened.
pub async fn locked(tx: &mut Tx, ids: &[OnboardingId]) -> Vec<Loaded> {
    tx.lock(ids).await.unwrap().into_iter().map(|locked| locked.seen.unwrap()).collect()
}

/// What is held on these, opened.
pub async fn held_on(tx: &mut Tx, blinds: &[Blind], limit: u32) -> Vec<Held> {
    tx.held_on(blinds, limit).await.unwrap().into_iter().map(Result::unwrap).collect()
}

/// These held events, taken to this owner.
pub fn adopted(owner: &Loaded, found: Vec<Held>) -> Vec<Adopted> {
    let adopted = found.into_iter().map(|held| Adopted {
        seq: held.seq,
        held: Some(held),
        was: Verdict::Held,
        owner: EventOwner {
            user: owner.onboarding.user.id,
            onboarding: Some(owner.onboarding.id),
            key: Some(owner.key.clone()),
        },
        verdict: Verdict::Applied,
        from: Some("first".into()),
        to: Some("second".into()),
        detail: "adopted".into(),
        revision: Some(owner.onboarding.revision),
        decided_at: Some(at(70)),
    });
    adopted.collect()
}

pub fn claim(store: &Store, identifier: &Identifier, owner: Option<&Loaded>) -> Claim {
    Claim {
        blind: store.keys().blind(identifier),
        kind: identifier.kind.clone(),
        owner: owner.map(|loaded| Owner::Onboarding(loaded.onboarding.id)),
        since: START,
    }
}

pub fn call(loaded: &Loaded, n: i64, due_at: Timestamp, lease: Option<Lease>) -> NewEffect {
    let input = json!({ "email": loaded.onboarding.user.email }).as_object().cloned().unwrap();
    let request =
        Request::Call { action: "original.create_user".into(), input, secrets: std::collections::BTreeMap::new() };
    let effect = Effect { id: EffectId { onboarding: loaded.onboarding.id, n }, request, due_at };
    NewEffect { effect, key: loaded.key.clone(), lease }
}

pub fn lease(length: Millis) -> Lease {
    Lease { token: id(), length }
}

pub async fn insert_effects(store: &Store, effects: &[NewEffect]) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_effects(effects).await.unwrap();
    tx.commit().await.unwrap();
}

/// Asks again until it is so; fails after a minute.
pub async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(180);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "it did not become so in three minutes");
        tokio::task::yield_now().await;
    }
}
