//! The shipped flows against what the adapters really offer.

use std::collections::BTreeSet;

use gangway_core::event::UserId;
use gangway_core::flow;
use gangway_core::flow::expr::{Scope, eval_all};
use gangway_core::flow::model::{Flow, Verb};
use gangway_core::onboarding::User;
use gangway_core::time::{Millis, Timestamp};
use serde_json::json;

use super::SHIPPED;
use crate::settings::{Input, Settings};

fn shipped() -> Vec<Flow> {
    let settings = Settings::read(&Input { file: None, environment: Vec::new() }).unwrap();
    let catalogue = crate::app::catalogue(&settings).unwrap();
    flow::load_all(SHIPPED, &catalogue).unwrap_or_else(|faults| panic!("{}", faults.rendered))
}

fn named(name: &str) -> Flow {
    shipped().into_iter().find(|flow| flow.id.name == name).unwrap()
}

/// `STATE.OUTCOME -> STATE`, for every call, wait and mail.
fn ways(flow: &Flow) -> BTreeSet<String> {
    let ways = |(name, state): (&String, &flow::model::State)| {
        let outcomes = match &state.verb {
            Verb::Call(call) => &call.outcomes,
            Verb::Await(wait) => &wait.outcomes,
            Verb::Mail(mail) => &mail.outcomes,
            _ => return Vec::new(),
        };
        outcomes.iter().map(|(outcome, next)| format!("{name}.{outcome} -> {next}")).collect()
    };
    flow.states.iter().flat_map(ways).collect()
}

fn holds(flow: &Flow, rows: &[&str]) {
    let ways = ways(flow);
    for row in rows {
        assert!(ways.contains(*row), "{row} is not among {ways:#?}");
    }
}

/// The states in which a secret is still kept.
fn kept<'a>(flow: &'a Flow, secret: &str) -> Vec<&'a str> {
    flow.states.keys().map(String::as_str).filter(|state| flow.keeps(state, secret)).collect()
}

#[test]
fn every_shipped_flow_loads_and_no_two_begin_with_the_same_event() {
    let flows = shipped();
    let starts: BTreeSet<&str> = flows.iter().map(|flow| flow.begins_on().unwrap_or_default()).collect();
    assert_eq!((flows.len(), starts.len()), (SHIPPED.len(), SHIPPED.len()));
}

#[test]
fn only_a_new_account_at_didx_gets_an_onboarding_mail() {
    let flow = named("didx-credential");
    holds(
        &flow,
        &[
            "create_user.created -> tell",
            "create_user.exists -> issue",
            "create_user.exists_after_unknown -> no_password",
            "create_user.conflict -> review",
            "tell.sent -> issue",
            "tell.refused -> undelivered",
            "accept.completed -> done",
        ],
    );
    let mails = flow.states.values().filter(|state| matches!(state.verb, Verb::Mail(_)));
    assert_eq!(mails.count(), 1);
}

#[test]
fn the_secrets_of_didx_are_gone_when_nobody_can_need_them_any_more() {
    let flow = named("didx-credential");
    // A password that reached nobody stays sealed while a person decides; after that nothing leads back to it.
    assert_eq!(kept(&flow, "temp_password"), ["create_user", "tell", "undelivered", "review"]);
    let offer = kept(&flow, "offer");
    assert!(offer.contains(&"send") && !offer.contains(&"done") && !offer.contains(&"abandoned"), "{offer:?}");
    assert!(flow.awaits("didx.issuance_completed"));
}

#[test]
fn at_waltid_only_a_new_account_is_told_its_password_and_both_get_role_and_wallet() {
    let flow = named("waltid-enterprise");
    holds(
        &flow,
        &[
            "register.registered -> assign_role",
            "register.exists -> assign_role_known",
            "assign_role.assigned -> init_wallet",
            "init_wallet.ready -> welcome",
            "welcome.sent -> done",
            "assign_role_known.assigned -> init_wallet_known",
            "init_wallet_known.ready -> welcome_known",
        ],
    );
    // Once the mail was accepted nobody has the password but its owner; a person who had an account before has their
    // own.
    assert_eq!(
        kept(&flow, "password"),
        [
            "register",
            "assign_role",
            "init_wallet",
            "welcome",
            "undelivered",
            "find_known",
            "review",
            "review_role",
            "review_wallet"
        ]
    );
    let mail = |state: &str| match &flow.states[state].verb {
        Verb::Mail(mail) => mail.template.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((mail("welcome").as_str(), mail("welcome_known").as_str()), ("enterprise-account", "enterprise-known"));
}

#[test]
fn a_failed_or_lost_task_of_guardian_is_looked_at_and_never_started_again_by_itself() {
    let flow = named("guardian-account");
    holds(
        &flow,
        &[
            "onboard.accepted -> task",
            "onboard.registered -> settle",
            "task.completed -> account",
            "task.failed -> look",
            "task.unseen -> unseen",
            "unseen.seen -> seen",
            "seen.late -> settle",
            "unseen.late -> settle",
            "settle.found -> welcome",
            "settle.late -> look",
            "look.with_did -> welcome",
            "look.without_did -> half_done",
            "look.refused -> review",
            "account.ready -> welcome",
            "welcome.sent -> done",
            "welcome.refused -> undelivered",
        ],
    );
    assert!(ways(&flow).iter().all(|way| !way.ends_with("-> onboard")), "only a person starts another task");
}

#[test]
fn every_review_of_these_flows_has_a_way_forward_that_does_not_lead_back_to_itself() {
    for name in ["didx-credential", "waltid-enterprise", "guardian-account"] {
        let flow = named(name);
        for (state, verb) in flow.states.iter().map(|(name, state)| (name, &state.verb)) {
            let Verb::Ask { outcomes, .. } = verb else { continue };
            let forward = |(choice, next): (&String, &String)| choice != "retry" && next != "abandoned";
            assert!(outcomes.iter().any(forward), "{name}: {state} leads back to itself or gives up");
            assert!(outcomes.contains_key("give_up"), "{name}: {state}");
        }
    }
}

#[test]
fn what_guardian_says_of_an_account_is_kept_with_its_public_key() {
    let flow = named("guardian-account");
    let Verb::End(end) = &flow.states["done"].verb else { panic!() };
    assert_eq!(end.with.keys().collect::<Vec<_>>(), ["did", "hedera_account_id", "public_key"]);
    assert!(flow.reads.iter().any(|read| read.join(".") == "states.account.public_key"), "{:?}", flow.reads);
}

#[test]
fn polls_at_didx_are_a_fallback_over_minutes_to_days() {
    let flow = named("didx-credential");
    let Verb::Await(wait) = &flow.states["accept"].verb else { panic!() };
    let poll = wait.poll.as_ref().unwrap();
    assert!(poll.after >= Millis::secs(60) && poll.every_max >= Millis::secs(3600), "{poll:?}");
}

#[test]
fn a_password_that_was_made_here_is_told_once_and_one_that_was_chosen_is_not() {
    let flow = named("guardian-account");
    for (data, told) in [(json!({}), true), (json!({"password": null}), true), (json!({"password": "(secret)"}), false)]
    {
        let Verb::Mail(mail) = &flow.states["welcome"].verb else { panic!() };
        let user = user();
        let data = data.as_object().unwrap().clone();
        let scope = Scope { user: Some(&user), data: &data, onboarding: None };
        let values = eval_all(&mail.with, &scope).unwrap();
        assert_eq!((&values["tell_password"], &values["username"]), (&json!(told), &json!("u-1")), "{data:?}");
        assert_eq!(values["did"], json!(""));
    }
    let gone: Vec<&str> =
        flow.states.keys().map(String::as_str).filter(|state| !flow.keeps(state, "password")).collect();
    assert_eq!(gone, ["abandoned", "done"]);
}

fn user() -> User {
    let id = uuid::Uuid::nil();
    User { id: UserId(id), external_id: "u-1".into(), email: None, locale: None, created_at: Timestamp(0) }
}

#[test]
fn a_flow_that_needs_a_name_at_waltid_which_nobody_gives_is_refused_with_the_setting_that_gives_it() {
    let settings = |more: &str| {
        let text = format!(
            "[mail]\nurl = \"smtp://localhost\"\n[providers.waltid]\nbase_url = \"https://x.example\"\n\
             api_key = \"k\"\n{more}"
        );
        let environment = vec![("GANGWAY_AMQP_URL".to_owned(), "amqp://localhost".to_owned())];
        Settings::read(&Input { file: Some(("gangway.toml".to_owned(), text)), environment }).unwrap()
    };
    let flow = [named("waltid-enterprise")];
    let told = |more: &str| super::possible(&settings(more), &flow).map_err(|failure| failure.message);
    let all = "organization = \"acme\"\ntenant = \"t\"\nrole.role = \"acme.member\"";
    assert_eq!(told(all), Ok(()));
    for (missing, setting) in [
        ("role.role = \"acme.member\"", "providers.waltid.role.role"),
        ("organization = \"acme\"\n", "providers.waltid.organization"),
        ("tenant = \"t\"\n", "providers.waltid.tenant"),
    ] {
        let told = told(&all.replace(missing, "")).unwrap_err();
        assert!(told.contains("waltid-enterprise") && told.contains(setting), "{told}");
    }
}
