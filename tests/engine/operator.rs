//! What people of support and operations do, through the door.

use gangway_core::decision::Verdict;
use gangway_core::event::{OperatorAct, Trust};
use gangway_core::onboarding::Status;
use gangway_core::outcome::{Answer, AttemptResult};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::World;

on_both_databases!(
    a_retry_in_review_goes_on,
    a_move_enters_the_state_and_leaves_its_old_effect_behind,
    a_cancelled_onboarding_takes_nothing_more,
    a_note_is_kept_and_moves_nothing,
    an_act_on_a_stale_revision_is_refused,
    the_same_click_sent_twice_is_one_act,
    a_held_event_is_given_to_an_onboarding_and_its_identifier_stays_with_it,
    an_event_that_is_not_held_cannot_be_given,
    a_user_whose_early_event_was_given_away_can_still_start,
);

async fn a_retry_in_review_goes_on(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    world.answer(AttemptResult::Done(Answer::named("refused"))).await;
    let asked = world.onboarding(id).await;
    assert_eq!(asked.status, Status::Review);
    assert_eq!(world.act(id, OperatorAct::Retry, Some(asked.revision)).await.verdict, Verdict::Applied);
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.state, "first_asset");
}

async fn a_move_enters_the_state_and_leaves_its_old_effect_behind(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let old = world.only_due().await;
    let moved = world.act(id, OperatorAct::Move { state: "review".into() }, None).await;
    assert_eq!(moved.verdict, Verdict::Applied);
    assert_eq!(world.number("SELECT count(*) FROM effects WHERE outcome = 'cancelled'").await, 1);
    let late = world.one(world.say().good(&old, "ann")).await;
    let after = world.onboarding(id).await;
    assert_eq!((late.verdict, after.state.as_str()), (Verdict::Noted, "review"));
    assert_eq!(after.memory.identifiers.len(), 1, "what is true of a late answer stays true");
    let nowhere = world.act(id, OperatorAct::Move { state: "nowhere".into() }, None).await;
    assert_eq!(nowhere.verdict, Verdict::Refused);
}

async fn a_cancelled_onboarding_takes_nothing_more(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    world.act(id, OperatorAct::Cancel, None).await;
    let ended = world.onboarding(id).await;
    assert_eq!((ended.status, ended.wake_at, ended.ended_at), (Status::Cancelled, None, Some(world.say().0)));
    world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    assert_eq!(world.act(id, OperatorAct::Retry, None).await.verdict, Verdict::Refused);
    let after = world.onboarding(id).await;
    assert_eq!((after.status, after.state), (Status::Cancelled, ended.state));
    assert!(world.due().await.is_empty());
}

async fn a_note_is_kept_and_moves_nothing(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let before = world.onboarding(id).await;
    assert_eq!(world.act(id, OperatorAct::Note, None).await.verdict, Verdict::Noted);
    assert_eq!(world.onboarding(id).await, before);
    assert_eq!(world.journal(id).await.last().unwrap().source, "operator:ada");
}

async fn an_act_on_a_stale_revision_is_refused(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    let seen = world.onboarding(id).await.revision;
    world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    for act in [OperatorAct::Retry, OperatorAct::Cancel, OperatorAct::Move { state: "review".into() }] {
        assert_eq!(world.act(id, act, Some(seen)).await.verdict, Verdict::Refused);
    }
    assert_eq!(world.onboarding(id).await.state, "welcome");
}

async fn the_same_click_sent_twice_is_one_act(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let click = world.say().act("click", id, OperatorAct::Move { state: "create_user".into() }, Some(1));
    assert_eq!(world.one(click.clone()).await.verdict, Verdict::Applied);
    let second = world.one(click).await;
    assert_eq!((second.copy, second.verdict), (true, Verdict::Applied));
    assert_eq!(world.onboarding(id).await.revision, 2);
}

async fn a_held_event_is_given_to_an_onboarding_and_its_identifier_stays_with_it(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    let held = world.one(world.say().wallet("w", "elsewhere", Trust::Fact)).await;
    let act = OperatorAct::Adopt { event: held.seq.unwrap() };
    assert_eq!(world.act(id, act.clone(), None).await.verdict, Verdict::Noted);
    assert_eq!(world.onboarding(id).await.state, "welcome");
    assert!(world.of_verdict("held").await.is_empty());
    let next = world.one(world.say().wallet("w2", "elsewhere", Trust::Hint)).await;
    assert_eq!(next.onboarding, Some(id));
    assert_eq!(world.act(id, act, None).await.verdict, Verdict::Refused, "it is not held any more");
}

async fn a_user_whose_early_event_was_given_away_can_still_start(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let early = world.one(world.say().message("c", "user.confirmed", "ben", serde_json::json!({}))).await;
    let given = world.act(id, OperatorAct::Adopt { event: early.seq.unwrap() }, None).await;
    assert_eq!(given.verdict, Verdict::Noted);
    assert!(world.of_verdict("held").await.is_empty());
    assert_eq!(world.one(world.say().sign_up("ben")).await.verdict, Verdict::Applied);
}

async fn an_event_that_is_not_held_cannot_be_given(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    assert_eq!(world.act(id, OperatorAct::Adopt { event: 4711 }, None).await.verdict, Verdict::Refused);
    assert_eq!(world.onboarding(id).await.revision, 1);
}
