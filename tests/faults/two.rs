//! Two processes on one PostgreSQL: the same events posted to both at the same moment, in different orders.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gangway_sandbox::Options;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::db::TestDb;
use crate::dice;
use crate::world::{Client, Outbox, World, note, sign_up, token, webhook};
use crate::{proof, turn, wait};
use fastrand::Rng;

const WAVES: usize = 12;
const PEOPLE: usize = 6;
/// The reply to this person's first `POST /user` is lost: for a moment the owner of the uid is unknown.
const LOST: &str = "-lost";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_never_deadlock_and_apply_nothing_twice() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    let mut dice = dice::seeded("two_processes", 31);
    let mischief = "delay=0.2,duplicate=0.3,reorder=0.3".parse().unwrap();
    let options = Options { seed: dice.u64(..), mischief, ..Options::default() };
    let mut world = World::new("two", &db.url, options).await;
    for (key, value) in [("outbound.lease", "60s"), ("outbound.request_timeout", "20s"), ("mail.timeout", "20s")] {
        world.set(key, value);
    }
    let (mut one, mut other) = (world.process("one"), world.process("other"));
    world.hook(&one);
    let client = Client::new(token(&one));
    one.start();
    other.start();
    client.ready(&mut one, Duration::from_secs(60)).await;
    client.ready(&mut other, Duration::from_secs(60)).await;

    let outbox = Arc::new(Mutex::new(Outbox::new()));
    let over = Arc::new(AtomicBool::new(false));
    let early = tokio::spawn(post_webhooks_early(
        (client.clone(), format!("http://{}/_calls", world.sandbox.http)),
        [webhook(&one), webhook(&other)],
        Arc::clone(&outbox),
        Arc::clone(&over),
    ));
    let urls = [one.url(), other.url()];
    for wave in 0..WAVES {
        post_wave(&client, &urls, &outbox, &mut dice, wave).await;
    }
    client.everybody_on_board(&urls[1], WAVES * PEOPLE, Duration::from_secs(60)).await;
    over.store(true, Ordering::SeqCst);
    let seen_early = early.await.unwrap();
    proof::far_end_quiet(&world).await;
    for process in [&mut one, &mut other] {
        let status = tokio::task::block_in_place(|| process.stop(Duration::from_secs(60)));
        assert_eq!(status.code(), Some(0), "{}", process.log());
        let log = process.log();
        for bad in ["in each other's way", "40P01", "deadlock", "ERROR", "no live reason"] {
            assert!(!log.contains(bad), "`{bad}` in the log of one of them:\n{log}");
        }
    }
    let outbox = outbox.lock().unwrap().clone();
    let everybody =
        proof::nothing_lost_and_nothing_doubled(&world, &db.url, &one.config, WAVES * PEOPLE, &outbox).await;
    let adopted =
        everybody.iter().flat_map(|(_, history)| history).filter(|(entry, _)| entry.detail.contains("held since"));
    let adopted = adopted.count();
    eprintln!("{seen_early} uids were named early; {adopted} held events found their owner");
    assert!(adopted > 0, "no event was held at all: the test does not reach what it is for");
}

/// One wave of people: what concerns them goes to both processes at the same moment, in another order to each. In some
/// waves one process gets the sign-ups and the other what is held until then, in some each gets both of different
/// people.
async fn post_wave(client: &Client, urls: &[String; 2], outbox: &Mutex<Outbox>, dice: &mut Rng, wave: usize) {
    let people = (0..PEOPLE).map(|nth| format!("person-{wave}-{nth}{}", if nth % 2 == 0 { LOST } else { "" }));
    let people: Vec<String> = people.collect();
    let starts: Vec<Value> = people.iter().map(|person| sign_up(person)).collect();
    let touches: Vec<Value> = people.iter().flat_map(|person| [touch(person, 1), touch(person, 2)]).collect();
    let everything = || starts.iter().chain(&touches).cloned().collect::<Vec<_>>();
    let crossed = |half: usize| {
        let own = starts.iter().enumerate().filter(|(nth, _)| nth % 2 == half).map(|(_, event)| event);
        let others = touches.iter().enumerate().filter(|(nth, _)| nth / 2 % 2 != half).map(|(_, event)| event);
        own.chain(others).cloned().collect::<Vec<_>>()
    };
    let first = match wave % 4 {
        0 => [everything(), everything()],
        1 => [starts.clone(), touches.clone()],
        2 => [touches.clone(), starts.clone()],
        _ => [crossed(0), crossed(1)],
    };
    for batches in [first, [everything(), everything()]] {
        let mut posts = JoinSet::new();
        for (url, mut events) in urls.iter().zip(batches) {
            for _ in 0..2 {
                dice.shuffle(&mut events);
                let (client, url, events) = (client.clone(), url.clone(), Value::from(events.clone()));
                posts.spawn(async move {
                    let sent = client.publish(&url, &events).await;
                    (events, sent)
                });
            }
        }
        while let Some(done) = posts.join_next().await {
            let (events, sent) = done.unwrap();
            note(&mut outbox.lock().unwrap(), &events, sent);
        }
    }
}

/// An internal event about a person whom gangway may not know yet.
fn touch(person: &str, nth: u32) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("touch-{person}-{nth}"),
        "source": "/faults",
        "type": "profile.touched",
        "subject": person,
        "data": { "nth": nth },
    })
}

/// As soon as the far end has made a user, posts a webhook that names its uid to both processes at the same moment: the
/// one that made the call may be writing that identifier just now.
async fn post_webhooks_early(
    (client, calls): (Client, String),
    places: [String; 2],
    outbox: Arc<Mutex<Outbox>>,
    over: Arc<AtomicBool>,
) -> usize {
    let mut seen: HashSet<String> = HashSet::new();
    let mut posts = JoinSet::new();
    let patience = wait::Patience::of(Duration::from_secs(100));
    while !over.load(Ordering::SeqCst) && patience.again().await {
        let made = client.get(&format!("{calls}?action=create_user")).await.unwrap_or_default();
        let uids = made.as_array().into_iter().flatten().filter_map(|call| call["user_uid"].as_str());
        for uid in uids.filter(|uid| seen.insert((*uid).to_owned())).map(str::to_owned).collect::<Vec<_>>() {
            for place in &places {
                let (client, place, uid, outbox) = (client.clone(), place.clone(), uid.clone(), Arc::clone(&outbox));
                posts.spawn(async move {
                    let key = format!("early-{uid}");
                    let body = json!({ "event": "wallet.created", "data": { "user": { "uid": uid } } });
                    for _ in 0..2 {
                        let sent = client.webhook(&place, &key, &body).await;
                        let name = ("webhook:original".to_owned(), key.clone());
                        outbox.lock().unwrap().entry(name).or_default().add(sent);
                    }
                });
            }
        }
    }
    while let Some(done) = posts.join_next().await {
        done.unwrap();
    }
    seen.len()
}
