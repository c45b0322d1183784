//! What is kept apart: how much a stranger can make of it, who may look, and the way back.

use gangway::app;
use gangway::settings::{Input, Settings};
use gangway::store::aside::{AsideFilter, AsideKind, KeptAside};
use gangway_core::time::Timestamp;
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::intake::{is_problem, wallet_created};
use crate::on_both_databases;
use crate::world::{SECRET, Setup, World, by_hand};

on_both_databases!(
    a_flood_of_forgeries_writes_a_bounded_amount_and_the_genuine_one_lands,
    deliveries_that_a_wrong_secret_of_ours_turned_away_are_taken_once_it_is_mended,
    whatever_is_not_believed_today_is_not_taken_and_says_why,
);

async fn kept(world: &World) -> Vec<KeptAside> {
    let filter = AsideFilter { kind: AsideKind::Unverified, source: None, before: None, limit: 10_000 };
    world.running.engine.store.aside(&filter).await.unwrap()
}

async fn forged(world: &World, secret: &str, body: &str) -> u16 {
    let path = format!("/webhooks/original/{secret}");
    world.ask("POST", &path).header("x-webhook-correlation-id", "w-1").body(body).send().await.status
}

async fn a_flood_of_forgeries_writes_a_bounded_amount_and_the_genuine_one_lands(db: &TestDb) {
    // The clock stands: whatever the flood takes, it is one moment.
    let clock = gangway::clock::HandClock::at(Timestamp(1_800_000_000_000));
    let mut setup = Setup::default().unhooked().set("intake.unverified_rate", 20);
    setup.seams = by_hand(&clock);
    let world = setup.start(db).await;
    let body = "x".repeat(100_000);
    for _ in 0..60 {
        assert_eq!(forged(&world, "another-path-secret-0123456789", &body).await, 401);
    }
    let kept = kept(&world).await;
    let bytes: u64 = kept.iter().map(|one| one.size).sum();
    assert!(kept.len() <= 20 && !kept.is_empty(), "{}", kept.len());
    assert!(bytes < 20 * 12_000, "{bytes} bytes of 6 MB");
    assert_eq!(world.webhook("w-1", wallet_created("77")).await.is(200).json()["copy"], false);
    world.stop().await;
}

async fn list(world: &World) -> Vec<Value> {
    world.get("/v1/aside?kind=unverified").await["items"].as_array().unwrap().clone()
}

async fn take(world: &World, id: &str) -> crate::http::Answer {
    world.post(&format!("/v1/aside/{id}/take"), &json!({})).await
}

async fn deliveries_that_a_wrong_secret_of_ours_turned_away_are_taken_once_it_is_mended(db: &TestDb) {
    let theirs = "what-the-provider-has-0123456789";
    let world = Setup::default().unhooked().start(db).await;
    let body = String::from_utf8(wallet_created("77").into()).unwrap();
    for (n, user) in ["77", "78"].into_iter().enumerate() {
        let body = body.replace("77", user);
        let asked = world.ask("POST", &format!("/webhooks/original/{theirs}"));
        asked.header("x-webhook-correlation-id", &format!("w-{n}")).body(body).send().await.is(401);
    }
    let items = list(&world).await;
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["source"], &items[0]["reason"]), (&json!("unverified:original"), &json!("wrong_secret")));
    assert!(!items[0].to_string().contains("wallet") && !items[0].to_string().contains(theirs), "{items:?}");
    let (api, command) = (items[0]["id"].as_str().unwrap(), items[1]["id"].as_str().unwrap());
    is_problem(&take(&world, api).await.is(409));
    let (name, text) = world.input.file.clone().unwrap();
    let mended = Input { file: Some((name, text.replace(SECRET, theirs))), ..world.input.clone() };
    assert!(matches!(world.running.reload(&mended), app::Reloaded::Taken(_)));
    let taken = take(&world, api).await.is(200).json();
    assert_eq!((&taken["verdict"], &taken["copy"]), (&json!("held"), &json!(false)), "{taken}");
    let settings = Settings::read(&mended).unwrap();
    let store = world.running.engine.store.clone();
    let said = app::take_aside(&settings, store, command.parse().unwrap()).await.unwrap();
    assert!(said.starts_with("held"), "{said}");
    assert!(list(&world).await.is_empty());
    assert_eq!(world.get("/v1/events?verdict=held").await["items"].as_array().unwrap().len(), 2);
    is_problem(&take(&world, api).await.is(404));
    world.stop().await;
}

async fn whatever_is_not_believed_today_is_not_taken_and_says_why(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    forged(&world, "another-path-secret-0123456789", &"x".repeat(9000)).await;
    forged(&world, "another-path-secret-0123456789", "{}").await;
    let items = list(&world).await;
    for (item, why) in items.iter().zip(["the secret does not fit", "only its beginning was kept"]) {
        let answer = take(&world, item["id"].as_str().unwrap()).await.is(409);
        assert!(answer.text.contains(why), "{}", answer.text);
    }
    assert_eq!(list(&world).await, items, "they are kept as before");
    let reader = world.token_for("reader", &["read"]).await;
    let path = format!("/v1/aside/{}/take", items[0]["id"].as_str().unwrap());
    world.ask("POST", &path).bearer(&reader).json(&json!({})).send().await.is(403);
    is_problem(&world.ask("GET", "/v1/aside?kind=both").bearer(&reader).send().await.is(400));
    world.stop().await;
}
