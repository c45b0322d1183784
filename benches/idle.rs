//! What the service costs when nothing happens: time from start to ready, queries per second and resident memory with
//! many waiting onboardings. `cargo xtask bench idle`; people by BENCH_PEOPLE (100000).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may stop"
)]

#[path = "support/mod.rs"]
mod support;

use std::time::Duration;

use support::proc;
use support::world::{World, postgres};

const WATCH: Duration = Duration::from_secs(30);

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let people = std::env::var("BENCH_PEOPLE").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    runtime.block_on(async {
        let fresh = World::new("fresh", None, "http://127.0.0.1:9/v1");
        let (mut service, took) = fresh.serve();
        println!("SQLite, new database: ready after {} ms", took.as_millis());
        stop(&mut service);
        let (mut service, took) = fresh.serve();
        println!("SQLite, known database: ready after {} ms", took.as_millis());
        stop(&mut service);
        idle("SQLite", None, people).await;
        match postgres("idle").await {
            Some((url, _)) => idle("PostgreSQL", Some(url), people).await,
            None => println!("PostgreSQL: GANGWAY_TEST_POSTGRES_URL is not set; run `cargo xtask bench idle`"),
        }
    });
}

async fn idle(title: &str, database: Option<String>, people: usize) {
    println!("{title}, {people} waiting onboardings:");
    let world = World::new("idle", database.clone(), "http://127.0.0.1:9/v1");
    world.seed("bench.webhook", 0, people).await;
    if let Some(url) = &database {
        support::settle(url).await;
    }
    let (mut service, took) = world.serve();
    println!("  ready after {} ms", took.as_millis());
    // The first look of each connection prepares its statements; what a service that has been idle costs comes after.
    for when in ["first", "then"] {
        watch(when, &service, database.as_deref()).await;
    }
    stop(&mut service);
}

/// Prints what half a minute costs.
async fn watch(when: &str, service: &std::process::Child, database: Option<&str>) {
    let before = (proc::cpu(service.id()), statements(database).await);
    std::thread::sleep(WATCH);
    let after = (proc::cpu(service.id()), statements(database).await);
    let seconds = WATCH.as_secs_f64();
    // Each look of ours is one transaction too.
    let asked = before.1.zip(after.1).map(|(before, after)| (after - before - 1) as f64 / seconds);
    println!(
        "  {when}: {}resident {} MiB, CPU {:.2} % of a core",
        asked.map(|asked| format!("{asked:.2} transactions/s, ")).unwrap_or_default(),
        proc::resident(service.id()) / (1024 * 1024),
        (after.0 - before.0).as_secs_f64() / seconds * 100.0
    );
}

/// Transactions of this database so far.
async fn statements(url: Option<&str>) -> Option<i64> {
    Some(support::transactions(url?).await)
}

fn stop(service: &mut std::process::Child) {
    drop(service.kill());
    drop(service.wait());
}
