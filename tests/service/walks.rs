//! Shipped flows of DIDx, Guardian and walt.id, walked over real HTTP into the traps that the sandbox knows of these
//! three: where each user ends, and how many mails went out on the way.

use gangway::app::SHIPPED;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use crate::db::TestDb;
use crate::on_both_databases;
use crate::wait::until;
use crate::world::{SECRET, Setup, World};

on_both_databases!(
    everybody_at_didx_ends_where_the_trap_says,
    everybody_at_guardian_ends_where_the_trap_says,
    everybody_at_waltid_ends_where_the_trap_says,
    a_temporary_password_that_reached_nobody_stays_sealed_while_a_person_is_asked,
    what_was_mended_by_hand_leads_on_without_asking_for_it_again,
    notifications_of_one_offer_at_waltid_are_no_copies_of_each_other,
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
        begun.push(begin(world, event, &format!("u{word}"), &json!({ "name": "Ann Example" })).await);
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
        ("-didxforbidden", "active", "create_user", 0),
        ("-didxlost", "review", "no_password", 0),
        ("-didxundone", "completed", "done", 1),
        ("-didxhtml", "completed", "done", 1),
        ("-didxthrottled", "completed", "done", 1),
        ("-didxtoken", "completed", "done", 1),
        ("-didxcredlost", "review", "issue", 1),
        ("-didxnotemplate", "review", "review_issue", 1),
        ("-didxnowallet", "review", "review_send", 1),
        ("-didxofferlost", "review", "send", 1),
        ("-didxearly", "completed", "done", 1),
        ("-didxlate", "completed", "done", 1),
        ("-didxsilent", "completed", "done", 1),
        ("-didxtwice", "completed", "done", 1),
        ("-didxfailed", "review", "review_offer", 1),
        ("-didxexpired", "review", "review_offer", 1),
        ("-didxpartly", "waiting", "accept", 1),
    ];
    let flow = quick("flows/didx-credential.yaml", &[("after: 2m", "after: 2s"), ("10m..12h", "500ms..2s")]);
    let world = didx().flow(&flow).start(db).await;
    walk(&world, "youth.signed_up", rows).await;
    let mail = world.mails("u-plain@example.org").await[0].to_string();
    assert!(mail.contains("Your username is"), "the name that DIDx chose is told: {mail}");
    world.stop().await;
}

async fn a_temporary_password_that_reached_nobody_stays_sealed_while_a_person_is_asked(db: &TestDb) {
    let world = didx().flow(&quick("flows/didx-credential.yaml", &[])).start(db).await;
    let failed = begin(&world, "youth.signed_up", "u-didxfailed", &json!({})).await;
    let ended = world.comes_to(&failed, "review").await;
    assert_eq!(ended["state"], "review_offer", "the webhook told it, not the poll in two minutes: {ended}");
    let person = json!({ "email": "bounce-u@example.org" });
    let id = begin(&world, "youth.signed_up", "u-unreached", &person).await;
    let asked = world.comes_to(&id, "review").await;
    assert_eq!(asked["state"], "undelivered", "{asked}");
    let sql = Database::connect(&db.url).await.unwrap();
    let sealed = async || {
        let text = "SELECT count(*) AS n FROM secrets WHERE name = 'temp_password'";
        let row = sql.query_one_raw(Statement::from_string(sql.get_database_backend(), text)).await.unwrap();
        row.unwrap().try_get::<i64>("", "n").unwrap()
    };
    assert_eq!(sealed().await, 1);
    let tried = world.act(&id, "retry", &json!({ "reason": "the mailbox is there now" })).await.is(200).json();
    let again = |seen: &Value| seen["status"] == "review" && seen["revision"].as_u64() > tried["revision"].as_u64();
    until("the second review", async || world.onboarding(&id).await, again).await;
    assert_eq!(sealed().await, 1, "it can be told as often as it takes");
    world.act(&id, "move", &json!({ "reason": "they have another one", "state": "issue" })).await.is(200);
    world.comes_to(&id, "completed").await;
    assert_eq!(sealed().await, 0, "nobody can need it any more");
    sql.close().await.unwrap();
    world.stop().await;
}

fn waltid() -> Setup {
    let far = gangway_sandbox::Options::default().waltid;
    Setup::default()
        .flow(&quick("flows/waltid-enterprise.yaml", &[]))
        .set("providers.waltid.email", far.admin_email)
        .set("providers.waltid.password", far.admin_password)
        .set("providers.waltid.organization", far.organisation.as_str())
        .set("providers.waltid.tenant", "people")
        .set("providers.waltid.role.role", format!("{}.member", far.organisation))
}

async fn everybody_at_waltid_ends_where_the_trap_says(db: &TestDb) {
    let rows: &[Row] = &[
        ("-plain", "completed", "done", 1),
        ("-wexists", "completed", "done", 1),
        ("-wlost", "completed", "done", 1),
        ("-wundone", "completed", "done", 1),
        ("-wrole", "completed", "done", 1),
        ("-whasrole", "completed", "done", 1),
        ("-wforbidden", "active", "register", 0),
        ("-wrefused", "review", "review", 0),
        ("-wnorole", "review", "review_role", 0),
        ("-wnowallet", "review", "review_wallet", 0),
    ];
    let world = waltid().start(db).await;
    walk(&world, "enterprise.user_signed_up", rows).await;
    let count = world.far.summary().waltid;
    assert_eq!((count.accounts, count.with_role, count.whole_wallets), (8, 7, 6), "{count:?}");
    world.stop().await;
}

async fn what_was_mended_by_hand_leads_on_without_asking_for_it_again(db: &TestDb) {
    let world = waltid().start(db).await;
    let moves = [("u-wnorole", "review_role", "init_wallet"), ("u-wnowallet", "review_wallet", "welcome")];
    for (user, review, next) in moves {
        let id = begin(&world, "enterprise.user_signed_up", user, &json!({ "name": "Ann" })).await;
        assert_eq!(world.comes_to(&id, "review").await["state"], review);
        world.act(&id, "move", &json!({ "reason": "mended there", "state": next })).await.is(200);
        world.comes_to(&id, "completed").await;
        assert_eq!(world.mails(&format!("{user}@example.org")).await.len(), 1);
    }
    let id = begin(&world, "enterprise.user_signed_up", "u-wrefused", &json!({ "name": "Ann" })).await;
    assert_eq!(world.comes_to(&id, "review").await["state"], "review");
    let made = world.act(&id, "move", &json!({ "reason": "made there", "state": "find_known" })).await.is(200).json();
    let back = |seen: &Value| seen["status"] == "review" && seen["revision"].as_u64() > made["revision"].as_u64();
    let seen = until("the review", async || world.onboarding(&id).await, back).await;
    assert_eq!(seen["state"], "review", "it was not made there");
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
        ("-guardexists", "review", "review", 0),
        ("-guardforbidden", "active", "onboard", 0),
        ("-guardnoparent", "review", "review", 0),
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

async fn notifications_of_one_offer_at_waltid_are_no_copies_of_each_other(db: &TestDb) {
    let hook: toml::Table = "verify = 'bearer'\nsecrets = ['walt-bearer-token-0001']".parse().unwrap();
    let world = waltid().set("providers.waltid.webhook", hook).start(db).await;
    let told = [
        ("resolved_credential_offer", json!({ "credential_issuer": "https://issuer.example" })),
        ("requested_token", json!({})),
        ("jwt_issue", json!({ "jwt": "one" })),
        ("jwt_issue", json!({ "jwt": "two" })),
        ("jwt_issue", json!({ "jwt": "two" })),
    ];
    for (kind, data) in told {
        // `id` is the session's: the same for every event of one offer.
        let body = json!({ "id": "2c1f6a1e-session", "type": kind, "data": data });
        world.ask("POST", "/webhooks/waltid").bearer("walt-bearer-token-0001").json(&body).send().await.is(200);
    }
    let page = world.get("/v1/events?verdict=noted&limit=100").await;
    let of_waltid = |event: &&Value| event["type"].as_str().is_some_and(|kind| kind.starts_with("waltid."));
    let copies: Vec<u64> =
        page["items"].as_array().unwrap().iter().filter(of_waltid).map(|one| one["copies"].as_u64().unwrap()).collect();
    assert_eq!((copies.len(), copies.iter().sum::<u64>()), (4, 5), "{page}");
    world.stop().await;
}
