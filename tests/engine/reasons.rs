//! Why a person is asked is told where the person is: in the provider's own words, in the journal's line, as a column.

use gangway::engine::view;
use gangway::store::search::{Cause, Filter};
use gangway_core::event::OnboardingId;
use gangway_core::onboarding::Status;
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::time::{Millis, Timestamp};
use serde_json::json;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::World;

on_both_databases!(
    a_provider_s_words_are_told_to_readers_and_never_published,
    reviews_are_grouped_by_cause_and_listed_by_who_has_waited_longest,
);

const WORDS: &str = "ann@mail.example is not allowed for this partner";

/// A person whom Original refuses, with these words.
async fn refused(world: &World, name: &str, code: &str) -> OnboardingId {
    let id = world.sign_up(name).await;
    let mut answer = Answer::named("refused");
    answer.fields = json!({"reason": WORDS, "code": code}).as_object().cloned().unwrap();
    world.answer(AttemptResult::Done(answer)).await;
    world.clock.advance(Millis::secs(1));
    id
}

async fn a_provider_s_words_are_told_to_readers_and_never_published(db: &TestDb) {
    let world = World::new(db).await;
    let id = refused(&world, "ann", "validation_error").await;
    let onboarding = world.onboarding(id).await;
    let flow = world.engine.flows.get(&onboarding.flow);
    let shown = view::with_rest(flow.as_deref(), &onboarding, None);
    let told = format!("; original.create_user answered refused: \"{WORDS}\" (validation_error)");
    assert!(shown["why"].as_str().unwrap().ends_with(&told), "{shown}");
    assert_eq!(shown["cause"], "asked original.create_user refused validation_error");
    assert_eq!((&shown["objections"][0]["reason"], &shown["objections"][0]["times"]), (&json!(WORDS), &json!(1)));
    let published = view::onboarding(flow.as_deref(), &onboarding).to_string();
    assert!(!published.contains(WORDS), "{published}");
    let journal = world.journal(id).await;
    let line = journal.iter().find(|entry| entry.kind == "effect.outcome").unwrap();
    assert_eq!(line.said.as_deref(), Some(&*format!("\"{WORDS}\" (validation_error)")));
    assert!(journal.iter().all(|entry| !entry.detail.contains(WORDS)), "what is not sealed has no words");
}

async fn reviews_are_grouped_by_cause_and_listed_by_who_has_waited_longest(db: &TestDb) {
    let world = World::new(db).await;
    let first = refused(&world, "ann", "validation_error").await;
    let since = world.onboarding(first).await.since;
    let second = refused(&world, "bob", "quota_exceeded").await;
    let third = refused(&world, "cleo", "validation_error").await;
    world.sign_up("dan").await;
    let cause = |code: &str, count, oldest: Timestamp| Cause {
        flow: "original-wallet".into(),
        cause: Some(format!("asked original.create_user refused {code}")),
        count,
        oldest: oldest.0,
    };
    let bobs = world.onboarding(second).await.since;
    let told = world.store().causes(10).await.unwrap();
    assert_eq!(told, [cause("validation_error", 2, since), cause("quota_exceeded", 1, bobs)]);

    let list = async |filter: Filter| {
        let found = world.store().onboardings(&filter).await.unwrap();
        found.into_iter().map(|seen| seen.unwrap().id).collect::<Vec<_>>()
    };
    let longest = Filter { status: Some(Status::Review.word().into()), longest: true, limit: 2, ..Filter::default() };
    assert_eq!(list(longest.clone()).await, [first, second]);
    assert_eq!(list(Filter { cursor: Some((bobs, second)), ..longest.clone() }).await, [third]);
    let mine = cause("validation_error", 0, since).cause;
    assert_eq!(list(Filter { cause: mine, ..longest }).await, [first, third]);
}
