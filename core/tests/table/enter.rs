//! Starting, entering and leaving states.

use std::collections::BTreeMap;

use gangway_core::decision::Lifecycle;
use gangway_core::effect::Request;
use gangway_core::flow::model::{EndStatus, Flow, Verb};
use gangway_core::step::start;
use serde_json::json;

use super::places::{asking, creating, ended, mailing, publishing, waiting};
use crate::world::events::{created, done, fact, message, move_to, report, retry, signed_up, timer, wallet_fact};
use crate::world::flows::{ask, call, call_of, failing, flow, mail, two_waits, wait, wait_of, wallet};
use crate::world::{BEGIN, World, check, onboarding_id, user};

#[test]
fn a_start_is_applied_at_revision_one_and_asks_the_first_states_effect() {
    let world = creating();
    assert_eq!(world.told(), "applied create/active; asks 1 call original.create_user; onboarding.started");
    assert_eq!((world.it().revision, world.it().created_at, world.it().since), (1, BEGIN, BEGIN));
    assert_eq!((world.last.from.as_deref(), world.last.to.as_deref()), (None, Some("create")));
    assert_eq!(world.last.detail, "started by user.signed_up; in create; asks original.create_user");
}

#[test]
fn a_start_keeps_exactly_the_paths_that_the_flow_reads() {
    let kept = serde_json::Value::Object(creating().it().memory.data.clone());
    assert_eq!(kept, json!({"plan": "gold", "address": {"city": "Graz"}}));
    let nothing = World::begin_with(wallet(), message("user.signed_up", json!("no object")));
    assert!(nothing.it().memory.data.is_empty());
}

#[test]
fn a_start_that_leads_straight_to_an_end_says_both() {
    let mut nobody = user();
    nobody.email = None;
    let flow = flow(&[], [("greet", mail(&[("refused", "off")])), ("off", Verb::End(EndStatus::Cancelled.into()))]);
    let decision = start(&flow, onboarding_id(), &nobody, &signed_up(), BEGIN);
    assert_eq!(decision.lifecycle, [Lifecycle::Started, Lifecycle::Cancelled]);
    assert_eq!((decision.onboarding.revision, decision.asks.len()), (1, 0));
}

#[test]
fn an_effect_is_asked_with_its_mappings_due_now() {
    let effect = &creating().last.asks[0];
    assert_eq!(effect.due_at, BEGIN);
    let input = json!({"kind": 1}).as_object().unwrap().clone();
    assert_eq!(
        effect.request,
        Request::Call { action: "original.create_user".into(), input, secrets: BTreeMap::new() }
    );
}

#[test]
fn a_mail_goes_to_the_users_address_in_their_language() {
    let expected = Request::Mail {
        template: "welcome".into(),
        to: "ada@example.org".into(),
        locale: Some("de".into()),
        values: serde_json::Map::new(),
        secrets: BTreeMap::new(),
    };
    assert_eq!(mailing().last.asks[0].request, expected);
}

#[test]
fn a_publication_names_the_user_as_subject() {
    let Request::Publish { subject, event_type, .. } = &publishing().last.asks[0].request else { panic!() };
    assert_eq!((subject.as_deref(), event_type.as_str()), (Some("u-1"), "user.onboarded"));
}

#[test]
fn a_mail_without_an_address_is_refused_at_once_without_an_effect() {
    let mut world = waiting();
    world.last.onboarding.user.email = None;
    check(world, wallet_fact(), "applied tell/active; asks 2 publish user.onboarded; onboarding.moved");
}

#[test]
fn an_answer_leaves_the_state_by_its_outcome() {
    check(creating(), created(1, 1), "applied wallet/waiting; 1 settled created; wake +5s; onboarding.moved");
    check(creating(), done(1, 1, "refused"), "applied support/review (asked); 1 settled refused; onboarding.review");
    check(publishing(), done(3, 1, "sent"), "applied done/completed; 3 settled sent; onboarding.completed");
    let world = check(asking(), move_to("abandoned"), "applied abandoned/failed; onboarding.failed");
    assert_eq!(world.it().ended_at, Some(world.now));
}

#[test]
fn only_what_later_states_read_is_kept_of_an_answer_and_entering_again_replaces_it() {
    let world = waiting();
    assert_eq!(json!(world.it().memory.states), json!({"create": {"uid": "42"}}));
    let world = world.hear(move_to("create")).hear(done(2, 1, "exists"));
    assert_eq!(json!(world.it().memory.states), json!({"create": {}}));
}

#[test]
fn a_mapping_that_fails_asks_nothing_and_opens_a_review_that_keeps_the_state() {
    let mut broken = wallet();
    call_of(&mut broken, "create").with.insert("x".into(), failing());
    assert_eq!(
        World::begin(broken.clone()).told(),
        "applied create/review (expression); onboarding.started; onboarding.review"
    );
    wait_of(&mut broken, "wallet").poll.as_mut().unwrap().with.insert("x".into(), failing());
    check(waiting().with_flow(broken).wait(5), timer(), "applied wallet/review (expression); onboarding.review");
}

#[test]
fn an_outcome_that_the_flow_does_not_have_opens_a_review() {
    check(creating(), done(1, 1, "vanished"), "applied create/review (flow); 1 settled vanished; onboarding.review");
}

#[test]
fn an_outcome_that_leads_nowhere_opens_a_review() {
    let mut flow = wallet();
    call_of(&mut flow, "create").outcomes.insert("exists".into(), "nowhere".into());
    check(
        World::begin(flow),
        done(1, 1, "exists"),
        "applied create/review (flow); 1 settled exists; onboarding.review",
    );
}

#[test]
fn a_flow_without_the_onboardings_state_is_a_review_and_its_effect_is_settled() {
    let lost = || creating().with_flow(two_waits_without_create());
    check(lost(), timer(), "applied create/review (flow); 1 settled cancelled; onboarding.review");
    check(lost(), report(vec![]), "applied create/review (flow); 1 settled cancelled; onboarding.review");
    let world = check(lost(), created(1, 1), "applied create/review (flow); 1 settled cancelled; onboarding.review");
    assert_eq!(world.it().memory.identifiers.len(), 2, "what is true is kept all the same");
    assert_eq!(World::begin(flow(&[], [])).told(), "applied /review (flow); onboarding.started; onboarding.review");
}

#[test]
fn a_circle_that_asks_nothing_ends_in_a_review() {
    let flow = flow(
        &[],
        [
            ("hold", ask(&[("retry", "a")])),
            ("a", wait(&[("came", "ibm.first", "b")])),
            ("b", wait(&[("came", "ibm.first", "a")])),
        ],
    );
    let world = World::begin(flow).hear(report(vec![fact("ibm.first", 1, "x")]));
    let world = world.hear(retry());
    assert!(world.told().contains("review (circle)"), "{}", world.told());
}

#[test]
fn a_chain_of_states_that_are_left_at_once_is_one_change_and_one_move() {
    let world = World::begin(two_waits());
    let world = world.hear(report(vec![fact("ibm.first", 1, "x"), fact("ibm.second", 2, "y")]));
    let world =
        check(world, created(1, 1), "applied issue/active; 1 settled created; asks 2 call ibm.issue; onboarding.moved");
    assert_eq!(world.it().revision, 3);
}

#[test]
fn nothing_moves_what_has_ended() {
    for event in [timer(), created(1, 1), done(3, 1, "sent"), wallet_fact(), message("user.signed_up", json!({}))] {
        check(ended(), event, "noted done/completed");
    }
}

fn two_waits_without_create() -> Flow {
    let mut flow = two_waits();
    flow.states.shift_remove("create");
    flow.states.insert(
        "other".into(),
        gangway_core::flow::model::State { title: None, headline: None, help: None, verb: call("a.b", &[]) },
    );
    flow
}
