//! Shipped flows of DIDx and Guardian, walked over real HTTP into every trap that the sandbox knows of these two: where
//! each user ends, and how many mails went out on the way.

use gangway::app::SHIPPED;
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{SECRET, Setup, World};

on_both_databases!(
    everybody_at_didx_ends_where_the_trap_says,
    everybody_at_guardian_ends_where_the_trap_says,
    a_password_that_a_person_chose_is_never_mailed,
);

/// A shipped flow with shorter times.
fn quick(file: &str, times: &[(&str, &str)]) -> String {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
    times.iter().fold((*text).to_owned(), |text, (slow, quick)| {
        assert!(text.contains(slow), "{file} has no {slow}");
        text.replace(slow, quick)
    })
}

/// A trap's word, where it leads (status and state), and the mails that are sent.
type Row = (&'static str, &'static str, &'static str, usize);

async fn begin(world: &World, event: &str, user: &str, more: &Value) -> String {
    let mut data = json!({ "user_id": user, "email": format!("{user}@example.org"), "locale": "en" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let event = json!({
        "specversion": "1.0", "id": format!("{event}-{user}"), "source": "/test", "type": event, "subject": user,
        "data": data,
    });
    let answer = world.publish(&event).await.is(202).json();
    answer["onboarding_id"].as_str().unwrap_or_else(|| panic!("no onboarding began: {answer}")).to_owned()
}

/// Everyone at once; then each is looked for where the row says.
async fn walk(world: &World, event: &str, rows: &[Row]) {
    let mut begun = Vec::new();
    for (word, ..) in rows {
        begun.push(begin(world, event, &format!("u{word}"), &json!({})).await);
    }
    for ((word, status, state, mails), id) in rows.iter().zip(begun) {
        let there = |seen: &Value| seen["status"] == *status && seen["state"] == *state;
        let what = format!("u{word} in {status} at {state}");
        until(&what, async || world.onboarding(&id).await, there).await;
        let sent = world.mails(&format!("u{word}@example.org")).await;
        assert_eq!(sent.len(), *mails, "mails to u{word}: {sent:#?}");
    }
}

async fn everybody_at_didx_ends_where_the_trap_says(db: &TestDb) {
    let rows: &[Row] = &[
        ("-plain", "completed", "done", 1),
        ("-didxexists", "completed", "done", 0),
        ("-didxconflict", "review", "review", 0),
        ("-didxrefused", "review", "review", 0),
        ("-didxlost", "completed", "done", 0),
        ("-didxundone", "completed", "done", 1),
        ("-didxhtml", "completed", "done", 1),
        ("-didxthrottled", "completed", "done", 1),
        ("-didxtoken", "completed", "done", 1),
        ("-didxcredlost", "review", "issue", 1),
        ("-didxofferlost", "review", "send", 1),
        ("-didxearly", "completed", "done", 1),
        ("-didxlate", "completed", "done", 1),
        ("-didxsilent", "completed", "done", 1),
        ("-didxtwice", "completed", "done", 1),
        ("-didxfailed", "review", "review_offer", 1),
        ("-didxexpired", "review", "review_offer", 1),
        ("-didxpartly", "waiting", "accept", 1),
    ];
    let flow = quick("flows/didx-credential.yaml", &[("after: 5s", "after: 400ms"), ("5s..15m", "300ms..2s")]);
    let world = didx().flow(&flow).start(db).await;
    walk(&world, "youth.signed_up", rows).await;
    world.stop().await;
}

fn didx() -> Setup {
    let far = gangway_sandbox::Options::default().didx;
    Setup::default()
        .set("providers.didx.client_id", far.client_id)
        .set("providers.didx.client_secret", far.client_secret)
        .set("providers.didx.credential_template_id", "tpl_welcome")
        .set("providers.didx.webhook_secret", SECRET)
}

fn guardian() -> Setup {
    let far = gangway_sandbox::Options::default().guardian;
    let times = [
        ("after: 2s", "after: 200ms"),
        ("2s..15s", "200ms..1s"),
        ("5s..15s", "300ms..1s"),
        ("within: 30s", "within: 2s"),
        ("within: 2m", "within: 3s"),
    ];
    Setup::default()
        .flow(&quick("flows/guardian-account.yaml", &times))
        .set("providers.guardian.username", far.registry_username.as_str())
        .set("providers.guardian.registry_password", far.registry_password)
        .set("providers.guardian.parent", far.registry_username)
        .set("providers.guardian.retry.settle", "300ms")
}

async fn everybody_at_guardian_ends_where_the_trap_says(db: &TestDb) {
    let rows: &[Row] = &[
        ("-plain", "completed", "done", 1),
        ("-guardtaken", "review", "review", 0),
        ("-guardfailed", "review", "review", 0),
        ("-guardorphan", "review", "review", 0),
        ("-guardrace", "review", "review", 0),
        ("-guardhalf", "review", "half_done", 0),
        ("-guardlostdone", "completed", "done", 1),
        ("-guardlosthalf", "review", "half_done", 0),
        ("-guardlostundone", "review", "review", 0),
        ("-guardreplylost", "completed", "done", 1),
        ("-guardreplyundone", "completed", "done", 1),
        ("-guardslow", "completed", "done", 1),
        ("-guardempty", "completed", "done", 1),
        ("-guardtoken", "completed", "done", 1),
        ("-guardpassword", "review", "review", 0),
    ];
    let world = guardian().start(db).await;
    walk(&world, "registry.user_signed_up", rows).await;
    let count = world.far.summary().guardian;
    assert_eq!(count.duplicate_accounts, 0, "nothing was ever started a second time: {count:?}");
    world.stop().await;
}

async fn a_password_that_a_person_chose_is_never_mailed(db: &TestDb) {
    let world = guardian().start(db).await;
    let chosen = begin(&world, "registry.user_signed_up", "u-chosen", &json!({"password": "Quokka7Harbour"})).await;
    let made = begin(&world, "registry.user_signed_up", "u-made", &json!({})).await;
    for id in [&chosen, &made] {
        world.comes_to(id, "completed").await;
    }
    let text = async |user: &str| serde_json::to_string(&world.mails(&format!("{user}@example.org")).await).unwrap();
    let (to_chosen, to_made) = (text("u-chosen").await, text("u-made").await);
    assert!(!to_chosen.contains("Quokka7Harbour") && to_chosen.contains("that you chose"), "{to_chosen}");
    assert!(to_made.contains("We made this password for you"), "{to_made}");
    world.stop().await;
}
