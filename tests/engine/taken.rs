//! An answer that gives an identifier of another user: one account at the provider, two people here. A person decides;
//! nothing is mixed.

use gangway::engine::Receipt;
use gangway::store::types::LeasedEffect;
use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, OnboardingId, OperatorAct, Trust};
use gangway_core::onboarding::{ReviewCause, Status};
use gangway_core::outcome::AttemptResult;

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::races::{deadlocks, two};
use crate::say::good;
use crate::world::World;

on_both_databases!(
    an_answer_that_gives_another_users_identifier_waits_for_a_person_and_leaves_nothing,
    of_two_answers_in_one_batch_that_give_one_identifier_the_first_has_it,
    an_identifier_of_an_onboarding_that_has_ended_is_still_its_users,
    two_onboardings_of_one_user_may_be_answered_with_the_same_identifier,
    an_operators_retry_that_is_answered_with_an_identifier_of_its_own_goes_on,
    an_identifier_without_a_value_belongs_to_nobody_and_stops_nobody,
);

async fn begun(world: &World, name: &str) -> (OnboardingId, LeasedEffect) {
    let id = world.sign_up(name).await;
    (id, world.hands.take().remove(0))
}

/// The person of this effect is answered as that one.
async fn answered_as(world: &World, effect: &LeasedEffect, name: &str) -> Receipt {
    world.one(world.say().outcome(effect, good(effect, name))).await
}

async fn assert_asked(world: &World, id: OnboardingId, owner: OnboardingId) {
    let it = world.onboarding(id).await;
    assert_eq!(it.status, Status::Review);
    let review = it.memory.review.as_ref().expect("a review");
    let whose = format!("its original.user_uid belongs to onboarding {owner} of another user");
    assert_eq!(review.cause, ReviewCause::Broken);
    assert!(review.detail.contains(&whose), "{}", review.detail);
    assert!(it.memory.identifiers.is_empty() && it.memory.states.is_empty(), "nothing of the answer is its own");
    assert!(world.hands.take().is_empty(), "nothing is asked of another's account");
    assert_replays(world, id, 0).await;
}

async fn an_answer_that_gives_another_users_identifier_waits_for_a_person_and_leaves_nothing(db: &TestDb) {
    let world = World::new(db).await;
    let (ann, call) = begun(&world, "ann").await;
    answered_as(&world, &call, "ann").await;
    world.hands.take();
    let (ben, call) = begun(&world, "ben").await;
    let receipt = answered_as(&world, &call, "ann").await;
    assert_eq!((receipt.verdict, receipt.onboarding), (Verdict::Applied, Some(ben)));
    assert_asked(&world, ben, ann).await;
    let webhook = world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    assert_eq!(webhook.onboarding, Some(ann), "the identifier stays where it was");
}

async fn of_two_answers_in_one_batch_that_give_one_identifier_the_first_has_it(db: &TestDb) {
    let world = World::new(db).await;
    let ((ann, of_ann), (ben, of_ben)) = (begun(&world, "ann").await, begun(&world, "ben").await);
    let say = world.say();
    world.accept(&[say.outcome(&of_ben, good(&of_ben, "both")), say.outcome(&of_ann, good(&of_ann, "both"))]).await;
    assert_eq!(world.onboarding(ben).await.memory.identifiers.len(), 1);
    world.hands.take();
    assert_asked(&world, ann, ben).await;
}

async fn an_identifier_of_an_onboarding_that_has_ended_is_still_its_users(db: &TestDb) {
    let world = World::new(db).await;
    let (ann, call) = begun(&world, "ann").await;
    answered_as(&world, &call, "ann").await;
    world.act(ann, OperatorAct::Cancel, None).await;
    world.hands.take();
    let (ben, call) = begun(&world, "ben").await;
    answered_as(&world, &call, "ann").await;
    assert_asked(&world, ben, ann).await;
}

async fn two_onboardings_of_one_user_may_be_answered_with_the_same_identifier(db: &TestDb) {
    let world = World::new(db).await;
    let (first, call) = begun(&world, "ann").await;
    answered_as(&world, &call, "ann").await;
    world.hands.take();
    let second = world.one(world.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    assert_ne!(first, second);
    let call = world.hands.take().remove(0);
    answered_as(&world, &call, "ann").await;
    assert_ne!(world.onboarding(second).await.status, Status::Review);
    assert_eq!(world.onboarding(second).await.memory.identifiers.len(), 1);
}

async fn an_operators_retry_that_is_answered_with_an_identifier_of_its_own_goes_on(db: &TestDb) {
    let world = World::new(db).await;
    let (_, call) = begun(&world, "ann").await;
    answered_as(&world, &call, "ann").await;
    world.hands.take();
    let (ben, call) = begun(&world, "ben").await;
    answered_as(&world, &call, "ann").await;
    let retried = world.act(ben, OperatorAct::Retry, None).await;
    assert_eq!(retried.verdict, Verdict::Applied, "{}", retried.detail);
    let again = world.only_due().await;
    answered_as(&world, &again, "ben").await;
    let it = world.onboarding(ben).await;
    assert_ne!(it.status, Status::Review, "{:?}", it.memory.review);
    assert_eq!(it.memory.identifiers.len(), 1);
}

async fn an_identifier_without_a_value_belongs_to_nobody_and_stops_nobody(db: &TestDb) {
    let world = World::new(db).await;
    for name in ["ann", "ben"] {
        let (id, call) = begun(&world, name).await;
        let mut answer = good(&call, name);
        if let AttemptResult::Done(answer) = &mut answer {
            answer.identifiers.push(Identifier::new("original.asset_uid", " "));
        }
        let receipt = world.one(world.say().outcome(&call, answer)).await;
        assert_eq!(receipt.verdict, Verdict::Applied, "{name}: {}", receipt.detail);
        let it = world.onboarding(id).await;
        assert_eq!((it.status, it.memory.identifiers.len()), (Status::Active, 1), "{name}");
        world.hands.take();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_engines_that_are_answered_with_one_identifier_at_once_one_gives_it_and_one_asks() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..40 {
        let (ann, ben) = (format!("ann{round}"), format!("ben{round}"));
        let ((of_ann, call), (of_ben, other_call)) = (begun(&one, &ann).await, begun(&one, &ben).await);
        let both = format!("both{round}");
        let (here, there) = (one.say().good(&call, &both), one.say().good(&other_call, &both));
        tokio::join!(one.one(here), other.one(there));
        let of = [one.onboarding(of_ann).await, one.onboarding(of_ben).await];
        let asked = of.iter().filter(|it| it.status == Status::Review).count();
        let has = of.iter().filter(|it| it.memory.identifiers.len() == 1).count();
        assert_eq!((asked, has), (1, 1), "round {round}");
        one.hands.take();
        other.hands.take();
    }
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}
