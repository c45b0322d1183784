//! One flipped bit in each sealed column in turn: that person only, visibly. Neighbours go on, lists are served, leases
//! are given, nothing is refused into quarantine and nothing grows.

use gangway::clock::{Chance, SystemChance};
use gangway::engine::{sweep, timers};
use gangway::store::search::Filter;
use gangway::store::types::Lease;
use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, OnboardingId, OperatorAct, Trust};
use gangway_core::onboarding::Status;
use gangway_core::time::Millis;
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::timers::{HOW, open};
use crate::world::World;

on_both_databases!(
    one_flipped_bit_in_a_user_concerns_one_person,
    one_flipped_bit_in_a_user_s_key_concerns_one_person,
    one_flipped_bit_in_an_onboarding_concerns_one_person,
    one_flipped_bit_in_an_effect_concerns_one_person,
    a_person_whose_row_does_not_open_can_be_noted_and_cancelled,
    a_held_event_that_does_not_open_fails_nobody_who_would_adopt_it,
    a_start_of_a_user_whose_row_does_not_open_is_kept,
    what_was_kept_with_a_key_of_its_own_is_taken_once_the_row_opens,
);

/// Flips one bit in the middle of a sealed column, of every row for which the condition holds; answers how many.
async fn flip(world: &World, table: &str, column: &str, condition: &str) -> usize {
    let backend = world.sql.get_database_backend();
    let find = Statement::from_string(backend, format!("SELECT {column} AS sealed FROM {table} WHERE {condition}"));
    let rows = world.sql.query_all_raw(find).await.unwrap();
    for row in &rows {
        let whole: Vec<u8> = row.try_get("", "sealed").unwrap();
        let mut broken = whole.clone();
        broken[whole.len() / 2] ^= 1;
        let sql = format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2");
        let values: [Value; 2] = [broken.into(), whole.into()];
        world.sql.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    }
    rows.len()
}

fn literal(db: &TestDb, id: OnboardingId) -> String {
    if db.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.0.simple()) }
}

/// Everything that waits for somebody in the journal and in the quarantine.
async fn grown(world: &World) -> (i64, i64, i64) {
    let quarantine = world.number("SELECT count(*) FROM quarantine").await;
    (world.number("SELECT count(*) FROM events").await, world.received().await, quarantine)
}

async fn one_flipped_bit_in_a_user_concerns_one_person(db: &TestDb) {
    concerns_one(db, "users", "sealed").await;
}

async fn one_flipped_bit_in_a_user_s_key_concerns_one_person(db: &TestDb) {
    concerns_one(db, "users", "wrapped_key").await;
}

async fn one_flipped_bit_in_an_onboarding_concerns_one_person(db: &TestDb) {
    concerns_one(db, "onboardings", "sealed").await;
}

async fn one_flipped_bit_in_an_effect_concerns_one_person(db: &TestDb) {
    concerns_one(db, "effects", "request").await;
}

async fn concerns_one(db: &TestDb, table: &str, column: &str) {
    let world = World::new(db).await;
    let door = open(&world);
    let (ann, ben) = (world.waiting("ann").await, world.waiting("ben").await);
    world.clock.advance(Millis::secs(5));
    timers::tick(&world.engine, &door, world.say().0).await.unwrap();
    // The polls of both are due.
    world.hands.take();
    world.run("UPDATE effects SET lease_until = NULL, lease_token = NULL WHERE settled_at IS NULL").await;
    let of = literal(db, ann);
    let condition = match table {
        "users" => format!("id = (SELECT user_id FROM onboardings WHERE id = {of})"),
        "onboardings" => format!("id = {of}"),
        _ => format!("onboarding_id = {of} AND settled_at IS NULL"),
    };
    assert_eq!(flip(&world, table, column, &condition).await, 1);
    let shut = table != "effects";

    let lease = Lease { token: SystemChance.id(world.say().0), length: Millis::secs(60) };
    let leased =
        world.store().lease(&[("original".to_owned(), 10)], (&[], &[]), lease, Some(world.say().0)).await.unwrap();
    let got: Vec<OnboardingId> = leased.effects.iter().map(|(_, effect)| effect.id.onboarding).collect();
    assert!(got.contains(&ben), "no effects can be leased");
    assert_eq!(leased.unreadable.iter().any(|one| one.id.onboarding == ann), !got.contains(&ann));

    let say = world.say();
    let answers = world.accept(&[say.wallet("a", "ann", Trust::Fact), say.wallet("b", "ben", Trust::Fact)]).await;
    let expected = if shut { Verdict::Kept } else { Verdict::Applied };
    assert_eq!((answers[0].verdict, answers[1].verdict), (expected, Verdict::Applied));

    let listed = world.store().onboardings(&Filter { limit: 100, ..Filter::default() }).await.unwrap();
    let unreadable = listed.iter().filter_map(|seen| seen.as_ref().err()).map(|shut| shut.id);
    assert_eq!((listed.len(), unreadable.eq(shut.then_some(ann))), (2, true));
    let found = world.store().users_by(&[Identifier::new(Identifier::EXTERNAL_ID, "ann")]).await.unwrap();
    assert_eq!((found.len(), found[0].is_err()), (1, table == "users"));

    sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
    let before = grown(&world).await;
    for _ in 0..3 {
        world.clock.advance(Millis::secs(60));
        if shut {
            timers::tick(&world.engine, &door, world.say().0).await.unwrap();
        }
        sweep::tick(&world.engine, &door, world.say().0, HOW).await.unwrap();
    }
    assert_eq!(grown(&world).await, before, "something grows by itself");
    assert_eq!(before.2, 0, "something is in quarantine");
}

async fn a_person_whose_row_does_not_open_can_be_noted_and_cancelled(db: &TestDb) {
    for (table, column) in [("onboardings", "sealed"), ("users", "wrapped_key")] {
        let world = World::with(db, 1, |options| options.lifecycle = true).await;
        let id = world.one(world.say().start(table, "user.visited", table)).await.onboarding.unwrap();
        let of = literal(db, id);
        let key = format!(
            "id = {}",
            if table == "users" { format!("(SELECT user_id FROM onboardings WHERE id = {of})") } else { of }
        );
        assert_eq!(flip(&world, table, column, &key).await, 1);
        assert_eq!(world.act(id, OperatorAct::Note, None).await.verdict, Verdict::Noted);
        assert_eq!(world.act(id, OperatorAct::Cancel, Some(7)).await.verdict, Verdict::Refused);
        assert_eq!(world.act(id, OperatorAct::Retry, None).await.verdict, Verdict::Kept);
        let ended = world.act(id, OperatorAct::Cancel, Some(1)).await;
        assert_eq!(ended.verdict, Verdict::Applied, "{}", ended.detail);
        let shut = world.store().seen(id).await.unwrap().unwrap().unwrap_err();
        assert_eq!((shut.status.as_str(), shut.revision), (Status::Cancelled.word(), 2));
        assert!(shut.ended_at.is_some());
        assert_eq!(world.act(id, OperatorAct::Cancel, None).await.verdict, Verdict::Refused, "it has ended");
        let (of, open) = (literal(db, id), "settled_at IS NULL AND n > 0");
        assert_eq!(
            world.number(&format!("SELECT count(*) FROM effects WHERE onboarding_id = {of} AND {open}")).await,
            0
        );
        let told = format!("SELECT count(*) FROM effects WHERE onboarding_id = {of} AND kind = 'lifecycle'");
        assert_eq!(world.number(&told).await, if table == "users" { 1 } else { 2 }, "the end is told where it can be");
        let again = world.one(world.say().start(&format!("{table}-2"), "user.visited", table)).await;
        let expected = if table == "users" { Verdict::Kept } else { Verdict::Applied };
        assert_eq!(again.verdict, expected, "{}", again.detail);
        let figures = world.store().figures(world.say().0).await.unwrap();
        world.store().recount().await.unwrap();
        assert_eq!(figures, world.store().figures(world.say().0).await.unwrap());
    }
}

async fn a_held_event_that_does_not_open_fails_nobody_who_would_adopt_it(db: &TestDb) {
    let world = World::new(db).await;
    for key in ["sealed", "own_key"] {
        world.one(world.say().wallet(key, "ann", Trust::Fact)).await;
        let newest = "seq = (SELECT max(seq) FROM events)";
        assert_eq!(flip(&world, "events", key, newest).await, 1);
    }
    world.one(world.say().wallet("whole", "ann", Trust::Fact)).await;
    let id = world.sign_up("ann").await;
    let answer = world.perform("ann").await;
    assert_eq!(answer.verdict, Verdict::Applied, "an outcome was lost for a held event");
    assert!(world.of_verdict("held").await.is_empty());
    let kept = world.of_verdict("kept").await;
    assert_eq!(kept.iter().map(|entry| entry.onboarding).collect::<Vec<_>>(), [Some(id), Some(id)]);
    assert!(kept.iter().all(|entry| entry.detail.starts_with("cannot be read here: ")), "{kept:?}");
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.state, "welcome", "the one that opens was taken");
    assert_eq!(world.number("SELECT count(*) FROM held").await, 0);
}

async fn a_start_of_a_user_whose_row_does_not_open_is_kept(db: &TestDb) {
    let world = World::new(db).await;
    world.sign_up("ann").await;
    flip(&world, "users", "sealed", "created_at > 0").await;
    let say = world.say();
    let answers = world.accept(&[say.start("v", "user.visited", "ann"), say.start("w", "user.visited", "ben")]).await;
    assert_eq!((answers[0].verdict, answers[1].verdict), (Verdict::Kept, Verdict::Applied));
    assert_eq!(answers[0].detail, "the user's row cannot be read here");
    flip(&world, "users", "sealed", &format!("created_at <= {}", say.0.0)).await;
    // Both rows are flipped by this: only the first one is whole again.
    assert!(world.store().users_by(&[Identifier::new(Identifier::EXTERNAL_ID, "ann")]).await.unwrap()[0].is_ok());
    sweep::tick(&world.engine, &open(&world), say.0, HOW).await.unwrap();
    assert!(world.of_verdict("kept").await.is_empty(), "it was not taken again");
    assert_eq!(world.onboardings_of("ann").await.len(), 2);
}

async fn what_was_kept_with_a_key_of_its_own_is_taken_once_the_row_opens(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.one(world.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    let effect = world.only_due().await;
    flip(&world, "users", "wrapped_key", "created_at > 0").await;
    world.one(world.say().good(&effect, "ann")).await;
    world.one(world.say().message("m", "user.confirmed", "ann", json!({}))).await;
    assert_eq!(world.number("SELECT count(*) FROM events WHERE verdict = 'kept' AND own_key IS NOT NULL").await, 2);
    flip(&world, "users", "wrapped_key", "created_at > 0").await;
    sweep::tick(&world.engine, &open(&world), world.say().0, HOW).await.unwrap();
    assert_eq!(world.onboarding(id).await.status, Status::Completed);
    assert_eq!(
        world.number("SELECT count(*) FROM events WHERE own_key IS NOT NULL").await,
        0,
        "sealed with its owner's"
    );
}
