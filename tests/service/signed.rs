//! Signatures, end to end: a signed fact moves by itself, a hint only asks, clocks may differ a little, and secrets
//! are replaced without a gap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use gangway::app::SHIPPED;
use gangway::clock::{Clock as _, HandClock, SystemClock};
use gangway_core::time::Millis;
use gangway_sandbox::WebhookSigning;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::db::TestDb;
use crate::http::{Answer, Ask};
use crate::intake::{is_problem, wallet_created};
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{SECRET, Setup, World, by_hand};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

on_both_databases!(
    a_signed_fact_moves_its_owner_without_a_question_in_any_order_and_number_of_copies,
    a_missing_garbled_or_wrong_signature_is_401_and_the_genuine_one_is_no_duplicate,
    a_signature_counts_for_five_minutes_by_our_clock_either_way,
    hints_ask_the_provider_once_and_believe_only_its_answer,
    a_provider_that_signs_its_own_way_is_believed_and_its_forger_is_not,
);

/// The shipped flow without a poll that could find the wallet before the webhook does, or after a hint that was false.
fn patient_flow() -> String {
    SHIPPED[0].1.replace("after: 5s", "after: 1h").replace("every: 2s..15s", "every: 1h..2h")
}

fn standard() -> Setup {
    Setup::default()
        .flow(&patient_flow())
        .webhook(&format!("verify = 'standard'\nsecrets = ['{OLD}', '{NEW}']"))
        .unhooked()
}

fn signature(secret: &str, id: &str, at: i64, body: &str) -> String {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// A delivery in the form of Standard Webhooks, not yet signed.
fn delivery(world: &World, id: &str, at: i64, body: &str) -> Ask {
    let asked = world.ask("POST", "/webhooks/original").body(body).header("x-webhook-correlation-id", id);
    asked.header("webhook-id", id).header("webhook-timestamp", &at.to_string())
}

async fn signed(world: &World, secret: &str, id: &str, at: i64, body: &str) -> Answer {
    delivery(world, id, at, body).header("webhook-signature", &signature(secret, id, at, body)).send().await
}

fn now() -> i64 {
    SystemClock.now().0 / 1000
}

async fn a_signed_fact_moves_its_owner_without_a_question_in_any_order_and_number_of_copies(db: &TestDb) {
    let world = standard().start(db).await;
    let at = now();
    for (user, secret) in [("ann-nowallet", OLD), ("ben-nowallet", NEW)] {
        let id = world.sign_up(user, &format!("{user}@example.com"), "en").await;
        world.comes_to(&id, "waiting").await;
        let uid = world.uid(user).await;
        let other = json!({ "event": "reward.claimed", "data": { "reward": { "uid": "1" }, "user": { "uid": uid } } });
        let (other, created) = (other.to_string(), wallet_created(&uid));
        let deliveries = (0..4).flat_map(|_| {
            let (first, second) = (format!("m-{user}"), format!("w-{user}"));
            let send = |id: String, body: String| {
                let world = &world;
                async move { signed(world, secret, &id, at, &body).await.is(200) }
            };
            [send(first, other.clone()), send(second, created.clone())]
        });
        join_all(deliveries).await;
        world.comes_to(&id, "completed").await;
        assert_eq!(world.calls(&format!("user_uid={uid}&action=get_user")).await.len(), 0, "{user}");
        let mails = world.mails(&format!("{user}@example.com")).await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0]["text"].as_str().unwrap().contains("0xabc"), "{mails:?}");
        let journal = world.journal(&id).await;
        let created: Vec<_> = journal.iter().filter(|event| event["type"] == "original.wallet_created").collect();
        assert_eq!((created.len(), &created[0]["copies"]), (1, &json!(4)), "{journal:?}");
    }
    world.stop().await;
}

async fn a_missing_garbled_or_wrong_signature_is_401_and_the_genuine_one_is_no_duplicate(db: &TestDb) {
    let world = standard().start(db).await;
    let (at, body) = (now(), wallet_created("77"));
    let right = signature(OLD, "e-1", at, &body);
    let other = signature(OLD, "e-1", at, &wallet_created("66"));
    let garbled = ["", "v1", "v1,", "v1,not base64 at all!", "v2,AAAA", &right[3..], &other, &right[..20], "\u{e4}"];
    for garbled in garbled {
        let answer = delivery(&world, "e-1", at, &body).header("webhook-signature", garbled).send().await;
        assert_eq!(answer.status, 401, "`{garbled}`: {}", answer.text);
        is_problem(&answer);
    }
    delivery(&world, "e-1", at, &body).send().await.is(401);
    let twice = delivery(&world, "e-1", at, &body).header("webhook-signature", &right);
    twice.header("webhook-signature", &right).send().await.is(401);
    world.ask("POST", "/webhooks/original").body(body.clone()).header("webhook-signature", &right).send().await.is(401);
    let genuine = signed(&world, OLD, "e-1", at, &body).await.is(200).json();
    assert_eq!(genuine, json!({ "verdict": "held", "copy": false }));
    let beside_a_stranger = format!("v1,AAAA v1a,BBBB {right}");
    let again = delivery(&world, "e-1", at, &body).header("webhook-signature", &beside_a_stranger).send().await;
    assert_eq!(again.is(200).json()["copy"], true);
    world.stop().await;
}

async fn a_signature_counts_for_five_minutes_by_our_clock_either_way(db: &TestDb) {
    let clock = HandClock::at(SystemClock.now());
    let mut setup = standard();
    setup.seams = by_hand(&clock);
    let world = setup.start(db).await;
    let (at, body) = (clock.now().0 / 1000, wallet_created("77"));
    for (id, signed_at, status) in [
        ("old", at - 302, 401),
        ("young", at + 302, 401),
        ("late", at - 298, 200),
        ("early", at + 298, 200),
        ("ancient", 0, 401),
        ("negative", -at, 401),
        ("endless", i64::MAX, 401),
    ] {
        let answer = signed(&world, OLD, id, signed_at, &body).await;
        assert_eq!(answer.status, status, "{id}: {}", answer.text);
    }
    // The clock goes on, and what was genuine is a replay.
    signed(&world, OLD, "replay", at, &body).await.is(200);
    clock.advance(Millis::secs(302));
    signed(&world, OLD, "replay", at, &body).await.is(401);
    signed(&world, OLD, "fresh", at + 302, &body).await.is(200);
    world.stop().await;
}

async fn hints_ask_the_provider_once_and_believe_only_its_answer(db: &TestDb) {
    let setup = Setup::default().flow(&patient_flow()).unhooked().set("engine.batch", 1);
    let world = setup.set("database.acquire", "5m").set("server.late", "5m").start(db).await;
    let thin = |uid: &str| json!({ "event": "wallet.created", "data": { "user": { "uid": uid } } }).to_string();
    let liar = world.sign_up("ann-nowallet", "ann@example.com", "en").await;
    world.comes_to(&liar, "waiting").await;
    let uid = world.uid("ann-nowallet").await;
    // Ten that come before the answer to the read that the first asks for: the queue has them while its writer waits.
    let hints = async |name: &str, body: String| {
        let (door, hold) = (world.running.door.clone(), world.running.engine.store.begin().await.unwrap());
        let all =
            join_all((0..10).map(async |nth| world.webhook(&format!("{name}-{nth}"), body.clone()).await.is(200)));
        let let_go = async {
            until("all but the first in the queue", async || door.depth(), |depth| *depth == 9).await;
            drop(hold);
        };
        tokio::join!(all, let_go);
    };
    hints("lie", thin(&uid)).await;
    let reads = async || world.calls(&format!("user_uid={uid}&action=get_user")).await.len();
    until("a read", reads, |reads| *reads > 0).await;
    let last = async || world.journal(&liar).await.last().unwrap()["type"].clone();
    until("its answer", last, |kind| *kind == "effect.outcome").await;
    // The next user's whole journey is time enough for a second read to show.
    let honest = world.sign_up("ben", "ben@example.com", "en").await;
    world.comes_to(&honest, "waiting").await;
    until("the wallet", async || world.far.summary(), |far| far.original.wallets == 1).await;
    let second = world.uid("ben").await;
    hints("true", thin(&second)).await;
    world.comes_to(&honest, "completed").await;
    assert_eq!(world.calls(&format!("user_uid={second}&action=get_user")).await.len(), 1);
    assert_eq!(reads().await, 1);
    assert_eq!(world.onboarding(&liar).await["state"], "wallet");
    world.stop().await;
}

async fn a_provider_that_signs_its_own_way_is_believed_and_its_forger_is_not(db: &TestDb) {
    let profile =
        format!("verify = 'hmac'\nheader = 'x-webhook-signature'\nprefix = 'sha256='\nsecrets = ['{SECRET}']");
    let signing = WebhookSigning::Hmac { secret: SECRET.to_owned(), prefix: "sha256=".to_owned() };
    let setup = Setup::default().flow(&patient_flow()).webhook(&profile);
    let world = setup.sandbox(|options| options.original.webhook_signing = signing).start(db).await;
    world.far.set_mischief("bad_signature=1,duplicate=1".parse().unwrap());
    let id = world.sign_up("ann", "ann@example.com", "en").await;
    world.comes_to(&id, "completed").await;
    until("every webhook", async || world.far.summary(), |far| far.pending == 0).await;
    let sent = Ask::new(world.far.http, "GET", "/_webhooks?external_id=ann").send().await.is(200).json();
    let sent = sent.as_array().unwrap();
    let forged: Vec<_> = sent.iter().filter(|one| one["state"] == "turned_away").collect();
    assert_eq!((sent.len(), forged.len()), (4, 2), "{sent:?}");
    assert_eq!(world.get("/v1/events?verdict=duplicate").await["items"], json!([]));
    let journal = world.journal(&id).await;
    let copies: Vec<_> = journal.iter().filter(|event| event["source"] == "webhook:original").collect();
    assert!(!copies.is_empty() && copies.iter().all(|event| event["copies"] == 2), "{journal:?}");
    world.stop().await;
}
