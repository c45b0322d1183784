//! What is due without an event.

use gangway::store::types::Loaded;
use gangway_core::onboarding::Status;
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::fixtures::{at, call, insert_effects, settled_person};
use crate::on_both_databases;

on_both_databases!(
    the_longest_overdue_is_woken_first_and_nobody_before_the_time,
    an_onboarding_without_effect_timer_or_review_is_found,
    those_without_a_reason_are_found_piece_by_piece,
);

async fn write(store: &gangway::store::Store, row: &Loaded) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.lock(&[row.onboarding.id]).await.unwrap().len(), 1);
    tx.update_onboardings(std::slice::from_ref(row)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn the_longest_overdue_is_woken_first_and_nobody_before_the_time(db: &TestDb) {
    let store = db.open().await;
    let mut rows = Vec::new();
    for (name, wake) in [("ann", Some(30)), ("bob", Some(10)), ("cleo", None), ("dan", Some(90))] {
        let mut row = settled_person(&store, name).await;
        row.onboarding.wake_at = wake.map(at);
        row.onboarding.revision = 4;
        write(&store, &row).await;
        rows.push(row);
    }
    assert_eq!(store.next_wake().await.unwrap(), Some(at(10)));
    let lease = Millis::secs(100);
    assert!(store.claim_wakes(at(9), lease, 10).await.unwrap().is_empty());
    assert_eq!(store.figures(at(9)).await.unwrap().oldest_wake, None);
    let figures = store.figures(at(30)).await.unwrap();
    assert_eq!(figures.oldest_wake, Some(at(10)));
    assert_eq!(figures.onboardings, [("wallet".to_owned(), "active".to_owned(), 4)]);
    let claim = async |now| {
        let due = store.claim_wakes(now, lease, 1).await.unwrap();
        due.into_iter().map(|wake| (wake.onboarding, wake.revision, wake.at)).collect::<Vec<_>>()
    };
    let [ann, bob] = [&rows[0], &rows[1]].map(|row| row.onboarding.id);
    assert_eq!(claim(at(30)).await, [(bob, 4, at(10))]);
    assert_eq!(claim(at(30)).await, [(ann, 4, at(30))]);
    assert!(claim(at(30)).await.is_empty(), "each is claimed once");
    assert_eq!(store.next_wake().await.unwrap(), Some(at(90)));
    assert_eq!(claim(at(129)).await, [(rows[3].onboarding.id, 4, at(90))]);
    assert_eq!(claim(at(130)).await.len() + claim(at(130)).await.len(), 2, "and again when the claim has run out");
}

async fn those_without_a_reason_are_found_piece_by_piece(db: &TestDb) {
    let store = db.open().await;
    let mut active = Vec::new();
    for name in ["ann", "bob", "cleo"] {
        active.push(settled_person(&store, name).await.onboarding.id);
    }
    active.sort();
    let mut row = settled_person(&store, "dan").await;
    row.onboarding.status = Status::Waiting;
    write(&store, &row).await;
    let dan = row.onboarding.id;
    let mut pieces = Vec::new();
    for _ in 0..4 {
        let mut piece = store.without_reason(1).await.unwrap();
        piece.sort_by_key(|id| *id == dan);
        pieces.push(piece);
    }
    // After the last comes an empty look, then the front again.
    let expected = [vec![active[0], dan], vec![active[1]], vec![active[2], dan], vec![]];
    assert_eq!(pieces, expected);
}

async fn an_onboarding_without_effect_timer_or_review_is_found(db: &TestDb) {
    let store = db.open().await;
    let mut expected = Vec::new();
    for name in ["lost", "only publishes", "settled"] {
        expected.push(settled_person(&store, name).await.onboarding.id);
    }
    let mut published = settled_person(&store, "lifecycle").await;
    published.onboarding.status = Status::Waiting;
    write(&store, &published).await;
    insert_effects(&store, &[call(&published, -1, at(0), None)]).await;
    expected.push(published.onboarding.id);

    let asked = settled_person(&store, "asked").await;
    insert_effects(&store, &[call(&asked, 1, at(0), None)]).await;
    for (name, status, wake) in [("timer", Status::Waiting, true), ("review", Status::Review, false)] {
        let mut row = settled_person(&store, name).await;
        row.onboarding.status = status;
        row.onboarding.wake_at = wake.then(|| at(9));
        write(&store, &row).await;
    }
    let mut ended = settled_person(&store, "ended").await;
    ended.onboarding.status = Status::Completed;
    ended.onboarding.ended_at = Some(at(1));
    write(&store, &ended).await;
    expected.sort();
    assert_eq!(store.without_reason(10).await.unwrap(), expected);
    let mut pieces = Vec::new();
    for _ in 0..3 {
        pieces.extend(store.without_reason(2).await.unwrap());
    }
    pieces.sort();
    pieces.dedup();
    assert_eq!(pieces, expected);
}
