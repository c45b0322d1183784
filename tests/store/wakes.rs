//! What is due without an event.

use gangway::store::types::Loaded;
use gangway_core::event::Identifier;
use gangway_core::onboarding::Status;

use crate::db::TestDb;
use crate::fixtures::{at, call, claim, held, insert_effects, settled_person};
use crate::on_both_databases;

on_both_databases!(
    the_longest_overdue_is_woken_first_and_nobody_before_the_time,
    held_events_expire_by_age_and_are_not_found_for_adoption_any_more,
    an_onboarding_without_effect_timer_or_review_is_found,
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
    let due = store.due_wakes(at(30), None, 10).await.unwrap();
    let due: Vec<_> = due.iter().map(|wake| (wake.onboarding, wake.revision, wake.at)).collect();
    assert_eq!(due, [(rows[1].onboarding.id, 4, at(10)), (rows[0].onboarding.id, 4, at(30))]);
    assert_eq!(store.due_wakes(at(30), None, 1).await.unwrap().len(), 1);
    assert!(store.due_wakes(at(9), None, 10).await.unwrap().is_empty());
    let figures = store.figures(at(30)).await.unwrap();
    assert_eq!((figures.oldest_wake, store.figures(at(9)).await.unwrap().oldest_wake), (Some(at(10)), None));
    assert_eq!(figures.onboardings, [("wallet".to_owned(), "active".to_owned(), 4)]);
}

async fn held_events_expire_by_age_and_are_not_found_for_adoption_any_more(db: &TestDb) {
    let store = db.open().await;
    let uid = Identifier::new("original.user_uid", "42");
    let rows = [("old", 0), ("older", 0), ("fresh", 50)].map(|(key, second)| {
        let mut row = held(&store, key, &uid);
        row.event.received_at = at(second);
        row
    });
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, None)]).await.unwrap();
    tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.figures(at(0)).await.unwrap().held, 3);
    assert_eq!(store.expire_held(at(50), 1).await.unwrap(), 1);
    assert_eq!(store.expire_held(at(50), 10).await.unwrap(), 1);
    assert_eq!(store.expire_held(at(50), 10).await.unwrap(), 0);
    let mut tx = store.begin().await.unwrap();
    let left = tx.held_on(&[store.keys().blind(&uid)], 10).await.unwrap();
    assert_eq!(left.iter().map(|held| held.event.key.as_str()).collect::<Vec<_>>(), ["fresh"]);
    drop(tx);
    let expired = store.events_by_verdict("expired", None, 10).await.unwrap();
    assert!(expired.len() == 2 && expired[0].seq > expired[1].seq);
    assert_eq!(store.events_by_verdict("expired", Some(expired[0].seq), 10).await.unwrap().len(), 1);
    assert!(store.events_by_verdict("no such word' or 1=1", None, 10).await.unwrap().is_empty());
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
    assert_eq!(store.without_reason(2).await.unwrap().len(), 2);
}
