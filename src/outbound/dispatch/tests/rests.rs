//! What rests, waits or must wait for its turn is neither leased nor born leased, and goes on by itself.

use gangway_core::effect::{EffectId, Mode};
use gangway_core::event::OnboardingId;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::{Millis, Timestamp};
use uuid::Uuid;

use super::{Scene, effect, key};
use crate::engine::Performer;
use crate::providers::Rate;
use crate::store::types::LeasedEffect;

#[tokio::test]
async fn refused_credentials_hold_the_whole_provider_until_one_probe_succeeds() {
    let mut scene = Scene::new();
    *scene.wire.status.lock() = 401;
    scene.due([effect("original.create_user", 1)]);
    scene.tick().await;
    let (_, result) = scene.taken().await;
    assert!(matches!(result, AttemptResult::Again { spent: false, .. }), "{result:?}");
    scene.dispatcher.idle().await;
    scene.due([effect("original.get_user", 2), effect("original.get_user", 3)]);
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (0, Some(Timestamp(31_000))), "comes back for the probe");
    assert!(!scene.reserve("original"));
    *scene.wire.status.lock() = 200;
    scene.clock.advance(Millis::secs(30));
    assert_eq!(scene.tick().await.begun, 1, "one probe");
    scene.taken().await;
    scene.dispatcher.idle().await;
    assert_eq!(scene.tick().await.begun, 1, "mended: the rest goes on");
    assert!(scene.dispatcher.breakers().snapshot().is_empty());
}

#[tokio::test]
async fn what_must_wait_for_its_turn_is_not_leased_nor_asked_for_again_and_again_and_others_go_on() {
    let mut scene = Scene::new();
    scene.wire.limits.rates.set("original", Some(Rate { requests: 2, per: Millis::secs(1) }));
    scene.wire.gate.add_permits(1);
    scene.due((1..=3).map(|n| effect("original.create_user", n)));
    scene.due([effect("slow.create", 9)]);
    assert_eq!(scene.tick().await.begun, 2, "one of each");
    let mut ended = [scene.taken().await.0, scene.taken().await.0];
    ended.sort();
    assert_eq!(ended, [key(1), key(9)]);
    scene.dispatcher.idle().await;
    for _ in 0..2 {
        let ticked = scene.tick().await;
        assert_eq!(
            (ticked.begun, ticked.next),
            (0, Some(Timestamp(1_400))),
            "a little before the next turn, not sooner"
        );
    }
    let asked = scene.leases.asked.lock().clone();
    assert!(asked.iter().skip(1).flatten().all(|(slot, _)| slot != "original"), "{asked:?}");
    assert!(!scene.reserve("original") && scene.reserve("slow"));
    scene.clock.advance(Millis(400));
    assert_eq!(scene.tick().await.begun, 1);
    assert_eq!(scene.taken().await.0, key(2));
    scene.dispatcher.idle().await;
    scene.clock.advance(Millis(500));
    assert!(scene.reserve("original") && !scene.reserve("original"), "one turn, one effect");
    scene.dispatcher.give_back("original");
    assert_eq!(scene.tick().await.begun, 1, "a turn that was given back is there again");
}

#[tokio::test]
async fn a_failing_action_rests_and_effects_of_it_are_neither_leased_nor_told_of() {
    let mut scene = Scene::new();
    *scene.wire.status.lock() = 502;
    for n in 1..=5 {
        // Different people: what one of them meets says nothing about the others.
        let id = EffectId { onboarding: OnboardingId(Uuid::from_u64_pair(0, n)), n: 1 };
        scene.due([LeasedEffect { id, ..effect("original.create_user", 1) }]);
        scene.tick().await;
        assert!(matches!(scene.taken().await.1, AttemptResult::Unknown { .. }));
        scene.dispatcher.idle().await;
    }
    let look_up = LeasedEffect { mode: Mode::LookUp, ..effect("original.create_user", 7) };
    scene.due([effect("original.create_user", 6), look_up, effect("original.get_user", 8)]);
    *scene.wire.status.lock() = 200;
    let ticked = scene.tick().await;
    assert_eq!((ticked.begun, ticked.next), (2, Some(Timestamp(6_000))), "look-ups and other actions go on");
    let mut ended = [scene.taken().await.0, scene.taken().await.0];
    ended.sort();
    assert_eq!(ended, [key(7), key(8)]);
    scene.dispatcher.idle().await;
    let create = effect("original.create_user", 9);
    assert!(!scene.dispatcher.reserve(&create.request) && scene.reserve("original"), "nor is it born leased");
    // Leased just before it began to rest: given back without a word.
    scene.dispatcher.perform(vec![create], scene.moment());
    scene.dispatcher.idle().await;
    assert_eq!(scene.leases.released.lock().iter().map(|id| id.n).collect::<Vec<_>>(), [9]);
    assert_eq!(scene.tick().await.begun, 0);
    scene.clock.advance(Millis::secs(5));
    scene.due([effect("original.create_user", 10)]);
    assert_eq!(scene.tick().await.begun, 1, "one, to see whether it is well");
    assert_eq!(scene.taken().await.0, key(6));
    scene.dispatcher.idle().await;
    assert_eq!(scene.tick().await.begun, 1, "it is");
    assert_eq!(scene.taken().await.0, key(10));
}
