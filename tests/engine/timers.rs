//! Time: due wakes, deadlines, the sweep, the end of held events.

use gangway::engine::{Door, Flows, sweep, timers, writer};
use gangway_core::decision::Verdict;
use gangway_core::event::{OperatorAct, Trust};
use gangway_core::flow;
use gangway_core::onboarding::Status;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::Millis;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::say::{uid, wallet_fact};
use crate::world::{World, catalogue};

on_both_databases!(
    a_due_wake_fires_once_and_polls,
    a_wake_that_two_engines_fire_at_once_counts_once,
    a_wait_that_lasts_too_long_is_late,
    a_wake_asked_for_soon_is_not_put_off,
    a_wake_in_the_first_state_of_an_onboarding_sets_the_alarm,
    three_hundred_timers_that_stay_due_keep_no_other_waiting,
    each_timer_is_delivered_once_by_whichever_of_three_engines,
    a_timer_whose_engine_died_is_due_again_after_the_lease,
    an_onboarding_without_its_effect_is_sent_to_review_and_goes_on_after_a_retry,
    an_onboarding_without_its_effect_goes_on_after_a_move,
    nobody_is_stranded_in_a_normal_course,
    a_held_event_that_nobody_claims_expires_visibly,
    held_events_whose_adoption_was_cut_short_are_found_by_the_sweep,
);

pub const HOLD: Millis = Millis::secs(30 * 86_400);
pub const HOW: sweep::Sweeping = sweep::Sweeping { every: Millis::secs(60), hold: HOLD, limit: 1000 };

/// The engine's door, with a writer behind it.
pub fn open(world: &World) -> Door {
    let (door, queue) = writer::door(1024);
    drop(writer::start(&world.engine, &queue, 1));
    door
}

async fn a_due_wake_fires_once_and_polls(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    let wake = world.onboarding(id).await.wake_at.unwrap();
    assert_eq!(timers::tick(&world.engine, &door, world.say().0).await.unwrap(), Some(wake));
    assert!(world.due().await.is_empty());
    world.clock.advance(wake.since(world.say().0));
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    let poll = world.only_due().await;
    assert_eq!(poll.request.target().1, "original.get_user");
    let fired = world.journal(id).await.into_iter().filter(|entry| entry.source == "timer");
    assert_eq!(fired.map(|entry| entry.copies).collect::<Vec<_>>(), [1]);
    world.one(world.say().good(&poll, "ann")).await;
    assert_eq!(world.onboarding(id).await.state, "welcome");
}

async fn a_wake_that_two_engines_fire_at_once_counts_once(db: &TestDb) {
    let (one, other) = (World::new(db).await, World::with(db, 2, |_| {}).await);
    let (here, there) = (open(&one), open(&other));
    let id = one.waiting("ann").await;
    one.clock.advance(Millis::secs(5));
    other.clock.advance(Millis::secs(5));
    let now = one.say().0;
    let (a, b) = tokio::join!(timers::tick(&one.engine, &here, now), timers::tick(&other.engine, &there, now));
    a.unwrap();
    b.unwrap();
    assert_eq!(one.hands.take().len() + other.hands.take().len(), 1);
    let fired = one.journal(id).await.into_iter().filter(|entry| entry.source == "timer").count();
    assert_eq!(fired, 1);
}

async fn a_wait_that_lasts_too_long_is_late(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.one(world.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    world.perform("ann").await;
    world.clock.advance(Millis::secs(3599));
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    assert_eq!(world.onboarding(id).await.state, "confirmed");
    world.clock.advance(Millis::secs(1));
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    let late = world.onboarding(id).await;
    assert_eq!((late.state.as_str(), late.status), ("review", Status::Review));
    assert!(world.journal(id).await.last().unwrap().detail.contains("late"));
    assert_eq!(timers::tick(&world.engine, &door, world.say().0).await.unwrap(), None, "nothing is due, nothing runs");
}

async fn a_wake_asked_for_soon_is_not_put_off(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    let wake = world.onboarding(id).await.wake_at.unwrap();
    world.clock.advance(Millis(wake.since(world.say().0).0 - 10));
    assert_eq!(timers::tick(&world.engine, &door, world.say().0).await.unwrap(), Some(wake));
}

/// Begins with a wait.
const PATIENT: &str = "
flow: patient
version: 1
start: { on: user.patient, user: { id: data.user_id, email: data.email } }
states:
  first:
    await: { said: user.confirmed }
    within: 10s
    outcomes: { said: done, late: lost }
  lost: { end: failed }
  done: { end: completed }
";

async fn a_wake_in_the_first_state_of_an_onboarding_sets_the_alarm(db: &TestDb) {
    let flows = Flows::default();
    for flow in flow::load_all(&[("patient.yaml", PATIENT.to_owned())], &catalogue()).unwrap() {
        flows.add(flow, true);
    }
    let world = World::new(db).await.with_flows(flows);
    let id = world.one(world.say().start("p", "user.patient", "ann")).await.onboarding.unwrap();
    let wake = world.onboarding(id).await.wake_at.unwrap();
    world.clock.advance(wake.since(world.say().0));
    let an_hour = world.engine.alarm.wait(world.engine.clock.as_ref(), Millis::secs(3600));
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), an_hour).await;
    assert!(waited.is_ok(), "the loop would look only at the next sweep");
}

async fn three_hundred_timers_that_stay_due_keep_no_other_waiting(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let say = world.say();
    let visits: Vec<_> = (0..300).map(|n| say.start(&format!("v{n}"), "user.visited", &format!("p{n}"))).collect();
    world.accept(&visits).await;
    let answers: Vec<_> = world.due().await.iter().map(|effect| say.good(effect, &effect.id.to_string())).collect();
    world.accept(&answers).await;
    // A version that this process does not know: their timers cannot be fired here.
    world.run("UPDATE onboardings SET version = 77, wake_at = wake_at - 3600000").await;
    let id = world.waiting("ann").await;
    world.clock.advance(Millis::secs(5));
    let next = timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    assert_eq!(world.only_due().await.id.onboarding, id);
    let lease = world.engine.options.lease;
    assert_eq!(next, Some(world.say().0.plus(lease)), "the others are looked at again, but not at once");
    world.clock.advance(lease);
    let next = timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    assert_eq!(next, Some(world.say().0.plus(lease)), "again and again, a lease apart");
}

/// This many people, with waits that are late an hour later.
async fn late_in_an_hour(world: &World, people: usize) {
    for some in (0..people).collect::<Vec<_>>().chunks(256) {
        let say = world.say();
        let visits = some.iter().map(|n| say.start(&format!("v{n}"), "user.visited", &format!("p{n}")));
        world.accept(&visits.collect::<Vec<_>>()).await;
        let answers = world.due().await.into_iter().map(|effect| say.good(&effect, &effect.id.to_string()));
        world.accept(&answers.collect::<Vec<_>>()).await;
    }
}

async fn each_timer_is_delivered_once_by_whichever_of_three_engines(db: &TestDb) {
    const PEOPLE: usize = 1200;
    let worlds = [World::new(db).await, World::with(db, 2, |_| {}).await, World::with(db, 3, |_| {}).await];
    late_in_an_hour(&worlds[0], PEOPLE).await;
    let doors: Vec<_> = worlds.iter().map(open).collect();
    worlds.iter().for_each(|world| world.clock.advance(Millis::secs(3600)));
    let now = worlds[0].say().0;
    let ticks = worlds.iter().zip(&doors).map(|(world, door)| timers::tick(&world.engine, door, now));
    for answer in futures_util::future::join_all(ticks).await {
        answer.unwrap();
    }
    let late = worlds[0].number("SELECT count(*) FROM onboardings WHERE state = 'review'").await;
    assert_eq!(late, PEOPLE as i64);
    assert_eq!(worlds[0].number("SELECT sum(copies) FROM events WHERE source = 'timer'").await, PEOPLE as i64);
}

async fn a_timer_whose_engine_died_is_due_again_after_the_lease(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.one(world.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    world.perform("ann").await;
    let before = world.onboarding(id).await;
    world.clock.advance(Millis::secs(3600));
    let (now, lease) = (world.say().0, world.engine.options.lease);
    assert_eq!(world.store().claim_wakes(now, lease, 10).await.unwrap().len(), 1);
    assert_eq!(world.onboarding(id).await, before, "a claim changes nothing that is known");
    let next = timers::tick(&world.engine, &door, now).await.unwrap();
    assert_eq!((next, world.onboarding(id).await.revision), (Some(now.plus(lease)), before.revision));
    world.clock.advance(lease);
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    assert_eq!(world.onboarding(id).await.state, "review");
}

/// A person whose first effect vanished, found by the sweep.
async fn stranded(world: &World, door: &Door) -> gangway_core::event::OnboardingId {
    let id = world.sign_up("ann").await;
    world.answer(crate::say::again("busy")).await;
    world.run("DELETE FROM effects").await;
    let swept = sweep::tick(&world.engine, door, world.say().0, HOW).await.unwrap();
    assert_eq!(swept.stranded, 1);
    let found = world.onboarding(id).await;
    assert_eq!(found.status, Status::Review);
    assert!(found.memory.review.unwrap().detail.contains("nothing would have moved it"));
    let swept = sweep::tick(&world.engine, door, world.say().0, HOW).await.unwrap();
    assert_eq!(swept.stranded, 0, "a person is asked");
    id
}

async fn an_onboarding_without_its_effect_is_sent_to_review_and_goes_on_after_a_retry(db: &TestDb) {
    let world = World::new(db).await;
    let id = stranded(&world, &open(&world)).await;
    world.act(id, OperatorAct::Retry, None).await;
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.state, "first_asset");
}

async fn an_onboarding_without_its_effect_goes_on_after_a_move(db: &TestDb) {
    let world = World::new(db).await;
    let id = stranded(&world, &open(&world)).await;
    world.act(id, OperatorAct::Move { state: "create_user".into() }, None).await;
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.state, "first_asset");
}

async fn nobody_is_stranded_in_a_normal_course(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let none = async || {
        let swept = sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
        assert_eq!(swept, sweep::Swept::default());
    };
    let id = world.sign_up("ann").await;
    none().await;
    world.answer(AttemptResult::Done(Answer::named("refused"))).await;
    assert_eq!(world.onboarding(id).await.status, Status::Review);
    none().await;
    world.act(id, OperatorAct::Retry, None).await;
    none().await;
    world.perform("ann").await;
    world.perform("ann").await;
    none().await;
    world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    none().await;
    world.perform("ann").await;
    none().await;
    assert_eq!(world.onboarding(id).await.status, Status::Completed);
}

async fn a_held_event_that_nobody_claims_expires_visibly(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let held = world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    world.clock.advance(HOLD);
    assert_eq!(sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap().expired, 0);
    world.clock.advance(Millis(1));
    assert_eq!(sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap().expired, 1);
    let expired = world.of_verdict("expired").await;
    assert_eq!(expired.iter().map(|entry| Some(entry.seq)).collect::<Vec<_>>(), [held.seq]);
    let id = world.waiting("ann").await;
    assert!(world.onboarding(id).await.memory.facts.is_empty());
    let copy = world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    assert_eq!((copy.copy, copy.verdict), (true, Verdict::Expired));
}

async fn held_events_whose_adoption_was_cut_short_are_found_by_the_sweep(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let early = (0..150).map(|n| {
        let names = vec![uid("nobody"), uid("ann")];
        world.say().report(&format!("w{n}"), names, vec![wallet_fact("ann", Trust::Fact)])
    });
    world.accept(&early.collect::<Vec<_>>()).await;
    world.sign_up("ann").await;
    let effect = world.only_due().await;
    // The follow-up of the first hundred cannot be written.
    world.refuse_inserts("events", "kind = 'engine.adopt'").await;
    world.one(world.say().good(&effect, "ann")).await;
    assert_eq!(world.of_verdict("held").await.len(), 50);
    world.allow_inserts("events").await;
    let swept = sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
    assert_eq!(swept.adopted, 1);
    assert!(world.of_verdict("held").await.is_empty());
    let swept = sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
    assert_eq!(swept.adopted, 0);
}
