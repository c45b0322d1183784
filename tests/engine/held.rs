//! Held events: the onboarding that writes their identifier, at whatever moment, gets them.

use gangway::engine::Arrival;
use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, Trust};
use gangway_core::onboarding::Status;
use serde_json::json;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::say::{uid, wallet_fact};
use crate::world::World;

on_both_databases!(
    a_webhook_for_an_unknown_identifier_is_held,
    a_held_webhook_is_applied_when_its_identifier_is_written_in_a_later_batch,
    a_webhook_in_the_batch_that_writes_its_identifier_is_applied_whatever_their_order,
    more_than_a_hundred_held_events_are_all_adopted_a_hundred_at_a_time,
    an_event_that_overtakes_its_sign_up_is_held_and_adopted,
    an_early_event_in_the_batch_of_its_sign_up_does_not_keep_the_earlier_ones_held,
    a_held_event_keeps_its_copies_and_its_bytes_when_it_is_adopted,
    a_webhook_is_found_by_the_first_of_its_identifiers_that_has_an_owner,
    an_identifier_written_again_by_a_new_onboarding_leaves_the_ended_one,
    an_identifier_of_a_running_onboarding_stays_with_it,
);

/// A signed webhook that waits.
fn early(world: &World, key: &str) -> Arrival {
    world.say().wallet(key, "ann", Trust::Fact)
}

async fn a_webhook_for_an_unknown_identifier_is_held(db: &TestDb) {
    let world = World::new(db).await;
    let receipt = world.one(early(&world, "w")).await;
    assert_eq!((receipt.verdict, receipt.onboarding), (Verdict::Held, None));
    assert_eq!(world.number("SELECT count(*) FROM identifiers WHERE onboarding_id IS NULL").await, 1);
}

async fn a_held_webhook_is_applied_when_its_identifier_is_written_in_a_later_batch(db: &TestDb) {
    let world = World::new(db).await;
    world.one(early(&world, "w")).await;
    let id = world.sign_up("ann").await;
    assert_eq!(world.of_verdict("held").await.len(), 1, "the sign-up does not write the provider's identifier");
    world.perform("ann").await;
    assert!(world.of_verdict("held").await.is_empty());
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.state, "welcome", "the fact was known when the wait began");
    assert_eq!(world.due().await[0].request.target().0, "mail");
}

async fn a_webhook_in_the_batch_that_writes_its_identifier_is_applied_whatever_their_order(db: &TestDb) {
    let world = World::new(db).await;
    for (name, first) in [("ann", true), ("ben", false)] {
        let id = world.sign_up(name).await;
        let effect = world.only_due().await;
        let webhook = world.say().wallet(name, name, Trust::Fact);
        let mut batch = vec![webhook, world.say().good(&effect, name)];
        if !first {
            batch.reverse();
        }
        let answers = world.accept(&batch).await;
        assert!(answers.iter().all(|answer| answer.onboarding == Some(id)), "{answers:?}");
        assert_eq!(world.onboarding(id).await.memory.facts.len(), 1);
        world.perform(name).await;
        assert_eq!(world.onboarding(id).await.state, "welcome");
        world.perform(name).await;
    }
}

async fn more_than_a_hundred_held_events_are_all_adopted_a_hundred_at_a_time(db: &TestDb) {
    let world = World::new(db).await;
    let early: Vec<Arrival> = (0..230).map(|n| early(&world, &format!("w{n}"))).collect();
    world.accept(&early).await;
    let id = world.sign_up("ann").await;
    world.perform("ann").await;
    assert!(world.of_verdict("held").await.is_empty());
    let follow_ups = world.journal(id).await.into_iter().filter(|entry| entry.kind == "engine.adopt").count();
    assert_eq!(follow_ups, 2, "100, 100 and 30");
    assert_eq!(world.onboarding(id).await.memory.facts.len(), 1);
}

async fn an_event_that_overtakes_its_sign_up_is_held_and_adopted(db: &TestDb) {
    let world = World::new(db).await;
    let said = world.one(world.say().message("c", "user.confirmed", "ann", json!({}))).await;
    assert_eq!(said.verdict, Verdict::Held);
    let id = world.one(world.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    assert!(world.of_verdict("held").await.is_empty());
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.status, Status::Completed, "what was said early was remembered");
}

async fn an_early_event_in_the_batch_of_its_sign_up_does_not_keep_the_earlier_ones_held(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    world.one(say.message("c1", "user.confirmed", "ann", json!({ "n": 1 }))).await;
    world.accept(&[say.message("c2", "user.other", "ann", json!({})), say.start("v", "user.visited", "ann")]).await;
    assert!(world.of_verdict("held").await.is_empty(), "{:?}", world.of_verdict("held").await);
    world.perform("ann").await;
    assert_eq!(world.onboardings_of("ann").await[0].status, Status::Completed);
}

async fn a_held_event_keeps_its_copies_and_its_bytes_when_it_is_adopted(db: &TestDb) {
    let world = World::new(db).await;
    let webhook = early(&world, "w");
    world.accept(&[webhook.clone(), webhook.clone()]).await;
    let id = world.sign_up("ann").await;
    world.perform("ann").await;
    let copy = world.one(webhook.clone()).await;
    assert!(copy.copy);
    let history = world.store().history(id).await.unwrap();
    let (entry, event) = history.iter().find(|(entry, _)| entry.source == "webhook:original").unwrap();
    assert_eq!((entry.copies, entry.verdict.as_str()), (3, "noted"));
    assert!(entry.detail.contains("held since"), "{}", entry.detail);
    assert_eq!(event, &webhook.event);
}

async fn a_webhook_is_found_by_the_first_of_its_identifiers_that_has_an_owner(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    let names = vec![Identifier::new("original.asset_uid", "unknown"), uid("ann")];
    let receipt = world.one(world.say().report("w", names, vec![wallet_fact("ann", Trust::Fact)])).await;
    assert_eq!((receipt.onboarding, receipt.verdict), (Some(id), Verdict::Applied));
}

async fn an_identifier_written_again_by_a_new_onboarding_leaves_the_ended_one(db: &TestDb) {
    let world = World::new(db).await;
    world.visit("v1", "ann").await;
    let second = world.one(world.say().start("v2", "user.visited", "ann")).await.onboarding.unwrap();
    world.perform("ann").await;
    let webhook = world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    assert_eq!(webhook.onboarding, Some(second), "the webhook went to the ended onboarding");
    assert_eq!(world.onboarding(second).await.status, Status::Completed);
}

async fn an_identifier_of_a_running_onboarding_stays_with_it(db: &TestDb) {
    let world = World::new(db).await;
    let first = world.waiting("ann").await;
    // Another user of ours who is the same to the provider, and another flow of the same user.
    world.sign_up("ben").await;
    world.perform("ann").await;
    world.due().await;
    world.one(world.say().start("v", "user.visited", "ann")).await;
    world.perform("ann").await;
    let webhook = world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    assert_eq!(webhook.onboarding, Some(first));
}
