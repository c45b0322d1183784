//! Who may what: tokens with an end and with sources of their own, and what an address tells whom.

use gangway::app::Reloaded;
use gangway::clock::HandClock;
use gangway::settings::Input;
use gangway::store::tokens::TokenGrant;
use gangway_core::time::{Millis, Timestamp};
use serde_json::json;

use crate::db::TestDb;
use crate::http::Ask;
use crate::intake::{is_problem, wallet_created};
use crate::on_both_databases;
use crate::world::{Setup, by_hand, sign_up};

on_both_databases!(
    a_token_stops_at_its_end_and_publishes_only_under_its_own_sources,
    a_stranger_is_told_whether_it_is_ready_and_nothing_of_providers_causes_or_counts,
    probes_and_metrics_have_an_address_of_their_own_and_metrics_are_nowhere_else,
    a_settings_file_that_was_cut_short_is_refused_and_webhooks_are_taken_all_the_while,
);

async fn a_token_stops_at_its_end_and_publishes_only_under_its_own_sources(db: &TestDb) {
    let clock = HandClock::at(Timestamp(1_800_000_000_000));
    let mut setup = Setup::default().unhooked();
    setup.seams = by_hand(&clock);
    let world = setup.start(db).await;
    let expires_at = Some(Timestamp(1_800_000_060_000));
    let (scopes, sources) = (vec!["publish".to_owned()], vec!["/signup".to_owned()]);
    let grant = TokenGrant { name: "signup".into(), scopes, sources, created_at: None, expires_at };
    let token = world.token_of(grant).await;
    let publish = async |source: &str, id: &str| {
        let mut event = sign_up(id, "ann@example.com", "en");
        event["source"] = json!(source);
        let asked = world.ask("POST", "/v1/events").bearer(&token).body(event.to_string());
        asked.header("content-type", "application/cloudevents+json").send().await
    };
    publish("/signup", "ann").await.is(202);
    is_problem(&publish("/crm", "ann").await.is(403));
    assert_eq!(
        world
            .publish(&{
                let mut event = sign_up("ann", "ann@example.com", "en");
                event["source"] = json!("/crm");
                event
            })
            .await
            .is(202)
            .json()["copy"],
        false,
        "what was refused took nobody's id"
    );
    clock.advance(Millis::secs(61));
    let over = publish("/signup", "ben").await.is(401);
    assert!(over.text.contains("expired"), "{}", over.text);
    world.stop().await;
}

async fn a_stranger_is_told_whether_it_is_ready_and_nothing_of_providers_causes_or_counts(db: &TestDb) {
    let world = Setup::default().start(db).await;
    let publisher = world.token_for("publisher", &["publish"]).await;
    for token in ["", "gw_guessed", publisher.as_str()] {
        let told = world.ask("GET", "/readyz").bearer(token).send().await.is(200).json();
        assert_eq!(told, json!({ "ready": true, "missing": [] }));
    }
    let reader = world.token_for("reader", &["read"]).await;
    let whole = world.ask("GET", "/readyz").bearer(&reader).send().await.is(200).json();
    assert!(whole["parts"].as_array().unwrap().iter().any(|part| part["name"] == "providers"), "{whole}");
    world.stop().await;
}

async fn probes_and_metrics_have_an_address_of_their_own_and_metrics_are_nowhere_else(db: &TestDb) {
    let world = Setup::default().set("server.private_listen", "127.0.0.1:0").start(db).await;
    let private = world.running.private.expect("it is set");
    let ask = |path: &str| Ask::new(private, "GET", path).send();
    let ready = ask("/readyz").await.is(200).json();
    assert!(ready["parts"].as_array().unwrap().iter().any(|part| part["name"] == "providers"), "{ready}");
    assert!(ask("/metrics").await.is(200).text.contains("gangway_queue_depth"));
    ask("/healthz").await.is(200);
    for closed in ["/v1/users?q=x", "/webhooks/original"] {
        is_problem(&ask(closed).await.is(404));
    }
    is_problem(&world.ask("GET", "/metrics").bearer(&world.token).send().await.is(404));
    world.ask("GET", "/readyz").send().await.is(200);
    world.stop().await;
}

async fn a_settings_file_that_was_cut_short_is_refused_and_webhooks_are_taken_all_the_while(db: &TestDb) {
    let world = Setup::default().unhooked().start(db).await;
    let (name, text) = world.input.file.clone().unwrap();
    let without = |what: &str| {
        let text: String = text.lines().filter(|line| !line.contains(what)).map(|line| format!("{line}\n")).collect();
        Input { file: Some((name.clone(), text)), ..world.input.clone() }
    };
    for (cut, key) in [("providers.original", "providers.original"), ("webhook_secret", "providers.original.webhook")] {
        let Reloaded::Refused(problems) = world.running.reload(&without(cut)) else { panic!("{cut} was taken") };
        assert_eq!(problems.0.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), [key]);
        world.webhook(cut, wallet_created(cut)).await.is(200);
    }
    assert!(matches!(world.running.reload(&world.input), Reloaded::Taken(_)));
    world.stop().await;
}
