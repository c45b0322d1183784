//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Asks again until it is so; fails after a minute.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: it did not become so in three minutes");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
