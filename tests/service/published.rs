//! The definitions of published APIs, as the repository has them, each from a sign-up to its end: against a provider
//! that answers as the vendor's documentation says, with deliveries signed as the vendor signs them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use gangway::clock::{Clock, SystemClock};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::stub::{Stub, reply};
use crate::wait::until;
use crate::world::{Setup, World};

on_both_databases!(
    a_person_is_checked_at_persona_through_a_link_that_works_once,
    a_user_of_privy_has_their_wallet_also_when_the_first_answer_is_lost,
);

/// The definition of this name, at this stub; secrets and values as in the head of its file.
fn setup(name: &str, far: &Stub, flow: &str) -> Setup {
    let file = format!("{}/providers/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let key = |key: &str| format!("providers.{name}.{key}");
    Setup::default().another_flow(flow).set(&key("definition"), file).set(&key("base_url"), far.base_url())
}

async fn joins(world: &World, kind: &str) -> String {
    let event = json!({"specversion": "1.0", "id": kind, "source": "/test", "type": kind, "subject": "u-1",
        "data": {"user_id": "u-1", "email": "ada@example.org"}});
    world.publish(&event).await.is(202).json()["onboarding_id"].as_str().unwrap().to_owned()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn now() -> i64 {
    SystemClock.now().0 / 1000
}

const LINK: &str = "https://withpersona.com/verify?code=c-1";

const CHECKED: &str = "
flow: persona-check
version: 1
title: A person who is checked
start: { on: persona_user.signed_up, user: { id: data.user_id } }
states:
  inquire:
    call: persona.create_inquiry
    with: { reference_id: user.id }
    outcomes: { created: link, refused: review }
  link:
    call: persona.create_link
    with: { inquiry_id: states.inquire.inquiry_id }
    outcomes: { created: check, closed: review }
  check:
    await: { approved: persona.inquiry_approved, declined: persona.inquiry_declined }
    show: { link: states.link.link }
    within: 1d
    outcomes: { approved: done, declined: review, late: link }
  done: { end: completed }
  review: { ask: support, outcomes: { retry: inquire, give_up: abandoned } }
  abandoned: { end: failed }
";

fn persona(what: &str, _before: usize) -> Vec<u8> {
    let inquiry = json!({"type": "inquiry", "id": "inq_1", "attributes": {"status": "created"}});
    match what {
        "POST /v1/inquiries" => reply("201 Created", "", &json!({ "data": inquiry }).to_string()),
        "POST /v1/inquiries/inq_1/generate-one-time-link" => {
            reply("200 OK", "", &json!({"data": inquiry, "meta": {"one-time-link": LINK}}).to_string())
        }
        _ => reply("404 Not Found", "", "{}"),
    }
}

async fn a_person_is_checked_at_persona_through_a_link_that_works_once(db: &TestDb) {
    const SECRET: &str = "wbhsec_0123456789abcdef";
    let far = Stub::start(persona).await;
    let world = setup("persona", &far, CHECKED)
        .set("providers.persona.values.template_id", "itmpl_1")
        .set("providers.persona.secrets.api_key", "persona_sandbox_1")
        .set("providers.persona.webhook.secrets", vec![toml::Value::from(SECRET)])
        .start(db)
        .await;
    let id = joins(&world, "persona_user.signed_up").await;
    let asked = until("the link is shown", async || world.onboarding(&id).await, |seen| seen["state"] == "check").await;
    assert_eq!(asked["show"]["link"], LINK, "{asked}");
    let event = json!({"data": {"type": "event", "id": "evt_1", "attributes": {"name": "inquiry.approved",
        "created-at": "2026-01-02T03:04:05.000Z", "payload": {"data": {"type": "inquiry", "id": "inq_1"}}}}});
    let deliver = async |secret: &str| {
        let (time, body) = (now(), event.to_string());
        let value = format!("t={time},v1={}", hex::encode(mac(secret.as_bytes(), &format!("{time}.{body}"))));
        world.ask("POST", "/webhooks/persona").header("persona-signature", &value).body(body).send().await
    };
    deliver("wbhsec_another_0123456").await.is(401);
    deliver(SECRET).await.is(200);
    world.comes_to(&id, "completed").await;
    deliver(SECRET).await.is(200);
    assert_eq!(far.got("POST /v1/inquiries").len(), 2, "one inquiry and one link");
    world.stop().await;
}

const CUSTODIED: &str = "
flow: privy-wallet
version: 1
title: A user with an embedded wallet
start: { on: privy_user.signed_up, user: { id: data.user_id, email: data.email } }
states:
  create:
    call: privy.create_user
    with: { email: data.email }
    outcomes: { created: wallet, exists: wallet, refused: review }
  wallet:
    await: { ready: privy.wallet_ready }
    within: 1d
    outcomes: { ready: done, late: review }
  done: { end: completed }
  review: { ask: support, outcomes: { retry: create, give_up: abandoned } }
  abandoned: { end: failed }
";

/// The first answer is lost in a gateway, after the work was done; then the user is there.
fn privy(what: &str, _before: usize) -> Vec<u8> {
    let user = json!({"id": "did:privy:u1", "linked_accounts": [{"type": "email", "address": "ada@example.org"}]});
    match what {
        "POST /v1/users" => reply("502 Bad Gateway", "", "<html>"),
        "POST /v1/users/email/address" => reply("200 OK", "", &user.to_string()),
        _ => reply("404 Not Found", "", "{}"),
    }
}

async fn a_user_of_privy_has_their_wallet_also_when_the_first_answer_is_lost(db: &TestDb) {
    const KEY: &[u8] = b"0123456789abcdef01234567";
    let far = Stub::start(privy).await;
    let world = setup("privy", &far, CUSTODIED)
        .set("providers.privy.values.app_id", "app-1")
        .set("providers.privy.secrets.app_secret", "s-1")
        .set("providers.privy.retry.settle", "100ms")
        .set("providers.privy.webhook.secrets", vec![toml::Value::from(format!("whsec_{}", STANDARD.encode(KEY)))])
        .start(db)
        .await;
    let id = joins(&world, "privy_user.signed_up").await;
    until("the user is found", async || world.onboarding(&id).await, |seen| seen["state"] == "wallet").await;
    assert_eq!(far.got("POST /v1/users").len(), 2, "made once, looked up once");
    let body: Value = json!({"type": "user.wallet_created", "user": {"id": "did:privy:u1"},
        "wallet": {"type": "wallet", "address": "0xa1"}});
    let (time, body) = (now(), body.to_string());
    let signature = format!("v1,{}", STANDARD.encode(mac(KEY, &format!("msg_1.{time}.{body}"))));
    let asked = world.ask("POST", "/webhooks/privy").header("svix-id", "msg_1");
    asked
        .header("svix-timestamp", &time.to_string())
        .header("svix-signature", &signature)
        .body(body)
        .send()
        .await
        .is(200);
    world.comes_to(&id, "completed").await;
    world.stop().await;
}
