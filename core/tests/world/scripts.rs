//! Histories by chance: what may happen next, whatever the onboarding is doing. Seeds come from proptest.

use gangway_core::event::{Body, Event, FactReport, Trust};
use gangway_core::flow::model::{Call, Flow, Mail, Outcomes, Verb};
use gangway_core::outcome::AttemptResult;
use proptest::prelude::*;
use serde_json::json;

use super::World;
use super::events::*;
use super::flows::{call_of, family, guided, two_waits, wait_of, wallet};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Happening {
    Wait(u64),
    /// The pending effect's next attempt ends, or that of an effect this many before the newest.
    Outcome {
        stale: Option<(i64, u32)>,
        what: usize,
    },
    Report(Vec<FactReport>),
    Message(usize, u64),
    Timer,
    /// Time passes until the onboarding must be woken.
    Wake,
    Operator(usize),
    Adopt,
    Stranded,
    /// Another onboarding begins or joins this one; or one that this one may have begun has ended.
    Joined(u128),
    Ended(usize, u128),
}

const STATES: [&str; 11] =
    ["create", "wallet", "welcome", "first", "second", "support", "nowhere", "sort", "rest", "begin", "child"];
const FACTS: [&str; 6] =
    ["original.wallet_created", "original.wallet_created", "ibm.first", "ibm.second", "ibm.failed", "ibm.unheard"];

impl Happening {
    /// Lets it happen.
    pub fn to(&self, world: World) -> World {
        match self {
            Self::Wait(seconds) => world.wait(*seconds),
            Self::Outcome { stale: None, what } => {
                let attempt = world.it().memory.pending.as_ref().map_or(1, |pending| pending.tried + 1);
                let event = an_outcome(&world, world.it().memory.asked, attempt, *what);
                world.hear(event)
            }
            Self::Outcome { stale: Some((back, attempt)), what } => {
                let event = an_outcome(&world, world.it().memory.asked - back, *attempt, *what);
                world.hear(event)
            }
            Self::Report(facts) => world.hear(report(facts.clone())),
            Self::Message(which, at) => {
                let kind = ["user.signed_up", "ibm.first", "user.viewed"][*which];
                world.hear(message_at(kind, *at, json!({"v": "m"})))
            }
            Self::Timer => world.hear(timer()),
            Self::Wake => {
                let ahead = world.it().wake_at.map_or(0, |at| at.since(world.now).0.div_ceil(1000));
                world.wait(ahead).hear(timer())
            }
            Self::Operator(which) => world.hear(match which {
                0..11 => move_to(STATES[*which]),
                11 => cancel(),
                12 => note(),
                _ => retry(),
            }),
            Self::Adopt => world.hear(adopt()),
            Self::Stranded => world.hear(stranded()),
            Self::Joined(number) => world.hear(child_of(*number)),
            Self::Ended(how, number) => world.hear(child_ended(["completed", "failed", "cancelled"][*how], *number)),
        }
    }
}

/// How an attempt ended: badly, oddly, or mostly by one of the outcomes that the state knows.
fn an_outcome(world: &World, n: i64, attempt: u32, what: usize) -> Event {
    match what {
        0 => again(n, attempt),
        1 => unspent(n, attempt, Some(9)),
        2 | 3 => unknown(n, attempt),
        4 => not_done(n, attempt),
        5 => broken(n, attempt),
        6 => done(n, attempt, "odd"),
        7 => told(n, attempt, "found", vec![fact("original.wallet_created", 3, "0xr")]),
        _ => match world.flow.states.get(&world.it().state).map(|state| &state.verb) {
            Some(Verb::Call(call)) if what.is_multiple_of(2) => created(n, attempt).renamed(&call.outcomes, what),
            Some(Verb::Call(Call { outcomes, .. }) | Verb::Mail(Mail { outcomes, .. })) => {
                done(n, attempt, "created").renamed(outcomes, what)
            }
            Some(Verb::Start(_)) => {
                has_child(n, attempt, ["started", "running", "ended"][what % 3], 80 + what as u128 % 2)
            }
            Some(Verb::Await(_)) => done(n, attempt, ["no_wallet", "has_wallet"][what % 2]),
            _ => done(n, attempt, "sent"),
        },
    }
}

trait Renamed {
    fn renamed(self, outcomes: &Outcomes, which: usize) -> Self;
}

impl Renamed for Event {
    /// This answer, by another outcome of the state.
    fn renamed(mut self, outcomes: &Outcomes, which: usize) -> Self {
        if let Body::Outcome { result: AttemptResult::Done(answer), .. } = &mut self.body
            && let Some(name) = outcomes.keys().nth(which % outcomes.len().max(1))
        {
            answer.outcome.clone_from(name);
        }
        self
    }
}

/// Anything that can happen to an onboarding.
pub fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => (0_u64..40).prop_map(Happening::Wait),
        9 => (prop::option::weighted(0.15, (0_i64..6, 1_u32..6)), 0_usize..30)
            .prop_map(|(stale, what)| Happening::Outcome { stale, what }),
        4 => prop::collection::vec(any_fact(), 0..3).prop_map(Happening::Report),
        1 => (0_usize..3, 0_u64..9).prop_map(|(which, at)| Happening::Message(which, at)),
        1 => Just(Happening::Timer),
        2 => Just(Happening::Wake),
        2 => (0_usize..30).prop_map(Happening::Operator),
        1 => prop::sample::select(vec![Happening::Adopt, Happening::Adopt, Happening::Stranded]),
        1 => (90_u128..93).prop_map(Happening::Joined),
        2 => (0_usize..3, 80_u128..82).prop_map(|(how, number)| Happening::Ended(how, number)),
    ]
}

/// A fact or a hint of anything, of any time and content.
pub fn any_fact() -> impl Strategy<Value = FactReport> {
    let parts = (
        0_usize..FACTS.len(),
        0_u64..4,
        prop::sample::select(vec!["a", "b"]),
        0_u32..2,
        0_u32..2,
        prop::bool::weighted(0.7),
    );
    parts.prop_map(|(name, at, value, resource, rank, hinted)| FactReport {
        resource: resource.to_string(),
        rank,
        time: (at > 0).then(|| fact("", at, "").time).flatten(),
        trust: if hinted { Trust::Hint } else { Trust::Fact },
        ..fact(FACTS[name], at, value)
    })
}

/// Flows of every kind: with and without a poll, a look-up, a resend.
pub fn any_flow() -> impl Strategy<Value = Flow> {
    let mut hinted = wallet();
    wait_of(&mut hinted, "wallet").poll = None;
    let mut blind = wallet();
    wait_of(&mut blind, "wallet").arrivals[0].confirm = None;
    call_of(&mut blind, "create").look_up = false;
    let mut resend = wallet();
    let call = call_of(&mut resend, "create");
    (call.look_up, call.policy.resend_unknown) = (false, true);
    prop::sample::select(vec![wallet(), two_waits(), guided(), family(), hinted, blind, resend])
}

/// A world after this many happenings.
pub fn any_world(most: usize) -> impl Strategy<Value = World> {
    (any_flow(), prop::collection::vec(happening(), 0..most))
        .prop_map(|(flow, script)| script.iter().fold(World::begin(flow), |world, happening| happening.to(world)))
}
