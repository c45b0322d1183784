//! Flows built by hand from the model: what a loaded flow is, without a loader.

use std::collections::BTreeMap;

use gangway_core::catalogue::{Confirm, Limits};
use gangway_core::flow::expr::{Expr, Mapping};
use gangway_core::flow::model::{
    Await, Awaited, Call, Choose, End, EndStatus, Flow, Mail, Outcomes, Poll, Publish, Start, StartChild, StartEvent,
    State, Verb,
};
use gangway_core::flow::reach;
use gangway_core::onboarding::FlowRef;
use gangway_core::retry::Policy;
use gangway_core::time::Millis;
use indexmap::IndexMap;
use serde_json::Value;

/// The usual one: create a user, wait for the wallet (fact, hint or poll), mail, publish, done; support beside it.
pub fn wallet() -> Flow {
    flow(
        &["data.plan", "data.address.city", "states.create.uid", "states.wallet.address"],
        [
            (
                "create",
                call("original.create_user", &[("created", "wallet"), ("exists", "wallet"), ("refused", "support")]),
            ),
            ("wallet", wallet_wait()),
            ("welcome", mail(&[("sent", "tell"), ("refused", "tell")])),
            ("tell", publish(&[("sent", "done")])),
            ("support", ask(&[("retry", "create"), ("give_up", "abandoned")])),
            ("abandoned", Verb::End(EndStatus::Failed.into())),
            ("done", Verb::End(EndStatus::Completed.into())),
        ],
    )
}

/// Two waits, one after the other, for facts that may come in any order.
pub fn two_waits() -> Flow {
    flow(
        &["states.first.v", "states.second.v"],
        [
            ("create", call("original.create_user", &[("created", "first")])),
            ("first", wait(&[("came", "ibm.first", "second")])),
            ("second", wait(&[("came", "ibm.second", "issue"), ("failed", "ibm.failed", "broken")])),
            ("issue", call("ibm.issue", &[("issued", "done")])),
            ("broken", call("ibm.mend", &[("mended", "done")])),
            ("late", ask(&[("go_on", "done")])),
            ("done", Verb::End(EndStatus::Completed.into())),
        ],
    )
}

/// Creates a user, decides by the plan and by the answer, and lets a minute pass for those with a plan.
pub fn guided() -> Flow {
    flow(
        &["data.plan", "states.create.uid"],
        [
            ("create", call("original.create_user", &[("created", "sort"), ("exists", "sort")])),
            (
                "sort",
                choose(
                    &[
                        ("gold", "data.plan == 'gold'"),
                        ("known", "has(states.create.uid) && states.create.uid == '42'"),
                    ],
                    &[("gold", "rest"), ("known", "done"), ("otherwise", "support")],
                ),
            ),
            ("rest", Verb::Wait { length: Millis::secs(60), outcomes: outcomes(&[("over", "welcome")]) }),
            ("welcome", mail(&[("sent", "done"), ("refused", "done")])),
            ("support", ask(&[("retry", "create"), ("give_up", "done")])),
            ("done", Verb::End(EndStatus::Completed.into())),
        ],
    )
}

/// Starts the flow `kid`, waits for its end, and tells its own parents which one it was.
pub fn family() -> Flow {
    let to_wait = [("started", "child"), ("running", "child"), ("ended", "child")];
    let arrivals = [
        ("arrived", "flow.kid.completed", "done"),
        ("lost", "flow.kid.failed", "support"),
        ("off", "flow.kid.cancelled", "off"),
    ];
    let told = [("child".to_owned(), Mapping::Expr(expr("states.begin.onboarding_id")))].into();
    flow(
        &["data.plan", "states.begin.onboarding_id"],
        [
            ("begin", start("kid", &to_wait)),
            ("child", wait(&arrivals)),
            ("late", ask(&[("retry", "begin"), ("go_on", "done")])),
            ("support", ask(&[("retry", "begin"), ("give_up", "off")])),
            ("off", Verb::End(EndStatus::Failed.into())),
            ("done", Verb::End(End { status: EndStatus::Completed, with: told })),
        ],
    )
}

fn wallet_wait() -> Verb {
    let mut verb = wait(&[("arrived", "original.wallet_created", "welcome")]);
    if let Verb::Await(wait) = &mut verb {
        wait.outcomes.insert("late".into(), "support".into());
        wait.poll = Some(Poll {
            action: "original.get_wallet".into(),
            with: IndexMap::new(),
            after: Millis::secs(5),
            every_min: Millis::secs(2),
            every_max: Millis::secs(8),
            outcomes: [("has_wallet".to_owned(), Some("arrived".to_owned())), ("no_wallet".to_owned(), None)].into(),
            policy: policy(),
        });
    }
    verb
}

/// A flow of these states that keeps these paths.
pub fn flow<const N: usize>(reads: &[&str], states: [(&str, Verb); N]) -> Flow {
    let state = |(name, verb): (&str, Verb)| (name.to_owned(), State { title: None, headline: None, help: None, verb });
    let states: IndexMap<String, State> = states.into_iter().map(state).collect();
    let reads = reads.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect();
    let (event_type, external_id) = ("user.signed_up".into(), expr("data.user_id"));
    let start = Start { on: Some(StartEvent { event_type, external_id, email: None, locale: None }), again: false };
    Flow {
        id: FlowRef { name: "test".into(), version: 1 },
        title: "Test".into(),
        digest: String::new(),
        text: String::new(),
        start,
        hears: reach::hears(&states, &reads),
        limits: Limits::default(),
        states,
        secrets: IndexMap::new(),
        keeps: BTreeMap::new(),
        needs: BTreeMap::new(),
        reads,
        lifecycle: Policy::default(),
    }
}

/// Three counted attempts, 1 s, 2 s, 3 s apart; two look-ups, after 2 s and 4 s more; an hour in all.
pub fn policy() -> Policy {
    Policy {
        attempts: 3,
        first: Millis::secs(1),
        max: Millis::secs(3),
        deadline: Millis::secs(3600),
        settle: Millis::secs(2),
        look_ups: 2,
        resend_unknown: false,
    }
}

pub fn call(action: &str, to: &[(&str, &str)]) -> Verb {
    let with = [("kind".to_owned(), Mapping::Literal(Value::from(1)))].into();
    Verb::Call(Call {
        action: action.into(),
        with,
        outcomes: outcomes(to),
        policy: policy(),
        effectful: true,
        look_up: true,
    })
}

/// Waits an hour for facts: (outcome, fact, next state). Late leads to `late`; a hint is confirmed by reading
/// `PROVIDER.get` with the onboarding's `PROVIDER.uid`.
pub fn wait(arrivals: &[(&str, &str, &str)]) -> Verb {
    let mut to: Outcomes = arrivals.iter().map(|(outcome, _, next)| ((*outcome).into(), (*next).into())).collect();
    to.insert("late".into(), "late".into());
    let arrivals = arrivals.iter().map(|(outcome, name, _)| ((*outcome).to_owned(), awaited(name))).collect();
    Verb::Await(Box::new(Await {
        arrivals,
        poll: None,
        within: Millis::secs(3600),
        show: IndexMap::new(),
        outcomes: to,
    }))
}

fn awaited(name: &str) -> Awaited {
    let provider = name.split('.').next().unwrap_or_default();
    let input = BTreeMap::from([("uid".to_owned(), format!("{provider}.uid"))]);
    let from_provider = !["user", "flow"].contains(&provider);
    let confirm = (provider != "flow").then(|| Confirm { action: format!("{provider}.get"), input });
    Awaited { name: name.into(), from_provider, confirm, confirm_policy: policy() }
}

pub fn mail(to: &[(&str, &str)]) -> Verb {
    Verb::Mail(Mail { template: "welcome".into(), with: IndexMap::new(), outcomes: outcomes(to), policy: policy() })
}

pub fn start(flow: &str, to: &[(&str, &str)]) -> Verb {
    let with = [("plan".to_owned(), Mapping::Expr(expr("data.plan")))].into();
    Verb::Start(StartChild { flow: flow.into(), with, outcomes: outcomes(to), policy: policy() })
}

pub fn publish(to: &[(&str, &str)]) -> Verb {
    Verb::Publish(Publish {
        event_type: "user.onboarded".into(),
        with: IndexMap::new(),
        outcomes: outcomes(to),
        policy: policy(),
    })
}

/// Guards and where they lead; `otherwise` among them.
pub fn choose(guards: &[(&str, &str)], to: &[(&str, &str)]) -> Verb {
    let guards = guards.iter().map(|(outcome, guard)| ((*outcome).to_owned(), expr(guard))).collect();
    Verb::Choose(Choose { guards, outcomes: outcomes(to) })
}

pub fn ask(to: &[(&str, &str)]) -> Verb {
    Verb::Ask { whom: "support".into(), outcomes: outcomes(to) }
}

pub fn outcomes(to: &[(&str, &str)]) -> Outcomes {
    to.iter().map(|(outcome, next)| ((*outcome).to_owned(), (*next).to_owned())).collect()
}

pub fn expr(source: &str) -> Expr {
    Expr::compile(source).unwrap()
}

/// A mapping that fails whatever is known.
pub fn failing() -> Mapping {
    Mapping::Expr(expr("data.plan.nothing.at_all + 1"))
}

/// The call of this state, to be changed.
pub fn call_of<'a>(flow: &'a mut Flow, state: &str) -> &'a mut Call {
    match &mut flow.states[state].verb {
        Verb::Call(call) => call,
        other => panic!("{state} is no call: {other:?}"),
    }
}

/// The wait of this state, to be changed.
pub fn wait_of<'a>(flow: &'a mut Flow, state: &str) -> &'a mut Await {
    match &mut flow.states[state].verb {
        Verb::Await(wait) => wait,
        other => panic!("{state} is no wait: {other:?}"),
    }
}
