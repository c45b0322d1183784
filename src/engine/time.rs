//! What the database's clock says enters, and goes to the clock that the process runs on. Nothing is decided here.

use crate::clock::{Clock, Stopwatch, Trust};
use crate::store::{Store, StoreError};

/// Asks the database for the time, and tells the clock. When it returns, the clock is the database's, or in doubt.
///
/// # Errors
/// The database's; the clock goes on as before.
pub async fn measure(store: &Store, clock: &dyn Clock, trust: &Trust) -> Result<(), StoreError> {
    let watch = Stopwatch::start();
    let said = store.clock().await?;
    clock.observe(said, watch.millis(), trust);
    let ahead = i32::try_from(clock.wall_ahead()).unwrap_or(i32::MAX);
    metrics::gauge!("gangway_clock_offset_seconds").set(f64::from(ahead) / 1000.0);
    Ok(())
}

/// Like [`measure`], at a start: the time is compared with the newest that was ever written, too.
///
/// # Errors
/// See [`measure`].
pub async fn begin(store: &Store, clock: &dyn Clock, trust: &Trust) -> Result<(), StoreError> {
    measure(store, clock, trust).await?;
    if let Some(newest) = store.newest().await? {
        clock.begin(newest, trust);
    }
    Ok(())
}
