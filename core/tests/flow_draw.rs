//! How the shipped flow is drawn, to the letter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test by a panic"
)]

mod support;

use gangway_core::flow::{draw, load};
use support::{ORIGINAL_WALLET, catalogue};

const TEXT: &str = "\
original-wallet v3: A user at Original with a first asset
begins with user.signed_up, in create_user

create_user: call original.create_user  (Make the user)
    created --> first_asset
    exists ---> first_asset
    refused --> review

without_email: call original.create_user  (Make the user without the e-mail address)
    created --> first_asset
    exists ---> first_asset
    refused --> review

first_asset: call original.create_asset  (Make the first asset)
    created --> wallet
    exists ---> wallet
    refused --> review_asset

wallet: await original.wallet_created, 1d at most  (Wait for the wallet)
    polls original.get_user every 2s to 15s, first after 5s
      has_wallet is arrived
      no_wallet keeps waiting
      not_found is lost
    arrived --> welcome
    lost -----> review
    late -----> review_wallet

welcome: mail welcome  (Say welcome)
    sent -----> done
    refused --> done

review: ask support  (A person decides about the user)
    retry ----------> create_user
    without_email --> without_email
    give_up --------> abandoned

review_asset: ask support  (A person decides about the asset)
    retry ----> first_asset
    by_hand --> wallet
    give_up --> abandoned

review_wallet: ask support  (A person looks for the wallet)
    retry ----> first_asset
    wait -----> wallet
    give_up --> abandoned

abandoned: end failed

done: end completed
";
const MERMAID: &str = "\
stateDiagram-v2
    state \"create_user: call original.create_user\" as s_create_user
    state \"without_email: call original.create_user\" as s_without_email
    state \"first_asset: call original.create_asset\" as s_first_asset
    state \"wallet: await original.wallet_created, 1d at most\" as s_wallet
    state \"welcome: mail welcome\" as s_welcome
    state \"review: ask support\" as s_review
    state \"review_asset: ask support\" as s_review_asset
    state \"review_wallet: ask support\" as s_review_wallet
    state \"abandoned: end failed\" as s_abandoned
    state \"done: end completed\" as s_done
    [*] --> s_create_user: user.signed_up
    s_create_user --> s_first_asset: created
    s_create_user --> s_first_asset: exists
    s_create_user --> s_review: refused
    s_without_email --> s_first_asset: created
    s_without_email --> s_first_asset: exists
    s_without_email --> s_review: refused
    s_first_asset --> s_wallet: created
    s_first_asset --> s_wallet: exists
    s_first_asset --> s_review_asset: refused
    s_wallet --> s_welcome: arrived
    s_wallet --> s_review: lost
    s_wallet --> s_review_wallet: late
    s_welcome --> s_done: sent
    s_welcome --> s_done: refused
    s_review --> s_create_user: retry
    s_review --> s_without_email: without_email
    s_review --> s_abandoned: give_up
    s_review_asset --> s_first_asset: retry
    s_review_asset --> s_wallet: by_hand
    s_review_asset --> s_abandoned: give_up
    s_review_wallet --> s_first_asset: retry
    s_review_wallet --> s_wallet: wait
    s_review_wallet --> s_abandoned: give_up
    s_abandoned --> [*]
    s_done --> [*]
";

#[test]
fn guards_and_lengths_of_time_are_drawn() {
    let text = "flow: sorted
version: 1
start: { on: user.signed_up, user: { id: data.user_id } }
states:
  sort:
    choose: { minor: data.age < 18, adult: data.age >= 18 }
    outcomes: { minor: rest, adult: done, otherwise: done }
  rest: { wait: 24h, outcomes: { over: done } }
  done: { end: completed }
";
    let drawn = draw::text(&load("sorted.yaml", text, &catalogue()).unwrap());
    let (_, states) = drawn.split_once("\n\n").unwrap();
    let expected = "\
sort: choose minor, adult
    minor if data.age < 18
    adult if data.age >= 18
    minor ------> rest
    adult ------> done
    otherwise --> done

rest: wait 1d
    over --> done

done: end completed
";
    assert_eq!(states, expected);
}

#[test]
fn a_child_and_what_an_end_tells_are_drawn() {
    let text = "flow: both
version: 1
start: {}
states:
  begin: { start: wallet, outcomes: { started: child, running: child, ended: child } }
  child:
    await: { arrived: flow.wallet.completed }
    within: 1h
    outcomes: { arrived: done, late: done }
  done: { end: completed, with: { wallet: states.begin.onboarding_id } }
";
    let flow = load("both.yaml", text, &catalogue()).unwrap();
    let drawn = draw::text(&flow);
    let pieces = [
        "begun by other flows, in begin",
        "begin: start wallet",
        "child: await flow.wallet.completed, 1h at most",
        "done: end completed\n    tells wallet\n",
    ];
    assert!(pieces.iter().all(|piece| drawn.contains(piece)), "{drawn}");
    let diagram = draw::mermaid(&flow);
    assert!(diagram.contains("[*] --> s_begin: another flow"), "{diagram}");
    assert!(diagram.contains("state \"begin: start wallet\" as s_begin"), "{diagram}");
}

#[test]
fn a_flow_is_drawn_for_a_terminal_in_the_order_of_its_file() {
    let flow = load("original-wallet.yaml", ORIGINAL_WALLET, &catalogue()).unwrap();
    assert_eq!(draw::text(&flow), TEXT);
}

#[test]
fn a_flow_is_drawn_as_a_mermaid_diagram() {
    let flow = load("original-wallet.yaml", ORIGINAL_WALLET, &catalogue()).unwrap();
    assert_eq!(draw::mermaid(&flow), MERMAID);
}
