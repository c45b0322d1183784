//! Waiting for something to become true, no longer than a deadline. The one place of these tests that lets time pass.

use std::fmt::Debug;
use std::time::Duration;

/// Far longer than anything should take; a test that is right never waits for it.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(15);

/// Looks again and again until `enough` is true of what is seen, and gives that back.
pub async fn until<T: Debug, L: AsyncFnMut() -> T>(what: &str, mut look: L, enough: impl Fn(&T) -> bool) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if enough(&seen) {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited {PATIENCE:?} for {what}; last seen: {seen:#?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks for a while: `still` must be true every time. For what must *not* happen.
pub async fn throughout<T: Debug, L: AsyncFnMut() -> T>(
    what: &str,
    length: Duration,
    mut look: L,
    still: impl Fn(&T) -> bool,
) {
    let deadline = tokio::time::Instant::now() + length;
    while tokio::time::Instant::now() < deadline {
        let seen = look().await;
        assert!(still(&seen), "{what} did not stay: {seen:#?}");
        tokio::time::sleep(PAUSE).await;
    }
}
