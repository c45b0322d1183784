//! Onboardings that start others: one child for a user and flow, and each parent is told how it ended. The real
//! performer stands between the engine and itself.

use std::sync::Arc;

use gangway::engine::{Flows, child, writer};
use gangway::outbound::{Children, Performs};
use gangway::store::types::LeasedEffect;
use gangway_core::catalogue::Catalogue;
use gangway_core::decision::Verdict;
use gangway_core::effect::Request;
use gangway_core::event::{OnboardingId, OperatorAct};
use gangway_core::flow;
use gangway_core::onboarding::{Onboarding, Status};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::races::two;
use crate::say::{again, good};
use crate::world::World;

on_both_databases!(
    a_child_begins_for_the_same_user_and_its_end_moves_the_parent,
    a_child_that_runs_is_joined_and_tells_both_parents,
    two_parents_in_one_batch_have_one_child,
    a_child_that_had_ended_for_good_is_told_of_at_once,
    a_child_that_may_begin_again_does,
    a_start_that_is_performed_twice_begins_one_child_and_answers_the_same,
    an_end_is_told_without_a_broker_until_it_is_taken,
    a_failed_child_can_be_begun_again_and_its_first_end_says_nothing,
    a_parent_that_has_ended_notes_the_end,
    a_flow_that_is_not_known_here_asks_a_person,
    nobody_is_stranded_by_a_child,
);

/// Answers one effect, as a process does: calls well, everything between onboardings by the real performer.
async fn answer(world: &World, effect: &LeasedEffect) {
    let result = match &effect.request {
        Request::Start { .. } | Request::Tell { .. } => performed(world, effect).await,
        _ => good(effect, &world.onboarding(effect.id.onboarding).await.user.external_id),
    };
    world.one(world.say().outcome(effect, result)).await;
}

async fn performed(world: &World, effect: &LeasedEffect) -> AttemptResult {
    let (door, queue) = writer::door(16);
    drop(writer::start(&world.engine, &queue, 1));
    let children = Children {
        door,
        onboardings: Arc::new(world.store().clone()),
        clock: Arc::new(world.clock.clone()),
        limit: Millis::secs(10),
    };
    children.perform(effect).await.result
}

/// Answers everything that is due, until nothing is.
async fn settle(world: &World) {
    loop {
        let due = world.due().await;
        if due.is_empty() {
            return;
        }
        for effect in due {
            answer(world, &effect).await;
        }
    }
}

async fn begin(world: &World, flow: &str, name: &str) -> OnboardingId {
    let start = world.say().start(&format!("{flow}-{name}"), &format!("user.{flow}"), name);
    world.one(start).await.onboarding.unwrap()
}

/// The user's onboarding of this flow, the newest.
async fn of_flow(world: &World, name: &str, flow: &str) -> Onboarding {
    world.onboardings_of(name).await.into_iter().find(|one| one.flow.name == flow).unwrap()
}

async fn a_child_begins_for_the_same_user_and_its_end_moves_the_parent(db: &TestDb) {
    let world = World::new(db).await;
    let house = begin(&world, "house", "ann").await;
    let start = world.only_due().await;
    assert_eq!((start.id.onboarding, start.request.target()), (house, ("start", "room")));
    answer(&world, &start).await;
    let room = of_flow(&world, "ann", "room").await;
    assert_eq!((room.state.as_str(), room.memory.data["label"].as_str()), ("make", Some("ann@mail.example")));
    assert_eq!(room.memory.parents.iter().copied().collect::<Vec<_>>(), [house]);
    let waiting = world.onboarding(house).await;
    assert_eq!((waiting.state.as_str(), waiting.user.id), ("child", room.user.id));
    settle(&world).await;
    let (house, room) = (world.onboarding(house).await, world.onboarding(room.id).await);
    assert_eq!((house.status, room.status), (Status::Completed, Status::Completed));
    assert_eq!(house.memory.tells["uid"].as_str(), Some("uid-ann"), "what the child's end told");
    assert_eq!(world.number("SELECT count(*) FROM effects WHERE settled_at IS NULL").await, 0);
    for id in [house.id, room.id] {
        assert_replays(&world, id, 0).await;
    }
}

async fn a_child_that_runs_is_joined_and_tells_both_parents(db: &TestDb) {
    let world = World::new(db).await;
    let house = begin(&world, "house", "ann").await;
    answer(&world, &world.only_due().await).await;
    let making = world.only_due().await;
    let hotel = begin(&world, "hotel", "ann").await;
    answer(&world, &world.only_due().await).await;
    assert_eq!(world.onboardings_of("ann").await.len(), 3, "one room");
    answer(&world, &making).await;
    settle(&world).await;
    for parent in [house, hotel] {
        assert_eq!(world.onboarding(parent).await.status, Status::Completed);
        assert_replays(&world, parent, 0).await;
    }
    assert_replays(&world, of_flow(&world, "ann", "room").await.id, 0).await;
    let kinds: Vec<String> = world.journal(hotel).await.into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds, ["user.hotel", "effect.outcome", "flow.room.completed"]);
}

async fn two_parents_in_one_batch_have_one_child(db: &TestDb) {
    let world = World::new(db).await;
    let (house, hotel) = (begin(&world, "house", "ann").await, begin(&world, "hotel", "ann").await);
    let starts: Vec<_> = world.due().await.iter().map(|effect| arrival(&world, effect)).collect();
    let receipts = world.accept(&starts).await;
    let mut verdicts: Vec<Verdict> = receipts.iter().map(|receipt| receipt.verdict).collect();
    verdicts.sort_unstable_by_key(|verdict| verdict.word());
    assert_eq!(verdicts, [Verdict::Applied, Verdict::Noted]);
    let room = of_flow(&world, "ann", "room").await;
    let mut parents = [house, hotel];
    parents.sort_unstable();
    assert_eq!(room.memory.parents.iter().copied().collect::<Vec<_>>(), parents);
}

/// What the performer hands in for a start.
fn arrival(world: &World, effect: &LeasedEffect) -> gangway::engine::Arrival {
    let Request::Start { flow, user, data } = &effect.request else { panic!("{effect:?}") };
    child::begins(effect.id, flow, *user, data, world.say().0)
}

async fn a_child_that_had_ended_for_good_is_told_of_at_once(db: &TestDb) {
    let world = World::new(db).await;
    begin(&world, "house", "ann").await;
    settle(&world).await;
    let hotel = begin(&world, "hotel", "ann").await;
    settle(&world).await;
    let hotel = world.onboarding(hotel).await;
    assert_eq!(hotel.status, Status::Completed, "{:?}", hotel.memory);
    assert_eq!(hotel.memory.tells["uid"].as_str(), Some("uid-ann"));
    assert_eq!(world.onboardings_of("ann").await.len(), 3, "no second room");
    assert_eq!(world.of_verdict("refused").await[0].onboarding, Some(of_flow(&world, "ann", "room").await.id));
}

async fn a_child_that_may_begin_again_does(db: &TestDb) {
    let world = World::new(db).await;
    let first = world.visit("v1", "ann").await;
    let guest = begin(&world, "guest", "ann").await;
    settle(&world).await;
    let second = of_flow(&world, "ann", "visit").await;
    assert_ne!(second.id, first);
    assert_eq!(world.onboarding(guest).await.memory.children["visit"], second.id);
    world.one(world.say().message("said", "user.confirmed", "ann", serde_json::json!({}))).await;
    settle(&world).await;
    assert_eq!(world.onboarding(guest).await.status, Status::Completed);
}

async fn a_start_that_is_performed_twice_begins_one_child_and_answers_the_same(db: &TestDb) {
    let world = World::new(db).await;
    let house = begin(&world, "house", "ann").await;
    let start = world.only_due().await;
    let first = performed(&world, &start).await;
    world.clock.advance(Millis::secs(9));
    let second = performed(&world, &start).await;
    assert_eq!(first, second);
    assert!(matches!(&first, AttemptResult::Done(Answer { outcome, .. }) if outcome == "started"), "{first:?}");
    assert_eq!(world.onboardings_of("ann").await.len(), 2);
    let room = of_flow(&world, "ann", "room").await;
    assert_eq!(world.journal(room.id).await[0].copies, 2);
    world.one(world.say().outcome(&start, second)).await;
    assert_eq!(world.onboarding(house).await.memory.children["room"], room.id);
}

async fn an_end_is_told_without_a_broker_until_it_is_taken(db: &TestDb) {
    let world = World::new(db).await;
    let house = begin(&world, "house", "ann").await;
    answer(&world, &world.only_due().await).await;
    answer(&world, &world.only_due().await).await;
    let tell = world.only_due().await;
    assert_eq!(tell.request.target(), ("tell", "flow.room.completed"));
    assert_eq!(world.onboarding(house).await.state, "child");
    let noted = world.one(world.say().outcome(&tell, again("busy"))).await;
    assert_eq!(noted.verdict, Verdict::Noted);
    world.clock.advance(Millis::secs(600));
    let repeated = world.only_due().await;
    assert_eq!((repeated.id, repeated.attempt), (tell.id, 2));
    // What comes of the first attempt after all is the same event.
    answer(&world, &repeated).await;
    performed(&world, &tell).await;
    assert_eq!(world.onboarding(house).await.status, Status::Completed);
    assert_eq!(world.journal(house).await.last().unwrap().copies, 2);
    // Written with the end itself, or the end is not written.
    begin(&world, "house", "ben").await;
    answer(&world, &world.only_due().await).await;
    let room = of_flow(&world, "ben", "room").await.id;
    world.refuse_inserts("effects", "n < 0").await;
    let refused = world.act(room, OperatorAct::Cancel, None).await;
    assert_eq!((refused.verdict, world.onboarding(room).await.status), (Verdict::Refused, Status::Active));
}

async fn a_failed_child_can_be_begun_again_and_its_first_end_says_nothing(db: &TestDb) {
    let world = World::new(db).await;
    let guest = begin(&world, "guest", "ann").await;
    answer(&world, &world.only_due().await).await;
    let first = of_flow(&world, "ann", "visit").await.id;
    world.act(first, OperatorAct::Cancel, None).await;
    settle(&world).await;
    assert_eq!(world.onboarding(guest).await.state, "review");
    world.clock.advance(Millis::secs(1));
    world.act(guest, OperatorAct::Retry, None).await;
    settle(&world).await;
    let waiting = world.onboarding(guest).await;
    assert_eq!((waiting.state.as_str(), waiting.memory.children["visit"] == first), ("child", false));
    assert_replays(&world, guest, 0).await;
}

async fn a_parent_that_has_ended_notes_the_end(db: &TestDb) {
    let world = World::new(db).await;
    let house = begin(&world, "house", "ann").await;
    answer(&world, &world.only_due().await).await;
    world.act(house, OperatorAct::Cancel, None).await;
    settle(&world).await;
    assert_eq!(world.onboarding(house).await.status, Status::Cancelled);
    assert_eq!(of_flow(&world, "ann", "room").await.status, Status::Completed, "a parent's end does not end its child");
    let last = world.journal(house).await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.verdict.as_str()), ("flow.room.completed", "noted"));
}

async fn a_flow_that_is_not_known_here_asks_a_person(db: &TestDb) {
    let mut world = World::new(db).await;
    let text = "flow: lonely\nversion: 1\nstart: { on: user.lonely, user: { id: data.user_id } }\nstates:\n  \
                begin: { start: nowhere, outcomes: { started: done, running: done, ended: done } }\n  \
                done: { end: completed }\n";
    let flows = Flows::default();
    flows.add(flow::load("lonely.yaml", text, &Catalogue::default()).unwrap(), true);
    Arc::get_mut(&mut world.engine).unwrap().flows = flows;
    let lonely = begin(&world, "lonely", "ann").await;
    settle(&world).await;
    let asked = world.onboarding(lonely).await.memory.review.unwrap();
    assert!(asked.detail.contains("the flow nowhere is not known here"), "{}", asked.detail);
}

async fn nobody_is_stranded_by_a_child(db: &TestDb) {
    let world = World::new(db).await;
    begin(&world, "house", "ann").await;
    for _ in 0..6 {
        assert!(world.store().without_reason(10).await.unwrap().is_empty());
        for effect in world.due().await {
            answer(&world, &effect).await;
        }
    }
    assert_eq!(of_flow(&world, "ann", "house").await.status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_parents_in_two_engines_at_once_have_one_child() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..20 {
        let name = format!("ann{round}");
        let (house, hotel) = (begin(&one, "house", &name).await, begin(&one, "hotel", &name).await);
        let starts: Vec<_> = one.due().await.iter().map(|effect| arrival(&one, effect)).collect();
        let (first, second) = (starts[0].clone(), starts[1].clone());
        tokio::join!(one.one(first), other.one(second));
        let room = of_flow(&one, &name, "room").await;
        let mut parents = [house, hotel];
        parents.sort_unstable();
        assert_eq!(room.memory.parents.iter().copied().collect::<Vec<_>>(), parents, "{name}");
        one.hands.take();
        other.hands.take();
    }
}
