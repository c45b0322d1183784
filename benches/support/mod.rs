//! What the benches share: a light HTTP load generator, CPU and memory readings of other processes, percentiles.
//! Figures are printed, never asserted: machines are noisy.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

pub mod fill;
pub mod load;
pub mod proc;
pub mod webhook;
pub mod world;

/// The value below which this share of the sorted values lies.
pub fn percentile(sorted: &[u64], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[place] as f64 / 1000.0
}

/// Transactions of this PostgreSQL database so far; every statement outside a transaction counts as one. A look at it
/// is one too.
pub async fn transactions(url: &str) -> i64 {
    use sea_orm::sqlx::Row;
    let pool =
        sea_orm::sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(url).await.expect("the database");
    // Other connections report their counts at most once a second.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
    sea_orm::sqlx::query(sql).fetch_one(&pool).await.expect("the counts").get(0)
}

/// What the server would do by itself some time after this many new rows: otherwise its own work is counted as ours.
pub async fn settle(url: &str) {
    let pool =
        sea_orm::sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(url).await.expect("the database");
    sea_orm::sqlx::query("VACUUM (ANALYZE)").execute(&pool).await.expect("a vacuum");
}
