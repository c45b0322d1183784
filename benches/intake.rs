//! Signed webhooks per second, through the real process: Standard Webhooks, 400 bytes, known identifier, each moves
//! a state, sealed and journaled, default durability. `cargo xtask bench intake`; people and connections by
//! BENCH_PEOPLE (30000) and BENCH_CONNECTIONS (256).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints and may stop"
)]

#[path = "support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use support::webhook::webhook;
use support::world::{World, postgres};
use support::{load, percentile, proc};

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let people = setting("BENCH_PEOPLE", 30_000);
    let connections = setting("BENCH_CONNECTIONS", 256);
    runtime.block_on(async {
        for (start, what) in
            [("bench.webhook", "each moves a state"), ("bench.effect", "each moves a state and asks a call")]
        {
            let people = if start == "bench.effect" { people / 3 } else { people };
            match postgres(&start.replace('.', "_")).await {
                Some((url, port)) => {
                    bench(&format!("PostgreSQL, {what}"), start, Some((url, port)), people, connections).await
                }
                None => println!("PostgreSQL: GANGWAY_TEST_POSTGRES_URL is not set; run `cargo xtask bench intake`"),
            }
            bench(&format!("SQLite, {what}"), start, None, people, connections).await;
        }
    });
}

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn bench(title: &str, start: &str, database: Option<(String, u16)>, people: usize, connections: usize) {
    println!("{title}: {people} webhooks, {connections} connections");
    let sandbox = gangway_sandbox::start(gangway_sandbox::Options::default()).await.expect("a sandbox");
    let port = database.as_ref().map(|(_, port)| *port);
    let world = World::new(&start.replace('.', "-"), database.map(|(url, _)| url), &sandbox.original_url());
    world.seed(start, 0, people).await;
    let (mut service, _) = world.serve();
    let server = port.and_then(proc::postgres_pid);
    let requests = Arc::new((0..people).map(webhook).collect::<Vec<_>>());
    let cpu = || (proc::cpu(service.id()), server.map(proc::cpu).unwrap_or_default());
    let before = cpu();
    let outcome = load::run(world.address(), requests, connections).await;
    let after = cpu();
    let micros = |from: Duration, to: Duration| (to - from).as_micros() as f64 / outcome.answered as f64;
    println!(
        "  {:.0}/s, {} refused, p50 {:.1} ms, p99 {:.1} ms; CPU per webhook: service {:.0} µs, database {:.0} µs",
        outcome.answered as f64 / outcome.took.as_secs_f64(),
        outcome.refused,
        percentile(&outcome.latencies, 0.5),
        percentile(&outcome.latencies, 0.99),
        micros(before.0, after.0),
        micros(before.1, after.1),
    );
    println!("  service resident: {} MiB", proc::resident(service.id()) / (1024 * 1024));
    drop(service.kill());
    drop(service.wait());
    sandbox.stop().await;
}
