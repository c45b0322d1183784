//! The read side, flows, tokens, and what is kept aside.

use std::collections::HashMap;

use gangway::store::Store;
use gangway::store::aside::{AsideCap, AsideFilter, AsideKind, NewAside};
use gangway::store::flows::StoredFlow;
use gangway::store::search::Filter;
use gangway::store::tokens::TokenGrant;
use gangway::store::types::StoreError;
use gangway_core::event::Identifier;
use gangway_core::onboarding::{FlowRef, Status};

use crate::db::TestDb;
use crate::fixtures::{START, at, claim, message, onboarding, person, row, settled_person};
use crate::on_both_databases;

on_both_databases!(
    a_user_is_found_by_each_identifier_and_by_nothing_else,
    onboardings_are_listed_newest_first_by_filter_and_cursor,
    a_second_running_onboarding_of_the_same_flow_is_not_added,
    a_journal_is_read_in_order_and_in_pages,
    a_flow_version_is_written_once_and_another_text_is_told,
    a_token_is_found_by_its_digest_and_its_name_is_taken_once,
    a_token_that_was_taken_back_is_not_known_and_its_name_is_free,
    deliveries_that_failed_verification_are_capped_for_each_source_in_rows_and_in_bytes,
    what_the_database_refused_is_capped_in_rows_and_in_bytes_and_none_of_it_goes_for_another,
);

async fn a_user_is_found_by_each_identifier_and_by_nothing_else(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    settled_person(&store, "bob").await;
    let (uid, early) = (Identifier::new("original.user_uid", "42"), Identifier::new("original.user_uid", "43"));
    let mut tx = store.begin().await.unwrap();
    tx.claim(&[claim(&store, &uid, Some(&ann)), claim(&store, &early, None)]).await.unwrap();
    let owners = tx.owners(&[store.keys().blind(&uid), store.keys().blind(&early)]).await.unwrap();
    assert_eq!(owners.into_keys().collect::<Vec<_>>(), [store.keys().blind(&uid)]);
    tx.commit().await.unwrap();
    let external_id = Identifier::new(Identifier::EXTERNAL_ID, "ext-ann");
    for wanted in [&uid, &external_id, &Identifier::new(Identifier::EMAIL, " Ann@Mail.example ")] {
        let found = store.users_by(std::slice::from_ref(wanted)).await.unwrap();
        assert_eq!(found, [Ok(ann.onboarding.user.clone())], "{wanted:?}");
    }
    for nobody in [&early, &Identifier::new("other.user_uid", "42")] {
        assert!(store.users_by(std::slice::from_ref(nobody)).await.unwrap().is_empty(), "{nobody:?}");
    }
    let since = store.identifiers_since(&[uid.clone(), external_id.clone(), early]).await.unwrap();
    assert_eq!(since, HashMap::from([(uid, START), (external_id, START)]));
    let found = store.user_onboardings(ann.onboarding.user.id).await.unwrap();
    assert_eq!(found.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [ann.onboarding]);
}

async fn onboardings_are_listed_newest_first_by_filter_and_cursor(db: &TestDb) {
    let store = db.open().await;
    let mut ids = Vec::new();
    for name in ["ann", "bob", "cleo"] {
        ids.push(settled_person(&store, name).await.onboarding.id);
    }
    ids.sort();
    ids.reverse();
    let list = async |filter: Filter| {
        let found = store.onboardings(&filter).await.unwrap();
        found.into_iter().map(|seen| seen.unwrap().id).collect::<Vec<_>>()
    };
    let all = Filter { limit: 10, ..Filter::default() };
    assert_eq!(list(all.clone()).await, ids);
    assert_eq!(list(Filter { limit: 2, ..all.clone() }).await, ids[..2]);
    assert_eq!(list(Filter { cursor: Some((START, ids[1])), ..all.clone() }).await, ids[2..]);
    let waiting = Filter { status: Some(Status::Waiting.word().into()), ..all.clone() };
    assert!(list(waiting).await.is_empty());
    let first = Filter { flow: Some("wallet".into()), state: Some("first".into()), ..all };
    assert_eq!(list(first).await, ids);
}

async fn a_second_running_onboarding_of_the_same_flow_is_not_added(db: &TestDb) {
    let store = db.open().await;
    let mut ann = settled_person(&store, "ann").await;
    let mut tx = store.begin().await.unwrap();
    let mut user = person(&tx, "ann");
    user.user = ann.onboarding.user.clone();
    user.key = ann.key.clone();
    let (second, other) = (onboarding(&user, "wallet"), onboarding(&user, "identity"));
    let added = tx.insert_onboardings(&[second.clone(), other.clone()]).await.unwrap();
    assert_eq!(added, [other.onboarding.id]);
    tx.lock(&[ann.onboarding.id]).await.unwrap();
    ann.onboarding.ended_at = Some(at(1));
    tx.update_onboardings(&[ann.clone()]).await.unwrap();
    assert_eq!(tx.insert_onboardings(std::slice::from_ref(&second)).await.unwrap(), [second.onboarding.id]);
    let briefs = tx.onboardings_of(&[user.user.id]).await.unwrap();
    let ended: Vec<_> = briefs.iter().filter(|brief| brief.ended).map(|brief| brief.id).collect();
    assert_eq!((briefs.len(), ended), (3, vec![ann.onboarding.id]));
    tx.commit().await.unwrap();
}

async fn a_journal_is_read_in_order_and_in_pages(db: &TestDb) {
    let store = db.open().await;
    let ann = settled_person(&store, "ann").await;
    let mut tx = store.begin().await.unwrap();
    let rows: Vec<_> = (0..5).map(|n| row(&store, message(&n.to_string(), "x"), Some(&ann))).collect();
    tx.insert_events(&rows).await.unwrap();
    tx.commit().await.unwrap();
    let all = store.journal(ann.onboarding.id, 0, 10).await.unwrap();
    assert!(all.len() == 5 && all.is_sorted_by_key(|entry| entry.seq));
    let page = store.journal(ann.onboarding.id, all[1].seq, 2).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [all[2].seq, all[3].seq]);
    let entry = &all[0];
    assert_eq!((entry.source.as_str(), entry.kind.as_str(), entry.verdict.as_str()), ("crm", "user.touched", "noted"));
    assert_eq!((entry.onboarding, entry.revision, entry.at), (Some(ann.onboarding.id), Some(1), START));
}

async fn a_flow_version_is_written_once_and_another_text_is_told(db: &TestDb) {
    let store = db.open().await;
    let flow = |version, text: &str| StoredFlow {
        id: FlowRef { name: "wallet".into(), version },
        digest: format!("digest of {text}"),
        text: text.into(),
    };
    assert!(store.add_flows(&[flow(2, "two"), flow(1, "one")]).await.unwrap().is_empty());
    let told = store.add_flows(&[flow(1, "other"), flow(2, "two"), flow(3, "three")]).await.unwrap();
    assert_eq!(told, [flow(1, "one").id]);
    let texts: Vec<_> = store.flows().await.unwrap().into_iter().map(|flow| flow.text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

async fn a_token_is_found_by_its_digest_and_its_name_is_taken_once(db: &TestDb) {
    let store = db.open().await;
    let grant = TokenGrant {
        name: "support".into(),
        scopes: vec!["read".into(), "operate".into()],
        sources: vec!["/signup".into(), "/crm, old".into()],
        created_at: Some(at(1)),
        expires_at: Some(at(2)),
    };
    store.add_token([1; 32], &grant).await.unwrap();
    assert_eq!(store.token([1; 32]).await.unwrap(), Some(grant.clone()));
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
    let error = store.add_token([2; 32], &grant).await.unwrap_err();
    assert!(matches!(&error, StoreError::Poison(text) if text.contains("support")), "{error}");
    let nothing = TokenGrant { name: "nothing".into(), ..TokenGrant::default() };
    store.add_token([3; 32], &nothing).await.unwrap();
    assert_eq!(store.token([3; 32]).await.unwrap(), Some(nothing));
}

async fn a_token_that_was_taken_back_is_not_known_and_its_name_is_free(db: &TestDb) {
    let store = db.open().await;
    let named = |name: &str| TokenGrant { name: name.into(), scopes: vec!["read".into()], ..TokenGrant::default() };
    store.add_token([1; 32], &named("support")).await.unwrap();
    store.add_token([2; 32], &named("sup%")).await.unwrap();
    assert!(store.remove_token("sup%").await.unwrap());
    assert!(!store.remove_token("sup%").await.unwrap());
    assert!(store.token([1; 32]).await.unwrap().is_some(), "a name is whole");
    assert!(store.remove_token("support").await.unwrap());
    assert_eq!(store.token([1; 32]).await.unwrap(), None);
    store.add_token([3; 32], &named("support")).await.unwrap();
}

async fn contents(store: &Store, kind: AsideKind) -> Vec<String> {
    let kept = store.aside(&AsideFilter { kind, source: None, before: None, limit: 20 }).await.unwrap();
    let mut contents = Vec::new();
    for one in kept {
        let (_, content) = store.kept_aside(one.id).await.unwrap().unwrap();
        contents.push(String::from_utf8(content.to_vec()).unwrap());
    }
    contents
}

async fn deliveries_that_failed_verification_are_capped_for_each_source_in_rows_and_in_bytes(db: &TestDb) {
    let store = db.open().await;
    let cap = AsideCap { rows: 3, bytes: 1000 };
    let keep = async |source: &str, second: u64, content: &str| {
        let reason = "bad \0 signature";
        let new = NewAside { source, reason, at: at(second), content: content.as_bytes() };
        store.keep_unverified(&new, cap).await.unwrap();
    };
    for second in 0..6 {
        keep("unverified:original", second, &format!("forged {second}")).await;
    }
    keep("unverified:didx", 9, "other").await;
    assert_eq!(contents(&store, AsideKind::Unverified).await, ["other", "forged 5", "forged 4", "forged 3"]);
    keep("unverified:original", 10, &"x".repeat(940)).await;
    assert_eq!(contents(&store, AsideKind::Unverified).await, ["x".repeat(940), "other".to_owned()]);
}

async fn what_the_database_refused_is_capped_in_rows_and_in_bytes_and_none_of_it_goes_for_another(db: &TestDb) {
    let store = db.open().await;
    let keep = async |content: &str, rows: u32| {
        let new = NewAside { source: "crm", reason: "refused", at: at(1), content: content.as_bytes() };
        store.quarantine(&new, AsideCap { rows, bytes: 500 }).await.unwrap()
    };
    assert!(keep("one", 2).await && keep("two", 2).await);
    assert!(!keep("three", 2).await, "rows");
    assert!(!keep(&"x".repeat(450), 9).await, "bytes");
    let mut kept = contents(&store, AsideKind::Quarantine).await;
    kept.sort();
    assert_eq!(kept, ["one", "two"]);
    let filter = AsideFilter { kind: AsideKind::Quarantine, source: Some("crm".into()), before: None, limit: 1 };
    let newest = store.aside(&filter).await.unwrap().remove(0);
    let older = store.aside(&AsideFilter { before: Some(newest.id), ..filter.clone() }).await.unwrap();
    assert_eq!(older.len(), 1);
    store.forget_aside(newest.kind, newest.id).await.unwrap();
    assert_eq!((store.aside(&filter).await.unwrap(), store.kept_aside(newest.id).await.unwrap()), (older, None));
}
