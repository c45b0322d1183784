//! A flow that leads in a circle: it is stopped, and says so.

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::Setup;

on_both_databases!(a_flow_that_goes_round_without_news_is_stopped_after_two_mails_and_counted);

/// What ends the wait stays known, so that it ends the second one at once.
const ROUND: &str = "
flow: round-and-round
version: 1
start: { on: user.signed_up, user: { id: data.user_id, email: data.email } }
states:
  create:
    call: original.create_user
    with: { user_external_id: user.id, email: user.email }
    outcomes: { created: wallet, exists: wallet, refused: lost }
  wallet:
    await: { arrived: original.wallet_created }
    poll: { call: original.get_user, with: { user_uid: states.create.uid }, every: 200ms, outcomes: { has_wallet: arrived, no_wallet: keep, not_found: keep } }
    within: 24h
    outcomes: { arrived: tell, late: lost }
  tell:
    mail: welcome
    with: { wallet_address: user.id }
    outcomes: { sent: wallet, refused: lost }
  lost: { end: failed }
";

async fn a_flow_that_goes_round_without_news_is_stopped_after_two_mails_and_counted(db: &TestDb) {
    let world = Setup::default().flow(ROUND).start(db).await;
    let id = world.sign_up("round", "round@example.org", "en").await;
    let asked = world.comes_to(&id, "review").await;
    let why = asked["why"].as_str().unwrap();
    assert!(why.contains("went round 3 times through wallet, tell without news"), "{why}");
    assert_eq!(world.mails("round@example.org").await.len(), 2);
    let metrics = world.metrics().await;
    assert!(metrics.contains("gangway_circles_total{flow=\"round-and-round\"}"), "{metrics}");
    world.stop().await;
}
