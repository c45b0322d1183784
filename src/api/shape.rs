//! The contract's shapes of users and journal events. Plain values enter, JSON leaves.

use std::collections::HashMap;

use gangway_core::event::Identifier;
use gangway_core::explain::asks;
use gangway_core::onboarding::{Onboarding, User};
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use crate::engine::{Flows, Rests, view};
use crate::store::Store;
use crate::store::search::{Cause, JournalEntry, Seen};
use crate::store::types::{ShutUser, StoreError};

/// `{id, external_id, email, locale, created_at, identifiers, onboardings}`.
#[must_use]
pub fn user(user: &User, onboardings: &[Seen], named: &Named, flows: &Flows, rests: &dyn Rests) -> Value {
    let shown: Vec<_> = identifiers(user, onboardings.iter().flatten(), named)
        .into_iter()
        .map(|(identifier, since)| json!({ "kind": identifier.kind, "value": identifier.value, "since": since.to_string() }))
        .collect();
    json!({
        "id": user.id,
        "external_id": user.external_id,
        "email": user.email,
        "locale": user.locale,
        "created_at": user.created_at.to_string(),
        "identifiers": shown,
        "onboardings": onboardings.iter().map(|one| onboarding(one, flows, rests)).collect::<Vec<_>>(),
    })
}

/// Like [`user`], for a user whose row cannot be read here: nothing names the person but the id.
#[must_use]
pub fn shut_user(user: &ShutUser, onboardings: &[Seen], flows: &Flows, rests: &dyn Rests) -> Value {
    json!({
        "id": user.id,
        "external_id": null,
        "email": null,
        "locale": null,
        "created_at": user.created_at.to_string(),
        "identifiers": [],
        "onboardings": onboardings.iter().map(|one| onboarding(one, flows, rests)).collect::<Vec<_>>(),
    })
}

/// The one rendering of an onboarding, with the flow that it is pinned to and what rests at the far end.
#[must_use]
pub fn onboarding(seen: &Seen, flows: &Flows, rests: &dyn Rests) -> Value {
    match seen {
        Ok(onboarding) => {
            let rest = asks(onboarding).and_then(|(slot, action, mode)| rests.rest(slot, action, mode));
            view::with_rest(flows.get(&onboarding.flow).as_deref(), onboarding, rest.as_ref())
        }
        Err(shut) => view::shut(shut),
    }
}

/// What the store knows of a user's identifiers beside what the onboardings remember.
#[derive(Debug, Default)]
pub struct Named {
    /// Since when they have their owner.
    pub since: HashMap<Identifier, Timestamp>,
    /// Those of events that an operator gave to an onboarding, with since when.
    pub adopted: Vec<(Identifier, Timestamp)>,
}

impl Named {
    /// Of the user who has these onboardings.
    ///
    /// # Errors
    /// [`StoreError::Passing`].
    pub async fn of(store: &Store, onboardings: &[Seen]) -> Result<Self, StoreError> {
        let opened: Vec<&Onboarding> = onboardings.iter().flatten().collect();
        let known: Vec<Identifier> = opened.iter().flat_map(|one| one.memory.identifiers.clone()).collect();
        Ok(Self { since: store.identifiers_since(&known).await?, adopted: store.adopted(&opened).await? })
    }
}

/// Everything that names a user, each once, with since when: the user's own since gangway knows the user, a provider's
/// since it was learned, which the store knows; else since the earliest onboarding that has it.
#[must_use]
pub fn identifiers<'a>(
    user: &User,
    onboardings: impl Iterator<Item = &'a Onboarding>,
    named: &Named,
) -> Vec<(Identifier, Timestamp)> {
    let mut found = vec![(Identifier::new(Identifier::EXTERNAL_ID, &user.external_id), user.created_at)];
    found.extend(user.email.as_ref().map(|email| (Identifier::new(Identifier::EMAIL, email), user.created_at)));
    let mut owners: Vec<&Onboarding> = onboardings.collect();
    owners.sort_by_key(|onboarding| onboarding.created_at);
    for owner in owners {
        for identifier in &owner.memory.identifiers {
            if !found.iter().any(|(known, _)| known == identifier) {
                let at = named.since.get(identifier).copied().unwrap_or(owner.created_at);
                found.push((identifier.clone(), at));
            }
        }
    }
    found.extend(named.adopted.iter().cloned());
    found
}

/// `{flow, cause, count, oldest}`
#[must_use]
pub fn cause(cause: &Cause) -> Value {
    let oldest = Timestamp(cause.oldest).to_string();
    json!({ "flow": cause.flow, "cause": cause.cause, "count": cause.count, "oldest": oldest })
}

/// `{id, seq, at, source, type, verdict, from, to, copies, detail}`; with `said` where a far end objected to
/// something, in its own words; of a row that polls share, also `times` and `last_at`.
#[must_use]
pub fn event(entry: &JournalEntry) -> Value {
    let mut shown = json!({
        "id": entry.seq.to_string(),
        "seq": entry.seq,
        "at": entry.at.to_string(),
        "source": entry.source,
        "type": entry.kind,
        "verdict": entry.verdict,
        "from": entry.from,
        "to": entry.to,
        "copies": entry.copies,
        "detail": entry.detail,
    });
    if let (Some(said), Some(shown)) = (&entry.said, shown.as_object_mut()) {
        shown.insert("said".into(), said.as_str().into());
    }
    if let (Some(last), Some(shown)) = (entry.last, shown.as_object_mut()) {
        shown.insert("times".into(), entry.times.into());
        shown.insert("last_at".into(), last.to_string().into());
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Named, event, identifiers, user};
    use crate::engine::{Flows, Later};
    use crate::store::search::JournalEntry;
    use gangway_core::event::{Identifier, OnboardingId, UserId};
    use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
    use gangway_core::time::Timestamp;
    use serde_json::Value;
    use std::collections::HashMap;
    use uuid::Uuid;

    pub(crate) fn ada() -> User {
        User {
            id: UserId(Uuid::from_u128(7)),
            external_id: "u-42".into(),
            email: Some("Ada@Example.com".into()),
            locale: None,
            created_at: Timestamp(1_000),
        }
    }

    pub(crate) fn onboarding(n: u128, created: i64, identifiers: &[(&str, &str)]) -> Onboarding {
        let identifiers = identifiers.iter().map(|(kind, value)| Identifier::new(*kind, *value)).collect();
        Onboarding {
            id: OnboardingId(Uuid::from_u128(n)),
            user: ada(),
            flow: FlowRef { name: "wallet".into(), version: 1 },
            state: "wallet".into(),
            status: Status::Waiting,
            since: Timestamp(created),
            wake_at: None,
            revision: 3,
            created_at: Timestamp(created),
            ended_at: None,
            memory: Memory { identifiers, ..Memory::default() },
        }
    }

    #[test]
    fn an_identifier_is_told_once_since_it_was_learned_else_since_the_earliest_onboarding_that_has_it() {
        let onboardings = [
            onboarding(2, 9_000, &[("original.uid", "14")]),
            onboarding(1, 5_000, &[("original.uid", "14"), ("x.y", "z")]),
        ];
        let since = HashMap::from([(Identifier::new("x.y", "z"), Timestamp(5_700))]);
        let adopted = vec![(Identifier::new("x.late", "q"), Timestamp(9_900))];
        let named = Named { since, adopted };
        let found: Vec<_> = identifiers(&ada(), onboardings.iter(), &named)
            .into_iter()
            .map(|(id, since)| (id.kind, id.value, since.0))
            .collect();
        let want = [
            ("user.external_id", "u-42", 1_000),
            ("user.email", "Ada@Example.com", 1_000),
            ("original.uid", "14", 5_000),
            ("x.y", "z", 5_700),
            ("x.late", "q", 9_900),
        ];
        assert_eq!(found, want.map(|(kind, value, since)| (kind.to_owned(), value.to_owned(), since)));
    }

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn shapes_have_the_contract_s_fields_and_no_others() {
        let shown = user(&ada(), &[Ok(onboarding(1, 5_000, &[]))], &Named::default(), &Flows::default(), &Later);
        assert_eq!(keys(&shown), ["id", "external_id", "email", "locale", "created_at", "identifiers", "onboardings"]);
        assert_eq!(keys(&shown["identifiers"][0]), ["kind", "value", "since"]);
        let entry = JournalEntry {
            seq: 17,
            at: Timestamp(0),
            source: "timer".into(),
            kind: "timer".into(),
            verdict: "applied".into(),
            from: None,
            to: Some("wallet".into()),
            copies: 1,
            detail: String::new(),
            said: None,
            onboarding: None,
            revision: None,
            decided_at: None,
            times: 1,
            last: None,
        };
        let shown = event(&entry);
        let want = ["id", "seq", "at", "source", "type", "verdict", "from", "to", "copies", "detail"];
        assert_eq!(keys(&shown), want);
        assert_eq!((&shown["id"], &shown["seq"]), (&"17".into(), &17.into()));
        assert_eq!(shown["at"], "1970-01-01T00:00:00.000Z");
        let shared = event(&JournalEntry { times: 7, last: Some(Timestamp(1)), ..entry });
        assert_eq!((&shared["times"], &shared["last_at"]), (&7.into(), &"1970-01-01T00:00:00.001Z".into()));
    }
}
