//! A message that comes before the onboarding that awaits it: kept for the user, and taken when one begins.

use gangway::engine::{Arrival, Flows, Options, child, sweep, timers};
use gangway_core::catalogue::Catalogue;
use gangway_core::decision::Verdict;
use gangway_core::effect::Request;
use gangway_core::event::OnboardingId;
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::Status;
use gangway_core::time::Millis;
use serde_json::json;

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::timers::{HOLD, HOW, open};
use crate::world::World;

on_both_databases!(
    a_message_before_its_child_has_begun_is_kept_and_taken_by_it,
    a_message_before_its_user_is_known_waits_for_the_child_too,
    a_message_and_its_child_in_one_batch_meet_in_either_order,
    a_message_that_two_processes_take_beside_the_child_is_never_lost,
    a_message_that_no_onboarding_takes_expires_visibly,
    a_message_that_nobody_could_still_await_is_noted_as_before,
    a_message_goes_to_whoever_still_awaits_it_and_not_to_whom_it_comes_too_late_for,
    many_early_messages_of_one_type_hide_none_of_another,
    of_two_early_messages_of_one_type_the_second_settles_the_second_wait,
);

fn confirmed(world: &World, key: &str) -> Arrival {
    world.say().message(key, "user.confirmed", "ann", json!({}))
}

/// The child of a guest, as its parent begins it.
async fn child(world: &World) -> Arrival {
    let effect = world.only_due().await;
    let Request::Start { flow, user, data } = &effect.request else { panic!("a start") };
    child::begins(effect.id, flow, *user, data, world.say().0)
}

async fn guest(world: &World) {
    world.one(world.say().start("g", "user.guest", "ann")).await;
}

async fn completed(world: &World, visit: OnboardingId) {
    world.perform("ann").await;
    assert_eq!(world.onboarding(visit).await.status, Status::Completed, "what was said early was lost");
    assert!(world.of_verdict("kept").await.is_empty() && world.of_verdict("held").await.is_empty());
    assert_replays(world, visit, 0).await;
}

async fn a_message_before_its_child_has_begun_is_kept_and_taken_by_it(db: &TestDb) {
    let world = World::new(db).await;
    guest(&world).await;
    let early = world.one(confirmed(&world, "m")).await;
    assert_eq!((early.verdict, early.onboarding), (Verdict::Kept, None));
    let visit = world.one(child(&world).await).await.onboarding.unwrap();
    let journal = world.journal(visit).await;
    let taken = journal.iter().find(|entry| entry.kind == "user.confirmed").unwrap();
    assert!(taken.verdict == "noted" && taken.detail.contains("(kept since "), "{taken:?}");
    completed(&world, visit).await;
}

async fn a_message_before_its_user_is_known_waits_for_the_child_too(db: &TestDb) {
    let world = World::new(db).await;
    assert_eq!(world.one(confirmed(&world, "m")).await.verdict, Verdict::Held);
    guest(&world).await;
    assert_eq!(world.of_verdict("kept").await.len(), 1, "{:?}", world.of_verdict("noted").await);
    let visit = world.one(child(&world).await).await.onboarding.unwrap();
    completed(&world, visit).await;
}

async fn a_message_and_its_child_in_one_batch_meet_in_either_order(db: &TestDb) {
    let world = World::new(db).await;
    guest(&world).await;
    let mut batch = vec![confirmed(&world, "first"), child(&world).await, confirmed(&world, "last")];
    let answers = world.accept(&batch).await;
    let visit = answers[1].onboarding.unwrap();
    assert!(answers.iter().all(|answer| answer.onboarding == Some(visit)), "{answers:?}");
    batch.remove(1);
    assert!(world.accept(&batch).await.iter().all(|answer| answer.copy));
    completed(&world, visit).await;
}

async fn a_message_that_two_processes_take_beside_the_child_is_never_lost(db: &TestDb) {
    let (one, other) = (World::new(db).await, World::with(db, 2, |_| {}).await);
    for round in 0..10 {
        let name = format!("ann-{round}");
        one.one(one.say().start(&format!("g-{name}"), "user.guest", &name)).await;
        let begins = child(&one).await;
        let said = other.say().message(&format!("m-{name}"), "user.confirmed", &name, json!({}));
        let (begins, said) = ([begins], [said]);
        let (begun, said) = tokio::join!(one.accept(&begins), other.accept(&said));
        let visit = begun[0].onboarding.unwrap();
        one.perform(&name).await;
        assert_eq!(one.onboarding(visit).await.status, Status::Completed, "round {round}: {said:?}");
        drop(one.due().await);
    }
}

async fn a_message_that_no_onboarding_takes_expires_visibly(db: &TestDb) {
    let world = World::new(db).await;
    guest(&world).await;
    world.one(confirmed(&world, "m")).await;
    let door = open(&world);
    world.clock.advance(HOLD);
    assert_eq!(sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap().expired, 0);
    world.clock.advance(Millis(1));
    assert_eq!(sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap().expired, 1);
    assert_eq!(world.of_verdict("expired").await.len(), 1);
}

async fn a_message_that_nobody_could_still_await_is_noted_as_before(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let said = world.one(world.say().message("m", "user.renamed", "ann", json!({}))).await;
    assert_eq!((said.verdict, said.onboarding), (Verdict::Noted, Some(id)));
    assert!(said.detail.contains("awaits user.renamed"), "{}", said.detail);
}

/// Waits for a word, and then for another one.
fn asking(name: &str, first: &str) -> Flow {
    let text = format!(
        "flow: {name}
version: 1
start: {{ on: user.{name}, user: {{ id: data.user_id, email: data.email }} }}
states:
  first: {{ await: {{ said: {first} }}, within: 24h, outcomes: {{ said: second, late: second }} }}
  second: {{ await: {{ said: user.more }}, within: 24h, outcomes: {{ said: done, late: done }} }}
  done: {{ end: completed }}
"
    );
    gangway_core::flow::load(&format!("{name}.yaml"), &text, &Catalogue::default()).unwrap()
}

async fn asked(db: &TestDb, set: impl FnOnce(&mut Options)) -> World {
    let flows = Flows::default();
    let all = [("one", "user.said"), ("two", "user.said"), ("three", "user.third")];
    all.into_iter().for_each(|(name, first)| flows.add(asking(name, first), true));
    World::with(db, 1, set).await.with_flows(flows)
}

async fn begins(world: &World, name: &str) -> OnboardingId {
    let start = world.say().start(&format!("start-{name}"), &format!("user.{name}"), "ann");
    world.one(start).await.onboarding.unwrap()
}

fn said(world: &World, key: &str, kind: &str) -> Arrival {
    world.say().message(key, kind, "ann", json!({}))
}

async fn a_message_goes_to_whoever_still_awaits_it_and_not_to_whom_it_comes_too_late_for(db: &TestDb) {
    let world = asked(db, |_| {}).await;
    let one = begins(&world, "one").await;
    assert_eq!(world.one(said(&world, "a", "user.said")).await.onboarding, Some(one));
    let early = world.one(said(&world, "b", "user.said")).await;
    assert_eq!((early.verdict, early.onboarding), (Verdict::Kept, None), "it is too late for one, and early for two");
    let two = begins(&world, "two").await;
    assert_eq!(
        (world.onboarding(one).await.state, world.onboarding(two).await.state),
        ("second".into(), "second".into())
    );
    let late = world.one(said(&world, "c", "user.said")).await;
    assert_eq!((late.verdict, late.onboarding), (Verdict::Noted, Some(two)), "no onboarding can await it any more");
    // Two that await it, and two messages in one batch: each takes one.
    let start = |name: &str| world.say().start(&format!("ben-{name}"), &format!("user.{name}"), "ben");
    let one = world.one(start("one")).await.onboarding;
    world.clock.advance(Millis(10));
    let two = world.one(start("two")).await.onboarding;
    let say = |key: &str| world.say().message(key, "user.said", "ben", json!({}));
    let answers = world.accept(&[say("d"), say("e")]).await;
    assert_eq!((answers[0].onboarding, answers[1].onboarding), (two, one));
    assert_eq!(world.onboarding(one.unwrap()).await.state, "second");
    assert_replays(&world, one.unwrap(), 0).await;
}

async fn many_early_messages_of_one_type_hide_none_of_another(db: &TestDb) {
    let world = asked(db, |options| options.adopt = 2).await;
    begins(&world, "one").await;
    world.one(said(&world, "0", "user.said")).await;
    for key in ["1", "2", "3", "4"] {
        assert_eq!(world.one(said(&world, key, "user.third")).await.verdict, Verdict::Kept);
    }
    assert_eq!(world.one(said(&world, "5", "user.said")).await.verdict, Verdict::Kept);
    let two = begins(&world, "two").await;
    assert_eq!(world.onboarding(two).await.state, "second", "what came for it was hidden by what came for another");
    assert_eq!(world.of_verdict("kept").await.len(), 4, "and those wait on");
}

async fn of_two_early_messages_of_one_type_the_second_settles_the_second_wait(db: &TestDb) {
    const TWICE: &str = "
flow: twice
version: 1
title: Two papers
start: { on: user.came, user: { id: data.user_id } }
states:
  nap: { wait: 10s, outcomes: { over: one } }
  one: { await: { arrived: doc.ok }, within: 1h, outcomes: { arrived: two, late: late } }
  two: { await: { arrived: doc.ok }, within: 1h, outcomes: { arrived: done, late: late } }
  done: { end: completed }
  late: { end: failed }
";
    let flows = Flows::default();
    flows.add(gangway_core::flow::load("twice.yaml", TWICE, &Catalogue::default()).unwrap(), true);
    let world = World::with(db, 1, |_| {}).await.with_flows(flows);
    let papers =
        |name: &str| [1, 2].map(|n| world.say().message(&format!("{name}-{n}"), "doc.ok", name, json!({ "n": n })));
    // Before there is anybody, before the first wait, and both at once.
    let [first, second] = papers("ann");
    assert_eq!(world.one(first).await.verdict, Verdict::Held);
    assert_eq!(world.one(second).await.verdict, Verdict::Held);
    let mut begun = Vec::new();
    for name in ["ann", "ben", "eve"] {
        let start = world.say().start(&format!("start-{name}"), "user.came", name);
        begun.push(world.one(start).await.onboarding.unwrap());
    }
    for paper in papers("ben") {
        world.one(paper).await;
    }
    world.accept(&papers("eve")).await;
    world.clock.advance(Millis::secs(61));
    let door = open(&world);
    for _ in 0..3 {
        timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    }
    for id in begun {
        assert_eq!(world.onboarding(id).await.state, "done", "an early paper was lost");
        assert_replays(&world, id, 0).await;
    }
}
