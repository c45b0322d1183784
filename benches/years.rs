//! Whether a minute costs more as the years pass: the same figures on a PostgreSQL database full of people and on an
//! empty one, side by side, in turns, in one run. `cargo xtask bench years`; sizes by BENCH_ENDED (10 000 000 people
//! who have ended), BENCH_WAITING (1 000 000 who wait) and BENCH_EVENTS (50 000 000 rows of the journal): the usual
//! size takes about 60 GB of disk; 100 000, 10 000 and 500 000 run in a minute or two. Turns by BENCH_ROUNDS (5),
//! webhooks of one turn by BENCH_WEBHOOKS (3000).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints and may stop"
)]

#[path = "support/mod.rs"]
mod support;

use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangway::api::token;
use gangway::clock::{Clock, SystemChance, SystemClock};
use gangway::engine::{Door, Engine, sweep, writer};
use gangway::store::tokens::TokenGrant;
use gangway::store::types::Lease;
use gangway_core::time::Millis;
use support::fill::{Sizes, fill};
use support::load::Outcome;
use support::webhook::webhook;
use support::world::{World, postgres};
use support::{load, percentile, proc};
use uuid::Uuid;

const CONNECTIONS: usize = 64;
const IDLE: Duration = Duration::from_secs(20);
/// Looks at one figure in one turn.
const LOOKS: usize = 20;

/// A figure, and whether more of it is better.
type Figure = (&'static str, bool, f64);

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let sizes = Sizes {
        ended: setting("BENCH_ENDED", 10_000_000),
        waiting: setting("BENCH_WAITING", 1_000_000),
        events: setting("BENCH_EVENTS", 50_000_000),
    };
    runtime.block_on(bench(sizes, setting("BENCH_ROUNDS", 5) as usize, setting("BENCH_WEBHOOKS", 3_000) as usize));
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn bench(sizes: Sizes, rounds: usize, webhooks: usize) {
    println!("the full database takes about {:.1} GB of disk", sizes.bytes() / 1e9);
    let mut sides = Vec::new();
    for (name, full) in [("empty", false), ("full", true)] {
        let Some((url, _)) = postgres(&format!("years_{name}")).await else {
            return println!("GANGWAY_TEST_POSTGRES_URL is not set; run `cargo xtask bench years`");
        };
        println!("{name}:");
        sides.push(Side::new(name, &url, full.then_some(sizes), rounds * webhooks).await);
    }
    let mut found: Vec<Vec<Vec<Figure>>> = vec![Vec::new(), Vec::new()];
    for nth in 0..rounds {
        println!("turn {} of {rounds}", nth + 1);
        // The first one meets the colder machine, so they take turns.
        for at in if nth % 2 == 0 { [0, 1] } else { [1, 0] } {
            let turn = sides[at].turn(nth, webhooks).await;
            found[at].push(turn);
        }
    }
    println!("idle, {} s", IDLE.as_secs());
    let mut idle = Vec::new();
    for side in &sides {
        // What the server would do by itself after so much writing is not ours.
        support::settle(&side.url).await;
    }
    // Connections that have just come to rest tell what they did up to ten seconds later.
    tokio::time::sleep(Duration::from_secs(12)).await;
    for side in &sides {
        idle.push(side.asked().await);
    }
    tokio::time::sleep(IDLE).await;
    for (side, (before, found)) in sides.iter().zip(idle.into_iter().zip(&mut found)) {
        // Each look of ours is one transaction too.
        let asked = (side.asked().await - before - 1) as f64 / IDLE.as_secs_f64();
        found.push(vec![("idle, transactions/s", false, asked)]);
    }
    table(&found[0], &found[1]);
    for side in sides {
        side.end().await;
    }
}

/// Medians of each figure over the turns, side by side.
fn table(empty: &[Vec<Figure>], full: &[Vec<Figure>]) {
    let mut names: Vec<(&str, bool)> = Vec::new();
    for (name, more, _) in empty.iter().flatten() {
        if !names.contains(&(*name, *more)) {
            names.push((*name, *more));
        }
    }
    let median = |of: &[Vec<Figure>], wanted: &str| {
        let mut all: Vec<f64> = of.iter().flatten().filter(|(name, ..)| *name == wanted).map(|(.., it)| *it).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!("\n{:<34} {:>10} {:>10}   full/empty", "median of the turns", "empty", "full");
    for (name, more) in names {
        let (empty, full) = (median(empty, name), median(full, name));
        let better = if more { "more is better" } else { "less is better" };
        println!("{name:<34} {empty:>10.2} {full:>10.2}   {:>6.2}   {better}", full / empty);
    }
}

/// One database with the process on top of it.
struct Side {
    world: World,
    engine: Arc<Engine>,
    door: Door,
    url: String,
    token: String,
    service: Option<Child>,
}

impl Side {
    async fn new(name: &str, url: &str, sizes: Option<Sizes>, live: usize) -> Self {
        let world = World::new(&format!("years-{name}"), Some(url.to_owned()), "http://127.0.0.1:9/v1");
        // The others are copied from the first few; the served ones come last, with the newest ids.
        world.seed("bench.webhook", live, 256).await;
        if let Some(sizes) = sizes {
            fill(url, sizes).await;
        }
        world.seed("bench.webhook", 0, live).await;
        let engine = Arc::new(world.engine().await);
        engine.store.recount().await.expect("figures");
        let token = token::fresh(&SystemChance);
        let grant = TokenGrant { name: "bench".into(), scopes: vec!["read".into()], ..TokenGrant::default() };
        engine.store.add_token(token::digest(&token), &grant).await.expect("a token");
        let (door, queue) = writer::door(1024);
        drop(writer::start(&engine, &queue, 1));
        Self { world, engine, door, url: url.to_owned(), token, service: None }
    }

    async fn turn(&mut self, nth: usize, webhooks: usize) -> Vec<Figure> {
        self.kill();
        let (service, start) = self.world.serve();
        let pid = service.id();
        self.service = Some(service);
        let taken = self.send((nth * webhooks..(nth + 1) * webhooks).map(webhook).collect()).await;
        let metrics = self.send(vec![load::get("/metrics", ""); LOOKS]).await;
        let search = self.look(|n| format!("/v1/users?q=user-{}%40example.com", nth * webhooks + n)).await;
        let list = self.look(|_| "/v1/onboardings?status=waiting&flow=bench-webhook".into()).await;
        let waking = self.time(async || assert!(self.engine.store.next_wake().await.expect("timers").is_some())).await;
        let leasing = self.time(async || self.lease().await).await;
        let sweeping = self.time(async || self.sweep().await).await;
        vec![
            ("start to ready, ms", false, start.as_secs_f64() * 1000.0),
            ("intake, webhooks/s", true, taken.answered as f64 / taken.took.as_secs_f64()),
            ("intake p50, ms", false, percentile(&taken.latencies, 0.5)),
            ("intake p99, ms", false, percentile(&taken.latencies, 0.99)),
            ("/metrics, ms", false, percentile(&metrics.latencies, 0.5)),
            ("search by e-mail, ms", false, percentile(&search.latencies, 0.5)),
            ("list of those who wait, ms", false, percentile(&list.latencies, 0.5)),
            ("look for the next timer, ms", false, waking),
            ("look for effects to lease, ms", false, leasing),
            ("sweep, ms", false, sweeping),
            ("resident memory, MiB", false, proc::resident(pid) as f64 / (1024.0 * 1024.0)),
        ]
    }

    async fn look(&self, path: impl Fn(usize) -> String) -> Outcome {
        self.send((0..LOOKS).map(|n| load::get(&path(n), &self.token)).collect()).await
    }

    async fn send(&self, requests: Vec<Vec<u8>>) -> Outcome {
        let connections = if requests.len() > LOOKS { CONNECTIONS } else { 1 };
        let outcome = load::run(self.world.address(), Arc::new(requests), connections).await;
        assert_eq!(outcome.refused, 0, "a request was refused");
        outcome
    }

    async fn lease(&self) {
        let lease = Lease { token: Uuid::nil(), length: Millis::secs(30) };
        let slots = ["original", "mail", "publish", "flow"].map(|slot| (slot.to_owned(), 64));
        let leased = self.engine.store.lease_due(&slots, lease).await.expect("leases");
        assert!(leased.is_empty(), "nothing is due");
    }

    async fn sweep(&self) {
        let how = sweep::Sweeping { every: Millis::secs(60), hold: Millis::secs(30 * 24 * 3600), limit: 500 };
        let swept = sweep::tick(&self.engine, &self.door, SystemClock.now(), how).await.expect("a sweep");
        assert_eq!((swept.stranded, swept.adopted, swept.expired), (0, 0, 0), "nobody is stranded");
    }

    /// Milliseconds, the median of a few.
    async fn time(&self, mut what: impl AsyncFnMut()) -> f64 {
        let mut all = Vec::new();
        for _ in 0..LOOKS {
            let begin = Instant::now();
            what().await;
            all.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        all.sort_unstable();
        percentile(&all, 0.5)
    }

    /// Transactions of this database so far.
    async fn asked(&self) -> i64 {
        support::transactions(&self.url).await
    }

    fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            drop(service.kill());
            drop(service.wait());
        }
    }

    async fn end(mut self) {
        self.kill();
        self.engine.store.close().await;
        support::world::drop_postgres(&self.url).await;
    }
}
