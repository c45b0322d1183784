//! Effects: due, leased, released, run out, settled.

use gangway::store::types::{EffectFollowUp, Lease, LeasedEffect, Resting};
use gangway_core::decision::FollowUp;
use gangway_core::effect::{EffectId, Mode, Request};
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::fixtures::{at, call, insert_effects, lease, settled_person, until};
use crate::on_both_databases;

on_both_databases!(
    due_effects_are_leased_oldest_first_and_only_as_many_as_there_are_free_slots,
    what_rests_is_passed_over_and_of_what_is_tried_again_one_is_leased,
    an_effect_that_is_born_leased_is_not_due_for_anybody_else,
    a_lease_that_ran_out_is_found_as_expired_and_not_as_due,
    leases_that_ran_out_and_stay_so_hide_no_others,
    a_released_lease_is_due_again_and_its_attempt_does_not_count,
    an_old_token_changes_nothing,
    a_settled_effect_is_never_due_again,
    an_effect_that_was_given_up_is_due_again_when_a_person_says_so,
    an_effect_that_is_due_again_keeps_its_mode_and_its_doubt,
    an_effect_that_exists_is_left_as_it_is,
    two_processes_never_lease_the_same_effect,
);

const LONG: Millis = Millis::secs(600);
const SHORT: Millis = Millis(1);

fn slots(free: u32) -> Vec<(String, u32)> {
    vec![("mail".into(), 5), ("original".into(), free)]
}

fn numbers(leased: &[LeasedEffect]) -> Vec<i64> {
    leased.iter().map(|effect| effect.id.n).collect()
}

async fn due_effects_are_leased_oldest_first_and_only_as_many_as_there_are_free_slots(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let effects = [(1, 30), (2, 10), (3, 20), (4, 99)].map(|(n, second)| call(&ann, n, at(second), None));
    insert_effects(&store, &effects).await;
    assert_eq!(store.next_effect_due().await.unwrap(), Some(at(10)));
    let first = store.lease_due_at(at(50), &slots(2), lease(LONG)).await.unwrap();
    assert_eq!(numbers(&first), [2, 3]);
    assert_eq!((&first[0].request, first[0].attempt), (&effects[1].effect.request, 1));
    assert_eq!(numbers(&store.lease_due_at(at(50), &slots(2), lease(LONG)).await.unwrap()), [1]);
    assert!(store.lease_due_at(at(50), &slots(2), lease(LONG)).await.unwrap().is_empty());
    assert_eq!(store.next_effect_due().await.unwrap(), Some(at(99)));
    // The database's clock, which is later than all of them, decides.
    assert!(store.lease_due(&slots(0), lease(LONG)).await.unwrap().is_empty());
    assert_eq!(numbers(&store.lease_due(&slots(2), lease(LONG)).await.unwrap()), [4]);
}

async fn leased(store: &gangway::store::Store, free: u32, resting: &[Resting]) -> Vec<LeasedEffect> {
    let leased = store.lease(&slots(free), (&[], resting), lease(LONG), Some(at(50))).await.unwrap();
    leased.effects.into_iter().map(|(_, effect)| effect).collect()
}

async fn what_rests_is_passed_over_and_of_what_is_tried_again_one_is_leased(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let mut effects: Vec<_> = (1..=6).map(|n| call(&ann, n, at(n.unsigned_abs()), None)).collect();
    for effect in &mut effects[3..] {
        let Request::Call { action, .. } = &mut effect.effect.request else { panic!() };
        "original.get_user".clone_into(action);
    }
    insert_effects(&store, &effects).await;
    let looked_up = FollowUp::Due { n: 2, at: at(2), mode: Mode::LookUp, uncertain_since: Some(at(1)) };
    follow_up(&store, ann.onboarding.id, vec![looked_up]).await;
    let rest = |target: &str, mode, most| Resting { slot: "original".into(), target: target.into(), mode, most };
    let target = effects[0].effect.request.target().1;
    let resting = [rest(target, Mode::Do, 0), rest("original.get_user", Mode::Do, 1)];
    let due = async |resting: &[Resting]| store.next_effect_due_of(&["original".into()], (&[], resting)).await.unwrap();
    assert_eq!((due(&[]).await, due(&resting).await), (Some(at(1)), Some(at(2))));
    assert_eq!(store.next_effect_due_of(&["mail".into()], (&[], &resting)).await.unwrap(), None);
    assert_eq!(numbers(&leased(&store, 1, &resting).await), [2], "its look-up");
    assert_eq!(numbers(&leased(&store, 5, &resting).await), [4], "one");
    assert_eq!(due(&resting).await, Some(at(5)));
    assert_eq!(numbers(&leased(&store, 9, &[]).await), [1, 3, 5, 6]);
}

async fn an_effect_that_is_born_leased_is_not_due_for_anybody_else(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    insert_effects(&store, &[call(&ann, 1, at(0), Some(lease(LONG)))]).await;
    assert!(store.lease_due(&slots(5), lease(LONG)).await.unwrap().is_empty());
    assert!(store.expired_leases(5).await.unwrap().is_empty());
    assert_eq!(store.next_effect_due().await.unwrap(), None);
    assert_eq!(store.figures(at(0)).await.unwrap().open_effects, 1);
}

async fn a_lease_that_ran_out_is_found_as_expired_and_not_as_due(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    insert_effects(&store, &[call(&ann, 1, at(0), Some(lease(SHORT))), call(&ann, 2, at(0), Some(lease(LONG)))]).await;
    let expired = until(async || {
        let expired = store.expired_leases(5).await.unwrap();
        (!expired.is_empty()).then_some(expired)
    });
    let expired = expired.await;
    assert_eq!(expired.iter().map(|one| (one.id.n, one.attempt)).collect::<Vec<_>>(), [(1, 1)]);
    assert!(store.lease_due(&slots(5), lease(LONG)).await.unwrap().is_empty());
}

async fn leases_that_ran_out_and_stay_so_hide_no_others(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let effects: Vec<_> = (1..=5).map(|n| call(&ann, n, at(0), Some(lease(SHORT)))).collect();
    insert_effects(&store, &effects).await;
    let beside = db.open().await;
    until(async || (beside.expired_leases(9).await.unwrap().len() == 5).then_some(())).await;
    for _ in 0..2 {
        let mut seen = Vec::new();
        for most in [2, 2, 1] {
            let some: Vec<i64> = store.expired_leases(2).await.unwrap().iter().map(|one| one.id.n).collect();
            assert_eq!(some.len(), most);
            seen.extend(some);
        }
        assert_eq!(seen, [1, 2, 3, 4, 5], "and then from the front again");
    }
}

async fn a_released_lease_is_due_again_and_its_attempt_does_not_count(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let born = lease(LONG);
    insert_effects(&store, &[call(&ann, 1, at(0), Some(born))]).await;
    store.release(&[EffectId { onboarding: ann.onboarding.id, n: 1 }], born).await.unwrap();
    let again = store.lease_due(&slots(5), lease(LONG)).await.unwrap();
    assert_eq!(again.iter().map(|one| (one.id.n, one.attempt)).collect::<Vec<_>>(), [(1, 1)]);
}

async fn an_old_token_changes_nothing(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let (old, new) = (lease(LONG), lease(LONG));
    insert_effects(&store, &[call(&ann, 1, at(0), Some(old))]).await;
    let id = EffectId { onboarding: ann.onboarding.id, n: 1 };
    store.release(&[id], old).await.unwrap();
    assert_eq!(store.lease_due(&slots(5), new).await.unwrap()[0].token, new.token);
    store.release(&[id], old).await.unwrap();
    store.release(&[EffectId { n: 2, ..id }], new).await.unwrap();
    assert!(store.lease_due(&slots(5), lease(LONG)).await.unwrap().is_empty(), "the late release freed it");
    store.release(&[id], new).await.unwrap();
    assert_eq!(store.lease_due(&slots(5), lease(LONG)).await.unwrap()[0].attempt, 1);
}

async fn follow_up(store: &gangway::store::Store, onboarding: gangway_core::event::OnboardingId, what: Vec<FollowUp>) {
    let rows: Vec<_> = what.into_iter().map(|what| EffectFollowUp { onboarding, what }).collect();
    let mut tx = store.begin().await.unwrap();
    tx.follow_up(&rows).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_settled_effect_is_never_due_again(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    insert_effects(&store, &[call(&ann, 1, at(0), Some(lease(SHORT))), call(&ann, 2, at(0), None)]).await;
    let settled = |n| FollowUp::Settled { n, outcome: "created".into() };
    follow_up(&store, ann.onboarding.id, vec![settled(1), settled(2)]).await;
    let due = FollowUp::Due { n: 1, at: at(0), mode: Mode::Do, uncertain_since: None };
    follow_up(&store, ann.onboarding.id, vec![due]).await;
    assert!(store.lease_due(&slots(5), lease(LONG)).await.unwrap().is_empty());
    assert!(store.expired_leases(5).await.unwrap().is_empty());
    let figures = store.figures(at(0)).await.unwrap();
    assert_eq!((figures.open_effects, figures.oldest_effect), (0, None));
}

async fn an_effect_that_was_given_up_is_due_again_when_a_person_says_so(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    for (n, outcome) in (1..).zip(["exhausted", "unknown", "broken"]) {
        insert_effects(&store, &[call(&ann, n, at(0), Some(lease(LONG)))]).await;
        follow_up(&store, ann.onboarding.id, vec![FollowUp::Settled { n, outcome: outcome.into() }]).await;
        assert!(store.lease_due(&slots(5), lease(LONG)).await.unwrap().is_empty());
        let due = FollowUp::Due { n, at: at(0), mode: Mode::Do, uncertain_since: None };
        follow_up(&store, ann.onboarding.id, vec![due]).await;
        let leased = store.lease_due(&slots(5), lease(LONG)).await.unwrap();
        assert_eq!(
            leased.iter().map(|effect| (effect.id.n, effect.attempt)).collect::<Vec<_>>(),
            [(n, 2)],
            "{outcome}"
        );
        follow_up(&store, ann.onboarding.id, vec![FollowUp::Settled { n, outcome: "created".into() }]).await;
    }
}

async fn an_effect_that_is_due_again_keeps_its_mode_and_its_doubt(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    insert_effects(&store, &[call(&ann, 1, at(0), Some(lease(LONG)))]).await;
    let due = FollowUp::Due { n: 1, at: at(7), mode: Mode::LookUp, uncertain_since: Some(at(3)) };
    follow_up(&store, ann.onboarding.id, vec![due]).await;
    assert!(store.lease_due_at(at(6), &slots(5), lease(LONG)).await.unwrap().is_empty());
    let leased = store.lease_due_at(at(7), &slots(5), lease(LONG)).await.unwrap();
    let [effect] = leased.as_slice() else { panic!("{leased:?}") };
    assert_eq!((effect.attempt, effect.mode, effect.uncertain_since), (2, Mode::LookUp, Some(at(3))));
    assert_eq!(effect.asked_at, at(0));
}

async fn an_effect_that_exists_is_left_as_it_is(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    insert_effects(&store, &[call(&ann, 1, at(5), None)]).await;
    insert_effects(&store, &[call(&ann, 1, at(9), Some(lease(LONG))), call(&ann, 2, at(6), None)]).await;
    let leased = store.lease_due_at(at(6), &slots(5), lease(LONG)).await.unwrap();
    assert_eq!(leased.iter().map(|one| (one.id.n, one.attempt)).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
}

async fn two_processes_never_lease_the_same_effect(db: &TestDb) {
    let (one, other) = (db.open().await, db.open().await);
    let ann = settled_person(&one, "ann").await;
    let effects: Vec<_> = (1..=60).map(|n| call(&ann, n, at(0), None)).collect();
    insert_effects(&one, &effects).await;
    let all = async |store: gangway::store::Store| {
        let mut mine = Vec::new();
        loop {
            let leased = store.lease_due(&slots(3), Lease { length: LONG, ..lease(LONG) }).await.unwrap();
            if leased.is_empty() {
                return mine;
            }
            mine.extend(numbers(&leased));
        }
    };
    let (mut first, second) = futures_util::future::join(all(one), all(other)).await;
    first.extend(second);
    first.sort_unstable();
    assert_eq!(first, (1..=60).collect::<Vec<_>>());
}
