//! Flows that choose, wait and start others, in a whole gangway.

use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::world::{Setup, World, quick_flow};

on_both_databases!(a_flow_chooses_waits_over_a_restart_and_is_joined_by_its_child);

/// Those with a plan rest a while first; everyone gets the shipped flow's wallet beside.
const MEMBER: &str = "
flow: member
version: 1
start: { on: user.joined, user: { id: data.user_id, email: data.email, locale: data.locale } }
states:
  sort:
    choose: { gold: has(data.plan) && data.plan == 'gold' }
    outcomes: { gold: rest, otherwise: begin }
  rest: { wait: 1500ms, outcomes: { over: begin } }
  begin:
    start: original-wallet
    outcomes: { started: joined, running: joined, ended: joined }
  joined:
    await:
      arrived: flow.original-wallet.completed
      lost: flow.original-wallet.failed
      off: flow.original-wallet.cancelled
    within: 24h
    show: { wallet: states.begin.onboarding_id }
    outcomes: { arrived: done, lost: review, off: review, late: review }
  review: { ask: support, outcomes: { retry: begin, give_up: lost } }
  lost: { end: failed }
  done: { end: completed }
";

async fn join(world: &World, user: &str, plan: Option<&str>) -> String {
    let data = json!({ "user_id": user, "email": format!("{user}@example.com"), "locale": "en", "plan": plan });
    let event = json!({
        "specversion": "1.0", "id": format!("join-{user}"), "source": "/test", "type": "user.joined", "subject": user,
        "data": data,
    });
    let answer = world.publish(&event).await.is(202).json();
    answer["onboarding_id"].as_str().unwrap_or_else(|| panic!("no onboarding began: {answer}")).to_owned()
}

/// The user's wallet, which no event of its own began.
async fn wallet(world: &World, user: &str) -> Value {
    let found = world.get(&format!("/v1/users?q={user}")).await;
    let all = found["items"][0]["onboardings"].as_array().unwrap().clone();
    assert_eq!(all.len(), 2, "one wallet for {user}");
    all.into_iter().find(|one| one["flow"] == "original-wallet").unwrap()
}

async fn a_flow_chooses_waits_over_a_restart_and_is_joined_by_its_child(db: &TestDb) {
    let setup = || Setup::default().flow(&quick_flow()).another_flow(MEMBER);
    let world = setup().start(db).await;
    let ann = join(&world, "ann", None).await;
    assert_eq!(world.comes_to(&ann, "completed").await["state"], "done");
    assert_eq!(wallet(&world, "ann").await["status"], "completed");
    let told: Vec<Value> = world.journal(&ann).await.into_iter().map(|row| row["type"].clone()).collect();
    assert_eq!(told, ["user.joined", "effect.outcome", "flow.original-wallet.completed"]);

    let ben = join(&world, "ben", Some("gold")).await;
    let resting = world.onboarding(&ben).await;
    assert_eq!((&resting["state"], &resting["status"]), (&json!("rest"), &json!("waiting")));
    assert!(resting["why"].as_str().unwrap().starts_with("waiting until 20"), "{resting}");
    let forged = json!({
        "specversion": "1.0", "id": "forged", "source": "/test", "type": "flow.original-wallet.completed",
        "subject": "ben", "data": {},
    });
    world.publish(&forged).await.is(400);
    world.stop().await;

    let world = setup().again().start(db).await;
    let done = world.comes_to(&ben, "completed").await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(wallet(&world, "ben").await["status"], "completed");
    world.stop().await;
}
