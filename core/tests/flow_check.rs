//! What the checker lets through, what it makes of it, and that no text makes it panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

mod support;

use gangway_core::flow::model::{Flow, Verb};
use gangway_core::flow::{Code, Diagnostics, load, load_all, load_each, same_version};
use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use proptest::prelude::*;
use support::{ORIGINAL_WALLET, catalogue};

const HEAD: &str = "flow: good\nversion: 3\nstart: { on: user.signed_up, user: { id: data.user_id }, again: true }\n";

fn flow(states: &str) -> Result<Flow, Diagnostics> {
    load("good.yaml", &format!("{HEAD}states:\n{states}"), &catalogue())
}

#[test]
fn a_wait_can_be_for_a_poll_alone() {
    let flow = flow(
        "  wallet:
    await: {}
    poll: { call: original.get_user, with: { user_uid: user.id }, every: 30s, outcomes: { has_wallet: found, no_wallet: keep, not_found: lost } }
    within: 7d
    outcomes: { found: tell, lost: failed, late: failed }
  tell: { publish: user.ready, with: { address: states.wallet.address }, outcomes: { sent: done } }
  failed: { end: failed }
  done: { end: completed }
",
    )
    .unwrap();
    let Verb::Await(wait) = &flow.states["wallet"].verb else { panic!() };
    let poll = wait.poll.as_ref().unwrap();
    assert_eq!((poll.after, poll.every_min, poll.every_max), (Millis(30_000), Millis(30_000), Millis(30_000)));
    assert!(flow.start.again && wait.arrivals.is_empty());
}

#[test]
fn a_number_with_more_digits_than_are_kept_is_refused_and_a_text_of_the_same_digits_is_taken() {
    let said = |value: &str| {
        let states = "  tell: { publish: user.ready, with: { number: N }, outcomes: { sent: done } }\n  done: { end: completed }\n";
        flow(&states.replace('N', value))
    };
    for kept in ["18446744073709551615", "-9223372036854775808", "0.5", "\"'18446744073709551616'\""] {
        assert!(said(kept).is_ok(), "{kept}");
    }
    for digits in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"] {
        let told = said(digits).unwrap_err().to_string();
        assert!(told.contains("more digits than are kept") && told.contains("in quotes"), "{digits}: {told}");
    }
}

#[test]
fn retry_overlays_the_providers_rule_and_leaves_the_rest() {
    let flow = flow(
        "  make:
    call: original.create_user
    with: { user_external_id: user.id }
    retry: { attempts: 3, first: 5s }
    outcomes: { created: done, exists: done, refused: done }
  done: { end: completed }
",
    )
    .unwrap();
    let Verb::Call(call) = &flow.states["make"].verb else { panic!() };
    assert_eq!((call.policy.attempts, call.policy.first, call.policy.max), (3, Millis(5000), Policy::default().max));
    assert!(call.effectful && call.look_up);
}

#[test]
fn what_is_kept_is_what_is_read_and_nothing_twice() {
    let flow = flow(
        "  tell:
    publish: user.ready
    with: { all: data.address, city: data.address.city, list: [data.tags, \"data.items.map(i, i.id)\"], n: 1, deep: { plan: data.plan.name } }
    outcomes: { sent: done }
  done: { end: completed }
",
    )
    .unwrap();
    let reads: Vec<String> = flow.reads.iter().map(|path| path.join(".")).collect();
    assert_eq!(reads, ["data.address", "data.items", "data.plan.name", "data.tags"]);
}

/// Two ways lead to `tell`: over both, only what both wrote can be read without asking.
fn two_ways(read: &str) -> Result<Flow, Diagnostics> {
    flow(&format!(
        "  make:
    call: original.create_user
    with: {{ user_external_id: user.id }}
    outcomes: {{ created: tell, exists: again, refused: rest }}
  again:
    call: original.create_asset
    with: {{ user_uid: states.make.uid, asset_external_id: user.id, name: user.id, unique_name: true, image_url: user.id, store_image_on_ipfs: true }}
    outcomes: {{ created: tell, exists: make, refused: rest }}
  tell: {{ publish: user.ready, with: {{ read: \"{read}\" }}, outcomes: {{ sent: rest }} }}
  rest: {{ end: completed }}
"
    ))
}

#[test]
fn a_field_can_be_read_when_every_way_has_written_it() {
    assert!(two_ways("states.make.uid").is_ok());
    assert_eq!(two_ways("states.again.uid").unwrap_err().codes, [Code::NotWritten]);
    assert!(two_ways("has(states.again.uid) ? states.again.uid : states.make.uid").is_ok());
    assert_eq!(two_ways("states.make.reason").unwrap_err().codes, [Code::NotWritten]);
    assert_eq!(two_ways("states.tell.x").unwrap_err().codes, [Code::UnknownPath]);
}

#[test]
fn arrival_and_poll_of_one_outcome_write_only_what_both_write() {
    let wallet = |field: &str| {
        flow(&format!(
            "  wallet:
    await: {{ arrived: original.wallet_created }}
    poll: {{ call: original.get_user, with: {{ user_uid: user.id }}, every: 1s..2s, outcomes: {{ has_wallet: arrived, no_wallet: keep, not_found: keep }} }}
    within: 1h
    outcomes: {{ arrived: tell, late: done }}
  tell: {{ publish: user.ready, with: {{ read: \"{field}\" }}, outcomes: {{ sent: done }} }}
  done: {{ end: completed }}
"
        ))
    };
    assert!(wallet("states.wallet.address").is_ok());
    assert_eq!(wallet("states.wallet.network").unwrap_err().codes, [Code::MaybeAbsent]);
    assert!(wallet("has(states.wallet.network) ? states.wallet.network : null").is_ok());
}

#[test]
fn a_choice_and_a_wait_are_what_their_file_says() {
    let flow = flow(
        "  sort:
    choose: { minor: data.age < 18, adult: data.age >= 18 }
    outcomes: { minor: rest, adult: done, otherwise: done }
  rest: { wait: 24h, outcomes: { over: done } }
  done: { end: completed }
",
    )
    .unwrap();
    let Verb::Choose(choose) = &flow.states["sort"].verb else { panic!() };
    assert_eq!(choose.guards.keys().collect::<Vec<_>>(), ["minor", "adult"], "in the order of the file");
    assert!(flow.reads.contains(&vec!["data".to_owned(), "age".to_owned()]), "what a guard reads is kept");
    let Verb::Wait { length, .. } = flow.states["rest"].verb else { panic!() };
    assert_eq!(length, Millis::secs(86_400));
}

/// A flow that starts `wallet` and reads this of its end.
fn parent(read: &str) -> String {
    format!(
        "flow: both
version: 1
start: {{ on: user.signed_up, user: {{ id: data.user_id }} }}
states:
  begin:
    start: wallet
    with: {{ plan: data.plan }}
    outcomes: {{ started: wallet, running: wallet, ended: wallet }}
  wallet:
    await: {{ arrived: flow.wallet.completed, lost: flow.wallet.failed }}
    within: 24h
    outcomes: {{ arrived: tell, lost: lost, late: lost }}
  tell: {{ publish: user.ready, with: {{ read: \"{read}\", child: states.begin.onboarding_id }}, outcomes: {{ sent: done }} }}
  lost: {{ end: failed }}
  done: {{ end: completed }}
"
    )
}

const CHILD: &str = "flow: wallet
version: 1
start: { again: true }
states:
  make:
    call: original.create_user
    with: { user_external_id: user.id, email: data.plan }
    outcomes: { created: done, exists: done, refused: lost }
  lost: { end: failed }
  done: { end: completed, with: { address: states.make.uid } }
";

#[test]
fn a_flow_that_only_others_start_has_no_event_and_reads_what_it_is_given() {
    let flow = load("wallet.yaml", CHILD, &catalogue()).unwrap();
    assert!(flow.start.on.is_none() && flow.start.again);
    assert!(flow.reads.contains(&vec!["data".to_owned(), "plan".to_owned()]));
    assert!(flow.reads.contains(["states", "make", "uid"].map(str::to_owned).as_slice()), "an end keeps what it tells");
}

#[test]
fn flows_that_start_each_other_are_checked_together() {
    let both = |read: &str| load_all(&[("both", parent(read)), ("wallet", CHILD.to_owned())], &catalogue());
    assert_eq!(both("has(states.wallet.address) ? states.wallet.address : null").unwrap().len(), 2);
    assert!(both("states.wallet.onboarding_id").is_ok(), "every end names its onboarding");
    assert_eq!(both("states.wallet.address").unwrap_err().codes, [Code::MaybeAbsent]);
    let alone = parent("user.id");
    let flow = load("both", &alone, &catalogue()).expect("one file alone says nothing of the others");
    assert_eq!(flow.starts().collect::<Vec<_>>(), ["wallet"]);
    assert_eq!(load_all(&[("both", alone.clone())], &catalogue()).unwrap_err().codes, [Code::UnknownFlow]);
    let unreadable = load_all(&[("both", alone), ("wallet", "- nonsense".to_owned())], &catalogue());
    assert_eq!(
        unreadable.unwrap_err().codes,
        [Code::WrongShape],
        "what is missing may be in the file that cannot be read"
    );
}

#[test]
fn each_file_is_told_apart_from_those_beside_it() {
    let loaded = load_each(
        &[("both", parent("user.id")), ("wallet", CHILD.to_owned()), ("bad", "- x".to_owned())],
        &catalogue(),
    );
    assert_eq!(loaded.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn two_versions_of_one_flow_share_a_start_and_two_flows_do_not() {
    let file = |name: &str, version: u32| {
        format!(
            "flow: {name}\nversion: {version}\nstart: {{ on: user.signed_up, user: {{ id: data.id }} }}\nstates:\n  done: {{ end: completed }}\n"
        )
    };
    let catalogue = catalogue();
    let flows = load_all(&[("a1", file("a", 1)), ("a2", file("a", 2))], &catalogue).unwrap();
    assert_eq!(flows.len(), 2);
    let wrong = load_all(&[("a", file("a", 1)), ("b", file("b", 1)), ("c", "nonsense".to_owned())], &catalogue);
    assert_eq!(wrong.unwrap_err().codes, [Code::SameStart, Code::WrongShape]);
    assert!(same_version("a", &flows[0], &flows[0].digest).is_ok());
    assert!(same_version("a", &flows[0], &flows[1].digest).is_err());
}

#[test]
fn a_file_with_a_thousand_mistakes_is_told_in_a_bounded_report() {
    let states: String = (0..1000).map(|n| format!("  s{n}: {{ end: wrong }}\n")).collect();
    let said = flow(&states).unwrap_err();
    assert!(said.count >= 1000, "{}", said.count);
    assert!(said.rendered.matches("error[").count() == 100 && said.rendered.contains("more problems"));
}

/// The shipped flow with one piece of it changed.
fn mutated() -> impl Strategy<Value = String> {
    let snippets = prop::sample::select(vec![
        "", " ", "\n", ":", "{", "}", "[", "]", "'", "\"", "#", "-", "? ", "&a ", "*a", "!t ", "|", ">", "~", "\t",
        "\u{0}", "ä", "🦀", "<<: ", "keep", "late", "end: ", "call: ", "states.", "has(", "7", "0s", "..", "data",
        "null", "---\n", "\r\n",
    ]);
    let len = ORIGINAL_WALLET.len();
    prop::collection::vec((0..=len, 0..40_usize, snippets), 1..4).prop_map(|changes| {
        let mut text = ORIGINAL_WALLET.to_owned();
        for (at, gone, put) in changes {
            let floor = |text: &str, at: usize| {
                (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
            };
            let (from, to) = (floor(&text, at), floor(&text, at + gone));
            text.replace_range(from..to.max(from), put);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_change_of_a_flow_makes_the_loader_panic(text in mutated()) {
        let first = load("changed.yaml", &text, &catalogue());
        if let Err(diagnostics) = first {
            prop_assert!(diagnostics.count > 0 && diagnostics.codes.len() == diagnostics.count);
            prop_assert_eq!(Err(diagnostics), load("changed.yaml", &text, &catalogue()).map(|_| ()));
        }
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "\\PC{0,200}") {
        prop_assert!(load("any.yaml", &text, &catalogue()).is_err());
    }
}
