//! Versions that are stored already: onboardings pinned to one go on, whatever the catalogue says since.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod support;
mod world;

use gangway_core::catalogue::{Catalogue, OutcomeSpec};
use gangway_core::flow::model::Verb;
use gangway_core::flow::{Code, load, load_stored};
use gangway_core::onboarding::ReviewCause;
use gangway_core::retry::Policy;
use support::catalogue;
use world::World;
use world::events::{broken, cancel, done, move_to, note, timer};

const STORED: &str = "
flow: kept
version: 1
start: { on: user.signed_up, user: { id: data.user_id } }
secrets: { key: { generate: guardian } }
states:
  create:
    call: original.create_user
    with: { user_external_id: user.id }
    outcomes: { created: wallet, exists: wallet, refused: failed }
  wallet:
    await: { arrived: original.wallet_created }
    poll: { call: original.get_user, with: { user_uid: states.create.uid }, every: 30s, outcomes: { has_wallet: arrived, no_wallet: keep, not_found: keep } }
    within: 1d
    outcomes: { arrived: tell, late: failed }
  tell:
    mail: password
    with: { key: secrets.key }
    outcomes: { sent: done, refused: done }
  failed: { end: failed }
  done: { end: completed }
";

/// Both calls have learned the outcome `withdrawn` since.
fn wiser() -> Catalogue {
    let mut catalogue = catalogue();
    for action in ["original.create_user", "original.get_user"] {
        let outcomes = &mut catalogue.actions.get_mut(action).unwrap().outcomes;
        outcomes.push(OutcomeSpec { name: "withdrawn".to_owned(), ..OutcomeSpec::default() });
    }
    catalogue
}

#[test]
fn an_outcome_that_a_stored_version_does_not_name_is_the_review_of_the_one_whom_it_meets() {
    assert_eq!(load("new.yaml", STORED, &wiser()).unwrap_err().codes, [Code::ForgottenOutcome; 2]);
    let begun = || World::begin(load_stored("stored", STORED, &wiser()).unwrap());
    let world = begun().hear(done(1, 1, "withdrawn"));
    assert_eq!(world.told(), "applied create/review (flow); 1 settled withdrawn; onboarding.review");
    let detail = "original.create_user answers `withdrawn`, which version 1 does not know; possible: move, cancel";
    assert_eq!(world.it().memory.review.as_ref().unwrap().detail, detail);
    assert_eq!(world.clone().hear(note()).told(), "noted create/review (flow)");
    assert_eq!(world.clone().hear(move_to("failed")).told(), "applied failed/failed; onboarding.failed");
    assert_eq!(world.hear(cancel()).told(), "applied create/cancelled; onboarding.cancelled");
    let other = begun().hear(done(1, 1, "created"));
    assert_eq!(other.told(), "applied wallet/waiting; 1 settled created; wake +30s; onboarding.moved");
    let polled = other.wait(30).hear(timer()).hear(done(2, 1, "withdrawn"));
    assert_eq!(polled.told(), "applied wallet/waiting; 2 settled withdrawn; wake +30s", "a wait has its own end");
}

#[test]
fn what_the_catalogue_has_no_more_is_taken_with_the_careful_manner() {
    let empty = Catalogue::default();
    assert!(load("new.yaml", STORED, &empty).is_err());
    let flow = load_stored("stored", STORED, &empty).unwrap();
    let Verb::Call(call) = &flow.states["create"].verb else { panic!() };
    assert_eq!((call.effectful, call.look_up, &call.policy), (true, false, &Policy::default()));
    assert!(flow.secrets["key"].generate.is_some(), "a secret that was not handed in is still made");
    let world = World::begin(flow).hear(broken(1, 1));
    let review = world.it().memory.review.as_ref().unwrap();
    assert_eq!(review.cause, ReviewCause::Broken);
    assert!(review.detail.starts_with("original.create_user: "), "{}", review.detail);
}

#[test]
fn a_stored_version_that_names_every_outcome_is_what_a_new_file_is() {
    let (new, stored) = (load("f", STORED, &catalogue()).unwrap(), load_stored("f", STORED, &catalogue()).unwrap());
    assert_eq!(format!("{new:?}"), format!("{stored:?}"));
}

#[test]
fn a_stored_text_that_this_version_cannot_read_does_not_load_and_says_only_why() {
    let rows = [
        ("version: 1\n", "version: one\n", Code::BadVersion),
        ("within: 1d", "within: soon", Code::BadDuration),
        ("    within: 1d", "    meanwhile: []\n    within: 1d", Code::UnknownKey),
        ("failed: { end: failed }", "failed: { undo: create }", Code::UnknownVerb),
        ("states.create.uid", "history.create.uid", Code::UnknownRoot),
        ("states.create.uid", "states.create.uid.hash()", Code::UnknownFunction),
        ("late: failed", "late: elsewhere", Code::UnknownTarget),
    ];
    for (known, unknown, kind) in rows {
        let text = STORED.replacen(known, unknown, 1);
        let diagnostics = load_stored("stored", &text, &Catalogue::default()).unwrap_err();
        assert_eq!(diagnostics.codes, [kind], "{}", diagnostics.rendered);
    }
}
