//! What a clock decides here when it is in doubt, stands, or is set back.

use std::sync::Arc;
use std::time::Duration;

use gangway_core::time::{Millis, Timestamp};

use super::{Scene, effect, key};
use crate::clock::{Clock, Doubt, HandClock};
use crate::settings::outbound::OutboundSettings;

/// Nothing holds back the take-up of leases.
fn settings() -> OutboundSettings {
    OutboundSettings { recovery: Millis(0), ..OutboundSettings::default() }
}

/// A clock that is moved by hand and never trusted.
#[derive(Debug)]
struct InDoubt(HandClock);

impl Clock for InDoubt {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn doubt(&self) -> Option<Doubt> {
        Some(Doubt::Leapt(1))
    }
}

#[tokio::test]
async fn no_lease_is_said_to_have_run_out_by_a_clock_in_doubt_and_what_is_due_goes_on() {
    let mut scene = Scene::by(|clock| Arc::new(InDoubt(clock)), settings());
    scene.ran_out(1, 1);
    scene.due([effect("original.create_user", 2)]);
    let ticked = scene.tick().await;
    assert_eq!((ticked.expired, ticked.begun), (0, 1));
    assert_eq!(scene.taken().await.0, key(2));
    assert_eq!(scene.leases.expired.lock().len(), 1);
}

#[tokio::test]
async fn a_clock_that_stands_or_is_set_back_stops_no_sweep() {
    let mut scene = Scene::with(OutboundSettings { sweep: Millis(20), ..settings() });
    scene.ran_out(1, 1);
    let run = tokio::spawn({
        let dispatcher = scene.dispatcher.clone();
        async move { dispatcher.run().await }
    });
    // By this clock the next sweep is never: it stands. What ran out is told until it is followed up.
    for _ in 0..3 {
        let taken = tokio::time::timeout(Duration::from_secs(60), scene.taken());
        assert_eq!(taken.await.expect("a sweep later, whatever the clock says").0, format!("{}/expired", key(1)));
    }
    run.abort();
}
