//! What support reads: why a person is where they are, and what comes next.

use gangway_core::effect::Mode;
use gangway_core::explain::{LiveReason, Rest, asks, live_reason, shown, summary};
use gangway_core::flow::expr::Mapping;
use gangway_core::time::Millis;
use serde_json::json;

use super::places::{asking, creating, ended, first_of_two, mailing, waiting, waiting_without_poll};
use crate::world::events::{again, broken, cancel, created, fact, report, timer, unknown, wallet_hint};
use crate::world::flows::{expr, failing, flow, two_waits, wait_of, wallet};
use crate::world::{BEGIN, World};

#[track_caller]
fn says(world: World, why: &str, next: Option<(&str, Option<&str>)>) {
    let said = summary(&world.flow, world.it());
    let time = |at: gangway_core::time::Timestamp| at.to_string();
    let told = said.next.map(|next| (next.what, next.at.map(time)));
    let next = next.map(|(what, at)| (what.to_owned(), at.map(|at| format!("2026-11-22T{at}Z"))));
    assert_eq!((said.why, told), (why.to_owned(), next));
}

#[test]
fn an_effect_under_way_is_named_with_its_attempt() {
    let next = Some(("attempt 1 of original.create_user", Some("10:00:00.000")));
    says(creating(), "original.create_user is being performed or waits for its turn, attempt 1", next);
}

#[test]
fn what_rests_is_named_with_since_when_why_and_when_it_is_tried_again() {
    let world = creating().hear(again(1, 1));
    let (at, cause) = (BEGIN.plus(Millis::secs(60)), "it asked to be left alone".to_owned());
    let rest = |until| Rest::Until { what: "original".into(), since: BEGIN, until, cause: cause.clone() };
    assert_eq!(asks(world.it()), Some(("original", "original.create_user", Mode::Do)));
    let said = summary(&world.flow, world.it()).resting(world.it(), &rest(at));
    let rests = "; original rests since 2026-11-22T10:00:00.000Z (it asked to be left alone) and is tried again at \
                 2026-11-22T10:01:00.000Z";
    assert!(said.why.ends_with(rests), "{}", said.why);
    assert_eq!(said.next.unwrap().at, Some(at));
    let plain = summary(&world.flow, world.it());
    assert_eq!(plain.clone().resting(world.it(), &rest(BEGIN)), plain, "its own time is later");
    assert_eq!(asks(mailing().it()), Some(("mail", "mail", Mode::Do)));
    let elsewhere = Rest::Elsewhere { cause: "providers.original is not set up in this process".into() };
    let said = plain.clone().resting(world.it(), &elsewhere);
    let waits = "; providers.original is not set up in this process: it waits for one that is";
    assert_eq!((said.why.strip_suffix(waits), said.next), (Some(plain.why.as_str()), plain.next));
}

#[test]
fn a_failed_attempt_is_named_with_its_cause_and_the_next_one() {
    let mut world = creating().hear(again(1, 1));
    let pending = world.last.onboarding.memory.pending.as_mut().unwrap();
    pending.due_at = gangway_core::time::Timestamp(pending.due_at.0 / 1000 * 1000);
    let why = "original.create_user: 503 from the provider; attempt 2 of 3 at 2026-11-22T10:00:01.000Z";
    says(world, why, Some(("attempt 2 of original.create_user", Some("10:00:01.000"))));
}

#[test]
fn a_look_up_says_since_when_it_is_not_known() {
    let why = "original.create_user: whether it was done is not known since 2026-11-22T10:00:00.000Z; \
               look-up 1 at 2026-11-22T10:00:02.000Z";
    says(creating().hear(unknown(1, 1)), why, Some(("look-up of original.create_user", Some("10:00:02.000"))));
}

#[test]
fn a_wait_names_what_is_awaited_from_whom_and_since_when() {
    let why = "waiting for original.wallet_created from original since 2026-11-22T10:00:01.000Z";
    let late = "; if nothing comes, it goes on in support at 2026-11-22T11:00:01.000Z";
    let next = |what: &str| format!("{what}{late}");
    says(waiting(), why, Some((&next("read original.get_wallet"), Some("10:00:06.000"))));
    says(waiting_without_poll(), why, Some(("it is late, and goes on in support", Some("11:00:01.000"))));
    let polled = waiting().wait(5).hear(timer());
    says(polled, why, Some((&next("read original.get_wallet as a poll"), Some("10:00:06.000"))));
    let hinted = waiting_without_poll().hear(wallet_hint(1));
    says(hinted, why, Some((&next("read original.get to confirm a hint"), Some("10:00:01.000"))));
}

#[test]
fn what_a_waiting_person_needs_is_shown_while_the_wait_lasts_and_only_then() {
    let mut flow = wallet();
    let shown_as = |source: &str| Mapping::Expr(expr(source));
    wait_of(&mut flow, "wallet").show = [
        ("uid".to_owned(), shown_as("states.create.uid")),
        ("step".to_owned(), Mapping::Literal(json!(2))),
        ("absent".to_owned(), shown_as("states.create.nothing")),
        ("failing".to_owned(), failing()),
    ]
    .into();
    let world = |place: World| shown(&flow, place.it());
    let expected = json!({"uid": "42", "step": 2, "failing": null}).as_object().cloned();
    assert_eq!(world(waiting()), expected);
    assert_eq!(world(waiting().wait(5).hear(timer()).hear(broken(2, 1))), expected, "a review of its polls keeps it");
    assert_eq!(world(creating()), None);
    assert_eq!(world(waiting().hear(cancel())), None);
    assert_eq!(shown(&wallet(), waiting().it()), None, "nothing to show is not an empty map");
}

#[test]
fn a_wait_for_one_of_several_names_them_all() {
    let world = World::begin(two_waits()).hear(created(1, 1)).hear(report(vec![fact("ibm.first", 1, "x")]));
    let why = "waiting for ibm.second or ibm.failed from ibm since 2026-11-22T10:00:00.000Z";
    says(world, why, Some(("it is late, and goes on in late", Some("11:00:00.000"))));
}

#[test]
fn a_review_says_what_happened_and_what_a_person_can_do() {
    let why = "review: support is asked because create ended refused; possible: retry, give_up (move to abandoned), \
               since 2026-11-22T10:00:00.000Z";
    says(asking(), why, Some(("support chooses: retry, give_up (move to abandoned)", None)));
    let why = "review: original.create_user: validation failed; possible: retry, move, since 2026-11-22T10:00:00.000Z";
    says(creating().hear(broken(1, 1)), why, Some(("a person decides: retry, move, cancel", None)));
}

#[test]
fn an_end_says_when_and_nothing_comes_next() {
    says(ended(), "completed in done since 2026-11-22T10:00:01.000Z", None);
}

#[test]
fn every_live_onboarding_has_its_reason_and_a_broken_row_has_none() {
    assert_eq!(live_reason(creating().it()), Some(LiveReason::Effect { n: 1 }));
    assert_eq!(live_reason(asking().it()), Some(LiveReason::Review));
    let world = first_of_two();
    let until = world.it().memory.deadline.unwrap();
    assert_eq!(live_reason(world.it()), Some(LiveReason::Awaited { until }));
    assert_eq!(live_reason(ended().it()), None);
    let mut broken = creating();
    broken.last.onboarding.memory.pending = None;
    assert_eq!(live_reason(broken.it()), None);
    let said = summary(&flow(&[], []), broken.it());
    assert_eq!(said.why, "active in create, with nothing under way");
}
