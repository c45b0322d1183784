//! What support reads of people in the shipped flows, to the letter: each example is a person who was moved by hand.

mod person;

use gangway_core::explain::{Came, Child, Facts, Flowing, Usual};
use gangway_core::onboarding::Status;
use gangway_core::outcome::AttemptResult;
use gangway_core::time::Millis;
use serde_json::json;

use person::{Person, again, answer, sign_up, unknown};

fn original() -> Person {
    let data = json!({"user_id": "u-1", "email": "ada@example.org"});
    Person::begin("original-wallet", sign_up("user.signed_up", data))
}

fn didx() -> Person {
    let data = json!({"user_id": "u-1", "email": "ada@example.org", "username": "ada", "first_name": "Ada",
        "last_name": "L", "attributes": {"school": "x"}});
    Person::begin("didx-credential", sign_up("youth.signed_up", data))
}

fn issuing() -> Person {
    let created = answer("created", json!({"username": "ada"}));
    didx().hears(created).hears(answer("sent", json!({})))
}

fn guardian() -> Person {
    let data = json!({"user_id": "u-1", "email": "ada@example.org", "username": "ada"});
    Person::begin("guardian-account", sign_up("registry.user_signed_up", data))
}

#[test]
fn a_wait_that_lasts_longer_than_usual_says_that_it_is_this_person() {
    let mut person = original().hears(answer("created", json!({"uid": "1621"})));
    person = person.hears(answer("created", json!({"uid": "7"}))).waits(101);
    person = person.wakes().hears(answer("no_wallet", json!({"uid": "1621"}))).waits(1);
    let facts = Facts {
        answers: vec![person.answered(40, "original.get_user", "no_wallet", 1)],
        held: Some(Vec::new()),
        usual: Some(Usual { others: 1204, days: 30, half: Millis(500), faster: 99 }),
        others: Some(Flowing { through: 22, by_webhook: 19, waiting: 1, ..Flowing::default() }),
        ..Facts::default()
    };
    person.reads(
        &facts,
        "Original has not made the wallet yet.
         Now: We have waited for 1 min 42 s.
         Usually: 0.5 s; longer than 99 % of 1204 others in 30 days.
         Seen: We asked Original once, last 1 s ago: the user has no wallet yet. No held event names this person.
         Others: 22 got through since this one began to wait, 19 of them by webhook: it is this person, not Original.
         Next: We ask again in 1 s. At 2026-11-30 08:00:00 a person is asked.
         You can: Ask again now: 1 read at Original, which changes nothing.",
    );
    let outage = Flowing { waiting: 9, ..Flowing::default() };
    let others = person.line(&Facts { others: Some(outage), ..Facts::default() }, "Others");
    assert_eq!(others, "Nobody got through since 08:00:00, and 9 others wait: it is Original, not this person.");
    let few = Flowing { through: 2, waiting: 2, ..Flowing::default() };
    assert_eq!(person.line(&Facts { others: Some(few), ..Facts::default() }, "Others"), "", "two prove nothing");
    let few = Usual { others: 29, days: 30, half: Millis(500), faster: 99 };
    assert_eq!(person.line(&Facts { usual: Some(few), ..Facts::default() }, "Usually"), "", "29 are too few");
}

#[test]
fn work_that_failed_at_every_try_names_tries_and_look_ups_apart() {
    let mut person = original();
    while person.it.status == Status::Active {
        person = match person.looks_up() {
            true => person.hears(AttemptResult::NotDone),
            false => person.hears(unknown("500 server_error")),
        };
    }
    let facts =
        Facts { others: Some(Flowing { through: 22, same_cause: 1, ..Flowing::default() }), ..Facts::default() };
    let told = person.told(&facts);
    assert!(told.starts_with("Original could not make the user.\nNow: A person must decide, since "), "{told}");
    let seen = person.line(&facts, "Seen");
    let tries = person.it.memory.pending.as_ref().map_or(0, |pending| (pending.works(), pending.looked).0);
    assert!(seen.starts_with(&format!("We tried {tries} times in ")), "{seen}");
    assert!(seen.ends_with("times whether it had been done after all: it had not."), "{seen}");
    assert_eq!(
        person.line(&facts, "Others"),
        "22 got through since this one began to wait: it is this person, not Original. 1 other has the same cause now."
    );
}

#[test]
fn a_person_who_is_on_board_and_was_not_told_is_said_to_be_on_board() {
    let mut person = original().hears(answer("created", json!({"uid": "1621"})));
    person = person.hears(answer("created", json!({"uid": "7"}))).waits(5);
    let wallet = json!({"uid": "1621", "address": "0xa", "network": "x", "wallets": []});
    person = person.wakes().hears(answer("has_wallet", wallet));
    while person.it.status == Status::Active {
        person = person.hears(again("the mail server: 451 at RCPT"));
    }
    let told = person.told(&Facts::default());
    assert!(told.starts_with("On board, but not told: the welcome mail was not taken.\n"), "{told}");
    assert_eq!(
        person.line(&Facts::default(), "You can"),
        "Try again: 1 mail (welcome). End it on board: nobody is asked anything; it ends."
    );
}

#[test]
fn what_a_provider_refuses_is_told_in_its_own_words_with_what_mends_it() {
    let refused = json!({"reason": "Enter a valid value.", "code": "validation_error"});
    let person = original().hears(answer("refused", refused)).waits(200);
    person.reads(
        &Facts::default(),
        "Original refuses to make this user.
         Now: A person must decide, since 08:00:00.
         Seen: Original said “Enter a valid value.” (validation_error) at 08:00:00.
         Next: Nothing happens by itself.
         You can: The same again will be refused again. Correct what Original objects to, or go on without the e-mail \
         address. Try again: 1 call that changes something at Original (make the user). Go on in “Make the user \
         without the e-mail address”: 1 call that changes something at Original (make the user). Give up: nobody is \
         asked anything; it ends.",
    );
    assert_eq!(
        person.masked("Seen"),
        "Original said “•••” (validation_error) at 08:00:00.",
        "a reader who may not see persons sees no quote"
    );
}

#[test]
fn a_name_that_is_taken_says_whom_to_ask_for_another() {
    let conflict = json!({"reason": "The username is already taken by a different email.", "code": "CONFLICT"});
    let told = didx().hears(answer("conflict", conflict)).told(&Facts::default());
    assert!(told.starts_with("The user name belongs to somebody else at DIDx.\n"), "{told}");
    assert!(told.contains("You can: Ask the person for another user name and have them sign up again, or "), "{told}");
}

#[test]
fn what_is_not_known_is_said_to_be_unknown_and_a_retry_to_repeat_perhaps() {
    let person = issuing().hears(unknown("the connection broke before the answer was whole")).waits(60);
    let held = Came { event: 467, name: "didx.issuance_offered".into(), ..person.came(-60) };
    let facts = Facts { held: Some(vec![held]), ..Facts::default() };
    person.reads(
        &facts,
        "We do not know whether DIDx issued the credential.
         Now: A person must decide, since 08:00:00. We asked: the connection broke before the answer was whole. DIDx \
         offers no way to ask afterwards.
         Seen: We tried once in 0 s. At 08:00:00 DIDx reported didx.issuance_offered of nobody we know: held event \
         467. It may be this person's.
         Next: Nothing happens by itself.
         You can: Try again: 1 call that changes something at DIDx (issue the credential). It may do again what was \
         done already. Go on in “Send the offer to the wallet”: 1 call that changes something at DIDx (send the offer).",
    );
}

#[test]
fn what_was_done_after_all_is_gone_on_with_before_it_is_repeated() {
    let offered = answer("offered", json!({"issuance_id": "i-1"}));
    let person = issuing().hears(offered).hears(unknown("the connection ended")).waits(10);
    let came = Came { event: 635, name: "didx.issuance_completed".into(), is_hint: true, ..person.came(-9) };
    let facts = Facts { came: vec![came], held: Some(Vec::new()), ..Facts::default() };
    let told = person.told(&facts);
    assert!(told.starts_with("The offer was sent after all.\n"), "{told}");
    assert!(
        told.contains("1 s later DIDx reported that the person has the credential (webhook, event 635, not "),
        "{told}"
    );
    let can = person.line(&facts, "You can");
    let (go_on, retry) =
        (can.find("Go on in “Wait until the offer is accepted”: 1 read"), can.find("Try again: 1 call"));
    let go_on = go_on.or(can.find("Go on in “Wait until the offer is accepted”"));
    assert!(go_on.is_some() && go_on < retry, "{can}");
    assert!(can.contains("It may do again what was done already."), "{can}");
}

#[test]
fn a_part_of_a_credential_is_said_to_be_a_part() {
    let offered = answer("offered", json!({"issuance_id": "i-1"}));
    let mut person = issuing().hears(offered).hears(answer("sent", json!({}))).waits(3600);
    person = person.wakes().hears(answer("partially_issued", json!({"issuance_id": "i-1"}))).waits(1);
    let facts =
        Facts { answers: vec![person.answered(9, "didx.get_issuance", "partially_issued", 1)], ..Facts::default() };
    let told = person.told(&facts);
    assert!(told.starts_with("The person has taken only a part of the credential.\n"), "{told}");
    assert!(told.contains("Seen: We asked DIDx once, last 1 s ago: partially issued."), "{told}");
    assert!(told.contains("You can: Ask the person to open their wallet. Ask again now: 1 read at DIDx, "), "{told}");
}

#[test]
fn the_failure_that_names_the_cause_stands_over_the_one_that_follows_from_it() {
    let reason = "Failed to create a Hedera account: insufficient operator balance";
    let mut person = guardian().hears(answer("accepted", json!({"task_id": "t"}))).waits(60);
    person = person.wakes().hears(answer("failed", json!({"reason": reason, "code": "other"})));
    person = person.hears(answer("refused", json!({"reason": "Bad credentials", "code": "Unauthorized"})));
    let told = person.told(&Facts::default());
    let headline = "Guardian could not make the account: “insufficient operator balance”.\n";
    assert!(told.starts_with(headline), "{told}");
    assert!(
        told.contains("Guardian said “Bad credentials” (Unauthorized) at 08:01:00. Guardian said “Failed to "),
        "{told}"
    );
}

#[test]
fn a_password_that_nobody_knows_is_named_before_the_mail_that_came_back() {
    let mut person = guardian().hears(answer("accepted", json!({"task_id": "t"}))).waits(60);
    person = person.wakes().hears(answer("completed", json!({}))).waits(30);
    person = person.wakes().hears(answer("ready", json!({"did": "did:x"})));
    person = person.hears(answer("refused", json!({"reason": "550 at RCPT"})));
    let told = person.told(&Facts::default());
    assert!(told.starts_with("The account is ready; nobody knows its password.\n"), "{told}");
    assert!(told.contains("Seen: The mail server of ada@example.org said “550 at RCPT” at 08:01:30."), "{told}");
    assert!(told.contains("; erases password."), "the end erases it, and says so: {told}");
    assert_eq!(person.masked("Seen"), "The mail server of a•••@example.org said “•••” at 08:01:30.");
}

#[test]
fn a_person_who_went_away_is_said_to_be_waited_for() {
    let data = json!({"user_id": "u-1", "email": "ada@example.org"});
    let mut person = Person::begin("haven-custody", sign_up("custody.user_signed_up", data));
    let started = json!({"user_id": "us-1", "challenge": "c", "rp_id": "r"});
    person = person.hears(answer("started", started)).hears(answer("sent", json!({}))).waits(86_400).wakes();
    let told = person.told(&Facts::default());
    assert!(told.starts_with("The person has not made a passkey.\n"), "{told}");
    assert!(told.contains("it ends as failed.\n"), "{told}");
    assert!(told.contains("You can: Ask the person to open the page again: a new invitation goes out then."), "{told}");
}

#[test]
fn tries_that_do_not_count_are_said_not_to_count() {
    let data = json!({"user_id": "u-1", "email": "ada@example.org", "name": "Ada"});
    let mut person = Person::begin("waltid-enterprise", sign_up("enterprise.user_signed_up", data));
    for _ in 0..54 {
        let cause = "walt.id forbids this request (403)".to_owned();
        person = person.hears(AttemptResult::Again { cause, retry_after: Some(Millis::secs(1)), spent: false });
    }
    let told = person.told(&Facts { others: Some(Flowing { through: 7, ..Flowing::default() }), ..Facts::default() });
    assert!(told.starts_with("walt.id did not register this person yet.\n"), "{told}");
    assert!(told.contains("none of which counts; the last time: walt.id forbids this request (403)."), "{told}");
    assert!(
        told.contains("Others: 7 got through since this one began to wait: it is this person, not walt.id."),
        "{told}"
    );
}

#[test]
fn a_parent_quotes_its_child() {
    let data = json!({"user_id": "u-1", "email": "ada@example.org", "username": "ada"});
    let mut person = Person::begin("member-joined", sign_up("member.signed_up", data));
    person = person.hears(answer("started", json!({"onboarding_id": "x"}))).hears(answer("started", json!({})));
    let child = Child {
        id: person.it.id,
        title: "A user at Original with a first asset".into(),
        status: Status::Review,
        headline: vec!["Original refuses to make this user.".into()],
    };
    let told = person.told(&Facts { child: Some(child), ..Facts::default() });
    assert!(told.starts_with("“A user at Original with a first asset” waits for a person's decision.\n"), "{told}");
    assert!(
        told.contains("Now: It waits for another flow of this person: Original refuses to make this user. ("),
        "{told}"
    );
}

#[test]
fn an_end_says_what_the_person_was_not_told() {
    let mut person = original().hears(answer("created", json!({"uid": "1621"})));
    person = person.hears(answer("created", json!({"uid": "7"}))).waits(5);
    let wallet = json!({"uid": "1621", "address": "0xa", "network": "x", "wallets": []});
    person = person.wakes().hears(answer("has_wallet", wallet));
    person = person.hears(answer("refused", json!({"reason": "550 at RCPT"})));
    let told = person.told(&Facts::default());
    let headline = "On board since 08:00:05, but the welcome mail was refused (“550 at RCPT”).\n";
    assert!(told.starts_with(headline), "{told}");
    assert!(!told.contains("Next:"), "{told}");
}
