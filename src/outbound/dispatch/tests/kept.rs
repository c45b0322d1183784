//! What is known is kept, and what a lease no longer covers is not begun.

use std::sync::atomic::Ordering;

use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;
use uuid::Uuid;

use super::{Scene, effect, key};
use crate::engine::door::Waiting;
use crate::engine::{NotAccepted, Performer};
use crate::settings::outbound::OutboundSettings;

#[tokio::test]
async fn a_known_outcome_is_offered_for_as_long_as_the_process_lives_and_gives_its_slot_back_meanwhile() {
    let mut scene = Scene::new();
    scene.due([effect("original.create_user", 1)]);
    scene.tick().await;
    for _ in 0..3 {
        let Waiting { answer, arrival, .. } = scene.door.recv().await.unwrap();
        assert_eq!(arrival.event.key, key(1));
        scene.clock.advance(Millis::secs(3600));
        answer.send(Err(NotAccepted::Away(Millis(10)))).unwrap();
    }
    let Waiting { answer, .. } = scene.door.recv().await.unwrap();
    assert_eq!(scene.dispatcher.in_flight()["original"], 0, "others go on");
    answer.send(Err(NotAccepted::Away(Millis(10)))).unwrap();
    assert_eq!(scene.taken().await, (key(1), AttemptResult::Done(Answer::named("created"))));
}

#[tokio::test]
async fn what_is_under_way_or_known_here_is_not_told_as_unknown_when_its_lease_runs_out() {
    let mut scene = Scene::new();
    scene.due([effect("slow.create", 1), effect("original.create_user", 2)]);
    scene.tick().await;
    let Waiting { answer, .. } = scene.door.recv().await.unwrap();
    (1..=3).for_each(|n| scene.ran_out(n, 1));
    scene.clock.advance(Millis::secs(5));
    assert_eq!(scene.swept().await, [format!("{}/3/1/expired", Uuid::nil())], "one is not ours");
    drop(answer.send(Err(NotAccepted::Away(Millis(10)))));
    assert_eq!(scene.taken().await.0, key(2));
    scene.wire.gate.add_permits(1);
    assert_eq!(scene.taken().await.0, key(1));
    scene.dispatcher.idle().await;
    scene.clock.advance(Millis::secs(5));
    assert_eq!(scene.swept().await.len(), 3, "nothing is in hand any more");
}

#[tokio::test]
async fn after_an_outage_of_the_database_whoever_holds_an_outcome_brings_it_home_before_it_is_called_unknown() {
    let mut scene = Scene::with(OutboundSettings::default());
    scene.ran_out(4, 2);
    for outage in ["before the start", "later"] {
        assert!(scene.swept().await.is_empty(), "{outage}: it answers since now");
        scene.clock.advance(Millis::secs(9));
        assert!(scene.swept().await.is_empty(), "{outage}");
        scene.clock.advance(Millis::secs(1));
        assert_eq!(scene.swept().await, [format!("{}/4/2/expired", Uuid::nil())], "{outage}");
        scene.leases.away.store(true, Ordering::SeqCst);
        scene.clock.advance(Millis::secs(60));
        assert!(scene.dispatcher.tick(crate::clock::Clock::now(&scene.clock)).await.is_err());
        scene.leases.away.store(false, Ordering::SeqCst);
        scene.clock.advance(Millis::secs(5));
    }
}

#[tokio::test]
async fn a_stop_waits_for_a_known_outcome_to_be_stored() {
    let mut scene = Scene::new();
    scene.due([effect("original.create_user", 1)]);
    scene.tick().await;
    let Waiting { answer, .. } = scene.door.recv().await.unwrap();
    let dispatcher = scene.dispatcher.clone();
    let stop = tokio::spawn(async move { dispatcher.stop().await });
    scene.clock.advance(Millis::secs(60));
    answer.send(Err(NotAccepted::Away(Millis(10)))).unwrap();
    assert_eq!(scene.taken().await.0, key(1));
    stop.await.unwrap();
}

#[tokio::test]
async fn nothing_is_begun_after_the_safe_end_of_its_lease_and_no_attempt_is_spent_on_it() {
    let mut scene = Scene::new();
    let leased = scene.moment();
    scene.clock.advance(Millis::secs(25));
    assert!(scene.reserve("original"));
    scene.dispatcher.perform(vec![effect("original.create_user", 1)], leased);
    let (_, result) = scene.taken().await;
    assert!(
        matches!(&result, AttemptResult::Again { spent: false, cause, .. } if cause.contains("not begun")),
        "{result:?}"
    );
    assert_eq!(*scene.wire.sent.lock(), [] as [bool; 0]);
}

#[tokio::test]
async fn a_process_that_stood_still_within_a_conversation_sends_nothing_more_that_changes_something() {
    let mut scene = Scene::new();
    scene.due([effect("original.read_then_create", 1)]);
    scene.tick().await;
    assert_eq!(scene.taken().await.1, AttemptResult::Done(Answer::named("created")));
    scene.dispatcher.idle().await;
    *scene.wire.still.lock() = Millis::secs(60);
    scene.due([effect("original.read_then_create", 2)]);
    scene.tick().await;
    let (_, result) = scene.taken().await;
    assert!(matches!(result, AttemptResult::Again { spent: false, .. }), "{result:?}");
    assert_eq!(*scene.wire.sent.lock(), [false, true, false]);
}
