//! Two processes on one PostgreSQL, as while a new version is taken into service: one with version 1 of a flow and one
//! with version 2, or one that has never seen the flow, or one with settings that lack what it asks for. What one
//! begins, the other takes part in or leaves to it, and nothing is doubled.

use std::collections::BTreeMap;
use std::time::Duration;

use gangway_sandbox::Options;
use serde_json::Value;

use crate::db::TestDb;
use crate::process::Process;
use crate::world::{Client, World, sign_up, token};
use crate::{turn, wait};

const PEOPLE: usize = 60;

fn greeted(version: u32) -> String {
    format!(
        "flow: greeted
version: {version}
title: Version {version}
start: {{ on: user.signed_up, user: {{ id: data.user_id, email: data.email, locale: data.locale }} }}
states:
  create_user:
    call: original.create_user
    with: {{ user_external_id: user.id, email: user.email }}
    outcomes: {{ created: welcome, exists: welcome, refused: lost }}
  welcome:
    mail: welcome
    with: {{ wallet_address: user.id }}
    outcomes: {{ sent: done, refused: lost }}
  lost: {{ end: failed }}
  done: {{ end: completed }}
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_one_and_two_of_a_flow_side_by_side_double_nothing_and_ask_nobody() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    let mut world = World::new("versions", &db.url, Options::default()).await;
    // The new one has one slot for each: most of what it asks for is due, for the first process that comes.
    let mut started = Vec::new();
    for (version, name, slots) in [(1, "old", 8), (2, "new", 1)] {
        let folder = world.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("greeted.yaml"), greeted(version)).unwrap();
        world.set("flows.folders", vec![folder.display().to_string()]);
        world.set("mail.concurrency", slots);
        world.set("providers.original.concurrency", slots);
        let mut process = world.process(name);
        if started.is_empty() {
            let client = Client::new(token(&process));
            process.start();
            client.ready(&mut process, Duration::from_secs(60)).await;
            started.push((process, client));
        } else {
            process.start();
            let client = started[0].1.clone();
            client.ready(&mut process, Duration::from_secs(60)).await;
            started.push((process, client));
        }
    }
    let client = started[0].1.clone();
    let new = started[1].0.url();
    everybody_signs_up_and_has_one_mail(&world, &client, &new).await;
    let begun = client.get(&format!("{new}/v1/onboardings?flow=greeted&limit=500")).await.unwrap();
    assert!(begun["items"].as_array().unwrap().iter().all(|one| one["version"] == 2));
    for (process, _) in started {
        ends_well(process);
    }
}

async fn everybody_signs_up_and_has_one_mail(world: &World, client: &Client, url: &str) {
    let all: Vec<Value> = (0..PEOPLE).map(|nth| sign_up(&format!("person-{nth}"))).collect();
    client.publish(url, &Value::from(all)).await;
    client.everybody_on_board(url, PEOPLE, Duration::from_secs(60)).await;
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    for mail in world.listed("/mailbox/messages").await {
        *mails.entry(mail["to"].to_string()).or_default() += 1;
    }
    assert_eq!((mails.len(), mails.values().max()), (PEOPLE, Some(&1)), "a mail was sent twice: {mails:?}");
}

const NAP: &str = "flow: nap
version: 1
start: { on: user.slept, user: { id: data.user_id } }
states:
  nap:
    wait: 1s
    outcomes: { over: done }
  done: { end: completed }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_process_that_has_the_settings_one_without_them_takes_nothing_and_sends_nobody_into_review() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    let mut world = World::new("settings-apart", &db.url, Options::default()).await;
    let flows = |name: &str, flow: &str| {
        let folder = world.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("flow.yaml"), flow).unwrap();
        vec![folder.display().to_string()]
    };
    let (whole_flows, lacking_flows) = (flows("whole", &greeted(1)), flows("lacking", NAP));
    world.set("flows.folders", whole_flows);
    // One slot for each: most of what is asked for is due, for the first process that comes.
    world.set("mail.concurrency", 1);
    world.set("providers.original.concurrency", 1);
    let mut whole = world.process("whole");
    let client = Client::new(token(&whole));
    whole.start();
    client.ready(&mut whole, Duration::from_secs(60)).await;
    world.set("flows.folders", lacking_flows);
    world.settings.retain(|(key, _)| !key.starts_with("providers.") && key != "mail.url");
    let mut lacking = world.process("lacking");
    lacking.start();
    client.ready(&mut lacking, Duration::from_secs(60)).await;
    everybody_signs_up_and_has_one_mail(&world, &client, &whole.url()).await;
    for process in [lacking, whole] {
        ends_well(process);
    }
}

const FRESH: &str = "flow: fresh
version: 1
start: { on: user.signed_up, user: { id: data.user_id, email: data.email, locale: data.locale } }
states:
  create_user:
    call: original.create_user
    with: { user_external_id: user.id, email: user.email }
    outcomes: { created: tell, exists: tell, refused: lost }
  tell:
    mail: fresh
    outcomes: { sent: done, refused: lost }
  lost: { end: failed }
  done: { end: completed }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_asks_for_what_an_older_process_has_not_is_left_to_the_newer_one_whole() {
    let _turn = turn().await;
    let db = TestDb::postgres().await;
    let mut world = World::new("unseen", &db.url, Options::default()).await;
    let folder = |name: &str, file: &str, text: &str| {
        let folder = world.folder.path().join(name);
        std::fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
        std::fs::write(folder.join(file), text).unwrap();
        folder.display().to_string()
    };
    let (seen, fresh) = (folder("old", "greeted.yaml", &greeted(1)), folder("new", "fresh.yaml", FRESH));
    let templates = folder("mails", "fresh/en.subject.txt", "Fresh");
    for part in ["txt", "html"] {
        folder("mails", &format!("fresh/en.{part}"), "Fresh.");
    }
    world.set("flows.folders", vec![seen]);
    let mut old = world.process("old");
    world.set("flows.folders", vec![fresh]);
    world.set("mail.templates", templates);
    world.set("mail.concurrency", 1);
    let mut new = world.process("new");
    let client = Client::new(token(&old));
    old.start();
    client.ready(&mut old, Duration::from_secs(60)).await;
    new.start();
    client.ready(&mut new, Duration::from_secs(60)).await;
    // It looks what is stored once a sweep.
    let met = async || old.log().contains("a stored flow").then_some(());
    wait::until("the old one to meet the flow", Duration::from_secs(60), met).await;
    let all: Vec<Value> = (0..PEOPLE).map(|nth| sign_up(&format!("person-{nth}"))).collect();
    client.publish(&new.url(), &Value::from(all)).await;
    client.everybody_on_board(&new.url(), PEOPLE, Duration::from_secs(60)).await;
    assert_eq!(world.listed("/mailbox/messages").await.len(), PEOPLE);
    ends_well(new);
    let status = tokio::task::block_in_place(|| old.stop(Duration::from_secs(60)));
    assert_eq!(status.code(), Some(0), "{}", old.log());
}

fn ends_well(mut process: Process) {
    let status = tokio::task::block_in_place(|| process.stop(Duration::from_secs(60)));
    let log = process.log();
    assert_eq!(status.code(), Some(0), "{log}");
    for bad in ["ERROR", "could not be stored", "is not loaded", "a lease ran out"] {
        assert!(!log.contains(bad), "`{bad}` in the log of one of them:\n{log}");
    }
}
