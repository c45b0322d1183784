//! Held events that name several identifiers: the first of them that gets an owner takes the event, and once.

use gangway::engine::{Arrival, Receipt};
use gangway::store::types::LeasedEffect;
use gangway_core::decision::Verdict;
use gangway_core::event::{Identifier, OnboardingId, OperatorAct, Trust};
use sea_orm::sqlx::{PgPool, query};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::races::{deadlocks, two, waiting};
use crate::say::{uid, wallet_fact};
use crate::world::World;

on_both_databases!(
    whichever_of_its_identifiers_gets_an_owner_first_takes_a_held_event,
    a_held_event_that_names_two_people_goes_to_the_first_who_gets_an_identifier_and_only_there,
    of_two_owners_in_one_batch_the_one_whom_the_event_names_first_takes_it,
    a_webhook_in_the_batch_that_writes_one_of_its_identifiers_is_applied_whatever_their_order,
    a_held_event_that_is_given_away_brings_all_its_identifiers_and_what_is_held_on_them,
    why_an_event_is_held_names_the_kinds_of_its_identifiers_and_no_value,
);

type Naming<'a> = &'a dyn Fn(&str) -> Vec<Identifier>;

fn asset(name: &str) -> Identifier {
    Identifier::new("original.asset_uid", format!("asset-{name}"))
}

/// A signed webhook that names these.
fn naming(world: &World, key: &str, names: Vec<Identifier>) -> Arrival {
    world.say().report(key, names, vec![wallet_fact("ann", Trust::Fact)])
}

/// A person who signed up, and the call that answers with the provider's id.
async fn begun(world: &World, name: &str) -> (OnboardingId, LeasedEffect) {
    let id = world.sign_up(name).await;
    (id, world.hands.take().remove(0))
}

/// The onboardings with it in their journal.
async fn has(world: &World, ids: &[OnboardingId], seq: Option<i64>) -> Vec<OnboardingId> {
    let mut has = Vec::new();
    for id in ids {
        let found = world.journal(*id).await.into_iter().filter(|entry| Some(entry.seq) == seq).count();
        has.extend(std::iter::repeat_n(*id, found));
    }
    has
}

/// Nothing is held, and nothing was left behind.
async fn assert_none_held(world: &World) {
    assert!(world.of_verdict("held").await.is_empty(), "{:?}", world.of_verdict("held").await);
    assert_eq!(world.number("SELECT count(*) FROM held").await, 0);
}

async fn whichever_of_its_identifiers_gets_an_owner_first_takes_a_held_event(db: &TestDb) {
    let world = World::new(db).await;
    let (stranger, no_asset) = (uid("stranger"), asset("never made"));
    // Names, and how many answers write the first of them that a user gets: the user's id, then the asset's.
    let table: [(&str, Naming<'_>, usize); 6] = [
        ("a", &|name| vec![uid(name), asset(name)], 1),
        ("b", &|name| vec![asset(name), uid(name)], 1),
        ("c", &|name| vec![no_asset.clone(), uid(name)], 1),
        ("d", &|name| vec![stranger.clone(), no_asset.clone(), uid(name)], 1),
        ("e", &|name| vec![stranger.clone(), asset(name)], 2),
        ("f", &|name| vec![asset(name)], 2),
    ];
    for (name, names, answers) in table {
        let early = world.one(naming(&world, name, names(name))).await;
        assert_eq!((early.verdict, early.onboarding), (Verdict::Held, None), "{name}");
        let id = world.sign_up(name).await;
        for answer in 0..answers {
            assert_eq!(world.of_verdict("held").await.len(), 1, "{name}, before answer {answer}");
            world.perform(name).await;
        }
        assert_none_held(&world).await;
        assert_eq!(has(&world, &[id], early.seq).await, [id], "{name}");
        assert_eq!(world.onboarding(id).await.memory.facts.len(), 1, "{name}");
        world.due().await;
    }
}

async fn a_held_event_that_names_two_people_goes_to_the_first_who_gets_an_identifier_and_only_there(db: &TestDb) {
    let world = World::new(db).await;
    let early = world.one(naming(&world, "w", vec![uid("ann"), uid("ben")])).await;
    let ((ann, of_ann), (ben, of_ben)) = (begun(&world, "ann").await, begun(&world, "ben").await);
    world.one(world.say().good(&of_ben, "ben")).await;
    assert_none_held(&world).await;
    world.one(world.say().good(&of_ann, "ann")).await;
    assert_eq!(has(&world, &[ann, ben], early.seq).await, [ben]);
    let copy = world.one(naming(&world, "w", vec![uid("ann"), uid("ben")])).await;
    assert_eq!((copy.copy, copy.onboarding), (true, Some(ben)), "it was decided once");
    let next = world.one(naming(&world, "w2", vec![uid("ann"), uid("ben")])).await;
    assert_eq!(next.onboarding, Some(ann), "both are known now, and the first decides");
}

async fn of_two_owners_in_one_batch_the_one_whom_the_event_names_first_takes_it(db: &TestDb) {
    let world = World::new(db).await;
    for (round, ann_first) in [true, false].into_iter().enumerate() {
        let (ann, ben) = (format!("ann{round}"), format!("ben{round}"));
        let early = world.one(naming(&world, &format!("w{round}"), vec![uid(&ann), uid(&ben)])).await;
        let ((of_ann, call), (of_ben, other)) = (begun(&world, &ann).await, begun(&world, &ben).await);
        let mut batch = [world.say().good(&call, &ann), world.say().good(&other, &ben)];
        if !ann_first {
            batch.reverse();
        }
        world.accept(&batch).await;
        assert_none_held(&world).await;
        assert_eq!(has(&world, &[of_ann, of_ben], early.seq).await, [of_ann]);
        world.hands.take();
    }
}

async fn a_webhook_in_the_batch_that_writes_one_of_its_identifiers_is_applied_whatever_their_order(db: &TestDb) {
    let world = World::new(db).await;
    for (name, first) in [("ann", true), ("ben", false)] {
        let (id, effect) = begun(&world, name).await;
        let webhook = naming(&world, name, vec![asset("never made"), uid(name)]);
        let mut batch = vec![webhook, world.say().good(&effect, name)];
        if !first {
            batch.reverse();
        }
        let answers = world.accept(&batch).await;
        assert!(answers.iter().all(|answer| answer.onboarding == Some(id)), "{answers:?}");
        assert_none_held(&world).await;
        world.hands.take();
    }
}

async fn a_held_event_that_is_given_away_brings_all_its_identifiers_and_what_is_held_on_them(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    let names = [uid("elsewhere"), asset("elsewhere")];
    let given = world.one(naming(&world, "both", names.to_vec())).await;
    for (key, name) in [("u", &names[0]), ("a", &names[1])] {
        world.one(naming(&world, key, vec![name.clone()])).await;
    }
    world.one(naming(&world, "other", vec![uid("other")])).await;
    let act = OperatorAct::Adopt { event: given.seq.unwrap() };
    assert_eq!(world.act(id, act, None).await.verdict, Verdict::Noted);
    assert_eq!(world.of_verdict("held").await.len(), 1, "only the other one's");
    for (key, name) in [("u2", &names[0]), ("a2", &names[1])] {
        assert_eq!(world.one(naming(&world, key, vec![name.clone()])).await.onboarding, Some(id));
    }
}

async fn why_an_event_is_held_names_the_kinds_of_its_identifiers_and_no_value(db: &TestDb) {
    let world = World::new(db).await;
    let both = "none of its identifiers (original.asset_uid, original.user_uid) has an owner yet";
    let table = [
        (vec![uid("ann")], "its identifier has no owner yet"),
        (vec![asset("ann"), uid("ann")], both),
        (vec![asset("ann"), uid("ann"), asset("ann")], both),
    ];
    for (n, (names, detail)) in table.into_iter().enumerate() {
        let receipt: Receipt = world.one(naming(&world, &format!("w{n}"), names)).await;
        assert_eq!(receipt.detail, detail);
        assert_eq!(world.of_verdict("held").await[0].detail, detail);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_races_with_the_writer_of_any_of_its_identifiers_finds_its_owner() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..60 {
        let name = format!("ann{round}");
        let (id, effect) = begun(&one, &name).await;
        let mut names = vec![uid(&name), asset(&name), uid(&format!("nobody{}", round % 7))];
        names.rotate_left(round % 3);
        let webhook = naming(&one, &name, names);
        let (_, webhook) = tokio::join!(one.one(one.say().good(&effect, &name)), other.one(webhook));
        assert_none_held(&one).await;
        assert_eq!(has(&one, &[id], webhook.seq).await, [id]);
        one.hands.take();
    }
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_that_write_two_identifiers_of_a_held_event_at_once_take_it_once() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    let watch = PgPool::connect(&db.url).await.unwrap();
    for round in 0..12 {
        let (ann, ben) = (format!("ann{round}"), format!("ben{round}"));
        let early = one.one(naming(&one, &format!("w{round}"), vec![uid(&ann), uid(&ben)])).await;
        let ((of_ann, call), (of_ben, other_call)) = (begun(&one, &ann).await, begun(&one, &ben).await);
        // Reading goes on, locking rows waits: both find the event held before either takes it.
        let mut stop = watch.begin().await.unwrap();
        query("LOCK TABLE events IN EXCLUSIVE MODE").execute(&mut *stop).await.unwrap();
        let released = async {
            waiting(&watch, 2).await;
            stop.rollback().await.unwrap();
        };
        let (here, there) = (one.say().good(&call, &ann), one.say().good(&other_call, &ben));
        let (here, there, ()) = tokio::join!(one.one(here), other.one(there), released);
        assert_eq!((here.verdict, there.verdict), (Verdict::Applied, Verdict::Applied));
        assert_none_held(&one).await;
        assert_eq!(has(&one, &[of_ann, of_ben], early.seq).await.len(), 1, "one verdict, once");
        one.hands.take();
        other.hands.take();
    }
    assert_eq!(one.received().await, 12 * 5);
    watch.close().await;
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_write_what_the_others_webhooks_name_do_not_wait_in_a_ring() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    for round in 0..60 {
        let (ann, ben) = (format!("ann{round}"), format!("ben{round}"));
        let ((of_ann, call), (of_ben, other_call)) = (begun(&one, &ann).await, begun(&one, &ben).await);
        let named = |key: &str, names: [&str; 2]| naming(&one, &format!("{key}{round}"), names.map(uid).to_vec());
        let before = one.one(named("before", [&ann, &ben])).await;
        // One webhook for both, and one of its own for each.
        let both = named("both", [&ben, &ann]);
        let here = [named("here", [&ben, &ann]), both.clone(), one.say().good(&call, &ann)];
        let there = [one.say().good(&other_call, &ben), both, named("there", [&ann, &ben])];
        let (here, there) = tokio::join!(one.accept(&here), other.accept(&there));
        assert_none_held(&one).await;
        for seq in [before.seq, here[0].seq, here[1].seq, there[2].seq] {
            assert_eq!(has(&one, &[of_ann, of_ben], seq).await.len(), 1, "round {round}");
        }
        assert_eq!(here[1].seq, there[1].seq);
        one.hands.take();
        other.hands.take();
    }
    assert_eq!(one.received().await, 60 * 9);
    assert_eq!(deadlocks(&db, [one, other]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_who_gives_away_what_finds_its_owner_meanwhile_is_refused() {
    let db = TestDb::postgres().await;
    let (one, other) = two(&db).await;
    let watch = PgPool::connect(&db.url).await.unwrap();
    let names = vec![asset("elsewhere"), uid("ann")];
    let early = one.one(naming(&one, "w", names)).await;
    let ((ann, call), (ben, _)) = (begun(&one, "ann").await, begun(&one, "ben").await);
    // Transactions that come to the identifiers wait there, in order: first the writer, then the operator, who saw it
    // held.
    let mut stop = watch.begin().await.unwrap();
    let rows = "SELECT 1 FROM identifiers WHERE onboarding_id IS NULL AND user_id IS NULL FOR UPDATE";
    query(rows).execute(&mut *stop).await.unwrap();
    let act = other.act(ben, OperatorAct::Adopt { event: early.seq.unwrap() }, None);
    let second = async {
        waiting(&watch, 1).await;
        let released = async {
            waiting(&watch, 2).await;
            stop.rollback().await.unwrap();
        };
        tokio::join!(act, released).0
    };
    let (_, given) = tokio::join!(one.one(one.say().good(&call, "ann")), second);
    assert_eq!(given.verdict, Verdict::Refused, "{}", given.detail);
    assert_eq!(has(&one, &[ann, ben], early.seq).await, [ann]);
    let next = one.one(naming(&one, "next", vec![asset("elsewhere")])).await;
    assert_eq!(next.verdict, Verdict::Held, "what was not given away has no owner");
}
