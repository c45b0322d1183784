//! Effects: written in the transaction that asked for them, born leased as far as there are slots.

use gangway::engine::Arrival;
use gangway_core::decision::Verdict;
use gangway_core::effect::{Mode, Request};
use gangway_core::event::Trust;
use gangway_core::onboarding::Status;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::hands::Hands;
use crate::on_both_databases;
use crate::say::{again, good};
use crate::world::World;

on_both_databases!(
    effects_are_born_leased_up_to_the_free_slots_and_the_rest_is_due,
    a_batch_that_is_rolled_back_gives_its_slots_back,
    an_effect_that_is_tried_again_is_due_later_and_keeps_its_name,
    an_attempt_whose_lease_ran_out_is_looked_up_and_a_late_true_answer_is_still_taken,
    an_exhausted_effect_goes_on_after_an_operators_retry,
    without_a_broker_no_lifecycle_event_is_written,
    with_a_broker_lifecycle_events_are_written_with_what_they_tell,
    the_outcome_of_a_lifecycle_event_never_moves_the_onboarding,
    an_outcome_of_an_unknown_onboarding_is_refused_and_kept,
);

async fn effects_are_born_leased_up_to_the_free_slots_and_the_rest_is_due(db: &TestDb) {
    let world = World::new(db).await.with_hands(Hands::with(&[("original", 3)]));
    let say = world.say();
    let people: Vec<Arrival> = (0..5).map(|n| say.sign_up(&format!("p{n}"))).collect();
    world.accept(&people).await;
    assert_eq!(world.hands.free("original"), 0);
    let leased = world.number("SELECT count(*) FROM effects WHERE lease_until IS NOT NULL AND attempt = 1").await;
    let due = world.number("SELECT count(*) FROM effects WHERE lease_until IS NULL AND attempt = 0").await;
    assert_eq!((leased, due), (3, 2));
    assert_eq!(world.hands.wakes(), [world.say().0], "somebody must be told of those that are due");
    assert_eq!(world.hands.take().len(), 3);
    assert_eq!(world.due().await.len(), 2);
}

async fn a_batch_that_is_rolled_back_gives_its_slots_back(db: &TestDb) {
    let world = World::new(db).await.with_hands(Hands::with(&[("original", 3)]));
    world.refuse_inserts("effects", "n = 1").await;
    let say = world.say();
    let people: Vec<Arrival> = (0..5).map(|n| say.sign_up(&format!("p{n}"))).collect();
    let answers = world.accept(&people).await;
    assert!(answers.iter().all(|answer| answer.verdict == Verdict::Refused), "{answers:?}");
    assert_eq!(world.hands.free("original"), 3);
    assert!(world.hands.take().is_empty());
}

async fn an_effect_that_is_tried_again_is_due_later_and_keeps_its_name(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let first = world.only_due().await;
    world.one(world.say().outcome(&first, again("busy"))).await;
    assert!(world.due().await.is_empty(), "not before its time");
    world.clock.advance(Millis::secs(2));
    let second = world.only_due().await;
    assert_eq!((second.id, second.attempt, &second.request), (first.id, 2, &first.request));
    assert_eq!(world.onboarding(id).await.status, Status::Active);
}

async fn an_attempt_whose_lease_ran_out_is_looked_up_and_a_late_true_answer_is_still_taken(db: &TestDb) {
    let world = World::with(db, 1, |options| options.lease = Millis(1)).await;
    let id = world.sign_up("ann").await;
    let lost = world.hands.take().remove(0);
    let expired =
        crate::wait::until("the lease runs out", async || world.store().expired_leases(10).await.unwrap().pop()).await;
    assert_eq!((expired.id, expired.attempt), (lost.id, 1));
    assert!(world.due().await.is_empty(), "unknown is not due");
    world.one(gangway::outbound::attempt::outcome::expired(expired.id, 1, world.say().0)).await;
    assert!(world.store().expired_leases(10).await.unwrap().is_empty());
    world.clock.advance(Millis::secs(3));
    let look = world.only_due().await;
    assert_eq!((look.mode, look.uncertain_since.is_some()), (Mode::LookUp, true));
    // The first attempt was not lost after all.
    let late = world.one(world.say().good(&lost, "ann")).await;
    assert_eq!(late.verdict, Verdict::Applied);
    assert_eq!(world.onboarding(id).await.state, "first_asset");
    let look_up = world.one(world.say().good(&look, "ann")).await;
    assert_eq!(look_up.verdict, Verdict::Noted, "{}", look_up.detail);
    assert_eq!(world.onboarding(id).await.state, "first_asset");
}

async fn an_exhausted_effect_goes_on_after_an_operators_retry(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    while world.onboarding(id).await.status == Status::Active {
        world.answer(again("busy")).await;
        world.clock.advance(Millis::secs(10_800));
    }
    let stuck = world.onboarding(id).await;
    assert_eq!(stuck.status, Status::Review);
    assert!(world.due().await.is_empty());
    world.act(id, gangway_core::event::OperatorAct::Retry, Some(stuck.revision)).await;
    let effect = world.only_due().await;
    assert_eq!(effect.id.n, 1, "the same effect, under the same name");
    world.one(world.say().good(&effect, "ann")).await;
    assert_eq!(world.onboarding(id).await.state, "first_asset");
}

async fn without_a_broker_no_lifecycle_event_is_written(db: &TestDb) {
    let world = World::new(db).await;
    world.waiting("ann").await;
    assert_eq!(world.number("SELECT count(*) FROM effects WHERE n < 0").await, 0);
}

async fn with_a_broker_lifecycle_events_are_written_with_what_they_tell(db: &TestDb) {
    let world = World::with(db, 1, |options| options.lifecycle = true).await;
    let id = world.sign_up("ann").await;
    let told = |due: &[gangway::store::types::LeasedEffect]| -> Vec<(String, u64)> {
        let lifecycle = due.iter().filter_map(|effect| match &effect.request {
            Request::Lifecycle { event_type, data, subject } => {
                assert_eq!(subject.as_deref(), Some("ann"));
                Some((event_type.clone(), data["revision"].as_u64().unwrap()))
            }
            _ => None,
        });
        lifecycle.collect()
    };
    let due = world.due().await;
    assert_eq!(told(&due), [("onboarding.started".to_owned(), 1)]);
    let work = due.into_iter().find(|effect| effect.id.n > 0).unwrap();
    world.one(world.say().good(&work, "ann")).await;
    assert_eq!(told(&world.due().await), [("onboarding.moved".to_owned(), 2)]);
    // What is not written with its cause would be lost with the process.
    world.refuse_inserts("effects", "n < 0").await;
    let refused = world.act(id, gangway_core::event::OperatorAct::Cancel, None).await;
    assert_eq!(refused.verdict, Verdict::Refused);
    assert_eq!(world.onboarding(id).await.status, Status::Active);
}

async fn the_outcome_of_a_lifecycle_event_never_moves_the_onboarding(db: &TestDb) {
    let world = World::with(db, 1, |options| options.lifecycle = true).await;
    let id = world.sign_up("ann").await;
    let before = world.onboarding(id).await;
    let lifecycle = world.due().await.into_iter().find(|effect| effect.id.n < 0).unwrap();
    let failed = world.one(world.say().outcome(&lifecycle, again("no broker"))).await;
    assert_eq!(failed.verdict, Verdict::Noted);
    world.clock.advance(Millis::secs(600));
    let second = world.only_due().await;
    assert_eq!((second.id, second.attempt), (lifecycle.id, 2));
    world.one(world.say().outcome(&second, good(&second, "ann"))).await;
    // A late failure of the first attempt publishes nothing again.
    world.one(gangway::outbound::attempt::outcome::expired(lifecycle.id, 1, world.say().0)).await;
    world.clock.advance(Millis::secs(600));
    assert!(world.due().await.is_empty());
    assert_eq!(world.onboarding(id).await, before);
}

async fn an_outcome_of_an_unknown_onboarding_is_refused_and_kept(db: &TestDb) {
    let world = World::new(db).await;
    world.sign_up("ann").await;
    let mut effect = world.only_due().await;
    effect.id.onboarding.0 = gangway::clock::Chance::id(&gangway::clock::SystemChance, world.say().0);
    let result = AttemptResult::Unknown { cause: "lost".into() };
    let receipt = world.one(world.say().outcome(&effect, result)).await;
    assert_eq!((receipt.verdict, receipt.onboarding), (Verdict::Refused, None));
    assert_eq!(world.of_verdict("refused").await.len(), 1);
    assert_eq!(world.one(world.say().wallet("w", "nobody", Trust::Hint)).await.verdict, Verdict::Held);
}
