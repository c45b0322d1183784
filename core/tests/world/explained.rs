//! What holds for every explanation, wherever an onboarding is: every world checks it at every event.

use gangway_core::event::{Body, Event};
use gangway_core::explain::{Explanation, Facts, Slot, View, masked, text};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, Status};
use gangway_core::phrases::Phrases;
use gangway_core::step::step;
use gangway_core::time::{Millis, Timestamp};

/// Fails when an explanation breaks a law.
#[track_caller]
pub fn hold(flow: &Flow, onboarding: &Onboarding, at: Timestamp) {
    let (phrases, facts, now) = (Phrases::default(), Facts::default(), at.plus(Millis(1)));
    let told = View { flow, phrases: &phrases, onboarding, facts: &facts, now }.explain();
    let headline = text(&told.headline, now);
    assert!(headline.ends_with('.') && headline.len() > 2, "{headline:?}");
    assert!(told.lines.is_sorted_by_key(|line| line.slot), "{told:#?}");
    let slots: Vec<Slot> = told.lines.iter().map(|line| line.slot).collect();
    assert!(slots.contains(&Slot::Now), "{told:#?}");
    assert_eq!(slots.contains(&Slot::Next), !onboarding.status.ended(), "what has ended does not go on: {told:#?}");
    assert!(told.lines.iter().all(|line| !line.proof.is_empty() && line.text(now).ends_with('.')), "{told:#?}");
    assert!(told.lines.iter().all(|line| !masked(&line.pieces, now).contains("ada@")), "{told:#?}");
    offers(flow, onboarding, &told, now);
}

/// What an act is forecast to do is what it does, and nothing is offered that is refused.
#[track_caller]
fn offers(flow: &Flow, onboarding: &Onboarding, told: &Explanation, now: Timestamp) {
    let ended = onboarding.status.ended();
    assert!(told.acts.len() >= if ended { 1 } else { 2 }, "{:#?}", told.acts);
    let asked = onboarding.status == Status::Review && !flow.states.is_empty();
    assert!(!asked || told.acts.len() > 2, "a review has a way on: {:#?}", told.acts);
    for offer in &told.acts {
        let (actor, reason) = ("operator".to_owned(), "because".to_owned());
        let body = Body::Operator { actor, reason, act: offer.act.clone(), revision: Some(onboarding.revision) };
        let (source, key, kind) = ("operator:x".to_owned(), "1".to_owned(), "operator.act".to_owned());
        let event = Event { source, key, kind, received_at: now, occurred_at: None, body };
        let done = step(flow, onboarding, &event, now);
        let after = offer.forecast.after.as_ref().unwrap();
        assert_ne!(done.verdict, gangway_core::decision::Verdict::Refused, "{offer:?}");
        assert_eq!((&after.state, after.status), (&done.onboarding.state, done.onboarding.status), "{offer:?}");
        assert_eq!(offer.forecast.revision, onboarding.revision);
    }
}
