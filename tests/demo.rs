//! The README's first command, as its reader runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use std::process::{Command, Output};

fn demo(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.args(["demo", "--once", "--port", "0"]).args(more);
    command.output().expect("the demo runs")
}

fn everybody_arrived(output: &Output, people: u32) {
    let (said, aside) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "exit {:?}\n{said}\n{aside}", output.status.code());
    assert!(said.contains(&format!("{people} of {people} are where their scenario says")), "{said}\n{aside}");
    assert!(said.contains(" 0 doubled"), "{said}");
    for line in ["url=http://", "token=gw_", "mailbox=http://"] {
        assert!(said.lines().any(|said| said.starts_with(line)), "no {line}: {said}");
    }
}

#[test]
fn nothing_of_the_demo_stays_behind_when_it_cannot_start() {
    let folder = tempdir();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    let output = command.args(["demo", "--once", "--port", &port]).env("TMPDIR", &folder).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir(&folder).unwrap();
    // Its folder has nowhere to be, which is told with its name.
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && said.contains(&folder.display().to_string()), "{said}");
}

fn tempdir() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("gangway-demo-test-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

#[test]
fn two_hundred_people_of_all_flows_end_where_their_scenario_says_and_every_trap_is_taken() {
    let output = demo(&["--users", "200"]);
    everybody_arrived(&output, 200);
    let said = String::from_utf8_lossy(&output.stdout);
    for (flow, _) in gangway::app::SHIPPED {
        let flow = flow.trim_start_matches("flows/").trim_end_matches(".yaml");
        assert!(said.lines().any(|line| line.starts_with(&format!("{flow} "))), "no {flow}: {said}");
    }
    for trap in gangway_sandbox::traps::all() {
        assert!(said.lines().any(|line| line.starts_with(&format!("  {trap} "))), "no {trap}: {said}");
    }
}

#[test]
fn the_demo_takes_everybody_there_on_postgresql_and_rabbitmq_too() {
    let given =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run `cargo xtask test`"));
    let (postgres, amqp) = (given("GANGWAY_TEST_POSTGRES_URL"), given("GANGWAY_TEST_AMQP_URL"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(db::TestDb::empty_postgres());
    everybody_arrived(&demo(&["--seed", "2", "--database-url", &database.url, "--amqp-url", &amqp]), 96);
    drop((database, postgres));
}

#[path = "support/db.rs"]
mod db;
#[path = "demo/far_and_wide.rs"]
mod far_and_wide;
#[path = "support/hidden.rs"]
mod hidden;

#[test]
fn the_demo_prints_one_json_line_for_each_person_one_for_each_flow_and_one_for_all() {
    let output = demo(&["--users", "18", "--seed", "3", "--json"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<serde_json::Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), 18 + 6 + 1, "{said}");
    let people: u64 = lines[18..24].iter().map(|flow| flow["people"].as_u64().expect("a sum")).sum();
    assert_eq!(people, 18, "{said}");
    assert!(lines.iter().take(18).all(|line| line["as_planned"] == true), "{said}");
    assert_eq!(lines[24]["doubled_at_the_far_end"], 0);
}
