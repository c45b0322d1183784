//! When the database refuses, or goes away: neighbours land, nothing is half-written, no sender is told what is not so.

use std::sync::Arc;

use gangway::engine::{Arrival, NotAccepted, Options, aside, timers, writer};
use gangway::outbound::attempt::outcome;
use gangway_core::decision::Verdict;
use gangway_core::effect::EffectId;
use gangway_core::event::Trust;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::secret::Secrets;
use gangway_core::time::Millis;
use sea_orm::sqlx::{PgPool, query, query_scalar};
use serde_json::json;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::say::Say;
use crate::timers::open;
use crate::wait::until;
use crate::world::World;

on_both_databases!(
    a_poisonous_event_is_put_aside_and_its_neighbours_land,
    what_is_in_quarantine_is_kept_as_the_door_was_given_it_and_lands_when_it_can,
    when_the_quarantine_is_full_the_sender_keeps_what_the_database_refuses_and_nobody_else_waits,
    what_comes_by_itself_again_takes_no_room_in_quarantine,
    the_rest_of_a_batch_that_took_too_long_comes_again_and_the_database_is_not_said_to_be_away,
    an_event_with_a_nul_in_its_type_harms_nobody,
    what_comes_for_a_row_that_this_version_cannot_read_is_kept_until_it_can,
    an_event_of_a_flow_that_is_not_known_here_is_kept_and_its_neighbours_land,
    a_full_queue_refuses_and_a_queue_with_room_takes_again,
    a_queue_is_full_by_its_bytes_too_and_one_event_always_fits,
    a_closed_door_finishes_what_was_let_in,
    held_events_beyond_a_hundred_are_adopted_by_the_writer_too,
);

async fn a_poisonous_event_is_put_aside_and_its_neighbours_land(db: &TestDb) {
    let world = World::new(db).await;
    world.refuse_inserts("events", "kind = 'poison'").await;
    let say = world.say();
    let mut batch: Vec<Arrival> = (0..9).map(|n| say.sign_up(&format!("p{n}"))).collect();
    batch.insert(4, say.message("bad", "poison", "p1", json!({ "n": 1 })));
    let answers = world.accept(&batch).await;
    let verdicts: Vec<Verdict> = answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Applied).count(), 9);
    assert_eq!((verdicts[4], answers[4].seq), (Verdict::Refused, None));
    let kept = world.quarantined().await;
    assert_eq!(kept.iter().map(|one| one.source.as_str()).collect::<Vec<_>>(), ["crm"]);
    assert_eq!(world.received().await + 1, 10, "what is put aside is not in the journal");
    assert_eq!(world.due().await.len(), 9);
}

async fn what_is_in_quarantine_is_kept_as_the_door_was_given_it_and_lands_when_it_can(db: &TestDb) {
    let world = World::new(db).await;
    world.sign_up("ann").await;
    world.refuse_inserts("events", "kind = 'user.confirmed'").await;
    let mut said = world.say().message("bad", "user.confirmed", "ann", json!({ "n": 1 }));
    said.secrets = Secrets::of("data.password", "hunter2");
    world.one(said.clone()).await;
    let (_, content) = world.store().kept_aside(world.quarantined().await[0].id).await.unwrap().unwrap();
    let again = aside::read(&content).unwrap();
    assert_eq!((&again.event, &again.raw, &again.content), (&said.event, &said.raw, &said.content));
    assert_eq!((again.owner, &again.secrets), (said.owner, &said.secrets));
    world.allow_inserts("events").await;
    assert!(world.one(again).await.seq.is_some());
    assert!(world.one(said).await.copy, "it has the key that it came with");
}

async fn when_the_quarantine_is_full_the_sender_keeps_what_the_database_refuses_and_nobody_else_waits(db: &TestDb) {
    for (rows, one_alone) in [(1, false), (10, true)] {
        let say = Say(crate::world::START);
        let size = aside::written(&say.message("10-1", "poison", "p1", json!({}))).len() as u64;
        let bytes = if one_alone { size + 10 } else { u64::MAX };
        let caps = |options: &mut Options| (options.quarantine.rows, options.quarantine.bytes) = (rows, bytes);
        let world = World::with(db, rows.into(), caps).await;
        world.run("DELETE FROM quarantine").await;
        world.refuse_inserts("events", "kind = 'poison'").await;
        let key = |n: u32| format!("{rows}-{n}");
        let bad = |n: u32| say.message(&key(n), "poison", "p1", json!({}));
        assert_eq!(world.one(bad(1)).await.verdict, Verdict::Refused);
        let batch = [bad(2), say.sign_up(&key(3)), bad(4), say.sign_up(&key(5))];
        let answers = world.engine.accept(&batch).await;
        for (nth, answer) in answers.iter().enumerate() {
            match nth % 2 {
                // The word for "this one alone": the intake of others goes on, and readiness does not change.
                0 => assert!(matches!(answer, Err(NotAccepted::Later(_))), "{answer:?}"),
                _ => assert_eq!(answer.as_ref().map(|one| one.verdict), Ok(Verdict::Applied)),
            }
        }
        assert_eq!(world.quarantined().await.len(), 1);
        world.allow_inserts("events").await;
    }
}

async fn what_comes_by_itself_again_takes_no_room_in_quarantine(db: &TestDb) {
    let world = World::new(db).await;
    let door = open(&world);
    let id = world.waiting("ann").await;
    world.refuse_inserts("events", "source IN ('timer', 'effect')").await;
    for _ in 0..5 {
        world.clock.advance(Millis::secs(3600));
        timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    }
    assert_eq!(world.quarantined().await.len(), 0, "a timer that is refused comes again, and fills nothing");
    let effect = EffectId { onboarding: id, n: 1 };
    for attempt in 0..3 {
        let ran_out = outcome::expired(effect, attempt, world.say().0);
        assert_eq!(world.one(ran_out).await.verdict, Verdict::Refused);
    }
    assert_eq!(world.quarantined().await.len(), 0);
    let known =
        outcome::arrival(effect, 1, world.say().0, AttemptResult::Done(Answer::named("created")), world.say().0);
    assert_eq!(world.one(known).await.verdict, Verdict::Refused);
    assert_eq!(world.quarantined().await.len(), 1, "what only it knows is kept");
}

async fn the_rest_of_a_batch_that_took_too_long_comes_again_and_the_database_is_not_said_to_be_away(db: &TestDb) {
    let world = World::with(db, 1, |options| options.patience = Millis(0)).await;
    world.refuse_inserts("events", "kind = 'poison'").await;
    let say = world.say();
    let batch: Vec<Arrival> = (0..8)
        .map(|n| match n % 4 {
            0 => say.message(&format!("bad{n}"), "poison", "p", json!({})),
            _ => say.sign_up(&format!("p{n}")),
        })
        .collect();
    let answers = world.engine.accept(&batch).await;
    let away = answers.iter().filter(|answer| matches!(answer, Err(NotAccepted::Away(_)))).count();
    let later = answers.iter().filter(|answer| matches!(answer, Err(NotAccepted::Later(_)))).count();
    assert!(away == 0 && later > 0, "{answers:?}");
}

async fn an_event_with_a_nul_in_its_type_harms_nobody(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    let odd = say.message("bad\0", "odd\0type", "ann", json!({ "text": "a\0b" }));
    let answers = world.accept(&[say.sign_up("ann"), odd, say.sign_up("ben")]).await;
    assert_eq!((answers[0].verdict, answers[2].verdict), (Verdict::Applied, Verdict::Applied));
    let aside = world.quarantined().await.len();
    assert_eq!(aside, usize::from(db.is_postgres()), "SQLite takes it");
}

async fn what_comes_for_a_row_that_this_version_cannot_read_is_kept_until_it_can(db: &TestDb) {
    let world = World::new(db).await;
    let (ann, ben) = (world.waiting("ann").await, world.waiting("ben").await);
    let broken = if db.is_postgres() { format!("'{ann}'") } else { format!("x'{}'", ann.0.simple()) };
    world.run(&format!("UPDATE onboardings SET status = 'sleeping' WHERE id = {broken}")).await;
    let say = world.say();
    let batch = [say.wallet("a", "ann", Trust::Fact), say.wallet("b", "ben", Trust::Fact), say.sign_up("eve")];
    let answers = world.accept(&batch).await;
    let verdicts: Vec<Verdict> = answers.iter().map(|answer| answer.verdict).collect();
    assert_eq!(verdicts, [Verdict::Kept, Verdict::Applied, Verdict::Applied]);
    let why = "cannot be read here: onboardings.status holds something that this version does not know";
    assert_eq!((answers[0].onboarding, answers[0].detail.as_str()), (Some(ann), why));
    assert_eq!(world.onboarding(ben).await.state, "welcome");
    world.run(&format!("UPDATE onboardings SET status = 'waiting' WHERE id = {broken}")).await;
    world.one(say.message("m", "user.renamed", "ann", json!({}))).await;
    assert_eq!(world.onboarding(ann).await.state, "welcome");
    assert!(world.of_verdict("kept").await.is_empty());
}

async fn an_event_of_a_flow_that_is_not_known_here_is_kept_and_its_neighbours_land(db: &TestDb) {
    let world = World::new(db).await;
    let ann = world.waiting("ann").await;
    world.run("UPDATE onboardings SET version = 77").await;
    let say = world.say();
    let answers = world.accept(&[say.wallet("a", "ann", Trust::Fact), say.sign_up("eve")]).await;
    assert_eq!((answers[0].verdict, answers[1].verdict), (Verdict::Kept, Verdict::Applied));
    world.run("UPDATE onboardings SET version = 3").await;
    let copy = world.one(say.wallet("a", "ann", Trust::Fact)).await;
    assert_eq!((copy.copy, copy.verdict), (true, Verdict::Kept));
    world.one(say.message("m", "user.renamed", "ann", json!({}))).await;
    assert_eq!(world.onboarding(ann).await.state, "welcome");
}

async fn a_full_queue_refuses_and_a_queue_with_room_takes_again(db: &TestDb) {
    let world = World::new(db).await;
    let (door, queue) = writer::door(2);
    let say = world.say();
    let put = |n: usize| {
        let (door, arrival) = (door.clone(), say.sign_up(&format!("p{n}")));
        tokio::spawn(async move { door.accept(arrival).await })
    };
    let waiting = [put(0), put(1)];
    until("the queue is full", async || (door.depth() == 2).then_some(())).await;
    assert!(matches!(put(2).await.unwrap(), Err(NotAccepted::Full(_))));
    assert_eq!(world.received().await, 0);
    drop(writer::start(&world.engine, &queue, 1));
    for one in waiting {
        assert_eq!(one.await.unwrap().map(|receipt| receipt.verdict), Ok(Verdict::Applied));
    }
    assert!(put(2).await.unwrap().is_ok());
    assert_eq!(world.received().await, 3);
}

async fn a_queue_is_full_by_its_bytes_too_and_one_event_always_fits(db: &TestDb) {
    let world = World::new(db).await;
    let (door, queue) = writer::bounded(64, 100_000);
    let say = world.say();
    let put = |name: &str, bytes: usize| {
        let mut arrival = say.sign_up(name);
        arrival.raw = vec![b' '; bytes].into();
        let door = door.clone();
        tokio::spawn(async move { door.accept(arrival).await })
    };
    let large = put("large", 1_000_000);
    until("it waits", async || (door.depth() == 1).then_some(())).await;
    assert!(matches!(put("small", 10).await.unwrap(), Err(NotAccepted::Full(_))), "there is no room beside it");
    let own = tokio::spawn({
        let (door, arrival) = (door.clone(), say.sign_up("own"));
        async move { door.accept_own(arrival).await }
    });
    drop(writer::start(&world.engine, &queue, 1));
    assert!(large.await.unwrap().is_ok() && own.await.unwrap().is_ok(), "what is our own waits for room");
    let all = [put("a", 40_000), put("b", 40_000)];
    for one in all {
        assert!(one.await.unwrap().is_ok());
    }
    until("all room is free again", async || (door.room() > 90_000).then_some(())).await;
}

async fn a_closed_door_finishes_what_was_let_in(db: &TestDb) {
    let world = World::new(db).await;
    let (door, queue) = writer::door(64);
    let say = world.say();
    let people = (0..50).map(|n| say.sign_up(&format!("p{n}"))).collect();
    let asked = tokio::spawn({
        let door = door.clone();
        async move { door.accept_all(people).await }
    });
    until("all are in the queue", async || (door.depth() == 50).then_some(())).await;
    let writers = writer::start(&world.engine, &queue, 2);
    drop(door);
    assert!(asked.await.unwrap().iter().all(Result::is_ok));
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(world.received().await, 50);
}

async fn held_events_beyond_a_hundred_are_adopted_by_the_writer_too(db: &TestDb) {
    let world = World::new(db).await;
    let early: Vec<Arrival> = (0..250).map(|n| world.say().wallet(&format!("w{n}"), "ann", Trust::Fact)).collect();
    world.accept(&early).await;
    world.sign_up("ann").await;
    let effect = world.only_due().await;
    let (door, queue) = writer::door(64);
    drop(writer::start(&world.engine, &queue, 2));
    door.accept(world.say().good(&effect, "ann")).await.unwrap();
    until("all are adopted", async || world.of_verdict("held").await.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_in_the_middle_leaves_nothing_half_written() {
    let db = TestDb::postgres().await;
    let world = Arc::new(World::new(&db).await);
    let admin = PgPool::connect(&db.url).await.unwrap();
    // Holds the identifier rows that the batch needs, so that it is seen in the middle.
    for round in 0..10 {
        let name = format!("ann{round}");
        let mut holder = admin.begin().await.unwrap();
        query("LOCK TABLE effects IN ACCESS EXCLUSIVE MODE").execute(&mut *holder).await.unwrap();
        let batch = vec![world.say().sign_up(&name), world.say().wallet(&name, &name, Trust::Hint)];
        let accepting = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.engine.accept(&batch).await }
        });
        let waiting =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let pid: i32 = until("the batch waits in the middle", async || {
            query_scalar(waiting).fetch_optional(&admin).await.unwrap()
        })
        .await;
        query("SELECT pg_terminate_backend($1)").bind(pid).execute(&admin).await.unwrap();
        holder.rollback().await.unwrap();
        let answers = accepting.await.unwrap();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2, "{answers:?}");
        assert_eq!(world.received().await, (round + 1) * 2, "a row was counted twice, or lost");
        assert_eq!(world.due().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_takes_no_batch_all_are_told_to_come_again() {
    let db = TestDb::postgres().await;
    let world = World::new(&db).await;
    let say = world.say();
    // A passing error, each time: as a deadlock or a full disk would be.
    world
        .run("CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '40P01'; END $$")
        .await;
    world.run("CREATE TRIGGER busy BEFORE INSERT ON effects FOR EACH ROW EXECUTE FUNCTION busy()").await;
    let answers = world.engine.accept(&[say.sign_up("ann"), say.wallet("w", "ben", Trust::Hint)]).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(NotAccepted::Away(_)))), "{answers:?}");
    assert_eq!((world.received().await, world.quarantined().await.len()), (0, 0));
    assert_eq!(world.hands.free("original"), 1000);
    world.run("DROP TRIGGER busy ON effects").await;
    assert!(world.engine.accept(&[say.sign_up("ann")]).await[0].is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_nobody_listed_puts_nothing_aside_and_only_its_own_event_off() {
    let db = TestDb::postgres().await;
    let world = World::new(&db).await;
    let say = world.say();
    world.waiting("ann").await;
    world.run("CREATE TABLE now (code text)").await;
    world.run("INSERT INTO now VALUES ('')").await;
    let raise = "EXECUTE format('DO $d$ BEGIN RAISE SQLSTATE %L; END $d$', (SELECT code FROM now)); RETURN NEW;";
    world.run(&format!("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raise} END $$")).await;
    let when = "FOR EACH ROW WHEN (NEW.kind = 'odd') EXECUTE FUNCTION fail()";
    world.run(&format!("CREATE TRIGGER fail BEFORE INSERT ON events {when}")).await;
    let codes = ["XX000", "XX001", "58P01", "26000", "0A000", "25P02", "P0001", "39000", "ZZ999", "55P03"];
    for (round, code) in codes.into_iter().enumerate() {
        world.run(&format!("UPDATE now SET code = '{code}'")).await;
        let before = world.received().await;
        let odd = || say.message(&format!("odd{round}"), "odd", "ann", json!({ "n": 1 }));
        let batch = [say.sign_up(&format!("a{round}")), odd(), say.sign_up(&format!("b{round}")), say.sign_up("c")];
        let answers = world.engine.accept(&batch).await;
        assert!(matches!(answers[1], Err(NotAccepted::Later(_))), "{code}: {:?}", answers[1]);
        assert!([0, 2, 3].into_iter().all(|n: usize| answers[n].is_ok()), "{code}: {answers:?}");
        assert_eq!(world.quarantined().await.len(), 0, "{code}");
        assert_eq!(world.received().await, before + 3, "{code}");
        let alone = world.engine.accept(&[odd()]).await;
        assert!(matches!(alone[0], Err(NotAccepted::Later(_))), "{code}: {alone:?}");
        world.run("ALTER TABLE events DISABLE TRIGGER fail").await;
        assert!(world.engine.accept(&[odd()]).await[0].is_ok(), "{code}: it is taken when the cause is gone");
        world.run("ALTER TABLE events ENABLE TRIGGER fail").await;
    }
}
