//! A day of a process in milliseconds: its monotonic time, its wall clock and the database's are moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use gangway_core::time::{Millis, Timestamp};

use super::{Doubt, SteadyClock, Ticks, Trust};
use crate::clock::Clock;

const HOUR: i64 = 3_600_000;

/// A machine.
#[derive(Debug, Default)]
struct Played {
    wall: AtomicI64,
    elapsed: AtomicI64,
}

impl Ticks for Played {
    fn wall(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// The machine, its clock, and how far the database's clock is from monotonic time.
struct World {
    machine: Arc<Played>,
    clock: SteadyClock,
    database: i64,
}

impl World {
    fn new(wall: i64, database: i64) -> Self {
        let machine = Arc::new(Played::default());
        machine.wall.store(wall, Ordering::SeqCst);
        Self { clock: SteadyClock::of(Arc::clone(&machine) as Arc<_>), machine, database }
    }

    /// So much time passes, and then the database is asked; the answer takes no time.
    fn after(&self, passed: i64) -> (i64, Option<Doubt>) {
        let elapsed = self.machine.elapsed.fetch_add(passed, Ordering::SeqCst) + passed;
        self.clock.observe(Timestamp(elapsed + self.database), Millis(0), &Trust::default());
        (self.clock.now().0 - elapsed, self.clock.doubt())
    }
}

#[test]
fn before_the_database_is_heard_it_is_the_wall_clock_and_then_the_databases() {
    let world = World::new(50_000, 9 * HOUR);
    assert_eq!(world.clock.now(), Timestamp(50_000));
    assert_eq!(world.after(0), (9 * HOUR, None));
    assert_eq!(world.clock.wall_ahead(), 50_000 - 9 * HOUR);
    world.machine.wall.store(99 * HOUR, Ordering::SeqCst);
    assert_eq!(world.clock.now(), Timestamp(9 * HOUR), "the wall clock decides nothing");
}

#[test]
fn drift_is_followed_at_once() {
    let mut world = World::new(0, HOUR);
    world.after(0);
    for drift in [3, -3, 4_999, -5_000] {
        world.database = HOUR + drift;
        let (now, doubt) = world.after(1000);
        assert_eq!((now, doubt), (HOUR + drift, None));
        world.database = HOUR;
        world.after(1000);
    }
}

#[test]
fn a_glitch_of_an_hour_is_never_believed_and_is_doubted_while_it_lasts() {
    for leap in [HOUR, -HOUR] {
        let mut world = World::new(0, 2 * HOUR);
        world.after(0);
        world.database += leap;
        for _ in 0..11 {
            assert_eq!(world.after(5_000), (2 * HOUR, Some(Doubt::Leapt(leap))));
        }
        world.database -= leap;
        assert_eq!(world.after(5_000), (2 * HOUR, None));
    }
}

#[test]
fn a_leap_that_lasts_is_believed_and_one_that_leaps_again_is_not() {
    let mut world = World::new(0, 2 * HOUR);
    world.after(0);
    world.database += HOUR;
    world.after(1);
    assert_eq!(world.after(59_999), (2 * HOUR, Some(Doubt::Leapt(HOUR))));
    world.database += HOUR;
    assert_eq!(world.after(1), (2 * HOUR, Some(Doubt::Leapt(2 * HOUR))));
    assert_eq!(world.after(59_000), (2 * HOUR, Some(Doubt::Leapt(2 * HOUR))));
    assert_eq!(world.after(1_000), (4 * HOUR, None));
}

#[test]
fn a_slow_answer_moves_it_by_no_more_than_it_can_tell() {
    let world = World::new(0, HOUR);
    world.after(0);
    let ask = |ahead: i64, took: u64| {
        let said = world.clock.now().0 - i64::try_from(took).unwrap() / 2 + ahead;
        world.clock.observe(Timestamp(said), Millis(took), &Trust::default());
    };
    ask(400, 1_000);
    assert_eq!(world.clock.now(), Timestamp(HOUR), "it may have been said half a second ago");
    ask(600, 1_000);
    assert_eq!(world.clock.now(), Timestamp(HOUR + 600));
    ask(HOUR, 10_002);
    assert_eq!((world.clock.now(), world.clock.doubt()), (Timestamp(HOUR + 600), None));
}

#[test]
fn a_start_far_from_the_newest_time_on_record_is_doubted_for_the_grace() {
    let day = 24 * HOUR;
    for (newest, doubt) in [
        (100 * day, None),
        (93 * day, None),
        (93 * day - 1, Some(Doubt::Began(7 * day + 1))),
        (100 * day + 5_000, None),
        (100 * day + 5_001, Some(Doubt::Began(-5_001))),
    ] {
        let world = World::new(0, 100 * day);
        world.after(0);
        world.clock.begin(Timestamp(newest), &Trust::default());
        assert_eq!(world.clock.doubt(), doubt, "{newest}");
        assert_eq!(world.after(59_999).1, doubt);
        assert_eq!(world.after(1), (100 * day, None));
    }
}
