//! What a receipt at the door makes of a start, and what becomes of a telling.

use std::sync::Arc;

use async_trait::async_trait;
use gangway_core::decision::Verdict;
use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::event::{Body, FactReport, OnboardingId, Trust, UserId};
use gangway_core::onboarding::{FlowRef, Memory, Onboarding, Status, User};
use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use serde_json::{Map, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Children, Onboardings};
use crate::clock::HandClock;
use crate::engine::door::Waiting;
use crate::engine::{Door, NotAccepted, Receipt};
use crate::outbound::Performs;
use crate::store::types::{LeasedEffect, StoreError};

const CHILD: OnboardingId = OnboardingId(Uuid::from_u128(5));
const PARENT: OnboardingId = OnboardingId(Uuid::from_u128(4));

/// A store that holds one child, or is away.
#[derive(Debug)]
struct Ended(Result<Status, ()>);

#[async_trait]
impl Onboardings for Ended {
    async fn read(&self, id: OnboardingId) -> Result<Option<Onboarding>, StoreError> {
        let status = self.0.map_err(|()| StoreError::Passing("away".to_owned()))?;
        let tells = json!({ "address": "0xa" }).as_object().cloned().unwrap();
        Ok((id == CHILD).then(|| Onboarding {
            id,
            user: User {
                id: UserId(Uuid::nil()),
                external_id: "u".into(),
                email: None,
                locale: None,
                created_at: Timestamp(0),
            },
            flow: FlowRef { name: "wallet".into(), version: 1 },
            state: "done".into(),
            status,
            since: Timestamp(7),
            wake_at: None,
            revision: 3,
            created_at: Timestamp(0),
            ended_at: Some(Timestamp(7)),
            memory: Memory { tells, ..Memory::default() },
        }))
    }
}

fn effect(n: i64, request: Request) -> LeasedEffect {
    LeasedEffect {
        id: EffectId { onboarding: PARENT, n },
        request,
        attempt: 1,
        mode: Mode::Do,
        uncertain_since: None,
        asked_at: Timestamp(0),
        token: Uuid::nil(),
    }
}

fn start() -> LeasedEffect {
    effect(1, Request::Start { flow: "wallet".into(), user: UserId(Uuid::nil()), data: Map::new() })
}

fn receipt(verdict: Verdict, onboarding: Option<OnboardingId>) -> Receipt {
    Receipt { seq: Some(1), verdict, copy: false, onboarding, detail: "as the engine says".into() }
}

/// Performs the effect at a door that answers this; gives the result, and the key and body of what was handed in.
async fn performed(
    effect: LeasedEffect,
    answer: Result<Receipt, NotAccepted>,
    store: Result<Status, ()>,
) -> (AttemptResult, String, Body) {
    let (door, mut queue): (Door, mpsc::Receiver<Waiting>) = Door::bounded(1, usize::MAX);
    let (onboardings, clock) = (Arc::new(Ended(store)), Arc::new(HandClock::at(Timestamp(9))));
    let children = Children { door, onboardings, clock, limit: Millis::secs(5) };
    let playing = async {
        let Waiting { arrival, answer: caller, .. } = queue.recv().await.unwrap();
        caller.send(answer).unwrap();
        arrival
    };
    let (attempted, arrival) = tokio::join!(children.perform(&effect), playing);
    (attempted.result, arrival.event.key, arrival.event.body)
}

fn told(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Done(answer) => format!("{} {:?}", answer.outcome, answer.fields.get("onboarding_id")),
        AttemptResult::Again { spent, .. } => format!("again, spent {spent}"),
        AttemptResult::Broken { cause } => format!("broken: {cause}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn the_receipt_of_a_start_is_its_outcome_also_when_it_is_a_copy() {
    let id = format!("Some(String(\"{CHILD}\"))");
    let rows = [
        (Verdict::Applied, Some(CHILD), format!("started {id}")),
        (Verdict::Noted, Some(CHILD), format!("running {id}")),
        (Verdict::Refused, Some(CHILD), format!("ended {id}")),
        (Verdict::Refused, None, "broken: as the engine says".to_owned()),
        (Verdict::Duplicate, None, "broken: as the engine says".to_owned()),
    ];
    for (verdict, onboarding, expected) in rows {
        for copy in [false, true] {
            let receipt = Receipt { copy, ..receipt(verdict, onboarding) };
            let (result, key, body) = performed(start(), Ok(receipt), Ok(Status::Completed)).await;
            assert_eq!(told(&result), expected, "{verdict:?}");
            assert_eq!(key, format!("{PARENT}/1"));
            assert!(matches!(body, Body::Child { parent: PARENT, .. }), "{body:?}");
        }
    }
}

#[tokio::test]
async fn of_a_child_that_had_ended_the_answer_says_how() {
    let refused = || Ok(receipt(Verdict::Refused, Some(CHILD)));
    let (result, ..) = performed(start(), refused(), Ok(Status::Failed)).await;
    let AttemptResult::Done(answer) = result else { panic!("{result:?}") };
    let fact = answer.facts.first().unwrap();
    assert_eq!((fact.name.as_str(), fact.time), ("flow.wallet.failed", Some(Timestamp(7))));
    assert_eq!(json!(fact.fields), json!({ "address": "0xa", "onboarding_id": CHILD }));
    let (result, ..) = performed(start(), refused(), Err(())).await;
    assert_eq!(told(&result), "again, spent false", "a database that is away is no answer");
}

#[tokio::test]
async fn a_door_that_takes_nothing_spends_no_attempt() {
    for away in [NotAccepted::Away(Millis::secs(2)), NotAccepted::Full(Millis::secs(1)), NotAccepted::Stopping] {
        let (result, ..) = performed(start(), Err(away), Ok(Status::Completed)).await;
        assert_eq!(told(&result), "again, spent false");
    }
}

#[tokio::test]
async fn a_parent_is_told_whatever_it_makes_of_it() {
    let fact = FactReport {
        name: "flow.wallet.completed".into(),
        resource: CHILD.to_string(),
        fields: Map::new(),
        time: Some(Timestamp(7)),
        rank: 0,
        trust: Trust::Fact,
    };
    for verdict in [Verdict::Applied, Verdict::Noted, Verdict::Refused] {
        let tell = effect(-2, Request::Tell { parent: PARENT, fact: fact.clone() });
        let (result, key, body) = performed(tell, Ok(receipt(verdict, Some(PARENT))), Ok(Status::Completed)).await;
        assert_eq!((told(&result).as_str(), key), ("told None", format!("{PARENT}/-2")));
        assert!(matches!(body, Body::Report { facts, .. } if facts.as_slice() == std::slice::from_ref(&fact)));
    }
}
