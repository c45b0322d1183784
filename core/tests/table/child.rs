//! An onboarding that another one started: each of its parents is told how it ended, once.

use gangway_core::effect::{EffectId, Request};
use gangway_core::flow::expr::Mapping;
use gangway_core::flow::model::{End, EndStatus, Verb};
use gangway_core::step::start;
use serde_json::json;

use super::places::{asking, ended};
use crate::world::events::{again, cancel, child_of, created, done, has_child, move_to, other, outcome};
use crate::world::flows::{expr, failing, family, flow, wallet};
use crate::world::{BEGIN, World, check, onboarding_id, user};
use gangway_core::outcome::{Answer, AttemptResult};

/// In `create`, begun by onboarding 90.
fn child() -> World {
    World::begin_with(wallet(), child_of(90))
}

#[test]
fn a_child_begins_with_its_parents_data_of_which_it_keeps_what_it_reads() {
    let world = child();
    assert_eq!(world.told(), "applied create/active; asks 1 call original.create_user; onboarding.started");
    assert_eq!(json!(world.it().memory.data), json!({"plan": "gold"}));
    assert!(world.last.detail.starts_with(&format!("started by onboarding {}", other(90))), "{}", world.last.detail);
}

#[test]
fn each_parent_is_told_once_however_often_it_joins() {
    let world = check(child(), child_of(91), "noted create/active");
    let world = check(world, child_of(91), "noted create/active");
    let world = check(world, child_of(90), "noted create/active");
    let expect = "applied done/completed; 1 settled cancelled; tells -2 flow.test.completed; \
                  tells -6 flow.test.completed; onboarding.completed";
    let world = check(world, move_to("done"), expect);
    let told = world.last.tells.iter().map(|effect| match &effect.request {
        Request::Tell { parent, .. } => *parent,
        other => panic!("{other:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), [other(90), other(91)]);
}

#[test]
fn every_kind_of_end_is_told() {
    let expect = "applied abandoned/failed; 1 settled cancelled; tells -2 flow.test.failed; onboarding.failed";
    check(child(), move_to("abandoned"), expect);
    let expect = "applied create/cancelled; 1 settled cancelled; tells -2 flow.test.cancelled; onboarding.cancelled";
    check(child(), cancel(), expect);
    let at_once = flow(&[], [("off", Verb::End(EndStatus::Failed.into()))]);
    let decision = start(&at_once, onboarding_id(), &user(), &child_of(90), BEGIN);
    assert_eq!(decision.tells[0].id, EffectId::telling(onboarding_id(), 0));
}

#[test]
fn an_end_tells_which_onboarding_when_and_what_the_flow_adds() {
    let world = World::begin_with(family(), child_of(90)).hear(has_child(1, 1, "started", 80)).wait(7);
    let world = world.hear(crate::world::events::child_ended("completed", 80));
    let Request::Tell { parent, fact } = &world.last.tells[0].request else { panic!() };
    assert_eq!((*parent, fact.name.as_str(), fact.time), (other(90), "flow.test.completed", Some(world.now)));
    assert_eq!(fact.resource, onboarding_id().to_string());
    assert_eq!(json!(fact.fields), json!({ "onboarding_id": onboarding_id(), "child": other(80) }));
    assert_eq!(world.it().end().as_ref(), Some(fact), "it can be read later too");
    assert_eq!(child().it().end(), None);
}

#[test]
fn an_end_whose_words_cannot_be_evaluated_asks_a_person_first() {
    let with = [("x".to_owned(), failing())].into();
    let done = Verb::End(End { status: EndStatus::Completed, with });
    let world = World::begin_with(flow(&[], [("done", done)]), child_of(90));
    assert_eq!(world.told(), "applied done/review (expression); onboarding.started; onboarding.review");
    let with = [("x".to_owned(), Mapping::Expr(expr("data.nothing")))].into();
    let absent = flow(&[], [("done", Verb::End(End { status: EndStatus::Completed, with }))]);
    let world = World::begin_with(absent, child_of(90));
    assert_eq!(
        world.told(),
        "applied done/completed; tells -2 flow.test.completed; onboarding.started; onboarding.completed"
    );
    assert_eq!(json!(world.it().memory.tells), json!({}), "what is absent is left out");
}

#[test]
fn telling_is_repeated_until_it_succeeds_and_never_moves_the_child() {
    let ended = child().hear(cancel());
    let sent = |attempt| outcome(-2, attempt, AttemptResult::Done(Answer::named("told")));
    let world = check(ended, again(-2, 1), "noted create/cancelled; -2 due +1s Do");
    let world = check(world, again(-2, 2), "noted create/cancelled; -2 due +2s Do");
    assert_eq!(world.last.detail, "not yet: parent told of the end");
    let world = check(world, sent(3), "noted create/cancelled; -2 settled told");
    assert_eq!(world.last.detail, "parent told of the end");
    let published = child().hear(outcome(-4, 1, AttemptResult::Done(Answer::named("sent"))));
    assert_eq!(published.last.detail, "lifecycle event published");
}

#[test]
fn what_has_ended_is_joined_by_nobody() {
    let world = check(ended(), child_of(90), "noted done/completed");
    assert!(world.it().memory.parents.is_empty());
}

#[test]
fn a_child_with_a_question_open_is_joined_all_the_same() {
    let world = check(asking(), child_of(90), "noted support/review (asked)");
    let expect = "applied abandoned/failed; tells -2 flow.test.failed; onboarding.failed";
    check(world, move_to("abandoned"), expect);
}

#[test]
fn an_onboarding_that_nobody_started_tells_nobody() {
    let world = World::begin(wallet()).hear(created(1, 1)).hear(move_to("tell")).hear(done(2, 1, "sent"));
    assert_eq!((world.it().status.ended(), world.last.tells.len()), (true, 0));
}
