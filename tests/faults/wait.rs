//! Waiting for conditions, each with a deadline. The only file of these tests that sleeps.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Asks again until there is an answer; fails when there is none in time.
pub async fn until<T>(what: &str, limit: Duration, ask: impl AsyncFnMut() -> Option<T>) -> T {
    match within(limit, ask).await {
        Some(answer) => answer,
        None => panic!("{what}: not within {} s", limit.as_secs_f32()),
    }
}

/// Asks again until there is an answer or the time is over.
pub async fn within<T>(limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let patience = Patience::of(limit);
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if !patience.again().await {
            return None;
        }
    }
}

/// For a loop of one's own around a condition.
pub struct Patience(Instant);

impl Patience {
    pub fn of(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// Waits a moment before the next look; false when the time is over.
    pub async fn again(&self) -> bool {
        let over = Instant::now() >= self.0;
        if !over {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        !over
    }
}
