//! A person decides: what they are told at every state, what they may do, and what follows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::http::Answer;
use crate::on_both_databases;
use crate::wait::{throughout, until};
use crate::world::{Setup, World};

on_both_databases!(
    a_refused_user_comes_to_support_who_may_retry_move_or_cancel,
    a_wallet_that_never_comes_is_awaited_in_words_and_cancelled_by_an_operator,
    every_state_on_the_way_says_what_is_awaited_from_whom_since_when,
);

#[track_caller]
fn says(onboarding: &Value, parts: &[&str]) {
    let why = onboarding["why"].as_str().unwrap();
    for part in parts {
        assert!(why.contains(part), "`{why}` does not say `{part}`");
    }
}

/// The problem's id.
fn problem(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap().trim_start_matches("urn:gangway:problem:").to_owned()
}

async fn in_review(world: &World, user: &str) -> Value {
    let id = world.sign_up(user, &format!("{user}@example.com"), "en").await;
    world.comes_to(&id, "review").await
}

async fn a_refused_user_comes_to_support_who_may_retry_move_or_cancel(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let [first, second] = [in_review(&world, "ann-refused").await, in_review(&world, "ben-refused").await];
    assert_eq!(first["state"], "review");
    let (state, since) = (first["state"].as_str().unwrap(), first["since"].as_str().unwrap());
    says(&first, &["review: support is asked because create_user ended refused", "since ", since]);
    assert_eq!(state, "review");
    let next = first["next"]["what"].as_str().unwrap();
    assert!(next.contains("support chooses") && next.contains("retry") && next.contains("give_up"), "{next}");
    assert_eq!(first["next"]["at"], json!(null));

    let id = first["id"].as_str().unwrap();
    let stale = world.act(id, "retry", &json!({ "reason": "I looked long ago", "revision": 1 })).await.is(409);
    assert_eq!(problem(&stale), "revision");
    let revision = first["revision"].as_u64().unwrap();
    let retried =
        world.act(id, "retry", &json!({ "reason": "mended there", "revision": revision })).await.is(200).json();
    assert!(retried["revision"].as_u64().unwrap() > revision, "{retried}");
    // Still refused: back to support, once more and not for ever.
    let again = until(
        "the second review",
        async || world.onboarding(id).await,
        |seen| seen["status"] == "review" && seen["revision"].as_u64() > retried["revision"].as_u64(),
    );
    again.await;
    assert_eq!(world.calls("external_id=ann-refused&action=create_user").await.len(), 2);

    let moved = world.act(id, "move", &json!({ "reason": "nothing to do", "state": "nowhere" })).await.is(409);
    assert!(moved.json()["detail"].as_str().unwrap().contains("create_user"), "{}", moved.text);
    let moved = world.act(id, "move", &json!({ "reason": "nothing to do", "state": "done" })).await.is(200).json();
    assert_eq!((&moved["status"], &moved["state"]), (&json!("completed"), &json!("done")));
    let ended = world.act(id, "retry", &json!({ "reason": "again?" })).await.is(409);
    assert!(ended.json()["detail"].as_str().unwrap().contains("ended"), "{}", ended.text);

    let other = second["id"].as_str().unwrap();
    let cancelled = world.act(other, "cancel", &json!({ "reason": "left us" })).await.is(200).json();
    assert_eq!((&cancelled["status"], &cancelled["next"]), (&json!("cancelled"), &json!(null)));
    let journal = world.journal(other).await;
    let last = journal.last().unwrap();
    assert_eq!((&last["source"], &last["verdict"]), (&json!("operator:all"), &json!("applied")), "{last}");
    assert_eq!(last["detail"], "cancelled by an operator; reason: left us");
    world.stop().await;
}

async fn a_wallet_that_never_comes_is_awaited_in_words_and_cancelled_by_an_operator(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let id = world.sign_up("cid-nowallet", "cid@example.com", "en").await;
    let waiting = world.comes_to(&id, "waiting").await;
    says(&waiting, &["waiting for original.wallet_created", "from original", waiting["since"].as_str().unwrap()]);
    assert!(waiting["next"]["what"].as_str().unwrap().contains("original.get_user"), "{waiting}");
    assert!(waiting["next"]["at"].is_string(), "{waiting}");
    // Polls go on, and say nothing new.
    let polls = async || world.calls("external_id=cid-nowallet&action=get_user").await.len();
    until("two polls", polls, |polls| *polls >= 2).await;
    assert_eq!(world.onboarding(&id).await["state"], "wallet");
    world.act(&id, "cancel", &json!({ "reason": "gave up waiting" })).await.is(200);
    let after = polls().await;
    // One may have been under way; no other follows.
    let quiet = Duration::from_millis(900);
    throughout("no poll after the end", quiet, polls, |seen| *seen <= after + 1).await;
    let ended = world.onboarding(&id).await;
    assert_eq!(ended["status"], "cancelled");
    says(&ended, &["cancelled in wallet since 20"]);
    world.stop().await;
}

async fn every_state_on_the_way_says_what_is_awaited_from_whom_since_when(db: &TestDb) {
    let world = Setup::default().set("outbound.retry.first", "1h").set("outbound.retry.max", "1h").start(db).await;
    world.far.set_mischief("fail=1".parse().unwrap());
    let failing = world.sign_up("dan", "dan@example.com", "en").await;
    let seen = until(
        "a failed attempt",
        async || world.onboarding(&failing).await,
        |seen| !seen["why"].as_str().unwrap().contains("being performed"),
    );
    let seen = seen.await;
    assert_eq!((&seen["status"], &seen["state"]), (&json!("active"), &json!("create_user")));
    says(&seen, &["original.create_user: ", "20"]);
    assert!(seen["next"]["at"].is_string(), "{seen}");
    world.far.set_mischief("none".parse().unwrap());
    let fine = world.sign_up("eve-nowallet", "eve@example.com", "en").await;
    let seen = world.comes_to(&fine, "waiting").await;
    let since = seen["since"].as_str().unwrap();
    assert_eq!(seen["why"], format!("waiting for original.wallet_created from original since {since}"));
    world.stop().await;
}
