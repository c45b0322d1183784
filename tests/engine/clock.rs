//! The time is the database's, kept going by monotonic time. A wrong clock neither moves nor freezes any onboarding.

use std::sync::Arc;
use std::time::Duration;

use gangway::clock::{Clock, Doubt, Machine, SteadyClock, Ticks, Trust};
use gangway::engine::{sweep, time, timers, writer};
use gangway_core::decision::Verdict;
use gangway_core::event::{OnboardingId, OperatorAct, Trust as Trusted};
use gangway_core::time::{Millis, Timestamp};

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::say::{Say, again, uid, wallet_fact};
use crate::world::World;

on_both_databases!(
    whoever_was_moved_by_a_clock_that_was_wrong_goes_on_at_the_right_time,
    a_held_event_is_decided_when_it_is_adopted,
    a_machine_whose_clock_is_wrong_plans_by_the_databases,
    while_the_clock_is_in_doubt_nobody_is_late_and_nothing_expires,
    a_start_long_after_the_newest_event_is_in_doubt,
);

const HOUR: i64 = 3_600_000;
const HOW: sweep::Sweeping = sweep::Sweeping { every: Millis::secs(60), hold: Millis::secs(30 * 86_400), limit: 1000 };

/// This machine, with its wall clock this many milliseconds off.
#[derive(Debug)]
struct Off(Machine, i64);

impl Ticks for Off {
    fn wall(&self) -> Timestamp {
        Timestamp(self.0.wall().0 + self.1)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A world that runs on the database's clock, on a machine with a clock that is this far off.
async fn steady(db: &TestDb, off: i64) -> (World, Arc<SteadyClock>) {
    let mut world = World::new(db).await;
    let clock = Arc::new(SteadyClock::of(Arc::new(Off(Machine::default(), off))));
    Arc::get_mut(&mut world.engine).unwrap().clock = Arc::clone(&clock) as Arc<dyn Clock>;
    time::begin(world.store(), &*clock, &Trust::default()).await.unwrap();
    (world, clock)
}

async fn signed_up(world: &World, say: Say) -> OnboardingId {
    world.one(say.sign_up("ann")).await.onboarding.unwrap()
}

async fn whoever_was_moved_by_a_clock_that_was_wrong_goes_on_at_the_right_time(db: &TestDb) {
    let (right, wrong) = (World::new(db).await, World::with(db, 2, |_| {}).await);
    wrong.clock.advance(Millis::secs(365 * 86_400));
    let id = right.sign_up("ann").await;
    let effect = right.only_due().await;
    wrong.one(wrong.say().outcome(&effect, again("busy"))).await;
    assert!(right.due().await.is_empty(), "its next attempt is in a year");
    right.clock.advance(Millis::secs(1));
    right.act(id, OperatorAct::Move { state: "create_user".into() }, None).await;
    right.perform("ann").await;
    let seen = right.onboarding(id).await;
    assert_eq!((seen.state.as_str(), seen.since), ("first_asset", right.say().0));
    right.perform("ann").await;
    assert!(right.onboarding(id).await.wake_at.unwrap() < right.say().0.plus(Millis::secs(86_401)));
    assert_replays(&right, id, 0).await;
}

async fn a_held_event_is_decided_when_it_is_adopted(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    world.clock.advance(Millis::secs(10));
    let fact = wallet_fact("another", Trusted::Fact);
    let held = world.one(world.say().report("w", vec![uid("another")], vec![fact])).await;
    assert_eq!(held.verdict, Verdict::Held);
    world.clock.advance(Millis::secs(7200));
    world.act(id, OperatorAct::Adopt { event: held.seq.unwrap() }, None).await;
    let seen = world.onboarding(id).await;
    assert_eq!((seen.state.as_str(), seen.since), ("welcome", world.say().0));
    assert_replays(&world, id, 0).await;
}

async fn a_machine_whose_clock_is_wrong_plans_by_the_databases(db: &TestDb) {
    for (name, off) in [("ann", HOUR), ("bob", -HOUR)] {
        let (world, clock) = steady(db, off).await;
        let id = world.one(Say(clock.now()).sign_up(name)).await.onboarding.unwrap();
        let before = world.store().clock().await.unwrap();
        let effect = world.hands.take().remove(0);
        world.one(Say(clock.now()).outcome(&effect, again("busy"))).await;
        let due = world.onboarding(id).await.memory.pending.unwrap().due_at;
        let after = world.store().clock().await.unwrap();
        let minute = Millis::secs(60);
        assert!(before.since(due) < minute && due.since(after) < minute, "{before} {due} {after}");
        assert!((clock.wall_ahead() - off).abs() < 60_000, "the difference is told");
        world.close().await;
    }
}

async fn while_the_clock_is_in_doubt_nobody_is_late_and_nothing_expires(db: &TestDb) {
    let (world, clock) = steady(db, 0).await;
    let (door, queue) = writer::door(1024);
    drop(writer::start(&world.engine, &queue, 1));
    let say = Say(clock.now());
    let id = world.one(say.start("v", "user.visited", "ann")).await.onboarding.unwrap();
    let effect = world.hands.take().remove(0);
    world.one(say.good(&effect, "ann")).await;
    world.one(say.report("w", vec![uid("nobody")], Vec::new())).await;

    let leapt = world.store().clock().await.unwrap().plus(Millis::secs(7200));
    clock.observe(leapt, Millis(0), &Trust::default());
    assert!(matches!(clock.doubt(), Some(Doubt::Leapt(_))));
    assert!(clock.now() < leapt, "it is not believed");
    let (later, much_later) = (leapt, leapt.plus(HOW.hold));
    timers::tick(&world.engine, &door, later).await.unwrap();
    assert_eq!(world.onboarding(id).await.state, "confirmed");
    assert_eq!(sweep::tick(&world.engine, &door, much_later, HOW).await.unwrap().expired, 0);

    time::measure(world.store(), &*clock, &Trust::default()).await.unwrap();
    assert_eq!(clock.doubt(), None, "it is as before");
    timers::tick(&world.engine, &door, later).await.unwrap();
    assert_eq!(world.onboarding(id).await.state, "review");
    assert_eq!(sweep::tick(&world.engine, &door, much_later, HOW).await.unwrap().expired, 1);
}

async fn a_start_long_after_the_newest_event_is_in_doubt(db: &TestDb) {
    let (_, clock) = steady(db, 0).await;
    assert_eq!(clock.doubt(), None, "there is nothing on record");
    let world = World::new(db).await;
    world.one(world.say().start("v", "user.visited", "ann")).await;
    let (_, clock) = steady(db, 0).await;
    assert!(matches!(clock.doubt(), Some(Doubt::Began(after)) if after > 0), "the hand stands in 2023");
    let (_, clock) = steady(db, 0).await;
    let newest = signed_up(&world, Say(clock.now())).await;
    let (world, clock) = steady(db, 0).await;
    assert_eq!(clock.doubt(), None);
    assert_eq!(world.onboarding(newest).await.state, "create_user");
}
