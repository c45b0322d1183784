//! A start that meets a taken port, or a server that is away.

use std::net::TcpListener;
use std::time::Duration;

use gangway_sandbox::Options;

use crate::db::TestDb;
use crate::ports::port;
use crate::process::Process;
use crate::world::{Client, World, part, sign_up, token};
use crate::{turn, wait};

async fn exit_code(process: &mut Process) -> Option<i32> {
    process.start();
    let ended = async || process.ended();
    wait::until("gangway to end", Duration::from_secs(60), ended).await.code()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_ends_the_start_with_3_and_names_the_setting() {
    let _turn = turn().await;
    let db = TestDb::sqlite().await;
    let world = World::new("taken", &db.url, Options::default()).await;
    let mut process = world.process("gangway");
    let _taken = TcpListener::bind(("127.0.0.1", process.port)).unwrap();
    assert_eq!(exit_code(&mut process).await, Some(3), "{}", process.log());
    let log = process.log();
    assert!(log.contains(&process.port.to_string()) && log.contains("server.listen"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_database_ends_the_start_with_3_and_no_password_in_the_message() {
    let _turn = turn().await;
    let url = format!("postgres://somebody:hidden-word@127.0.0.1:{}/nowhere", port());
    let world = World::new("unreachable", &url, Options::default()).await;
    let mut process = world.process("gangway");
    assert_eq!(exit_code(&mut process).await, Some(3), "{}", process.log());
    let log = process.log();
    assert!(log.contains("cannot be reached") && log.contains("nowhere"), "{log}");
    assert!(!log.contains("hidden-word"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_broker_keeps_nothing_from_webhooks_and_readiness_shows_it() {
    let _turn = turn().await;
    let db = TestDb::sqlite().await;
    let mut world = World::new("no-broker", &db.url, Options::default()).await;
    world.set("amqp.url", format!("amqp://guest:guest@127.0.0.1:{}/%2f", port()));
    let mut process = world.process("gangway");
    world.hook(&process);
    let client = Client::new(token(&process));
    process.start();
    client.publish(&process.url(), &sign_up("ann")).await;
    client.everybody_on_board(&process.url(), 1, Duration::from_secs(60)).await;
    let (status, readiness) = client.parts(&process.url()).await.unwrap();
    assert_eq!((status, part(&readiness, "amqp")), (200, Some(false)), "{readiness}");
}
