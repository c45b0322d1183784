//! How an onboarding begins.

use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, OperatorAct, Trust};
use gangway_core::flow;
use gangway_core::onboarding::Status;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::say::email;
use crate::world::{World, catalogue};

on_both_databases!(
    a_sign_up_makes_user_onboarding_event_and_first_effect,
    a_sign_up_that_cannot_be_written_leaves_nothing_at_all,
    a_second_start_while_it_runs_is_noted,
    a_start_after_the_end_is_refused,
    a_flow_that_allows_it_begins_again_after_the_end,
    an_end_and_a_new_beginning_in_one_batch_are_both_written,
    two_flows_of_one_user_are_two_onboardings_of_one_user,
    two_sign_ups_of_one_new_user_in_one_batch_are_one_onboarding,
    a_start_without_a_user_is_refused_and_kept,
    an_email_that_another_user_has_starts_an_onboarding_of_its_own,
    a_known_email_and_external_id_find_the_user,
);

async fn a_sign_up_makes_user_onboarding_event_and_first_effect(db: &TestDb) {
    let world = World::new(db).await;
    let receipt = world.one(world.say().sign_up("ann")).await;
    assert_eq!((receipt.verdict, receipt.copy), (Verdict::Applied, false));
    let ann = world.onboarding(receipt.onboarding.unwrap()).await;
    assert_eq!((ann.state.as_str(), ann.status, ann.revision), ("create_user", Status::Active, 1));
    assert_eq!((ann.user.external_id.as_str(), ann.user.email), ("ann", Some(email("ann"))));
    let journal = world.journal(ann.id).await;
    assert_eq!(journal.len(), 1);
    assert_eq!((Some(journal[0].seq), journal[0].to.as_deref()), (receipt.seq, Some("create_user")));
    let effect = world.only_due().await;
    assert_eq!((effect.id.onboarding, effect.id.n, effect.attempt), (ann.id, 1, 1));
    assert_eq!(effect.request.target(), ("call", "original.create_user"));
}

async fn a_sign_up_that_cannot_be_written_leaves_nothing_at_all(db: &TestDb) {
    let world = World::new(db).await;
    world.refuse_inserts("effects", "target = 'original.create_user'").await;
    let receipt = world.one(world.say().sign_up("ann")).await;
    assert_eq!((receipt.verdict, receipt.seq), (Verdict::Refused, None));
    for table in ["users", "onboardings", "identifiers", "events", "effects"] {
        assert_eq!(world.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(world.hands.free("original"), 1000, "the slots were given back");
    assert!(world.hands.take().is_empty(), "what was not committed must not be performed");
}

async fn a_second_start_while_it_runs_is_noted(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let again = world.one(world.say().start("again", "user.signed_up", "ann")).await;
    assert_eq!((again.verdict, again.onboarding), (Verdict::Noted, Some(id)));
    assert_eq!(world.onboardings_of("ann").await.len(), 1);
    assert_eq!(world.onboarding(id).await.revision, 1);
}

async fn a_start_after_the_end_is_refused(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    world.one(world.say().wallet("w", "ann", Trust::Fact)).await;
    world.perform("ann").await;
    assert_eq!(world.onboarding(id).await.status, Status::Completed);
    let again = world.one(world.say().start("again", "user.signed_up", "ann")).await;
    assert_eq!((again.verdict, again.onboarding), (Verdict::Refused, Some(id)));
    assert!(world.due().await.is_empty());
    assert_eq!(world.onboardings_of("ann").await.len(), 1);
}

async fn a_flow_that_allows_it_begins_again_after_the_end(db: &TestDb) {
    let world = World::new(db).await;
    let first = world.visit("v1", "ann").await;
    let second = world.visit("v2", "ann").await;
    assert_ne!(first, second);
    let all = world.onboardings_of("ann").await;
    assert_eq!(
        all.iter().map(|one| (one.id, one.status)).collect::<Vec<_>>(),
        [(second, Status::Completed), (first, Status::Completed)]
    );
}

async fn an_end_and_a_new_beginning_in_one_batch_are_both_written(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    let first = world.one(say.start("v1", "user.visited", "ann")).await.onboarding.unwrap();
    let answers =
        world.accept(&[say.act("x", first, OperatorAct::Cancel, None), say.start("v2", "user.visited", "ann")]).await;
    assert_eq!(answers[1].verdict, Verdict::Applied);
    assert_eq!(world.onboarding(first).await.status, Status::Cancelled);
    assert_eq!(world.onboarding(answers[1].onboarding.unwrap()).await.status, Status::Active);
}

async fn two_flows_of_one_user_are_two_onboardings_of_one_user(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    let answers = world.accept(&[say.sign_up("ann"), say.start("v", "user.visited", "ann")]).await;
    assert!(answers.iter().all(|answer| answer.verdict == Verdict::Applied), "{answers:?}");
    assert_eq!(world.onboardings_of("ann").await.len(), 2);
    assert_eq!(world.number("SELECT count(*) FROM users").await, 1);
}

async fn two_sign_ups_of_one_new_user_in_one_batch_are_one_onboarding(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    let answers = world.accept(&[say.sign_up("ann"), say.start("other", "user.signed_up", "ann")]).await;
    assert_eq!(answers.iter().map(|answer| answer.verdict).collect::<Vec<_>>(), [Verdict::Applied, Verdict::Noted]);
    assert_eq!(answers[0].onboarding, answers[1].onboarding);
    assert_eq!(world.onboardings_of("ann").await.len(), 1);
}

async fn a_start_without_a_user_is_refused_and_kept(db: &TestDb) {
    let world = World::new(db).await;
    let nobody = world.say().message("k", "user.signed_up", "ann", serde_json::json!({ "email": "a@b.example" }));
    let receipt = world.one(nobody).await;
    assert_eq!((receipt.verdict, receipt.onboarding), (Verdict::Refused, None));
    assert!(receipt.seq.is_some() && world.received().await == 1);
}

async fn an_email_that_another_user_has_starts_an_onboarding_of_its_own(db: &TestDb) {
    let world = World::new(db).await;
    let ann = world.sign_up("ann").await;
    let data = serde_json::json!({ "user_id": "ben", "email": email("ann") });
    let ben = world.one(world.say().message("k", "user.signed_up", "ben", data)).await;
    assert_eq!(ben.verdict, Verdict::Applied);
    assert_ne!(ben.onboarding, Some(ann));
    let by_email = world.store().users_by(&[Identifier::new(Identifier::EMAIL, email("ann"))]).await.unwrap();
    let mut names: Vec<_> = by_email.iter().flatten().map(|user| user.external_id.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ann", "ben"], "all who share it are found by it");
}

async fn a_known_email_and_external_id_find_the_user(db: &TestDb) {
    let world = World::new(db).await;
    world.sign_up("ann").await;
    for name in
        [Identifier::new(Identifier::EMAIL, "  ANN@mail.example "), Identifier::new(Identifier::EXTERNAL_ID, "ann")]
    {
        let found = world.store().users_by(std::slice::from_ref(&name)).await.unwrap();
        assert_eq!(found.len(), 1, "{name:?}");
    }
}

#[test]
fn one_start_type_belongs_to_one_flow() {
    let flow = |name: &str| {
        format!(
            "flow: {name}\nversion: 1\ntitle: t\nstart: {{ on: user.signed_up, user: {{ id: data.user_id }} }}\n\
             states:\n  done: {{ end: completed }}\n"
        )
    };
    let (one, other) = (flow("one"), flow("other"));
    let loaded = flow::load_all(&[("one.yaml", one.as_str()), ("other.yaml", other.as_str())], &catalogue());
    let problems = loaded.expect_err("two flows that begin with one type");
    assert!(problems.rendered.contains("user.signed_up"), "{}", problems.rendered);
}
