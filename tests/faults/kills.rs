//! Thirty SIGKILLs of the real process in the middle of its work.

use std::time::Duration;

use gangway_sandbox::Options;
use tokio::task::JoinSet;

use crate::db::TestDb;
use crate::dice;
use crate::proof;
use crate::turn;
use crate::wait;
use crate::world::{Client, Outbox, World, note, sign_up, token};
use fastrand::Rng;

const KILLS: u64 = 30;
/// People who sign up before each kill.
const PEOPLE: u64 = 3;
const MISCHIEF: &str = "delay=0.1,duplicate=0.2,reorder=0.2,lost_done=0.04,lost_undone=0.02";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_sigkills_lose_and_double_nothing_on_sqlite() {
    let _turn = turn().await;
    let db = TestDb::sqlite().await;
    thirty_sigkills(&db, dice::seeded("thirty_sigkills_on_sqlite", 20_261)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_sigkills_lose_and_double_nothing_on_postgres() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    thirty_sigkills(&db, dice::seeded("thirty_sigkills_on_postgres", 20_262)).await;
}

async fn thirty_sigkills(db: &TestDb, mut dice: Rng) {
    let options = Options { seed: dice.u64(..), mischief: MISCHIEF.parse().unwrap(), ..Options::default() };
    let world = World::new("kills", &db.url, options).await;
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    let (url, mut senders) = (process.url(), JoinSet::new());
    for kill in 0..KILLS {
        process.start();
        for nth in 0..PEOPLE {
            let (client, url, person) = (client.clone(), url.clone(), format!("person-{kill}-{nth}"));
            senders.spawn(async move {
                let event = sign_up(&person);
                let sent = client.publish(&url, &event).await;
                (event, sent)
            });
        }
        // One kill in six comes while it starts, the others after a number of calls at the far end.
        let early = dice.u64(0..6) == 0;
        let limit = Duration::from_millis(if early { dice.u64(0..250) } else { dice.u64(600..1500) });
        let seen = || {
            let summary = world.sandbox.summary();
            summary.calls + summary.messages + summary.webhooks_accepted
        };
        let enough = seen() + dice.u64(1..25);
        wait::within(limit, async || (seen() >= enough).then_some(())).await;
        process.kill();
    }
    process.start();
    let mut outbox = Outbox::new();
    while let Some(done) = senders.join_next().await {
        let (event, sent) = done.unwrap();
        note(&mut outbox, &event, sent);
    }
    let count = usize::try_from(KILLS * PEOPLE).unwrap();
    proof::decide_reviews(&client, &url, count, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    let status = process.stop(Duration::from_secs(60));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    proof::nothing_lost_and_nothing_doubled(&world, &db.url, &process.config, count, &outbox).await;
}
