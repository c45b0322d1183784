//! The shipped flow, loaded with what the adapters really offer.

use gangway_core::flow::model::{Flow, Verb};

use crate::providers::ways_test as ways;

fn flow() -> Flow {
    ways::shipped("haven-custody")
}

#[test]
fn the_shipped_flow_loads_and_every_outcome_of_a_registration_leads_somewhere() {
    let flow = flow();
    assert_eq!((flow.begins_on(), flow.initial()), (Some("custody.user_signed_up"), "register"));
    let next = |state: &str, outcome: &str| match &flow.states[state].verb {
        Verb::Call(call) => call.outcomes[outcome].clone(),
        Verb::Await(wait) => wait.outcomes[outcome].clone(),
        Verb::Choose(choose) => choose.outcomes[outcome].clone(),
        other => panic!("{other:?}"),
    };
    let rows = [
        ("register", "started", "invite"),
        ("register", "exists", "recover"),
        ("credentials", "created", "complete"),
        ("credentials", "late", "asleep"),
        ("asleep", "wanted", "register"),
        ("complete", "token_expired", "register"),
        ("complete", "exists", "recover"),
        ("register", "unfinished", "review"),
        ("complete", "completed", "made"),
        ("made", "inactive", "activate"),
        ("made", "otherwise", "wallet"),
        ("found", "inactive", "activate"),
        ("activate", "requested", "wallet"),
        ("activate", "refused", "review_wallet"),
        ("wallet", "arrived", "welcome"),
    ];
    for (state, outcome, to) in rows {
        assert_eq!(next(state, outcome), to, "{state} {outcome}");
    }
}

#[test]
fn the_persons_credentials_and_the_one_time_token_are_secrets_that_end_with_their_call() {
    let flow = flow();
    let fields: Vec<&str> = flow.secret_fields("custody.credentials_created").map(|(name, _)| name).collect();
    assert_eq!(fields, ["first_factor", "second_factor", "recovery"]);
    assert_eq!(flow.secret_of("register", "temporary_token"), Some("temporary_token"));
    for name in ["temporary_token", "first_factor", "second_factor", "recovery"] {
        assert!(flow.keeps("complete", name) && flow.needs("complete", name), "{name}");
        assert!(!flow.needs("wallet", name) && !flow.needs("review", name), "{name}");
    }
}

#[test]
fn every_review_has_a_way_around_what_led_to_it_and_a_way_to_begin_anew() {
    let flow = flow();
    assert_eq!(ways::repetitions(&flow), [] as [String; 0]);
    for review in ["review", "review_invite", "review_wallet"] {
        let choices = flow.states[review].verb.outcomes().unwrap();
        assert!(choices.values().any(|to| to == "register"), "{review}");
    }
}
