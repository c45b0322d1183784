//! PostgreSQL that falls silent: its connections stay open and bring nothing, and new ones work; then none does.

use std::time::{Duration, Instant};

use gangway_sandbox::Options;
use serde_json::json;
use tokio::task::{JoinSet, block_in_place};
use url::Url;
use xtask::proxy::Proxy;

use crate::db::TestDb;
use crate::dice;
use crate::world::{Client, Outbox, World, note, sign_up, token, webhook};
use crate::{proof, turn, wait};

const PEOPLE: usize = 20;
const SILENCES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_stops_nobody_for_long_is_seen_in_readiness_and_does_not_hold_up_a_stop() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    let mut url: Url = db.url.parse().unwrap();
    let proxy = Proxy::to(url.socket_addrs(|| Some(5432)).unwrap()[0]).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address().port())).unwrap();
    let mut dice = dice::seeded("silent_database", 61);
    let mut world = World::new("silent", url.as_str(), Options { seed: dice.u64(..), ..Options::default() }).await;
    world.set("intake.answer_within", "1s");
    world.set("server.late", "1s");
    world.set("database.statement", "2s");
    world.set("server.stop", "10s");
    world.set("outbound.stop", "9s");
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.ready(&mut process, Duration::from_secs(60)).await;
    let (at, place, mut outbox) = (process.url(), webhook(&process), Outbox::new());
    for silence in 0..SILENCES {
        let mut senders = JoinSet::new();
        for nth in 0..PEOPLE {
            let (client, at, event) = (client.clone(), at.clone(), sign_up(&format!("person-{silence}-{nth}")));
            senders.spawn(async move {
                let sent = client.publish(&at, &event).await;
                (event, sent)
            });
        }
        let enough = world.sandbox.summary().calls + dice.u64(5..40);
        wait::until("some calls", Duration::from_secs(60), async || {
            (world.sandbox.summary().calls >= enough).then_some(())
        })
        .await;
        proxy.silence_existing();
        while let Some(done) = senders.join_next().await {
            let (event, sent) = done.unwrap();
            note(&mut outbox, &event, sent);
        }
        client.ready(&mut process, Duration::from_secs(60)).await;
    }
    let people = SILENCES * PEOPLE;
    proof::decide_reviews(&client, &at, people, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    proxy.silence_all(true);
    // Something must be sent before the silence can be noticed.
    let sending = wait::until("readiness to see it", Duration::from_secs(60), async || {
        let refused = client.webhook_once(&place, "refused", &json!({ "event": "app.checked", "data": {} })).await;
        assert!(matches!(refused, Some(429 | 503)), "{refused:?} for a webhook while the database is silent");
        client.readiness(&at).await.filter(|(status, _)| *status == 503)
    });
    let (_, readiness) = sending.await;
    assert!(readiness["missing"].as_array().unwrap().contains(&json!("writer")), "{readiness}");
    let asked = Instant::now();
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    assert!(asked.elapsed() < Duration::from_secs(20), "a stop within 10 s took {:?}", asked.elapsed());
    proxy.silence_all(false);
    proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, people, &outbox).await;
}
