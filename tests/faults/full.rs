//! SQLite on a disk that is full: the process may not make any file larger than it is.

use std::process::Command;
use std::time::Duration;

use gangway_sandbox::Options;
use tokio::task::{JoinSet, block_in_place};

use crate::db::TestDb;
use crate::dice;
use crate::process::Process;
use crate::world::{Client, Outbox, Sent, World, note, sign_up, token};
use crate::{proof, turn, wait};

const PEOPLE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_gives_no_2xx_and_everything_goes_on_when_there_is_room_again() {
    let _turn = turn().await;
    let db = TestDb::sqlite().await;
    let mut dice = dice::seeded("full_disk", 51);
    let mut world = World::new("full", &db.url, Options { seed: dice.u64(..), ..Options::default() }).await;
    world.set("intake.answer_within", "1s");
    let mut process = world.process("gangway");
    // Without this the system ends a process that writes beyond the limit; a full disk does not do that.
    process.limit("trap '' XFSZ;");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.ready(&mut process, Duration::from_secs(60)).await;
    let (url, mut senders, mut outbox) = (process.url(), JoinSet::new(), Outbox::new());
    for nth in 0..PEOPLE {
        let (client, url, event) = (client.clone(), url.clone(), sign_up(&format!("person-{nth}")));
        senders.spawn(async move {
            let sent = client.publish(&url, &event).await;
            (event, sent)
        });
    }
    let enough = dice.u64(10..60);
    wait::until("some calls", Duration::from_secs(60), async || {
        (world.sandbox.summary().calls >= enough).then_some(())
    })
    .await;
    // No room at all: the write-ahead log begins anew now and then, and would find room in what it has.
    limit_files(&process, "0");
    let late = sign_up("late");
    let mut sent = refused_while_full(&client, &url, &late).await;
    limit_files(&process, "unlimited");
    // The writer finds out by itself that there is room again.
    client.ready(&mut process, Duration::from_secs(60)).await;
    sent.add(client.publish(&url, &late).await);
    note(&mut outbox, &late, sent);
    while let Some(done) = senders.join_next().await {
        let (event, sent) = done.unwrap();
        note(&mut outbox, &event, sent);
    }
    proof::decide_reviews(&client, &url, PEOPLE + 1, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, PEOPLE + 1, &outbox).await;
}

async fn refused_while_full(client: &Client, url: &str, event: &serde_json::Value) -> Sent {
    let mut sent = Sent::default();
    for _ in 0..3 {
        let published = client.publish_once(url, event).await;
        assert!(matches!(published, Some(429 | 503)), "{published:?} for an event while the disk is full");
        sent.tries += 1;
    }
    let (status, readiness) = client.readiness(url).await.unwrap();
    assert_eq!((status, &readiness["missing"]), (503, &serde_json::json!(["writer"])), "{readiness}");
    sent
}

/// The largest size of a file that the running process may write from now on, in bytes.
fn limit_files(process: &Process, most: &str) {
    let (pid, limit) = (process.id().to_string(), format!("--fsize={most}:unlimited"));
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(done.success());
}
