//! The README's first command, as its reader runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use std::process::{Command, Output};

fn demo(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.args(["demo", "--once", "--users", "18", "--port", "0"]).args(more);
    command.output().expect("the demo runs")
}

fn everybody_arrived(output: &Output) {
    let (said, aside) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "exit {:?}\n{said}\n{aside}", output.status.code());
    assert!(said.contains("18 of 18 are where their scenario says"), "{said}\n{aside}");
    assert!(said.contains(" 0 doubled"), "{said}");
    for line in ["url=http://", "token=gw_", "mailbox=http://"] {
        assert!(said.lines().any(|said| said.starts_with(line)), "no {line}: {said}");
    }
}

#[test]
fn the_demo_takes_everybody_where_their_scenario_says_on_the_embedded_database() {
    everybody_arrived(&demo(&[]));
}

#[test]
fn the_demo_takes_everybody_there_on_postgresql_and_rabbitmq_too() {
    let given =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run `cargo xtask test`"));
    let (postgres, amqp) = (given("GANGWAY_TEST_POSTGRES_URL"), given("GANGWAY_TEST_AMQP_URL"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(db::TestDb::empty_postgres());
    everybody_arrived(&demo(&["--seed", "2", "--database-url", &database.url, "--amqp-url", &amqp]));
    drop((database, postgres));
}

#[path = "support/db.rs"]
mod db;

#[test]
fn the_demo_prints_one_json_line_for_each_person_and_one_for_all() {
    let output = demo(&["--seed", "3", "--json"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<serde_json::Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), 19, "{said}");
    assert!(lines.iter().take(18).all(|line| line["as_planned"] == true), "{said}");
    assert_eq!(lines[18]["doubled_at_the_far_end"], 0);
}
