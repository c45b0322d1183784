//! Webhooks: what is in them, how often they are tried, and what goes wrong with them on purpose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

mod common;

use common::receiver::receiver;
use common::{World, quick, text, until, world};
use gangway_sandbox::{Options, WebhookSigning};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

fn telling(url: &str, mischief: &str) -> Options {
    let mut options = Options { mischief: mischief.parse().unwrap(), ..quick() };
    options.original.webhook_url = Some(url.to_owned());
    options
}

/// Has one user with nothing but a wallet, so that there is one webhook and no question of order.
async fn wallet_only(url: &str, mischief: &str, signing: WebhookSigning) -> World {
    let mut options = telling(url, mischief);
    options.original.deposit_starts_wallet = true;
    options.original.webhook_signing = signing;
    options.original.wallet_event = "user.wallet_created".into();
    let world = world(options).await;
    let uid = world.user("w").await;
    world.get(&format!("/deposit?user_uid={uid}")).await;
    world
}

/// The list of webhooks, once nothing is under way any more.
async fn settled(world: &World) -> Vec<Value> {
    until("everything to settle", async || (world.running.summary().pending == 0).then_some(())).await;
    world.own("/_webhooks").await.as_array().unwrap().clone()
}

#[tokio::test]
async fn wallet_and_asset_are_told_with_the_documented_headers_and_bodies() {
    let mut receiver = receiver(&[]);
    let world = world(telling(&receiver.url, "none")).await;
    let uid = world.user("h").await;
    let asset_uid = world.asset(&uid, "h-1").await;
    // "In any order" (docs/providers/original.md, 5.5).
    let mut both = [receiver.next().await, receiver.next().await];
    both.sort_by(|one, other| other.event().cmp(one.event()));
    let [wallet, asset] = both;
    assert_eq!(wallet.body, json!({ "event": "wallet.created", "data": { "user": { "uid": uid } } }));
    assert_eq!(asset.body, json!({ "event": "asset.minted", "data": { "asset": { "uid": asset_uid } } }));
    assert_eq!(wallet.path, "/webhooks/original/SECRET");
    assert_eq!(wallet.header("x-webhook-attempt"), "1");
    assert_eq!(wallet.header("x-app-uid"), "281374650912");
    assert!(wallet.header("x-webhook-signature").starts_with("key-"));
    assert_eq!(wallet.header("x-webhook-correlation-id").len(), 36);
    assert_ne!(wallet.header("x-webhook-correlation-id"), asset.header("x-webhook-correlation-id"));
    let listed = settled(&world).await;
    assert!(listed.iter().all(|webhook| webhook["state"] == "accepted"), "{listed:?}");
    assert!(!Value::Array(listed).to_string().contains("SECRET"));
}

#[tokio::test]
async fn a_webhook_is_tried_until_it_is_accepted_with_the_same_id_and_a_counting_attempt() {
    let mut receiver = receiver(&[500, 404, 302]);
    let world = wallet_only(&receiver.url, "none", WebhookSigning::None).await;
    let mut ids = Vec::new();
    for attempt in 1..=4 {
        let webhook = receiver.next().await;
        assert_eq!(webhook.header("x-webhook-attempt"), attempt.to_string());
        ids.push(webhook.header("x-webhook-correlation-id").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let listed = settled(&world).await;
    let statuses: Vec<_> = listed[0]["tries"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [500, 404, 302, 200]);
}

#[tokio::test]
async fn a_webhook_that_nobody_takes_is_given_up_after_the_last_try() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut options = telling(&format!("http://{free}/hook"), "none");
    options.limits.webhook_tries = 3;
    let world = world(options).await;
    let uid = world.user("g").await;
    world.asset(&uid, "g-1").await;
    let listed = settled(&world).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["state"], "given_up");
    assert_eq!(listed[0]["tries"].as_array().unwrap().len(), 3);
    let error = text(&listed[0]["tries"][0]["error"]);
    assert!(error.contains("onnect") && !error.contains("/hook"), "{error}");
}

#[tokio::test]
async fn a_configured_signature_is_the_mac_of_the_raw_body_behind_its_prefix() {
    let mut receiver = receiver(&[]);
    let signing = WebhookSigning::Hmac { secret: "s3cret".into(), prefix: "sha256=".into() };
    let _world = wallet_only(&receiver.url, "none", signing).await;
    let webhook = receiver.next().await;
    let signature = webhook.header("x-webhook-signature").strip_prefix("sha256=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(webhook.raw.as_bytes());
    mac.verify_slice(&hex::decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn a_duplicate_comes_after_the_first_was_accepted_with_the_same_id() {
    let mut receiver = receiver(&[]);
    let world = wallet_only(&receiver.url, "duplicate=1", WebhookSigning::None).await;
    settled(&world).await;
    let wallet = receiver.rest();
    assert_eq!((wallet.len(), wallet[0].event()), (2, "user.wallet_created"));
    assert_eq!(wallet[0].raw, wallet[1].raw);
    assert_eq!(wallet[0].header("x-webhook-correlation-id"), wallet[1].header("x-webhook-correlation-id"));
    assert_eq!(wallet[1].header("x-webhook-attempt"), "2");
}

#[tokio::test]
async fn a_webhook_that_is_held_back_comes_after_the_users_next_one() {
    // Only the wallet's webhook should be held. Seed 7 does so today; if the dice change, the loop finds the next one
    // that does, and the list of webhooks shows it.
    for seed in 7..107 {
        let mut receiver = receiver(&[]);
        let mut options = telling(&receiver.url, "reorder=0.5");
        options.seed = seed;
        let world = world(options).await;
        let uid = world.user("o").await;
        world.asset(&uid, "o-1").await;
        let mischief: Vec<_> = settled(&world).await.iter().map(|one| one["mischief"].clone()).collect();
        if mischief == [json!(["reorder"]), json!([])] {
            assert_eq!(receiver.next().await.event(), "asset.minted");
            assert_eq!(receiver.next().await.event(), "wallet.created");
            return;
        }
    }
    panic!("no seed held back the wallet's webhook alone");
}

#[tokio::test]
async fn a_forgery_comes_first_altered_and_to_a_path_with_a_wrong_secret() {
    let mut receiver = receiver(&[404]);
    let world = wallet_only(&receiver.url, "bad_signature=1", WebhookSigning::None).await;
    let (forged, genuine) = (receiver.next().await, receiver.next().await);
    assert_eq!((forged.path.as_str(), &forged.body["forged"]), ("/webhooks/original/SECRET-forged", &json!(true)));
    assert_eq!((genuine.path.as_str(), &genuine.body["forged"]), ("/webhooks/original/SECRET", &Value::Null));
    assert_eq!(forged.header("x-webhook-correlation-id"), genuine.header("x-webhook-correlation-id"));
    let listed = settled(&world).await;
    assert!(listed.iter().any(|one| one["forged"] == true && one["state"] == "turned_away"), "{listed:?}");
    assert_eq!(world.running.summary().webhooks, 1);
}

#[tokio::test]
async fn a_forgery_of_a_signed_webhook_goes_to_the_right_path_with_a_wrong_signature() {
    let mut receiver = receiver(&[401]);
    let signing = WebhookSigning::Hmac { secret: "s3cret".into(), prefix: String::new() };
    let _world = wallet_only(&receiver.url, "bad_signature=1", signing).await;
    let forged = receiver.next().await;
    assert_eq!((forged.path.as_str(), &forged.body["forged"]), ("/webhooks/original/SECRET", &json!(true)));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(forged.raw.as_bytes());
    assert!(mac.verify_slice(&hex::decode(forged.header("x-webhook-signature")).unwrap()).is_err());
}

#[tokio::test]
async fn silence_the_silent_trap_and_the_trap_without_a_wallet_send_nothing() {
    let mut receiver = receiver(&[]);
    let world = world(telling(&receiver.url, "none")).await;
    for external_id in ["n-nowallet", "n-silent"] {
        let uid = world.user(external_id).await;
        world.asset(&uid, "n-1").await;
    }
    world.running.set_mischief("silence=1".parse().unwrap());
    let uid = world.user("n").await;
    world.asset(&uid, "n-1").await;
    let listed = settled(&world).await;
    assert!(listed.iter().all(|one| one["state"] == "silenced"), "{listed:?}");
    assert_eq!(receiver.rest().len(), 0);
    let summary = world.running.summary();
    assert_eq!((summary.original.users, summary.original.wallets, summary.original.minted), (3, 2, 2));
}

#[tokio::test]
async fn without_a_receiver_nothing_is_sent_and_one_that_is_named_later_gets_only_what_comes_then() {
    let mut late = receiver(&[]);
    let world = world(quick()).await;
    let early = world.user("early").await;
    world.asset(&early, "early-1").await;
    assert!(settled(&world).await.iter().all(|one| one["state"] == "no_url"));
    world.running.set_webhook_url(Some(&late.url));
    let uid = world.user("late").await;
    world.asset(&uid, "late-1").await;
    settled(&world).await;
    assert!(late.rest().iter().all(|webhook| !webhook.raw.contains(&early)));
    assert_eq!(world.running.summary().webhooks_accepted, 2);
}
