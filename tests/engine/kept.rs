//! "I cannot step this person here": what comes is kept and answered, holds up no other event, and is taken by a
//! process that can.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use gangway::engine::{Flows, Library, sweep, timers, view};
use gangway::store::StoreError;
use gangway_core::decision::Verdict;
use gangway_core::event::{OnboardingId, OperatorAct};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{FlowRef, Status};
use gangway_core::outcome::{Answer, AttemptResult};
use gangway_core::secret::Secrets;
use gangway_core::time::Millis;
use serde_json::json;

use crate::db::TestDb;
use crate::history::assert_replays;
use crate::on_both_databases;
use crate::timers::{HOW, open};
use crate::world::{self, World};

on_both_databases!(
    an_event_of_somebody_who_cannot_be_stepped_is_kept_and_everybody_else_goes_on,
    what_was_kept_is_taken_in_its_order_by_whoever_can_before_anything_else,
    what_was_kept_is_taken_by_the_sweep_of_whoever_can,
    a_flow_version_that_is_met_is_loaded_and_nothing_is_kept,
    a_kept_outcome_does_not_come_back_as_a_lease_that_ran_out_and_moves_its_person_later,
    a_kept_answer_keeps_its_secrets,
    what_comes_by_itself_again_leaves_no_row,
    a_note_and_a_cancellation_need_no_flow_and_every_other_act_is_kept,
    news_of_an_ended_onboarding_need_no_flow,
    whom_the_sweep_cannot_step_hides_nobody_behind,
    more_than_one_transaction_takes_is_still_before_anything_else,
);

/// A library that has what a test puts into it.
#[derive(Debug, Default)]
struct Shelf(Vec<Flow>);

#[async_trait]
impl Library for Shelf {
    async fn versions(&self) -> Result<Vec<FlowRef>, StoreError> {
        Ok(self.0.iter().map(|flow| flow.id.clone()).collect())
    }

    async fn load(&self, id: &FlowRef) -> Result<Result<Flow, String>, StoreError> {
        let found = self.0.iter().find(|flow| flow.id == *id).cloned();
        Ok(found.ok_or_else(|| "it asks for what this process cannot do".to_owned()))
    }
}

/// A process that has not loaded these flows, and may find some of all on its shelf.
async fn without(db: &TestDb, names: &[&str], shelf: &[&str]) -> World {
    let all = world::flows().all().into_iter().map(|flow| Flow::clone(&flow));
    let (missing, loaded): (Vec<Flow>, Vec<Flow>) = all.partition(|flow| names.contains(&flow.id.name.as_str()));
    let found = missing.into_iter().filter(|flow| shelf.contains(&flow.id.name.as_str())).collect();
    let flows = Flows::of(Arc::new(Shelf(found)));
    loaded.into_iter().for_each(|flow| flows.add(flow, true));
    World::with(db, 2, |_| {}).await.with_flows(flows)
}

async fn swept(world: &World) -> sweep::Swept {
    sweep::tick(&world.engine, &open(world), world.say().0, HOW).await.unwrap()
}

async fn marked(world: &World) -> Vec<OnboardingId> {
    world.store().marked(None, 100).await.unwrap().into_iter().map(|(id, _)| id).collect()
}

async fn an_event_of_somebody_who_cannot_be_stepped_is_kept_and_everybody_else_goes_on(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let ann = new.sign_up("ann").await;
    let say = old.say();
    let batch = [
        say.message("m", "user.renamed", "ann", json!({})),
        say.start("v", "user.visited", "ben"),
        say.sign_up("cleo"),
    ];
    let answers = old.accept(&batch).await;
    assert_eq!((answers[0].verdict, answers[0].onboarding), (Verdict::Kept, Some(ann)));
    assert_eq!(answers[0].detail, "cannot be stepped here: flow original-wallet version 3 is not loaded");
    assert_eq!(answers[1].verdict, Verdict::Applied, "a batch stopped for one person");
    let copy = old.one(batch[0].clone()).await;
    assert_eq!((copy.copy, copy.verdict, copy.seq), (true, Verdict::Kept, answers[0].seq));
    let listed = old.of_verdict("kept").await;
    assert_eq!(listed.iter().map(|entry| (entry.onboarding, entry.copies)).collect::<Vec<_>>(), [(Some(ann), 2)]);
    assert_eq!(old.number("SELECT count(*) FROM quarantine").await, 0);
    assert_eq!(swept(&old).await.stuck, 1);
    let stuck = old.engine.flows.stuck().into_iter().collect::<Vec<_>>();
    assert_eq!(stuck, [("flow original-wallet version 3 is not loaded".to_owned(), 1)]);
    let shown = view::onboarding(None, &old.onboarding(ann).await);
    assert_eq!(shown["why"], "cannot be stepped here: flow original-wallet version 3 is not loaded");
}

async fn what_was_kept_is_taken_in_its_order_by_whoever_can_before_anything_else(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["visit"], &[]).await);
    let id = new.one(new.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    let effect = new.only_due().await;
    for arrival in [
        old.say().message("first", "user.confirmed", "ann", json!({})),
        old.say().good(&effect, "ann"),
        old.say().act("note", id, OperatorAct::Note, None),
    ] {
        old.one(arrival).await;
    }
    assert_eq!(old.of_verdict("kept").await.len(), 2, "the note was taken at once");
    let later = new.one(new.say().message("later", "user.renamed", "ann", json!({}))).await;
    assert_eq!((later.verdict, later.detail.as_str()), (Verdict::Noted, "this onboarding has ended"));
    assert_eq!(new.onboarding(id).await.status, Status::Completed);
    assert!(new.of_verdict("kept").await.is_empty() && marked(&new).await.is_empty());
    let journal = new.journal(id).await;
    let said = |key: usize| (journal[key].verdict.as_str(), journal[key].detail.contains("(kept since "));
    assert_eq!((said(1), said(2), said(3)), (("noted", true), ("applied", true), ("noted", false)), "{journal:?}");
    assert!(journal[1].revision < journal[2].revision, "not in their order: {journal:?}");
    assert_replays(&new, id, 0).await;
    assert_eq!(new.number("SELECT count(*) FROM effects WHERE settled_at IS NULL").await, 0);
}

async fn what_was_kept_is_taken_by_the_sweep_of_whoever_can(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let ids = [new.sign_up("ann").await, new.sign_up("ben").await];
    for (name, effect) in ["ann", "ben"].iter().zip(new.due().await) {
        old.one(old.say().good(&effect, name)).await;
    }
    swept(&old).await;
    assert_eq!((old.of_verdict("kept").await.len(), marked(&old).await.len()), (2, 2));
    assert_eq!(swept(&new).await, sweep::Swept::default());
    assert!(new.of_verdict("kept").await.is_empty() && marked(&new).await.is_empty());
    for id in ids {
        assert_eq!(new.onboarding(id).await.state, "first_asset");
        assert_replays(&new, id, 0).await;
    }
    assert_eq!(new.due().await.len(), 2, "what they ask next is performed");
    assert!(new.engine.flows.stuck().is_empty());
}

async fn a_flow_version_that_is_met_is_loaded_and_nothing_is_kept(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["visit"], &["visit"]).await);
    let id = new.one(new.say().start("v", "user.visited", "ann")).await.onboarding.unwrap();
    let effect = new.only_due().await;
    let outcome = old.one(old.say().good(&effect, "ann")).await;
    assert_eq!((outcome.verdict, old.onboarding(id).await.state.as_str()), (Verdict::Applied, "confirmed"));
    // Its owner depends on the flow: one more process that has not met it.
    let third = without(db, &["visit"], &["visit"]).await;
    third.sign_up("ann").await;
    let said = third.one(third.say().message("m", "user.confirmed", "ann", json!({}))).await;
    assert_eq!((said.verdict, said.onboarding), (Verdict::Applied, Some(id)));
    assert!(third.of_verdict("kept").await.is_empty());
}

async fn a_kept_outcome_does_not_come_back_as_a_lease_that_ran_out_and_moves_its_person_later(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let id = new.sign_up("ann").await;
    let effect = new.only_due().await;
    assert_eq!(old.one(old.say().good(&effect, "ann")).await.verdict, Verdict::Kept);
    new.run("UPDATE effects SET lease_until = 1 WHERE lease_until < 253402300799000").await;
    assert!(old.store().expired_leases(10).await.unwrap().is_empty(), "it would be unknown again and again");
    let again = World::with(db, 3, |_| {}).await;
    assert!(again.store().expired_leases(10).await.unwrap().is_empty(), "also after a restart");
    swept(&new).await;
    assert_eq!(new.onboarding(id).await.state, "first_asset");
    assert_eq!(new.number("SELECT count(*) FROM effects WHERE n = 1 AND outcome = 'created'").await, 1);
}

async fn a_kept_answer_keeps_its_secrets(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["kept"], &[]).await);
    let data = json!({ "user_id": "ann", "email": "ann@mail.example", "account": { "password": "Zwetschge-42+" } });
    let id = new.one(new.say().message("k", "user.kept", "ann", data)).await.onboarding.unwrap();
    let effect = new.only_due().await;
    let answer = Answer { secrets: Secrets::of("key", "shown-once"), ..Answer::named("opened") };
    old.one(old.say().outcome(&effect, AttemptResult::Done(answer))).await;
    assert_eq!(old.of_verdict("kept").await.len(), 1);
    swept(&new).await;
    assert_eq!(new.onboarding(id).await.state, "tell");
    let secrets = new.store().secrets(id, &BTreeSet::from(["key".to_owned()])).await.unwrap();
    assert_eq!(secrets.0.get("key"), Some(&json!("shown-once")));
    assert_eq!(new.number("SELECT count(*) FROM secrets").await, 1, "nothing of it stays behind");
}

async fn what_comes_by_itself_again_leaves_no_row(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let waiting = new.waiting("ann").await;
    let stranded = new.sign_up("ben").await;
    new.due().await;
    new.run("DELETE FROM effects").await;
    old.clock.advance(Millis::secs(5));
    let before = (old.received().await, old.number("SELECT count(*) FROM events").await);
    let door = open(&old);
    for _ in 0..3 {
        timers::tick(&old.engine, &door, old.say().0).await.unwrap();
        assert_eq!(swept(&old).await.stranded, 0);
    }
    assert_eq!((old.received().await, old.number("SELECT count(*) FROM events").await), before);
    let mut both = vec![waiting, stranded];
    both.sort();
    assert_eq!(marked(&old).await, both, "a process that can looks at them first");
    assert_eq!(swept(&new).await.stranded, 1);
    assert_eq!(new.onboarding(stranded).await.status, Status::Review);
}

async fn a_note_and_a_cancellation_need_no_flow_and_every_other_act_is_kept(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let id = new.sign_up("ann").await;
    let seen = old.onboarding(id).await.revision;
    let stale = old.act(id, OperatorAct::Cancel, Some(seen + 1)).await;
    assert_eq!(stale.verdict, Verdict::Refused);
    assert_eq!(old.act(id, OperatorAct::Note, Some(seen)).await.verdict, Verdict::Noted);
    for act in [OperatorAct::Retry, OperatorAct::Move { state: "wallet".into() }] {
        let kept = old.act(id, act, Some(seen)).await;
        assert_eq!(kept.verdict, Verdict::Kept);
        assert_eq!(kept.detail, "cannot be stepped here: flow original-wallet version 3 is not loaded");
    }
    assert_eq!(old.act(id, OperatorAct::Adopt { event: 1 }, None).await.verdict, Verdict::Refused);
    let ended = old.act(id, OperatorAct::Cancel, Some(seen)).await;
    let it = old.onboarding(id).await;
    assert_eq!((ended.verdict, it.status, it.wake_at), (Verdict::Applied, Status::Cancelled, None));
    assert_eq!(old.number("SELECT count(*) FROM effects WHERE outcome = 'cancelled'").await, 1);
    swept(&new).await;
    assert!(new.of_verdict("kept").await.is_empty(), "a process that can answers the acts: refused, it has ended");
    assert_replays(&new, id, 0).await;
}

async fn news_of_an_ended_onboarding_need_no_flow(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    let id = new.sign_up("ann").await;
    new.act(id, OperatorAct::Cancel, None).await;
    let said = old.one(old.say().message("m", "user.renamed", "ann", json!({}))).await;
    assert_eq!((said.verdict, said.onboarding), (Verdict::Noted, Some(id)));
    assert!(marked(&old).await.is_empty());
}

async fn whom_the_sweep_cannot_step_hides_nobody_behind(db: &TestDb) {
    let (new, old) = (World::new(db).await, without(db, &["original-wallet"], &[]).await);
    for name in ["ann", "ben", "cleo"] {
        new.sign_up(name).await;
    }
    let visit = new.one(new.say().start("v", "user.visited", "dan")).await.onboarding.unwrap();
    new.due().await;
    new.run("DELETE FROM effects").await;
    let how = sweep::Sweeping { limit: 2, ..HOW };
    let mut stranded = 0;
    for _ in 0..3 {
        stranded += sweep::tick(&old.engine, &open(&old), old.say().0, how).await.unwrap().stranded;
    }
    assert_eq!(stranded, 1, "the others fill each page");
    assert_eq!(old.onboarding(visit).await.status, Status::Review);
}

async fn more_than_one_transaction_takes_is_still_before_anything_else(db: &TestDb) {
    let old = without(db, &["original-wallet"], &[]).await;
    let new = World::with(db, 1, |options| options.adopt = 2).await;
    let id = new.sign_up("ann").await;
    let move_to = |state: &str| OperatorAct::Move { state: state.to_owned() };
    for state in ["wallet", "create_user", "wallet", "create_user", "wallet"] {
        assert_eq!(old.act(id, move_to(state), None).await.verdict, Verdict::Kept);
    }
    let last = new.act(id, move_to("create_user"), None).await;
    assert_eq!((last.verdict, new.onboarding(id).await.state.as_str()), (Verdict::Applied, "create_user"));
    let mut journal = new.journal(id).await;
    journal.sort_by_key(|entry| entry.revision);
    let went: Vec<&str> = journal.iter().skip(1).filter_map(|entry| entry.to.as_deref()).collect();
    assert_eq!(went, ["wallet", "create_user", "wallet", "create_user", "wallet", "create_user"]);
    assert!(new.of_verdict("kept").await.is_empty() && marked(&new).await.is_empty());
    assert_replays(&new, id, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_at_whose_row_the_database_fails_ends_no_sweep() {
    let db = TestDb::postgres().await;
    let (new, old) = (World::new(&db).await, without(&db, &["original-wallet"], &[]).await);
    let held = new.one(new.say().wallet("w", "nobody", gangway_core::event::Trust::Fact)).await;
    assert_eq!(held.verdict, Verdict::Held);
    let (ann, ben) = (new.sign_up("ann").await, new.sign_up("ben").await);
    for (id, name) in [(ann, "ann"), (ben, "ben")] {
        old.one(old.say().message(name, "user.renamed", name, json!({}))).await;
        assert!(marked(&old).await.contains(&id));
    }
    new.run("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'odd'; END $$").await;
    let of_ann = format!("FOR EACH ROW WHEN (NEW.id = '{ann}') EXECUTE FUNCTION fail()");
    new.run(&format!("CREATE TRIGGER fail BEFORE UPDATE ON onboardings {of_ann}")).await;
    new.clock.advance(crate::timers::HOLD);
    new.clock.advance(Millis(1));
    let swept = swept(&new).await;
    assert_eq!((swept.stuck, swept.expired), (1, 1), "what one person's row does must not stop the sweep");
    assert_eq!(marked(&new).await, [ann]);
}
