//! Every trap does what its line in the table says.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Haven, haven, haven_with};
use crate::common::receiver::receiver;
use crate::common::{text, until};

async fn active(haven: &Haven, wallet: &Value) {
    until("an active wallet", async || (haven.status(wallet).await == "Active").then_some(())).await;
}

fn message(body: &Value) -> String {
    text(&body["error"]["message"])
}

#[tokio::test]
async fn in_the_trap_hexists_the_user_is_found_with_wallets_after_a_401() {
    let haven = haven().await;
    let email = "a-hexists@example.org";
    let (token, wish) = haven.started(email).await;
    let (status, body) = haven.complete(&token, &wish).await;
    assert_eq!((status, message(&body).as_str()), (401, "User already exists."));
    assert_eq!(haven.effects("complete_enduser", email).await, ["refused"]);
    assert_eq!(haven.recovered(email).await, (200, 1));
    assert_eq!(haven.world.running.summary().webhooks, 0);
}

#[tokio::test]
async fn in_the_trap_hexpired_the_first_token_has_run_out_and_the_second_is_good() {
    let haven = haven().await;
    let (token, wish) = haven.started("a-hexpired@example.org").await;
    let (status, body) = haven.complete(&token, &wish).await;
    assert_eq!((status, message(&body).contains("exists")), (401, false), "{body}");
    haven.registered("a-hexpired@example.org").await;
}

#[tokio::test]
async fn in_the_traps_hlost_and_hundone_the_reply_is_lost_once_with_and_without_a_user() {
    for (email, effect, found, again) in
        [("a-hlost@example.org", "lost_done", (200, 1), 401), ("a-hundone@example.org", "lost_undone", (401, 0), 200)]
    {
        let haven = haven().await;
        let (token, wish) = haven.started(email).await;
        let bearer = format!("Bearer {token}");
        let path = "/auth/registration/enduser";
        let lost = haven.ask(Method::POST, path, &[("Authorization", &bearer)], &wish.to_string()).await;
        assert!(lost.is_err(), "{email}");
        assert_eq!(haven.effects("complete_enduser", email).await, [effect]);
        assert_eq!(haven.recovered(email).await, found, "{email}");
        assert_eq!(haven.complete(&token, &wish).await.0, again, "{email}");
        assert_eq!(haven.world.running.summary().haven.wallets, 1);
    }
}

#[tokio::test]
async fn in_the_trap_hlate_a_wallet_becomes_active_later_and_a_webhook_says_so() {
    let mut receiver = receiver(&[]);
    let haven = haven().await;
    haven.webhook(&receiver.url).await;
    let registered = haven.registered("a-hlate@example.org").await;
    let wallet = &registered["wallets"][0];
    assert_eq!((&wallet["status"], wallet["address"].is_string()), (&json!("Inactive"), true));
    let mut both = [receiver.next().await.body, receiver.next().await.body];
    both.sort_by_key(|body| text(&body["kind"]));
    let [activated, created] = both;
    assert_eq!(
        (&created["kind"], &created["data"]["wallet"]["status"]),
        (&json!("wallet.created"), &json!("Inactive"))
    );
    assert_eq!(activated["kind"], "wallet.activated");
    assert_eq!(activated["data"]["wallet"]["id"], wallet["id"]);
    assert_eq!(activated["data"]["wallet"]["status"], "Active");
    assert_eq!(haven.status(wallet).await, "Active");
}

#[tokio::test]
async fn in_the_trap_hearly_the_webhook_is_there_before_the_reply() {
    let mut receiver = receiver(&[]);
    let haven = haven_with(|options| options.haven.event_delay = std::time::Duration::from_secs(60)).await;
    haven.webhook(&receiver.url).await;
    let registered = haven.registered("a-hearly@example.org").await;
    // Nothing is waited for: it came before, or the test fails.
    let came = receiver.rest();
    assert_eq!((came.len(), &came[0].body["data"]["wallet"]), (1, &registered["wallets"][0]));
    assert_eq!(haven.effects("complete_enduser", "a-hearly@example.org").await, ["done"]);
}

#[tokio::test]
async fn in_the_trap_hagain_an_accepted_webhook_comes_again_with_a_new_id() {
    let mut receiver = receiver(&[]);
    let haven = haven().await;
    haven.webhook(&receiver.url).await;
    haven.registered("a-hagain@example.org").await;
    let [first, again] = [receiver.next().await.body, receiver.next().await.body];
    assert_eq!((&again["retryOf"], &again["date"], &again["data"]), (&first["id"], &first["date"], &first["data"]));
    assert_eq!((&again["deliveryAttempt"], again["id"] == first["id"]), (&json!(2), false));
}

#[tokio::test]
async fn in_the_trap_hmissed_no_webhook_arrives_and_read_back_and_wallet_tell() {
    let mut receiver = receiver(&[]);
    let haven = haven().await;
    let (id, _) = haven.webhook(&receiver.url).await;
    let registered = haven.registered("a-hmissed@example.org").await;
    let wallet = &registered["wallets"][0];
    assert_eq!(wallet["status"], "Inactive");
    active(&haven, wallet).await;
    let path = format!("/webhooks/{id}/events?deliveryFailed=true&kind=wallet.activated");
    let missed =
        until("the event", async || haven.get(&path).await.1["items"].as_array().unwrap().first().cloned()).await;
    assert_eq!((&missed["data"]["wallet"]["id"], &missed["deliveryFailed"]), (&wallet["id"], &json!(true)));
    assert!(receiver.rest().is_empty());
    let listed = haven.world.own("/_webhooks?external_id=a-hmissed@example.org").await;
    assert!(listed.as_array().unwrap().iter().all(|one| one["state"] == "silenced"), "{listed}");
}

#[tokio::test]
async fn in_the_trap_hnever_a_wallet_stays_inactive_also_when_it_is_to_be_activated() {
    let haven = haven().await;
    let registered = haven.registered("a-hnever@example.org").await;
    let wallet = &registered["wallets"][0];
    let path = format!("/wallets/{}/activate", text(&wallet["id"]));
    let (status, transaction) = haven.signed(Method::POST, &path, "").await;
    assert_eq!((status, &transaction["status"]), (200, &json!("Pending")));
    until("everything to settle", async || (haven.world.running.summary().pending == 0).then_some(())).await;
    assert_eq!(haven.status(wallet).await, "Inactive");
    assert_eq!(haven.world.running.summary().haven.active, 0);
}

#[tokio::test]
async fn in_the_trap_hactivate_a_wallet_waits_for_a_call() {
    let haven = haven().await;
    let registered = haven.registered("a-hactivate@example.org").await;
    let wallet = &registered["wallets"][0];
    assert_eq!((&wallet["status"], wallet.get("address")), (&json!("Inactive"), None));
    let path = format!("/wallets/{}/activate", text(&wallet["id"]));
    assert_eq!(haven.signed(Method::POST, &path, "{}").await.0, 200);
    active(&haven, wallet).await;
}

#[tokio::test]
async fn in_the_traps_hforbidden_hemployee_and_hhalf_one_person_alone_cannot_begin() {
    let haven = haven().await;
    for (trap, status, kind, registered) in [
        ("hforbidden", 403, None, None),
        ("hemployee", 401, Some("CustomerEmployee"), Some(true)),
        ("hhalf", 401, Some("EndUser"), Some(false)),
    ] {
        let email = format!("a-{trap}@example.org");
        for _ in 0..2 {
            assert_eq!(haven.start(&email).await.0, status, "{trap}");
        }
        let (_, users) = haven.get("/auth/users").await;
        let user = users["items"].as_array().unwrap().iter().find(|user| user["username"] == json!(email)).cloned();
        let told = |name: &str| user.as_ref().map(|user| user[name].clone());
        assert_eq!(
            (told("kind"), told("isRegistered")),
            (kind.map(Value::from), registered.map(Value::from)),
            "{trap}"
        );
    }
    assert_eq!(haven.recovered("a-hemployee@example.org").await, (403, 0));
    assert_eq!(haven.recovered("a-hhalf@example.org").await, (401, 0));
    haven.registered("b@example.org").await;
}

#[tokio::test]
async fn in_the_trap_htoken_the_service_account_is_refused_once_between_challenge_and_call() {
    let haven = haven().await;
    let email = "a-htoken@example.org";
    let body = json!({ "email": email, "kind": "EndUser" }).to_string();
    let path = "/auth/registration/delegated";
    let (status, challenge) = haven.challenge(&Method::POST, path, &body).await;
    assert_eq!(status, 200);
    let factor = crate::client::assertion(&haven.private_key, &haven.credential_id, &text(&challenge["challenge"]));
    assert_eq!(haven.answer(&challenge, factor.clone()).await.0, 401);
    assert_eq!(haven.answer(&challenge, factor).await.0, 200);
    haven.registered(email).await;
    assert_eq!(haven.recovered(email).await, (200, 1));
    assert_eq!(haven.effects("sign_action", email).await, ["unauthorized", "done", "done", "done"]);
}

#[tokio::test]
async fn in_the_trap_happroval_the_completion_is_202_and_done_later() {
    let haven = haven().await;
    let email = "a-happroval@example.org";
    let (token, wish) = haven.started(email).await;
    let (status, body) = haven.complete(&token, &wish).await;
    assert_eq!((status, body.get("wallets")), (202, None));
    until("the approval", async || (haven.recovered(email).await == (200, 1)).then_some(())).await;
    let (status, body) = haven.complete(&token, &wish).await;
    assert_eq!((status, message(&body).as_str()), (401, "User already exists."));
}

#[tokio::test]
async fn a_word_in_the_external_id_traps_as_well() {
    let haven = haven().await;
    let body = json!({ "email": "plain@example.org", "kind": "EndUser", "externalId": "u-hnever" }).to_string();
    let (_, started) = haven.signed(Method::POST, "/auth/registration/delegated", &body).await;
    let wish = crate::client::credentials(&text(&started["challenge"]));
    let (status, body) = haven.complete(&text(&started["temporaryAuthenticationToken"]), &wish).await;
    assert_eq!((status, &body["wallets"][0]["status"]), (200, &json!("Inactive")));
    assert_eq!(haven.effects("complete_enduser", "u-hnever").await, ["done"]);
}
