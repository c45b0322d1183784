//! A person at IBM Digital Asset Haven, through the shipped flow: our address registered by command, the person's
//! passkey handed in, the wallet told by webhook, by poll, or read back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway::app;
use gangway::settings::Settings;
use gangway_sandbox::HavenOptions;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{Setup, World};

on_both_databases!(
    a_person_gets_a_wallet_by_a_passkey_and_nothing_secret_stays,
    who_comes_too_late_comes_again_with_new_credentials,
    every_trap_on_the_way_ends_where_it_belongs,
    one_persons_403_delays_nobody_and_leads_that_person_to_review,
    whoever_cannot_begin_anew_is_reviewed_and_each_choice_leads_to_another_place,
    a_registered_address_is_believed_and_a_missed_delivery_is_read_back_as_a_copy_of_nothing,
);

/// The shipped flow, which polls this often.
fn flow(polls: &str) -> String {
    let (_, text) = app::SHIPPED.iter().find(|(name, _)| name.contains("haven-custody")).unwrap();
    let text = text.replace("every: 30s..10m", "every: 200ms");
    text.replace("after: 10s", &format!("after: {polls}")).replace("every: 5s..5m", &format!("every: {polls}"))
}

/// Over a far side that has Haven too.
pub fn setup(polls: &str) -> Setup {
    let options = HavenOptions::default();
    Setup::default()
        .flow(&flow(polls))
        .set("providers.haven.service_token", options.service_token.as_str())
        .set("providers.haven.service_key", HavenOptions::PRIVATE_KEY.trim())
        .set("providers.haven.credential_id", options.credential_id.as_str())
        .set("providers.haven.origin", "https://gangway.example")
        .set("providers.haven.sign_up_url", "https://app.example.com/register")
        .set("providers.haven.webhook.verify", "dfns")
        .set("providers.haven.webhook.registered", true)
}

async fn signs_up(world: &World, user: &str) -> String {
    let event = json!({
        "specversion": "1.0", "id": format!("sign-up-{user}"), "source": "/test", "type": "custody.user_signed_up",
        "subject": user, "data": {"user_id": user, "email": format!("{user}@example.org"), "locale": "de"},
    });
    let answer = world.publish(&event).await.is(202).json();
    answer["onboarding_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// What the front end is shown, once the onboarding waits for the person; another challenge than this one.
async fn challenged(world: &World, id: &str, but: &str) -> String {
    let shown = |seen: &Value| seen["state"] == "credentials" && seen["show"]["challenge"] != json!(but);
    let seen = until("a challenge", async || world.onboarding(id).await, shown).await;
    assert_eq!(seen["show"]["rp"]["id"], "sandbox.example", "{seen}");
    seen["show"]["challenge"].as_str().unwrap().to_owned()
}

/// The person's device has made a passkey for this challenge.
async fn hands_in(world: &World, user: &str, challenge: &str) {
    let client = json!({"type": "webauthn.create", "challenge": challenge, "origin": "https://app.example.com"});
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let info = json!({
        "credId": part("credential"), "clientData": part(&client.to_string()), "attestationData": part("attestation"),
    });
    let event = json!({
        "specversion": "1.0", "id": format!("{user}-{challenge}"), "source": "/test",
        "type": "custody.credentials_created", "subject": user,
        "data": {"first_factor": {"credentialKind": "Fido2", "credentialInfo": info, "credentialName": "phone"}},
    });
    world.publish(&event).await.is(202);
}

async fn a_person_gets_a_wallet_by_a_passkey_and_nothing_secret_stays(db: &TestDb) {
    let world = setup("200ms").start_at_haven(db).await;
    let id = signs_up(&world, "ada").await;
    hands_in(&world, "ada", &challenged(&world, &id, "").await).await;
    world.comes_to(&id, "completed").await;
    let mails = until("two mails", async || world.mails("ada@example.org").await, |mails| mails.len() == 2).await;
    assert!(mails.iter().any(|mail| mail.to_string().contains("https://app.example.com/register")), "{mails:?}");
    let user = world.get("/v1/users?q=ada").await;
    let kinds: Vec<&str> =
        user["items"][0]["identifiers"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
    assert!(["haven.user_id", "haven.username", "haven.wallet_id"].iter().all(|kind| kinds.contains(kind)), "{user}");
    let journal = json!(world.journal(&id).await).to_string();
    for secret in [URL_SAFE_NO_PAD.encode("attestation"), "session".to_owned()] {
        assert!(!journal.contains(&secret), "{journal}");
    }
    world.stop().await;
}

async fn who_comes_too_late_comes_again_with_new_credentials(db: &TestDb) {
    let world = setup("200ms").start_at_haven(db).await;
    let id = signs_up(&world, "cy-hexpired").await;
    let first = challenged(&world, &id, "").await;
    hands_in(&world, "cy-hexpired", &first).await;
    let second = challenged(&world, &id, &first).await;
    assert_ne!(first, second, "a new challenge, and the old credentials are not handed in again");
    hands_in(&world, "cy-hexpired", &second).await;
    world.comes_to(&id, "completed").await;
    world.stop().await;
}

async fn one_persons_403_delays_nobody_and_leads_that_person_to_review(db: &TestDb) {
    // A rest would outlast the test, and one more attempt too: nothing here may need either.
    let patient = setup("200ms")
        .set("providers.haven.look_up", "login")
        .set("outbound.breaker.rest", "1h")
        .set("outbound.breaker.max_rest", "1h");
    let world = patient
        .set("outbound.breaker.probe", "1h")
        .set("outbound.retry.first", "1h")
        .set("outbound.retry.max", "2h")
        .start_at_haven(db)
        .await;
    let culprits = ["emil-hemployee", "fay-hforbidden", "gus-hforbidden", "ivo-hemployee", "kim-hforbidden"];
    let mut reviewed = Vec::new();
    for culprit in culprits {
        reviewed.push(signs_up(&world, culprit).await);
    }
    let innocents = ["ann", "ben", "cid"];
    let mut others = Vec::new();
    for innocent in innocents {
        others.push(signs_up(&world, innocent).await);
    }
    for (user, id) in innocents.iter().zip(&others) {
        hands_in(&world, user, &challenged(&world, id, "").await).await;
        world.comes_to(id, "completed").await;
    }
    for (user, id) in culprits.iter().zip(&reviewed) {
        let seen = world.comes_to(id, "review").await;
        assert_eq!(seen["state"], "review", "{user}: {seen}");
    }
    for user in ["fay-hforbidden", "emil-hemployee"] {
        let starts = world.calls(&format!("action=start_registration&external_id={user}")).await;
        assert_eq!(starts.len(), 1, "{user} is asked for once: {starts:?}");
    }
    let ready = world.ask("GET", "/readyz").bearer(&world.token).send().await.json();
    assert!(!ready.to_string().contains("403"), "nothing rests: {ready}");
    world.stop().await;
}

async fn whoever_cannot_begin_anew_is_reviewed_and_each_choice_leads_to_another_place(db: &TestDb) {
    let world = setup("200ms").start_at_haven(db).await;
    let id = signs_up(&world, "hal-hhalf").await;
    let seen = world.comes_to(&id, "review").await;
    assert_eq!(seen["state"], "review", "{seen}");
    // The person finished at the provider meanwhile, or so it looks to who decides: what is there is looked for.
    world.act(&id, "move", &json!({ "state": "recover", "reason": "finished there" })).await.is(200);
    let looked = |seen: &Value| seen["state"] == "review_wallet" && seen["status"] == "review";
    until("the other review", async || world.onboarding(&id).await, looked).await;
    world.act(&id, "move", &json!({ "state": "register", "reason": "it did not" })).await.is(200);
    let back = |seen: &Value| seen["state"] == "review" && seen["status"] == "review";
    until("the first review again", async || world.onboarding(&id).await, back).await;
    world.stop().await;
}

async fn every_trap_on_the_way_ends_where_it_belongs(db: &TestDb) {
    let world = setup("200ms").start_at_haven(db).await;
    let settings = Settings::read(&world.input).unwrap();
    let url = format!("http://{}/webhooks/haven", world.running.address);
    app::register(&settings, &world.running.engine.store, "haven", &url, &[]).await.unwrap();
    assert!(world.running.registered_anew(&world.input).await);
    let rows = [
        ("hexists", "recover"),    // 401 "User already exists." leads to the wallets that are there
        ("hlost", "wallet"),       // the reply is lost, a login finds the work done
        ("hundone", "wallet"),     // nothing was done, a login says so, it is done again
        ("hearly", "wallet"),      // the webhook comes before the reply
        ("hagain", "wallet"),      // each webhook comes twice, with another id
        ("htoken", "wallet"),      // the service token is refused once
        ("happroval", "approval"), // 202, and done a moment later
    ];
    let mut ids = Vec::new();
    for (trap, _) in rows {
        ids.push(signs_up(&world, &format!("eve-{trap}")).await);
    }
    for ((trap, _), id) in rows.iter().zip(&ids) {
        hands_in(&world, &format!("eve-{trap}"), &challenged(&world, id, "").await).await;
    }
    for ((trap, through), id) in rows.iter().zip(&ids) {
        let seen = world.comes_to(id, "completed").await;
        let journal = world.journal(id).await;
        let detail = |event: &Value| event["detail"].as_str().unwrap_or_default().contains(&format!("in {through}"));
        assert!(journal.iter().any(detail), "{trap}: {seen} {journal:?}");
    }
    let copies = async || {
        let journal = world.journal(&ids[4]).await;
        journal.iter().filter(|event| event["source"] == "webhook:haven").map(|event| event["copies"].clone()).collect()
    };
    let twice = |copies: &Vec<Value>| !copies.is_empty() && copies.iter().all(|copies| *copies == json!(2));
    until("a copy for each webhook", copies, twice).await;
    let calls = world.calls("action=complete_enduser&external_id=eve-hlost").await;
    assert_eq!(calls.len(), 1, "work that was done is not done again: {calls:?}");
    world.stop().await;
}

async fn a_registered_address_is_believed_and_a_missed_delivery_is_read_back_as_a_copy_of_nothing(db: &TestDb) {
    let world = setup("1h").start_at_haven(db).await;
    let settings = Settings::read(&world.input).unwrap();
    let store = &world.running.engine.store;
    let url = format!("http://{}/webhooks/haven", world.running.address);
    let made = app::register(&settings, store, "haven", &url, &[]).await.unwrap();
    let kept = store.webhooks().await.unwrap();
    assert_eq!((kept.len(), kept[0].webhook_id == made.webhook_id), (1, true));
    assert_eq!(kept[0].secret.as_ref().unwrap().expose_secret(), made.secret.as_ref().unwrap().expose_secret());
    assert!(world.running.registered_anew(&world.input).await, "the process takes the secret up without a restart");
    assert!(!world.running.registered_anew(&world.input).await, "once");

    let told = signs_up(&world, "bea-hlate").await;
    hands_in(&world, "bea-hlate", &challenged(&world, &told, "").await).await;
    world.comes_to(&told, "completed").await;

    let missed = signs_up(&world, "dee-hmissed").await;
    hands_in(&world, "dee-hmissed", &challenged(&world, &missed, "").await).await;
    let read_back = async || {
        world.running.read_back().await;
        world.onboarding(&missed).await
    };
    until("what was missed", read_back, |seen| seen["status"] == "completed").await;
    assert_eq!(world.running.read_back().await, 0, "what was handed in is not handed in again");
    world.stop().await;
}
