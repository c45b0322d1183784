//! An onboarding that goes round without news, or asks without an end, goes to a person.

use gangway_core::flow::model::{EndStatus, Flow, Verb};
use gangway_core::time::Millis;

use crate::world::events::{done, fact, note, report, retry, timer};
use crate::world::flows::{ask, call, flow, mail, outcomes, wait};
use crate::world::{World, check};

/// A check by a mailed link; a rejected person may try again, and the rejection stays known.
fn rejected() -> Flow {
    flow(
        &[],
        [
            ("kyc", call("veri.create_check", &[("created", "kyc_mail")])),
            ("kyc_mail", mail(&[("sent", "kyc_wait"), ("refused", "late")])),
            ("kyc_wait", wait(&[("rejected", "veri.rejected", "kyc"), ("approved", "veri.approved", "done")])),
            ("late", ask(&[("go_on", "done")])),
            ("done", Verb::End(EndStatus::Completed.into())),
        ],
    )
}

/// Answers whatever is asked, until nothing is; how many mails that were.
fn answered(mut world: World) -> (World, usize) {
    let mut mails = 0;
    for _ in 0..100 {
        let Some(pending) = world.it().memory.pending.clone() else { return (world, mails) };
        mails += usize::from(pending.target.starts_with("mail"));
        world = world.hear(done(pending.n, 1, if pending.target.starts_with("mail") { "sent" } else { "created" }));
    }
    panic!("it goes round for ever: {mails} mails");
}

#[test]
fn a_state_that_is_entered_for_the_third_time_without_news_is_a_review_that_names_the_circle() {
    let (world, mails) = answered(World::begin(rejected()));
    assert_eq!((world.it().state.as_str(), mails), ("kyc_wait", 1));
    let (world, mails) = answered(world.hear(report(vec![fact("veri.rejected", 1, "x")])));
    assert_eq!((world.it().state.as_str(), mails), ("kyc", 2), "{}", world.told());
    let review = world.it().memory.review.as_ref().unwrap();
    let detail = "went round 3 times through kyc, kyc_mail, kyc_wait without news; possible: retry, move, cancel";
    assert_eq!((review.cause.word(), review.detail.as_str()), ("circle", detail));
    let world = check(world, note(), "noted kyc/review (circle)");
    let known = report(vec![fact("veri.rejected", 1, "x")]);
    let world = check(world, known, "noted kyc/review (circle)");
    let (world, mails) = answered(check(world, retry(), "applied kyc/active; asks 7 call veri.create_check"));
    assert_eq!((world.told().contains("kyc/review (circle)"), mails), (true, 2), "a person lets it go round once more");
}

#[test]
fn news_starts_the_count_of_rounds_anew() {
    let flow = flow(
        &[],
        [
            ("ask", call("a.ask", &[("no", "pause"), ("created", "pause")])),
            ("pause", Verb::Wait { length: Millis::secs(60), outcomes: outcomes(&[("over", "ask")]) }),
        ],
    );
    let mut world = World::begin(flow);
    for n in 1..9 {
        assert_eq!(world.it().memory.pending.as_ref().map(|pending| pending.n), Some(n), "{}", world.told());
        world = world.hear(done(n, 1, "no")).wait(60).hear(timer());
    }
}

#[test]
fn a_copy_of_what_is_known_is_no_news() {
    let flow = flow(
        &[],
        [
            ("wait", wait(&[("came", "veri.came", "tell")])),
            ("tell", call("a.tell", &[("created", "wait")])),
            ("late", Verb::End(EndStatus::Failed.into())),
        ],
    );
    let mut world = World::begin(flow).hear(report(vec![fact("veri.came", 1, "x")]));
    for n in 1..3 {
        world = world.hear(report(vec![fact("veri.came", 1, "x")])).hear(done(n, 1, "created"));
    }
    assert_eq!(world.told(), "applied tell/review (circle); 2 settled created; onboarding.review");
}

/// Mails every hour for ever.
fn hourly() -> Flow {
    flow(
        &[],
        [
            ("mail", mail(&[("sent", "hour"), ("refused", "hour")])),
            ("hour", Verb::Wait { length: Millis::secs(3600), outcomes: outcomes(&[("over", "mail")]) }),
        ],
    )
}

/// Lets hours pass until a person is asked; how many mails that took.
fn hours(mut world: World) -> (World, usize) {
    for mails in 0..1000 {
        let Some(pending) = world.it().memory.pending.clone() else { return (world, mails) };
        world = world.hear(done(pending.n, 1, "sent")).wait(3600).hear(timer());
    }
    panic!("it mails for ever");
}

#[test]
fn a_circle_that_time_alone_drives_ends_at_the_limit_of_mails_and_of_effects() {
    let (world, mails) = hours(World::begin(hourly()));
    assert_eq!((mails, world.it().memory.review.as_ref().unwrap().cause.word()), (30, "circle"));
    let why =
        "30 mails were sent, one more would be too many (engine.mails); it is in mail; possible: retry, move, cancel";
    assert_eq!(world.it().memory.review.as_ref().unwrap().detail, why);
    let (_, more) = hours(world.hear(retry()));
    assert_eq!(more, 30, "a person lets it go on as far again");
    let mut few = hourly();
    few.limits.effects = 7;
    let (world, asked) = hours(World::begin(few));
    assert_eq!(asked, 7);
    assert!(world.last.detail.contains("7 things were asked, one more would be too many (engine.effects)"));
}

#[test]
fn polls_and_confirming_reads_are_no_effects_that_count() {
    let mut flow = crate::world::flows::wallet();
    flow.limits.effects = 2;
    let mut world = World::begin(flow).hear(crate::world::events::created(1, 1));
    for n in 2..40 {
        world = world.wait(8).hear(timer());
        assert!(world.it().memory.pending.is_some(), "{}", world.told());
        world = world.hear(done(n, 1, "no_wallet"));
    }
    assert_eq!((world.it().memory.effects, world.it().memory.asked), (1, 39));
}
