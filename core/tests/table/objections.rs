//! What far ends object to is told in their own words, and forgotten when it is overcome.

use gangway_core::explain::summary;
use gangway_core::outcome::{Answer, AttemptResult};

use super::places::{asking, creating, mailing, waiting};
use crate::world::World;
use crate::world::events::{created, done, fields, message, not_done, outcome, retry, timer, unknown, wallet_hint};

fn refused(effect: i64, words: &str, code: &str) -> gangway_core::event::Event {
    let fields = fields(&[("reason", words), ("code", code)]);
    outcome(effect, 1, AttemptResult::Done(Answer { fields, ..Answer::named("refused") }))
}

fn why(world: &World) -> String {
    summary(&world.flow, world.it()).why
}

fn said(world: &World) -> String {
    summary(&world.flow, world.it()).said.unwrap_or_default()
}

fn reasons(world: &World) -> Vec<&str> {
    world.it().memory.objections.iter().map(|one| one.reason.as_str()).collect()
}

#[test]
fn a_review_repeats_what_the_provider_objected_to_with_its_code() {
    let world = creating().hear(refused(1, "Enter a valid value.", "validation_error"));
    assert_eq!(said(&world), "original.create_user answered refused: \"Enter a valid value.\" (validation_error)");
    assert!(!why(&world).contains("valid value"), "the rest is for those who may not read them");
    assert!(!world.last.detail.contains("valid value"), "a journal line never has the provider's words");
    assert_eq!(said(&asking()), "", "without words there is nothing to repeat");
}

#[test]
fn the_same_objection_after_a_retry_is_counted_and_a_success_forgets_it() {
    let again = creating().hear(refused(1, "no", "x")).wait(60).hear(retry()).wait(1).hear(refused(2, "no", "x"));
    assert!(said(&again).ends_with(": \"no\" (x), 2 times since 2026-11-22T10:00:00.000Z"), "{}", said(&again));
    let mended = again.hear(retry()).hear(created(3, 1));
    assert_eq!(reasons(&mended), [""; 0]);
}

#[test]
fn an_end_says_that_a_mail_was_refused_on_the_way() {
    let world = mailing().hear(refused(2, "550 at RCPT", "")).hear(done(3, 1, "sent"));
    assert_eq!(why(&world), "completed in done since 2026-11-22T10:00:01.000Z");
    assert_eq!(said(&world), "mail welcome answered refused: \"550 at RCPT\"");
}

#[test]
fn what_is_reported_while_a_person_is_asked_is_told_with_how_long_after() {
    let world = creating().hear(refused(1, "no", "x")).wait(2).hear(wallet_hint(2));
    let told = "; 2s later original reported original.wallet_created, which is not confirmed";
    assert!(why(&world).ends_with(told), "{}", why(&world));
}

#[test]
fn a_wait_that_is_late_keeps_what_was_objected_to_before() {
    let world = mailing().hear(refused(2, "550 at RCPT", ""));
    assert_eq!(reasons(&world), ["550 at RCPT"]);
    let late = waiting().wait(3600).hear(timer());
    assert_eq!(reasons(&late), [""; 0]);
    let noted = world.hear(message("user.noise", serde_json::json!({})));
    assert_eq!(reasons(&noted), ["550 at RCPT"], "what does not concern it changes nothing");
}

#[test]
fn look_ups_and_attempts_are_counted_apart() {
    let mut world = creating().hear(unknown(1, 1));
    for attempt in 2..=3 {
        world = world.wait(60).hear(not_done(1, attempt));
    }
    let pending = world.it().memory.pending.clone().unwrap();
    assert_eq!((pending.tried, pending.looked, pending.works(), pending.attempts), (3, 2, 1, 1));
    let told = why(&world.wait(60).hear(crate::world::events::again(1, 4)));
    assert!(told.contains("503 from the provider; attempt 3 of 3"), "{told}");
}
