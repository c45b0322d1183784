//! Histories by chance: what may happen next, whatever the onboarding is doing. Seeds come from proptest.

use gangway_core::event::{Event, FactReport, Trust};
use gangway_core::flow::model::Flow;
use proptest::prelude::*;
use serde_json::json;

use super::World;
use super::events::*;
use super::flows::{call_of, flow, two_waits, wait_of, wallet};

/// One thing that happens. Effects are meant by distance from the newest one, so that they usually exist.
#[derive(Clone, Debug)]
pub enum Happening {
    Wait(u64),
    Outcome {
        back: i64,
        attempt: u32,
        what: usize,
    },
    Report(Vec<FactReport>),
    Message(usize, u64),
    Timer,
    /// Time passes until the onboarding must be woken.
    Wake,
    Operator(usize),
    Adopt,
}

const ANSWERS: [&str; 8] = ["created", "exists", "refused", "sent", "issued", "has_wallet", "no_wallet", "odd"];
const STATES: [&str; 7] = ["create", "wallet", "welcome", "first", "second", "support", "nowhere"];
const FACTS: [&str; 5] = ["original.wallet_created", "ibm.first", "ibm.second", "ibm.failed", "ibm.unheard"];

impl Happening {
    /// Lets it happen.
    pub fn to(&self, world: World) -> World {
        match self {
            Self::Wait(seconds) => world.wait(*seconds),
            Self::Outcome { back, attempt, what } => {
                let n = world.it().memory.asked - back;
                world.hear(an_outcome(n, *attempt, *what))
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
                0..7 => move_to(STATES[*which]),
                7 => cancel(),
                8 => note(),
                _ => retry(),
            }),
            Self::Adopt => world.hear(adopt()),
        }
    }
}

fn an_outcome(n: i64, attempt: u32, what: usize) -> Event {
    match what {
        0 => again(n, attempt),
        1 => unspent(n, attempt, Some(9)),
        2 | 3 => unknown(n, attempt),
        4 | 5 => not_done(n, attempt),
        6 => broken(n, attempt),
        7 => created(n, attempt),
        8 => told(n, attempt, "found", vec![fact("original.wallet_created", 3, "0xr")]),
        _ => done(n, attempt, ANSWERS[what % ANSWERS.len()]),
    }
}

/// Anything that can happen to an onboarding.
pub fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => (0_u64..5000).prop_map(Happening::Wait),
        9 => (prop_oneof![9 => Just(0), 1 => -1_i64..4], 1_u32..6, 0_usize..24)
            .prop_map(|(back, attempt, what)| Happening::Outcome { back, attempt, what }),
        4 => prop::collection::vec(any_fact(), 0..3).prop_map(Happening::Report),
        1 => (0_usize..3, 0_u64..9).prop_map(|(which, at)| Happening::Message(which, at)),
        1 => Just(Happening::Timer),
        4 => Just(Happening::Wake),
        2 => (0_usize..14).prop_map(Happening::Operator),
        1 => Just(Happening::Adopt),
    ]
}

/// A fact or a hint of anything, of any time and content.
pub fn any_fact() -> impl Strategy<Value = FactReport> {
    let parts =
        (0_usize..FACTS.len(), 0_u64..4, prop::sample::select(vec!["a", "b"]), 0_u32..2, 0_u32..2, any::<bool>());
    parts.prop_map(|(name, at, value, resource, rank, hinted)| FactReport {
        resource: resource.to_string(),
        rank,
        time: (at > 0).then(|| fact("", at, "").time).flatten(),
        trust: if hinted { Trust::Hint } else { Trust::Fact },
        ..fact(FACTS[name], at, value)
    })
}

/// Flows of every kind: with and without a poll, a look-up, a resend; and one that lacks the state.
pub fn any_flow() -> impl Strategy<Value = Flow> {
    let mut hinted = wallet();
    wait_of(&mut hinted, "wallet").poll = None;
    let mut blind = wallet();
    wait_of(&mut blind, "wallet").arrivals[0].confirm = None;
    call_of(&mut blind, "create").look_up = false;
    let mut resend = wallet();
    let call = call_of(&mut resend, "create");
    (call.look_up, call.policy.resend_unknown) = (false, true);
    prop::sample::select(vec![wallet(), two_waits(), hinted, blind, resend, flow(&[], [])])
}

/// A world after so many happenings.
pub fn any_world(most: usize) -> impl Strategy<Value = World> {
    (any_flow(), prop::collection::vec(happening(), 0..most))
        .prop_map(|(flow, script)| script.iter().fold(World::begin(flow), |world, happening| happening.to(world)))
}
