//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Asks again until it is so; fails after twenty seconds.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: it did not become so in twenty seconds");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
