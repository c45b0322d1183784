//! Real servers: what is promised about them holds on this machine.
//!
//! Where the programs are not installed (the run uses containers or given URLs), there is nothing to prove.

use std::process::{Command, Stdio};
use xtask::locate;
use xtask::scratch::Scratch;
use xtask::services::{Postgres, RabbitMq};

/// Runs one statement through `psql`, which is beside the server's programs.
fn sql(server: &Postgres, statement: &str) -> Result<String, String> {
    let psql = locate::postgres().ok_or("not installed")?.postgres.with_file_name("psql");
    let output = Command::new(psql)
        .args([&server.url(), "-XAtqc", statement])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_committed_row_survives_the_kill_of_postgresql() {
    if locate::postgres().is_none() {
        return eprintln!("PostgreSQL is not installed here");
    }
    let folder = Scratch::create("postgres-kill").unwrap();
    let mut server = Postgres::start(folder.path()).unwrap();
    assert_eq!(sql(&server, "show fsync").unwrap(), "on");
    assert_eq!(sql(&server, "show synchronous_commit").unwrap(), "on");
    assert_eq!(sql(&server, "show max_connections").unwrap(), "300");
    sql(&server, "create table kept as select 7 as n").unwrap();
    server.kill().unwrap();
    assert!(sql(&server, "select 1").is_err(), "a killed server answered");
    server.restart().unwrap();
    assert_eq!(sql(&server, "select n from kept").unwrap(), "7");
}

#[test]
fn a_virtual_host_survives_the_kill_of_rabbitmq_and_the_url_stays() {
    if locate::rabbitmq().is_none() {
        return eprintln!("RabbitMQ is not installed here");
    }
    let folder = Scratch::create("rabbitmq-kill").unwrap();
    let mut broker = RabbitMq::start(folder.path()).unwrap();
    let url = broker.url();
    broker.ctl().add_vhost("kept").unwrap();
    broker.kill().unwrap();
    assert!(broker.ctl().run(&["list_vhosts"]).is_err(), "a killed broker answered");
    broker.restart().unwrap();
    let hosts = broker.ctl().run(&["list_vhosts", "name"]).unwrap();
    assert!(hosts.lines().any(|line| line == "kept"), "{hosts}");
    assert_eq!(broker.url(), url);
    broker.stop().unwrap();
}
