//! Polls with equal answers share rows: what they leave, and that nothing else is lost by it.

use gangway::engine::{Door, timers, writer};
use gangway::store::search::JournalEntry;
use gangway::store::types::LeasedEffect;
use gangway_core::event::{OnboardingId, Trust};
use gangway_core::explain::summary;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::say::uid;
use crate::world::World;

on_both_databases!(
    polls_that_say_the_same_leave_two_rows_and_one_effect,
    an_answer_of_a_shared_poll_that_comes_again_changes_nothing,
    what_happens_between_polls_and_another_answer_have_rows_of_their_own,
    polls_that_two_engines_bring_at_once_are_counted_whole,
);

fn open(world: &World) -> Door {
    let (door, queue) = writer::door(1024);
    drop(writer::start(&world.engine, &queue, 1));
    door
}

/// The far end knows of no wallet yet; `note` is something else that it says.
fn no_wallet(note: &str) -> AttemptResult {
    let mut answer = Answer { identifiers: vec![uid("ann")], ..Answer::named("no_wallet") };
    answer.fields.insert("note".into(), note.into());
    AttemptResult::Done(answer)
}

/// The next poll is due and asked.
async fn next(world: &World, door: &Door, id: OnboardingId) -> LeasedEffect {
    let wake = world.onboarding(id).await.wake_at.unwrap();
    world.clock.advance(Millis(wake.since(world.say().0).0 + 7));
    timers::tick(&world.engine, door, world.say().0).await.unwrap();
    world.clock.advance(Millis(3));
    world.only_due().await
}

/// So many polls, each answered so.
async fn poll(world: &World, door: &Door, id: OnboardingId, times: usize, note: &str) -> Vec<LeasedEffect> {
    let mut asked = Vec::new();
    for _ in 0..times {
        let effect = next(world, door, id).await;
        world.one(world.say().outcome(&effect, no_wallet(note))).await;
        asked.push(effect);
    }
    asked
}

/// How many events share each row of the timers and of the polls' answers.
async fn shared(world: &World, id: OnboardingId) -> Vec<u32> {
    let polls = |entry: &JournalEntry| entry.from.as_deref() == Some("wallet") && entry.to.as_deref() == Some("wallet");
    world.journal(id).await.iter().filter(|entry| polls(entry)).map(|entry| entry.times).collect()
}

async fn polls_that_say_the_same_leave_two_rows_and_one_effect(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    let (received, before) = (world.received().await, world.onboarding(id).await);
    let effects = world.number("SELECT count(*) FROM effects").await;
    poll(&world, &door, id, 20, "").await;
    assert_eq!(shared(&world, id).await, [20, 20]);
    assert_eq!(world.number("SELECT count(*) FROM effects").await, effects + 1);
    assert_eq!(world.received().await, received + 40, "what was received is still the sum of the copies");
    let after = world.onboarding(id).await;
    assert_eq!((after.memory.asked, after.revision), (before.memory.asked + 20, before.revision + 40));
    let journal = world.journal(id).await;
    let answer = journal.last().unwrap();
    assert_eq!((answer.last, answer.copies), (Some(after.memory.last_at), 20));
    assert!(answer.at < after.memory.last_at, "{answer:?}");
    let flow = world.engine.flows.get(&after.flow).unwrap();
    let why = summary(&flow, &after).why;
    assert!(why.ends_with("; asked 20 times so far"), "{why}");
    assert_replays(&world, id, 0).await;
    let figures = world.store().figures(world.say().0).await.unwrap();
    world.store().recount().await.unwrap();
    assert_eq!(world.store().figures(world.say().0).await.unwrap(), figures);
    // And the wait goes on as ever.
    let effect = next(&world, &door, id).await;
    world.one(world.say().good(&effect, "ann")).await;
    assert_eq!(world.onboarding(id).await.state, "welcome");
    assert_replays(&world, id, 0).await;
}

async fn an_answer_of_a_shared_poll_that_comes_again_changes_nothing(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    let asked = poll(&world, &door, id, 4, "").await;
    let (received, stored) = (world.received().await, world.onboarding(id).await);
    let again = world.say();
    for effect in &asked {
        world.one(again.outcome(effect, no_wallet(""))).await;
    }
    assert_eq!(world.onboarding(id).await, stored);
    assert_eq!(world.received().await, received + 4);
    assert!(world.due().await.is_empty());
    poll(&world, &door, id, 3, "").await;
    assert_eq!(world.received().await, received + 4 + 6);
    assert_replays(&world, id, 0).await;
}

async fn what_happens_between_polls_and_another_answer_have_rows_of_their_own(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    poll(&world, &door, id, 3, "").await;
    poll(&world, &door, id, 2, "soon").await;
    assert_eq!(shared(&world, id).await, [3, 3, 2, 2]);
    world.one(world.say().wallet("thin", "ann", Trust::Hint)).await;
    let read = world.only_due().await;
    world.one(world.say().outcome(&read, no_wallet("soon"))).await;
    assert_replays(&world, id, 0).await;
    let received = world.received().await;
    poll(&world, &door, id, 5, "soon").await;
    assert_eq!(world.received().await, received + 10);
    assert_eq!(shared(&world, id).await[..4], [3, 3, 2, 2]);
    assert_eq!(shared(&world, id).await.last(), Some(&5));
    assert_replays(&world, id, 0).await;
}

async fn polls_that_two_engines_bring_at_once_are_counted_whole(db: &TestDb) {
    let (one, other) = (World::new(db).await, World::with(db, 2, |_| {}).await);
    let door = open(&one);
    let id = one.waiting("ann").await;
    for _ in 0..12 {
        let effect = next(&one, &door, id).await;
        let received = one.received().await;
        let answer = one.say().outcome(&effect, no_wallet(""));
        let (again, once_more) = ([answer.clone(), answer.clone()], [answer]);
        tokio::join!(one.accept(&again), other.accept(&once_more));
        assert_eq!(one.received().await, received + 3);
    }
    assert_replays(&one, id, 0).await;
    assert!(shared(&one, id).await.len() < 8, "{:?}", shared(&one, id).await);
}
