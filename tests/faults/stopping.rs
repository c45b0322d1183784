//! SIGTERM in the middle of the work.

use std::time::Duration;

use gangway_sandbox::Options;
use tokio::task::JoinSet;

use crate::db::TestDb;
use crate::dice;
use crate::world::{Client, Outbox, World, note, sign_up, token};
use crate::{proof, turn, wait};
use fastrand::Rng;

const STOPS: u64 = 6;
const PEOPLE: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_under_load_leaves_nothing_unknown_and_no_lease_to_wait_for_on_sqlite() {
    let _turn = turn().await;
    graceful_stops(&TestDb::sqlite().await, dice::seeded("graceful_stops_on_sqlite", 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_under_load_leaves_nothing_unknown_and_no_lease_to_wait_for_on_postgres() {
    let _turn = turn().await;
    graceful_stops(&TestDb::postgres().await, dice::seeded("graceful_stops_on_postgres", 2)).await;
}

async fn graceful_stops(db: &TestDb, mut dice: Rng) {
    let options = Options { seed: dice.u64(..), mischief: "delay=0.8".parse().unwrap(), ..Options::default() };
    let mut world = World::new("stops", &db.url, options).await;
    // Longer than any wait of this test: a process that had to wait for one would be late.
    world.set("outbound.lease", "1h");
    world.set("outbound.request_timeout", "60s");
    world.set("mail.timeout", "60s");
    world.set("server.stop", "4m");
    world.set("outbound.stop", "3m");
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    let (url, mut senders) = (process.url(), JoinSet::new());
    for stop in 0..STOPS {
        process.start();
        client.ready(&mut process, Duration::from_secs(60)).await;
        for nth in 0..PEOPLE {
            let (client, url, event) = (client.clone(), url.clone(), sign_up(&format!("person-{stop}-{nth}")));
            senders.spawn(async move {
                let sent = client.publish(&url, &event).await;
                (event, sent)
            });
        }
        let enough = world.sandbox.summary().calls + dice.u64(3..25);
        wait::within(Duration::from_secs(2), async || (world.sandbox.summary().calls >= enough).then_some(())).await;
        let status = tokio::task::block_in_place(|| process.stop(Duration::from_mins(5)));
        assert_eq!(status.code(), Some(0), "{}", process.log());
    }
    process.start();
    let mut outbox = Outbox::new();
    while let Some(done) = senders.join_next().await {
        let (event, sent) = done.unwrap();
        note(&mut outbox, &event, sent);
    }
    let people = usize::try_from(STOPS * PEOPLE).unwrap();
    client.everybody_on_board(&url, people, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    tokio::task::block_in_place(|| process.stop(Duration::from_secs(60)));
    let log = process.log();
    assert!(!log.contains("a lease ran out"), "a stop left a lease behind");
    let everybody = proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, people, &outbox).await;
    for (onboarding, history) in &everybody {
        for state in ["create_user", "first_asset", "wallet", "welcome"] {
            assert_eq!(proof::unknown_outcomes(history, state), 0, "{onboarding:?} {history:#?}");
        }
    }
}
