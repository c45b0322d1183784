//! PostgreSQL stopped, and killed, in the middle of the work.

use std::time::Duration;

use gangway_sandbox::Options;
use serde_json::json;
use tokio::task::{JoinSet, block_in_place};
use xtask::scratch::Scratch;
use xtask::services::Postgres;

use crate::dice;
use crate::gate::Gate;
use crate::world::{Client, Outbox, Sent, World, note, sign_up, token, webhook};
use crate::{proof, turn, wait};

const PEOPLE: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_away_gives_no_2xx_and_everything_goes_on_by_itself_when_it_is_back() {
    let _turn = turn().await;
    let folder = Scratch::create("away").unwrap();
    let mut postgres = block_in_place(|| Postgres::start(folder.path())).unwrap();
    let mut dice = dice::seeded("database_away", 41);
    let options =
        Options { seed: dice.u64(..), mischief: "delay=0.5,duplicate=0.2".parse().unwrap(), ..Options::default() };
    let mut world = World::new("away", &postgres.url(), options).await;
    // Senders are told to try again soon, not after ten seconds.
    world.set("intake.answer_within", "1s");
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.ready(&mut process, Duration::from_secs(60)).await;
    let (url, place, mut outbox) = (process.url(), webhook(&process), Outbox::new());
    for (outage, by_power_cut) in [(0, false), (1, true)] {
        let mut senders = JoinSet::new();
        for nth in 0..PEOPLE {
            let (client, url, event) = (client.clone(), url.clone(), sign_up(&format!("person-{outage}-{nth}")));
            senders.spawn(async move {
                let sent = client.publish(&url, &event).await;
                (event, sent)
            });
        }
        let enough = world.sandbox.summary().calls + dice.u64(5..40);
        wait::until("some calls", Duration::from_secs(60), async || {
            (world.sandbox.summary().calls >= enough).then_some(())
        })
        .await;
        block_in_place(|| if by_power_cut { postgres.kill() } else { postgres.stop() }).unwrap();
        let late = sign_up(&format!("late-{outage}"));
        let mut sent = refused_while_away(&client, &url, &place, &late).await;
        block_in_place(|| postgres.restart()).unwrap();
        client.ready(&mut process, Duration::from_secs(60)).await;
        sent.add(client.publish(&url, &late).await);
        note(&mut outbox, &late, sent);
        while let Some(done) = senders.join_next().await {
            let (event, sent) = done.unwrap();
            note(&mut outbox, &event, sent);
        }
    }
    let people = 2 * (PEOPLE + 1);
    proof::decide_reviews(&client, &url, people, Duration::from_secs(60)).await;
    proof::far_end_quiet(&world).await;
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
    proof::nothing_lost_and_nothing_doubled(&world, &postgres.url(), &process.config, people, &outbox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_sent_while_the_database_was_away_for_longer_than_a_lease_is_not_sent_twice() {
    let _turn = turn().await;
    let folder = Scratch::create("away-mail").unwrap();
    let mut postgres = block_in_place(|| Postgres::start(folder.path())).unwrap();
    let gate = Gate::closed().await;
    let mut world = World::new("away-mail", &postgres.url(), Options::default()).await;
    world.set("outbound.lease", "13s");
    world.set("mail.timeout", "8s");
    world.set("mail.url", format!("smtp://{}?tls=none", gate.address));
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.ready(&mut process, Duration::from_secs(60)).await;
    let url = process.url();
    for nth in 0..3 {
        client.publish(&url, &sign_up(&format!("person-{nth}"))).await;
    }
    let sent = || (gate.taken().len() == 3).then_some(());
    wait::until("the mails at the server", Duration::from_secs(60), async || sent()).await;
    block_in_place(|| postgres.kill()).unwrap();
    gate.open();
    // Said once a lease has passed since the attempt began.
    let kept = "it is kept and offered again";
    wait::until("three outcomes that are kept", Duration::from_secs(60), async || {
        (process.log().matches(kept).count() == 3).then_some(())
    })
    .await;
    block_in_place(|| postgres.restart()).unwrap();
    client.everybody_on_board(&url, 3, Duration::from_secs(60)).await;
    let (mut ids, count) = (gate.taken(), gate.taken().len());
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), count), (3, 3), "each once");
    let status = block_in_place(|| process.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", process.log());
}

/// While the database is away every sender is told to try again, and readiness names what is missing.
async fn refused_while_away(client: &Client, url: &str, place: &str, event: &serde_json::Value) -> Sent {
    // It names no one: it may be on disk all the same when the database is back, and must not stay held then.
    let body = json!({ "event": "app.checked", "data": {} });
    let mut sent = Sent::default();
    for nth in 0..3 {
        let webhook = client.webhook_once(place, &format!("refused-{nth}"), &body).await;
        assert!(matches!(webhook, Some(429 | 503)), "{webhook:?} for a webhook while the database is away");
        let published = client.publish_once(url, event).await;
        assert!(matches!(published, Some(429 | 503)), "{published:?} for an event while the database is away");
        sent.tries += 1;
    }
    // The writer is not yet heard while it tries, and vouches for the database for a moment after it was well.
    let seen = async || {
        let (status, readiness) = client.readiness(url).await?;
        (status == 503 && readiness["missing"] == json!(["database", "writer"])).then_some(())
    };
    wait::until("readiness to name both", Duration::from_secs(60), seen).await;
    sent
}
