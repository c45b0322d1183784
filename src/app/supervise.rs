//! Keeps loops running. A loop enters; one that ends by a fault is logged, counted, shown in readiness, and restarted.
//! What it was doing is in the database, and nothing here knows what that was.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use crate::telemetry::Beat;

/// Runs this loop until it ends by itself; after a fault, runs it again `rest` later.
pub(super) fn keep<R>(beat: Beat, rest: Duration, mut begin: impl FnMut() -> R + Send + 'static) -> JoinHandle<()>
where
    R: Future<Output = ()> + Send,
{
    tokio::spawn(async move {
        while AssertUnwindSafe(async { begin().await }).catch_unwind().await.is_err() {
            tracing::error!(of = beat.name(), "a loop ended by a fault of gangway and is restarted");
            metrics::counter!("gangway_loop_restarts_total", "loop" => beat.name()).increment(1);
            beat.fell();
            tokio::time::sleep(rest).await;
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::keep;
    use crate::telemetry::Beat;

    #[tokio::test]
    async fn a_loop_that_panics_is_begun_again_and_shown_until_a_round_of_it_ends_well() {
        let (beat, (begun, mut begins), mut round) = (Beat::new("test"), mpsc::unbounded_channel(), 0);
        let of_loop = beat.clone();
        let kept = keep(beat.clone(), Duration::ZERO, move || {
            round += 1;
            let (round, beat, begun) = (round, of_loop.clone(), begun.clone());
            async move {
                begun.send((round, beat.failed())).unwrap();
                beat.begins();
                assert!(round > 2, "a fault");
                beat.ends(true);
            }
        });
        for expected in [(1, false), (2, true), (3, true)] {
            assert_eq!(begins.recv().await, Some(expected));
        }
        kept.await.unwrap();
        let now = beat.now();
        assert_eq!((now.restarts, now.failed, now.busy), (2, false, None));
        assert!(now.well.is_some());
    }
}
