//! What holds for every decision, whatever was asked. Every world checks it at every event.

use gangway_core::decision::{Decision, FollowUp, Lifecycle, Verdict};
use gangway_core::effect::Request;
use gangway_core::explain::{live_reason, summary};
use gangway_core::flow::model::Flow;
use gangway_core::onboarding::{Onboarding, Status};

/// Fails when a decision breaks a law.
#[track_caller]
pub fn hold(flow: &Flow, before: Option<&Onboarding>, decision: &Decision) {
    let after = &decision.onboarding;
    alive(after);
    if let Some(before) = before {
        counted(before, decision);
    }
    for (place, effect) in decision.asks.iter().enumerate() {
        let first = before.map_or(0, |before| before.memory.asked) + 1;
        assert_eq!(effect.id.n, first + place as i64, "effects are numbered without gaps");
        assert_eq!(effect.id.onboarding, after.id);
    }
    settled(before, decision);
    told(before, decision);
    let moved = decision.lifecycle.iter().filter(|one| **one == Lifecycle::Moved).count();
    assert!(moved <= 1, "at most one move for each event");
    assert!(!decision.detail.is_empty() && !decision.detail.contains('\n'), "one line: {:?}", decision.detail);
    assert!(!decision.detail.contains("ada@"), "no personal data: {:?}", decision.detail);
    let said = summary(flow, after);
    assert!(!said.why.is_empty() && !said.why.contains("ada@"), "{said:?}");
    assert_eq!(said.next.is_none(), after.status.ended(), "{said:?}");
    super::explained::hold(flow, after, after.memory.last_at.max(after.since));
}

/// Rule 7: a live reason, or an end.
#[track_caller]
fn alive(after: &Onboarding) {
    let memory = &after.memory;
    assert_eq!(after.status.ended(), after.ended_at.is_some());
    assert_eq!(live_reason(after).is_none(), after.status.ended(), "{after:#?}");
    assert_eq!(after.status == Status::Review, memory.review.is_some());
    assert!(after.wake_at.is_none() || after.status == Status::Waiting);
    if after.status.ended() {
        assert_eq!((&memory.pending, memory.deadline, memory.next_poll), (&None, None, None));
    }
}

/// The revision grows by one with a change, and only then; what has ended never moves.
#[track_caller]
fn counted(before: &Onboarding, decision: &Decision) {
    let after = &decision.onboarding;
    let same = Onboarding { revision: before.revision, ..after.clone() } == *before;
    assert_eq!(after.revision, before.revision + u64::from(!same));
    if same {
        assert_ne!(decision.verdict, Verdict::Applied, "nothing changed: {}", decision.detail);
        assert!(decision.asks.is_empty() && decision.lifecycle.is_empty());
    }
    if before.status.ended() {
        assert_eq!((&before.state, before.status), (&after.state, after.status));
        assert!(decision.asks.is_empty() && decision.lifecycle.is_empty());
    }
    if decision.verdict == Verdict::Refused {
        assert!(same, "what is refused changes nothing");
    }
}

/// Each parent is told of the end, once, by the event that ended it.
#[track_caller]
fn told(before: Option<&Onboarding>, decision: &Decision) {
    let after = &decision.onboarding;
    let ends = after.status.ended() && !before.is_some_and(|before| before.status.ended());
    let parents = if ends { after.memory.parents.iter().copied().collect() } else { Vec::new() };
    let told = decision.tells.iter().map(|effect| match &effect.request {
        Request::Tell { parent, fact } => (*parent, fact.name.clone()),
        other => panic!("no telling: {other:?}"),
    });
    let name = format!("flow.{}.{}", after.flow.name, after.status.word());
    assert_eq!(told.collect::<Vec<_>>(), parents.into_iter().map(|parent| (parent, name.clone())).collect::<Vec<_>>());
    assert!(decision.tells.iter().all(|effect| effect.id.is_telling() && effect.id.onboarding == after.id));
}

/// No effect is forgotten: what was pending is pending still, or was settled.
#[track_caller]
fn settled(before: Option<&Onboarding>, decision: &Decision) {
    let Some(before) = before else { return };
    let (Some(was), is) = (&before.memory.pending, &decision.onboarding.memory.pending) else { return };
    let settled = decision.follow_ups.iter().any(|it| matches!(it, FollowUp::Settled { n, .. } if *n == was.n));
    let kept = is.as_ref().is_some_and(|is| is.n == was.n);
    assert!(kept || settled || before.status == Status::Review, "effect {} is forgotten", was.n);
}
