//! Known already? The journal is the inbox: copies are counted, other content under a known key is flagged.

use gangway::engine::NotAccepted;
use gangway_core::decision::Verdict;
use gangway_core::event::Trust;

use crate::db::TestDb;
use crate::on_both_databases;
use crate::say::wallet_fact;
use crate::world::World;

on_both_databases!(
    the_same_event_twice_in_a_batch_is_one_row_with_two_copies,
    the_same_event_in_the_next_batch_is_one_row_with_two_copies,
    the_same_event_in_two_engines_at_once_is_one_row_with_two_copies,
    other_content_under_a_known_key_is_a_row_of_its_own_and_moves_nothing,
    copies_of_both_contents_of_one_key_are_counted_each_at_its_own_row,
    a_copy_of_a_held_event_is_counted_and_still_held,
    an_outcome_that_is_told_twice_counts_once,
);

async fn the_same_event_twice_in_a_batch_is_one_row_with_two_copies(db: &TestDb) {
    let world = World::new(db).await;
    let say = world.say();
    let answers = world.accept(&[say.sign_up("ann"), say.sign_up("ann")]).await;
    assert_eq!(answers.iter().map(|answer| answer.copy).collect::<Vec<_>>(), [false, true]);
    assert_eq!(answers[0].seq, answers[1].seq);
    let journal = world.journal(answers[0].onboarding.unwrap()).await;
    assert_eq!(journal.iter().map(|entry| entry.copies).collect::<Vec<_>>(), [2]);
    assert_eq!(world.due().await.len(), 1);
}

async fn the_same_event_in_the_next_batch_is_one_row_with_two_copies(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let copy = world.one(world.say().sign_up("ann")).await;
    assert_eq!((copy.copy, copy.verdict), (true, Verdict::Applied));
    assert_eq!(world.journal(id).await.iter().map(|entry| entry.copies).collect::<Vec<_>>(), [2]);
    assert_eq!(world.due().await.len(), 1);
}

async fn the_same_event_in_two_engines_at_once_is_one_row_with_two_copies(db: &TestDb) {
    let (one, other) = (World::new(db).await, World::with(db, 2, |_| {}).await);
    for round in 0..20 {
        let arrival = one.say().sign_up(&format!("ann{round}"));
        let arrivals = std::slice::from_ref(&arrival);
        let (here, there) = tokio::join!(one.accept(arrivals), other.accept(arrivals));
        assert_eq!(here[0].seq, there[0].seq);
        assert_ne!(here[0].copy, there[0].copy, "one is the first");
        assert_eq!(one.received().await, (round + 1) * 2);
    }
    assert_eq!(one.number("SELECT count(*) FROM events").await, 20);
    assert_eq!(one.number("SELECT count(*) FROM effects").await, 20);
}

async fn other_content_under_a_known_key_is_a_row_of_its_own_and_moves_nothing(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let other = world.one(world.say().start("sign-up-ann", "user.signed_up", "ben")).await;
    assert_eq!((other.verdict, other.copy), (Verdict::Duplicate, false));
    assert_eq!(world.number("SELECT count(*) FROM users").await, 1);
    assert_eq!(world.onboarding(id).await.revision, 1);
    let again = world.one(world.say().start("sign-up-ann", "user.signed_up", "ben")).await;
    assert_eq!((again.seq, again.copy, again.verdict), (other.seq, true, Verdict::Duplicate));
    assert_eq!((world.received().await, world.number("SELECT count(*) FROM events").await), (3, 2));
}

async fn copies_of_both_contents_of_one_key_are_counted_each_at_its_own_row(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.waiting("ann").await;
    let say = world.say();
    let hint = |trust| say.wallet("same", "ann", trust);
    let first = world.one(hint(Trust::Hint)).await;
    // The copy comes behind another content of its key, in one batch.
    let answers = world.accept(&[hint(Trust::Fact), hint(Trust::Hint)]).await;
    assert_eq!(
        answers.iter().map(|answer| (answer.copy, answer.verdict)).collect::<Vec<_>>(),
        [(false, Verdict::Duplicate), (true, first.verdict)]
    );
    assert_eq!(answers[1].seq, first.seq);
    assert_eq!(world.onboarding(id).await.state, "wallet", "the flagged fact moved it");
}

async fn a_copy_of_a_held_event_is_counted_and_still_held(db: &TestDb) {
    let world = World::new(db).await;
    let early = world.say().report("early", vec![crate::say::uid("ann")], vec![wallet_fact("ann", Trust::Hint)]);
    let first = world.one(early.clone()).await;
    let second = world.one(early).await;
    assert_eq!((first.verdict, second.verdict, second.copy), (Verdict::Held, Verdict::Held, true));
    assert_eq!(world.of_verdict("held").await[0].copies, 2);
}

async fn an_outcome_that_is_told_twice_counts_once(db: &TestDb) {
    let world = World::new(db).await;
    let id = world.sign_up("ann").await;
    let effect = world.only_due().await;
    world.one(world.say().good(&effect, "ann")).await;
    let again = world.one(world.say().good(&effect, "ann")).await;
    assert!(again.copy);
    assert_eq!(world.onboarding(id).await.state, "first_asset");
    assert_eq!(world.due().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_that_a_restore_set_back_puts_nothing_aside_and_takes_nothing_for_a_copy() {
    let db = TestDb::postgres().await;
    let world = World::new(&db).await;
    let say = world.say();
    let before: Vec<_> = (0..40).map(|n| say.sign_up(&format!("p{n}"))).collect();
    world.accept(&before).await;
    world.run("SELECT setval(pg_get_serial_sequence('events', 'seq'), 1, false)").await;
    let refused = world.engine.accept(&[say.sign_up("eve"), say.sign_up("joe")]).await;
    assert!(refused.iter().all(|answer| matches!(answer, Err(NotAccepted::Later(_)))), "{refused:?}");
    assert_eq!((world.quarantined().await.len(), world.received().await), (0, before.len() as i64));
    world.run("SELECT setval(pg_get_serial_sequence('events', 'seq'), (SELECT max(seq) FROM events))").await;
    let taken = world.accept(&[say.sign_up("eve"), say.sign_up("joe")]).await;
    assert!(taken.iter().all(|receipt| receipt.verdict == Verdict::Applied && !receipt.copy), "{taken:?}");
}
