//! Events: copies, order, held and adopted.

use std::collections::HashSet;

use gangway::store::types::Owner;
use gangway_core::decision::Verdict;
use gangway_core::event::Identifier;

use crate::db::TestDb;
use crate::fixtures::{adopted, claim, held, held_on, message, row, settled_person};
use crate::on_both_databases;

on_both_databases!(
    a_key_that_is_known_is_not_added_again_and_its_copies_are_counted,
    numbers_follow_the_order_given,
    a_transaction_that_is_dropped_leaves_nothing,
    a_held_event_waits_on_its_identifier_and_moves_to_its_owner_once,
    a_second_owner_does_not_take_an_identifier_from_the_first,
);

async fn a_key_that_is_known_is_not_added_again_and_its_copies_are_counted(db: &TestDb) {
    let store = db.open().await;
    let owner = settled_person(&store, "ann").await;
    let first = row(&store, message("one", "hello"), Some(&owner));
    let mut tx = store.begin().await.unwrap();
    let added = tx.insert_events(&[first.clone(), first.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(added.len(), 1);

    let mut tx = store.begin().await.unwrap();
    let known = tx.known(&[first.dedupe, store.keys().dedupe("crm", "other")]).await.unwrap();
    let seq = known[&first.dedupe].seq;
    assert_eq!((known.len(), added[&first.dedupe]), (1, seq));
    assert_eq!((known[&first.dedupe].digest, known[&first.dedupe].verdict), (first.digest, Verdict::Noted));
    assert!(tx.insert_events(std::slice::from_ref(&first)).await.unwrap().is_empty());
    tx.add_copies(&[(seq, 2), (seq, 1)]).await.unwrap();
    tx.commit().await.unwrap();
    let journal = store.journal(owner.onboarding.id, 0, 10).await.unwrap();
    assert_eq!(journal.iter().map(|entry| entry.copies).collect::<Vec<_>>(), [4]);
}

async fn numbers_follow_the_order_given(db: &TestDb) {
    let store = db.open().await;
    let owner = settled_person(&store, "ann").await;
    let rows: Vec<_> = (0..200).map(|n| row(&store, message(&format!("key {n}"), "x"), Some(&owner))).collect();
    let mut tx = store.begin().await.unwrap();
    let added = tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();
    let seqs: Vec<i64> = rows.iter().map(|row| added[&row.dedupe]).collect();
    assert!(seqs.is_sorted() && seqs.iter().collect::<HashSet<_>>().len() == rows.len(), "{seqs:?}");
}

async fn a_transaction_that_is_dropped_leaves_nothing(db: &TestDb) {
    let store = db.open().await;
    let row = row(&store, message("one", "hello"), None);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.insert_events(std::slice::from_ref(&row)).await.unwrap().len(), 1);
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.known(&[row.dedupe]).await.unwrap().is_empty());
}

async fn a_held_event_waits_on_its_identifier_and_moves_to_its_owner_once(db: &TestDb) {
    let store = db.open().await;
    let uid = Identifier::new("original.user_uid", "42");
    let rows = ["a", "b", "c"].map(|key| held(&store, key, &[&uid]));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.claim(&[claim(&store, &uid, None)]).await.unwrap()[&rows[0].held_on[0]], None);
    tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();

    let owner = settled_person(&store, "ann").await;
    let mut tx = store.begin().await.unwrap();
    let blind = store.keys().blind(&uid);
    let owners = tx.claim(&[claim(&store, &uid, Some(&owner))]).await.unwrap();
    assert_eq!(owners[&blind], Some(Owner::Onboarding(owner.onboarding.id)));
    let found = held_on(&mut tx, &[blind], 2).await;
    assert_eq!(found.iter().map(|held| held.event.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((&found[0].raw, &found[0].event), (&rows[0].raw, &rows[0].event));
    tx.adopt(&adopted(&owner, found)).await.unwrap();
    let rest = held_on(&mut tx, &[blind], 10).await;
    assert_eq!(rest.iter().map(|held| held.event.key.as_str()).collect::<Vec<_>>(), ["c"]);
    tx.commit().await.unwrap();
    let history = store.history(owner.onboarding.id).await.unwrap();
    assert_eq!(history.iter().map(|(_, event)| event).collect::<Vec<_>>(), [&rows[0].event, &rows[1].event]);
}

async fn a_second_owner_does_not_take_an_identifier_from_the_first(db: &TestDb) {
    let store = db.open().await;
    let (first, second) = (settled_person(&store, "ann").await, settled_person(&store, "bob").await);
    let uid = Identifier::new("original.user_uid", "42");
    let mut tx = store.begin().await.unwrap();
    for owner in [&first, &second] {
        let owners = tx.claim(&[claim(&store, &uid, Some(owner)), claim(&store, &uid, None)]).await.unwrap();
        assert_eq!(owners[&store.keys().blind(&uid)], Some(Owner::Onboarding(first.onboarding.id)));
    }
    // The e-mail address belongs to the user, and stays there.
    let email = Identifier::new(Identifier::EMAIL, "ann@mail.example");
    let owners = tx.claim(&[claim(&store, &email, Some(&second))]).await.unwrap();
    assert_eq!(owners[&store.keys().blind(&email)], Some(Owner::User(first.onboarding.user.id)));
}
