//! Secrets: cut out before anything is written, sealed, kept exactly as long as a state can read them.

use std::collections::BTreeSet;

use gangway::store::types::LeasedEffect;
use gangway_core::effect::Request;
use gangway_core::event::{Body, OnboardingId, OperatorAct};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::secret::Secrets;
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::hidden::spellings;
use crate::on_both_databases;
use crate::privacy::{cells, contains};
use crate::world::World;

on_both_databases!(
    a_secret_of_the_start_is_there_for_its_call_and_gone_after_it,
    a_secret_of_an_answer_is_there_for_its_mail_and_gone_after_it,
    a_secret_that_did_not_come_is_made_by_its_rule,
    a_held_event_brings_its_secrets_along_and_an_expired_one_leaves_none,
    secrets_of_held_events_go_with_their_own_event_and_not_before,
    a_second_start_replaces_no_secret,
    the_end_by_an_operator_erases_every_secret,
    no_secret_is_readable_in_any_column_of_any_table,
);

const PASSWORD: &str = "Zwetschgen-Knödel/42+";
const KEY: &str = "302e020100300506032b657004220420aa55";
const PASSKEY: &str = "attestation-9f86d081884c7d65";

fn start(world: &World, key: &str, name: &str, password: Option<&str>) -> gangway::engine::Arrival {
    let data = json!({ "user_id": name, "email": format!("{name}@mail.example"), "account": { "password": password } });
    world.say().message(key, "user.kept", name, data)
}

async fn begun(world: &World, name: &str) -> (OnboardingId, LeasedEffect) {
    let receipt = world.one(start(world, &format!("start-{name}"), name, Some(PASSWORD))).await;
    (receipt.onboarding.unwrap(), world.only_due().await)
}

async fn secret(world: &World, id: OnboardingId, name: &str) -> Option<Value> {
    let names = BTreeSet::from([name.to_owned()]);
    world.store().secrets(id, &names).await.unwrap().0.remove(name)
}

async fn opened(world: &World, effect: &LeasedEffect) {
    let answer = Answer { secrets: Secrets::of("key", KEY), ..Answer::named("opened") };
    world.one(world.say().outcome(effect, AttemptResult::Done(answer))).await;
}

async fn a_secret_of_the_start_is_there_for_its_call_and_gone_after_it(db: &TestDb) {
    let world = World::new(db).await;
    let (id, effect) = begun(&world, "ann").await;
    let Request::Call { input, secrets, .. } = &effect.request else { panic!("a call") };
    assert_eq!((json!(input), secrets["/password"].as_str()), (json!({ "username": "ann" }), "password"));
    assert_eq!(secret(&world, id, "password").await, Some(json!(PASSWORD)));
    opened(&world, &effect).await;
    assert_eq!(secret(&world, id, "password").await, None);
}

async fn a_secret_of_an_answer_is_there_for_its_mail_and_gone_after_it(db: &TestDb) {
    let world = World::new(db).await;
    let (id, effect) = begun(&world, "ann").await;
    opened(&world, &effect).await;
    let mail = world.only_due().await;
    assert_eq!(secret(&world, id, "key").await, Some(json!(KEY)));
    // A late second answer of the call that is over brings nothing back.
    opened(&world, &LeasedEffect { attempt: 2, ..effect }).await;
    world.one(world.say().outcome(&mail, AttemptResult::Done(Answer::named("sent")))).await;
    assert_eq!(secret(&world, id, "key").await, None);
    assert_eq!(world.onboarding(id).await.state, "passkey");
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 0);
}

async fn a_secret_that_did_not_come_is_made_by_its_rule(db: &TestDb) {
    let world = World::new(db).await;
    let ids = [
        world.one(start(&world, "1", "ann", None)).await.onboarding.unwrap(),
        world.one(start(&world, "2", "bob", None)).await.onboarding.unwrap(),
    ];
    let made = [secret(&world, ids[0], "password").await.unwrap(), secret(&world, ids[1], "password").await.unwrap()];
    assert_ne!(made[0], made[1]);
    for made in made {
        assert_eq!(crate::world::rule().lacks(made.as_str().unwrap()), None);
    }
}

async fn a_held_event_brings_its_secrets_along_and_an_expired_one_leaves_none(db: &TestDb) {
    let world = World::new(db).await;
    let handed_in =
        |name: &str| world.say().message(&format!("in-{name}"), "user.handed_in", name, json!({ "passkey": PASSKEY }));
    world.one(handed_in("ann")).await;
    world.one(handed_in("nobody")).await;
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 2);
    let (id, effect) = begun(&world, "ann").await;
    assert_eq!(secret(&world, id, "passkey").await, Some(json!(PASSKEY)));
    opened(&world, &effect).await;
    let mail = world.only_due().await;
    world.one(world.say().outcome(&mail, AttemptResult::Done(Answer::named("sent")))).await;
    let effect = world.only_due().await;
    let Request::Call { secrets, .. } = &effect.request else { panic!("a call") };
    assert_eq!(secrets["/password"], "passkey");
    let later = gangway::clock::Clock::now(&world.clock).plus(gangway_core::time::Millis::secs(1));
    assert_eq!(world.store().expire_held(later, 10).await.unwrap(), 1);
    assert_eq!(world.number("SELECT count(*) FROM secrets WHERE own_key IS NOT NULL").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 1);
}

async fn secrets_of_held_events_go_with_their_own_event_and_not_before(db: &TestDb) {
    let world = World::new(db).await;
    for name in ["ann", "bob", "cleo"] {
        let data = json!({ "passkey": PASSKEY });
        world.one(world.say().message(&format!("in-{name}"), "user.handed_in", name, data)).await;
        world.clock.advance(gangway_core::time::Millis::secs(1));
    }
    for left in [2, 1, 0] {
        assert_eq!(world.store().expire_held(world.say().0, 1).await.unwrap(), 1);
        assert_eq!(world.number("SELECT count(*) FROM secrets").await, left, "a held event is without its secret");
    }
}

async fn a_second_start_replaces_no_secret(db: &TestDb) {
    let world = World::new(db).await;
    let (id, _) = begun(&world, "ann").await;
    world.one(start(&world, "again", "ann", Some("another"))).await;
    assert_eq!(secret(&world, id, "password").await, Some(json!(PASSWORD)));
}

async fn the_end_by_an_operator_erases_every_secret(db: &TestDb) {
    let world = World::new(db).await;
    let (id, _) = begun(&world, "ann").await;
    world.act(id, OperatorAct::Cancel, None).await;
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 0);
}

async fn no_secret_is_readable_in_any_column_of_any_table(db: &TestDb) {
    let world = World::new(db).await;
    world.one(world.say().message("in", "user.handed_in", "ann", json!({ "passkey": PASSKEY }))).await;
    let (id, effect) = begun(&world, "ann").await;
    opened(&world, &effect).await;
    let cells = cells(&world).await;
    for needle in [PASSWORD, KEY, PASSKEY].iter().flat_map(|secret| spellings(secret)) {
        assert!(cells.iter().all(|(_, bytes)| !contains(bytes, &needle)));
    }
    // Nor behind the seal of the journal: events are opened here, and hold markers.
    let journal = world.store().history(id).await.unwrap();
    let events: Vec<String> = journal.iter().map(|(_, event)| serde_json::to_string(event).unwrap()).collect();
    assert!(events.iter().any(|event| event.contains("(secret)")), "{events:?}");
    for secret in [PASSWORD, KEY, PASSKEY] {
        assert!(events.iter().all(|event| !event.contains(secret)), "{secret}");
    }
    assert!(journal.iter().any(|(_, event)| matches!(&event.body, Body::Outcome { .. })));
}
