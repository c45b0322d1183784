//! A flow that leads in a circle: it is stopped, and says so.

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::{Setup, quick_flow};

on_both_databases!(a_flow_that_goes_round_without_news_is_stopped_after_two_mails_and_counted);

async fn a_flow_that_goes_round_without_news_is_stopped_after_two_mails_and_counted(db: &TestDb) {
    // What ended the wait stays known, so that it ends the next one at once.
    let circle = quick_flow().replace("sent: done", "sent: wallet").replace("flow: original-wallet", "flow: circle");
    let world = Setup::default().flow(&circle).start(db).await;
    let id = world.sign_up("round", "round@example.org", "en").await;
    let asked = world.comes_to(&id, "review").await;
    let why = asked["why"].as_str().unwrap();
    assert!(why.contains("went round 3 times through wallet, welcome without news"), "{why}");
    assert_eq!(world.mails("round@example.org").await.len(), 2);
    let metrics = world.metrics().await;
    assert!(metrics.contains("gangway_circles_total{flow=\"circle\"}"), "{metrics}");
    world.stop().await;
}
