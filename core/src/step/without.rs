//! What can be answered without an onboarding's flow: a note, a cancellation, and news for one that has ended.
//! Everything else waits for a process that has the flow.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::turn::Turn;
use crate::catalogue::Limits;
use crate::decision::Decision;
use crate::event::{Body, Event, OperatorAct};
use crate::flow::model::{Flow, Start};
use crate::onboarding::{FlowRef, Onboarding};
use crate::retry::Policy;
use crate::time::Timestamp;

/// The answer that the step would give with any flow; `None` when only the onboarding's own flow can tell.
#[must_use]
pub fn without_flow(onboarding: &Onboarding, event: &Event, now: Timestamp) -> Option<Decision> {
    let none = no_flow(&onboarding.flow);
    let mut turn = Turn::new(&none, onboarding.clone(), now);
    match &event.body {
        Body::Operator { act: act @ (OperatorAct::Note | OperatorAct::Cancel), revision, .. } => {
            turn.operator(act, *revision);
        }
        Body::Message { .. } | Body::Report { .. } if onboarding.status.ended() => {
            turn.say("this onboarding has ended");
        }
        _ => return None,
    }
    Some(turn.finish(Some(onboarding)))
}

/// A flow of this name without a state: neither a note nor a cancellation looks at one.
fn no_flow(id: &FlowRef) -> Flow {
    Flow {
        id: id.clone(),
        title: String::new(),
        digest: String::new(),
        text: String::new(),
        start: Start { on: None, again: false },
        states: IndexMap::new(),
        reads: BTreeSet::new(),
        secrets: IndexMap::new(),
        keeps: BTreeMap::new(),
        needs: BTreeMap::new(),
        hears: BTreeMap::new(),
        limits: Limits::default(),
        lifecycle: Policy::default(),
    }
}
