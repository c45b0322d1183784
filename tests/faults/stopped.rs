//! A process that stands still (SIGSTOP: a machine that is paused, a host that lost its power) inside a transaction,
//! with effects under way, and a second one that goes on with what it can.

use std::time::Duration;

use gangway::store::types::Claim;
use gangway_core::event::Identifier;
use gangway_core::time::Timestamp;
use gangway_sandbox::Options;
use sea_orm::sqlx::{PgPool, query_scalar};
use serde_json::Value;
use tokio::task::{JoinSet, block_in_place};

use crate::db::TestDb;
use crate::dice;
use crate::process::Process;
use crate::world::{Client, Outbox, Sent, World, note, sign_up, token};
use crate::{proof, turn, wait};

const PEOPLE: usize = 8;
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_inside_its_transaction_holds_up_no_stranger_and_doubles_nothing_when_it_goes_on() {
    let _turn = turn().await;
    let mut scene = Scene::new("600s", 71).await;
    let holding = scene.stop_inside().await;
    // Two people whom it holds, and many whom it does not, come to the other one at the same time, in the same batches.
    let there = scene.other.url();
    inside().take(2).for_each(|person| scene.send(&there, sign_up(&person)));
    let mut strangers = JoinSet::new();
    for nth in 0..PEOPLE {
        let (client, there, event) = (scene.client.clone(), there.clone(), sign_up(&format!("stranger-{nth}")));
        strangers.spawn(async move {
            let sent = client.publish(&there, &event).await;
            (event, sent)
        });
    }
    while let Some(done) = strangers.join_next().await {
        let (event, sent) = done.unwrap();
        note(&mut scene.outbox, &event, sent);
    }
    assert!(scene.stands_still(holding).await, "strangers came in only when it had let go");
    scene.one.resume();
    scene.finish(3 * PEOPLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_process_that_stays_stopped_held_another_takes_on_board_and_nothing_is_doubled_when_it_goes_on() {
    let _turn = turn().await;
    let mut scene = Scene::new("3s", 72).await;
    scene.stop_inside().await;
    let there = scene.other.url();
    for person in inside() {
        let event = sign_up(&person);
        let sent = scene.client.publish(&there, &event).await;
        note(&mut scene.outbox, &event, sent);
    }
    proof::decide_reviews(&scene.client, &there, 2 * PEOPLE, LIMIT).await;
    scene.one.resume();
    scene.finish(2 * PEOPLE).await;
}

/// Those whose sign-ups it is writing when it is stopped.
fn inside() -> impl Iterator<Item = String> {
    (0..PEOPLE).map(|nth| format!("inside-{nth}"))
}

struct Scene {
    db: TestDb,
    admin: PgPool,
    world: World,
    one: Process,
    other: Process,
    client: Client,
    outbox: Outbox,
    senders: JoinSet<(Value, Sent)>,
}

impl Scene {
    /// One process, with effects under way; the server lets a transaction of it be idle for this long.
    async fn new(idle: &str, seed: u64) -> Self {
        let db = TestDb::postgres().await;
        let mut dice = dice::seeded("stopped_process", seed);
        let mischief = "delay=0.3,duplicate=0.2".parse().unwrap();
        let options = Options { seed: dice.u64(..), mischief, ..Options::default() };
        let mut world = World::new("stopped", &db.url, options).await;
        let other = world.process("other");
        // It is stopped while it waits for a lock, and must not have given up by then.
        for (key, value) in
            [("idle_in_transaction", idle), ("lock", "60s"), ("statement", "60s"), ("transaction", "60s")]
        {
            world.set(&format!("database.{key}"), value);
        }
        let mut one = world.process("one");
        world.hook(&other);
        let client = Client::new(token(&one));
        one.start();
        client.ready(&mut one, LIMIT).await;
        let admin = PgPool::connect(&db.url).await.unwrap();
        let (outbox, senders) = (Outbox::new(), JoinSet::new());
        let mut scene = Self { db, admin, world, one, other, client, outbox, senders };
        let here = scene.one.url();
        (0..PEOPLE).for_each(|nth| scene.send(&here, sign_up(&format!("under-way-{nth}"))));
        let enough = dice.u64(3..12);
        let calls = async || (scene.world.sandbox.summary().calls >= enough).then_some(());
        wait::until("some calls", LIMIT, calls).await;
        scene
    }

    /// Has it sent until it is answered, meanwhile.
    fn send(&mut self, url: &str, event: Value) {
        let (client, url) = (self.client.clone(), url.to_owned());
        self.senders.spawn(async move {
            let sent = client.publish(&url, &event).await;
            (event, sent)
        });
    }

    /// Stops it in the middle of a transaction: it waits for a person's name, stands still, and has what it waited for.
    /// Starts the other one. Answers which connection holds what it holds.
    async fn stop_inside(&mut self) -> i32 {
        let (store, name) = (self.db.open().await, Identifier::new(Identifier::EXTERNAL_ID, "inside-0"));
        let blind = store.keys().blind(&name);
        let claim = Claim { blind, kind: "user.external_id".into(), owner: None, since: Timestamp(0) };
        let mut taken = store.begin().await.unwrap();
        taken.claim(&[claim]).await.unwrap();
        let here = self.one.url();
        inside().for_each(|person| self.send(&here, sign_up(&person)));
        let waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                     AND application_name = 'gangway intake' AND wait_event_type = 'Lock'";
        let waiting = async || query_scalar::<_, i32>(waits).fetch_optional(&self.admin).await.unwrap();
        let pid = wait::until("a batch in the middle of its transaction", LIMIT, waiting).await;
        self.one.pause();
        drop(taken);
        let still = async || self.stands_still(pid).await.then_some(());
        wait::until("its transaction to stand still", LIMIT, still).await;
        self.other.start();
        self.client.ready(&mut self.other, LIMIT).await;
        pid
    }

    /// Whether this connection is inside a transaction in which nothing happens.
    async fn stands_still(&self, pid: i32) -> bool {
        let state = query_scalar::<_, Option<String>>("SELECT state FROM pg_stat_activity WHERE pid = $1").bind(pid);
        state.fetch_optional(&self.admin).await.unwrap().flatten().is_some_and(|state| state == "idle in transaction")
    }

    /// Everyone is on board, both end, and everything is counted.
    async fn finish(mut self, people: usize) {
        while let Some(done) = self.senders.join_next().await {
            let (event, sent) = done.unwrap();
            note(&mut self.outbox, &event, sent);
        }
        proof::decide_reviews(&self.client, &self.other.url(), people, LIMIT).await;
        proof::far_end_quiet(&self.world).await;
        for process in [&mut self.one, &mut self.other] {
            let status = block_in_place(|| process.stop(LIMIT));
            assert_eq!(status.code(), Some(0), "{}", process.log());
        }
        let (url, config) = (self.db.url.clone(), self.one.config.clone());
        proof::nothing_lost_and_nothing_doubled(&self.world, &url, &config, people, &self.outbox).await;
    }
}
